//! What operators read beside their inputs.

use burn::tensor::backend::Backend;
use imagine_graph::rng::RandomState;
use imagine_graph::{Size, TensorType};

/// What an operator may read beside its inputs.
pub(crate) struct Context<'a, B: Backend> {
    /// Types of the outputs, by the operator's shape rule.
    pub outputs: Vec<TensorType>,
    /// Size that the graph is bound to, for symbolic parameters.
    pub size: Size,
    /// Device of new tensors.
    pub device: &'a B::Device,
    /// What random numbers depend on.
    pub random: RandomState,
}
