//! `BatchNormalization` in inference mode, with given statistics.
//!
//! ```text
//! Y = (X - input_mean) / sqrt(input_var + epsilon) * scale + B     for every channel
//! ```
//!
//! | | shape |
//! |---|---|
//! | X, Y | `[N, C, ..]`, rank 2 or more |
//! | scale, B, input_mean, input_var | `[C]` |

use serde::{Deserialize, Serialize};

use super::inputs::{Inputs, require, require_param};
use super::normalization::require_epsilon;
use super::{Case, NodeError, Operator, Reach};
use crate::tensor::TensorType;

/// Parameters of `BatchNormalization`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BatchNormalization {
    /// Added to the variance.
    pub epsilon: f32,
    /// Only used in training mode; no effect here.
    pub momentum: f32,
    /// Must be false: statistics are inputs.
    pub training_mode: bool,
}

impl Default for BatchNormalization {
    fn default() -> Self {
        Self { epsilon: 1e-5, momentum: 0.9, training_mode: false }
    }
}

impl Operator for BatchNormalization {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        inputs.count(5..=5)?;
        let x = inputs.float(0, "X")?;
        require(x.shape.len() >= 2, 0, "X", "[batch, channels, ..] of rank 2 or more", x)?;
        for (index, name) in ["scale", "B", "input_mean", "input_var"].into_iter().enumerate() {
            let found = inputs.float(index + 1, name)?;
            require(found.shape == x.shape[1..2], index + 1, name, format!("[{}]", x.shape[1]), found)?;
        }
        require_epsilon(self.epsilon)?;
        require_param(self.momentum.is_finite(), "momentum", "a finite number", self.momentum)?;
        require_param(!self.training_mode, "training_mode", "false", self.training_mode)?;
        Ok(vec![x.clone()])
    }

    fn reach(&self, _: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
        let mut reach = vec![Reach::Everything("its scale and statistics"); 5];
        reach[0] = Reach::Pointwise;
        reach
    }

    fn cases() -> Vec<Case> {
        let case = |name: &str, epsilon, x: &[usize]| {
            let c = x[1];
            let op = Self { epsilon, ..Self::default() };
            let case = Case::new(name, op).float(x, -1.0..1.0).weight([c], 0.5..1.5).weight([c], -1.0..1.0);
            case.weight([c], -0.5..0.5).weight([c], 0.25..2.0)
        };
        let open = Case::new("statistics are inputs", Self { momentum: 0.5, ..Self::default() });
        let open = open.float([2, 3, 2, 2], -1.0..1.0).float([3], 0.5..1.5).float([3], -1.0..1.0);
        vec![
            case("smallest", 1e-5, &[1, 1]),
            case("odd size 97x61", 1e-5, &[1, 3, 97, 61]),
            case("large epsilon, batch 2, rank 3", 0.5, &[2, 5, 7]),
            case("rank 5", 1e-3, &[2, 2, 3, 2, 3]),
            open.float([3], -0.5..0.5).float([3], 0.25..2.0),
        ]
    }
}
