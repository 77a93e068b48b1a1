//! `Cast`: converts to another element type.
//!
//! | from | to | Y |
//! |---|---|---|
//! | floats | integers | X rounded towards zero and clamped to the range of integers; NaN becomes 0 |
//! | integers | floats | the nearest float |
//! | numbers | booleans | X is not 0 |
//! | booleans | numbers | 0 or 1 |
//! | floats | floats | X; with `bfloat16` rounded to 8 bits of significand, halves to even, as values of that type are |

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
    /// Whether to round floats to those of the type bfloat16.
    pub bfloat16: bool,
}

impl Cast {
    /// A cast to `to`.
    pub fn to(to: DType) -> Self {
        Self { to, bfloat16: false }
    }
}

impl Operator for Cast {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        inputs.count(1..=1)?;
        let input = inputs.required(0, "input")?;
        if self.bfloat16 && (self.to, input.dtype) != (DType::F32, DType::F32) {
            let expected = "false unless floats are cast to floats".into();
            return Err(NodeError::Param { name: "bfloat16", expected, found: "true".into() });
        }
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
            Case::new(name, Self::to(to)).tensor(tensor.clone()).not_differentiable()
        };
        let all = [floats, integers, truths];
        let mut cases: Vec<_> = all.iter().flat_map(|tensor| TYPES.map(|to| case(tensor, to))).collect();
        cases
            .push(Case::new("odd size 97x61", Self::to(DType::I32)).float([1, 97, 61], -5.0..5.0).not_differentiable());
        // Halfway up and down to even, just beside that, large, and subnormal.
        let bits = [0x3f80_8000, 0x3f81_8000, 0xbf81_7fff, 0x3f80_8001, 0x7e80_8000, 0x0000_8001, 0x8000_0000];
        let exact = Tensor::f32([7], bits.map(f32::from_bits));
        let rounding = Self { to: DType::F32, bfloat16: true };
        cases.push(Case::new("bfloat16", rounding.clone()).tensor(exact).not_differentiable());
        cases.push(Case::new("bfloat16 13x7", rounding).float([2, 13, 7], -3.0..3.0).not_differentiable());
        cases
    }
}
