//! Features of places: channels packed into words, and patches on a basis.

use rayon::prelude::*;

/// The patches that [`project`] puts on a basis.
#[derive(Clone, Copy)]
pub struct Projection<'a> {
    /// Channels, rows and columns of the image.
    pub shape: [usize; 3],
    /// The basis `[channels, side, side, words]`, four signed bytes to a word.
    pub basis: &'a [i32],
    /// Side of a patch, odd.
    pub side: usize,
    /// Words of a place's features.
    pub words: usize,
    /// Sums are divided by 2 to the power of this.
    pub shift: u32,
    /// Whether the image continues at the opposite edge.
    pub tiles: bool,
    /// The places whose features are wanted; the others have zeros.
    pub active: Option<&'a [bool]>,
}

/// A number as a whole one, halves to even, clamped to `-limit - extra..=limit`.
fn whole(number: f32, low: f32, high: f32) -> i32 {
    number.clamp(low, high).round_ties_even() as i32
}

fn word(bytes: [i32; 4]) -> i32 {
    i32::from_le_bytes(bytes.map(|byte| byte as i8 as u8))
}

/// The channels of an image `[channels, plane]` as signed bytes, `[plane, words]`.
pub fn pack_features(image: &[f32], channels: usize) -> Vec<i32> {
    let plane = image.len() / channels;
    let words = channels.div_ceil(4);
    let mut features = vec![0; plane * words];
    features.par_chunks_mut(words).enumerate().for_each(|(place, features)| {
        for (index, feature) in features.iter_mut().enumerate() {
            *feature = word(std::array::from_fn(|byte| match image.get((4 * index + byte) * plane + place) {
                Some(number) if 4 * index + byte < channels => whole(*number, -128.0, 127.0),
                _ => 0,
            }));
        }
    });
    features
}

/// The patches of `image` on the basis, `[rows, columns, words]`.
pub fn project(image: &[f32], projection: Projection) -> Vec<i32> {
    let [_, height, width] = projection.shape;
    let words = projection.words;
    let numbers: Vec<i32> = image.par_iter().map(|number| whole(*number, -2047.0, 2047.0)).collect();
    let basis: Vec<i32> =
        projection.basis.iter().flat_map(|word| word.to_le_bytes().map(|byte| i32::from(byte as i8))).collect();
    let mut features = vec![0; height * width * words];
    features.par_chunks_mut(width * words).enumerate().for_each(|(row, features)| {
        let mut sums = vec![0i32; 4 * words];
        for (column, features) in features.chunks_mut(words).enumerate() {
            if projection.active.is_some_and(|active| !active[row * width + column]) {
                continue;
            }
            sum_patch(&numbers, &basis, &projection, [row, column], &mut sums);
            let half = if projection.shift == 0 { 0 } else { 1 << (projection.shift - 1) };
            for (feature, sums) in features.iter_mut().zip(sums.chunks(4)) {
                *feature = word(std::array::from_fn(|byte| ((sums[byte] + half) >> projection.shift).clamp(-128, 127)));
            }
        }
    });
    features
}

/// The sums over the patch around a place, one for each byte of its features.
fn sum_patch(numbers: &[i32], basis: &[i32], projection: &Projection, [row, column]: [usize; 2], sums: &mut [i32]) {
    let Projection { shape: [channels, height, width], side, tiles, .. } = *projection;
    sums.fill(0);
    for down in 0..side {
        let y = reflected(row as i32 + down as i32 - (side / 2) as i32, height, tiles);
        for right in 0..side {
            let x = reflected(column as i32 + right as i32 - (side / 2) as i32, width, tiles);
            for channel in 0..channels {
                let number = numbers[(channel * height + y) * width + x];
                let weights = &basis[((channel * side + down) * side + right) * sums.len()..][..sums.len()];
                for (sum, weight) in sums.iter_mut().zip(weights) {
                    *sum = sum.wrapping_add(number.wrapping_mul(*weight));
                }
            }
        }
    }
}

/// The coordinate that stands for `at`, which may be outside.
fn reflected(at: i32, length: usize, tiles: bool) -> usize {
    let length = length as i32;
    if tiles {
        return at.rem_euclid(length) as usize;
    }
    let at = at.abs();
    let at = if at >= length { 2 * length - 2 - at } else { at };
    at.clamp(0, length - 1) as usize
}
