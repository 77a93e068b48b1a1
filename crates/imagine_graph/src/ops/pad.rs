//! `Pad`: adds elements around a tensor. A negative pad crops first, as in ONNX.
//!
//! | mode | element at index i outside `0 .. D` |
//! |---|---|
//! | `constant` | `value` |
//! | `reflect` | mirrored at the first and the last element, again and again; the one element if D = 1 |
//! | `edge` | the nearest element |
//! | `wrap` | element `i mod D` |

use serde::{Deserialize, Serialize};

use super::inputs::{Inputs, normalize_axes, output, require_param};
use super::window::MAX_WINDOW;
use super::{Case, NodeError, Operator, PadMode, Reach, Window};
use crate::tensor::{Axis, DType, PerAxis, TensorType};

/// Parameters of `Pad`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Pad {
    /// Elements to add before each axis of `axes`, then after each; negative numbers crop.
    pub pads: Vec<i64>,
    /// Values of the added elements.
    pub mode: PadMode,
    /// Value of mode `constant`; a whole number for integers, 0 or 1 for booleans.
    pub value: f32,
    /// The axes to pad; all, in order, if empty.
    pub axes: Vec<i64>,
}

impl Pad {
    /// Elements added before and after each axis of a tensor of `rank`.
    pub fn sides(&self, rank: usize) -> Result<Vec<[i64; 2]>, NodeError> {
        let axes = match self.axes.is_empty() {
            true => (0..rank).collect(),
            false => normalize_axes(&self.axes, rank, "axes")?,
        };
        let expected = format!("{} numbers, two for each axis", 2 * axes.len());
        require_param(self.pads.len() == 2 * axes.len(), "pads", expected, &self.pads)?;
        let mut sides = vec![[0, 0]; rank];
        for (index, &axis) in axes.iter().enumerate() {
            sides[axis] = [self.pads[index], self.pads[axes.len() + index]];
        }
        Ok(sides)
    }

    /// Fails if the mode cannot fill an axis: only a constant can fill an axis without elements.
    fn check_axis(&self, length: usize, [before, after]: [i64; 2]) -> Result<(), NodeError> {
        let range = -(MAX_WINDOW as i64)..=MAX_WINDOW as i64;
        let fits = range.contains(&before) && range.contains(&after);
        require_param(fits, "pads", "-4096 to 4096", &self.pads)?;
        let left = length as i64 + before.min(0) + after.min(0);
        let fills = left > 0 || (left == 0 && self.mode == PadMode::Constant) || before.max(after) <= 0;
        let expected = format!("at least one of {length} elements to remain in mode {:?}", self.mode);
        require_param(fills, "pads", expected, &self.pads)
    }

    fn check_value(&self, dtype: DType) -> Result<(), NodeError> {
        let (sound, expected) = match dtype {
            DType::F32 => (self.value.is_finite(), "a finite number"),
            DType::I32 => (self.value.fract() == 0.0 && self.value.abs() <= 16_777_216.0, "a whole number within 2^24"),
            DType::Bool => ([0.0, 1.0].contains(&self.value), "0 or 1"),
        };
        require_param(sound, "value", expected, self.value)
    }
}

impl Operator for Pad {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        inputs.count(1..=1)?;
        let data = inputs.required(0, "data")?;
        self.check_value(data.dtype)?;
        let mut shape = Vec::with_capacity(data.shape.len());
        for (length, sides) in data.shape.iter().zip(self.sides(data.shape.len())?) {
            self.check_axis(*length, sides)?;
            shape.push((*length as i64 + sides[0] + sides[1]).max(0) as usize);
        }
        Ok(vec![output(data.dtype, shape)?])
    }

    fn reach(&self, inputs: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
        let rank = inputs[0].map_or(0, |t| t.shape.len());
        let sides = self.sides(rank).unwrap_or_default();
        let window = |axis: Axis| {
            let before = axis.index(rank).and_then(|index| sides.get(index)).map_or(0, |[before, _]| *before);
            Window { stride: 1, repeat: 1, low: -before, high: -before }
        };
        vec![Reach::Window(PerAxis::from_fn(window))]
    }

    fn cases() -> Vec<Case> {
        let op = |pads: &[i64], mode, value| Self { pads: pads.into(), mode, value, axes: Vec::new() };
        let case = |name: &str, pads: &[i64], mode: PadMode, value: f32, shape: &[usize]| {
            Case::new(name, op(pads, mode, value)).float(shape, -1.0..1.0)
        };
        let at = |axes: &[i64], op: Self| Self { axes: axes.into(), ..op };
        let image = [0, 0, 2, 1, 0, 0, 1, 3];
        let far = [0, 0, 7, 4, 0, 0, 9, 11];
        let swapped = at(&[-1, 0], op(&[2, 1, 0, 3], PadMode::Wrap, 0.0));
        vec![
            case("constant", &image, PadMode::Constant, 0.5, &[1, 3, 97, 61]),
            case("reflect", &image, PadMode::Reflect, 0.0, &[2, 3, 5, 7]),
            case("edge", &image, PadMode::Edge, 0.0, &[2, 3, 5, 7]),
            case("edge on 1x1", &image, PadMode::Edge, 0.0, &[1, 1, 1, 1]),
            case("wrap", &image, PadMode::Wrap, 0.0, &[2, 3, 5, 7]),
            case("reflect, more than the image", &far, PadMode::Reflect, 0.0, &[1, 2, 3, 2]),
            case("reflect on 1x1", &image, PadMode::Reflect, 0.0, &[1, 1, 1, 1]),
            case("wrap, more than the image", &far, PadMode::Wrap, 0.0, &[1, 2, 3, 2]),
            case("edge, more than the image", &far, PadMode::Edge, 0.0, &[1, 1, 3, 2]),
            case("cut", &[0, -1, 2, 0, -2, 1], PadMode::Wrap, 0.0, &[5, 4, 6]),
            case("cut, then reflect", &[-1, 3, 0, -2], PadMode::Reflect, 0.0, &[4, 5]),
            case("cut to nothing, then constant", &[-3, 2], PadMode::Constant, 0.25, &[3]),
            case("nothing", &[0, 0], PadMode::Constant, 0.0, &[3]),
            case("rank 6", &[0, 1, 0, 0, 2, 1, 1, 0, 0, 1, 0, 0], PadMode::Edge, 0.0, &[1, 2, 2, 1, 2, 3]),
            case(
                "rank 8",
                &[1, 0, 0, 1, 0, 2, 0, 1, 0, 1, 0, 0, 1, 0, 1, 0],
                PadMode::Wrap,
                0.0,
                &[2, 1, 2, 2, 3, 2, 1, 2],
            ),
            Case::new("two axes, swapped", swapped).float([3, 2, 4], -1.0..1.0),
            Case::new("integers", op(&[1, 2], PadMode::Constant, -7.0)).int([4], -9..9).not_differentiable(),
            Case::new("integers, wrap", op(&[5, 2], PadMode::Wrap, 0.0)).int([4], -9..9).not_differentiable(),
            Case::new("truth values", op(&[1, 0, 0, 2], PadMode::Constant, 1.0)).bool([2, 3]).not_differentiable(),
        ]
    }
}
