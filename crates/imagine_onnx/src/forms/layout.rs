//! `Slice`, `Pad` and `Resize` as a graph writes them.

use super::{known, shapes};
use crate::attributes::{Attribute, Attributes, bad, is_constant};
use crate::convert::{Call, Importer};
use crate::error::NodeFault;

type Result<T> = std::result::Result<T, NodeFault>;

/// Starts and ends that move with the size are written as seen from the end of the axis.
pub(super) fn slice(importer: &Importer, call: &mut Call) -> Result<()> {
    let probes = importer.probes.0.len();
    let lists = |name: &str| -> Result<Option<Vec<Vec<i64>>>> {
        (0..probes).map(|probe| call.attributes.ints(name, probe)).collect()
    };
    let (Some(starts), Some(ends)) = (lists("starts")?, lists("ends")?) else {
        return Err(NodeFault::Form { reason: "has no starts or no ends" });
    };
    let axes = lists("axes")?.filter(|axes| !axes[0].is_empty());
    let axes = axes.unwrap_or_else(|| starts.iter().map(|s| (0..s.len() as i64).collect()).collect());
    let steps = lists("steps")?.unwrap_or_default();
    let data = call.input(0)?;
    let rank = data.types[0].shape.len() as i64;
    if axes.iter().chain(&starts).chain(&ends).any(|list| list.len() != axes[0].len())
        || axes.iter().any(|list| *list != axes[0])
        || steps.iter().any(|list| *list != steps[0])
    {
        return Err(importer.probes.unfit("starts, ends, axes, steps", [&axes, &starts, &ends, &steps]));
    }
    let length = |probe: usize, axis: i64| {
        let axis = if axis < 0 { axis.saturating_add(rank) } else { axis };
        usize::try_from(axis).ok().and_then(|axis| data.shape(probe).get(axis)).map_or(0, |&d| d as i64)
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
                Err(importer.probes.unfit(name, values))
            }
        };
        (0..lists[0].len()).map(one).collect()
    };
    let (starts, ends) = (settle("starts", &starts, false)?, settle("ends", &ends, true)?);
    call.attributes.set("starts", Attribute::Ints(starts));
    call.attributes.set("ends", Attribute::Ints(ends));
    Ok(())
}

/// Pads of some axes are written as pads of all.
pub(super) fn pad(importer: &Importer, call: &mut Call) -> Result<()> {
    let rank = call.input(0)?.types[0].shape.len();
    let axes = call.attributes.ints("axes", 0)?;
    if axes.is_none() {
        return Ok(());
    }
    let mut lists = Vec::new();
    for probe in 0..importer.probes.0.len() {
        let axes = call.attributes.ints("axes", probe)?.unwrap_or_default();
        let pads = call.attributes.ints("pads", probe)?.unwrap_or_default();
        if pads.len() != 2 * axes.len() {
            return Err(bad("pads", "must have two numbers for every axis of axes"));
        }
        let mut all = vec![0; 2 * rank];
        for (i, &axis) in axes.iter().enumerate() {
            let axis = if axis < 0 { axis.saturating_add(rank as i64) } else { axis };
            let axis = usize::try_from(axis).ok().filter(|&axis| axis < rank);
            let axis = axis.ok_or_else(|| bad("axes", format!("must lie in -{rank}..{rank}")))?;
            all[axis] = pads[i];
            all[rank + axis] = pads[axes.len() + i];
        }
        lists.push(all);
    }
    call.attributes.take("axes");
    call.attributes.set("pads", known(&lists));
    Ok(())
}

/// Takes the value of constant padding out of `call`, if it is infinite.
pub(super) fn infinite_padding(call: &mut Call) -> Option<f32> {
    let value = match call.attributes.0.get("value") {
        Some(Attribute::Float(value)) => *value,
        Some(Attribute::Known(known)) if is_constant(known) => *known[0].to_floats().first()?,
        _ => return None,
    };
    if value.is_infinite() {
        call.attributes.take("value");
    }
    value.is_infinite().then_some(value)
}

/// Drops what does not count in the chosen mode, and the factors of batch and channels of an image.
pub(super) fn resize(importer: &Importer, call: &mut Call) -> Result<()> {
    let attributes = &mut call.attributes;
    let text = |attributes: &Attributes, name: &str| match attributes.0.get(name) {
        Some(Attribute::Text(text)) => text.clone(),
        _ => String::new(),
    };
    let mode = text(attributes, "mode");
    let crop = text(attributes, "coordinate_transformation_mode") == "tf_crop_and_resize";
    if mode != "cubic" {
        attributes.take("cubic_coeff_a");
        if mode != "linear" {
            attributes.take("exclude_outside");
            attributes.take("antialias");
        }
    }
    if !matches!(mode.as_str(), "" | "nearest") {
        attributes.take("nearest_mode");
    }
    if !crop {
        attributes.take("extrapolation_value");
        attributes.take("roi");
    }
    let policy = text(attributes, "keep_aspect_ratio_policy");
    if matches!(policy.as_str(), "" | "stretch") || !attributes.has("sizes") {
        attributes.take("keep_aspect_ratio_policy");
    }
    for name in ["exclude_outside", "antialias"] {
        if attributes.int(name, 0)? == Some(0) {
            attributes.take(name);
        }
    }
    // An exporter that gives sizes gives empty scales, and the other way round.
    for name in ["scales", "sizes", "roi"] {
        if matches!(attributes.0.get(name), Some(Attribute::Known(known)) if known.iter().all(|a| a.len() == 0)) {
            attributes.take(name);
        }
    }
    let image = call.input(0)?.types[0].shape.len() == 4;
    let attributes = &mut call.attributes;
    if !image || crop || attributes.has("axes") || attributes.has("keep_aspect_ratio_policy") {
        return Ok(());
    }
    let data = shapes(call.inputs[0].as_ref().ok_or(NodeFault::Form { reason: "has no data" })?);
    let sizes: Option<Vec<Vec<i64>>> =
        (0..importer.probes.0.len()).map(|probe| attributes.ints("sizes", probe).ok().flatten()).collect();
    if let Some(sizes) = sizes.filter(|s| s.iter().zip(&data).all(|(s, d)| s.len() == 4 && s[..2] == d[..2])) {
        attributes.set("sizes", known(&sizes.iter().map(|s| s[2..].to_vec()).collect::<Vec<_>>()));
    }
    let scales = match attributes.0.get("scales") {
        Some(Attribute::Known(known)) if is_constant(known) => known[0].to_floats(),
        Some(Attribute::Floats(scales)) => scales.clone(),
        _ => Vec::new(),
    };
    if let [1.0, 1.0, height, width] = scales[..] {
        attributes.set("scales", Attribute::Floats(vec![height, width]));
    }
    Ok(())
}
