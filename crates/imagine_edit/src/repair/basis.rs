//! The basis that patches are put on: cosines of low frequency (Ahmed, Natarajan and Rao, "Discrete Cosine Transform", 1974) under a Gaussian.

use std::f64::consts::PI;

use imagine_graph::{OutputKind, Tensor, TensorData};

/// Cells of a patch on each side of its centre.
pub(super) const RADIUS: usize = 3;
const SIDE: usize = 2 * RADIUS + 1;
/// Standard deviation of the Gaussian of a patch, in cells.
const SIGMA: f64 = 2.7;
/// The largest weight of a normalised basis image is near this; it becomes 127.
const LARGEST: f64 = 0.45;
/// Sums of products with numbers of -127 to 127 are divided by 2 to the power of this.
pub(super) const SHIFT: u32 = 7;
/// Features of a place at most.
const MOST: usize = 64;

/// The basis of maps and the two channels of roughness behind them, as `NnfProject` takes it. Colours get 8 cosines for the second channel and 6 for
/// the others, slopes and heights 6, other channels 3, roughness its mean.
pub(super) fn basis(maps: &[OutputKind]) -> Tensor {
    let mut images = Vec::new();
    let mut channel = 0;
    for map in maps {
        let counts: &[usize] = match map {
            OutputKind::BaseColor => &[6, 8, 6],
            OutputKind::Normal => &[6, 6, 1],
            OutputKind::Emissive => &[3, 3, 3],
            OutputKind::Height => &[6],
            _ => &[3],
        };
        for count in counts {
            images.extend(frequencies().take(*count).map(|frequency| (channel, frequency)));
            channel += 1;
        }
    }
    images.extend([(channel, [0, 0]), (channel + 1, [0, 0])]);
    images.truncate(MOST);
    packed(&images, channel + 2)
}

/// Vertical and horizontal frequencies, the lowest first.
fn frequencies() -> impl Iterator<Item = [usize; 2]> {
    let mut all: Vec<[usize; 2]> = (0..SIDE).flat_map(|v| (0..SIDE).map(move |u| [v, u])).collect();
    all.sort_by_key(|[v, u]| v * v + u * u);
    all.into_iter()
}

/// The weights of images, each of one channel, as signed bytes `[channels, SIDE, SIDE, words]`.
fn packed(images: &[(usize, [usize; 2])], channels: usize) -> Tensor {
    let words = images.len().div_ceil(4);
    let mut bytes = vec![0u8; channels * SIDE * SIDE * words * 4];
    for (index, (channel, frequency)) in images.iter().enumerate() {
        for (cell, weight) in weights(*frequency).into_iter().enumerate() {
            bytes[(channel * SIDE * SIDE + cell) * words * 4 + index] = weight as i8 as u8;
        }
    }
    let numbers = bytes.chunks_exact(4).map(|word| i32::from_le_bytes([word[0], word[1], word[2], word[3]]));
    Tensor::new(vec![channels, SIDE, SIDE, words], TensorData::I32(numbers.collect()))
}

/// One cosine under the Gaussian, of unit length times 127 / LARGEST.
fn weights([vertical, horizontal]: [usize; 2]) -> [i32; SIDE * SIDE] {
    let line = |frequency: usize, at: usize| {
        let distance = at as f64 - RADIUS as f64;
        let cosine = (frequency as f64 * (2 * at + 1) as f64 * PI / (2 * SIDE) as f64).cos();
        cosine * (-distance * distance / (4.0 * SIGMA * SIGMA)).exp()
    };
    let image: [f64; SIDE * SIDE] =
        std::array::from_fn(|cell| line(vertical, cell / SIDE) * line(horizontal, cell % SIDE));
    let length = image.iter().map(|weight| weight * weight).sum::<f64>().sqrt();
    image.map(|weight| (weight / length * 127.0 / LARGEST).round().clamp(-127.0, 127.0) as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cosines_are_of_one_length_and_nearly_orthogonal() {
        let images: Vec<_> = frequencies().take(8).map(weights).collect();
        for (i, a) in images.iter().enumerate() {
            for (j, b) in images.iter().enumerate() {
                let product: i32 = a.iter().zip(b).map(|(a, b)| a * b).sum();
                let cosine = f64::from(product) / (127.0 / LARGEST).powi(2);
                if i == j {
                    assert!((cosine - 1.0).abs() < 0.02, "{i}: {cosine}");
                } else {
                    assert!(cosine.abs() < 0.35, "{i} {j}: {cosine}");
                }
            }
        }
    }

    #[test]
    fn all_maps_together_have_at_most_sixteen_words() {
        let tensor = basis(&OutputKind::MAPS);
        assert_eq!(tensor.shape, [16, 7, 7, 16]);
    }
}
