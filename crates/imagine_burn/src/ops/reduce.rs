//! `ReduceMean`.

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use burn::tensor::{Shape, TensorMetadata};
use imagine_graph::ReduceMean;

pub(super) fn mean<B: Backend>(params: &ReduceMean, data: FloatTensor<B>, shape: &[usize]) -> FloatTensor<B> {
    let reduced = params.reduced(data.shape().num_dims()).expect("the shape rule accepted it");
    let axes = reduced.iter().enumerate().filter(|(_, gone)| **gone).map(|(axis, _)| axis);
    let mean = axes.fold(data, |data, axis| B::float_mean_dim(data, axis));
    B::float_reshape(mean, Shape::from(shape.to_vec()))
}
