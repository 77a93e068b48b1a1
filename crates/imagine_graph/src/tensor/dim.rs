//! Symbolic dimensions, which stay open until a graph is bound to a size.

use serde::{Deserialize, Serialize};

use super::axis::Ratio;
use super::size::Size;

/// One dimension of a shape: a number, the batch, or an exact fraction of the image's height or width.
///
/// In a generator file: `3`, `"batch"`, `{"height": [1, 8]}` (an eighth of the height).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged, expecting = r#"expected a whole number, "batch", {"height": [n, d]} or {"width": [n, d]}"#)]
pub enum Dim {
    /// A known number of elements.
    Fixed(usize),
    /// An open dimension.
    Symbol(Symbol),
}

/// An open dimension of a graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Symbol {
    /// The number of images.
    Batch,
    /// This fraction of the height.
    Height(Ratio),
    /// This fraction of the width.
    Width(Ratio),
}

impl Dim {
    /// The number of images.
    pub const BATCH: Dim = Dim::Symbol(Symbol::Batch);
    /// The image's height.
    pub const HEIGHT: Dim = Dim::Symbol(Symbol::Height(Ratio::ONE));
    /// The image's width.
    pub const WIDTH: Dim = Dim::Symbol(Symbol::Width(Ratio::ONE));

    /// `[batch, channels, height, width]`.
    pub fn nchw(channels: usize) -> Vec<Dim> {
        vec![Dim::BATCH, Dim::Fixed(channels), Dim::HEIGHT, Dim::WIDTH]
    }

    /// `[batch, channels, height / divisor, width / divisor]`.
    pub fn nchw_divided(channels: usize, divisor: usize) -> Vec<Dim> {
        let ratio = Ratio::new(1, divisor);
        let (height, width) = (Symbol::Height(ratio), Symbol::Width(ratio));
        vec![Dim::BATCH, Dim::Fixed(channels), Dim::Symbol(height), Dim::Symbol(width)]
    }

    /// This dimension of an image whose sides are `factor` times as long, if only they grow.
    pub(crate) fn divided(self, factor: usize) -> Self {
        let part = |ratio: Ratio| Ratio::new(ratio.numerator, ratio.denominator.saturating_mul(factor)).reduced();
        match self {
            Dim::Symbol(Symbol::Height(ratio)) => Dim::Symbol(Symbol::Height(part(ratio))),
            Dim::Symbol(Symbol::Width(ratio)) => Dim::Symbol(Symbol::Width(part(ratio))),
            fixed => fixed,
        }
    }

    /// Number of elements at `size`; `None` if the fraction is not exact, overflows or divides by zero.
    pub fn bind(self, size: Size) -> Option<usize> {
        match self {
            Dim::Fixed(n) => Some(n),
            Dim::Symbol(Symbol::Batch) => Some(size.batch),
            Dim::Symbol(Symbol::Height(ratio)) => ratio.of(size.height),
            Dim::Symbol(Symbol::Width(ratio)) => ratio.of(size.width),
        }
    }
}

impl From<usize> for Dim {
    fn from(n: usize) -> Self {
        Dim::Fixed(n)
    }
}

impl std::fmt::Display for Dim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let fraction =
            |f: &mut std::fmt::Formatter<'_>, name: &str, ratio: &Ratio| match (ratio.numerator, ratio.denominator) {
                (1, 1) => f.write_str(name),
                (n, 1) => write!(f, "{n}*{name}"),
                (1, d) => write!(f, "{name}/{d}"),
                (n, d) => write!(f, "{n}*{name}/{d}"),
            };
        match self {
            Dim::Fixed(n) => write!(f, "{n}"),
            Dim::Symbol(Symbol::Batch) => f.write_str("batch"),
            Dim::Symbol(Symbol::Height(ratio)) => fraction(f, "height", ratio),
            Dim::Symbol(Symbol::Width(ratio)) => fraction(f, "width", ratio),
        }
    }
}

/// Reads what [`Display`](std::fmt::Display) writes: `64`, `batch`, `height`, `height/4`, `2*width`, `3*width/2`.
impl std::str::FromStr for Dim {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fault = || {
            format!("{text:?} is no dimension: expected a number, batch, height, width, or a fraction such as height/4")
        };
        let number = |text: &str| text.trim().parse::<usize>().ok().filter(|&n| n > 0).ok_or_else(fault);
        let (factor, rest) = match text.split_once('*') {
            Some((factor, rest)) => (number(factor)?, rest),
            None => (1, text),
        };
        let (name, divisor) = match rest.split_once('/') {
            Some((name, divisor)) => (name.trim(), number(divisor)?),
            None => (rest.trim(), 1),
        };
        let ratio = Ratio::new(factor, divisor);
        match name {
            "height" => Ok(Dim::Symbol(Symbol::Height(ratio))),
            "width" => Ok(Dim::Symbol(Symbol::Width(ratio))),
            "batch" if ratio == Ratio::ONE => Ok(Dim::BATCH),
            _ => number(text).map(Dim::Fixed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binds_only_exact_fractions() {
        let eighth = Dim::Symbol(Symbol::Height(Ratio::new(1, 8)));
        assert_eq!(eighth.bind(Size::new(64, 3)), Some(8));
        assert_eq!(eighth.bind(Size::new(60, 3)), None);
        assert_eq!(Dim::Symbol(Symbol::Width(Ratio::new(1, 0))).bind(Size::new(1, 1)), None);
        assert_eq!(Dim::Symbol(Symbol::Width(Ratio::new(usize::MAX, 1))).bind(Size::new(1, 2)), None);
        assert_eq!(Dim::BATCH.bind(Size::new(1, 2).with_batch(5)), Some(5));
    }

    #[test]
    fn text_survives_a_round_trip() {
        for text in ["64", "batch", "height", "width/8", "2*height", "3*width/2"] {
            assert_eq!(text.parse::<Dim>().unwrap().to_string(), text);
        }
        for text in ["", "0", "-1", "depth", "height/0", "2*batch", "height*2", "1.5"] {
            assert!(text.parse::<Dim>().is_err(), "{text}");
        }
    }
}
