//! Evaluates what is known when a model is imported: shape arithmetic, and small constants.
//!
//! One call evaluates one node at one probe size. Nothing larger than [`MAX_ELEMENTS`] is evaluated: such values become
//! part of the graph.

mod elementwise;
mod layout;

pub(crate) use layout::target_shape;

use std::rc::Rc;

use crate::array::{Array, Elements, count};
use crate::attributes::{Attribute, Attributes};
use crate::error::NodeFault;

/// Most elements of a value that is evaluated.
pub(crate) const MAX_ELEMENTS: usize = 1 << 16;

/// Most elements of a value that is evaluated where the elements of another are repeated.
const MAX_REPEATED: usize = 1 << 10;

/// A node at one probe.
pub(crate) struct Call<'a> {
    pub op: &'a str,
    pub attributes: &'a Attributes,
    pub inputs: &'a [Option<Rc<Array>>],
    pub probe: usize,
    pub outputs: usize,
}

/// What an evaluation gives: values, or `None` where the node is not for this module.
pub(crate) type Folded = Result<Option<Vec<Rc<Array>>>, NodeFault>;

/// The attributes of `op` that are read here, if it is evaluated here.
fn known_attributes(op: &str) -> Option<&'static [&'static str]> {
    Some(match op {
        "Identity" | "Not" | "And" | "Or" | "Xor" | "Equal" | "Less" | "Greater" | "LessOrEqual" | "GreaterOrEqual"
        | "Where" | "Add" | "Sub" | "Mul" | "Div" | "Pow" | "Min" | "Max" | "Neg" | "Abs" | "Floor" | "Ceil"
        | "Round" | "Sqrt" | "Reciprocal" | "Sign" | "Exp" | "Log" => &[],
        // Floats are 32-bit floats anyway, which the stash type asks for.
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
        op if op.starts_with("Reduce") => &["axes", "keepdims", "noop_with_empty_axes"],
        _ => return None,
    })
}

/// Evaluates a node whose inputs are all known.
pub(crate) fn evaluate(call: &Call) -> Folded {
    let Some(known) = known_attributes(call.op) else { return Ok(None) };
    let large = call.inputs.iter().flatten().any(|array| small(&array.shape).is_none());
    if large || call.attributes.0.keys().any(|name| !known.contains(&name.as_str())) {
        return Ok(None);
    }
    let arrays = match call.op {
        "Range" => range(call)?.map(|array| vec![array]),
        "ConstantOfShape" => constant_of_shape(call)?.map(|array| vec![array]),
        "Identity" => Some(vec![input(call, 0)?.clone()]),
        op if layout::has(op) => layout::evaluate(call)?,
        _ => elementwise::evaluate(call)?.map(|array| vec![array]),
    };
    Ok(arrays.map(|arrays| arrays.into_iter().map(Rc::new).collect()))
}

fn input<'a>(call: &'a Call, index: usize) -> Result<&'a Array, NodeFault> {
    call.inputs.get(index).and_then(|i| i.as_deref()).ok_or(NodeFault::Known("an input is missing"))
}

/// The elements of a tensor of `shape`, if that is small enough, also without its dimensions of 0.
fn small(shape: &[usize]) -> Option<usize> {
    let bound = shape.iter().fold(1usize, |n, &d| n.saturating_mul(d.max(1)));
    (bound <= MAX_ELEMENTS).then(|| count(shape))
}

/// As [`small`], where elements are repeated: a graph writes that better than a list does.
fn repeated(shape: &[usize]) -> Option<usize> {
    small(shape).filter(|&count| count <= MAX_REPEATED)
}

fn sizes(values: &[i64]) -> Result<Vec<usize>, NodeFault> {
    values
        .iter()
        .map(|&v| usize::try_from(v))
        .collect::<Result<_, _>>()
        .map_err(|_| NodeFault::Known("a dimension is negative"))
}

fn range(call: &Call) -> Result<Option<Array>, NodeFault> {
    let [start, limit, delta] = [input(call, 0)?, input(call, 1)?, input(call, 2)?];
    if [start, limit, delta].iter().any(|a| a.len() != 1) {
        return Err(NodeFault::Known("start, limit and delta must be single numbers"));
    }
    let length = |length: f64| {
        let length = length.ceil().max(0.0);
        (length <= MAX_ELEMENTS as f64).then_some(length as usize)
    };
    if let (Some(&[start]), Some(&[limit]), Some(&[delta])) = (start.as_ints(), limit.as_ints(), delta.as_ints()) {
        if delta == 0 {
            return Err(NodeFault::Known("delta is 0"));
        }
        let Some(count) = length((limit as f64 - start as f64) / delta as f64) else { return Ok(None) };
        let values = (0..count as i64).map(|i| start.wrapping_add(i.wrapping_mul(delta))).collect();
        return Ok(Some(Array::ints(&[count], values)));
    }
    let [start, limit, delta] = [start, limit, delta].map(|a| a.to_floats()[0]);
    if delta == 0.0 || !(start.is_finite() && limit.is_finite() && delta.is_finite()) {
        return Err(NodeFault::Known("start, limit and delta must be finite, and delta not 0"));
    }
    let Some(count) = length((f64::from(limit) - f64::from(start)) / f64::from(delta)) else { return Ok(None) };
    let values = (0..count).map(|i| start + i as f32 * delta).collect();
    Ok(Some(Array { shape: vec![count], elements: Elements::Float(values) }))
}

fn constant_of_shape(call: &Call) -> Result<Option<Array>, NodeFault> {
    let shape = sizes(&call.attributes.ints("shape", call.probe)?.unwrap_or_default())?;
    let zero = Array { shape: vec![1], elements: Elements::Float(vec![0.0]) };
    let value = match call.attributes.0.get("value") {
        Some(Attribute::Tensor(tensor)) if tensor.len() == 1 => tensor.as_ref().clone(),
        Some(_) => return Err(NodeFault::Known("value must be a tensor of one element")),
        None => zero,
    };
    Ok(repeated(&shape).map(|count| value.pick(shape, std::iter::repeat_n(0, count))))
}
