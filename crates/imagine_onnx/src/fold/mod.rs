//! Constant folding at import time: shape arithmetic and small constants, one node at one probe size at a time. Larger values
//! go into the graph.

mod elementwise;
mod generate;
mod layout;
mod node;
mod quantize;
mod reduce;

pub(crate) use layout::target_shape;
pub(crate) use node::BoundNode;
pub(crate) use quantize::Granularity;

use std::rc::Rc;

use node::{Folded, small};

/// The attributes that evaluation of `op` supports, if `op` is evaluated here.
fn known_attributes(op: &str) -> Option<&'static [&'static str]> {
    Some(match op {
        "Identity" | "Not" | "And" | "Or" | "Xor" | "Equal" | "Less" | "Greater" | "LessOrEqual" | "GreaterOrEqual"
        | "Where" | "Add" | "Sub" | "Mul" | "Div" | "Pow" | "Min" | "Max" | "Neg" | "Abs" | "Floor" | "Ceil"
        | "Round" | "Sqrt" | "Reciprocal" | "Relu" | "Sign" | "Exp" | "Log" => &[],
        // The stash type asks for 32-bit floats, which all floats are.
        "Range" => &["stash_type"],
        "Mod" => &["fmod"],
        "Cast" => &["to", "saturate"],
        "Gather" | "Concat" | "Flatten" => &["axis"],
        "Slice" => &["starts", "ends", "axes", "steps"],
        "NonZero" => &[],
        "Squeeze" | "Unsqueeze" => &["axes"],
        "Reshape" => &["shape", "allowzero"],
        "Transpose" => &["perm"],
        "Expand" => &["shape"],
        "Tile" => &["repeats"],
        "Split" => &["axis", "split", "num_outputs"],
        "ConstantOfShape" => &["shape", "value"],
        "DequantizeLinear" => &["axis", "block_size", "output_dtype", "saturate", "precision"],
        op if op.starts_with("Reduce") => &["axes", "keepdims", "noop_with_empty_axes"],
        _ => return None,
    })
}

/// Whether `op` is evaluated here.
pub(crate) fn has(op: &str) -> bool {
    known_attributes(op).is_some()
}

/// Evaluates a node whose inputs are all known.
pub(crate) fn evaluate(node: &BoundNode) -> Folded {
    let Some(known) = known_attributes(node.op) else { return Ok(None) };
    // Quantized weights are as large as any.
    let large =
        node.op != "DequantizeLinear" && node.inputs.iter().flatten().any(|array| small(&array.shape).is_none());
    if large || node.attributes.0.keys().any(|name| !known.contains(&name.as_str())) {
        return Ok(None);
    }
    let arrays = match node.op {
        "Range" => generate::range(node)?.map(|array| vec![array]),
        "ConstantOfShape" => generate::constant_of_shape(node)?.map(|array| vec![array]),
        "DequantizeLinear" => Some(vec![quantize::dequantize(node)?]),
        "Identity" => Some(vec![node.input(0)?.clone()]),
        op if op.starts_with("Reduce") => reduce::reduce(node)?,
        op if layout::has(op) => layout::evaluate(node)?,
        _ => elementwise::evaluate(node)?.map(|array| vec![array]),
    };
    Ok(arrays.map(|arrays| arrays.into_iter().map(Rc::new).collect()))
}
