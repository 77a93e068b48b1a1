//! Geometry of a window that slides over the axes after batch and channels.

use serde::{Deserialize, Serialize};

use super::inputs::require_param;
use super::{NodeError, Reach, Window};
use crate::tensor::{Axis, PerAxis};

/// Maximum stride, dilation, kernel side and padding: far above any network, small enough that sums cannot overflow.
pub(crate) const MAX_WINDOW: usize = 4096;

/// How padding is computed from the size of the input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum AutoPad {
    /// Explicit padding in `pads`.
    #[default]
    #[serde(rename = "NOTSET")]
    NotSet,
    /// The output has `ceil(input / stride)` elements; odd padding goes to the end.
    #[serde(rename = "SAME_UPPER")]
    SameUpper,
    /// The same; odd padding goes to the beginning.
    #[serde(rename = "SAME_LOWER")]
    SameLower,
    /// No padding.
    #[serde(rename = "VALID")]
    Valid,
}

/// The window along one axis of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowAxis {
    /// Length of the input.
    pub input: usize,
    /// Length of the output.
    pub output: usize,
    /// Number of window elements.
    pub kernel: usize,
    /// Step between output elements.
    pub stride: usize,
    /// Distance between elements of the window.
    pub dilation: usize,
    /// Padding before the input.
    pub begin: usize,
    /// Padding after the input.
    pub end: usize,
}

impl WindowAxis {
    /// Length of the dilated window.
    pub fn span(&self) -> usize {
        (self.kernel - 1) * self.dilation + 1
    }
}

/// Parameters of a window; an empty list means 1 for all axes, or 0 for `pads`.
pub(crate) struct Geometry<'a> {
    pub kernel_shape: &'a [usize],
    pub strides: &'a [usize],
    pub dilations: &'a [usize],
    pub pads: &'a [usize],
    pub auto_pad: AutoPad,
    pub ceil_mode: bool,
}

impl Geometry<'_> {
    /// The window along each axis of an input of lengths `input`; the output length is 0 if it does not fit.
    pub fn axes(&self, input: &[usize]) -> Result<Vec<WindowAxis>, NodeError> {
        let check = |values: &[usize], name, count: usize, low: usize| {
            let in_range = values.iter().all(|v| (low..=MAX_WINDOW).contains(v));
            require_param(in_range, name, format!("{low} to {MAX_WINDOW}"), values)?;
            require_param([0, count].contains(&values.len()), name, format!("{count} numbers"), values)
        };
        check(self.kernel_shape, "kernel_shape", input.len(), 1)?;
        check(self.strides, "strides", input.len(), 1)?;
        check(self.dilations, "dilations", input.len(), 1)?;
        check(self.pads, "pads", 2 * input.len(), 0)?;
        let free = self.auto_pad == AutoPad::NotSet || self.pads.iter().all(|pad| *pad == 0);
        require_param(free, "pads", "none with auto_pad", self.pads)?;
        Ok((0..input.len()).map(|axis| self.axis(axis, input)).collect())
    }

    fn axis(&self, axis: usize, input: &[usize]) -> WindowAxis {
        let of = |values: &[usize], index: usize, default| values.get(index).copied().unwrap_or(default);
        let window = WindowAxis {
            input: input[axis],
            output: 0,
            kernel: of(self.kernel_shape, axis, 1),
            stride: of(self.strides, axis, 1),
            dilation: of(self.dilations, axis, 1),
            begin: of(self.pads, axis, 0),
            end: of(self.pads, axis + input.len(), 0),
        };
        if let AutoPad::SameUpper | AutoPad::SameLower = self.auto_pad {
            let output = window.input.div_ceil(window.stride);
            let reached = output.saturating_sub(1).saturating_mul(window.stride) + window.span();
            let total = reached.saturating_sub(window.input);
            let less = total / 2;
            let (begin, end) =
                if self.auto_pad == AutoPad::SameUpper { (less, total - less) } else { (total - less, less) };
            return WindowAxis { output, begin, end, ..window };
        }
        let padded = window.input.saturating_add(window.begin + window.end);
        let output = match padded.checked_sub(window.span()) {
            None => 0,
            Some(room) if self.ceil_mode && self.auto_pad == AutoPad::NotSet => {
                let output = room.div_ceil(window.stride) + 1;
                let beyond = (output - 1).saturating_mul(window.stride) >= window.input.saturating_add(window.begin);
                if beyond { output - 1 } else { output }
            }
            Some(room) => room / window.stride + 1,
        };
        WindowAxis { output, ..window }
    }
}

/// Reach of a window over `axes`, all input axes after the first two; batch and channels are not windowed.
pub(crate) fn reach(axes: &[WindowAxis]) -> Reach {
    let window = |axis: Axis| match axis.index(axes.len()) {
        None => Window::POINT,
        Some(index) => {
            let (axis, low) = (axes[index], -(axes[index].begin as i64));
            Window { stride: axis.stride, repeat: 1, low, high: low + axis.span() as i64 - 1 }
        }
    };
    Reach::Window(PerAxis::from_fn(window))
}
