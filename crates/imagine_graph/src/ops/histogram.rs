//! `Histogram`: how often each place is named.
//!
//! `Y[0, 0, y, x]` is the number of elements of the input that are `y << 16 | x` and that count, i32 `[1, 1, height, width]`. Other elements
//! are left out. For a coordinate field it says how often each place of an exemplar is shown; with `height` 1, for an image of whole numbers, how
//! often each value occurs. Counts are integers, so that the order of counting does not matter and results are equal to the bit.

use serde::{Deserialize, Serialize};

use super::exemplar::MAX_EXEMPLAR_SIDE;
use super::inputs::{Inputs, output, require, require_param};
use super::{Case, NodeError, Operator, Reach, Tolerance};
use crate::tensor::{DType, TensorType};

/// Parameters of `Histogram`. Inputs: i32 of any shape; optionally which elements count, booleans of the same shape.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Histogram {
    /// Rows of places.
    pub height: usize,
    /// Columns of places.
    pub width: usize,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { height: 1, width: 256 }
    }
}

impl Operator for Histogram {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        inputs.count(1..=2)?;
        let data = inputs.required(0, "data")?;
        require(data.dtype == DType::I32, 0, "data", "integers", data)?;
        if let Some(counted) = inputs.optional(1) {
            let fits = counted.dtype == DType::Bool && counted.shape == data.shape;
            require(fits, 1, "counted", format!("booleans {:?}, as the data", data.shape), counted)?;
        }
        for (name, side) in [("height", self.height), ("width", self.width)] {
            let fits = (1..=MAX_EXEMPLAR_SIDE).contains(&side);
            require_param(fits, name, format!("1 to {MAX_EXEMPLAR_SIDE}"), side)?;
        }
        Ok(vec![output(DType::I32, vec![1, 1, self.height, self.width])?])
    }

    fn reach(&self, inputs: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
        vec![Reach::Everything("the data"); inputs.len()]
    }

    fn cases() -> Vec<Case> {
        let case = |name: &str, height, width, shape: Vec<usize>, range| {
            Case::new(name, Self { height, width }).int(shape, range).not_differentiable()
        };
        vec![
            case("one of one", 1, 1, vec![1], 0..1),
            case("bytes, and others", 1, 256, vec![2, 3, 17, 13], -9..300),
            case("field", 13, 7, vec![1, 1, 97, 61], 0..12 << 16 | 7),
            case("counted", 1, 5, vec![8, 9], 0..6).bool([8, 9]),
        ]
    }

    fn tolerance(&self) -> Tolerance {
        Tolerance::EXACT
    }
}
