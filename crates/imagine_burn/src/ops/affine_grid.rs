//! `AffineGrid`: the matrix of all positions times the transposed affine map.

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use burn::tensor::{Shape, TensorData};
use imagine_graph::AffineGrid;

pub(super) fn run<B: Backend>(params: &AffineGrid, theta: FloatTensor<B>, shape: &[usize]) -> FloatTensor<B> {
    let axes = shape[shape.len() - 1];
    let (n, size) = (shape[0], &shape[1..=axes]);
    let places: usize = size.iter().product();
    // Rows [x, y, 1] or [x, y, z, 1].
    let mut positions = Vec::with_capacity(places * (axes + 1));
    for place in 0..places {
        let mut rest = place;
        for &length in size.iter().rev() {
            positions.push(params.position(rest % length, length));
            rest /= length;
        }
        positions.push(1.0);
    }
    let positions = TensorData::new(positions, [1, places, axes + 1]);
    let positions = B::float_from_data(positions, &B::float_device(&theta));
    let positions = B::float_expand(positions, Shape::from([n, places, axes + 1]));
    let grid = B::float_matmul(positions, B::float_swap_dims(theta, 1, 2));
    B::float_reshape(grid, Shape::from(shape.to_vec()))
}
