//! Updates nodes of older opsets. Attributes that later became inputs need no change: a graph has them as attributes.

mod opset_1_to_6;

use imagine_graph::{Add, Dim, Expand, Flatten, Mul, Reshape, Slice, Softplus, Tanh, Unsqueeze};

use super::functions;
use super::subgraph::{Subgraph, first_output, reshape_to};
use crate::attributes::{Attribute, invalid};
use crate::error::NodeFault;
use crate::importer::Importer;
use crate::value::{OnnxNode, Value};

type Result<T> = std::result::Result<T, NodeFault>;

/// An updated node.
pub(crate) enum Rewritten {
    /// The current form, still to be added.
    Node(OnnxNode),
    /// Its outputs, if other operators replaced it.
    Values(Vec<Value>),
}

/// The former name of `Resize`.
const UPSAMPLE: &str = "Upsample";

/// Operators that opset 10 removed.
const EXPERIMENTAL: [&str; 5] = ["Affine", "Crop", "ImageScaler", "ParametricSoftplus", "ScaledTanh"];

/// Whether `op` is read although today's opset does not have it.
pub(crate) fn has(op: &str) -> bool {
    op == UPSAMPLE || EXPERIMENTAL.contains(&op)
}

/// Updates a node to the current opset.
pub(crate) fn rewrite(importer: &mut Importer, mut node: OnnxNode) -> Result<Rewritten> {
    let opset = importer.opset;
    if opset < 7 {
        opset_1_to_6::rewrite(importer, &mut node)?;
    }
    match node.op.as_str() {
        "Add" | "Sub" | "Mul" | "Div" | "Pow" | "And" | "Or" | "Xor" | "Equal" | "Less" | "Greater"
            if node.attributes.has("broadcast") || node.attributes.has("axis") =>
        {
            aligned(importer, &mut node)?;
        }
        "Softmax" | "LogSoftmax" | "Hardmax" if opset < 13 => {
            if let Some(values) = softmax(importer, &mut node)? {
                return Ok(Rewritten::Values(values));
            }
        }
        UPSAMPLE | "Resize" if opset < 11 => resize(&mut node)?,
        "GroupNormalization" if opset < 21 => group_normalization(importer, &mut node)?,
        op if opset < 10 && EXPERIMENTAL.contains(&op) => {
            return experimental(importer, node).map(Rewritten::Values);
        }
        _ => {}
    }
    Ok(Rewritten::Node(node))
}

/// `axis` aligns the first axis of B with an axis of A.
fn aligned(importer: &mut Importer, node: &mut OnnxNode) -> Result<()> {
    node.attributes.take_int("broadcast", 0)?;
    let Some(Attribute::Int(axis)) = node.attributes.take("axis") else { return Ok(()) };
    let ranks = [node.input(0)?, node.input(1)?].map(|value| value.rank() as i64);
    let first_axis = if axis < 0 { axis.saturating_add(ranks[0]) } else { axis };
    let missing = ranks[0].saturating_sub(first_axis).saturating_sub(ranks[1]);
    if first_axis < 0 || !(0..=ranks[0]).contains(&missing) {
        return Err(invalid("axis", "must leave enough axes for the second input"));
    }
    if missing > 0 {
        let axes = (ranks[1]..ranks[1] + missing).collect();
        let right = node.input(1)?.clone();
        node.inputs[1] = Some(importer.intermediate(Unsqueeze { axes }, &[&right], &node.name)?);
    }
    Ok(())
}

/// Before opset 13, all axes from `axis` on were flattened into one.
fn softmax(importer: &mut Importer, node: &mut OnnxNode) -> Result<Option<Vec<Value>>> {
    let axis = node.attributes.take_int("axis", 1)?;
    let data = node.input(0)?.clone();
    let rank = data.rank() as i64;
    let from_front = if axis < 0 { axis.saturating_add(rank) } else { axis };
    if !(0..=rank).contains(&from_front) {
        return Err(invalid("axis", format!("must lie in -{rank}..={rank}")));
    }
    node.attributes.set("axis", Attribute::Int(-1));
    if from_front == rank - 1 {
        return Ok(None);
    }
    let flat = importer.intermediate(Flatten { axis: from_front }, &[&data], &node.name)?;
    let inner = OnnxNode { inputs: vec![Some(flat)], outputs: vec![String::new()], ..node.clone() };
    let values = if node.op == "Hardmax" { functions::convert(importer, inner) } else { importer.emit_node(inner) };
    let shapes: Vec<Vec<usize>> = data.types.iter().map(|t| t.shape.clone()).collect();
    let back = reshape_to(importer, &shapes, None)?;
    importer.emit_op(back.into(), &[Some(first_output(values?)?)], &node.outputs, &node.name).map(Some)
}

/// `Upsample` and the first `Resize` use asymmetric coordinates and round down.
fn resize(node: &mut OnnxNode) -> Result<()> {
    node.op = "Resize".into();
    let mode = node.attributes.take_text("mode", "nearest")?;
    let mode = if mode == "bilinear" { "linear".into() } else { mode };
    node.attributes.set("mode", Attribute::Text(mode));
    node.attributes.set("coordinate_transformation_mode", Attribute::Text("asymmetric".into()));
    node.attributes.set("nearest_mode", Attribute::Text("floor".into()));
    Ok(())
}

/// Before opset 21, scale and bias had one element per group, not per channel.
fn group_normalization(importer: &mut Importer, node: &mut OnnxNode) -> Result<()> {
    let channels = node.input(0)?.types[0].shape.get(1).copied().unwrap_or_default();
    for index in 1..node.inputs.len().min(3) {
        let value = node.input(index)?.clone();
        let groups = value.types[0].elements();
        if groups == 0 || !channels.is_multiple_of(groups) || value.rank() != 1 {
            return Err(NodeFault::Unsupported { reason: "needs a scale and a bias with one element for each group" });
        }
        let width = channels / groups;
        let spread = match &value.known {
            Some(known) if width <= channels => {
                let array = known[0].pick(vec![channels], (0..channels).map(|c| c / width));
                let label = format!("{}.channels", value.label);
                Value { weight: value.weight, ..importer.constant(&label, array) }
            }
            _ => {
                let mut graph = Subgraph { importer, name: &node.name };
                let column = graph.op(Unsqueeze { axes: vec![1] }, &[&value])?;
                let block = graph.op(Expand { shape: [groups, width].map(Dim::Fixed).to_vec() }, &[&column])?;
                graph.op(Reshape { shape: vec![Dim::Fixed(channels)], infer: None }, &[&block])?
            }
        };
        node.inputs[index] = Some(spread);
    }
    Ok(())
}

/// Experimental operators, which opset 10 removed.
fn experimental(importer: &mut Importer, mut node: OnnxNode) -> Result<Vec<Value>> {
    if node.op == "Crop" {
        return crop(importer, node);
    }
    let data = node.input(0)?.clone();
    let affine = match node.op.as_str() {
        "ImageScaler" => Some(("scale", image_bias(importer, &mut node)?)),
        "Affine" => {
            let beta = node.attributes.take_float("beta", 0.0)?;
            Some(("alpha", importer.floats(&[], vec![beta])))
        }
        _ => None,
    };
    if let Some((name, addend)) = affine {
        let factor = node.attributes.take_float(name, 1.0)?;
        node.reject_unknown_attributes()?;
        let factor = importer.floats(&[], vec![factor]);
        let product = importer.intermediate(Mul {}, &[&data, &factor], &node.name)?;
        return importer.emit_op(Add {}.into(), &[Some(product), Some(addend)], &node.outputs, &node.name);
    }
    if !node.attributes.has("alpha") || !node.attributes.has("beta") {
        return Err(NodeFault::Unsupported { reason: "needs alpha and beta" });
    }
    let [alpha, beta] = [node.attributes.take_float("alpha", 1.0)?, node.attributes.take_float("beta", 1.0)?]
        .map(|value| importer.floats(&[], vec![value]));
    node.reject_unknown_attributes()?;
    let inner = importer.intermediate(Mul {}, &[&data, &beta], &node.name)?;
    let bent = match node.op.as_str() {
        "ScaledTanh" => importer.intermediate(Tanh {}, &[&inner], &node.name)?,
        _ => importer.intermediate(Softplus {}, &[&inner], &node.name)?,
    };
    importer.emit_op(Mul {}.into(), &[Some(bent), Some(alpha)], &node.outputs, &node.name)
}

/// The bias of `ImageScaler`, one number per channel.
fn image_bias(importer: &Importer, node: &mut OnnxNode) -> Result<Value> {
    match node.attributes.take("bias") {
        None => Ok(importer.floats(&[], vec![0.0])),
        Some(Attribute::Floats(bias)) => Ok(importer.floats(&[bias.len(), 1, 1], bias)),
        Some(_) => Err(invalid("bias", "must be a list of floats")),
    }
}

/// `border` is left, top, right, bottom. `scale`, the height and width of the result, takes precedence over right and bottom.
fn crop(importer: &mut Importer, mut node: OnnxNode) -> Result<Vec<Value>> {
    let border = node.attributes.ints("border", 0)?.unwrap_or_default();
    let scale = node.attributes.ints("scale", 0)?;
    node.attributes.take("border");
    node.attributes.take("scale");
    node.reject_unknown_attributes()?;
    let [left, top, right, bottom] = border[..] else { return Err(invalid("border", "must be four integers")) };
    let ends = match scale.as_deref() {
        Some([height, width]) => vec![top.saturating_add(*height), left.saturating_add(*width)],
        Some(_) => return Err(invalid("scale", "must be two integers")),
        None => [bottom, right].map(|cut| if cut == 0 { i64::MAX } else { cut.saturating_neg() }).to_vec(),
    };
    let op = Slice { starts: vec![top, left], ends, axes: vec![2, 3], steps: Vec::new() };
    importer.emit_op(op.into(), &node.inputs, &node.outputs, &node.name)
}
