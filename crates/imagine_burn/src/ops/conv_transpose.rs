//! `ConvTranspose`: the backend's, without padding, then cropped. Rows are images of height 1.

use burn::tensor::backend::Backend;
use burn::tensor::ops::{ConvTransposeOptions, FloatTensor};
use burn::tensor::{Shape, Slice as Range, TensorMetadata};
use imagine_graph::{ConvTranspose, WindowAxis};

use super::conv::{WHOLE, with_height};

pub(super) fn run<B: Backend>(
    params: &ConvTranspose,
    x: FloatTensor<B>,
    w: FloatTensor<B>,
    b: Option<FloatTensor<B>>,
    shape: &[usize],
) -> FloatTensor<B> {
    let windows = params.windows(&x.shape(), &w.shape()).expect("the shape rule accepted them");
    let whole = match windows[..] {
        [row] => B::conv_transpose2d(with_height::<B>(x), with_height::<B>(w), b, options(params, [WHOLE, row])),
        [y, x_axis] => B::conv_transpose2d(x, w, b, options(params, [y, x_axis])),
        _ => {
            let axes: [WindowAxis; 3] = windows.clone().try_into().expect("the shape rule allows rank 5 at most");
            B::conv_transpose3d(x, w, b, options(params, axes))
        }
    };
    // The result of a row has a height of 1.
    let missing = whole.shape().num_dims() - shape.len();
    let mut ranges = vec![Range::full(); 2 + missing];
    ranges.extend(windows.iter().map(|axis| {
        let end = axis.begin + axis.output;
        Range::new(axis.begin as isize, Some(end as isize), 1)
    }));
    B::float_reshape(B::float_slice(whole, &ranges), Shape::from(shape.to_vec()))
}

/// Without padding: pads may be uneven, so the result is cropped afterwards.
fn options<const N: usize>(params: &ConvTranspose, axes: [WindowAxis; N]) -> ConvTransposeOptions<N> {
    let missing = N - params.output_padding.len().min(N);
    let added = std::array::from_fn(|axis| {
        let index = axis.checked_sub(missing);
        index.and_then(|index| params.output_padding.get(index)).copied().unwrap_or(0)
    });
    let [strides, dilations] = [axes.map(|axis| axis.stride), axes.map(|axis| axis.dilation)];
    ConvTransposeOptions::new(strides, [0; N], added, dilations, params.group)
}
