//! Why there is no exemplar, or no generator of it.

use imagine_codec::MapsError;
use imagine_graph::OutputKind;

use crate::folder::FolderError;
use crate::generator::GeneratorError;
use crate::prepared::PrepareError;
use crate::synthesis::SynthesisError;

/// Smallest and largest side of an exemplar in texels.
pub const LEAST_SIDE: u32 = 32;
pub const MOST_SIDE: u32 = 4096;

/// Why there is no exemplar, or no generator.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExemplarError {
    /// A folder is not a set of maps, or a file cannot be read.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// There is no map.
    #[error("no map: an exemplar needs at least one")]
    Empty,
    /// Two maps of the same kind, or a kind that is no map of a surface.
    #[error("{} is given twice, or is no map of a surface", .0.name())]
    Kind(OutputKind),
    /// A map of other proportions than the first.
    #[error("{} is {found:?} pixels, but the first map is {expected:?}: maps may differ in size, not in proportions", kind.name())]
    Shape {
        /// The map.
        kind: OutputKind,
        /// Width and height of the first map.
        expected: [u32; 2],
        /// Width and height of this map.
        found: [u32; 2],
    },
    /// A side is too small.
    #[error("{found:?} pixels: an exemplar needs at least {LEAST_SIDE} each side")]
    TooSmall {
        /// Width and height after scaling.
        found: [u32; 2],
    },
    /// Every map has one value.
    #[error("every map has one constant value: there is nothing to rearrange")]
    Constant,
    /// The side of the options is out of range.
    #[error("side {0}: expected {LEAST_SIDE} to {MOST_SIDE}")]
    Side(u32),
    /// Maps that cannot be an exemplar.
    #[error(transparent)]
    Maps(#[from] MapsError),
    /// A size that does not fit.
    #[error(transparent)]
    Synthesis(#[from] SynthesisError),
    /// An exemplar that cannot be prepared.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// Maps that do not make a generator.
    #[error(transparent)]
    Generator(#[from] GeneratorError),
}
