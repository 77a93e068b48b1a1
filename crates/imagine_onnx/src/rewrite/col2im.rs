//! `Col2Im` as a transposed convolution whose filters have a single 1 each.

use imagine_graph::ConvTranspose;

use super::subgraph::reshape_to;
use crate::attributes::invalid;
use crate::error::NodeFault;
use crate::importer::Importer;
use crate::value::{OnnxNode, Value};

type Result<T> = std::result::Result<T, NodeFault>;

/// Maximum side of the image.
const MAX_SIDE: i64 = 1 << 14;
/// Maximum elements of the filters.
const MAX_FILTERS: usize = 1 << 20;

/// `Col2Im` of rows, images or volumes.
pub(super) fn col2im(importer: &mut Importer, mut node: OnnxNode) -> Result<Vec<Value>> {
    let data = node.input(0)?.clone();
    let axes = node.attributes.ints("image_shape", 0)?.map_or(0, |shape| shape.len());
    if !(1..=3).contains(&axes) {
        return Err(invalid("image_shape", "must be 1 to 3 integers"));
    }
    let (image, block) =
        (numbers(importer, &mut node, "image_shape", axes, 0)?, numbers(importer, &mut node, "block_shape", axes, 0)?);
    let (strides, dilations) =
        (numbers(importer, &mut node, "strides", axes, 1)?, numbers(importer, &mut node, "dilations", axes, 1)?);
    let pads = numbers(importer, &mut node, "pads", 2 * axes, 0)?;
    node.reject_unknown_attributes()?;
    let (columns, area) = (data.types[0].shape.get(1).copied().unwrap_or(0), block.iter().product::<usize>());
    let sound = area > 0 && columns > 0 && columns.is_multiple_of(area) && strides.iter().all(|stride| *stride > 0);
    if !sound || columns.saturating_mul(area) > MAX_FILTERS {
        return Err(invalid(
            "block_shape",
            format!("must divide dimension 1, which is {columns}, and strides must not be 0"),
        ));
    }
    let (mut counts, mut output_padding) = (Vec::new(), Vec::new());
    for axis in 0..axes {
        let span = (block[axis] - 1) * dilations[axis] + 1;
        let room = (image[axis] + pads[axis] + pads[axis + axes]).checked_sub(span);
        let room = room.ok_or_else(|| invalid("block_shape", "must fit into the image"))?;
        counts.push(room / strides[axis] + 1);
        output_padding.push(room % strides[axis]);
    }
    let shapes: Vec<_> =
        data.types.iter().map(|found| [&[found.shape[0], columns], counts.as_slice()].concat()).collect();
    let reshape = reshape_to(importer, &shapes, None)?;
    let blocks = importer.intermediate(reshape, &[&data], &node.name)?;
    let ones = (0..columns * area).map(|at| f32::from(u8::from(at / area % area == at % area))).collect();
    let filters = importer.floats(&[&[columns, 1], block.as_slice()].concat(), ones);
    let filters = Value { weight: true, label: "blocks".into(), ..filters };
    let op = ConvTranspose { group: columns / area, strides, dilations, pads, output_padding };
    importer.emit_op(op.into(), &[Some(blocks), Some(filters)], &node.outputs, &node.name)
}

/// The integers of `name`, which must be the same at every probe size.
fn numbers(importer: &Importer, node: &mut OnnxNode, name: &str, count: usize, default: i64) -> Result<Vec<usize>> {
    let found = node.attributes.ints(name, 0)?.unwrap_or_else(|| vec![default; count]);
    for probe in 0..importer.probes.len() {
        if node.attributes.ints(name, probe)?.is_some_and(|list| list != found) {
            return Err(invalid(name, "must not depend on the size"));
        }
    }
    node.attributes.take(name);
    if found.len() != count || !found.iter().all(|number| (0..=MAX_SIDE).contains(number)) {
        return Err(invalid(name, format!("must be {count} integers of 0 to {MAX_SIDE}")));
    }
    Ok(found.iter().map(|&number| number as usize).collect())
}
