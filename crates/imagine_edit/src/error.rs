//! Why an edit cannot be made.

use imagine_graph::{GraphErrors, OutputKind, WindowError};

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
    /// The picture tiles, and its sides cannot be halved often enough.
    #[error(
        "a picture of {width} x {height} pixels that tiles: this edit takes sides that are multiples of {multiple}; scale it, or cut some pixels off"
    )]
    Multiple {
        /// Width in pixels.
        width: usize,
        /// Height in pixels.
        height: usize,
        /// What sides must be multiples of.
        multiple: usize,
    },
    /// The mask would grow by too much.
    #[error("a mask that grows by {found} pixels: this edit takes 0 to {most}; draw a larger mask")]
    Grow {
        /// Pixels that were asked for.
        found: usize,
        /// Most pixels.
        most: usize,
    },
    /// Scratches would be too wide.
    #[error("scratches of up to {found} pixels: this edit takes 0 to {most}; wider ones are holes")]
    Scratches {
        /// Pixels that were asked for.
        found: usize,
        /// Most pixels.
        most: usize,
    },
    /// The band to replace is too narrow or too wide.
    #[error("a seam of {found} pixels: this picture takes {least} to {most}")]
    Seam {
        /// Pixels that were asked for.
        found: usize,
        /// Fewest pixels.
        least: usize,
        /// Most pixels; of a tile a quarter of the shorter side.
        most: usize,
    },
    /// A style that is not by example.
    #[error("the style is not a generator by example: only texels of an exemplar can be arranged after a picture")]
    NotByExample,
    /// A style without the map that guides.
    #[error("the style has no {}, which its texels are chosen by", .0.name())]
    StyleMap(OutputKind),
    /// A style whose exemplar is too small, or was prepared without matching.
    #[error(
        "the style's exemplar of {width} x {height} texels has too few levels: take a larger one, made with matching passes, or coarser strokes"
    )]
    Levels {
        /// Columns of texels, as large as strokes are asked for.
        width: usize,
        /// Rows of texels.
        height: usize,
    },
    /// A generator that does not restore pictures.
    #[error(
        "{generator} restores no pictures: {reason}; expected one picture of 3 channels and perhaps a control called strength in, and a base \
         colour of the same size out"
    )]
    NoRestorer {
        /// Its name.
        generator: String,
        /// What is wrong.
        reason: String,
    },
    /// A generator that makes no maps of photographs.
    #[error(
        "{generator} makes no maps of photographs: {reason}; expected one picture in, and maps of a material out, normals among them"
    )]
    NoMaps {
        /// Its name.
        generator: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// A network cannot continue at the opposite border.
    #[error("{generator} cannot wrap around the picture's borders: {reason}")]
    CannotWrap {
        /// Name of the network's generator.
        generator: String,
        /// What is in the way.
        reason: Box<WindowError>,
    },
    /// The graph is not valid.
    #[error(transparent)]
    Graph(#[from] GraphErrors),
}

fn names(kinds: &[OutputKind]) -> String {
    kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ")
}
