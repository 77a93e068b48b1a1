//! The pool of states that rollouts continue: an automaton learns to keep a texture, not only to grow it.

use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};

/// States of equal shape in CPU memory.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pool {
    /// One state's `[channels, height, width]`.
    pub shape: [usize; 3],
    /// The states, row-major.
    pub states: Vec<Vec<f32>>,
}

impl Pool {
    /// States `slots` as one batch.
    pub fn batch<B: Backend>(&self, slots: &[usize], device: &B::Device) -> Tensor<B, 4> {
        let [channels, height, width] = self.shape;
        let values: Vec<f32> = slots.iter().flat_map(|&slot| self.states[slot].iter().copied()).collect();
        Tensor::from_data(TensorData::new(values, [slots.len(), channels, height, width]), device)
    }

    /// Puts the states of a batch back.
    pub fn put<B: Backend>(&mut self, slots: &[usize], batch: Tensor<B, 4>) {
        let values: Vec<f32> = batch.into_data().convert::<f32>().to_vec().unwrap_or_default();
        let length = self.shape.iter().product();
        for (&slot, state) in slots.iter().zip(values.chunks_exact(length)) {
            self.states[slot].copy_from_slice(state);
        }
    }
}
