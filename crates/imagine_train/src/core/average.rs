//! The running mean of a network's weights, which previews show and generator files contain.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use imagine_burn::Network;

/// `keep * average + (1 - keep) * latest`, weight by weight.
pub(crate) fn update<B: Backend>(average: Network<B>, latest: &Network<B>, keep: f32) -> Network<B> {
    let mut weights = Weights(Vec::new());
    latest.visit(&mut weights);
    average.map(&mut Mixer { latest: weights.0.into_iter(), keep })
}

struct Weights<B: Backend>(Vec<Tensor<B, 1>>);

impl<B: Backend> ModuleVisitor<B> for Weights<B> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        self.0.push(param.val().flatten(0, D - 1));
    }
}

struct Mixer<B: Backend> {
    latest: std::vec::IntoIter<Tensor<B, 1>>,
    keep: f32,
}

impl<B: Backend> ModuleMapper<B> for Mixer<B> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
        let (id, tensor, mapper) = param.consume();
        let latest = self.latest.next().expect("both networks have one graph").reshape(tensor.shape());
        let mixed = tensor.mul_scalar(self.keep) + latest.mul_scalar(1.0 - self.keep);
        Param::from_mapped_value(id, mixed, mapper)
    }
}
