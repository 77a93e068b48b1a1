//! Element types of the file where those of a graph are coarser: a graph has integers of 32 bits only, but the range of a
//! quantized value follows from its type.

use crate::attributes::Attribute;
use crate::tensor::ElementType;
use crate::value::OnnxNode;

/// The element type of a node's outputs, if it is known and the operator preserves or sets it.
pub(crate) fn of_outputs(node: &OnnxNode) -> Option<ElementType> {
    let input = |index: usize| node.inputs.get(index).and_then(Option::as_ref).and_then(|value| value.element);
    match node.op.as_str() {
        "Cast" => attribute(node, "to"),
        "CastLike" => input(1),
        "QuantizeLinear" => Some(of_quantized(node)),
        "Identity" | "Reshape" | "Flatten" | "Squeeze" | "Unsqueeze" | "Transpose" | "Expand" | "Tile" | "Split"
        | "Slice" | "Gather" | "GatherElements" | "GatherND" | "Concat" | "Pad" | "MaxPool" | "Relu"
        | "DepthToSpace" | "SpaceToDepth" | "Resize" => input(0),
        _ => None,
    }
}

/// The element type that a `QuantizeLinear` makes.
pub(crate) fn of_quantized(node: &OnnxNode) -> ElementType {
    let zero = node.inputs.get(2).and_then(Option::as_ref).and_then(|value| value.element);
    attribute(node, "output_dtype").or(zero).unwrap_or(ElementType::Uint8)
}

fn attribute(node: &OnnxNode, name: &str) -> Option<ElementType> {
    match node.attributes.0.get(name) {
        Some(Attribute::Int(code)) => i32::try_from(*code).ok().and_then(ElementType::from_code),
        _ => None,
    }
}
