//! Elementwise operators of one tensor.
//!
//! | operator | Y |
//! |---|---|
//! | `Relu` | `max(X, 0)` |
//! | `Tanh` | `tanh(X)` |

use serde::{Deserialize, Serialize};

use super::inputs::Inputs;
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
