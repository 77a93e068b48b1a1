//! Elementwise operators of one tensor.
//!
//! | operator | Y |
//! |---|---|
//! | `Relu` | `max(X, 0)` |
//! | `LeakyRelu` | `X` where positive, else `alpha X` |
//! | `ThresholdedRelu` | `X` where above `alpha`, else 0 |
//! | `Elu` | `X` where positive, else `alpha (exp(X) - 1)` |
//! | `Selu` | `gamma X` where positive, else `gamma alpha (exp(X) - 1)` |
//! | `Gelu` | `X P(N(0, 1) <= X)`, exact or with the tanh approximation |
//! | `Mish` | `X tanh(ln(1 + exp(X)))` |
//! | `Softplus` `Softsign` | `ln(1 + exp(X))`, `X / (1 + abs(X))` |
//! | `Sigmoid` | `1 / (1 + exp(-X))` |
//! | `HardSigmoid` `HardSwish` | `clip(alpha X + beta, 0, 1)`, `X clip(X / 6 + 1 / 2, 0, 1)` |
//! | `Tanh` `Sin` `Cos` `Asin` `Acos` `Atan` `Exp` `Log` `Sqrt` `Erf` `Reciprocal` | the function; angles in radians |
//! | `Floor` `Ceil` `Round` | whole numbers; `Round` rounds halves to even |
//! | `Neg` `Abs` `Sign` | of floats or integers |
//! | `Not` | of booleans |
//! | `Clip` | `X` limited to `min` and `max` |
//! | `Identity` | `X`, of any element type |

use serde::{Deserialize, Serialize};

use super::inputs::{Inputs, require, require_param};
use super::{Case, NodeError, Operator, Reach};
use crate::tensor::{DType, Tensor, TensorData, TensorType};

/// Operators without parameters: accepted element types, and ranges of their cases.
macro_rules! unary {
    ($($(#[$doc:meta])* $name:ident by $infer:ident, cases $cases:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {}

        impl Operator for $name {
            fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
                $infer(inputs)
            }

            fn reach(&self, _: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
                vec![Reach::Pointwise]
            }

            fn cases() -> Vec<Case> {
                $cases(Self {})
            }
        }
    )*};
}

unary! {
    /// `Relu` has no parameters.
    Relu by infer, cases |op| cases(op, -2.0..2.0);
    /// `Tanh` has no parameters.
    Tanh by infer, cases |op| cases(op, -4.0..4.0);
    /// `Sigmoid` has no parameters.
    Sigmoid by infer, cases |op| cases(op, -6.0..6.0);
    /// `Softplus` has no parameters.
    Softplus by infer, cases |op| cases(op, -6.0..6.0);
    /// `Softsign` has no parameters.
    Softsign by infer, cases |op| cases(op, -6.0..6.0);
    /// `Mish` has no parameters.
    Mish by infer, cases |op| cases(op, -6.0..6.0);
    /// `HardSwish` has no parameters.
    HardSwish by infer, cases |op| cases(op, -4.0..4.0);
    /// `Sin` has no parameters.
    Sin by infer, cases |op| cases(op, -20.0..20.0);
    /// `Cos` has no parameters.
    Cos by infer, cases |op| cases(op, -20.0..20.0);
    /// `Asin` has no parameters.
    Asin by infer, cases |op| cases(op, -0.95..0.95);
    /// `Acos` has no parameters.
    Acos by infer, cases |op| cases(op, -0.95..0.95);
    /// `Atan` has no parameters.
    Atan by infer, cases |op| cases(op, -8.0..8.0);
    /// `Exp` has no parameters.
    Exp by infer, cases |op| cases(op, -4.0..2.0);
    /// `Log` has no parameters.
    Log by infer, cases |op| cases(op, 0.1..4.0);
    /// `Sqrt` has no parameters.
    Sqrt by infer, cases |op| cases(op, 0.1..4.0);
    /// `Erf` has no parameters.
    Erf by infer, cases |op| cases(op, -3.0..3.0);
    /// `Reciprocal` has no parameters.
    Reciprocal by infer, cases |op| cases(op, 0.5..4.0);
    /// `Floor` has no parameters.
    Floor by infer, cases steps;
    /// `Ceil` has no parameters.
    Ceil by infer, cases steps;
    /// `Round` has no parameters.
    Round by infer, cases steps;
    /// `Neg` has no parameters.
    Neg by infer_number, cases |op| numbers(cases(op, -2.0..2.0));
    /// `Abs` has no parameters.
    Abs by infer_number, cases |op| numbers(cases(op, -2.0..2.0));
    /// `Sign` has no parameters.
    Sign by infer_number, cases |op| numbers(steps(op));
    /// `Not` has no parameters.
    Not by infer_truth, cases |op: Self| {
        let case = |name: &str, shape: &[usize]| Case::new(name, op.clone()).bool(shape).not_differentiable();
        vec![case("scalar", &[]), case("batch 2", &[2, 3, 9, 7]), case("odd size 97x61", &[97, 61])]
    };
    /// `Identity` has no parameters.
    Identity by infer_any, cases |op| cases(op, -1.0..1.0);
}

/// Operators on floats whose parameters are finite numbers with ONNX's defaults.
macro_rules! unary_with_numbers {
    ($($(#[$doc:meta])* $name:ident by $cases:ident on $range:expr, case $case:expr, {$($(#[$field_doc:meta])* $field:ident = $default:expr,)*})*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: f32,)*
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)* }
            }
        }

        impl Operator for $name {
            fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
                $(require_param(self.$field.is_finite(), stringify!($field), "a finite number", self.$field)?;)*
                infer(inputs)
            }

            fn reach(&self, _: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
                vec![Reach::Pointwise]
            }

            fn cases() -> Vec<Case> {
                $cases($case, $range)
            }
        }
    )*};
}

unary_with_numbers! {
    /// Parameters of `LeakyRelu`.
    LeakyRelu by cases on -2.0..2.0, case Self { alpha: 0.2 }, {
        /// Slope for negative inputs.
        alpha = 0.01,
    }
    /// Parameters of `ThresholdedRelu`.
    ThresholdedRelu by jumps on -2.0..2.0, case Self { alpha: 0.3 }, {
        /// Threshold.
        alpha = 1.0,
    }
    /// Parameters of `Elu`.
    Elu by cases on -4.0..4.0, case Self { alpha: 1.5 }, {
        /// Negated limit for large negative inputs.
        alpha = 1.0,
    }
    /// Parameters of `Selu`.
    Selu by cases on -4.0..4.0, case Self { alpha: 1.5, gamma: 0.8 }, {
        /// Negated limit for large negative inputs, before `gamma`.
        alpha = 1.673_263_2,
        /// Scale of the result.
        gamma = 1.050_701,
    }
    /// Parameters of `HardSigmoid`.
    HardSigmoid by cases on -4.0..4.0, case Self { alpha: 0.3, beta: 0.4 }, {
        /// Slope between 0 and 1.
        alpha = 0.2,
        /// Value at 0.
        beta = 0.5,
    }
}

/// How `Gelu` computes the normal distribution.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Approximate {
    /// Exact, with the error function.
    #[default]
    None,
    /// `X / 2 (1 + tanh(sqrt(2 / pi) (X + 0.044715 X^3)))`.
    Tanh,
}

/// Parameters of `Gelu`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Gelu {
    /// How to compute the normal distribution.
    pub approximate: Approximate,
}

impl Operator for Gelu {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        infer(inputs)
    }

    fn reach(&self, _: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
        vec![Reach::Pointwise]
    }

    fn cases() -> Vec<Case> {
        let tanh = cases(Self { approximate: Approximate::Tanh }, -4.0..4.0).into_iter();
        let tanh = tanh.map(|case| Case { name: format!("tanh, {}", case.name), ..case });
        cases(Self::default(), -4.0..4.0).into_iter().chain(tanh).collect()
    }
}

/// Parameters of `Clip`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Clip {
    /// Lower bound; none if absent.
    pub min: Option<f32>,
    /// Upper bound; none if absent.
    pub max: Option<f32>,
}

impl Operator for Clip {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        let bound = |bound: Option<f32>| bound.is_none_or(f32::is_finite);
        require_param(bound(self.min), "min", "a finite number", self.min)?;
        require_param(bound(self.max), "max", "a finite number", self.max)?;
        infer(inputs)
    }

    fn reach(&self, _: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
        vec![Reach::Pointwise]
    }

    fn cases() -> Vec<Case> {
        let bounded = |min, max| cases(Self { min, max }, -2.0..2.0);
        let named = |name: &'static str, cases: Vec<Case>| {
            cases.into_iter().map(move |case| Case { name: format!("{name}, {}", case.name), ..case })
        };
        let both = named("both", bounded(Some(-0.5), Some(1.0)));
        let low = named("min", bounded(Some(-0.5), None)).take(2);
        both.chain(low).chain(named("max", bounded(None, Some(1.0))).take(2)).collect()
    }
}

pub(crate) fn infer(inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
    inputs.count(1..=1)?;
    Ok(vec![inputs.float(0, "X")?.clone()])
}

/// One input of floats or integers.
fn infer_number(inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
    inputs.count(1..=1)?;
    Ok(vec![inputs.number(0, "X")?.clone()])
}

fn infer_truth(inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
    inputs.count(1..=1)?;
    let found = inputs.required(0, "X")?;
    require(found.dtype == DType::Bool, 0, "X", "booleans", found)?;
    Ok(vec![found.clone()])
}

fn infer_any(inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
    inputs.count(1..=1)?;
    Ok(vec![inputs.required(0, "input")?.clone()])
}

pub(crate) fn cases(op: impl Operator, range: std::ops::Range<f32>) -> Vec<Case> {
    let case = |name: &str, shape: &[usize]| Case::new(name, op.clone()).float(shape, range.clone());
    vec![
        case("scalar", &[]),
        case("1x1", &[1, 1, 1, 1]),
        case("batch 2", &[2, 3, 9, 7]),
        case("odd size 97x61", &[1, 3, 97, 61]),
        case("rank 6", &[2, 1, 3, 1, 2, 5]),
    ]
}

/// Cases of a discontinuous function, without gradients.
fn jumps(op: impl Operator, range: std::ops::Range<f32>) -> Vec<Case> {
    cases(op, range).into_iter().map(Case::not_differentiable).collect()
}

/// Cases of a step function: seeded numbers and halves of both signs, without gradients.
fn steps(op: impl Operator) -> Vec<Case> {
    let halves = Tensor::f32([2, 5], [-2.5, -1.5, -0.5, 0.0, 0.5, 1.5, 2.5, -3.0, 4.0, 1.2]);
    let mut cases = jumps(op.clone(), -4.0..4.0);
    cases.push(Case::new("halves", op).tensor(halves).not_differentiable());
    cases
}

/// `cases` and one with integers.
fn numbers(mut cases: Vec<Case>) -> Vec<Case> {
    let integers = Tensor::new(vec![2, 3], TensorData::I32(vec![-7, 0, 3, i32::MIN + 1, i32::MAX, -1]));
    let op = cases[0].op.clone();
    cases.push(Case::new("integers", op).tensor(integers).not_differentiable());
    cases
}
