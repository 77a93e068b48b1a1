//! `Softmax` and `LogSoftmax` along one axis.
//!
//! | operator | output |
//! |---|---|
//! | `Softmax` | `exp(x) / sum of exp(x)` along `axis` |
//! | `LogSoftmax` | `x - log(sum of exp(x))` along `axis` |
//!
//! Both first subtract the largest `x` along the axis to avoid overflow. The output has the input's shape.

use serde::{Deserialize, Serialize};

use super::inputs::{Inputs, normalize_axes};
use super::reduce::{Reduction, reach};
use super::{Case, NodeError, Operator, Reach};
use crate::tensor::TensorType;

macro_rules! softmax {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            /// The axis; a negative axis counts from the end.
            pub axis: i64,
        }

        impl Default for $name {
            fn default() -> Self {
                Self { axis: -1 }
            }
        }

        impl Reduction for $name {
            fn reduced(&self, rank: usize) -> Result<Vec<bool>, NodeError> {
                let axes = normalize_axes(&[self.axis], rank, "axis")?;
                Ok((0..rank).map(|axis| axes.contains(&axis)).collect())
            }
        }

        impl Operator for $name {
            fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
                inputs.count(1..=1)?;
                let input = inputs.float(0, "input")?;
                self.reduced(input.shape.len())?;
                Ok(vec![input.clone()])
            }

            fn reach(&self, inputs: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
                reach(self, inputs)
            }

            fn cases() -> Vec<Case> {
                let case = |name: &str, axis, x: &[usize]| Case::new(name, Self { axis }).float(x, -3.0..3.0);
                vec![
                    case("one element", -1, &[1]),
                    case("odd rows", -1, &[2, 3, 7]),
                    case("rows longer than a workgroup", -1, &[3, 131]),
                    case("channels 97x61", 1, &[1, 3, 97, 61]),
                    case("batch 2", 0, &[2, 3, 5, 4]),
                    case("from the end", -2, &[2, 1, 4, 3, 2]),
                    Case::new("large numbers", Self { axis: -1 }).float([2, 5], 9000.0..9010.0).not_differentiable(),
                ]
            }
        }
    )*};
}

softmax! {
    /// Parameters of `Softmax`.
    Softmax;
    /// Parameters of `LogSoftmax`.
    LogSoftmax;
}
