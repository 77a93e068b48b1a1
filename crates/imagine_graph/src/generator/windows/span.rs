//! Spans of pixels along one axis, and what lies beyond an image's ends.

use crate::tensor::Ratio;

/// What lies beyond the ends of an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Boundary {
    /// More of an endless plane.
    Open,
    /// Padding of the operators.
    Padded,
    /// The opposite end, as on a torus.
    Periodic,
}

/// Pixels `start .. start + length` along one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    /// The first pixel.
    pub start: i64,
    /// Number of pixels.
    pub length: usize,
}

impl Span {
    /// The pixel after the last.
    pub fn end(self) -> i64 {
        self.start + self.length as i64
    }

    /// Elements, `scale` to a pixel, that overlap this span; the first may start before it.
    pub fn scaled(self, scale: Ratio) -> Span {
        let (n, d) = (scale.numerator as i64, scale.denominator as i64);
        let start = (self.start * n).div_euclid(d);
        Span { start, length: (ceil_div(self.end() * n, d) - start) as usize }
    }
}

/// `a / b`, rounded up.
pub(super) fn ceil_div(a: i64, b: i64) -> i64 {
    -(-a).div_euclid(b)
}
