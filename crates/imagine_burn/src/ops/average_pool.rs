//! `AveragePool`: the sum of shifted, strided slices of the padded image over the number of positions that count.

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use burn::tensor::{Shape, Slice as Range, TensorData, TensorMetadata};
use imagine_graph::{AveragePool, PadMode};

use super::pad;

pub(super) fn run<B: Backend>(params: &AveragePool, x: FloatTensor<B>, shape: &[usize]) -> FloatTensor<B> {
    let size: [usize; 4] = x.shape().dims();
    let device = B::float_device(&x);
    let mut padded = x;
    for axis in [0, 1] {
        let reached = (shape[axis + 2] - 1) * params.strides[axis] + params.window(axis);
        let before = params.pads[axis];
        // With ceil_mode windows may reach beyond the end padding: there are zeros, too.
        let after = reached.saturating_sub(size[axis + 2] + before).max(params.pads[axis + 2]);
        padded = pad::axis::<B>(padded, axis + 2, [before, after], PadMode::Constant, 0.0);
    }
    let mut sum: Option<FloatTensor<B>> = None;
    for ky in 0..params.kernel_shape[0] {
        for kx in 0..params.kernel_shape[1] {
            let range = |axis: usize, k: usize| {
                let start = k * params.dilations[axis];
                let end = start + (shape[axis + 2] - 1) * params.strides[axis] + 1;
                Range::new(start as isize, Some(end as isize), params.strides[axis] as isize)
            };
            let part = B::float_slice(padded.clone(), &[Range::full(), Range::full(), range(0, ky), range(1, kx)]);
            sum = Some(match sum {
                Some(sum) => B::float_add(sum, part),
                None => part,
            });
        }
    }
    let counts = TensorData::new(counts(params, [size[2], size[3]], [shape[2], shape[3]]), [1, 1, shape[2], shape[3]]);
    let counts = B::float_expand(B::float_from_data(counts, &device), Shape::from(shape.to_vec()));
    B::float_div(sum.expect("a window has an element"), counts)
}

/// Number of positions that count in each window, `[height, width]` of the output.
fn counts(params: &AveragePool, input: [usize; 2], output: [usize; 2]) -> Vec<f32> {
    let along = |axis: usize| {
        let (begin, end) = (params.pads[axis], params.pads[axis + 2]);
        let counted = if params.count_include_pad { 0..begin + input[axis] + end } else { begin..begin + input[axis] };
        let position = |o: usize, k: usize| o * params.strides[axis] + k * params.dilations[axis];
        let count = |o: usize| (0..params.kernel_shape[axis]).filter(|&k| counted.contains(&position(o, k))).count();
        (0..output[axis]).map(count).collect::<Vec<_>>()
    };
    let (rows, columns) = (along(0), along(1));
    rows.iter().flat_map(|row| columns.iter().map(move |column| (row * column).max(1) as f32)).collect()
}
