//! `Slice`, whose starts and ends are constants in a graph.

use crate::attributes::{Attribute, axis_from_front};
use crate::error::NodeFault;
use crate::importer::Importer;
use crate::value::OnnxNode;

type Result<T> = std::result::Result<T, NodeFault>;

/// Starts and ends that depend on the size are counted from the end of the axis.
pub(super) fn slice(importer: &Importer, node: &mut OnnxNode) -> Result<()> {
    let probes = importer.probes.len();
    let lists = |name: &str| -> Result<Option<Vec<Vec<i64>>>> {
        (0..probes).map(|probe| node.attributes.ints(name, probe)).collect()
    };
    let (Some(starts), Some(ends)) = (lists("starts")?, lists("ends")?) else {
        return Err(NodeFault::Unsupported { reason: "has no starts or no ends" });
    };
    let axes = lists("axes")?.filter(|axes| !axes[0].is_empty());
    let axes = axes.unwrap_or_else(|| starts.iter().map(|s| (0..s.len() as i64).collect()).collect());
    let steps = lists("steps")?.unwrap_or_default();
    let data = node.input(0)?;
    if axes.iter().chain(&starts).chain(&ends).any(|list| list.len() != axes[0].len())
        || axes.iter().any(|list| *list != axes[0])
        || steps.iter().any(|list| *list != steps[0])
    {
        return Err(importer.probes.inexpressible("starts, ends, axes, steps", [&axes, &starts, &ends, &steps]));
    }
    let length = |probe: usize, axis: i64| {
        axis_from_front("axes", axis, data.rank()).map_or(0, |axis| data.shape(probe)[axis] as i64)
    };
    let settle = |name: &str, lists: &[Vec<i64>], end: bool| -> Result<Vec<i64>> {
        let one = |i: usize| {
            let values: Vec<i64> = lists.iter().map(|list| list[i]).collect();
            let from_end: Vec<i64> = (0..probes).map(|p| values[p].saturating_sub(length(p, axes[0][i]))).collect();
            if values.iter().all(|v| *v == values[0]) {
                Ok(values[0])
            } else if end && from_end.iter().all(|&v| v >= 0) {
                Ok(i64::MAX)
            } else if from_end[0] < 0 && from_end.iter().all(|v| *v == from_end[0]) {
                Ok(from_end[0])
            } else {
                Err(importer.probes.inexpressible(name, values))
            }
        };
        (0..lists[0].len()).map(one).collect()
    };
    let (starts, ends) = (settle("starts", &starts, false)?, settle("ends", &ends, true)?);
    node.attributes.set("starts", Attribute::Ints(starts));
    node.attributes.set("ends", Attribute::Ints(ends));
    Ok(())
}
