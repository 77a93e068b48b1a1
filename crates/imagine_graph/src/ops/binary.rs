//! Elementwise operators of two tensors with ONNX's (NumPy's) multidirectional broadcasting.
//!
//! | operator | C |
//! |---|---|
//! | `Add` `Sub` `Mul` `Div` | `A + B`, `A - B`, `A * B`, `A / B` |
//! | `Min` `Max` | the smaller, the larger |
//! | `Greater` | `A > B`, truth values |

use serde::{Deserialize, Serialize};

use super::inputs::{Inputs, broadcast, output};
use super::{Case, Operator};
use crate::error::NodeError;
use crate::support::Reach;
use crate::tensor::{DType, TensorType};

macro_rules! binary {
    ($($(#[$doc:meta])* $name:ident -> $dtype:ident, right $range:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {}

        impl Operator for $name {
            fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
                inputs.count(2..=2)?;
                let shape = broadcast(inputs.float(0, "A")?, inputs.float(1, "B")?)?;
                Ok(vec![output(DType::$dtype, shape)?])
            }

            fn reach(&self, inputs: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
                vec![Reach::Pointwise; inputs.len()]
            }

            fn cases() -> Vec<Case> {
                cases(Self {}, $range, DType::$dtype == DType::F32)
            }
        }
    )*};
}

binary! {
    /// `Add` has no parameters.
    Add -> F32, right -1.0..1.0;
    /// `Sub` has no parameters.
    Sub -> F32, right -1.0..1.0;
    /// `Mul` has no parameters.
    Mul -> F32, right -1.0..1.0;
    /// `Div` has no parameters.
    Div -> F32, right 0.5..1.5;
    /// `Min` has no parameters.
    Min -> F32, right -1.0..1.0;
    /// `Max` has no parameters.
    Max -> F32, right -1.0..1.0;
    /// `Greater` has no parameters.
    Greater -> Bool, right -1.0..1.0;
}

/// The shapes that broadcasting has to get right; `right` keeps the second operand where the formula is well conditioned.
fn cases(op: impl Operator, right: std::ops::Range<f32>, differentiable: bool) -> Vec<Case> {
    let case = |name: &str, a: &[usize], b: &[usize]| {
        let case = Case::new(name, op.clone()).float(a, -1.0..1.0).float(b, right.clone());
        if differentiable { case } else { case.not_differentiable() }
    };
    vec![
        case("scalars", &[], &[]),
        case("equal shapes", &[2, 3, 7, 5], &[2, 3, 7, 5]),
        case("odd size 97x61", &[1, 3, 97, 61], &[1, 3, 97, 61]),
        case("channel vector", &[2, 3, 5, 4], &[1, 3, 1, 1]),
        case("lower rank", &[2, 3, 5, 4], &[4]),
        case("both broadcast", &[3, 1, 5], &[1, 4, 1]),
        case("scalar right", &[2, 3], &[]),
        case("scalar left", &[], &[2, 3]),
        case("rank 6", &[2, 1, 2, 3, 1, 2], &[1, 2, 2, 1, 2, 2]),
    ]
}
