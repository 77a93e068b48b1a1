//! `GridSample`: the sum of all taps of a point, found once for all channels.

use imagine_graph::{GridSample, GridSampleMode, GridSamplePadding};
use rayon::prelude::*;

use crate::context::Context;
use crate::simd::{self, Kernel, Lanes};
use crate::value::Value;

/// Points that a thread samples at once.
const CHUNK: usize = 1024;
/// Filter taps along one axis at most.
const TAPS: usize = 4;

/// One filter tap along one axis.
#[derive(Clone, Copy, Default)]
struct Tap {
    index: usize,
    weight: f32,
}

pub(super) fn run(params: &GridSample, x: Value, grid: Value, context: &Context) -> Value {
    let (shape, size) = (context.shape(), &x.shape()[2..]);
    let (channels, axes) = (shape[1], size.len());
    let points: usize = shape[2..].iter().product();
    let elements: usize = size.iter().product();
    let mut sampled = context.buffers.take(shape.iter().product());
    let images = sampled.chunks_exact_mut(channels * points);
    let sources = x.as_f32s().chunks_exact(channels * elements).zip(grid.as_f32s().chunks_exact(points * axes));
    let mut tasks = Vec::new();
    for (image, (x, grid)) in images.zip(sources) {
        let mut planes: Vec<_> = image.chunks_exact_mut(points).map(|plane| plane.chunks_mut(CHUNK)).collect();
        for grid in grid.chunks(CHUNK * axes) {
            let parts: Vec<&mut [f32]> = planes.iter_mut().filter_map(Iterator::next).collect();
            tasks.push((x, grid, parts));
        }
    }
    tasks.into_par_iter().for_each(|(x, grid, mut parts)| {
        // The elements of each point and their weights.
        let mut taps = Vec::with_capacity(CHUNK << (2 * axes));
        simd::run(Find { params, grid, size, taps: &mut taps });
        let count = taps.len() * axes / grid.len();
        for (x, part) in x.chunks_exact(elements).zip(&mut parts) {
            for (sample, taps) in part.iter_mut().zip(taps.chunks_exact(count)) {
                let (first, rest) = taps.split_first().expect("a point has taps");
                *sample = rest.iter().fold(x[first.index] * first.weight, |sum, tap| sum + x[tap.index] * tap.weight);
            }
        }
    });
    Value::f32s(shape, sampled)
}

/// Finds the taps of all points of a grid.
struct Find<'a> {
    params: &'a GridSample,
    grid: &'a [f32],
    size: &'a [usize],
    taps: &'a mut Vec<Tap>,
}

impl Kernel for Find<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self) {
        let axes = self.size.len();
        for point in self.grid.chunks_exact(axes) {
            let mut along = [[Tap::default(); TAPS]; 3];
            let mut count = 0;
            for (axis, taps) in along.iter_mut().enumerate().take(axes) {
                // The grid has x first, the image has it last.
                count = find(self.params, point[axes - 1 - axis], self.size[axis], taps);
            }
            match self.size {
                [_, width] => combine(&along[0][..count], &along[1][..count], *width, self.taps),
                [_, height, width] => {
                    let mut planes = Vec::with_capacity(TAPS * TAPS);
                    combine(&along[0][..count], &along[1][..count], *height, &mut planes);
                    combine(&planes, &along[2][..count], *width, self.taps);
                }
                _ => unreachable!("the shape rule asked for two or three axes"),
            }
        }
    }
}

/// Adds all combinations of taps along outer axes and along an inner axis of `length`; the outer ones change first.
#[inline(always)]
fn combine(outer: &[Tap], inner: &[Tap], length: usize, all: &mut Vec<Tap>) {
    for inner in inner {
        let joined =
            |outer: &Tap| Tap { index: outer.index * length + inner.index, weight: outer.weight * inner.weight };
        all.extend(outer.iter().map(joined));
    }
}

/// The taps along one axis of `length` at coordinate `g`; returns how many there are.
#[inline(always)]
fn find(params: &GridSample, g: f32, length: usize, taps: &mut [Tap; TAPS]) -> usize {
    let at = denormalized(params, g, length);
    let low = at.floor();
    let fraction = at - low;
    let (first, count) = match params.mode {
        GridSampleMode::Nearest => (0, 1),
        GridSampleMode::Linear => (0, 2),
        GridSampleMode::Cubic => (-1, 4),
    };
    for (k, tap) in (first..).zip(&mut taps[..count]) {
        *tap = self::tap(params, low + k as f32, weight(params.mode, k, fraction), length);
    }
    count
}

/// The tap at index `at`.
#[inline(always)]
fn tap(params: &GridSample, at: f32, weight: f32, length: usize) -> Tap {
    let last = length as f32 - 1.0;
    // NaN becomes 0.
    let clamped = |at: f32| at.clamp(0.0, last) as usize;
    match params.padding_mode {
        GridSamplePadding::Border => Tap { index: clamped(at), weight },
        // With edges between elements, mirrored integers are whole again only after rounding.
        GridSamplePadding::Reflection => {
            Tap { index: clamped(reflected(params, at, length).round_ties_even()), weight }
        }
        GridSamplePadding::Zeros => {
            Tap { index: clamped(at), weight: if at < 0.0 || at > last { 0.0 } else { weight } }
        }
    }
}

/// Coordinate `g` in elements of an axis.
#[inline(always)]
fn denormalized(params: &GridSample, g: f32, length: usize) -> f32 {
    let size = length as f32;
    let at = if params.align_corners { (g + 1.0) / 2.0 * (size - 1.0) } else { ((g + 1.0) * size - 1.0) / 2.0 };
    let at = if params.mode == GridSampleMode::Nearest { at.round_ties_even() } else { at };
    match params.padding_mode {
        GridSamplePadding::Zeros => at,
        GridSamplePadding::Border => {
            let edge = if params.align_corners { 0.0 } else { 0.5 };
            if at < -edge || at > size - 1.0 + edge { at.clamp(0.0, size - 1.0) } else { at }
        }
        GridSamplePadding::Reflection => reflected(params, at, length),
    }
}

/// Reflects a position at the edges of an axis until it lies between them.
#[inline(always)]
fn reflected(params: &GridSample, at: f32, length: usize) -> f32 {
    let (low, span) = if params.align_corners { (0.0, length as f32 - 1.0) } else { (-0.5, length as f32) };
    if span == 0.0 {
        return at * 0.0;
    }
    if !(at < low || at > low + span) {
        return at;
    }
    let (from_low, period) = (at - low, 2.0 * span);
    let within = from_low - (from_low / period).floor() * period;
    low + span - (within - span).abs()
}

/// Weight of the tap `k` after the floor of the position; `fraction` is the position minus its floor.
#[inline(always)]
fn weight(mode: GridSampleMode, k: i32, fraction: f32) -> f32 {
    // The distance is 1 + f, f, 1 - f, 2 - f for k from -1 to 2.
    let t = (k as f32 - fraction).abs();
    let a = -0.75;
    match mode {
        GridSampleMode::Nearest => 1.0,
        GridSampleMode::Linear => 1.0 - t,
        GridSampleMode::Cubic if k == 0 || k == 1 => ((a + 2.0) * t - (a + 3.0)) * (t * t) + 1.0,
        GridSampleMode::Cubic => a * (((t - 5.0) * t + 8.0) * t - 4.0),
    }
}
