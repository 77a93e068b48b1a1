//! Forms of opset 1 to 6 in the present form.

use imagine_graph::Unsqueeze;

use crate::attributes::{Attribute, bad};
use crate::convert::{Call, Importer};
use crate::error::NodeFault;

type Result<T> = std::result::Result<T, NodeFault>;

/// Element types by the names that `Cast` had for them, beside their numbers.
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

/// Brings a node of opset 1 to 6 into the form of opset 7.
pub(super) fn rewrite(importer: &mut Importer, call: &mut Call) -> Result<()> {
    // Which inputs an executor may overwrite.
    call.attributes.take("consumed_inputs");
    match call.op.as_str() {
        "BatchNormalization" | "Dropout" if call.attributes.take_int("is_test", 0)? == 0 => {
            return Err(NodeFault::Form {
                reason: "is in training mode (is_test is 0): export the model for inference",
            });
        }
        "Cast" => cast(call)?,
        "Concat" if importer.opset < 4 => default(call, "axis", Attribute::Int(1)),
        // The bias broadcasts anyway.
        "Gemm" => {
            call.attributes.take_int("broadcast", 0)?;
        }
        "GlobalLpPool" | "LpPool" => order(call)?,
        "Pad" => {
            if let Some(pads) = call.attributes.take("paddings") {
                call.attributes.set("pads", pads);
            }
        }
        "PRelu" => slope(importer, call)?,
        "Selu" if importer.opset < 6 => {
            default(call, "alpha", Attribute::Float(1.6732));
            default(call, "gamma", Attribute::Float(1.0507));
        }
        "Tile" if importer.opset < 6 => tile(importer, call)?,
        "Upsample" => {
            let [height, width] = ["height_scale", "width_scale"].map(|name| call.attributes.take_float(name, 1.0));
            call.attributes.set("scales", Attribute::Floats(vec![1.0, 1.0, height?, width?]));
        }
        _ => {}
    }
    Ok(())
}

fn default(call: &mut Call, name: &str, value: Attribute) {
    if !call.attributes.has(name) {
        call.attributes.set(name, value);
    }
}

/// The element type was a name.
fn cast(call: &mut Call) -> Result<()> {
    let Some(Attribute::Text(name)) = call.attributes.0.get("to") else { return Ok(()) };
    let found = TYPES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    let code = found.ok_or_else(|| bad("to", format!("is {name:?}, which is not supported")))?.1;
    call.attributes.set("to", Attribute::Int(code));
    Ok(())
}

/// The order of a norm was a float.
fn order(call: &mut Call) -> Result<()> {
    let Some(&Attribute::Float(p)) = call.attributes.0.get("p") else { return Ok(()) };
    if p.fract() != 0.0 {
        return Err(bad("p", "must be a whole number"));
    }
    call.attributes.set("p", Attribute::Int(p as i64));
    Ok(())
}

/// A list of slopes has one for each channel.
fn slope(importer: &mut Importer, call: &mut Call) -> Result<()> {
    let (rank, slope) = (call.input(0)?.types[0].shape.len() as i64, call.input(1)?.clone());
    if slope.types[0].shape.len() == 1 && slope.types[0].elements() > 1 && rank > 2 {
        let axes = (1..rank - 1).collect();
        call.inputs[1] = Some(importer.between(Unsqueeze { axes }, &[&slope], &call.node)?);
    }
    Ok(())
}

/// One axis was repeated.
fn tile(importer: &Importer, call: &mut Call) -> Result<()> {
    let rank = call.input(0)?.types[0].shape.len();
    let one = |name: &str| call.attributes.int(name, 0)?.ok_or(NodeFault::Form { reason: "needs tiles and axis" });
    let (tiles, axis) = (one("tiles")?, one("axis")?);
    for probe in 1..importer.probes.0.len() {
        if call.attributes.int("tiles", probe)? != Some(tiles) || call.attributes.int("axis", probe)? != Some(axis) {
            return Err(bad("tiles", "must not depend on the size"));
        }
    }
    let mut repeats = vec![1; rank];
    let place = usize::try_from(axis).ok().and_then(|axis| repeats.get_mut(axis));
    *place.ok_or_else(|| bad("axis", format!("must lie in 0..{rank}")))? = tiles;
    call.attributes.take("tiles");
    call.attributes.take("axis");
    call.attributes.set("repeats", Attribute::Ints(repeats));
    Ok(())
}
