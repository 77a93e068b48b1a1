//! `DepthToSpace` and `SpaceToDepth`: reshape, permute, reshape.

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use burn::tensor::{Shape, TensorMetadata};
use imagine_graph::{DepthToSpace, DepthToSpaceMode, SpaceToDepth};

pub(super) fn run<B: Backend>(params: &DepthToSpace, x: FloatTensor<B>, shape: &[usize]) -> FloatTensor<B> {
    let ([n, _, h, w], b, c): ([usize; 4], _, _) = (x.shape().dims(), params.blocksize, shape[1]);
    let (split, axes) = match params.mode {
        DepthToSpaceMode::Dcr => ([n, b, b, c, h, w], [0, 3, 4, 1, 5, 2]),
        DepthToSpaceMode::Crd => ([n, c, b, b, h, w], [0, 1, 4, 2, 5, 3]),
    };
    let y = B::float_permute(B::float_reshape(x, Shape::from(split)), &axes);
    B::float_reshape(y, Shape::from(shape.to_vec()))
}

pub(super) fn space<B: Backend>(params: &SpaceToDepth, x: FloatTensor<B>, shape: &[usize]) -> FloatTensor<B> {
    let ([n, c, ..], b): ([usize; 4], _) = (x.shape().dims(), params.blocksize);
    let split = B::float_reshape(x, Shape::from([n, c, shape[2], b, shape[3], b]));
    B::float_reshape(B::float_permute(split, &[0, 3, 5, 1, 2, 4]), Shape::from(shape.to_vec()))
}
