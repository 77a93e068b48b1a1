//! `ConvTranspose`: transposed convolution, the gradient of a convolution; up-samples if its stride is above 1.
//!
//! ```text
//! Y[n, m, y*sy + i*dy - top, x*sx + j*dx - left] += X[n, c, y, x] * W[c, m, i, j]     for every c, i, j of m's group
//! ```
//! and `+ B[m]` once; similarly for one axis or three.
//!
//! | | shape |
//! |---|---|
//! | X | `[N, C, ..]` of rank 3 to 5 |
//! | W | `[C, M/group, ..]` of the same rank |
//! | B (optional) | `[M]` |
//! | Y | `[N, M, (D - 1)*stride + (k - 1)*dilation + 1 + output_padding - before - after, ..]` |

use serde::{Deserialize, Serialize};

use super::conv::Operands;
use super::inputs::{Inputs, output, require, require_param};
use super::window::{AutoPad, Geometry, MAX_WINDOW, WindowAxis};
use super::{Case, NodeError, Operator, Reach, Window};
use crate::tensor::{DType, PerAxis, TensorType};

/// Parameters of `ConvTranspose`. Lists have one number per axis after the first two; an empty list means 1 for all axes, or 0
/// for `pads` and `output_padding`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConvTranspose {
    /// Number of groups that channels are split into.
    pub group: usize,
    /// Distance in the output between neighbouring input elements.
    pub strides: Vec<usize>,
    /// Distance between kernel elements.
    pub dilations: Vec<usize>,
    /// Positions cropped from the beginning of each axis of the result, then from the end of each.
    pub pads: Vec<usize>,
    /// Positions added at the end of each axis; less than the stride or the dilation.
    pub output_padding: Vec<usize>,
}

impl Default for ConvTranspose {
    fn default() -> Self {
        let [strides, dilations, pads, output_padding] = [const { Vec::new() }; 4];
        Self { group: 1, strides, dilations, pads, output_padding }
    }
}

impl ConvTranspose {
    /// The window along each axis after the first two, for an input and a weight of these shapes; it moves over the output.
    pub fn windows(&self, x: &[usize], w: &[usize]) -> Result<Vec<WindowAxis>, NodeError> {
        let sides = x.get(2..).unwrap_or_default();
        let geometry = Geometry {
            kernel_shape: w.get(2..).unwrap_or_default(),
            strides: &self.strides,
            dilations: &self.dilations,
            pads: &self.pads,
            auto_pad: AutoPad::NotSet,
            ceil_mode: false,
        };
        let mut axes = geometry.axes(sides)?;
        let fits = [0, sides.len()].contains(&self.output_padding.len());
        require_param(fits, "output_padding", format!("{} numbers", sides.len()), &self.output_padding)?;
        for (index, axis) in axes.iter_mut().enumerate() {
            let added = self.output_padding.get(index).copied().unwrap_or(0);
            let small = added < axis.stride.max(axis.dilation);
            require_param(small, "output_padding", "less than the stride or the dilation", &self.output_padding)?;
            let whole = (axis.input - 1).saturating_mul(axis.stride).saturating_add(axis.span() + added);
            axis.output = whole.saturating_sub(axis.begin + axis.end);
        }
        Ok(axes)
    }
}

impl Operator for ConvTranspose {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        inputs.count(2..=3)?;
        let Operands { x, w, kernel } = Operands::of(inputs)?;
        let channels = x.shape[1];
        let divides = self.group >= 1 && channels.is_multiple_of(self.group);
        require_param(divides, "group", format!("a divisor of {channels}"), self.group)?;
        require(kernel.iter().all(|side| *side <= MAX_WINDOW), 1, "W", "a kernel of 1 to 4096", w)?;
        require(w.shape[0] == channels, 1, "W", format!("[{channels}, ..]"), w)?;
        let m = w.shape[1].saturating_mul(self.group);
        if let Some(bias) = inputs.optional(2) {
            require(*bias == TensorType::f32([m]), 2, "B", format!("[{m}]"), bias)?;
        }
        let windows = self.windows(&x.shape, &w.shape)?;
        let sides = windows.iter().map(|axis| axis.output);
        Ok(vec![output(DType::F32, [x.shape[0], m].into_iter().chain(sides).collect())?])
    }

    fn reach(&self, inputs: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
        let windows = inputs[0].zip(inputs[1]).map(|(x, w)| self.windows(&x.shape, &w.shape));
        let mut reach = vec![Reach::Everything("its weights"); inputs.len()];
        reach[0] = match windows {
            Some(Ok(axes)) if axes.len() > 1 => {
                Reach::Window(PerAxis { height: sources(axes[axes.len() - 2]), width: sources(axes[axes.len() - 1]) })
            }
            // Without a height, the second to last axis is the channels.
            _ => Reach::Everything("its channels"),
        };
        reach
    }

    fn cases() -> Vec<Case> {
        let case = |name: &str, op: Self, x: &[usize], w: &[usize]| {
            Case::new(name, op).float(x, -1.0..1.0).weight(w, -0.5..0.5)
        };
        let double = Self { strides: vec![2, 2], pads: vec![1; 4], output_padding: vec![1, 1], ..Self::default() };
        let volume = Self {
            group: 2,
            strides: vec![2, 1, 3],
            dilations: vec![1, 1, 2],
            pads: vec![1, 0, 2, 0, 1, 1],
            output_padding: vec![1, 0, 2],
        };
        vec![
            case("smallest", Self::default(), &[1, 1, 1, 1], &[1, 1, 1, 1]),
            case("doubles 97x61", double.clone(), &[1, 3, 97, 61], &[3, 4, 3, 3]).weight([4], -1.0..1.0),
            case(
                "kernel 4, stride 2, batch 2",
                Self { pads: vec![1; 4], output_padding: vec![0, 0], ..double },
                &[2, 4, 5, 7],
                &[4, 6, 4, 4],
            ),
            case("rank 3", Self { strides: vec![3], pads: vec![0, 1], ..Self::default() }, &[2, 3, 6], &[3, 4, 5]),
            case("rank 5", volume, &[2, 4, 3, 4, 2], &[4, 3, 2, 1, 3]).weight([6], -1.0..1.0),
            case(
                "groups, dilation, uneven pads",
                Self {
                    group: 2,
                    strides: vec![3, 2],
                    dilations: vec![2, 1],
                    pads: vec![0, 1, 2, 0],
                    output_padding: vec![2, 1],
                },
                &[2, 4, 5, 6],
                &[4, 3, 2, 3],
            )
            .weight([6], -1.0..1.0),
        ]
    }
}

/// Output o reads input i if o + pad - i * stride is a multiple of the dilation within the kernel.
fn sources(axis: WindowAxis) -> Window {
    let (stride, pad, span) = (axis.stride as i64, axis.begin as i64, axis.span() as i64 - 1);
    let high = (stride - 1 + pad).div_euclid(stride);
    Window { stride: 1, repeat: axis.stride, low: -(span - pad).div_euclid(stride), high }
}
