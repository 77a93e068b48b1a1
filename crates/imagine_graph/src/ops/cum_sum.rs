//! `CumSum`: cumulative sum along an axis.
//!
//! `Y[.., i, ..]` is the sum of `X[.., j, ..]` over `j <= i`; over `j < i` if `exclusive`; over `j >= i` (`j > i`) if `reverse`.
//! Summation starts at the first element, or at the last if `reverse`.

use serde::{Deserialize, Serialize};

use super::inputs::{Inputs, normalize_axes, output, require};
use super::{Case, NodeError, Operator, Reach, Window};
use crate::tensor::{DType, PerAxis, TensorType};

/// Parameters of `CumSum`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CumSum {
    /// The axis.
    pub axis: i64,
    /// Whether each element excludes its own value.
    pub exclusive: bool,
    /// Whether summation starts at the end.
    pub reverse: bool,
}

impl CumSum {
    /// The axis counted from the front.
    pub fn axis(&self, rank: usize) -> Result<usize, NodeError> {
        Ok(normalize_axes(&[self.axis], rank, "axis")?[0])
    }
}

impl Operator for CumSum {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        inputs.count(1..=1)?;
        let x = inputs.required(0, "x")?;
        require(x.dtype != DType::Bool, 0, "x", "numbers", x)?;
        self.axis(x.shape.len())?;
        Ok(vec![output(x.dtype, x.shape.clone())?])
    }

    fn reach(&self, inputs: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
        let rank = inputs[0].map_or(0, |t| t.shape.len());
        let in_image = self.axis(rank).is_ok_and(|axis| axis + 2 >= rank);
        vec![if in_image {
            Reach::Everything("height or width from one end")
        } else {
            Reach::Window(PerAxis::splat(Window::POINT))
        }]
    }

    fn cases() -> Vec<Case> {
        let op = |axis, exclusive, reverse| Self { axis, exclusive, reverse };
        let case = |name: &str, op: Self, x: &[usize]| Case::new(name, op).float(x, -1.0..1.0);
        vec![
            case("one element", op(0, false, false), &[1]),
            case("rows, batch 2", op(-1, false, false), &[2, 3, 5, 7]),
            case("channels 97x61", op(1, false, true), &[1, 3, 97, 61]),
            case("exclusive", op(0, true, false), &[5, 3]),
            case("exclusive, reverse", op(2, true, true), &[2, 1, 6, 2]),
            case("exclusive, one element", op(0, true, false), &[1, 3]),
            Case::new("integers", op(1, false, true)).int([2, 5], -9..9).not_differentiable(),
        ]
    }
}
