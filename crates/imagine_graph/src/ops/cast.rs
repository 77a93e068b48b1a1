//! `Cast`: converts to another element type.
//!
//! | from | to | Y |
//! |---|---|---|
//! | floats | integers | X rounded towards zero and clamped to the range of integers; NaN becomes 0 |
//! | integers | floats | the nearest float |
//! | numbers | booleans | X is not 0 |
//! | booleans | numbers | 0 or 1 |

use serde::{Deserialize, Serialize};

use super::inputs::Inputs;
use super::{Case, NodeError, Operator, Reach};
use crate::tensor::{DType, Tensor, TensorData, TensorType};

/// Parameters of `Cast`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cast {
    /// Element type of the output.
    pub to: DType,
}

impl Operator for Cast {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        inputs.count(1..=1)?;
        let input = inputs.required(0, "input")?;
        Ok(vec![TensorType { dtype: self.to, shape: input.shape.clone() }])
    }

    fn reach(&self, _: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
        vec![Reach::Pointwise]
    }

    fn cases() -> Vec<Case> {
        const TYPES: [DType; 3] = [DType::F32, DType::I32, DType::Bool];
        let floats = Tensor::f32([2, 4], [-2.7, -0.5, 0.0, 0.5, 2.7, 1e12, -1e12, 16_777_216.0]);
        let integers = Tensor::new(vec![2, 2], TensorData::I32(vec![-3, 0, 16_777_217, i32::MIN]));
        let truths = Tensor::new(vec![3], TensorData::Bool(vec![true, false, true]));
        let case = |tensor: &Tensor, to| {
            let name = format!("{:?} to {to:?}", tensor.dtype());
            Case::new(name, Self { to }).tensor(tensor.clone()).not_differentiable()
        };
        let all = [floats, integers, truths];
        let mut cases: Vec<_> = all.iter().flat_map(|tensor| TYPES.map(|to| case(tensor, to))).collect();
        cases.push(
            Case::new("odd size 97x61", Self { to: DType::I32 }).float([1, 97, 61], -5.0..5.0).not_differentiable(),
        );
        cases
    }
}
