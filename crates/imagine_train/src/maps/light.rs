//! Light on a surface, as a photograph from above shows it: the sky, which cavities see less of, and a lamp or the sun, with shadows and gloss;
//! and the photographs that a network learns from. Their surfaces are crops of sets, and what one learns from besides: the relief of one set under the
//! colours of another, relief that is deeper or flatter, colours printed on a level surface. Without these a network takes every edge of a colour for
//! an edge of the surface.

use std::f32::consts::PI;

use imagine_graph::color::linear_to_srgb;
use rand::Rng;
use rand::rngs::StdRng;
use rayon::prelude::*;

use super::data::MaterialSet;
use super::fields::Fields;
use crate::core::rng::{self, normal};
use crate::data::Turn;

/// Pixels along which a shadow is looked for.
const SHADOW: usize = 24;
/// Share of the surfaces that are as their set is.
const OWN: f32 = 0.5;
/// Share of those with the set's own relief, deeper or flatter.
const STRETCHED: f32 = 0.16;
/// Share of those with hardly any relief; the others have that of another set.
const LEVEL: f32 = 0.1;
/// Share of the surfaces with changed colours.
const RECOLORED: f64 = 0.5;
/// Share of the crops at half the resolution.
const HALVED: f64 = 0.33;
/// Share of photographs under an even sky; half as many of surfaces whose colours do not belong to their relief, which only the light tells.
const OVERCAST: f64 = 0.4;
/// Share of the directed light that comes from the upper half of the picture, as on walls: a bump lit from above looks like a hollow lit from below.
const FROM_ABOVE: f64 = 0.85;
/// Reflectance of a dielectric seen from the front.
const FRONT: f32 = 0.04;

/// How a surface is lit and photographed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Light {
    /// Share of the light on a level surface that comes from the whole sky, 0 to 1; the rest comes from one direction.
    pub sky: f32,
    /// Angle of that direction above the surface in radians.
    pub elevation: f32,
    /// Angle from the right to the top of the picture in radians.
    pub azimuth: f32,
    /// Whether heights throw shadows.
    pub shadows: bool,
    /// How much of the gloss is there, 0 to 1.
    pub gloss: f32,
    /// Exposure of red, green and blue: 1 leaves a level surface its base colour.
    pub exposure: [f32; 3],
    /// Deviation of the camera's noise, in values of 0 to 1.
    pub noise: f32,
}

/// A photograph, and its base colour at the same exposure, without light; sRGB from 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Photograph {
    pub lit: [Vec<f32>; 3],
    pub delit: [Vec<f32>; 3],
}

impl Light {
    /// Light from everywhere, which cavities see less of.
    pub const OVERCAST: Self =
        Self { sky: 1.0, elevation: 1.0, azimuth: 0.0, shadows: false, gloss: 0.0, exposure: [1.0; 3], noise: 0.0 };

    /// A low sun from one side, for measurements.
    pub const SIDE: Self = Self { sky: 0.4, elevation: 0.7, azimuth: 2.2, shadows: true, gloss: 1.0, ..Self::OVERCAST };

    /// Random light, that of an even sky in a share of the cases.
    pub(super) fn random(overcast: f64, rng: &mut StdRng) -> Self {
        let exposure = rng.random_range(-0.6f32..0.35).exp();
        let exposure = [(); 3].map(|()| exposure * rng.random_range(0.92..1.08));
        let noise = if rng.random_bool(0.4) { rng.random_range(0.0..0.02) } else { 0.0 };
        if rng.random_bool(overcast) {
            return Self { exposure, noise, ..Self::OVERCAST };
        }
        Self {
            sky: rng.random_range(0.25..0.85),
            elevation: rng.random_range(0.45..1.4),
            azimuth: PI
                * if rng.random_bool(FROM_ABOVE) { rng.random_range(0.1..0.9) } else { rng.random_range(0.0..2.0) },
            shadows: rng.random_bool(0.6),
            gloss: rng.random(),
            exposure,
            noise,
        }
    }

    /// A photograph of a square surface of `side` pixels; noise is drawn from `rng`.
    pub(super) fn photograph(&self, fields: &Fields, side: usize, rng: &mut StdRng) -> Photograph {
        let (sine, cosine) = self.elevation.sin_cos();
        // To the right, down and up.
        let toward = [self.azimuth.cos() * cosine, -self.azimuth.sin() * cosine, sine];
        let half = [toward[0], toward[1], toward[2] + 1.0];
        let half = half.map(|part| part / half.iter().map(|part| part * part).sum::<f32>().sqrt());
        let mut photograph = Photograph { lit: [const { Vec::new() }; 3], delit: [const { Vec::new() }; 3] };
        for at in 0..side * side {
            let [right, down] = fields.slopes.each_ref().map(|slopes| slopes[at]);
            let length = (right * right + down * down + 1.0).sqrt();
            let normal_at = [-right / length, -down / length, length.recip()];
            let along = |direction: &[f32; 3]| normal_at.iter().zip(direction).map(|(a, b)| a * b).sum::<f32>();
            let facing = along(&toward).max(0.0) / sine;
            let reached = if self.shadows { self.reached(fields, at, side, toward) } else { 1.0 };
            let direct = (1.0 - self.sky) * facing * reached;
            let light = self.sky * fields.open[at] * (0.5 + 0.5 * normal_at[2]) + direct;
            let rough = fields.roughness.as_ref().map_or(0.7, |roughness| roughness[at]);
            let gloss = self.gloss * direct * reflected(rough, along(&half).max(0.0));
            for (channel, exposure) in self.exposure.iter().enumerate() {
                let albedo = fields.albedo[channel][at];
                let stored = |light: f32| linear_to_srgb((light * exposure).clamp(0.0, 1.0));
                let noise = if self.noise > 0.0 { self.noise * normal(rng) } else { 0.0 };
                let lit = (stored(albedo * light + gloss) + noise).clamp(0.0, 1.0);
                photograph.lit[channel].push((lit * 255.0).round() / 255.0);
                photograph.delit[channel].push(stored(albedo));
            }
        }
        photograph
    }

    /// How much of the directed light reaches a pixel past the heights around it.
    fn reached(&self, fields: &Fields, at: usize, side: usize, toward: [f32; 3]) -> f32 {
        let Some(height) = &fields.height else { return 1.0 };
        let level = toward[0].hypot(toward[1]).max(1e-3);
        let (right, down, rise) = (toward[0] / level, toward[1] / level, toward[2] / level);
        let (y, x) = ((at / side) as f32, (at % side) as f32);
        let mut most = 0.0f32;
        for step in 1..=SHADOW {
            let step = step as f32;
            let [row, column] = [y + step * down, x + step * right].map(|place| place.round());
            let inside = |place: f32| (0.0..side as f32).contains(&place);
            if !inside(row) || !inside(column) {
                break;
            }
            let above = height[row as usize * side + column as usize] - height[at] - step * rise;
            // The sun has a width.
            most = most.max(above / (0.15 * step));
        }
        1.0 - most.min(1.0)
    }
}

/// What a surface of this roughness reflects besides its colour: GGX, for light and eye in front of it.
fn reflected(roughness: f32, along: f32) -> f32 {
    let square = roughness.powi(4).max(1e-3);
    let spread = along * along * (square - 1.0) + 1.0;
    (FRONT * square / (4.0 * spread * spread)).min(2.0)
}

/// A surface of a training.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Surface {
    pub fields: Fields,
    /// Whether its colours belong to its relief, so that they tell of it in any light.
    pub is_own: bool,
}

impl Surface {
    /// A square surface of `side` pixels.
    pub fn random(set: &MaterialSet, side: usize, rng: &mut StdRng) -> Self {
        let mut fields = crop(set, side, rng);
        let kind = rng.random::<f32>();
        let strength = rng.random_range(0.3f32..1.5);
        let is_own = kind < OWN + STRETCHED;
        if (OWN..OWN + STRETCHED).contains(&kind) {
            fields = fields.with_strength(strength);
        } else if (OWN + STRETCHED..OWN + STRETCHED + LEVEL).contains(&kind) {
            fields = fields.with_strength(0.1 * strength);
        } else if !is_own {
            fields = fields.with_relief_of(crop(set, side, rng)).with_strength(strength);
        }
        if rng.random_bool(RECOLORED) {
            fields.recolor(rng);
        }
        Self { fields, is_own }
    }
}

/// A crop at any place of any set, in any of the eight turns and mirror images, sometimes half as large.
fn crop(set: &MaterialSet, side: usize, rng: &mut StdRng) -> Fields {
    let material = &set.trained[rng.random_range(0..set.trained.len())];
    let fits = material.size.iter().all(|length| *length >= 2 * side);
    let step = if fits && rng.random_bool(HALVED) { 2 } else { 1 };
    let corner = material.size.map(|length| {
        let free = if material.tiles { length - 1 } else { length - side * step };
        rng.random_range(0..=free)
    });
    material.crop(corner, side, step).turned(Turn::random(rng), side)
}

/// Photographs and what is to be made of them.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct MapsBatch {
    /// `[batch, 3, side, side]`, sRGB.
    pub photographs: Vec<f32>,
    /// `[batch, 8, side, side]`: base colour at the photograph's exposure, slopes, height, roughness, occlusion.
    pub maps: Vec<f32>,
    /// `[batch, 3]`: 1 where there is a height, a roughness, an occlusion.
    pub known: Vec<f32>,
}

impl MapsBatch {
    /// The surfaces of update `number`: `batch` of `side` pixels, each in its own light.
    pub fn new(set: &MaterialSet, seed: u64, number: u64, batch: usize, side: usize) -> Self {
        let one = |index: usize| {
            let mut rng = rng::numbered(seed, number * 4096 + index as u64);
            let Surface { fields, is_own } = Surface::random(set, side, &mut rng);
            let overcast = if is_own { OVERCAST } else { OVERCAST / 2.0 };
            let light = Light::random(overcast, &mut rng);
            let photograph = light.photograph(&fields, side, &mut rng);
            Self::of(photograph, &fields, side)
        };
        let ones: Vec<Self> = (0..batch).into_par_iter().map(one).collect();
        let joined = |part: fn(&Self) -> &Vec<f32>| ones.iter().flat_map(|one| part(one).iter().copied()).collect();
        Self {
            photographs: joined(|one| &one.photographs),
            maps: joined(|one| &one.maps),
            known: joined(|one| &one.known),
        }
    }

    fn of(photograph: Photograph, fields: &Fields, side: usize) -> Self {
        let optional = [fields.unit_height(), fields.roughness.clone(), fields.occlusion.clone()];
        let known = optional.each_ref().map(|field| f32::from(u8::from(field.is_some()))).to_vec();
        let mut maps = photograph.delit.concat();
        maps.extend(fields.slopes.iter().flatten());
        for field in optional {
            maps.extend(field.unwrap_or_else(|| vec![0.0; side * side]));
        }
        Self { photographs: photograph.lit.concat(), maps, known }
    }
}
