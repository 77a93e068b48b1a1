//! Mip levels by area averaging, as in `shaders/texture_io/mip.wgsl`: colour is averaged in linear light, normals are
//! renormalised.

use imagine_graph::color::{linear_to_srgb, srgb_to_linear};

/// How to average texels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Average {
    /// As plain values.
    Linear,
    /// The first three channels are sRGB colour, averaged in linear light.
    Srgb,
    /// The first three channels are a unit vector n, stored as `0.5 + 0.5 n`.
    Normal,
}

/// All levels of an image from the given one down to a single texel. Values are 0 to 1, `channels` interleaved.
///
/// `store` converts each level to bytes; the next level is computed from the unrounded values.
pub fn levels(
    image: &[f32],
    [width, height]: [usize; 2],
    channels: usize,
    average: Average,
    store: impl Fn(&[f32]) -> Vec<u8>,
) -> Vec<Vec<u8>> {
    let mut size = [width.max(1), height.max(1)];
    let mut found = vec![store(image)];
    let mut level: Vec<f32> = image.to_vec();
    level.chunks_mut(channels).for_each(|texel| decode(texel, average));
    while size != [1, 1] {
        level = smaller(&level, size, channels);
        size = size.map(|side| (side / 2).max(1));
        if average == Average::Normal {
            level.chunks_mut(channels).for_each(normalize);
        }
        let mut shown = level.clone();
        shown.chunks_mut(channels).for_each(|texel| encode(texel, average));
        found.push(store(&shown));
    }
    found
}

/// Computes the next smaller level.
fn smaller(level: &[f32], size: [usize; 2], channels: usize) -> Vec<f32> {
    let [columns, rows] = size.map(weights);
    let mut result = Vec::with_capacity(columns.len() * rows.len() * channels);
    let mut sum = vec![0.0; channels];
    for row in &rows {
        for column in &columns {
            sum.fill(0.0);
            for &(y, down) in row {
                for &(x, across) in column {
                    let texel = &level[(y * size[0] + x) * channels..][..channels];
                    sum.iter_mut().zip(texel).for_each(|(sum, value)| *sum += down * across * value);
                }
            }
            result.extend_from_slice(&sum);
        }
    }
    result
}

/// For every texel at half of `length`: the texels it covers and their weights, which add up to 1.
fn weights(length: usize) -> Vec<Vec<(usize, f32)>> {
    let half = (length / 2).max(1);
    let scale = length as f32 / half as f32;
    let covered = |to: usize| {
        let (start, end) = (to as f32 * scale, (to + 1) as f32 * scale);
        let last = (end.ceil() as usize).min(length);
        let part = |from: usize| (end.min((from + 1) as f32) - start.max(from as f32)).max(0.0) / scale;
        (start as usize..last).map(|from| (from, part(from))).filter(|(_, part)| *part > 0.0).collect()
    };
    (0..half).map(covered).collect()
}

fn decode(texel: &mut [f32], average: Average) {
    match average {
        Average::Linear => {}
        Average::Srgb => texel.iter_mut().take(3).for_each(|value| *value = srgb_to_linear(*value)),
        Average::Normal => texel.iter_mut().take(3).for_each(|value| *value = 2.0 * *value - 1.0),
    }
}

fn encode(texel: &mut [f32], average: Average) {
    match average {
        Average::Linear => {}
        Average::Srgb => texel.iter_mut().take(3).for_each(|value| *value = linear_to_srgb(*value)),
        Average::Normal => texel.iter_mut().take(3).for_each(|value| *value = 0.5 + 0.5 * *value),
    }
}

/// Scales to unit length; vectors that cancel out stay 0.
fn normalize(texel: &mut [f32]) {
    let length = texel.iter().take(3).map(|value| value * value).sum::<f32>().sqrt();
    let scale = if length > 1e-6 { 1.0 / length } else { 0.0 };
    texel.iter_mut().take(3).for_each(|value| *value *= scale);
}
