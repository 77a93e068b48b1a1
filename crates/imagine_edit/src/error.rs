//! Why an edit cannot be made.

use imagine_graph::{GraphErrors, OutputKind};

/// Largest side of a picture that an edit takes, in pixels: edits look at the whole picture at once.
pub const MAX_SIDE: usize = 4096;

/// Why an edit cannot be made.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EditError {
    /// The picture is too large or too small.
    #[error(
        "a picture of {width} x {height} pixels: this edit takes sides of {min} to {max}; scale it, or edit a part of it"
    )]
    Size {
        /// Width in pixels.
        width: usize,
        /// Height in pixels.
        height: usize,
        /// Smallest side.
        min: usize,
        /// Largest side.
        max: usize,
    },
    /// There is no map, or one is of a kind that cannot be edited, or there twice.
    #[error("maps {}: expected different maps of a material, at least one", names(.0))]
    Maps(Vec<OutputKind>),
    /// The object has a map that the picture does not have.
    #[error("the object has {}, but the picture does not: give both the same maps", .0.name())]
    ObjectMap(OutputKind),
    /// The graph is not valid.
    #[error(transparent)]
    Graph(#[from] GraphErrors),
}

fn names(kinds: &[OutputKind]) -> String {
    kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ")
}
