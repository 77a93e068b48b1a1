//! Elementwise operators of one tensor.
//!
//! | operator | Y |
//! |---|---|
//! | `Relu` | `max(X, 0)` |
//! | `LeakyRelu` | `X` where positive, else `alpha X` |
//! | `Sigmoid` | `1 / (1 + exp(-X))` |
//! | `Tanh` `Sin` `Cos` `Exp` `Sqrt` `Abs` | the function; angles in radians |
//! | `Clip` | `X` limited to `min` and `max` |
//! | `Identity` | `X`, of any element type |

use serde::{Deserialize, Serialize};

use super::inputs::{Inputs, require_param};
use super::{Case, Operator};
use crate::error::NodeError;
use crate::support::Reach;
use crate::tensor::TensorType;

macro_rules! unary {
    ($($(#[$doc:meta])* $name:ident on $range:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {}

        impl Operator for $name {
            fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
                infer(inputs)
            }

            fn reach(&self, _: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
                vec![Reach::Pointwise]
            }

            fn cases() -> Vec<Case> {
                cases(Self {}, $range)
            }
        }
    )*};
}

unary! {
    /// `Relu` has no parameters.
    Relu on -2.0..2.0;
    /// `Tanh` has no parameters.
    Tanh on -4.0..4.0;
    /// `Sigmoid` has no parameters.
    Sigmoid on -6.0..6.0;
    /// `Sin` has no parameters.
    Sin on -20.0..20.0;
    /// `Cos` has no parameters.
    Cos on -20.0..20.0;
    /// `Exp` has no parameters.
    Exp on -4.0..2.0;
    /// `Sqrt` has no parameters.
    Sqrt on 0.1..4.0;
    /// `Abs` has no parameters.
    Abs on -2.0..2.0;
}

/// Parameters of `Clip`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Clip {
    /// Smallest value, if there is one.
    pub min: Option<f32>,
    /// Largest value, if there is one.
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

/// Parameters of `LeakyRelu`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LeakyRelu {
    /// Slope where the input is negative.
    pub alpha: f32,
}

impl Default for LeakyRelu {
    fn default() -> Self {
        Self { alpha: 0.01 }
    }
}

impl Operator for LeakyRelu {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        require_param(self.alpha.is_finite(), "alpha", "a finite number", self.alpha)?;
        infer(inputs)
    }

    fn reach(&self, _: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
        vec![Reach::Pointwise]
    }

    fn cases() -> Vec<Case> {
        cases(Self { alpha: 0.2 }, -2.0..2.0)
    }
}

/// `Identity` has no parameters.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {}

impl Operator for Identity {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        inputs.count(1..=1)?;
        Ok(vec![inputs.required(0, "input")?.clone()])
    }

    fn reach(&self, _: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
        vec![Reach::Pointwise]
    }

    fn cases() -> Vec<Case> {
        cases(Self {}, -1.0..1.0)
    }
}

pub(crate) fn infer(inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
    inputs.count(1..=1)?;
    Ok(vec![inputs.float(0, "X")?.clone()])
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
