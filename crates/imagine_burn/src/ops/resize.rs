//! `Resize` as two matrix products with the weights of [`imagine_graph::resize`]: differentiable on every backend.

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use burn::tensor::{Shape, TensorData, TensorMetadata};
use imagine_graph::{Resize, resize};

/// `Y = Wy X Wx'` for every channel of every image.
pub(super) fn run<B: Backend>(params: &Resize, x: FloatTensor<B>, shape: &[usize]) -> FloatTensor<B> {
    let [n, c, height, width]: [usize; 4] = x.shape().dims();
    let planes = n * c;
    let weights = |axis: usize, input: usize, output: usize| {
        let taps = resize::taps(params, input, output, params.scale(axis, input, output));
        let data = TensorData::new(resize::weights(&taps, input), [1, output, input]);
        let weights = B::float_from_data(data, &B::float_device(&x));
        B::float_expand(weights, Shape::from([planes, output, input]))
    };
    let (rows, columns) = (weights(0, height, shape[2]), B::float_swap_dims(weights(1, width, shape[3]), 1, 2));
    let x = B::float_reshape(x, Shape::from([planes, height, width]));
    let y = B::float_matmul(B::float_matmul(rows, x), columns);
    B::float_reshape(y, Shape::from(shape.to_vec()))
}
