//! `Concat`: joins tensors along an axis; all other axes and the element types must be equal.

use serde::{Deserialize, Serialize};

use super::inputs::{Inputs, normalize_axes, output, require};
use super::{Case, NodeError, Operator, Reach};
use crate::tensor::TensorType;

/// Parameters of `Concat`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Concat {
    /// Axis to join along; a negative axis counts from the end.
    pub axis: i64,
}

impl Concat {
    /// The axis, counted from the front, of tensors of `rank`.
    pub fn axis(&self, rank: usize) -> Result<usize, NodeError> {
        Ok(normalize_axes(&[self.axis], rank, "axis")?[0])
    }
}

impl Operator for Concat {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        inputs.count(1..=64)?;
        let first = inputs.required(0, "inputs")?;
        let axis = self.axis(first.shape.len())?;
        let mut shape = first.shape.clone();
        for input in 1..inputs.types.len() {
            let next = inputs.required(input, "inputs")?;
            let mut expected = first.clone();
            if next.shape.len() == expected.shape.len() {
                expected.shape[axis] = next.shape[axis];
            }
            require(*next == expected, input, "inputs", format!("{first} except along axis {axis}"), next)?;
            shape[axis] = shape[axis].saturating_add(next.shape[axis]);
        }
        Ok(vec![output(first.dtype, shape)?])
    }

    fn reach(&self, inputs: &[Option<&TensorType>], output: &TensorType) -> Vec<Reach> {
        let rank = output.shape.len();
        let spatial = self.axis(rank).is_ok_and(|axis| axis + 2 >= rank);
        vec![if spatial { Reach::Everything("a shifted part") } else { Reach::Pointwise }; inputs.len()]
    }

    fn cases() -> Vec<Case> {
        let case = |name: &str, axis: i64, shapes: &[&[usize]]| {
            shapes.iter().fold(Case::new(name, Self { axis }), |case, shape| case.float(*shape, -1.0..1.0))
        };
        vec![
            case("one", 0, &[&[1]]),
            case("channels 97x61", 1, &[&[1, 2, 97, 61], &[1, 3, 97, 61]]),
            case("three, batch 2, last axis", -1, &[&[2, 3, 4, 5], &[2, 3, 4, 1], &[2, 3, 4, 2]]),
            case("rows", 2, &[&[2, 3, 4, 5], &[2, 3, 1, 5]]),
        ]
    }
}
