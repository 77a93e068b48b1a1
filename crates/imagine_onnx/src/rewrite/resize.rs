//! `Resize` without the attributes that its mode ignores.

use super::subgraph::lists;
use crate::attributes::{Attribute, Attributes, is_constant};
use crate::error::NodeFault;
use crate::importer::Importer;
use crate::value::OnnxNode;

type Result<T> = std::result::Result<T, NodeFault>;

/// Drops attributes that the mode ignores, and the sizes and scales of batch and channels.
pub(super) fn resize(importer: &Importer, node: &mut OnnxNode) -> Result<()> {
    let attributes = &mut node.attributes;
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
    // Exporters that give sizes give empty scales, and the other way round.
    for name in ["scales", "sizes", "roi"] {
        if matches!(attributes.0.get(name), Some(Attribute::Input(known)) if known.iter().all(|a| a.len() == 0)) {
            attributes.take(name);
        }
    }
    let image = node.input(0)?.rank() == 4;
    let attributes = &mut node.attributes;
    if !image || crop || attributes.has("axes") || attributes.has("keep_aspect_ratio_policy") {
        return Ok(());
    }
    let data = node.inputs[0].as_ref().ok_or(NodeFault::Unsupported { reason: "has no data" })?.shapes();
    let sizes: Option<Vec<Vec<i64>>> =
        (0..importer.probes.len()).map(|probe| attributes.ints("sizes", probe).ok().flatten()).collect();
    if let Some(sizes) = sizes.filter(|s| s.iter().zip(&data).all(|(s, d)| s.len() == 4 && s[..2] == d[..2])) {
        attributes.set("sizes", lists(&sizes.iter().map(|s| s[2..].to_vec()).collect::<Vec<_>>()));
    }
    let scales = match attributes.0.get("scales") {
        Some(Attribute::Input(known)) if is_constant(known) => known[0].to_floats(),
        Some(Attribute::Floats(scales)) => scales.clone(),
        _ => Vec::new(),
    };
    if let [1.0, 1.0, height, width] = scales[..] {
        attributes.set("scales", Attribute::Floats(vec![height, width]));
    }
    Ok(())
}
