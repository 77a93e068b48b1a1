//! Figures of pictures, whatever made them: distance to the exemplar's patches, coverage, repetition.

use std::f64::consts::TAU;

use image::RgbImage;
use imagine_cpu::Field;
use rayon::prelude::*;

/// Side of a patch, in texels of its scale.
const PATCH: u32 = 7;
const LENGTH: usize = (PATCH * PATCH * 3) as usize;
/// Patches of a result, or of the exemplar, that are compared with all of the exemplar's.
const SAMPLES: usize = 300;
/// Longest side of the exemplar on each scale.
const SCALES: [u32; 3] = [256, 128, 64];

type Patch = [i16; LENGTH];

/// The mean squared distance of a result's patches to the nearest of the exemplar, in those between a patch of the exemplar and the nearest far away
/// one, where the exemplar has 256, 128 and 64 texels a side.
pub fn distances(exemplar: &RgbImage, result: &RgbImage) -> [f64; 3] {
    SCALES.map(|side| {
        let (mut exemplar, mut result) = (exemplar.clone(), result.clone());
        while exemplar.width().max(exemplar.height()) > side {
            (exemplar, result) = (halved(&exemplar), halved(&result));
        }
        let far = exemplar.width().max(exemplar.height()) / 20;
        let own = nearest(&exemplar, &exemplar, Some(far));
        nearest(&exemplar, &result, None) / own.max(1.0)
    })
}

/// The mean over patches of `result` of the squared distance to the nearest patch of `exemplar` more than `far` away.
fn nearest(exemplar: &RgbImage, result: &RgbImage, far: Option<u32>) -> f64 {
    let corners = |picture: &RgbImage| {
        let (rows, columns) = (picture.height() - PATCH + 1, picture.width() - PATCH + 1);
        (0..rows).flat_map(move |y| (0..columns).map(move |x| (x, y))).collect::<Vec<_>>()
    };
    let all = corners(result);
    // A stride that shares no factor with the rows spreads the sample.
    let step = (all.len() / SAMPLES).max(1) | 1;
    let sample: Vec<_> = all.into_iter().step_by(step).collect();
    let patches: Vec<Patch> = sample.iter().map(|corner| patch(result, *corner)).collect();
    let known = corners(exemplar);
    let compare = |known: &[(u32, u32)]| {
        let mut least = vec![i32::MAX; sample.len()];
        for corner in known {
            let candidate = patch(exemplar, *corner);
            for ((least, patch), place) in least.iter_mut().zip(&patches).zip(&sample) {
                let apart = corner.0.abs_diff(place.0).max(corner.1.abs_diff(place.1));
                if far.is_none_or(|far| apart > far) {
                    *least = distance(&candidate, patch).min(*least);
                }
            }
        }
        least
    };
    let merged = known.par_chunks(1024).map(compare).reduce(
        || vec![i32::MAX; sample.len()],
        |one, other| one.into_iter().zip(other).map(|(a, b)| a.min(b)).collect(),
    );
    merged.iter().map(|distance| f64::from(*distance)).sum::<f64>() / merged.len() as f64
}

fn patch(picture: &RgbImage, (x, y): (u32, u32)) -> Patch {
    let mut patch = [0; LENGTH];
    for (row, line) in patch.chunks_mut(3 * PATCH as usize).enumerate() {
        let first = 3 * ((y as usize + row) * picture.width() as usize + x as usize);
        line.iter_mut().zip(&picture.as_raw()[first..]).for_each(|(to, from)| *to = i16::from(*from));
    }
    patch
}

fn distance(one: &Patch, other: &Patch) -> i32 {
    one.iter().zip(other).map(|(a, b)| i32::from(a - b).pow(2)).sum()
}

/// The picture with half as many texels along each side.
fn halved(picture: &RgbImage) -> RgbImage {
    RgbImage::from_fn(picture.width() / 2, picture.height() / 2, |x, y| {
        let four =
            [(0, 0), (1, 0), (0, 1), (1, 1)].map(|(right, down)| picture.get_pixel(2 * x + right, 2 * y + down).0);
        image::Rgb([0, 1, 2].map(|k| (four.iter().map(|texel| u32::from(texel[k])).sum::<u32>() / 4) as u8))
    })
}

/// The share of the exemplar's places that a field shows.
pub fn coverage(field: &Field, places: usize) -> f64 {
    let mut shown = field.places.clone();
    shown.sort_unstable();
    shown.dedup();
    shown.len() as f64 / places as f64
}

/// Shifts at which repetitions are sought.
#[derive(Clone, Copy)]
pub enum Peak {
    /// Any.
    Any,
    /// None that is nearly a whole number of tiles of these rows and columns.
    ButTiles((usize, usize)),
}

/// The largest autocorrelation of the luminance at shifts of more than `least` and at most half a side, along either axis; 1 if the picture
/// comes again. Texels are averaged four by four.
pub fn peak(picture: &RgbImage, least: usize, shifts: Peak) -> f64 {
    let picture = halved(&halved(picture));
    let (height, width) = (picture.height() as usize, picture.width() as usize);
    let light: Vec<f64> = picture
        .pixels()
        .map(|p| 0.2126 * f64::from(p[0]) + 0.7152 * f64::from(p[1]) + 0.0722 * f64::from(p[2]))
        .collect();
    let mean = light.iter().sum::<f64>() / light.len() as f64;
    // Padded, so that nothing wraps around.
    let side = (2 * height.max(width)).next_power_of_two();
    let mut plane = vec![(0.0, 0.0); side * side];
    for (row, light) in light.chunks(width).enumerate() {
        plane[row * side..][..width].iter_mut().zip(light).for_each(|(to, light)| to.0 = light - mean);
    }
    transform(&mut plane, side);
    plane.iter_mut().for_each(|value| *value = (value.0 * value.0 + value.1 * value.1, 0.0));
    transform(&mut plane, side);
    let variance = plane[0].0 / (height * width) as f64;
    let least = (least / 4) as i64;
    let is_sought = |down: i64, right: i64| {
        let far = |(down, right): (i64, i64)| down.abs().max(right.abs()) > least;
        match shifts {
            Peak::Any => far((down, right)),
            Peak::ButTiles((rows, columns)) => {
                let apart = |by: i64, tile: usize| {
                    let tile = (tile / 4) as i64;
                    by.rem_euclid(tile).min(tile - by.rem_euclid(tile))
                };
                far((apart(down, rows), apart(right, columns)))
            }
        }
    };
    let mut most = 0.0f64;
    for down in 0..=height as i64 / 2 {
        for right in -(width as i64) / 2..=width as i64 / 2 {
            if is_sought(down, right) {
                let overlap = (height as i64 - down) * (width as i64 - right.abs());
                let sum = plane[down as usize * side + right.rem_euclid(side as i64) as usize].0;
                most = most.max(sum / overlap as f64 / variance);
            }
        }
    }
    most
}

/// The Fourier transform of a square plane whose side is a power of two.
fn transform(plane: &mut Vec<(f64, f64)>, side: usize) {
    for _ in 0..2 {
        plane.par_chunks_mut(side).for_each(transform_row);
        *plane = (0..side * side).into_par_iter().map(|at| plane[at % side * side + at / side]).collect();
    }
}

fn transform_row(row: &mut [(f64, f64)]) {
    let bits = row.len().ilog2();
    for at in 0..row.len() {
        let other = at.reverse_bits() >> (usize::BITS - bits);
        if at < other {
            row.swap(at, other);
        }
    }
    let mut half = 1;
    while half < row.len() {
        let roots: Vec<_> = (0..half).map(|k| (-TAU * k as f64 / (2 * half) as f64).sin_cos()).collect();
        for pair in row.chunks_mut(2 * half) {
            let (low, high) = pair.split_at_mut(half);
            for ((a, b), (sin, cos)) in low.iter_mut().zip(high).zip(&roots) {
                let turned = (b.0 * cos - b.1 * sin, b.0 * sin + b.1 * cos);
                (*a, *b) = ((a.0 + turned.0, a.1 + turned.1), (a.0 - turned.0, a.1 - turned.1));
            }
        }
        half *= 2;
    }
}
