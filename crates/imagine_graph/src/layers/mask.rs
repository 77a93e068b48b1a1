//! Masks as nodes: what a layer's mask measures of what lies below it.

use std::collections::BTreeSet;

use super::error::LayerFault;
use super::recipe::Mask;
use super::surface::{Channels, Surface};
use crate::formulas::Formula;
use crate::graph::{InputKind, OutputKind};
use crate::ops::{Acos, Conv, PadMode, ReduceSumSquare};
use crate::tensor::{Dim, Tensor};

/// First stream of random numbers of masks; those of layers and latents lie below.
const STREAM: u32 = 2_000_000_000;
/// Streams of one noise.
const OCTAVES: u32 = 8;
/// Deviation of a surface from one octave's random numbers: the root of the mean sum of squared weights of quadratic B-splines in
/// two dimensions, 11/20.
const DEVIATION: f32 = 0.55;
/// `1 / (1 + exp(-1.702 x))` is near the normal distribution function.
const LOGISTIC: f32 = 1.702;

/// Builds masks over what lies below.
pub(super) struct Masks<'a> {
    pub f: &'a mut Formula,
    pub channels: &'a Channels,
    pub below: &'a Surface,
    /// Maps that some layer below makes.
    pub known: &'a BTreeSet<OutputKind>,
    /// Number of noises in all masks so far.
    pub noises: &'a mut u32,
}

impl Masks<'_> {
    /// The value of `mask`, one channel, 0 to 1; a constant or of the image's size.
    pub fn value(&mut self, mask: &Mask) -> Result<String, LayerFault> {
        Ok(match mask {
            Mask::Everywhere => self.f.vector(&[1.0]),
            Mask::Amount(amount) => self.f.vector(&[*amount]),
            Mask::Height { from, to } => {
                let height = self.map("Height", OutputKind::Height, HEIGHT_HELP)?;
                self.ramp(&height, *from, *to)
            }
            Mask::Occlusion { from, to } => {
                let occlusion = self.map("Occlusion", OutputKind::Occlusion, "use Cavity, which reads the height")?;
                self.ramp(&occlusion, *from, *to)
            }
            Mask::Cavity { radius, from, to } => {
                let height = self.map("Cavity", OutputKind::Height, HEIGHT_HELP)?;
                let mean = blurred(self.f, &height, 1, *radius);
                let above = self.f.sub(&height, &mean);
                self.ramp(&above, *from, *to)
            }
            Mask::Slope { from, to } => {
                let normal = self.normal("Slope")?;
                let up = self.f.channels(&normal, 2..3);
                let up = self.f.clip(&up, -1.0, 1.0);
                let angle = self.f.node(Acos {}, &[&up]);
                self.ramp(&angle, from.to_radians(), to.to_radians())
            }
            Mask::Facing { direction, radius, from, to } => {
                let mut normal = self.normal("Facing")?;
                if *radius > 0.0 {
                    normal = self.smooth_normal(&normal, *radius);
                }
                let length = direction.iter().map(|v| v * v).sum::<f32>().sqrt();
                let direction = self.f.vector(&direction.map(|v| v / length));
                let product = self.f.mul(&normal, &direction);
                let cosine = self.f.channel_sum(&product);
                self.ramp(&cosine, *from, *to)
            }
            Mask::Noise { size, octaves, from, to } => {
                let noise = self.noise(*size, *octaves);
                self.ramp(&noise, *from, *to)
            }
            Mask::Input(name) => self.input(name),
            Mask::Not(mask) => {
                let value = self.value(mask)?;
                self.f.sub(1.0, &value)
            }
            Mask::Product(masks) => self.fold(masks, |f, a, b| f.mul(a, b))?,
            Mask::Sum(masks) => {
                let sum = self.fold(masks, |f, a, b| f.add(a, b))?;
                self.f.clip(&sum, 0.0, 1.0)
            }
        })
    }

    fn fold(
        &mut self,
        masks: &[Mask],
        join: impl Fn(&mut Formula, &str, &str) -> String,
    ) -> Result<String, LayerFault> {
        let mut all: Option<String> = None;
        for mask in masks {
            let value = self.value(mask)?;
            all = Some(all.map_or_else(|| value.clone(), |before| join(self.f, &before, &value)));
        }
        Ok(all.unwrap_or_else(|| self.f.vector(&[1.0])))
    }

    /// A map below that some layer makes.
    fn map(&mut self, mask: &'static str, kind: OutputKind, help: &'static str) -> Result<String, LayerFault> {
        let is_known = self.known.contains(&kind);
        let packed = self.below.packed.as_ref().filter(|_| is_known);
        let found = packed.and_then(|packed| self.channels.of(self.f, packed, kind));
        found.ok_or(LayerFault::NoMap { mask, map: kind.name(), help })
    }

    fn normal(&mut self, mask: &'static str) -> Result<String, LayerFault> {
        let is_known = self.known.contains(&OutputKind::Normal);
        let found = self.below.normal.clone().filter(|_| is_known);
        found.ok_or(LayerFault::NoMap {
            mask,
            map: "normal",
            help: "choose a generator that makes one, or another mask",
        })
    }

    /// Unit normals of the mean around.
    fn smooth_normal(&mut self, normal: &str, radius: f32) -> String {
        let mean = blurred(self.f, normal, 3, radius);
        let squared = self.f.node(ReduceSumSquare { axes: vec![1], ..ReduceSumSquare::default() }, &[&mean]);
        let length = self.f.sqrt(&squared);
        let length = self.f.max(&length, 1e-3);
        self.f.div(&mean, &length)
    }

    /// `(value - from) / (to - from)`, limited to 0 and 1.
    fn ramp(&mut self, value: &str, from: f32, to: f32) -> String {
        let slope = (to - from).recip();
        let line = self.f.scaled(value, slope, -from * slope);
        self.f.clip(&line, 0.0, 1.0)
    }

    fn input(&mut self, name: &str) -> String {
        let is_declared = self.f.graph.inputs.iter().any(|input| input.name == name);
        if is_declared { name.into() } else { self.f.graph.input(name, InputKind::Mask, Dim::nchw(1)) }
    }

    /// Octaves of random numbers, each on a surface of its own, as normal numbers; then as their distribution function.
    fn noise(&mut self, size: usize, octaves: usize) -> String {
        let stream = STREAM + *self.noises * OCTAVES;
        *self.noises += 1;
        let octaves = octaves.min(size.ilog2() as usize + 1);
        let variance: f32 = (0..octaves).map(|octave| 0.25_f32.powi(octave as i32)).sum();
        let first = (DEVIATION * variance.sqrt()).recip();
        let mut noise: Option<String> = None;
        for octave in 0..size.ilog2() as usize + 1 {
            let smooth = noise.map(|noise| self.f.twice(&noise, 1));
            if octave >= octaves {
                noise = smooth;
                continue;
            }
            let amplitude = self.f.vector(&[first * 0.5_f32.powi(octave as i32)]);
            let numbers = self.f.random(Dim::nchw_divided(1, size >> octave), stream + octave as u32, &amplitude);
            noise = Some(smooth.map_or(numbers.clone(), |smooth| self.f.add(&smooth, &numbers)));
        }
        let steep = self.f.mul(&noise.unwrap_or_default(), LOGISTIC);
        self.f.sigmoid(&steep)
    }
}

const HEIGHT_HELP: &str = "choose a generator that makes one, or another mask";

/// The mean around every texel: the filter 1 4 6 4 1 along both axes, with holes that double ("a trous", Holschneider et al. 1989),
/// on the torus. Deviations: 1, 2.2, 4.6, 9.2, 18.5 texels.
fn blurred(f: &mut Formula, value: &str, channels: usize, radius: f32) -> String {
    let deviation = |levels: u32| ((4_f32.powi(levels as i32) - 1.0) / 3.0).sqrt();
    // Rounded to the nearest ratio.
    let levels = (1..5).find(|levels| deviation(*levels) * 2_f32.sqrt() >= radius).unwrap_or(5);
    let filter = [1.0, 4.0, 6.0, 4.0, 1.0].map(|weight: f32| weight / 16.0);
    let mut value = value.to_string();
    for level in 0..levels {
        let hole = 1 << level;
        for (shape, pads, dilations) in [
            ([channels, 1, 1, 5], [0, 2 * hole, 0, 2 * hole], [1, hole]),
            ([channels, 1, 5, 1], [2 * hole, 0, 2 * hole, 0], [hole, 1]),
        ] {
            let weights = f.weight(Tensor::f32(shape, filter.repeat(channels)));
            let conv = Conv {
                group: channels,
                pads: pads.into(),
                dilations: dilations.into(),
                pad_mode: PadMode::Wrap,
                ..Conv::default()
            };
            value = f.node(conv, &[&value, &weights]);
        }
    }
    value
}
