//! Elementwise operators on known values. Integers wrap as in ONNX; integer division by zero is a fault.

use half::{bf16, f16};

use super::layout::{broadcast, broadcast_indices};
use super::node::{BoundNode, small};
use crate::array::{Array, Elements};
use crate::error::NodeFault;
use crate::tensor::ElementType;

type Result<T> = std::result::Result<T, NodeFault>;

const TYPES: NodeFault = NodeFault::Evaluation("the element types do not fit the operator");

pub(super) fn evaluate(node: &BoundNode) -> Result<Option<Array>> {
    if node.op == "Where" {
        return select(node);
    }
    if node.op == "Cast" {
        let to = node.attributes.int("to", node.probe)?.unwrap_or(0);
        return cast(node.input(0)?, to).map(Some);
    }
    if node.inputs.len() == 1 && !matches!(node.op, "Min" | "Max") {
        return unary(node.op, node.input(0)?).map(Some);
    }
    let mut result = node.input(0)?.clone();
    for index in 1..node.inputs.len() {
        let Some(next) = binary(node, &result, node.input(index)?)? else { return Ok(None) };
        result = next;
    }
    Ok(Some(result))
}

/// Casts a known value; narrowing wraps as in ONNX.
pub(crate) fn cast(array: &Array, to: i64) -> Result<Array> {
    let code = i32::try_from(to).ok().and_then(ElementType::from_code);
    let to = code.ok_or(NodeFault::Evaluation("the element type to cast to is not supported"))?;
    let ints = || match &array.elements {
        Elements::Float(e) => e.iter().map(|&v| v as i64).collect(),
        Elements::Int(e) => e.clone(),
        Elements::Bool(e) => e.iter().map(|&v| i64::from(v)).collect::<Vec<_>>(),
    };
    // On the way to 4 bits onnxruntime rounds floats; ONNX leaves that open.
    let whole = || match &array.elements {
        Elements::Float(e) => e.iter().map(|&v| v.round() as i64).collect(),
        _ => ints(),
    };
    let narrow = |narrow: fn(i64) -> i64| Elements::Int(ints().into_iter().map(narrow).collect());
    let narrowest = |narrow: fn(i64) -> i64| Elements::Int(whole().into_iter().map(narrow).collect());
    let elements = match to {
        ElementType::Float | ElementType::Double => Elements::Float(array.to_floats()),
        ElementType::Float16 => Elements::Float(array.to_floats().iter().map(|&v| f16::from_f32(v).to_f32()).collect()),
        ElementType::Bfloat16 => {
            Elements::Float(array.to_floats().iter().map(|&v| bf16::from_f32(v).to_f32()).collect())
        }
        ElementType::Bool => match &array.elements {
            Elements::Float(e) => Elements::Bool(e.iter().map(|&v| v != 0.0).collect()),
            Elements::Int(e) => Elements::Bool(e.iter().map(|&v| v != 0).collect()),
            Elements::Bool(e) => Elements::Bool(e.clone()),
        },
        ElementType::Int64 | ElementType::Uint64 => Elements::Int(ints()),
        ElementType::Uint4 => narrowest(|v| v & 15),
        ElementType::Int4 => narrowest(|v| (v & 15) - 2 * (v & 8)),
        ElementType::Uint8 => narrow(|v| i64::from(v as u8)),
        ElementType::Int8 => narrow(|v| i64::from(v as i8)),
        ElementType::Uint16 => narrow(|v| i64::from(v as u16)),
        ElementType::Int16 => narrow(|v| i64::from(v as i16)),
        ElementType::Int32 => narrow(|v| i64::from(v as i32)),
        ElementType::Uint32 => narrow(|v| i64::from(v as u32)),
    };
    Ok(Array { shape: array.shape.clone(), elements })
}

fn unary(op: &str, array: &Array) -> Result<Array> {
    let floats: fn(f32) -> f32 = match op {
        "Neg" => |v| -v,
        "Abs" => f32::abs,
        "Floor" => f32::floor,
        "Ceil" => f32::ceil,
        "Round" => f32::round_ties_even,
        "Sqrt" => f32::sqrt,
        "Reciprocal" => f32::recip,
        "Exp" => f32::exp,
        "Log" => f32::ln,
        "Relu" => |v| v.max(0.0),
        "Sign" => |v| if v == 0.0 { 0.0 } else { v.signum() },
        "Not" => |v| v,
        _ => return Err(NodeFault::Evaluation("an input is missing")),
    };
    let elements = match (&array.elements, op) {
        (Elements::Bool(e), "Not") => Elements::Bool(e.iter().map(|&v| !v).collect()),
        (Elements::Float(e), op) if op != "Not" => Elements::Float(e.iter().map(|&v| floats(v)).collect()),
        (Elements::Int(e), "Neg") => Elements::Int(e.iter().map(|&v| v.wrapping_neg()).collect()),
        (Elements::Int(e), "Abs") => Elements::Int(e.iter().map(|&v| v.wrapping_abs()).collect()),
        (Elements::Int(e), "Relu") => Elements::Int(e.iter().map(|&v| v.max(0)).collect()),
        (Elements::Int(e), "Sign") => Elements::Int(e.iter().map(|&v| v.signum()).collect()),
        _ => return Err(TYPES),
    };
    Ok(Array { shape: array.shape.clone(), elements })
}

fn binary(node: &BoundNode, left: &Array, right: &Array) -> Result<Option<Array>> {
    let shape = broadcast(&left.shape, &right.shape)?;
    if small(&shape).is_none() {
        return Ok(None);
    }
    let left = left.pick(shape.clone(), broadcast_indices(&shape, &left.shape));
    let right = right.pick(shape.clone(), broadcast_indices(&shape, &right.shape));
    let elements = match (&left.elements, &right.elements) {
        (Elements::Int(a), Elements::Int(b)) => ints(node, a, b)?,
        (Elements::Float(a), Elements::Float(b)) => floats(node, a, b)?,
        (Elements::Bool(a), Elements::Bool(b)) => bools(node.op, a, b)?,
        // The exponent of `Pow` may have another type.
        (Elements::Float(a), Elements::Int(_)) if node.op == "Pow" => floats(node, a, &right.to_floats())?,
        _ => return Err(TYPES),
    };
    Ok(Some(Array { shape, elements }))
}

fn zip<A: Copy, T>(a: &[A], b: &[A], f: impl Fn(A, A) -> T) -> Vec<T> {
    a.iter().zip(b).map(|(&a, &b)| f(a, b)).collect()
}

fn ints(node: &BoundNode, a: &[i64], b: &[i64]) -> Result<Elements> {
    if matches!(node.op, "Div" | "Mod") && b.contains(&0) {
        return Err(NodeFault::Evaluation("an integer is divided by 0"));
    }
    let truncated = node.attributes.int("fmod", node.probe)?.unwrap_or(0) != 0;
    let modulo = |a: i64, b: i64| {
        let rest = a.wrapping_rem(b);
        if !truncated && rest != 0 && (rest < 0) != (b < 0) { rest + b } else { rest }
    };
    Ok(match node.op {
        "Add" => Elements::Int(zip(a, b, i64::wrapping_add)),
        "Sub" => Elements::Int(zip(a, b, i64::wrapping_sub)),
        "Mul" => Elements::Int(zip(a, b, i64::wrapping_mul)),
        "Div" => Elements::Int(zip(a, b, i64::wrapping_div)),
        "Mod" => Elements::Int(zip(a, b, modulo)),
        "Pow" => Elements::Int(zip(a, b, |a, b| (a as f64).powf(b as f64) as i64)),
        "Min" => Elements::Int(zip(a, b, i64::min)),
        "Max" => Elements::Int(zip(a, b, i64::max)),
        op => compare(op, a, b)?,
    })
}

fn floats(node: &BoundNode, a: &[f32], b: &[f32]) -> Result<Elements> {
    let truncated = node.attributes.int("fmod", node.probe)?.unwrap_or(0) != 0;
    Ok(match node.op {
        "Add" => Elements::Float(zip(a, b, |a, b| a + b)),
        "Sub" => Elements::Float(zip(a, b, |a, b| a - b)),
        "Mul" => Elements::Float(zip(a, b, |a, b| a * b)),
        "Div" => Elements::Float(zip(a, b, |a, b| a / b)),
        "Mod" if truncated => Elements::Float(zip(a, b, |a, b| a % b)),
        "Pow" => Elements::Float(zip(a, b, f32::powf)),
        "Min" => Elements::Float(zip(a, b, f32::min)),
        "Max" => Elements::Float(zip(a, b, f32::max)),
        op => compare(op, a, b)?,
    })
}

fn compare<T: Copy + PartialOrd>(op: &str, a: &[T], b: &[T]) -> Result<Elements> {
    Ok(Elements::Bool(match op {
        "Equal" => zip(a, b, |a, b| a == b),
        "Less" => zip(a, b, |a, b| a < b),
        "Greater" => zip(a, b, |a, b| a > b),
        "LessOrEqual" => zip(a, b, |a, b| a <= b),
        "GreaterOrEqual" => zip(a, b, |a, b| a >= b),
        _ => return Err(TYPES),
    }))
}

fn bools(op: &str, a: &[bool], b: &[bool]) -> Result<Elements> {
    Ok(Elements::Bool(match op {
        "And" => zip(a, b, |a, b| a && b),
        "Or" => zip(a, b, |a, b| a || b),
        "Xor" => zip(a, b, |a, b| a != b),
        "Equal" => zip(a, b, |a, b| a == b),
        _ => return Err(TYPES),
    }))
}

fn select(node: &BoundNode) -> Result<Option<Array>> {
    let (condition, x, y) = (node.input(0)?, node.input(1)?, node.input(2)?);
    let shape = broadcast(&broadcast(&condition.shape, &x.shape)?, &y.shape)?;
    if small(&shape).is_none() {
        return Ok(None);
    }
    let spread = |array: &Array| array.pick(shape.clone(), broadcast_indices(&shape, &array.shape));
    let Elements::Bool(condition) = spread(condition).elements else { return Err(TYPES) };
    fn choose<T: Copy>(condition: &[bool], x: &[T], y: &[T]) -> Vec<T> {
        (0..condition.len()).map(|i| if condition[i] { x[i] } else { y[i] }).collect()
    }
    let elements = match (spread(x).elements, spread(y).elements) {
        (Elements::Float(x), Elements::Float(y)) => Elements::Float(choose(&condition, &x, &y)),
        (Elements::Int(x), Elements::Int(y)) => Elements::Int(choose(&condition, &x, &y)),
        (Elements::Bool(x), Elements::Bool(y)) => Elements::Bool(choose(&condition, &x, &y)),
        _ => return Err(TYPES),
    };
    Ok(Some(Array { shape, elements }))
}
