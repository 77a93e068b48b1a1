//! `Conv`: explicit padding where burn's symmetric zeros do not suffice, then the backend's convolution. Rows are images of
//! height 1.
//!
//! Measured on burn-flex (2 cores, 64x64, batch 2), forward and backward: 64 to 128 channels at 1x1 take 27 ms as a matrix
//! product and 84 ms as a convolution. The depthwise 3x3 from 16 to 64 channels with a fixed kernel takes 32 ms as the
//! backend's convolution, 36 ms as columns times matrix and 350 ms as shifted slices, so it stays a convolution.

use burn::tensor::backend::Backend;
use burn::tensor::ops::{ConvOptions, FloatTensor};
use burn::tensor::{Shape, TensorMetadata};
use imagine_graph::{Conv, PadMode, WindowAxis};

use super::pad;

/// An axis that the window leaves unchanged.
pub(super) const WHOLE: WindowAxis =
    WindowAxis { input: 1, output: 1, kernel: 1, stride: 1, dilation: 1, begin: 0, end: 0 };

pub(super) fn run<B: Backend>(
    params: &Conv,
    x: FloatTensor<B>,
    w: FloatTensor<B>,
    b: Option<FloatTensor<B>>,
    shape: &[usize],
) -> FloatTensor<B> {
    let windows = params.windows(&x.shape(), &w.shape()).expect("the shape rule accepted them");
    let group = params.group;
    match windows[..] {
        [row] => {
            let image = self::image::<B>([WHOLE, row], params, with_height::<B>(x), with_height::<B>(w), b);
            B::float_reshape(image, Shape::from(shape.to_vec()))
        }
        [y, x_axis] => image::<B>([y, x_axis], params, x, w, b),
        _ => {
            let axes: [WindowAxis; 3] = windows.try_into().expect("the shape rule allows rank 5 at most");
            let (x, padding) = padded::<B, _>(x, &axes, params.pad_mode);
            let options =
                ConvOptions::new(axes.map(|axis| axis.stride), padding, axes.map(|axis| axis.dilation), group);
            B::conv3d(x, w, b, options)
        }
    }
}

/// A tensor of rank 3 with a height of 1.
pub(super) fn with_height<B: Backend>(tensor: FloatTensor<B>) -> FloatTensor<B> {
    let [n, c, width] = tensor.shape().dims();
    B::float_reshape(tensor, Shape::from([n, c, 1, width]))
}

fn image<B: Backend>(
    axes: [WindowAxis; 2],
    params: &Conv,
    x: FloatTensor<B>,
    w: FloatTensor<B>,
    b: Option<FloatTensor<B>>,
) -> FloatTensor<B> {
    let (pointwise_kernel, group) = (axes.iter().all(|axis| axis.kernel == 1), params.group);
    if pointwise_kernel && group == 1 && params.is_pointwise() {
        return pointwise::<B>(x, w, b);
    }
    let (x, padding) = padded::<B, _>(x, &axes, params.pad_mode);
    B::conv2d(x, w, b, ConvOptions::new(axes.map(|axis| axis.stride), padding, axes.map(|axis| axis.dilation), group))
}

/// The padded input, and the padding that is left to the backend.
fn padded<B: Backend, const N: usize>(
    x: FloatTensor<B>,
    axes: &[WindowAxis; N],
    mode: PadMode,
) -> (FloatTensor<B>, [usize; N]) {
    if mode == PadMode::Constant && axes.iter().all(|axis| axis.begin == axis.end) {
        return (x, axes.map(|axis| axis.begin));
    }
    let pad = |x, (index, axis): (usize, &WindowAxis)| pad::axis::<B>(x, index + 2, [axis.begin, axis.end], mode, 0.0);
    (axes.iter().enumerate().fold(x, pad), [0; N])
}

/// A 1x1 convolution as a matrix product, whose gradient is two more of them and no transposed convolution.
fn pointwise<B: Backend>(x: FloatTensor<B>, w: FloatTensor<B>, b: Option<FloatTensor<B>>) -> FloatTensor<B> {
    let ([n, c, height, width], m) = (x.shape().dims(), w.shape()[0]);
    let x = B::float_reshape(x, Shape::from([n, c, height * width]));
    let w = B::float_expand(B::float_reshape(w, Shape::from([1, m, c])), Shape::from([n, m, c]));
    let y = B::float_matmul(w, x);
    let y = match b {
        Some(b) => {
            let b = B::float_reshape(b, Shape::from([1, m, 1]));
            B::float_add(y, B::float_expand(b, Shape::from([n, m, height * width])))
        }
        None => y,
    };
    B::float_reshape(y, Shape::from([n, m, height, width]))
}
