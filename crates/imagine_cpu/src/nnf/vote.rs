//! An image from overlapping patches.

use rayon::prelude::*;

use super::{Pair, within};

const MAX_WEIGHT: i32 = 1024;

/// What [`vote`] reads besides a field.
#[derive(Clone, Copy)]
pub struct Vote<'a> {
    /// Values of the places, `[channels, level]`.
    pub source: &'a [f32],
    /// What cells without a vote keep, `[channels, size]`.
    pub base: &'a [f32],
    /// Weight of each cell's vote, 0 to 1024; 1 if left out.
    pub weight: Option<&'a [i32]>,
    /// Weights by rows and columns between two cells.
    pub falloff: &'a [u32],
    /// Whether the value of largest weight wins, in place of the mean.
    pub best: bool,
}

/// The image `[channels, size]` that the patches show. The features of `pair` are not read.
pub fn vote(pair: &Pair, field: &[i32], how: Vote) -> Vec<f32> {
    let [height, width] = pair.size;
    let plane = height * width;
    let channels = how.base.len() / plane;
    let mut image = how.base.to_vec();
    let mut rows: Vec<Vec<&mut [f32]>> = (0..height).map(|_| Vec::with_capacity(channels)).collect();
    image.chunks_mut(width).enumerate().for_each(|(row, line)| rows[row % height].push(line));
    rows.into_par_iter().enumerate().for_each(|(row, mut lines)| {
        let mut voters = Vec::new();
        for column in (0..width).filter(|column| pair.is_active(row * width + column)) {
            collect(pair, field, how, [row as i32, column as i32], &mut voters);
            for (channel, line) in lines.iter_mut().enumerate() {
                let values = &how.source[channel * pair.level[0] * pair.level[1]..];
                if let Some(value) = elect(&voters, values, how.best) {
                    line[column] = value as f32;
                }
            }
        }
    });
    image
}

/// The places that are shown at a cell, and their weights.
fn collect(pair: &Pair, field: &[i32], how: Vote, [row, column]: [i32; 2], voters: &mut Vec<(usize, i32)>) {
    voters.clear();
    let radius = how.falloff.len() as i32 - 1;
    for dy in -radius..=radius {
        for dx in -radius..=radius {
            let Some(cell) = within(row + dy, column + dx, pair.size, pair.tiles) else { continue };
            let [y, x] = pair.seen(field[cell]);
            let at = if pair.shown(y, x).is_some() { pair.place(y - dy, x - dx) } else { None };
            let Some(place) = at else { continue };
            let weight = how.weight.map_or(1, |weight| weight[cell].clamp(0, MAX_WEIGHT));
            let falloff = how.falloff[dy.unsigned_abs() as usize] * how.falloff[dx.unsigned_abs() as usize];
            if weight > 0 && falloff > 0 {
                voters.push((place, weight * falloff as i32));
            }
        }
    }
}

/// The mean of the values or the first of largest weight, as a whole number.
fn elect(voters: &[(usize, i32)], values: &[f32], best: bool) -> Option<i32> {
    let value = |place: usize| values[place].clamp(-255.0, 255.0).round_ties_even() as i32;
    if best {
        let mut first: Option<(usize, i32)> = None;
        for voter in voters {
            if first.is_none_or(|first| voter.1 > first.1) {
                first = Some(*voter);
            }
        }
        return first.map(|(place, _)| value(place));
    }
    let (sum, total) =
        voters.iter().fold((0, 0), |(sum, total), (place, weight)| (sum + weight * value(*place), total + weight));
    (total > 0).then(|| (2 * sum + total).div_euclid(2 * total))
}
