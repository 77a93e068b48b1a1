//! `ConvTranspose`: the backend's, whose result is cut where the padding is uneven.

use burn::tensor::backend::Backend;
use burn::tensor::ops::{ConvTransposeOptions, FloatTensor};
use burn::tensor::{Slice as Range, TensorMetadata};
use imagine_graph::ConvTranspose;

pub(super) fn run<B: Backend>(
    params: &ConvTranspose,
    x: FloatTensor<B>,
    w: FloatTensor<B>,
    b: Option<FloatTensor<B>>,
    shape: &[usize],
) -> FloatTensor<B> {
    let [top, left, ..] = params.pads;
    // Without padding the result is whole; what padding would cut is cut here, alike for even and uneven pads.
    let options =
        ConvTransposeOptions::new(params.strides, [0, 0], params.output_padding, params.dilations, params.group);
    let whole = B::conv_transpose2d(x, w, b, options);
    let range = |start: usize, count: usize| Range::new(start as isize, Some((start + count) as isize), 1);
    let ranges = [Range::full(), Range::full(), range(top, shape[2]), range(left, shape[3])];
    if whole.shape().to_vec() == shape { whole } else { B::float_slice(whole, &ranges) }
}
