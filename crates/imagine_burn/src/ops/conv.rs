//! `Conv`: padding first where burn's own, symmetric zeros, will not do; then the backend's convolution.

use burn::tensor::backend::Backend;
use burn::tensor::ops::{ConvOptions, FloatTensor};
use imagine_graph::{Conv, PadMode};

use super::pad;

pub(super) fn run<B: Backend>(
    params: &Conv,
    x: FloatTensor<B>,
    w: FloatTensor<B>,
    b: Option<FloatTensor<B>>,
) -> FloatTensor<B> {
    let [top, left, bottom, right] = params.pads;
    let symmetric_zeros = params.pad_mode == PadMode::Constant && top == bottom && left == right;
    let (x, padding) = if symmetric_zeros {
        (x, [top, left])
    } else {
        let x = pad::axis::<B>(x, 2, [top, bottom], params.pad_mode, 0.0);
        (pad::axis::<B>(x, 3, [left, right], params.pad_mode, 0.0), [0, 0])
    };
    B::conv2d(x, w, b, ConvOptions::new(params.strides, padding, params.dilations, params.group))
}
