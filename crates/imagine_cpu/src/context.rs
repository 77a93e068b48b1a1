//! What operators read beside their inputs.

use std::sync::Arc;

use imagine_graph::rng::RandomState;
use imagine_graph::{Size, TensorType};

use crate::buffers::Buffers;
use crate::level::Level;
use crate::weights::{ConvWeights, TransposedWeights};

/// What a network prepares for a node whose weights are known.
#[derive(Clone, Debug)]
pub(crate) enum Prepared {
    /// The weights of a convolution.
    Conv(Arc<ConvWeights>),
    /// The weights of a transposed convolution.
    ConvTranspose(Arc<TransposedWeights>),
    /// A factor and an addend for each channel.
    Affine(Arc<Vec<(f32, f32)>>),
    /// The level of an exemplar.
    Level(Arc<Level>),
}

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
    /// What the network prepared for the node when it was made.
    pub prepared: Option<&'a Prepared>,
}

impl Context<'_> {
    /// Shape of the first output.
    pub fn shape(&self) -> &[usize] {
        &self.outputs[0].shape
    }
}
