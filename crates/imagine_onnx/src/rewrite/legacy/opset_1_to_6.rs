//! Operators of opset 1 to 6 as of opset 7.

use imagine_graph::Unsqueeze;

use crate::attributes::{Attribute, invalid};
use crate::error::NodeFault;
use crate::importer::Importer;
use crate::value::OnnxNode;

type Result<T> = std::result::Result<T, NodeFault>;

/// Element types by their names in `Cast`, and their codes.
const TYPES: [(&str, i64); 13] = [
    ("FLOAT", 1),
    ("UINT8", 2),
    ("INT8", 3),
    ("UINT16", 4),
    ("INT16", 5),
    ("INT32", 6),
    ("INT64", 7),
    ("BOOL", 9),
    ("FLOAT16", 10),
    ("DOUBLE", 11),
    ("UINT32", 12),
    ("UINT64", 13),
    ("BFLOAT16", 16),
];

/// Updates a node of opset 1 to 6 to opset 7.
pub(super) fn rewrite(importer: &mut Importer, node: &mut OnnxNode) -> Result<()> {
    // A hint about inputs that an executor may overwrite.
    node.attributes.take("consumed_inputs");
    match node.op.as_str() {
        "BatchNormalization" | "Dropout" if node.attributes.take_int("is_test", 0)? == 0 => {
            return Err(NodeFault::Unsupported {
                reason: "is in training mode (is_test is 0): export the model for inference",
            });
        }
        "Cast" => cast(node)?,
        "Concat" if importer.opset < 4 => default(node, "axis", Attribute::Int(1)),
        // The bias always broadcasts.
        "Gemm" => {
            node.attributes.take_int("broadcast", 0)?;
        }
        "GlobalLpPool" | "LpPool" => order(node)?,
        "Pad" => {
            if let Some(pads) = node.attributes.take("paddings") {
                node.attributes.set("pads", pads);
            }
        }
        "PRelu" => slope(importer, node)?,
        "Selu" if importer.opset < 6 => {
            default(node, "alpha", Attribute::Float(1.6732));
            default(node, "gamma", Attribute::Float(1.0507));
        }
        "Tile" if importer.opset < 6 => tile(importer, node)?,
        "Upsample" => {
            let [height, width] = ["height_scale", "width_scale"].map(|name| node.attributes.take_float(name, 1.0));
            node.attributes.set("scales", Attribute::Floats(vec![1.0, 1.0, height?, width?]));
        }
        _ => {}
    }
    Ok(())
}

fn default(node: &mut OnnxNode, name: &str, value: Attribute) {
    if !node.attributes.has(name) {
        node.attributes.set(name, value);
    }
}

/// The element type was a name.
fn cast(node: &mut OnnxNode) -> Result<()> {
    let Some(Attribute::Text(name)) = node.attributes.0.get("to") else { return Ok(()) };
    let found = TYPES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    let code = found.ok_or_else(|| invalid("to", format!("is {name:?}, which is not supported")))?.1;
    node.attributes.set("to", Attribute::Int(code));
    Ok(())
}

/// The order of the norm was a float.
fn order(node: &mut OnnxNode) -> Result<()> {
    let Some(&Attribute::Float(p)) = node.attributes.0.get("p") else { return Ok(()) };
    if p.fract() != 0.0 {
        return Err(invalid("p", "must be a whole number"));
    }
    node.attributes.set("p", Attribute::Int(p as i64));
    Ok(())
}

/// A vector of slopes has one slope per channel.
fn slope(importer: &mut Importer, node: &mut OnnxNode) -> Result<()> {
    let (rank, slope) = (node.input(0)?.rank() as i64, node.input(1)?.clone());
    if slope.rank() == 1 && slope.types[0].elements() > 1 && rank > 2 {
        let axes = (1..rank - 1).collect();
        node.inputs[1] = Some(importer.intermediate(Unsqueeze { axes }, &[&slope], &node.name)?);
    }
    Ok(())
}

/// Only one axis was repeated.
fn tile(importer: &Importer, node: &mut OnnxNode) -> Result<()> {
    let rank = node.input(0)?.rank();
    let one =
        |name: &str| node.attributes.int(name, 0)?.ok_or(NodeFault::Unsupported { reason: "needs tiles and axis" });
    let (tiles, axis) = (one("tiles")?, one("axis")?);
    for probe in 1..importer.probes.len() {
        if node.attributes.int("tiles", probe)? != Some(tiles) || node.attributes.int("axis", probe)? != Some(axis) {
            return Err(invalid("tiles", "must not depend on the size"));
        }
    }
    let mut repeats = vec![1; rank];
    let place = usize::try_from(axis).ok().and_then(|axis| repeats.get_mut(axis));
    *place.ok_or_else(|| invalid("axis", format!("must lie in 0..{rank}")))? = tiles;
    node.attributes.take("tiles");
    node.attributes.take("axis");
    node.attributes.set("repeats", Attribute::Ints(repeats));
    Ok(())
}
