//! Resamples maps that tile with a Lanczos filter, rolls and crops maps.

use imagine_codec::{Maps, MapsError};
use rayon::prelude::*;

/// Lobes of the filter.
const LOBES: f64 = 3.0;

/// The maps with `height` x `width` texels, filtered with a Lanczos kernel that wraps around the edges.
pub fn resampled(maps: &Maps, height: usize, width: usize) -> Result<Maps, MapsError> {
    let (rows, columns, channels) = (taps(maps.height(), height), taps(maps.width(), width), maps.channels());
    // Along columns first: a row of sums for each output row.
    let narrow: Vec<f32> = rows
        .par_iter()
        .flat_map_iter(|taps| {
            let mut sums = vec![0.0; maps.width() * channels];
            for (row, weight) in taps {
                let source = &maps.texels()[row * maps.width() * channels..][..maps.width() * channels];
                sums.iter_mut().zip(source).for_each(|(sum, value)| *sum += weight * f32::from(*value));
            }
            sums
        })
        .collect();
    let mut texels = vec![0; height * width * channels];
    texels.par_chunks_mut(width * channels).zip(narrow.par_chunks(maps.width() * channels)).for_each(
        |(texels, line)| {
            for (texel, taps) in texels.chunks_mut(channels).zip(&columns) {
                for (channel, value) in texel.iter_mut().enumerate() {
                    let sum: f32 = taps.iter().map(|(column, weight)| weight * line[column * channels + channel]).sum();
                    *value = sum.round().clamp(0.0, 255.0) as u8;
                }
            }
        },
    );
    Maps::new(height, width, channels, texels)
}

/// The maps, which tile, so that they begin at row `down` and column `right`.
pub fn rolled(maps: &Maps, down: usize, right: usize) -> Maps {
    let row_bytes = maps.width() * maps.channels();
    let mut texels = maps.texels().to_vec();
    texels.rotate_left(down % maps.height() * row_bytes);
    texels.chunks_mut(row_bytes).for_each(|row| row.rotate_left(right % maps.width() * maps.channels()));
    Maps::new(maps.height(), maps.width(), maps.channels(), texels).expect("as many texels as before")
}

/// The first `height` rows and `width` columns.
pub fn cropped(maps: &Maps, height: usize, width: usize) -> Result<Maps, MapsError> {
    let row = |row: usize| {
        &maps.texels()[row * maps.width() * maps.channels()..][..width.min(maps.width()) * maps.channels()]
    };
    let texels = (0..height.min(maps.height())).flat_map(row).copied().collect();
    Maps::new(height, width, maps.channels(), texels)
}

/// For each output texel the input texels that it reads, with weights that sum to 1.
fn taps(from: usize, to: usize) -> Vec<Vec<(usize, f32)>> {
    let ratio = from as f64 / to as f64;
    let stretch = ratio.max(1.0);
    let sinc = |x: f64| if x == 0.0 { 1.0 } else { (std::f64::consts::PI * x).sin() / (std::f64::consts::PI * x) };
    let taps = |index: usize| {
        let center = (index as f64 + 0.5) * ratio - 0.5;
        let reach = LOBES * stretch;
        let inputs = (center - reach).ceil() as isize..=(center + reach).floor() as isize;
        let weighted: Vec<(usize, f64)> = inputs
            .map(|input| {
                let x = (input as f64 - center) / stretch;
                (input.rem_euclid(from as isize) as usize, sinc(x) * sinc(x / LOBES))
            })
            .collect();
        let sum: f64 = weighted.iter().map(|(_, weight)| weight).sum();
        weighted.into_iter().map(|(input, weight)| (input, (weight / sum) as f32)).collect()
    };
    (0..to).map(taps).collect()
}
