//! Whether and how often an exemplar repeats along an axis, from its autocorrelation along that axis over all channels.
//!
//! An exemplar that tiles repeats a whole number of times along a side. The autocorrelation at the multiples of a true period is high,
//! and between them it is low. Where it is high everywhere, the exemplar is striped along the axis: planks, corrugated sheets.

use imagine_codec::{Edges, Maps, PyramidLevel, pyramid};

use crate::projection::FLOOR;

/// Least autocorrelation at the multiples of a period.
const REPEATS: f64 = 0.45;
/// Least drop of the autocorrelation between them.
const CONTRAST: f64 = 0.15;
/// A shorter period counts if it is nearly as good as the best.
const NEARLY: f64 = 0.9;
/// Least mean autocorrelation along an axis on which the exemplar is striped.
const STRIPED: f64 = 0.5;
/// Least autocorrelation of an exemplar that repeats exactly.
const SAME: f64 = 0.98;
/// Least variance of the means of courses, as a share of that of all places; that of masonry; and how many times that of the means across.
const LAID: f64 = 0.05;
const MASONRY: f64 = 0.12;
const CLEARLY: f64 = 3.0;
/// Side in texels at which the exemplar is examined.
const SIDE: usize = 256;
/// Shortest period in these texels.
const SHORTEST: usize = 6;

/// What an exemplar is like along one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Regularity {
    /// Nothing repeats.
    Irregular,
    /// It repeats roughly this many times along the side.
    Periodic(usize),
    /// It repeats exactly this many times along the side.
    Copies(usize),
    /// It does not change much along this axis.
    Striped,
}

/// The regularity of maps that tile, along columns (down) and along rows (to the right).
pub fn regularity(maps: &Maps) -> (Regularity, Regularity) {
    let level = examined(maps);
    let lines = |down: bool| autocorrelation(&level, down);
    (classify(&lines(true)), classify(&lines(false)))
}

/// The maps at about the side at which they are examined.
fn examined(maps: &Maps) -> PyramidLevel {
    let halvings = (0..).find(|h| {
        let (height, width) = (maps.height() >> h, maps.width() >> h);
        let odd = !maps.height().is_multiple_of(2 << h) || !maps.width().is_multiple_of(2 << h);
        odd || height.max(width) <= SIDE
    });
    pyramid(maps, Edges::Wrap, halvings.unwrap_or(0)).pop().expect("a pyramid has a level")
}

/// Courses of an irregular exemplar: lines, of stones or of strata, that follow each other along one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Courses {
    /// Whether they lie on top of each other, not side by side.
    pub down: bool,
    /// Whether they are as clear as the courses of a wall.
    pub is_masonry: bool,
    /// Their number if they are about as high as each other, in masonry.
    pub count: Option<usize>,
}

/// The courses of maps that tile, if there are any.
pub fn courses(maps: &Maps) -> Option<Courses> {
    let level = examined(maps);
    let ((rows, row_profile), (columns, column_profile)) = (profile(&level, true), profile(&level, false));
    let (down, share, other, profile) =
        if rows > columns { (true, rows, columns, row_profile) } else { (false, columns, rows, column_profile) };
    if share < LAID || share < CLEARLY * other {
        return None;
    }
    let is_masonry = share >= MASONRY;
    let count = match classify(&autocorrelation(&profile, true)) {
        Regularity::Periodic(count) | Regularity::Copies(count) if count > 2 && is_masonry => Some(count),
        _ => None,
    };
    Some(Courses { down, is_masonry, count })
}

/// The means of the lines across an axis, without what changes slowly, as one column; and their variance, as a share of that of all places
/// without what changes slowly along the axis.
fn profile(level: &PyramidLevel, down: bool) -> (f64, PyramidLevel) {
    let (side, lines) = if down { (level.height, level.width) } else { (level.width, level.height) };
    let mut values = vec![0; side * level.channels];
    let (mut shares, mut weights) = (0.0, 0.0);
    for channel in 0..level.channels {
        let mut means = vec![0.0; side];
        let mut variance = 0.0;
        for line in 0..lines {
            let along = |at: usize| if down { level.at(at, line)[channel] } else { level.at(line, at)[channel] };
            let mut quick: Vec<f64> = (0..side).map(|at| f64::from(along(at))).collect();
            remove_slow(&mut quick);
            means.iter_mut().zip(&quick).for_each(|(mean, value)| *mean += value / lines as f64);
            variance += quick.iter().map(|value| value * value).sum::<f64>() / (side * lines) as f64;
        }
        let deviation = variance.sqrt() / 4095.0;
        if deviation > 0.0 {
            let weight = deviation / (deviation + FLOOR);
            shares += weight * means.iter().map(|mean| mean * mean).sum::<f64>() / side as f64 / variance;
            weights += weight;
        }
        values.iter_mut().skip(channel).step_by(level.channels).zip(&means).for_each(|(to, mean)| *to = *mean as i16);
    }
    let profile = PyramidLevel { height: side, width: 1, channels: level.channels, values };
    (shares / f64::max(weights, 1e-9), profile)
}

/// Subtracts the mean over a quarter of the line around each value.
fn remove_slow(line: &mut [f64]) {
    let (side, reach) = (line.len(), line.len() / 8);
    let window = (2 * reach + 1) as f64;
    let mut sum: f64 = (0..=2 * reach).map(|at| line[(at + side - reach) % side]).sum();
    let means: Vec<f64> = (0..side)
        .map(|at| {
            let mean = sum / window;
            sum += line[(at + reach + 1) % side] - line[(at + side - reach) % side];
            mean
        })
        .collect();
    line.iter_mut().zip(means).for_each(|(value, mean)| *value -= mean);
}

/// The row (with `down`) or column, below `period`, before which whole periods are best cut from each other: around it they look most alike, as
/// along a joint. `other` is the period along the other axis.
pub fn phase(maps: &Maps, down: bool, period: usize, other: Option<usize>) -> usize {
    let level = PyramidLevel::of_maps(maps);
    let (side, lines) = if down { (level.height, level.width) } else { (level.width, level.height) };
    let other = other.unwrap_or(lines);
    let pool = ((side / period) * (lines / other)) as f64;
    let mut unlike = vec![0.0; period];
    for channel in 0..level.channels {
        let weight = 1.0 / (deviation(&level, channel) + FLOOR);
        for (at, unlike) in unlike.iter_mut().enumerate() {
            for line in 0..other {
                let (mut sum, mut squares) = (0.0, 0.0);
                for place in (at..side).step_by(period) {
                    for line in (line..lines).step_by(other) {
                        let (row, column) = if down { (place, line) } else { (line, place) };
                        let value = f64::from(level.at(row, column)[channel]) / 4095.0;
                        sum += value;
                        squares += value * value;
                    }
                }
                *unlike += weight * weight * (squares / pool - (sum / pool).powi(2)).max(0.0);
            }
        }
    }
    let reach = (period / 16).max(1);
    // Rows next to the cut count most.
    let row = |cut: usize, k: usize| unlike[(cut + k) % period] + unlike[(cut + period - 1 - k) % period];
    let around = |cut: usize| (0..reach).map(|k| (reach - k) as f64 * row(cut, k)).sum::<f64>();
    (0..period).min_by(|a, b| around(*a).total_cmp(&around(*b))).unwrap_or(0)
}

/// The deviation of a channel whose values go from 0 to 1.
fn deviation(level: &PyramidLevel, channel: usize) -> f64 {
    let count = (level.height * level.width) as f64;
    let values = || level.values.iter().skip(channel).step_by(level.channels).map(|v| f64::from(*v) / 4095.0);
    let mean = values().sum::<f64>() / count;
    (values().map(|v| (v - mean).powi(2)).sum::<f64>() / count).sqrt()
}

/// The regularity of an axis with this autocorrelation at every lag.
fn classify(correlation: &[f64]) -> Regularity {
    let side = correlation.len();
    let margin = (side / 32).max(1);
    let inner = &correlation[margin..side - margin];
    let background = inner.iter().sum::<f64>() / inner.len() as f64;
    let at = |lag: f64| {
        let (low, part) = (lag.floor() as usize, lag.fract());
        correlation[low % side] * (1.0 - part) + correlation[(low + 1) % side] * part
    };
    let judge = |count: usize| {
        let period = side as f64 / count as f64;
        let multiples = (1..count).map(|k| at(period * k as f64)).sum::<f64>() / (count - 1) as f64;
        let between = (0..count).map(|k| at(period * (k as f64 + 0.5))).sum::<f64>() / count as f64;
        (multiples, multiples - between)
    };
    let counts = 2..=side / SHORTEST;
    let judged: Vec<(usize, f64, f64)> = counts.map(|count| (count, judge(count).0, judge(count).1)).collect();
    let mut regular = judged.iter().filter(|(_, multiples, contrast)| *multiples >= REPEATS && *contrast >= CONTRAST);
    let best = regular.clone().map(|(_, multiples, _)| *multiples).fold(0.0, f64::max);
    // The shortest period that does nearly as well; longer ones are its multiples.
    match regular.rfind(|(_, multiples, _)| *multiples >= NEARLY * best) {
        Some((count, multiples, _)) if *multiples >= SAME => Regularity::Copies(*count),
        Some((count, ..)) => Regularity::Periodic(*count),
        None if background >= STRIPED => Regularity::Striped,
        None => Regularity::Irregular,
    }
}

/// The circular autocorrelation of a level along an axis at every lag, 1 at lag 0: a mean over channels, weighted by their
/// deviation.
fn autocorrelation(level: &PyramidLevel, down: bool) -> Vec<f64> {
    let (side, lines) = if down { (level.height, level.width) } else { (level.width, level.height) };
    let places = (side * lines) as f64;
    let mut total = vec![0.0; side];
    let mut weights = 0.0;
    for channel in 0..level.channels {
        let value = |along: usize, line: usize| {
            let (row, column) = if down { (along, line) } else { (line, along) };
            f64::from(level.at(row, column)[channel]) / 4095.0
        };
        let mut values: Vec<f64> = (0..lines).flat_map(|line| (0..side).map(move |along| value(along, line))).collect();
        let mean = values.iter().sum::<f64>() / places;
        values.iter_mut().for_each(|value| *value -= mean);
        let variance = values.iter().map(|value| value * value).sum::<f64>() / places;
        if variance == 0.0 {
            continue;
        }
        let weight = variance.sqrt() / (variance.sqrt() + FLOOR);
        weights += weight;
        for (lag, total) in total.iter_mut().enumerate() {
            let product = |line: &[f64]| {
                let (head, tail) = line.split_at(lag);
                let shifted = tail.iter().chain(head);
                line.iter().zip(shifted).map(|(a, b)| a * b).sum::<f64>()
            };
            *total += weight * values.chunks_exact(side).map(product).sum::<f64>() / places / variance;
        }
    }
    if weights > 0.0 {
        total.iter_mut().for_each(|total| *total /= weights);
    }
    total
}
