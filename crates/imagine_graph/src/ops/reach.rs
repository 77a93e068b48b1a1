//! Reach: which input elements one output element of an operator reads. It knows no graph; [`crate::Support`] composes the
//! reaches of a graph's nodes.

use num_integer::Integer;

use crate::tensor::PerAxis;

/// The elements of one input that one output element reads, along height and width.
#[derive(Clone, Debug, PartialEq)]
pub enum Reach {
    /// The element at the same position, or the one it broadcasts from.
    Pointwise,
    /// A window along each axis.
    Window(PerAxis<Window>),
    /// The whole input; completes "reads all of", as in `its weights`.
    Everything(&'static str),
}

/// A window along one axis: output element `i` reads input elements `floor(i * stride / repeat) + low ..= .. + high`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Input elements per output element, times `repeat`.
    pub stride: usize,
    /// Output elements per `stride` input elements; above 1 for up-sampling.
    pub repeat: usize,
    /// First element read, relative to the position.
    pub low: i64,
    /// Last element read, relative to the position.
    pub high: i64,
}

/// Largest stride, offset or period of a composed window; beyond it the support is global.
pub(crate) const MAX_SPAN: i128 = 1 << 16;

impl Window {
    /// Every output element reads the input element at the same position.
    pub const POINT: Window = Window { stride: 1, repeat: 1, low: 0, high: 0 };

    /// The window on the source of a value that reads through `self` a value that reads the source through `inner`.
    pub(crate) fn after(self, inner: Window) -> Option<Window> {
        let [(os, or), (is, ir)] = [self, inner].map(|w| (w.stride as i128, w.repeat as i128));
        let (stride, repeat) = (os * is, or * ir);
        if stride > MAX_SPAN || repeat > MAX_SPAN {
            return None;
        }
        // The pattern of positions repeats after `repeat` elements.
        let read = |place: i128, offset: i64| (place + i128::from(offset)) * is;
        let ends = (0..repeat).map(|i| {
            let (between, place) = ((i * os).div_euclid(or), (i * stride).div_euclid(repeat));
            let end =
                |offset, inner_offset: i64| read(between, offset).div_euclid(ir) + i128::from(inner_offset) - place;
            (end(self.low, inner.low), end(self.high, inner.high))
        });
        let (low, high) = ends.fold((i128::MAX, i128::MIN), |(low, high), (l, h)| (low.min(l), high.max(h)));
        if low < -MAX_SPAN || high > MAX_SPAN {
            return None;
        }
        let divisor = stride.gcd(&repeat);
        let [stride, repeat] = [stride, repeat].map(|n| (n / divisor) as usize);
        Some(Window { stride, repeat, low: low as i64, high: high as i64 })
    }

    /// The smallest window that contains both; `None` if their strides differ.
    pub(crate) fn join(self, other: Window) -> Option<Window> {
        let same = (self.stride, self.repeat) == (other.stride, other.repeat);
        same.then(|| Window { low: self.low.min(other.low), high: self.high.max(other.high), ..self })
    }
}

impl std::fmt::Display for Window {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}..={}", self.low, self.high)?;
        match (self.stride, self.repeat) {
            (1, 1) => Ok(()),
            (stride, 1) => write!(f, " at stride {stride}"),
            (stride, repeat) => write!(f, " at stride {stride}/{repeat}"),
        }
    }
}
