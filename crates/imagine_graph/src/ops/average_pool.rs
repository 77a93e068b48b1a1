//! `AveragePool`: the mean over a window, with ONNX's rules for borders.
//!
//! | | shape |
//! |---|---|
//! | X | `[N, C, H, W]` |
//! | Y | `[N, C, (H + top + bottom - dilated kH)/sy + 1, ...]`, rounded down, or up with `ceil_mode` |
//!
//! With `ceil_mode` a window that would begin beyond the image and its begin padding is left out. Padding counts as zeros
//! if `count_include_pad`, else the mean is over the positions inside the image; what `ceil_mode` pushes beyond the end
//! padding never counts.

use serde::{Deserialize, Serialize};

use super::conv::MAX_WINDOW;
use super::inputs::{Inputs, output, require_param};
use super::{Case, Operator};
use crate::error::NodeError;
use crate::support::{Reach, Window};
use crate::tensor::{DType, TensorType};

/// Parameters of `AveragePool`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AveragePool {
    /// Size of the window, `[y, x]`.
    pub kernel_shape: [usize; 2],
    /// Step between output positions, `[y, x]`.
    pub strides: [usize; 2],
    /// Distance between window elements, `[y, x]`.
    pub dilations: [usize; 2],
    /// Positions added around the image, `[top, left, bottom, right]`; less than the dilated window.
    pub pads: [usize; 4],
    /// Whether output sizes round up.
    pub ceil_mode: bool,
    /// Whether padding counts in the mean.
    pub count_include_pad: bool,
}

impl Default for AveragePool {
    fn default() -> Self {
        Self {
            kernel_shape: [1, 1],
            strides: [1, 1],
            dilations: [1, 1],
            pads: [0; 4],
            ceil_mode: false,
            count_include_pad: false,
        }
    }
}

impl AveragePool {
    /// Length of the window along `axis`, gaps included.
    pub fn window(&self, axis: usize) -> usize {
        (self.kernel_shape[axis] - 1) * self.dilations[axis] + 1
    }

    fn side(&self, axis: usize, length: usize) -> usize {
        let (window, stride, begin) = (self.window(axis), self.strides[axis], self.pads[axis]);
        let Some(room) = (length + begin + self.pads[axis + 2]).checked_sub(window) else { return 0 };
        if !self.ceil_mode {
            return room / stride + 1;
        }
        let side = room.div_ceil(stride) + 1;
        if (side - 1) * stride >= length + begin { side - 1 } else { side }
    }
}

impl Operator for AveragePool {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        inputs.count(1..=1)?;
        let [n, channels, height, width] = inputs.image(0, "X")?;
        let in_range = |values: &[usize; 2]| values.iter().all(|v| (1..=MAX_WINDOW).contains(v));
        require_param(in_range(&self.kernel_shape), "kernel_shape", "1 to 4096", self.kernel_shape)?;
        require_param(in_range(&self.strides), "strides", "1 to 4096", self.strides)?;
        require_param(in_range(&self.dilations), "dilations", "1 to 4096", self.dilations)?;
        let narrow = (0..4).all(|side| self.pads[side] < self.window(side % 2));
        require_param(narrow, "pads", "less than the window", self.pads)?;
        // Otherwise a window could step over the whole image, and the mean of nothing is not a number.
        let meets = (0..2).all(|axis| self.kernel_shape[axis] == 1 || self.dilations[axis] <= [height, width][axis]);
        require_param(meets, "dilations", format!("at most {:?}, the image", [height, width]), self.dilations)?;
        Ok(vec![output(DType::F32, vec![n, channels, self.side(0, height), self.side(1, width)])?])
    }

    fn reach(&self, _: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
        let window = [0, 1].map(|axis| {
            let low = -(self.pads[axis] as i64);
            Window { stride: self.strides[axis], repeat: 1, low, high: low + self.window(axis) as i64 - 1 }
        });
        vec![Reach::Window(window)]
    }

    fn cases() -> Vec<Case> {
        let case = |name: &str, op: Self, x: [usize; 4]| Case::new(name, op).float(x, -1.0..1.0);
        let halves = Self { kernel_shape: [2, 2], strides: [2, 2], ..Self::default() };
        let padded = Self { kernel_shape: [3, 3], strides: [2, 2], pads: [1; 4], ..Self::default() };
        let ceil = Self { ceil_mode: true, ..padded.clone() };
        vec![
            case("smallest", Self::default(), [1, 1, 1, 1]),
            case("halves 97x61", halves.clone(), [1, 3, 97, 61]),
            case("padding does not count, batch 2", padded.clone(), [2, 3, 8, 6]),
            case("padding counts", Self { count_include_pad: true, ..padded }, [1, 3, 8, 6]),
            case("rounds up", Self { ceil_mode: true, ..halves }, [1, 2, 7, 5]),
            case("rounds up, padding counts", Self { count_include_pad: true, ..ceil.clone() }, [1, 2, 8, 6]),
            case(
                "uneven, dilated",
                Self { dilations: [2, 1], strides: [1, 3], pads: [2, 0, 1, 2], ..ceil },
                [1, 2, 9, 8],
            ),
        ]
    }
}
