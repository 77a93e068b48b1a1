//! `Trilu`: the upper or lower triangle of every matrix, zeros elsewhere.
//!
//! `Y[.., i, j] = X[.., i, j]` where `j - i >= k` if `upper`, or where `j - i <= k` if not; 0 (false) elsewhere.

use serde::{Deserialize, Serialize};

use super::inputs::{Inputs, output, require};
use super::{Case, NodeError, Operator, Reach};
use crate::tensor::TensorType;

/// Parameters of `Trilu`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Trilu {
    /// Whether to keep the upper triangle instead of the lower.
    pub upper: bool,
    /// Offset of the diagonal to the right of the main diagonal.
    pub k: i64,
}

impl Default for Trilu {
    fn default() -> Self {
        Self { upper: true, k: 0 }
    }
}

impl Trilu {
    /// Whether the element at `row` and `column` is kept.
    pub fn keeps(&self, row: usize, column: usize) -> bool {
        let right = column as i64 - row as i64;
        if self.upper { right >= self.k } else { right <= self.k }
    }
}

impl Operator for Trilu {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        inputs.count(1..=1)?;
        let data = inputs.required(0, "input")?;
        require(data.shape.len() >= 2, 0, "input", "rank 2 or more", data)?;
        Ok(vec![output(data.dtype, data.shape.clone())?])
    }

    fn reach(&self, _: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
        vec![Reach::Everything("it: the kept elements depend on row and column")]
    }

    fn cases() -> Vec<Case> {
        let case = |name: &str, upper, k, x: &[usize]| Case::new(name, Self { upper, k }).float(x, -1.0..1.0);
        vec![
            case("1x1", true, 0, &[1, 1]),
            case("upper, batch 2", true, 0, &[2, 3, 5, 4]),
            case("upper, to the right", true, 2, &[4, 6]),
            case("upper, to the left", true, -1, &[4, 6]),
            case("lower, 97x61", false, 0, &[1, 1, 97, 61]),
            case("lower, to the right", false, 1, &[6, 4]),
            case("lower, nothing stays", false, i64::MIN, &[2, 2]),
            Case::new("integers", Self { upper: false, k: -1 }).int([2, 3, 3], -9..9).not_differentiable(),
            Case::new("truth values", Self { upper: true, k: 1 }).bool([3, 4]).not_differentiable(),
        ]
    }
}
