//! What operators read beside their inputs.

use imagine_graph::rng::RandomState;
use imagine_graph::{Size, TensorType};

use crate::buffers::Buffers;

/// What an operator may read beside its inputs.
pub(crate) struct Context<'a> {
    /// Types of the outputs, by the operator's shape rule.
    pub outputs: Vec<TensorType>,
    /// Size that the graph is bound to, for symbolic parameters.
    pub size: Size,
    /// What random numbers depend on.
    pub random: RandomState,
    /// Memory for results.
    pub buffers: &'a Buffers,
}

impl Context<'_> {
    /// Shape of the first output.
    pub fn shape(&self) -> &[usize] {
        &self.outputs[0].shape
    }
}
