//! `MatMul` and `Gemm`.

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use burn::tensor::{Shape, TensorMetadata};
use imagine_graph::Gemm;

use crate::value::Value;

/// As in NumPy: a vector is a row on the left and a column on the right; leading axes broadcast.
pub(super) fn matmul<B: Backend>(a: FloatTensor<B>, b: FloatTensor<B>, shape: &[usize]) -> FloatTensor<B> {
    let (mut a_shape, mut b_shape) = (a.shape().to_vec(), b.shape().to_vec());
    if a_shape.len() == 1 {
        a_shape.insert(0, 1);
    }
    if b_shape.len() == 1 {
        b_shape.push(1);
    }
    let rank = a_shape.len().max(b_shape.len());
    let leading: Vec<usize> =
        (0..rank - 2).map(|axis| dim(&a_shape, rank, axis).max(dim(&b_shape, rank, axis))).collect();
    let spread = |t: FloatTensor<B>, own: &[usize]| {
        let t = Value::<B>::Float(B::float_reshape(t, Shape::from(own.to_vec())));
        let full = [leading.as_slice(), &own[own.len() - 2..]].concat();
        t.broadcast(&full).into_float()
    };
    let product = B::float_matmul(spread(a, &a_shape), spread(b, &b_shape));
    B::float_reshape(product, Shape::from(shape.to_vec()))
}

pub(super) fn gemm<B: Backend>(
    params: &Gemm,
    a: FloatTensor<B>,
    b: FloatTensor<B>,
    c: Option<FloatTensor<B>>,
    shape: &[usize],
) -> FloatTensor<B> {
    let a = if params.trans_a { B::float_swap_dims(a, 0, 1) } else { a };
    let b = if params.trans_b { B::float_swap_dims(b, 0, 1) } else { b };
    let y = B::float_mul_scalar(B::float_matmul(a, b), params.alpha.into());
    match c {
        Some(c) => {
            let c = Value::<B>::Float(c).broadcast(shape).into_float();
            B::float_add(y, B::float_mul_scalar(c, params.beta.into()))
        }
        None => y,
    }
}

/// Length of `axis` once `shape` is padded to `rank` with leading ones.
fn dim(shape: &[usize], rank: usize, axis: usize) -> usize {
    let missing = rank - shape.len();
    if axis < missing { 1 } else { shape[axis - missing] }
}
