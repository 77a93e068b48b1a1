//! The plane waves that stand out in a material: where the waves of a periodic generator begin.
//!
//! The spectrum of the brightness under a Hann window, at periods of 24 to 256 texels. A spectrum of nature falls with the
//! frequency; it is flattened before its peaks are compared. How far a peak rises above the mean says whether the material
//! repeats itself at all: among a few hundred independent powers of noise the largest is some six times the mean.

use std::f32::consts::TAU;

use super::map::Level;

/// Texels along a side of what is averaged before.
const STEP: usize = 4;
/// Longest and shortest period in texels.
const PERIODS: [f32; 2] = [256.0, 24.0];
/// Frequencies a cycle per texel.
const RESOLUTION: f32 = 1024.0;
/// Frequencies around a peak that belong to it, in units of 1 / [`RESOLUTION`].
const WIDTH: i32 = 4;
/// Power of the frequency that flattens the spectrum.
const FLATTEN: f32 = 1.5;

/// Peaks of so many times the mean power are no more than chance.
const CHANCE: f32 = 8.0;
/// Least strength of a wave: what begins at nothing is slow to learn.
const LEAST: f32 = 0.1;

/// A plane wave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wave {
    /// Cycles a texel to the right and down.
    pub vector: [f32; 2],
    /// How far it stands out: a tenth for what chance would bring about, towards 1 for a lattice.
    pub strength: f32,
}

/// The `count` strongest waves; the strongest first.
pub(super) fn strongest(level: &Level, count: usize) -> Vec<Wave> {
    let brightness = windowed(level);
    let most = (RESOLUTION / PERIODS[1]) as i32;
    let spectrum = spectrum(&brightness, most);
    let mut peaks: Vec<([i32; 2], f32)> = Vec::new();
    let mut order: Vec<&([i32; 2], f32)> = spectrum.iter().collect();
    order.sort_by(|a, b| b.1.total_cmp(&a.1));
    for &&(place, power) in &order {
        // A wave and its opposite are one.
        let near = |other: [i32; 2]| (0..2).all(|axis| (place[axis] - other[axis]).abs() <= WIDTH);
        if !peaks.iter().any(|(peak, _)| near(*peak) || near(peak.map(|at| -at))) {
            peaks.push((place, power));
        }
        if peaks.len() == count {
            break;
        }
    }
    let mean = spectrum.iter().map(|(_, power)| power).sum::<f32>() / spectrum.len().max(1) as f32;
    let wave = |(place, power): ([i32; 2], f32)| {
        let strength = if power > CHANCE * mean { 1.0 - CHANCE * mean / power } else { 0.0 };
        Wave { vector: place.map(|at| at as f32 / RESOLUTION), strength: strength.max(LEAST) }
    };
    peaks.into_iter().map(wave).collect()
}

/// Brightness less its mean under a window that is 0 at the borders, rows of columns.
fn windowed(level: &Level) -> Vec<Vec<f32>> {
    let (rows, columns) = (level.height / STEP, level.width / STEP);
    let mean_of = |row: usize, column: usize| {
        let mut sum = 0.0;
        for plane in &level.planes[..3] {
            for y in row * STEP..(row + 1) * STEP {
                let first = y * level.width + column * STEP;
                sum += plane[first..first + STEP].iter().map(|byte| f32::from(*byte)).sum::<f32>();
            }
        }
        sum
    };
    let mut values: Vec<Vec<f32>> =
        (0..rows).map(|row| (0..columns).map(|column| mean_of(row, column)).collect()).collect();
    let mean = values.iter().flatten().sum::<f32>() / (rows * columns).max(1) as f32;
    let window = |at: usize, length: usize| 0.5 - 0.5 * ((at as f32 + 0.5) / length as f32 * TAU).cos();
    for (row, values) in values.iter_mut().enumerate() {
        for (column, value) in values.iter_mut().enumerate() {
            *value = (*value - mean) * window(row, rows) * window(column, columns);
        }
    }
    values
}

/// Flattened power at every wave vector of the upper half plane within the periods.
fn spectrum(values: &[Vec<f32>], most: i32) -> Vec<([i32; 2], f32)> {
    let wave = |frequency: i32, at: usize| {
        let turn = (frequency as f32 * ((at * STEP) as f32 / RESOLUTION)).fract() * TAU;
        [turn.cos(), turn.sin()]
    };
    let mut found = Vec::new();
    for across in -most..=most {
        let waves: Vec<[f32; 2]> = (0..values.first().map_or(0, Vec::len)).map(|x| wave(across, x)).collect();
        let along = |row: &Vec<f32>| {
            row.iter()
                .zip(&waves)
                .fold([0.0; 2], |sum, (value, wave)| [sum[0] + value * wave[0], sum[1] + value * wave[1]])
        };
        let rows: Vec<[f32; 2]> = values.iter().map(along).collect();
        for down in 0..=most {
            let frequency = ((across * across + down * down) as f32).sqrt();
            if frequency < RESOLUTION / PERIODS[0] || frequency > most as f32 || (down == 0 && across < 0) {
                continue;
            }
            let sum = rows.iter().enumerate().fold([0.0; 2], |sum, (y, [re, im])| {
                let [c, s] = wave(down, y);
                [sum[0] + re * c - im * s, sum[1] + re * s + im * c]
            });
            found.push(([across, down], (sum[0] * sum[0] + sum[1] * sum[1]) * frequency.powf(FLATTEN)));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_waves_of_a_pattern_are_found_with_their_direction() {
        let (height, width) = (256, 192);
        let value = |at: usize| {
            let (y, x) = ((at / width) as f32, (at % width) as f32);
            let slanted = ((x / 40.0 - y / 60.0) * TAU).sin();
            (128.0 + 60.0 * slanted + 30.0 * (y / 25.0 * TAU).sin()) as u8
        };
        let plane: Vec<u8> = (0..height * width).map(value).collect();
        let level = Level { planes: vec![plane; 3], height, width, scale: 1.0 };
        let found = strongest(&level, 2);
        let near = |wave: Wave, x: f32, y: f32| (wave.vector[0] - x).abs() < 2e-3 && (wave.vector[1] - y).abs() < 2e-3;
        let slanted = |wave: Wave| near(wave, 1.0 / 40.0, -1.0 / 60.0) || near(wave, -1.0 / 40.0, 1.0 / 60.0);
        assert!(found.iter().any(|wave| slanted(*wave)), "{found:?}");
        assert!(found.iter().any(|wave| near(*wave, 0.0, 1.0 / 25.0)), "{found:?}");
        assert!(found.iter().all(|wave| wave.strength > 0.5), "{found:?}");
    }
    #[test]
    fn noise_has_no_wave_that_stands_out() {
        let (height, width) = (256, 256);
        let plane: Vec<u8> = (0..height * width)
            .map(|at| (imagine_graph::rng::normal(at as u32, 0, 0, 5) * 40.0 + 128.0) as u8)
            .collect();
        let level = Level { planes: vec![plane; 3], height, width, scale: 1.0 };
        let strengths: Vec<f32> = strongest(&level, 4).iter().map(|wave| wave.strength).collect();
        assert!(strengths.iter().all(|strength| *strength < 0.3), "{strengths:?}");
    }
}
