//! The four noise fields of the material, each of variance near 1, warped by two more.
//!
//! An octave `l` (cells of 64, 32, .. 1 texels) has amplitude `persistence ^ (steps * exponent)`, where `steps` counts octaves
//! from the largest one, which `scale` selects; coarser octaves fade out. Exponents make fields smoother or rougher. Warping is
//! a shear along x and one along y by at most [`REACH`] cells of 8 texels each: the sum of shifted copies weighted by
//! `max(0, 1 - |shift - bend|)`, a linear interpolation at a bounded distance, so that the receptive field is finite.

use crate::formulas::Formula;
use crate::graph::{Distribution, InputKind};
use crate::ops::{Conv, PadMode, ReduceSum, Reshape, Slice};
use crate::tensor::{Dim, Tensor};

/// Texels of the coarsest random numbers; height and width are multiples of it.
pub(super) const CELL: usize = 64;
/// Octaves, from cells of 64 texels to single texels.
const OCTAVES: usize = 7;
/// The octave at which the fields are warped: cells of 8 texels.
const BENT: usize = 3;
/// Maximum shift in cells of that octave.
const REACH: usize = 4;
/// Exponents of the six channels: bend along x and y, body, vein, coat, tone.
const EXPONENTS: [f32; 6] = [1.6, 1.6, 1.0, 1.25, 0.85, 1.1];
/// Standard deviations of the same channels before smoothing, which halves a field's variance.
const GAINS: [f32; 6] = [0.5, 0.5, 1.45, 1.45, 1.45, 1.45];
/// Fields that remain after warping.
const FIELDS: usize = 4;

/// One channel each.
pub(super) struct Fields {
    /// Height and colour of the body.
    pub body: String,
    /// Zero along veins.
    pub vein: String,
    /// Large under the coat.
    pub coat: String,
    /// Colour and fine variation.
    pub tone: String,
}

/// The fields, with controls `scale`, `detail` and `warp` and the latent `shape`.
pub(super) fn fields(f: &mut Formula) -> Fields {
    let amplitudes = amplitudes(f);
    let coarsest = f.graph.input("shape", InputKind::Latent(Distribution::Normal), Dim::nchw_divided(6, CELL));
    let first = amplitude(f, &amplitudes, 0, 0..6);
    let mut noise = f.mul(&coarsest, &first);
    for octave in 1..=BENT {
        noise = finer(f, &noise, &amplitudes, octave, 0..6);
    }
    let bend = f.channels(&noise, 0..2);
    let bend = f.tanh(&bend);
    let warp = f.range("warp", [0.0, 1.0], 0.5);
    let reach = f.mul(&warp, REACH as f32);
    let bend = f.mul(&bend, &reach);
    noise = f.channels(&noise, 2..6);
    for axis in 0..2 {
        let along = f.channels(&bend, axis..axis + 1);
        noise = shifted(f, &noise, &along, axis == 0);
    }
    for octave in BENT + 1..OCTAVES {
        noise = finer(f, &noise, &amplitudes, octave, 2..6);
    }
    let [body, vein, coat, tone] = [0, 1, 2, 3].map(|field| f.channels(&noise, field..field + 1));
    Fields { body, vein, coat, tone }
}

/// Amplitudes of all octaves and channels, `[7, 6, 1, 1]`; their squares sum to the squares of [`GAINS`].
fn amplitudes(f: &mut Formula) -> String {
    let scale = f.range("scale", [0.0, 1.0], 0.75);
    let detail = f.range("detail", [0.0, 1.0], 0.5);
    let largest = f.scaled(&scale, -3.0, 3.0);
    let octaves: Vec<f32> = (0..OCTAVES).map(|octave| octave as f32).collect();
    let octaves = f.weight(Tensor::f32([OCTAVES, 1, 1, 1], octaves));
    let steps = f.sub(&octaves, &largest);
    let present = f.add(&steps, 1.0);
    let present = f.clip(&present, 0.0, 1.0);
    let persistence = f.scaled(&detail, 0.4, 0.35);
    let logarithm = f.log(&persistence);
    let finer = f.relu(&steps);
    let finer = f.mul(&finer, &logarithm);
    let exponents = f.vector(&EXPONENTS);
    let power = f.mul(&finer, &exponents);
    let fading = f.exp(&power);
    let amplitudes = f.mul(&fading, &present);
    let squares = f.mul(&amplitudes, &amplitudes);
    let variance = f.node(ReduceSum { axes: vec![0], ..ReduceSum::default() }, &[&squares]);
    let deviation = f.sqrt(&variance);
    let gains = f.vector(&GAINS);
    let gains = f.div(&gains, &deviation);
    f.mul(&amplitudes, &gains)
}

/// Amplitudes of a range of channels of one octave, `[1, C, 1, 1]`.
fn amplitude(f: &mut Formula, amplitudes: &str, octave: usize, channels: std::ops::Range<i64>) -> String {
    let octave = octave as i64;
    let (starts, ends) = (vec![octave, channels.start], vec![octave + 1, channels.end]);
    f.node(Slice { starts, ends, axes: vec![0, 1], steps: vec![] }, &[amplitudes])
}

/// The next octave: up-sampled, with finer random numbers added.
fn finer(f: &mut Formula, noise: &str, amplitudes: &str, octave: usize, channels: std::ops::Range<i64>) -> String {
    let count = (channels.end - channels.start) as usize;
    let amplitude = amplitude(f, amplitudes, octave, channels);
    let smooth = f.twice(noise, count);
    let numbers = f.random(Dim::nchw_divided(count, CELL >> octave), octave as u32, &amplitude);
    f.add(&smooth, &numbers)
}

/// `noise` moved by `bend` cells along x or y.
fn shifted(f: &mut Formula, noise: &str, bend: &str, along_x: bool) -> String {
    let shifts = 2 * REACH + 1;
    let cells = CELL >> BENT;
    // Copy j of a channel is the channel moved by j - REACH.
    let copy = |index: usize| f32::from(u8::from(index / shifts % shifts == index % shifts));
    let kernel = if along_x { [1, shifts] } else { [shifts, 1] };
    let copies: Vec<f32> = (0..FIELDS * shifts * shifts).map(copy).collect();
    let copies = f.weight(Tensor::f32([FIELDS * shifts, 1, kernel[0], kernel[1]], copies));
    let pads = if along_x { [0, REACH, 0, REACH] } else { [REACH, 0, REACH, 0] };
    let moved = f.node(
        Conv { group: FIELDS, pads: pads.to_vec(), pad_mode: PadMode::Wrap, ..Conv::default() },
        &[noise, &copies],
    );
    let mut shape = Dim::nchw_divided(FIELDS, cells);
    shape.insert(2, Dim::Fixed(shifts));
    let moved = f.node(Reshape { shape, infer: None }, &[&moved]);

    let places: Vec<f32> = (0..shifts).map(|j| j as f32 - REACH as f32).collect();
    let places = f.vector(&places);
    let distance = f.sub(bend, &places);
    let distance = f.abs(&distance);
    let weight = f.sub(1.0, &distance);
    let weight = f.relu(&weight);
    let mut shape = Dim::nchw_divided(1, cells);
    shape.insert(2, Dim::Fixed(shifts));
    let weight = f.node(Reshape { shape, infer: None }, &[&weight]);
    let weighted = f.mul(&moved, &weight);
    f.node(ReduceSum { axes: vec![2], keepdims: false, ..ReduceSum::default() }, &[&weighted])
}
