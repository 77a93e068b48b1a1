//! The pool of states that rollouts continue, so that an automaton learns to keep a texture and not only to grow it.

use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};
use imagine_graph::Tensor as Elements;

/// Bytes of the pool that a resume set keeps; further states are seeded again.
const MAX_BYTES: usize = 15 << 20;

/// States of equal shape in CPU memory.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pool {
    /// `[channels, height, width]` of a state.
    pub shape: [usize; 3],
    /// The states, row-major.
    pub states: Vec<Vec<f32>>,
}

impl Pool {
    /// The states at `slots` as one batch.
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

    /// As many states as a resume set keeps, `[state, channels, height, width]`.
    pub fn save(&self) -> Elements {
        let [channels, height, width] = self.shape;
        let kept = (MAX_BYTES / (channels * height * width * 4)).min(self.states.len());
        Elements::f32([kept, channels, height, width], self.states[..kept].concat())
    }

    /// The first `most` saved states; `None` if they have another shape.
    pub fn load(&self, saved: &Elements, most: usize) -> Option<Self> {
        let length = self.shape.iter().product();
        let states = saved.as_f32()?.chunks_exact(length).take(most).map(<[f32]>::to_vec).collect();
        (saved.shape[1..] == self.shape).then_some(Self { shape: self.shape, states })
    }
}
