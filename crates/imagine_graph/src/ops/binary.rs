//! Elementwise operators of two tensors with ONNX's (NumPy's) multidirectional broadcasting.
//!
//! | operator | C |
//! |---|---|
//! | `Add` `Sub` `Mul` `Div` | `A + B`, `A - B`, `A * B`, `A / B`, of floats or integers; integer division rounds towards zero |
//! | `Min` `Max` | minimum, maximum, of floats or integers |
//! | `Mod` | remainder of floats (needs `fmod`) or integers, with the sign of B, or of A with `fmod` |
//! | `Pow` | `A^B` in A's element type; A and B are floats or integers |
//! | `PRelu` | `A` where positive, else `A * B`; B broadcasts to A |
//! | `Greater` `GreaterOrEqual` `Less` `LessOrEqual` | booleans, of floats or integers |
//! | `Equal` | booleans, of any element type |
//! | `And` `Or` `Xor` | of booleans |
//!
//! Integers wrap. An integer divided by zero is itself, with remainder 0, as in WGSL.

use serde::{Deserialize, Serialize};

use super::inputs::{Inputs, broadcast, output, require, require_param};
use super::{Case, NodeError, Operator, Reach};
use crate::tensor::{DType, Tensor, TensorData, TensorType};

macro_rules! binary {
    ($($(#[$doc:meta])* $name:ident by $infer:ident, cases $cases:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {}

        impl Operator for $name {
            fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
                $infer(inputs)
            }

            fn reach(&self, inputs: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
                vec![Reach::Pointwise; inputs.len()]
            }

            fn cases() -> Vec<Case> {
                $cases(Self {})
            }
        }
    )*};
}

binary! {
    /// `Add` has no parameters.
    Add by arithmetic, cases |op| numbers(op, -1.0..1.0);
    /// `Sub` has no parameters.
    Sub by arithmetic, cases |op| numbers(op, -1.0..1.0);
    /// `Mul` has no parameters.
    Mul by arithmetic, cases |op| numbers(op, -1.0..1.0);
    /// `Div` has no parameters.
    Div by arithmetic, cases |op| numbers(op, 0.5..1.5);
    /// `Min` has no parameters.
    Min by arithmetic, cases |op| numbers(op, -1.0..1.0);
    /// `Max` has no parameters.
    Max by arithmetic, cases |op| numbers(op, -1.0..1.0);
    /// `Pow` has no parameters.
    Pow by power, cases power_cases;
    /// `PRelu` has no parameters.
    PRelu by slope, cases slope_cases;
    /// `Greater` has no parameters.
    Greater by compare, cases |op| without_gradient(numbers(op, -1.0..1.0));
    /// `GreaterOrEqual` has no parameters.
    GreaterOrEqual by compare, cases |op| without_gradient(numbers(op, -1.0..1.0));
    /// `Less` has no parameters.
    Less by compare, cases |op| without_gradient(numbers(op, -1.0..1.0));
    /// `LessOrEqual` has no parameters.
    LessOrEqual by compare, cases |op| without_gradient(numbers(op, -1.0..1.0));
    /// `Equal` has no parameters.
    Equal by equal, cases |op: Self| {
        let truth = Case::new("truth values", op.clone()).bool([2, 3, 5]).bool([3, 1]);
        without_gradient(numbers(op, -1.0..1.0).into_iter().chain([truth]).collect())
    };
    /// `And` has no parameters.
    And by logic, cases truths;
    /// `Or` has no parameters.
    Or by logic, cases truths;
    /// `Xor` has no parameters.
    Xor by logic, cases truths;
}

/// Parameters of `Mod`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mod {
    /// Whether the remainder has the sign of A, as in C's `fmod`; required for floats.
    pub fmod: bool,
}

impl Operator for Mod {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        let types = arithmetic(inputs)?;
        let sound = self.fmod || types[0].dtype == DType::I32;
        require_param(sound, "fmod", "true for floats", self.fmod)?;
        Ok(types)
    }

    fn reach(&self, inputs: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
        vec![Reach::Pointwise; inputs.len()]
    }

    fn cases() -> Vec<Case> {
        let c = Self { fmod: true };
        let integers = [integers(Self::default(), "integers, sign of B"), integers(c.clone(), "integers, sign of A")];
        let seeded = |name: &str, shape: &[usize]| {
            let case = Case::new(name, c.clone()).float(shape, -4.0..4.0);
            case.float(shape, 0.7..1.9).not_differentiable()
        };
        let floats = [seeded("scalar", &[]), seeded("batch 2", &[2, 3, 9, 7]), seeded("odd size 97x61", &[97, 61])];
        integers.into_iter().chain(floats).collect()
    }
}

/// Both floats or both integers, like the result.
fn arithmetic(inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
    inputs.count(2..=2)?;
    let (a, b) = (inputs.number(0, "A")?, inputs.number(1, "B")?);
    alike(a, b)?;
    Ok(vec![output(a.dtype, broadcast(a, b)?)?])
}

fn compare(inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
    let types = arithmetic(inputs)?;
    Ok(types.into_iter().map(|found| TensorType { dtype: DType::Bool, ..found }).collect())
}

fn equal(inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
    inputs.count(2..=2)?;
    let (a, b) = (inputs.required(0, "A")?, inputs.required(1, "B")?);
    alike(a, b)?;
    Ok(vec![output(DType::Bool, broadcast(a, b)?)?])
}

fn logic(inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
    let types = equal(inputs)?;
    let a = inputs.required(0, "A")?;
    require(a.dtype == DType::Bool, 0, "A", "booleans", a)?;
    Ok(types)
}

fn power(inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
    inputs.count(2..=2)?;
    let (a, b) = (inputs.number(0, "X")?, inputs.number(1, "Y")?);
    Ok(vec![output(a.dtype, broadcast(a, b)?)?])
}

fn slope(inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
    inputs.count(2..=2)?;
    let (x, slope) = (inputs.float(0, "X")?, inputs.float(1, "slope")?);
    let fits = broadcast(x, slope)? == x.shape;
    require(fits, 1, "slope", format!("a shape that broadcasts to {:?}, the shape of X", x.shape), slope)?;
    Ok(vec![x.clone()])
}

fn alike(a: &TensorType, b: &TensorType) -> Result<(), NodeError> {
    require(a.dtype == b.dtype, 1, "B", format!("the element type of A, {:?}", a.dtype), b)
}

/// Shapes that exercise broadcasting.
const SHAPES: [(&str, &[usize], &[usize]); 9] = [
    ("scalars", &[], &[]),
    ("equal shapes", &[2, 3, 7, 5], &[2, 3, 7, 5]),
    ("odd size 97x61", &[1, 3, 97, 61], &[1, 3, 97, 61]),
    ("channel vector", &[2, 3, 5, 4], &[1, 3, 1, 1]),
    ("lower rank", &[2, 3, 5, 4], &[4]),
    ("both broadcast", &[3, 1, 5], &[1, 4, 1]),
    ("scalar right", &[2, 3], &[]),
    ("scalar left", &[], &[2, 3]),
    ("rank 6", &[2, 1, 2, 3, 1, 2], &[1, 2, 2, 1, 2, 2]),
];

/// Floats of every shape, and integers; `right` is a range of the second operand in which the formula is well conditioned.
fn numbers(op: impl Operator, right: std::ops::Range<f32>) -> Vec<Case> {
    let case = |(name, a, b): (&str, &[usize], &[usize])| {
        Case::new(name, op.clone()).float(a, -1.0..1.0).float(b, right.clone())
    };
    let floats = SHAPES.into_iter().map(case);
    floats.chain([integers(op.clone(), "integers")]).collect()
}

/// Integers of both signs, equal integers, zero on the right, and the ends of the range.
fn integers(op: impl Operator, name: &str) -> Case {
    let a = vec![7, -7, 7, -7, 5, 0, i32::MAX, i32::MIN, 12, -9];
    let b = vec![3, 3, -3, -3, 5, 4, 2, 3, 0, 0];
    let tensor = |values| Tensor::new(vec![2, 5], TensorData::I32(values));
    Case::new(name, op).tensor(tensor(a)).tensor(tensor(b)).not_differentiable()
}

fn truths(op: impl Operator) -> Vec<Case> {
    let case =
        |(name, a, b): (&str, &[usize], &[usize])| Case::new(name, op.clone()).bool(a).bool(b).not_differentiable();
    SHAPES.into_iter().map(case).collect()
}

fn without_gradient(cases: Vec<Case>) -> Vec<Case> {
    cases.into_iter().map(Case::not_differentiable).collect()
}

fn power_cases(op: Pow) -> Vec<Case> {
    let case =
        |name: &str, a: &[usize], b: &[usize]| Case::new(name, op.clone()).float(a, 0.3..2.0).float(b, -2.0..2.0);
    let seeded = SHAPES.into_iter().map(|(name, a, b)| case(name, a, b));
    let whole = |values: &[i32]| Tensor::new(vec![values.len()], TensorData::I32(values.to_vec()));
    let bases = Tensor::f32([6], [-2.0, -1.5, 3.0, 0.5, -1.0, 0.0]);
    let exponents = Tensor::f32([6], [3.0, 2.0, -2.0, 0.0, -3.0, 2.0]);
    let signs = Case::new("negative bases, whole exponents", op.clone()).tensor(bases.clone()).tensor(exponents);
    let mixed = Case::new("integer exponents", op.clone()).tensor(bases).tensor(whole(&[3, 2, -2, 0, -3, 2]));
    let bases = || whole(&[2, -3, 1, -1, 7, 0]);
    let integers = Case::new("integers", op.clone()).tensor(bases()).tensor(whole(&[10, 3, -4, -3, 0, 5]));
    let roots = Tensor::f32([6], [2.0, 3.0, 0.0, 1.0, 1.0, 2.0]);
    let truncated = Case::new("integer bases", op.clone()).tensor(bases()).tensor(roots);
    seeded.chain([signs, mixed, integers, truncated].map(Case::not_differentiable)).collect()
}

fn slope_cases(op: PRelu) -> Vec<Case> {
    let case = |name: &str, x: &[usize], slope: &[usize]| {
        Case::new(name, op.clone()).float(x, -1.0..1.0).float(slope, 0.1..0.5)
    };
    vec![
        case("scalar", &[], &[]),
        case("channel vector", &[2, 3, 5, 4], &[3, 1, 1]),
        case("odd size 97x61", &[1, 3, 97, 61], &[1, 3, 97, 61]),
        case("one slope", &[2, 5], &[1]),
    ]
}
