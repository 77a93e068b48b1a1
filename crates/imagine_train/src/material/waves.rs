//! The two dominant waves of a material, from which the waves of a periodic generator start.
//!
//! The spectrum of the brightness under a Hann window, at periods of 24 to 256 texels. Natural spectra fall with frequency, so
//! the spectrum is flattened before its peaks are compared. A peak's height above the mean tells whether the material is
//! periodic at all: among a few hundred independent powers of noise, the largest is about six times the mean. The basis is the
//! pair of peaks, or peak differences, whose integer multiples collect the most power above chance.

use std::f32::consts::TAU;

use super::format::HARMONICS;
use super::maps::Level;

/// Texels averaged along a side first.
const STEP: usize = 4;
/// Longest and shortest period in texels.
const PERIODS: [f32; 2] = [256.0, 24.0];
/// Frequencies per cycle per texel.
const RESOLUTION: f32 = 1024.0;
/// Half-width of a peak, in units of 1 / [`RESOLUTION`].
const WIDTH: i32 = 4;
/// Exponent of the frequency that flattens the spectrum.
const FLATTEN: f32 = 1.5;

/// Peaks among which basis vectors are chosen.
const PEAKS: usize = 16;
/// Least area spanned by two basis vectors, relative to a rectangle with their lengths.
const LEAST_AREA: f32 = 0.5;
/// Largest multiple of a basis vector.
const MULTIPLES: f32 = 3.0;
/// Largest distance of a peak from a multiple, in units of 1 / [`RESOLUTION`].
const NEAR: f32 = 2.0;
/// Penalty on long basis vectors, as a share of all power above chance.
const SHORTER: f32 = 0.04;
/// Penalty on a basis vector that is only a difference of peaks, as a share of all power above chance.
const BETWEEN: f32 = 0.03;
/// Peaks up to this many times the mean power are chance.
const CHANCE: f32 = 8.0;
/// Least strength of a wave: a weight of 0 would be slow to train.
const LEAST: f32 = 0.1;

/// Two wave vectors whose integer multiples are the waves of a material.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WaveBasis {
    /// The basis vectors, in horizontal and vertical cycles per texel.
    pub vectors: [[f32; 2]; 2],
    /// Strength of each of `HARMONICS`: a tenth for chance, towards 1 for a periodic material.
    pub strengths: [f32; HARMONICS.len()],
}

impl WaveBasis {
    /// The basis rounded to whole cycles over a width and height in texels; unchanged if the rounded vectors were parallel.
    pub(super) fn whole(self, size: [usize; 2]) -> Self {
        let axes = |vector: [f32; 2]| [0, 1].map(|axis| (vector[axis] * size[axis] as f32).round() / size[axis] as f32);
        let vectors = self.vectors.map(axes);
        if area(&vectors) == 0.0 { self } else { Self { vectors, ..self } }
    }

    /// Phases along both basis vectors, in cycles, at a texel `[x, y]` of the material.
    pub fn turns(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        self.vectors.map(|[across, down]| across * x + down * y)
    }
}

/// The basis that collects the most power above chance.
pub(super) fn wave_basis(level: &Level) -> WaveBasis {
    let spectrum = Spectrum::new(&windowed(level));
    let chance = CHANCE * spectrum.mean();
    let peak = |vector| Peak { vector, above: (spectrum.power(vector) - chance).max(0.0) };
    let peaks: Vec<Peak> = spectrum.peaks().into_iter().map(peak).collect();
    let (vectors, shares) = refined(basis(&peaks, spectrum.most as f32), &peaks);
    let strength = |above: f32| above / (above + chance).max(f32::MIN_POSITIVE);
    let strongest = strength(peaks.first().map_or(0.0, |peak| peak.above));
    let mut strengths = HARMONICS.map(|harmonic| strength(peak(combined(&vectors, harmonic)).above).max(LEAST));
    // Strong multiples show that the material is periodic, even if the basis itself is weak.
    for (own, share) in strengths.iter_mut().zip(shares) {
        *own = own.max(share * strongest);
    }
    WaveBasis { vectors: vectors.map(|vector| vector.map(|at| at / RESOLUTION)), strengths }
}

/// A peak of the spectrum.
struct Peak {
    vector: [f32; 2],
    /// Its power above chance.
    above: f32,
}

/// The two candidates, no longer than `longest`, whose multiples collect the most power.
fn basis(peaks: &[Peak], longest: f32) -> [[f32; 2]; 2] {
    let total: f32 = peaks.iter().map(|peak| peak.above).sum();
    let shortest = RESOLUTION / PERIODS[0];
    // Peaks are preferred to differences of peaks.
    let mut candidates: Vec<([f32; 2], f32)> = peaks.iter().map(|peak| (peak.vector, 0.0)).collect();
    for (index, first) in peaks.iter().enumerate() {
        let between = |second: &Peak| [0, 1].map(|axis| first.vector[axis] - second.vector[axis]);
        candidates.extend(peaks[..index].iter().map(|second| (between(second), BETWEEN)));
    }
    candidates.retain(|(vector, _)| (shortest..=longest).contains(&length(*vector)));
    let mut best = (f32::NEG_INFINITY, [[shortest, 0.0], [0.0, shortest]]);
    for (index, (first, price)) in candidates.iter().enumerate() {
        for (second, more) in &candidates[index + 1..] {
            let vectors = [*first, *second];
            let sides = length(*first) * length(*second);
            let area = area(&vectors).abs();
            if area < LEAST_AREA * sides {
                continue;
            }
            let on = peaks.iter().filter(|peak| multiples(&vectors, peak.vector).is_some());
            let by_chance = std::f32::consts::PI * NEAR * NEAR / area;
            let long = SHORTER * (length(*first) + length(*second)) / longest;
            let score = on.map(|peak| peak.above).sum::<f32>() - total * (by_chance + long + price + more);
            if score > best.0 {
                best = (score, vectors);
            }
        }
    }
    best.1
}

/// The basis fitted by least squares to the peaks on multiples of `vectors`, and the share of the power above chance that
/// involves each vector.
fn refined(vectors: [[f32; 2]; 2], peaks: &[Peak]) -> ([[f32; 2]; 2], [f32; 2]) {
    let total: f32 = peaks.iter().map(|peak| peak.above).sum::<f32>().max(1e-12);
    let (mut squares, mut sums, mut shares) = ([[0.0; 2]; 2], [[0.0; 2]; 2], [0.0; 2]);
    for peak in peaks {
        let Some(multiples) = multiples(&vectors, peak.vector) else { continue };
        let weight = peak.above / total;
        for (vector, multiple) in multiples.iter().enumerate() {
            shares[vector] += if *multiple == 0.0 { 0.0 } else { weight };
            for axis in 0..2 {
                squares[vector][axis] += weight * multiple * multiples[axis];
                sums[vector][axis] += weight * multiple * peak.vector[axis];
            }
        }
    }
    let determinant = area(&squares);
    let vectors = if determinant > 1e-3 * squares[0][0] * squares[1][1] {
        let solved = |vector: usize, axis: usize| {
            let other = 1 - vector;
            (squares[other][other] * sums[vector][axis] - squares[0][1] * sums[other][axis]) / determinant
        };
        [0, 1].map(|vector| [0, 1].map(|axis| solved(vector, axis)))
    } else {
        vectors
    };
    (vectors, shares)
}

/// The integer multiples whose sum is nearest to `place`, if it is near enough.
fn multiples(vectors: &[[f32; 2]; 2], place: [f32; 2]) -> Option<[f32; 2]> {
    let whole = area(vectors);
    let found = [area(&[place, vectors[1]]) / whole, area(&[vectors[0], place]) / whole].map(f32::round);
    let sum = combined(vectors, found);
    let near = length([sum[0] - place[0], sum[1] - place[1]]) <= NEAR;
    (near && found.iter().all(|multiple| multiple.abs() <= MULTIPLES)).then_some(found)
}

fn area([a, b]: &[[f32; 2]; 2]) -> f32 {
    a[0] * b[1] - a[1] * b[0]
}

fn length([x, y]: [f32; 2]) -> f32 {
    (x * x + y * y).sqrt()
}

fn combined([first, second]: &[[f32; 2]; 2], [m, n]: [f32; 2]) -> [f32; 2] {
    [0, 1].map(|axis| m * first[axis] + n * second[axis])
}

/// Rows of brightness minus its mean, under a Hann window.
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

/// Flattened powers at wave vectors of the upper half plane, in units of 1 / [`RESOLUTION`]; 0 outside the range of periods.
struct Spectrum {
    /// Most cycles in each direction.
    most: i32,
    /// By vertical cycles from 0, then by horizontal cycles from `-most`.
    powers: Vec<Vec<f32>>,
}

impl Spectrum {
    fn new(values: &[Vec<f32>]) -> Self {
        let most = (RESOLUTION / PERIODS[1]) as i32;
        let wave = |frequency: i32, at: usize| {
            let turn = (frequency as f32 * ((at * STEP) as f32 / RESOLUTION)).fract() * TAU;
            [turn.cos(), turn.sin()]
        };
        let mut powers = vec![vec![0.0; 2 * most as usize + 1]; most as usize + 1];
        for across in -most..=most {
            let waves: Vec<[f32; 2]> = (0..values.first().map_or(0, Vec::len)).map(|x| wave(across, x)).collect();
            let along = |row: &Vec<f32>| {
                row.iter()
                    .zip(&waves)
                    .fold([0.0; 2], |sum, (value, wave)| [sum[0] + value * wave[0], sum[1] + value * wave[1]])
            };
            let rows: Vec<[f32; 2]> = values.iter().map(along).collect();
            for down in 0..=most {
                let frequency = length([across as f32, down as f32]);
                if frequency < RESOLUTION / PERIODS[0] || frequency > most as f32 {
                    continue;
                }
                let sum = rows.iter().enumerate().fold([0.0; 2], |sum, (y, [re, im])| {
                    let [c, s] = wave(down, y);
                    [sum[0] + re * c - im * s, sum[1] + re * s + im * c]
                });
                let power = (sum[0] * sum[0] + sum[1] * sum[1]) * frequency.powf(FLATTEN);
                powers[down as usize][(across + most) as usize] = power;
            }
        }
        Self { most, powers }
    }

    /// Mean power within the range of periods.
    fn mean(&self) -> f32 {
        let within = self.powers.iter().flatten().filter(|power| **power > 0.0);
        within.clone().sum::<f32>() / within.count().max(1) as f32
    }

    /// The power at whole cycles; opposite waves are the same.
    fn at(&self, [across, down]: [i32; 2]) -> f32 {
        let [across, down] = if down < 0 { [-across, -down] } else { [across, down] };
        let row = usize::try_from(down).ok().and_then(|down| self.powers.get(down));
        let column = usize::try_from(across + self.most).ok();
        row.zip(column).and_then(|(row, column)| row.get(column)).copied().unwrap_or(0.0)
    }

    /// The largest power at or beside a wave vector.
    fn power(&self, vector: [f32; 2]) -> f32 {
        let [across, down] = vector.map(|at| at.round() as i32);
        let beside = (-1..=1).flat_map(|x| (-1..=1).map(move |y| [across + x, down + y]));
        beside.map(|place| self.at(place)).fold(0.0, f32::max)
    }

    /// The [`PEAKS`] largest peaks, largest first, refined by a parabola through three powers.
    fn peaks(&self) -> Vec<[f32; 2]> {
        let places = (0..=self.most).flat_map(|down| (-self.most..=self.most).map(move |across| [across, down]));
        // Opposite horizontal waves are the same.
        let places = places.filter(|[across, down]| *down > 0 || *across > 0);
        let mut order: Vec<([i32; 2], f32)> = places.map(|place| (place, self.at(place))).collect();
        order.sort_by(|a, b| b.1.total_cmp(&a.1));
        let mut peaks: Vec<[i32; 2]> = Vec::new();
        for (place, power) in order {
            let near = |other: [i32; 2]| (0..2).all(|axis| (place[axis] - other[axis]).abs() <= WIDTH);
            if power == 0.0 || peaks.len() == PEAKS {
                break;
            }
            if !peaks.iter().any(|peak| near(*peak) || near(peak.map(|at| -at))) {
                peaks.push(place);
            }
        }
        peaks.into_iter().map(|peak| self.top(peak)).collect()
    }

    fn top(&self, place: [i32; 2]) -> [f32; 2] {
        [0, 1].map(|axis| {
            let beside = |step: i32| {
                let mut at = place;
                at[axis] += step;
                self.at(at)
            };
            let [before, here, after] = [beside(-1), beside(0), beside(1)];
            let bend = before - 2.0 * here + after;
            let off = if bend < 0.0 { 0.5 * (before - after) / bend } else { 0.0 };
            place[axis] as f32 + off.clamp(-0.5, 0.5)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(value: impl Fn(f32, f32, usize) -> f32) -> Level {
        let (height, width) = (384, 320);
        let byte = |at: usize| (128.0 + 60.0 * value((at % width) as f32, (at / width) as f32, at)) as u8;
        let plane: Vec<u8> = (0..height * width).map(byte).collect();
        Level { planes: vec![plane; 3], height, width, scale: 1.0, left: 0 }
    }

    #[test]
    fn the_waves_of_a_wall_are_found() {
        // Bricks of 80 by 30 texels, every other course moved by half a brick.
        let brick = |x: f32, y: f32, _| {
            let course = (y / 30.0).floor();
            let along = x / 80.0 + 0.5 * course;
            let joint = (y / 30.0).fract() < 0.15 || along.fract() < 0.06;
            if joint { -0.9 } else { 0.2 }
        };
        let found = wave_basis(&level(brick));
        // A wave of the courses, or of the joints of two courses.
        let on_lattice = |vector: [f32; 2]| {
            let [a, b] = [vector[0] * 80.0, vector[1] * 60.0];
            let whole = (a - a.round()).abs() < 0.15 && (b - b.round()).abs() < 0.15;
            whole && (a.round() + b.round()).rem_euclid(2.0) == 0.0
        };
        assert!(found.vectors.iter().all(|vector| on_lattice(*vector)), "{found:?}");
        assert!(found.strengths.iter().filter(|strength| **strength > 0.5).count() >= 3, "{found:?}");
    }

    #[test]
    fn the_waves_of_a_pattern_are_found_with_their_direction() {
        let found =
            wave_basis(&level(|x, y, _| 0.6 * ((x / 40.0 - y / 60.0) * TAU).sin() + 0.3 * (y / 25.0 * TAU).sin()));
        let waves = HARMONICS.map(|harmonic| combined(&found.vectors, harmonic));
        let strong = |x: f32, y: f32| {
            let same = |[a, b]: [f32; 2]| (a - x).abs() < 1e-3 && (b - y).abs() < 1e-3;
            let at = waves.iter().position(|wave| same(*wave) || same(wave.map(|at| -at)));
            at.is_some_and(|at| found.strengths[at] > 0.5)
        };
        assert!(strong(1.0 / 40.0, -1.0 / 60.0) && strong(0.0, 1.0 / 25.0), "{found:?}");
    }

    #[test]
    fn a_picture_that_tiles_has_whole_cycles() {
        let lattice = |vectors| WaveBasis { vectors, strengths: [0.5; 6] };
        let found = lattice([[13.2 / 512.0, -0.1 / 512.0], [0.4 / 512.0, 6.1 / 256.0]]).whole([512, 256]);
        assert_eq!(found, lattice([[13.0 / 512.0, 0.0], [0.0, 6.0 / 256.0]]));
        let flat = lattice([[2.2 / 512.0, 0.2 / 512.0], [1.9 / 512.0, -0.2 / 512.0]]);
        assert_eq!(flat.whole([512, 512]), flat);
    }

    #[test]
    fn noise_has_no_wave_that_stands_out() {
        let found = wave_basis(&level(|_, _, at| imagine_graph::rng::normal(at as u32, 0, 0, 5) * 0.6));
        assert!(found.strengths.iter().all(|strength| *strength < 0.3), "{found:?}");
    }
}
