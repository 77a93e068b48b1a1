//! The geometry of a window that moves over the axes behind batch and channels.

use serde::{Deserialize, Serialize};

use super::inputs::require_param;
use super::{NodeError, Reach, Window};

/// Largest stride, dilation, kernel side or padding: far above any network, small enough that sums cannot overflow.
pub(crate) const MAX_WINDOW: usize = 4096;

/// How padding follows from the size of the input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum AutoPad {
    /// It does not: `pads` says it.
    #[default]
    #[serde(rename = "NOTSET")]
    NotSet,
    /// The output has `ceil(input / stride)` elements; an odd element is added at the end.
    #[serde(rename = "SAME_UPPER")]
    SameUpper,
    /// The same; an odd element is added at the beginning.
    #[serde(rename = "SAME_LOWER")]
    SameLower,
    /// There is none.
    #[serde(rename = "VALID")]
    Valid,
}

/// The window along one axis of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowAxis {
    /// Elements of the input.
    pub input: usize,
    /// Elements of the output.
    pub output: usize,
    /// Elements of the window.
    pub kernel: usize,
    /// Step between output elements.
    pub stride: usize,
    /// Distance between elements of the window.
    pub dilation: usize,
    /// Elements added before the input.
    pub begin: usize,
    /// Elements added after the input.
    pub end: usize,
}

impl WindowAxis {
    /// Length of the window, gaps included.
    pub fn span(&self) -> usize {
        (self.kernel - 1) * self.dilation + 1
    }
}

/// The parameters that windows are made of; an empty list is 1 everywhere, or 0 for `pads`.
pub(crate) struct Geometry<'a> {
    pub kernel_shape: &'a [usize],
    pub strides: &'a [usize],
    pub dilations: &'a [usize],
    pub pads: &'a [usize],
    pub auto_pad: AutoPad,
    pub ceil_mode: bool,
}

impl Geometry<'_> {
    /// The window along each axis of an input of lengths `input`; an output of 0 elements where it does not fit.
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
        require_param(free, "pads", "none beside auto_pad", self.pads)?;
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

/// Reach of a window over `axes`, all but the first two of the input; a row of channels stays a row of channels.
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
