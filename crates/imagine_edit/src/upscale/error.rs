//! Why a picture or generator cannot be enlarged.

use imagine_graph::{GraphErrors, OutputKind, WindowError};

use crate::error::EditError;

/// Why a picture or generator cannot be enlarged.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum UpscaleError {
    /// A factor that there is no upscaler for.
    #[error("factor {factor}: this upscaler has {}", numbers(.known))]
    Factor {
        /// The factor.
        factor: usize,
        /// The factors that there are.
        known: &'static [usize],
    },
    /// A generator that does not enlarge pictures.
    #[error(
        "{generator} is no upscaler: {reason}; expected one picture of 3 channels in and a base colour 2 to 8 times as large out"
    )]
    NoUpscaler {
        /// Its name.
        generator: String,
        /// What is wrong.
        reason: String,
    },
    /// A network that cannot continue at the opposite border.
    #[error("{generator} cannot wrap around the picture's borders: {reason}; enlarge without wrapping")]
    CannotWrap {
        /// Name of the network's generator.
        generator: String,
        /// What is in the way.
        reason: Box<WindowError>,
    },
    /// An output that is no map of a material.
    #[error("{generator}: output {output:?} is {}, which cannot be enlarged; only maps of a material can", kind.name())]
    NoMap {
        /// Name of the generator.
        generator: String,
        /// Name of the output.
        output: String,
        /// What it is.
        kind: OutputKind,
    },
    /// Two outputs of the same kind.
    #[error("{generator} has two outputs for {}", kind.name())]
    Twice {
        /// Name of the generator.
        generator: String,
        /// What they are.
        kind: OutputKind,
    },
    /// Pictures that are no maps of one material.
    #[error(transparent)]
    Maps(#[from] EditError),
    /// Generator and upscaler do not fit together.
    #[error("{generator} cannot be enlarged: {errors}")]
    Graph {
        /// Name of the generator.
        generator: String,
        /// What is wrong.
        errors: GraphErrors,
    },
}

fn numbers(known: &[usize]) -> String {
    known.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
