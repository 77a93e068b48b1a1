//! Places of an exemplar, and what lies beyond its edges.

/// How the exemplar continues beyond its edges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edges {
    /// At the opposite edge: the exemplar tiles.
    Wrap,
    /// Not at all. Places nearer to an edge than the margin, min(2, side / 6) places, are never shown.
    Bounded,
}

impl Edges {
    /// Places along an edge that are never shown, of a side of `length` places.
    pub fn margin(self, length: u32) -> u32 {
        match self {
            Edges::Wrap => 0,
            Edges::Bounded => (length / 6).min(2),
        }
    }
}

/// The place `(y, x)` of an exemplar as one word.
pub fn pack(y: u32, x: u32) -> u32 {
    y << 16 | x
}

/// The `(y, x)` of a packed place.
pub fn unpack(place: u32) -> (u32, u32) {
    (place >> 16, place & 0xffff)
}
