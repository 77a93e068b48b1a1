//! `Constant`: a tensor in the graph itself, known when a plan is made.

use serde::{Deserialize, Serialize};

use super::inputs::{Inputs, output, require_param};
use super::{Case, NodeError, Operator, Reach};
use crate::tensor::{Tensor, TensorType, elements};

/// Parameters of `Constant`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Constant {
    /// The tensor.
    pub value: Tensor,
}

impl Default for Constant {
    fn default() -> Self {
        Self { value: Tensor::scalar(0.0) }
    }
}

impl Operator for Constant {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        inputs.count(0..=0)?;
        let Tensor { shape, .. } = &self.value;
        let count = self.value.len();
        require_param(
            elements(shape) == count,
            "value",
            format!("{} elements for shape {shape:?}", elements(shape)),
            count,
        )?;
        let finite = self.value.as_f32().is_none_or(|values| values.iter().all(|v| v.is_finite()));
        require_param(finite, "value", "finite numbers; use a weight for others", "NaN or infinity")?;
        Ok(vec![output(self.value.dtype(), shape.clone())?])
    }

    fn reach(&self, _: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
        Vec::new()
    }

    fn cases() -> Vec<Case> {
        let case = |name: &str, value: Tensor| Case::new(name, Self { value });
        vec![
            case("scalar", Tensor::scalar(0.25)),
            case("matrix", Tensor::f32([2, 3], vec![0.0, 1.0, -2.0, 3.5, 1e-3, -0.5])),
            case("integers", Tensor::new(vec![3], crate::tensor::TensorData::I32(vec![-1, 0, i32::MAX]))),
            case("truth values", Tensor::new(vec![2], crate::tensor::TensorData::Bool(vec![true, false]))),
        ]
    }
}
