//! `Where`: one of two tensors, element by element.
//!
//! | | shape |
//! |---|---|
//! | condition | booleans, broadcasts with X and Y |
//! | X, Y | of the same element type, broadcast with condition |
//! | output | `condition ? X : Y`, with the broadcast shape |

use serde::{Deserialize, Serialize};

use super::inputs::{Inputs, broadcast, output, require};
use super::{Case, NodeError, Operator, Reach};
use crate::tensor::{DType, TensorType};

/// `Where` has no parameters.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Where {}

impl Operator for Where {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        inputs.count(3..=3)?;
        let [condition, x, y] = [inputs.required(0, "condition")?, inputs.required(1, "X")?, inputs.required(2, "Y")?];
        require(condition.dtype == DType::Bool, 0, "condition", "booleans", condition)?;
        require(x.dtype == y.dtype, 2, "Y", format!("the element type of X, {:?}", x.dtype), y)?;
        let values = TensorType { dtype: x.dtype, shape: broadcast(x, y)? };
        Ok(vec![output(x.dtype, broadcast(condition, &values)?)?])
    }

    fn reach(&self, inputs: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
        vec![Reach::Pointwise; inputs.len()]
    }

    fn cases() -> Vec<Case> {
        let case = |name: &str, condition: &[usize], x: &[usize], y: &[usize]| {
            Case::new(name, Self {}).bool(condition).float(x, -1.0..1.0).float(y, -1.0..1.0)
        };
        vec![
            case("scalars", &[], &[], &[]),
            case("odd size 97x61", &[1, 3, 97, 61], &[1, 3, 97, 61], &[1, 3, 97, 61]),
            case("mask of one channel, batch 2", &[2, 1, 5, 7], &[], &[2, 3, 5, 7]),
            case("all three broadcast", &[3, 1, 1], &[1, 4, 1], &[1, 1, 5]),
        ]
    }
}
