//! `Pad`: elements added around a tensor. A negative pad cuts elements off, as in ONNX.

use serde::{Deserialize, Serialize};

use super::conv::MAX_WINDOW;
use super::inputs::{Inputs, output, require_param};
use super::{Case, Operator, PadMode};
use crate::error::NodeError;
use crate::support::{Reach, Window};
use crate::tensor::TensorType;

/// Parameters of `Pad`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Pad {
    /// Elements added before each axis, then those added after each axis; negative ones are cut off.
    pub pads: Vec<i64>,
    /// What the added elements are.
    pub mode: PadMode,
    /// The constant of mode `constant`.
    pub value: f32,
}

impl Pad {
    /// Elements added before and after each axis of a tensor of `rank`.
    pub fn sides(&self, rank: usize) -> Result<Vec<[i64; 2]>, NodeError> {
        let expected = format!("{} numbers, two for each axis", 2 * rank);
        require_param(self.pads.len() == 2 * rank, "pads", expected, &self.pads)?;
        Ok((0..rank).map(|axis| [self.pads[axis], self.pads[rank + axis]]).collect())
    }

    /// Fails where the mode cannot fill one axis. What is cut off is cut before the rest is padded.
    fn check_axis(&self, length: usize, [before, after]: [i64; 2]) -> Result<(), NodeError> {
        let left = length as i64 + before.min(0) + after.min(0);
        let limit = match self.mode {
            PadMode::Constant => MAX_WINDOW as i64,
            PadMode::Edge if left > 0 => MAX_WINDOW as i64,
            PadMode::Edge => 0,
            PadMode::Reflect => left - 1,
            PadMode::Wrap => left,
        };
        let fits = before.max(after) <= limit.max(0) && before.min(after) >= -(MAX_WINDOW as i64);
        require_param(
            fits,
            "pads",
            format!("-4096 to {limit} on an axis of {length} in mode {:?}", self.mode),
            &self.pads,
        )
    }
}

impl Operator for Pad {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        inputs.count(1..=1)?;
        let data = inputs.float(0, "data")?;
        require_param(self.value.is_finite(), "value", "a finite number", self.value)?;
        let mut shape = Vec::with_capacity(data.shape.len());
        for (length, sides) in data.shape.iter().zip(self.sides(data.shape.len())?) {
            self.check_axis(*length, sides)?;
            shape.push((*length as i64 + sides[0] + sides[1]).max(0) as usize);
        }
        Ok(vec![output(data.dtype, shape)?])
    }

    fn reach(&self, inputs: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
        let rank = inputs[0].map_or(0, |t| t.shape.len());
        let window = |from_end: usize| {
            let before = rank.checked_sub(from_end).map_or(0, |axis| self.pads[axis]);
            Window { stride: 1, repeat: 1, low: -before, high: -before }
        };
        vec![Reach::Window([window(2), window(1)])]
    }

    fn cases() -> Vec<Case> {
        let case = |name: &str, pads: &[i64], mode: PadMode, value: f32, shape: &[usize]| {
            Case::new(name, Self { pads: pads.into(), mode, value }).float(shape, -1.0..1.0)
        };
        let image = [0, 0, 2, 1, 0, 0, 1, 3];
        vec![
            case("constant", &image, PadMode::Constant, 0.5, &[1, 3, 97, 61]),
            case("reflect", &image, PadMode::Reflect, 0.0, &[2, 3, 5, 7]),
            case("edge", &image, PadMode::Edge, 0.0, &[2, 3, 5, 7]),
            case("edge on 1x1", &image, PadMode::Edge, 0.0, &[1, 1, 1, 1]),
            case("wrap", &image, PadMode::Wrap, 0.0, &[2, 3, 5, 7]),
            case("cut", &[0, -1, 2, 0, -2, 1], PadMode::Wrap, 0.0, &[5, 4, 6]),
            case("nothing", &[0, 0], PadMode::Constant, 0.0, &[3]),
        ]
    }
}
