//! Older forms of ONNX's operators in the present form. Attributes that became inputs later need nothing here: a graph has
//! them as attributes anyway.

mod first;

use std::rc::Rc;

use imagine_graph::{Expand, Flatten, Reshape, Tanh, Unsqueeze};

use crate::attributes::{Attribute, bad};
use crate::convert::{Call, Importer, Value};
use crate::error::NodeFault;
use crate::forms::{self, first, reshape_to};

type Result<T> = std::result::Result<T, NodeFault>;

/// What became of an older form.
pub(crate) enum Rewritten {
    /// The present form, to be added.
    Call(Call),
    /// Its outputs, where other operators took its place.
    Values(Vec<Value>),
}

/// Brings a node into the present form.
pub(crate) fn rewrite(importer: &mut Importer, mut call: Call) -> Result<Rewritten> {
    let opset = importer.opset;
    if opset < 7 {
        first::rewrite(importer, &mut call)?;
    }
    match call.op.as_str() {
        "Add" | "Sub" | "Mul" | "Div" | "Pow" | "And" | "Or" | "Xor" | "Equal" | "Less" | "Greater"
            if call.attributes.has("broadcast") || call.attributes.has("axis") =>
        {
            aligned(importer, &mut call)?;
        }
        "Softmax" | "LogSoftmax" | "Hardmax" if opset < 13 => {
            if let Some(values) = softmax(importer, &mut call)? {
                return Ok(Rewritten::Values(values));
            }
        }
        "Upsample" | "Resize" if opset < 11 => resize(&mut call)?,
        "GroupNormalization" if opset < 21 => group_normalization(importer, &mut call)?,
        "ImageScaler" | "Affine" | "ScaledTanh" | "ParametricSoftplus" | "Crop" if opset < 10 => {
            return experimental(importer, call).map(Rewritten::Values);
        }
        _ => {}
    }
    Ok(Rewritten::Call(call))
}

/// `axis` says which axis of A the first axis of B meets.
fn aligned(importer: &mut Importer, call: &mut Call) -> Result<()> {
    call.attributes.take_int("broadcast", 0)?;
    let Some(Attribute::Int(axis)) = call.attributes.take("axis") else { return Ok(()) };
    let ranks = [call.input(0)?, call.input(1)?].map(|value| value.types[0].shape.len() as i64);
    let first_axis = if axis < 0 { axis.saturating_add(ranks[0]) } else { axis };
    let missing = ranks[0].saturating_sub(first_axis).saturating_sub(ranks[1]);
    if first_axis < 0 || !(0..=ranks[0]).contains(&missing) {
        return Err(bad("axis", "must leave room for the axes of the second input"));
    }
    if missing > 0 {
        let axes = (ranks[1]..ranks[1] + missing).collect();
        let right = call.input(1)?.clone();
        call.inputs[1] = Some(importer.between(Unsqueeze { axes }, &[&right], &call.node)?);
    }
    Ok(())
}

/// Before opset 13 all axes from `axis` on count as one.
fn softmax(importer: &mut Importer, call: &mut Call) -> Result<Option<Vec<Value>>> {
    let axis = call.attributes.take_int("axis", 1)?;
    let data = call.input(0)?.clone();
    let rank = data.types[0].shape.len() as i64;
    let from_front = if axis < 0 { axis.saturating_add(rank) } else { axis };
    if !(0..=rank).contains(&from_front) {
        return Err(bad("axis", format!("must lie in -{rank}..={rank}")));
    }
    call.attributes.set("axis", Attribute::Int(-1));
    if from_front == rank - 1 {
        return Ok(None);
    }
    let flat = importer.between(Flatten { axis: from_front }, &[&data], &call.node)?;
    let shapes: Vec<Vec<usize>> = data.types.iter().map(|t| t.shape.clone()).collect();
    let back: Reshape = reshape_to(importer, &shapes, None)?;
    let inner = Call { inputs: vec![Some(flat)], outputs: vec![String::new()], ..call.clone() };
    let result = first(forms::convert(importer, inner)?)?;
    importer.push(back.into(), &[Some(result)], &call.outputs, &call.node).map(Some)
}

/// `Upsample` and the first `Resize`: the first elements meet, and positions round down.
fn resize(call: &mut Call) -> Result<()> {
    call.op = "Resize".into();
    let mode = call.attributes.take_text("mode", "nearest")?;
    let mode = if mode == "bilinear" { "linear".into() } else { mode };
    call.attributes.set("mode", Attribute::Text(mode));
    call.attributes.set("coordinate_transformation_mode", Attribute::Text("asymmetric".into()));
    call.attributes.set("nearest_mode", Attribute::Text("floor".into()));
    Ok(())
}

/// Before opset 21 scale and bias had one element a group, and not one a channel.
fn group_normalization(importer: &mut Importer, call: &mut Call) -> Result<()> {
    let channels = call.input(0)?.types[0].shape.get(1).copied().unwrap_or_default();
    for index in 1..call.inputs.len().min(3) {
        let value = call.input(index)?.clone();
        let groups = value.types[0].elements();
        if groups == 0 || !channels.is_multiple_of(groups) || value.types[0].shape.len() != 1 {
            return Err(NodeFault::Form { reason: "needs a scale and a bias with one element for each group" });
        }
        let width = channels / groups;
        let spread = match &value.known {
            Some(known) if width <= channels => {
                let array = Rc::new(known[0].pick(vec![channels], (0..channels).map(|c| c / width)));
                Value {
                    weight: value.weight,
                    ..Value::known(&format!("{}.channels", value.label), vec![array; known.len()])
                }
            }
            _ => {
                let column = importer.between(Unsqueeze { axes: vec![1] }, &[&value], &call.node)?;
                let shape = [groups, width].map(imagine_graph::Dim::Fixed).to_vec();
                let block = importer.between(Expand { shape }, &[&column], &call.node)?;
                let shape = vec![imagine_graph::Dim::Fixed(channels)];
                importer.between(Reshape { shape, infer: None }, &[&block], &call.node)?
            }
        };
        call.inputs[index] = Some(spread);
    }
    Ok(())
}

/// Operators that ONNX had on trial before opset 10.
fn experimental(importer: &mut Importer, mut call: Call) -> Result<Vec<Value>> {
    use imagine_graph::{Add, Mul, Softplus};
    if call.op == "Crop" {
        return crop(importer, call);
    }
    let data = call.input(0)?.clone();
    let affine = match call.op.as_str() {
        "ImageScaler" => Some(("scale", image_bias(importer, &mut call)?)),
        "Affine" => {
            let beta = call.attributes.take_float("beta", 0.0)?;
            Some(("alpha", importer.floats(&[], vec![beta])))
        }
        _ => None,
    };
    if let Some((name, addend)) = affine {
        let factor = call.attributes.take_float(name, 1.0)?;
        importer.nothing_left(&call)?;
        let factor = importer.floats(&[], vec![factor]);
        let product = importer.between(Mul {}, &[&data, &factor], &call.node)?;
        return importer.push(Add {}.into(), &[Some(product), Some(addend)], &call.outputs, &call.node);
    }
    if !call.attributes.has("alpha") || !call.attributes.has("beta") {
        return Err(NodeFault::Form { reason: "needs alpha and beta" });
    }
    let [alpha, beta] = [call.attributes.take_float("alpha", 1.0)?, call.attributes.take_float("beta", 1.0)?]
        .map(|value| importer.floats(&[], vec![value]));
    importer.nothing_left(&call)?;
    let inner = importer.between(Mul {}, &[&data, &beta], &call.node)?;
    let bent = match call.op.as_str() {
        "ScaledTanh" => importer.between(Tanh {}, &[&inner], &call.node)?,
        _ => importer.between(Softplus {}, &[&inner], &call.node)?,
    };
    importer.push(Mul {}.into(), &[Some(bent), Some(alpha)], &call.outputs, &call.node)
}

/// The bias of `ImageScaler`, one number for each channel.
fn image_bias(importer: &Importer, call: &mut Call) -> Result<Value> {
    match call.attributes.take("bias") {
        None => Ok(importer.floats(&[], vec![0.0])),
        Some(Attribute::Floats(bias)) => Ok(importer.floats(&[bias.len(), 1, 1], bias)),
        Some(_) => Err(bad("bias", "must be a list of floats")),
    }
}

/// `border` is left, top, right, bottom; `scale`, height and width of the result, counts before right and bottom.
fn crop(importer: &mut Importer, mut call: Call) -> Result<Vec<Value>> {
    let border = call.attributes.ints("border", 0)?.unwrap_or_default();
    let scale = call.attributes.ints("scale", 0)?;
    call.attributes.take("border");
    call.attributes.take("scale");
    importer.nothing_left(&call)?;
    let [left, top, right, bottom] = border[..] else { return Err(bad("border", "must be four integers")) };
    let ends = match scale.as_deref() {
        Some([height, width]) => vec![top.saturating_add(*height), left.saturating_add(*width)],
        Some(_) => return Err(bad("scale", "must be two integers")),
        None => [bottom, right].map(|cut| if cut == 0 { i64::MAX } else { cut.saturating_neg() }).to_vec(),
    };
    let op = imagine_graph::Slice { starts: vec![top, left], ends, axes: vec![2, 3], steps: Vec::new() };
    importer.push(op.into(), &call.inputs, &call.outputs, &call.node)
}
