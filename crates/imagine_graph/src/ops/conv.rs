//! `Conv`: convolution (cross-correlation, as in neural network libraries) of rows, images or volumes.
//!
//! ```text
//! Y[n, m, y, x] = B[m] + sum over c, i, j of X[n, g*C/group + c, y*sy + i*dy - top, x*sx + j*dx - left] * W[m, c, i, j]
//! ```
//! with `g = m / (M/group)`; similarly for one axis or three. Positions outside `X` follow `pad_mode`, an extension of ONNX,
//! which pads with zeros only.
//!
//! | | shape |
//! |---|---|
//! | X | `[N, C, ..]` of rank 3 to 5 |
//! | W | `[M, C/group, ..]` of the same rank |
//! | B (optional) | `[M]` |
//! | Y | `[N, M, (D + before + after - dilated kernel)/stride + 1, ..]`, rounded down |

use serde::{Deserialize, Serialize};

use super::inputs::{Inputs, output, require, require_param};
use super::window::{self, AutoPad, Geometry, MAX_WINDOW, WindowAxis};
use super::{Case, NodeError, Operator, PadMode, Reach};
use crate::tensor::{DType, TensorType};

/// Parameters of `Conv`. Lists have one number per axis after the first two; an empty list means 1 for all axes, or 0 for
/// `pads`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Conv {
    /// Number of groups that channels are split into.
    pub group: usize,
    /// Step between output positions.
    pub strides: Vec<usize>,
    /// Distance between kernel elements.
    pub dilations: Vec<usize>,
    /// Padding before each axis, then after each axis; 0 with `auto_pad`.
    pub pads: Vec<usize>,
    /// Computes the padding in place of `pads`.
    pub auto_pad: AutoPad,
    /// Values of the padding; `Constant` is zero.
    pub pad_mode: PadMode,
}

impl Default for Conv {
    fn default() -> Self {
        Self {
            group: 1,
            strides: Vec::new(),
            dilations: Vec::new(),
            pads: Vec::new(),
            auto_pad: AutoPad::NotSet,
            pad_mode: PadMode::Constant,
        }
    }
}

impl Conv {
    /// A convolution of images with an odd square kernel and an output of the input's size.
    pub fn same(kernel: usize, pad_mode: PadMode) -> Self {
        Self { pads: vec![kernel / 2; 4], pad_mode, ..Self::default() }
    }

    /// Whether an output element reads the input only at its own position, through a kernel of 1.
    pub fn is_pointwise(&self) -> bool {
        self.strides.iter().all(|&stride| stride == 1) && self.pads.iter().all(|&pad| pad == 0)
    }

    /// The window along each axis after the first two, for an input and a weight of these shapes.
    pub fn windows(&self, x: &[usize], w: &[usize]) -> Result<Vec<WindowAxis>, NodeError> {
        let geometry = Geometry {
            kernel_shape: w.get(2..).unwrap_or_default(),
            strides: &self.strides,
            dilations: &self.dilations,
            pads: &self.pads,
            auto_pad: self.auto_pad,
            ceil_mode: false,
        };
        geometry.axes(x.get(2..).unwrap_or_default())
    }
}

impl Operator for Conv {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        inputs.count(2..=3)?;
        let Operands { x, w, kernel } = Operands::of(inputs)?;
        let (channels, m, per_group) = (x.shape[1], w.shape[0], w.shape[1]);
        let divides = self.group >= 1 && m.is_multiple_of(self.group);
        require_param(divides, "group", format!("a divisor of {m}"), self.group)?;
        let fits = per_group.checked_mul(self.group) == Some(channels);
        require(fits, 1, "W", format!("[{m}, {channels}/{}, ..]", self.group), w)?;
        require(kernel.iter().all(|side| *side <= MAX_WINDOW), 1, "W", "a kernel of 1 to 4096", w)?;
        if let Some(bias) = inputs.optional(2) {
            require(*bias == TensorType::f32([m]), 2, "B", format!("[{m}]"), bias)?;
        }
        let windows = self.windows(&x.shape, &w.shape)?;
        self.pad_mode.check(&windows)?;
        let sides = windows.iter().map(|axis| axis.output);
        Ok(vec![output(DType::F32, [x.shape[0], m].into_iter().chain(sides).collect())?])
    }

    fn reach(&self, inputs: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
        let windows = inputs[0].zip(inputs[1]).map(|(x, w)| self.windows(&x.shape, &w.shape));
        let mut reach = vec![Reach::Everything("its weights"); inputs.len()];
        reach[0] = match windows {
            // Without a height, the second to last axis is the channels.
            Some(Ok(axes)) if axes.len() > 1 => window::reach(&axes),
            _ => Reach::Everything("its channels"),
        };
        reach
    }

    fn cases() -> Vec<Case> {
        let conv = |name: &str, op: Conv, x: &[usize], w: &[usize]| {
            Case::new(name, op).float(x, -1.0..1.0).weight(w, -0.5..0.5)
        };
        let with_bias = |case: Case, m| case.weight([m], -1.0..1.0);
        let wrap = Conv::same(3, PadMode::Wrap);
        let depthwise = Conv { group: 4, pads: vec![2, 2], pad_mode: PadMode::Wrap, ..Conv::default() };
        let uneven =
            Conv { group: 2, strides: vec![2, 3], dilations: vec![2, 1], pads: vec![1, 0, 2, 3], ..Conv::default() };
        let volume = Conv {
            group: 2,
            strides: vec![1, 2, 2],
            dilations: vec![2, 1, 1],
            pads: vec![1, 0, 2, 2, 1, 0],
            pad_mode: PadMode::Edge,
            ..Conv::default()
        };
        vec![
            conv("smallest", Conv::default(), &[1, 1, 1, 1], &[1, 1, 1, 1]),
            with_bias(conv("odd size 97x61", Conv::same(3, PadMode::Constant), &[1, 3, 97, 61], &[5, 3, 3, 3]), 5),
            with_bias(conv("pointwise, batch 2", Conv::default(), &[2, 7, 9, 5], &[13, 7, 1, 1]), 13),
            conv("wrap", wrap.clone(), &[2, 4, 8, 6], &[8, 4, 3, 3]),
            conv("wrap on 1x1", wrap.clone(), &[1, 2, 1, 1], &[3, 2, 3, 3]),
            conv(
                "same, more below and right",
                Conv { strides: vec![2, 1], auto_pad: AutoPad::SameUpper, ..Conv::default() },
                &[2, 3, 9, 8],
                &[4, 3, 3, 4],
            ),
            conv(
                "same, more above and left",
                Conv { strides: vec![2, 2], auto_pad: AutoPad::SameLower, ..Conv::default() },
                &[1, 2, 6, 5],
                &[3, 2, 3, 2],
            ),
            conv("valid", Conv { auto_pad: AutoPad::Valid, ..Conv::default() }, &[1, 2, 5, 5], &[3, 2, 3, 3]),
            conv("depthwise wrap", Conv { group: 6, ..wrap }, &[1, 6, 17, 11], &[24, 1, 3, 3]),
            conv("reflect", Conv::same(5, PadMode::Reflect), &[1, 2, 9, 7], &[4, 2, 5, 5]),
            conv("edge", Conv::same(3, PadMode::Edge), &[1, 2, 5, 5], &[4, 2, 3, 3]),
            conv("rank 3", Conv { strides: vec![2], pads: vec![0, 2], ..Conv::default() }, &[2, 3, 9], &[4, 3, 3]),
            with_bias(conv("rank 3, depthwise wrap", depthwise, &[2, 4, 7], &[8, 1, 5]), 8),
            with_bias(
                conv("rank 5", Conv { pads: vec![1; 6], ..Conv::default() }, &[1, 2, 4, 5, 3], &[9, 2, 3, 3, 3]),
                9,
            ),
            conv("rank 5, uneven, batch 2", volume, &[2, 4, 4, 5, 6], &[6, 2, 2, 1, 3]),
            with_bias(conv("stride, dilation, groups, uneven pads", uneven, &[2, 4, 23, 19], &[6, 2, 3, 2]), 6),
        ]
    }
}

/// Inputs shared by convolutions.
pub(super) struct Operands<'a> {
    pub x: &'a TensorType,
    pub w: &'a TensorType,
    /// Lengths of the kernel.
    pub kernel: &'a [usize],
}

impl<'a> Operands<'a> {
    pub fn of(inputs: &Inputs<'a>) -> Result<Self, NodeError> {
        let (x, w) = (inputs.float(0, "X")?, inputs.float(1, "W")?);
        require((3..=5).contains(&x.shape.len()), 0, "X", "[batch, channels, ..] of rank 3 to 5", x)?;
        require(w.shape.len() == x.shape.len(), 1, "W", format!("rank {}, as X", x.shape.len()), w)?;
        Ok(Self { x, w, kernel: &w.shape[2..] })
    }
}

impl PadMode {
    /// Fails if the mode cannot provide the padding of `windows`.
    fn check(self, windows: &[WindowAxis]) -> Result<(), NodeError> {
        let limit = |axis: &WindowAxis| match self {
            PadMode::Constant | PadMode::Edge => usize::MAX,
            PadMode::Reflect => axis.input.saturating_sub(1),
            PadMode::Wrap => axis.input,
        };
        let fits = windows.iter().all(|axis| axis.begin.max(axis.end) <= limit(axis));
        let limits: Vec<usize> = windows.iter().map(limit).collect();
        let pads: Vec<usize> = windows.iter().map(|w| w.begin).chain(windows.iter().map(|w| w.end)).collect();
        require_param(fits, "pads", format!("at most {limits:?} in mode {self:?}"), pads)
    }
}
