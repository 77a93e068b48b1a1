//! Convolutions and pools: the weight alone gives the kernel's shape, and `ConvTranspose` gets explicit padding.

use crate::attributes::{Attribute, invalid};
use crate::error::NodeFault;
use crate::importer::Importer;
use crate::value::OnnxNode;

type Result<T> = std::result::Result<T, NodeFault>;

pub(super) fn window(importer: &Importer, node: &mut OnnxNode) -> Result<()> {
    if matches!(node.attributes.0.get("auto_pad"), Some(Attribute::Text(text)) if text == "NOTSET") {
        node.attributes.take("auto_pad");
    }
    if node.op.starts_with("Conv")
        && let Some(kernel) = node.attributes.ints("kernel_shape", 0)?
    {
        let weight: Vec<i64> = node.input(1)?.shape(0).iter().skip(2).map(|&d| d as i64).collect();
        if weight != kernel {
            return Err(invalid("kernel_shape", format!("is {kernel:?}, but the weight's kernel is {weight:?}")));
        }
        node.attributes.take("kernel_shape");
    }
    if node.op == "ConvTranspose" { transposed_pads(importer, node) } else { Ok(()) }
}

/// Explicit padding from `output_shape` or `auto_pad`.
fn transposed_pads(importer: &Importer, node: &mut OnnxNode) -> Result<()> {
    let rule = match node.attributes.take("auto_pad") {
        None => String::new(),
        Some(Attribute::Text(rule)) if ["SAME_UPPER", "SAME_LOWER", "VALID"].contains(&rule.as_str()) => rule,
        Some(_) => return Err(invalid("auto_pad", "must be NOTSET, SAME_UPPER, SAME_LOWER or VALID")),
    };
    let wanted = node.attributes.ints("output_shape", 0)?;
    node.attributes.take("output_shape");
    let shape = node.input(0)?.types[0].shape.clone();
    let axes = shape.len().saturating_sub(2);
    if rule == "VALID" {
        node.attributes.take("pads");
    }
    if wanted.is_none() && !rule.starts_with("SAME") {
        return Ok(());
    }
    // Batch and channels may be included.
    let wanted = wanted.map(|all| all[all.len().saturating_sub(axes)..].to_vec());
    if wanted.as_ref().is_some_and(|sides| sides.len() != axes) {
        return Err(invalid("output_shape", format!("must be {axes} integers")));
    }
    let mut found = Vec::new();
    for probe in 0..importer.probes.len() {
        found.push(pads_at(node, probe, wanted.as_deref(), rule == "SAME_UPPER")?);
    }
    if found.iter().any(|pads| *pads != found[0]) {
        return Err(importer.probes.inexpressible("pads", found));
    }
    let [pads, added] = found.swap_remove(0);
    node.attributes.set("pads", Attribute::Ints(pads));
    node.attributes.set("output_padding", Attribute::Ints(added));
    Ok(())
}

/// `pads` and `output_padding` at one probe. By default the output is `stride` times as long as the input.
fn pads_at(node: &OnnxNode, probe: usize, wanted: Option<&[i64]>, upper: bool) -> Result<[Vec<i64>; 2]> {
    let (x, w) = (node.input(0)?.shape(probe), node.input(1)?.shape(probe));
    let list = |name: &str| node.attributes.ints(name, 0);
    let (strides, dilations, adds) = (list("strides")?, list("dilations")?, list("output_padding")?);
    let of = |list: &Option<Vec<i64>>, axis: usize, default| {
        list.as_ref().and_then(|list| list.get(axis)).copied().unwrap_or(default)
    };
    let axes = x.len().saturating_sub(2);
    let (mut begins, mut ends, mut added) = (Vec::new(), Vec::new(), Vec::new());
    for axis in 0..axes {
        let (length, kernel) = (x[axis + 2] as i64, w.get(axis + 2).map_or(1, |&side| side as i64));
        let (stride, dilation, add) = (of(&strides, axis, 1), of(&dilations, axis, 1), of(&adds, axis, 0));
        let span = (kernel - 1).saturating_mul(dilation).saturating_add(1);
        let whole = (length - 1).saturating_mul(stride).saturating_add(span);
        let wanted = wanted.map_or(length.saturating_mul(stride), |sides| sides[axis]);
        // A shortage is added at the end; an excess is cut at both ends.
        let total = whole.saturating_add(add).saturating_sub(wanted);
        added.push(if total < 0 { wanted.saturating_sub(whole) } else { add });
        let (less, more) = (total.max(0) / 2, total.max(0) - total.max(0) / 2);
        begins.push(if upper { less } else { more });
        ends.push(if upper { more } else { less });
    }
    begins.extend(ends);
    Ok([begins, added])
}
