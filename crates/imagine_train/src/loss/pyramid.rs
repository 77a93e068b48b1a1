//! Binomial image pyramid: blur with `[1, 4, 6, 4, 1] / 16` along both axes, then every other pixel.
//!
//! Blur and decimation along an axis form one matrix, so a level is two matrix products, which autodiff handles. The matrix
//! also contains the border rule.

use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};

const TAPS: [f32; 5] = [1.0 / 16.0, 4.0 / 16.0, 6.0 / 16.0, 4.0 / 16.0, 1.0 / 16.0];

/// `levels` images `[batch, channels, height / 2^l, width / 2^l]`; the first is `image` itself.
///
/// Borders wrap if `tiles`, else they repeat. All sides but those of the last level must be even.
pub fn pyramid<B: Backend>(image: Tensor<B, 4>, levels: usize, tiles: bool) -> Vec<Tensor<B, 4>> {
    let mut result = vec![image];
    while result.len() < levels {
        let finer = result[result.len() - 1].clone();
        result.push(halve(finer, tiles));
    }
    result
}

fn halve<B: Backend>(image: Tensor<B, 4>, tiles: bool) -> Tensor<B, 4> {
    let [batch, channels, height, width] = image.dims();
    let device = image.device();
    let rows =
        halving_matrix::<B>(height, tiles, &device).unsqueeze::<4>().expand([batch, channels, height / 2, height]);
    let columns = halving_matrix::<B>(width, tiles, &device).transpose();
    let columns = columns.unsqueeze::<4>().expand([batch, channels, width, width / 2]);
    rows.matmul(image).matmul(columns)
}

/// `[length / 2, length]`.
fn halving_matrix<B: Backend>(length: usize, tiles: bool, device: &B::Device) -> Tensor<B, 2> {
    let half = length / 2;
    let mut matrix = vec![0.0f32; half * length];
    for row in 0..half {
        for (tap, weight) in TAPS.iter().enumerate() {
            let at = (2 * row + tap) as i64 - 2;
            let last = length as i64 - 1;
            let column = if tiles { at.rem_euclid(length as i64) } else { at.clamp(0, last) };
            matrix[row * length + column as usize] += weight;
        }
    }
    Tensor::from_data(TensorData::new(matrix, [half, length]), device)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::backend::Flex;

    #[test]
    fn a_level_is_the_blurred_even_pixels() {
        let device = Default::default();
        let ramp = Tensor::<Flex, 1>::from_data([0.0f32, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0], &device);
        let image = ramp.reshape([1, 1, 1, 8]).expand([1, 1, 4, 8]);
        let row = |tiles| {
            let level = pyramid(image.clone(), 2, tiles).remove(1);
            assert_eq!(level.dims(), [1, 1, 2, 4]);
            level.into_data().to_vec::<f32>().unwrap()[..4].to_vec()
        };
        let close = |a: &[f32], b: [f32; 4]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5);
        assert!(close(
            &row(true),
            [(1.0 * 4.0 + 2.0 + 6.0 + 7.0 * 4.0) / 16.0, 2.0, 4.0, (4.0 + 5.0 * 4.0 + 6.0 * 6.0 + 7.0 * 4.0) / 16.0]
        ));
        assert!(close(&row(false), [(4.0 + 2.0) / 16.0, 2.0, 4.0, (4.0 + 20.0 + 36.0 + 28.0 + 7.0) / 16.0]));
    }
}
