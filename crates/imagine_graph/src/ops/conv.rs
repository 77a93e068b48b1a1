//! `Conv`: two-dimensional convolution (cross-correlation, as in every neural network library).
//!
//! ```text
//! Y[n, m, y, x] = B[m] + sum over c, i, j of X[n, g*C/group + c, y*sy + i*dy - top, x*sx + j*dx - left] * W[m, c, i, j]
//! ```
//! with `g = m / (M/group)`. Positions outside `X` follow `pad_mode`, which is ours beside ONNX's zero padding.
//!
//! | | shape |
//! |---|---|
//! | X | `[N, C, H, W]` |
//! | W | `[M, C/group, kH, kW]` |
//! | B (optional) | `[M]` |
//! | Y | `[N, M, (H + top + bottom - dilated kH)/sy + 1, ...]`, rounded down |

use serde::{Deserialize, Serialize};

use super::inputs::{Inputs, output, require, require_param};
use super::window::{AutoPad, Geometry};
use super::{Case, Operator, PadMode};
use crate::error::NodeError;
use crate::support::{Reach, Window};
use crate::tensor::{DType, TensorType};

/// Largest stride, dilation, kernel side or padding: far above any network, small enough that sums cannot overflow.
pub(crate) const MAX_WINDOW: usize = 4096;

/// Parameters of `Conv`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Conv {
    /// Number of groups that channels are split into.
    pub group: usize,
    /// Step between output positions, `[y, x]`.
    pub strides: [usize; 2],
    /// Distance between kernel elements, `[y, x]`.
    pub dilations: [usize; 2],
    /// Positions added around the image, `[top, left, bottom, right]`; 0 beside `auto_pad`.
    pub pads: [usize; 4],
    /// How many positions are added where `pads` does not say it.
    pub auto_pad: AutoPad,
    /// What the added positions hold; `Constant` is zero.
    pub pad_mode: PadMode,
}

impl Default for Conv {
    fn default() -> Self {
        Self {
            group: 1,
            strides: [1, 1],
            dilations: [1, 1],
            pads: [0; 4],
            auto_pad: AutoPad::NotSet,
            pad_mode: PadMode::Constant,
        }
    }
}

impl Conv {
    /// A convolution with an odd square kernel whose output has the size of its input.
    pub fn same(kernel: usize, pad_mode: PadMode) -> Self {
        Self { pads: [kernel / 2; 4], pad_mode, ..Self::default() }
    }

    /// The same convolution with `pads` in place of `auto_pad`, for an image and a kernel of these heights and widths.
    pub fn padded(&self, image: [usize; 2], kernel: [usize; 2]) -> Result<Self, NodeError> {
        if self.auto_pad == AutoPad::NotSet {
            return Ok(self.clone());
        }
        let geometry = Geometry {
            kernel_shape: &kernel,
            strides: &self.strides,
            dilations: &self.dilations,
            pads: &self.pads,
            auto_pad: self.auto_pad,
            ceil_mode: false,
        };
        let axes = geometry.axes(&image)?;
        let pads = [axes[0].begin, axes[1].begin, axes[0].end, axes[1].end];
        Ok(Self { pads, auto_pad: AutoPad::NotSet, ..self.clone() })
    }
}

impl Operator for Conv {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        inputs.count(2..=3)?;
        let [n, channels, height, width] = inputs.image(0, "X")?;
        let weight = inputs.float(1, "W")?;
        let [m, per_group, kh, kw] = inputs.image(1, "W")?;
        let in_range = |values: &[usize], low| values.iter().all(|v| (low..=MAX_WINDOW).contains(v));
        require_param(in_range(&self.strides, 1), "strides", "1 to 4096", self.strides)?;
        require_param(in_range(&self.dilations, 1), "dilations", "1 to 4096", self.dilations)?;
        require_param(in_range(&self.pads, 0), "pads", "0 to 4096", self.pads)?;
        require_param(
            self.group >= 1 && m.is_multiple_of(self.group),
            "group",
            format!("a divisor of {m}"),
            self.group,
        )?;
        require(in_range(&[kh, kw], 1), 1, "W", "a kernel of 1 to 4096", weight)?;
        require(
            per_group.checked_mul(self.group) == Some(channels),
            1,
            "W",
            format!("[{m}, {channels}/{}, ..]", self.group),
            weight,
        )?;
        if let Some(bias) = inputs.optional(2) {
            require(*bias == TensorType::f32([m]), 2, "B", format!("[{m}]"), bias)?;
        }
        let pads = self.padded([height, width], [kh, kw])?.pads;
        self.pad_mode.check(&pads, [height, width])?;
        let side = |axis: usize, length: usize, kernel: usize| {
            let padded = length + pads[axis] + pads[axis + 2];
            let window = (kernel - 1) * self.dilations[axis] + 1;
            if padded < window { 0 } else { (padded - window) / self.strides[axis] + 1 }
        };
        Ok(vec![output(DType::F32, vec![n, m, side(0, height, kh), side(1, width, kw)])?])
    }

    fn reach(&self, inputs: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
        let sides = |input: usize| inputs[input].map_or([1, 1], |found| [found.shape[2], found.shape[3]]);
        let kernel = sides(1);
        let pads = self.padded(sides(0), kernel).map_or(self.pads, |conv| conv.pads);
        let window = [0, 1].map(|axis| Window {
            stride: self.strides[axis],
            repeat: 1,
            low: -(pads[axis] as i64),
            high: ((kernel[axis] - 1) * self.dilations[axis]) as i64 - pads[axis] as i64,
        });
        let mut reach = vec![Reach::Everything("its weights"); inputs.len()];
        reach[0] = Reach::Window(window);
        reach
    }

    fn cases() -> Vec<Case> {
        let conv = |name: &str, op: Conv, x: [usize; 4], w: [usize; 4]| {
            Case::new(name, op).float(x, -1.0..1.0).weight(w, -0.5..0.5)
        };
        let with_bias = |case: Case, m| case.weight([m], -1.0..1.0);
        let wrap = Conv::same(3, PadMode::Wrap);
        vec![
            conv("smallest", Conv::default(), [1, 1, 1, 1], [1, 1, 1, 1]),
            with_bias(conv("odd size 97x61", Conv::same(3, PadMode::Constant), [1, 3, 97, 61], [5, 3, 3, 3]), 5),
            with_bias(conv("pointwise, batch 2", Conv::default(), [2, 7, 9, 5], [13, 7, 1, 1]), 13),
            conv("wrap", wrap.clone(), [2, 4, 8, 6], [8, 4, 3, 3]),
            conv("wrap on 1x1", wrap.clone(), [1, 2, 1, 1], [3, 2, 3, 3]),
            conv(
                "same, more below and right",
                Conv { strides: [2, 1], auto_pad: AutoPad::SameUpper, ..Conv::default() },
                [2, 3, 9, 8],
                [4, 3, 3, 4],
            ),
            conv(
                "same, more above and left",
                Conv { strides: [2, 2], auto_pad: AutoPad::SameLower, ..Conv::default() },
                [1, 2, 6, 5],
                [3, 2, 3, 2],
            ),
            conv("valid", Conv { auto_pad: AutoPad::Valid, ..Conv::default() }, [1, 2, 5, 5], [3, 2, 3, 3]),
            conv("depthwise wrap", Conv { group: 6, ..wrap }, [1, 6, 17, 11], [24, 1, 3, 3]),
            conv("reflect", Conv::same(5, PadMode::Reflect), [1, 2, 9, 7], [4, 2, 5, 5]),
            conv("edge", Conv::same(3, PadMode::Edge), [1, 2, 5, 5], [4, 2, 3, 3]),
            with_bias(
                conv(
                    "stride, dilation, groups, uneven pads",
                    Conv { group: 2, strides: [2, 3], dilations: [2, 1], pads: [1, 0, 2, 3], ..Conv::default() },
                    [2, 4, 23, 19],
                    [6, 2, 3, 2],
                ),
                6,
            ),
        ]
    }
}

impl PadMode {
    /// Fails where a mode cannot fill `pads` (`[top, left, bottom, right]`) around an image of `size` (`[height, width]`).
    pub(crate) fn check(self, pads: &[usize; 4], size: [usize; 2]) -> Result<(), NodeError> {
        let limit = match self {
            PadMode::Constant | PadMode::Edge => return Ok(()),
            PadMode::Reflect => size.map(|s| s.saturating_sub(1)),
            PadMode::Wrap => size,
        };
        let fits = (0..4).all(|side| pads[side] <= limit[side % 2]);
        require_param(fits, "pads", format!("at most {limit:?} [y, x] in mode {self:?}"), pads)
    }
}
