//! `ConvTranspose`: the gradient of a convolution as an operator of its own; up-samples where its stride is above 1.
//!
//! ```text
//! Y[n, m, y*sy + i*dy - top, x*sx + j*dx - left] += X[n, c, y, x] * W[c, m, i, j]     for every c, i, j of m's group
//! ```
//! and `+ B[m]` once.
//!
//! | | shape |
//! |---|---|
//! | X | `[N, C, H, W]` |
//! | W | `[C, M/group, kH, kW]` |
//! | B (optional) | `[M]` |
//! | Y | `[N, M, (H - 1)*sy + (kH - 1)*dy + 1 + output_padding - top - bottom, ...]` |

use serde::{Deserialize, Serialize};

use super::conv::MAX_WINDOW;
use super::inputs::{Inputs, output, require, require_param};
use super::{Case, Operator};
use crate::error::NodeError;
use crate::support::{Reach, Window};
use crate::tensor::{DType, TensorType};

/// Parameters of `ConvTranspose`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConvTranspose {
    /// Number of groups that channels are split into.
    pub group: usize,
    /// Distance in the output between neighbouring input elements, `[y, x]`.
    pub strides: [usize; 2],
    /// Distance between kernel elements, `[y, x]`.
    pub dilations: [usize; 2],
    /// Positions cut from the result, `[top, left, bottom, right]`.
    pub pads: [usize; 4],
    /// Positions added at the bottom and the right, `[y, x]`; less than the stride or the dilation.
    pub output_padding: [usize; 2],
}

impl Default for ConvTranspose {
    fn default() -> Self {
        Self { group: 1, strides: [1, 1], dilations: [1, 1], pads: [0; 4], output_padding: [0, 0] }
    }
}

impl ConvTranspose {
    fn check(&self) -> Result<(), NodeError> {
        let in_range = |values: &[usize], low| values.iter().all(|v| (low..=MAX_WINDOW).contains(v));
        require_param(in_range(&self.strides, 1), "strides", "1 to 4096", self.strides)?;
        require_param(in_range(&self.dilations, 1), "dilations", "1 to 4096", self.dilations)?;
        require_param(in_range(&self.pads, 0), "pads", "0 to 4096", self.pads)?;
        let fits = (0..2).all(|axis| self.output_padding[axis] < self.strides[axis].max(self.dilations[axis]));
        require_param(fits, "output_padding", "less than the stride or the dilation", self.output_padding)
    }
}

impl Operator for ConvTranspose {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        inputs.count(2..=3)?;
        let [n, channels, height, width] = inputs.image(0, "X")?;
        let [w_channels, per_group, kh, kw] = inputs.image(1, "W")?;
        let weight = inputs.float(1, "W")?;
        self.check()?;
        let divides = self.group >= 1 && channels.is_multiple_of(self.group);
        require_param(divides, "group", format!("a divisor of {channels}"), self.group)?;
        require(kh.max(kw) <= MAX_WINDOW, 1, "W", "a kernel of 1 to 4096", weight)?;
        require(w_channels == channels, 1, "W", format!("[{channels}, ..]"), weight)?;
        let m = per_group.saturating_mul(self.group);
        if let Some(bias) = inputs.optional(2) {
            require(*bias == TensorType::f32([m]), 2, "B", format!("[{m}]"), bias)?;
        }
        let side = |axis: usize, length: usize, kernel: usize| {
            let whole = (length - 1).saturating_mul(self.strides[axis])
                + (kernel - 1) * self.dilations[axis]
                + 1
                + self.output_padding[axis];
            whole.saturating_sub(self.pads[axis] + self.pads[axis + 2])
        };
        Ok(vec![output(DType::F32, vec![n, m, side(0, height, kh), side(1, width, kw)])?])
    }

    fn reach(&self, inputs: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
        let kernel = inputs[1].map_or([1, 1], |w| [w.shape[2], w.shape[3]]);
        // Output o reads input i where o + pad - i * stride is a multiple of the dilation within the kernel.
        let window = [0, 1].map(|axis| {
            let (stride, pad) = (self.strides[axis] as i64, self.pads[axis] as i64);
            let span = ((kernel[axis] - 1) * self.dilations[axis]) as i64;
            let high = (stride - 1 + pad).div_euclid(stride);
            Window { stride: 1, repeat: self.strides[axis], low: -(span - pad).div_euclid(stride), high }
        });
        let mut reach = vec![Reach::Everything("its weights"); inputs.len()];
        reach[0] = Reach::Window(window);
        reach
    }

    fn cases() -> Vec<Case> {
        let case = |name: &str, op: Self, x: [usize; 4], w: [usize; 4]| {
            Case::new(name, op).float(x, -1.0..1.0).weight(w, -0.5..0.5)
        };
        let double = Self { strides: [2, 2], pads: [1; 4], output_padding: [1, 1], ..Self::default() };
        vec![
            case("smallest", Self::default(), [1, 1, 1, 1], [1, 1, 1, 1]),
            case("doubles 97x61", double.clone(), [1, 3, 97, 61], [3, 4, 3, 3]).weight([4], -1.0..1.0),
            case(
                "kernel 4, stride 2, batch 2",
                Self { pads: [1; 4], output_padding: [0, 0], ..double },
                [2, 4, 5, 7],
                [4, 6, 4, 4],
            ),
            case(
                "groups, dilation, uneven pads",
                Self { group: 2, strides: [3, 2], dilations: [2, 1], pads: [0, 1, 2, 0], output_padding: [2, 1] },
                [2, 4, 5, 6],
                [4, 3, 2, 3],
            )
            .weight([6], -1.0..1.0),
        ]
    }
}
