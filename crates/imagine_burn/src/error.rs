//! What can go wrong when a network is run.

use imagine_graph::{GraphErrors, RequestError, TensorType};

/// Why a network did not run.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The graph has no shapes at the size asked for.
    #[error(transparent)]
    Graph(#[from] GraphErrors),
    /// The generator cannot fulfil the request.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// Not one value for every input.
    #[error("{found} inputs were given, the graph has {expected}: {names:?}")]
    InputCount {
        /// Number of the graph's inputs.
        expected: usize,
        /// Number of given values.
        found: usize,
        /// Names of the graph's inputs.
        names: Vec<String>,
    },
    /// A value of the wrong type or shape.
    #[error("input {name:?} is {found}, expected {expected}")]
    Input {
        /// Name of the input.
        name: String,
        /// Type at the size asked for.
        expected: TensorType,
        /// Type of the given value.
        found: TensorType,
    },
}
