//! Why an executor on the CPU cannot run a network.

use crate::{GraphErrors, RequestError, TensorType, WindowError};

/// Why `imagine_cpu` or `imagine_burn` cannot run a network.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The graph cannot be bound to the requested size.
    #[error(transparent)]
    Graph(#[from] GraphErrors),
    /// The generator cannot fulfil the request.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// No window around a tile can be computed.
    #[error(transparent)]
    Window(#[from] WindowError),
    /// A wrong number of inputs.
    #[error("{found} inputs were given, the graph has {expected}: {names:?}")]
    InputCount {
        /// Number of inputs of the graph.
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
        /// Type at the requested size.
        expected: TensorType,
        /// Type of the given value.
        found: TensorType,
    },
}
