//! Support: which part of its inputs an output pixel depends on. It decides what may be tiled, cut into patches and sliced.

/// Which elements of one input an output element of a node reads, along height and width.
#[derive(Clone, Debug, PartialEq)]
pub enum Reach {
    /// The element at its own place (or the one it broadcasts from).
    Pointwise,
    /// A window along height and width.
    Window([Window; 2]),
    /// The whole input, and why, as in "reads all of `its weights`".
    Everything(&'static str),
}

/// A window along one axis: output element `i` reads input elements `floor(i * stride / repeat) + low ..= .. + high`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Input elements from one output element to the next ..
    pub stride: usize,
    /// .. divided by this: above 1 in up-sampling.
    pub repeat: usize,
    /// First element read, relative to the place.
    pub low: i64,
    /// Last element read, relative to the place.
    pub high: i64,
}

/// The part of a graph's input that one output pixel depends on.
#[derive(Clone, Debug, PartialEq)]
pub enum Support {
    /// A window; the receptive field.
    Local {
        /// Windows along height and width.
        windows: [Window; 2],
    },
    /// The whole image.
    Global {
        /// The node that makes it so.
        node: String,
    },
}
