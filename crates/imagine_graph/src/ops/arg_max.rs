//! `ArgMax` and `ArgMin`: the index of the largest or smallest element along an axis.
//!
//! | | shape |
//! |---|---|
//! | data | floats or integers, rank 1 or more |
//! | reduced | integers; data's shape with 1 at `axis`, or without it if `keepdims` is false |
//!
//! Among equal elements the first wins, or the last with `select_last_index`.

use serde::{Deserialize, Serialize};

use super::inputs::{Inputs, normalize_axes, output, require};
use super::reduce::{Reduction, reach, shape_without};
use super::{Case, NodeError, Operator, Reach};
use crate::tensor::{DType, Tensor, TensorData, TensorType};

macro_rules! arg {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            /// Axis to search along; a negative axis counts from the end.
            pub axis: i64,
            /// Whether the axis is kept with length 1.
            pub keepdims: bool,
            /// Whether the last of equal elements wins.
            pub select_last_index: bool,
        }

        impl Default for $name {
            fn default() -> Self {
                Self { axis: 0, keepdims: true, select_last_index: false }
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
                let data = inputs.required(0, "data")?;
                require(data.dtype != DType::Bool, 0, "data", "floats or integers", data)?;
                let reduced = self.reduced(data.shape.len())?;
                Ok(vec![output(DType::I32, shape_without(&data.shape, &reduced, self.keepdims))?])
            }

            fn reach(&self, inputs: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
                reach(self, inputs)
            }

            fn cases() -> Vec<Case> {
                cases(|axis, keepdims, select_last_index| Self { axis, keepdims, select_last_index })
            }
        }
    )*};
}

arg! {
    /// Parameters of `ArgMax`.
    ArgMax;
    /// Parameters of `ArgMin`.
    ArgMin;
}

fn cases<P: Operator>(op: impl Fn(i64, bool, bool) -> P) -> Vec<Case> {
    let float = |name: &str, axis, keepdims, last, x: &[usize]| {
        Case::new(name, op(axis, keepdims, last)).float(x, -1.0..1.0).not_differentiable()
    };
    let ties = Tensor::new(vec![3, 7], TensorData::I32((0..21).map(|i| i * i % 4 - 1).collect()));
    let tied =
        |name: &str, axis, last| Case::new(name, op(axis, false, last)).tensor(ties.clone()).not_differentiable();
    vec![
        float("one element", 0, true, false, &[1]),
        float("channels 97x61", 1, true, false, &[1, 3, 97, 61]),
        float("from the end, dropped", -1, false, false, &[2, 3, 5]),
        tied("first of equal integers", -1, false),
        tied("last of equal integers", -1, true),
        tied("last along the first axis", 0, true),
    ]
}
