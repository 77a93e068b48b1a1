//! A pyramid of binomially blurred and halved images on the torus.

use burn::tensor::backend::Backend;
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Tensor, TensorData};

/// The image `[n, channels, height, width]` and its halvings, finest first.
pub fn pyramid<B: Backend>(image: Tensor<B, 4>, levels: usize) -> Vec<Tensor<B, 4>> {
    let channels = image.dims()[1];
    let kernel = binomial(channels, &image.device());
    let mut pyramid = vec![image];
    for _ in 1..levels {
        let above = wrap(pyramid.last().expect("starts with the image").clone(), 2);
        let options = ConvOptions::new([2, 2], [0, 0], [1, 1], channels);
        pyramid.push(conv2d(above, kernel.clone(), None, options));
    }
    pyramid
}

/// The 5x5 binomial filter for each channel.
fn binomial<B: Backend>(channels: usize, device: &B::Device) -> Tensor<B, 4> {
    let row = [1.0, 4.0, 6.0, 4.0, 1.0f32];
    let filter: Vec<f32> = row.iter().flat_map(|a| row.map(|b| a * b / 256.0)).collect();
    Tensor::from_data(TensorData::new(filter.repeat(channels), [channels, 1, 5, 5]), device)
}

/// The image with `count` pixels of the opposite side around it.
pub fn wrap<B: Backend>(image: Tensor<B, 4>, count: usize) -> Tensor<B, 4> {
    let [_, _, height, width] = image.dims();
    let rows = Tensor::cat(
        vec![image.clone().narrow(2, height - count, count), image.clone(), image.narrow(2, 0, count)],
        2,
    );
    Tensor::cat(vec![rows.clone().narrow(3, width - count, count), rows.clone(), rows.narrow(3, 0, count)], 3)
}
