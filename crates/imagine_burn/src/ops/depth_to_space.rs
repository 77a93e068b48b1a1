//! `DepthToSpace`: reshape, permute, reshape.

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use burn::tensor::{Shape, TensorMetadata};
use imagine_graph::{DepthToSpace, DepthToSpaceMode};

pub(super) fn run<B: Backend>(params: &DepthToSpace, x: FloatTensor<B>, shape: &[usize]) -> FloatTensor<B> {
    let ([n, _, h, w], b, c): ([usize; 4], _, _) = (x.shape().dims(), params.blocksize, shape[1]);
    let (split, axes) = match params.mode {
        DepthToSpaceMode::Dcr => ([n, b, b, c, h, w], [0, 3, 4, 1, 5, 2]),
        DepthToSpaceMode::Crd => ([n, c, b, b, h, w], [0, 1, 4, 2, 5, 3]),
    };
    let y = B::float_permute(B::float_reshape(x, Shape::from(split)), &axes);
    B::float_reshape(y, Shape::from(shape.to_vec()))
}
