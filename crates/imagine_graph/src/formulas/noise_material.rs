//! A material of domain-warped fractal noise. Its controls make rock, marble, rusty metal or painted plaster.
//!
//! Four noise fields ([`fields`]) make a body with two colours and ridges, veins, and a coat over part of the surface: peeling
//! paint, spreading rust. Everything is local and wraps, so the material tiles at every multiple of 64 texels and rolls exactly
//! with its domain.

mod fields;

use self::fields::{CELL, Fields};
use super::Formula;
use super::card::card;
use crate::generator::{Generator, SizeRule};
use crate::graph::{ColorSpace, OutputKind};
use crate::ops::{AveragePool, Conv, PadMode};
use crate::tensor::{Extent, Tensor};

/// Slope of the normal per unit of height in a texel, at full relief.
const STEEPEST: f32 = 24.0;

/// Masks and height of the surface, one channel each.
struct Surface {
    fields: Fields,
    /// Mask of the veins, 0 to 1.
    vein: String,
    /// Mask of the coat, 0 to 1.
    coat: String,
    /// Border of the coat, 1 at its centre.
    rim: String,
    /// Height, around 0.5.
    height: String,
    /// Mean height of the neighbourhood minus the height.
    hollow: String,
    relief: String,
}

/// A tiling noise material with all maps.
///
/// | control | meaning |
/// |---|---|
/// | `scale` | size of the largest features, 0 (8 texels) to 1 (64 texels) |
/// | `detail` | how slowly finer noise fades: 0 smooth, 1 rough |
/// | `warp` | how far the noise bends itself, 0 to 1 |
/// | `relief` | depth of height in the normals and the occlusion |
/// | `ridges` | creases in the height |
/// | `color_a`, `color_b` | the two linear colours of the body |
/// | `veins`, `vein_color` | strength and colour of veins |
/// | `coat`, `coat_color`, `coat_roughness` | fraction of the surface under the coat, its colour and roughness |
/// | `mottle` | variation of the coat's colour: 0 paint, 1 rust |
/// | `metalness`, `base_roughness` | of the body; the coat is not metallic |
pub fn noise_material() -> Generator {
    let mut f = Formula::new();
    f.part("noise");
    let fields = fields::fields(&mut f);
    let surface = Surface::new(&mut f, fields);
    base_color(&mut f, &surface);
    f.part("maps");
    let height = f.clip(&surface.height, 0.0, 1.0);
    f.output(&height, OutputKind::Height);
    normal(&mut f, &surface);
    roughness_and_metalness(&mut f, &surface);
    occlusion(&mut f, &surface);
    let size = SizeRule { multiple: Extent::splat(CELL), min: Extent::splat(CELL), tiles: true };
    let card = card("Material of noise", "noise_material");
    Generator { output: f.graph, recurrence: None, size, card }
}

impl Surface {
    fn new(f: &mut Formula, fields: Fields) -> Self {
        f.part("surface");
        let vein = veins(f, &fields);
        let coat = coat(f, &fields);
        let bare = f.sub(1.0, &coat);
        let border = f.mul(&coat, &bare);
        let rim = f.mul(&border, 4.0);
        let height = height(f, &fields, [&vein, &coat]);
        let hollow = hollow(f, &height);
        let relief = f.range("relief", [0.0, 1.0], 0.5);
        Self { fields, vein, coat, rim, height, hollow, relief }
    }
}

/// `exp(-(value / width)^2)`: 1 along the line where `value` is 0.
fn line(f: &mut Formula, value: &str, width: &str) -> String {
    let ratio = f.div(value, width);
    let squared = f.mul(&ratio, &ratio);
    f.decay(&squared)
}

/// Main veins where one field is 0, fine veins where another is, and a haze around the main veins.
fn veins(f: &mut Formula, fields: &Fields) -> String {
    let strength = f.range("veins", [0.0, 1.0], 0.2);
    let doubled = f.mul(&fields.tone, 2.0);
    let broad = f.sigmoid(&doubled);
    let width = f.scaled(&broad, 0.16, 0.02);
    let main = line(f, &fields.vein, &width);
    let present = f.scaled(&fields.body, 2.5, 1.0);
    let present = f.sigmoid(&present);
    let main = f.mul(&main, &present);
    let width = f.scaled(&width, 0.4, 0.05);
    let other = f.add(&fields.coat, -0.25);
    let fine = line(f, &other, &width);
    let fine = f.mul(&fine, 0.4);
    let wide = f.mul(&fields.vein, 1.0 / 0.6);
    let wide = f.mul(&wide, &wide);
    let haze = f.decay(&wide);
    let haze = f.mul(&haze, 0.3);
    let both = f.max(&main, &fine);
    let all = f.max(&both, &haze);
    f.mul(&all, &strength)
}

/// A steep step of the noise at the threshold that a fraction `c` exceeds: `0.66 ln((1.01 - c) / (c + 0.01))`, close to the
/// normal quantile.
fn coat(f: &mut Formula, fields: &Fields) -> String {
    let part = f.range("coat", [0.0, 1.0], 0.0);
    let (open, covered) = (f.sub(1.01, &part), f.add(&part, 0.01));
    let odds = f.div(&open, &covered);
    let odds = f.log(&odds);
    let threshold = f.mul(&odds, 0.66);
    let noise = f.scaled(&fields.body, 0.35, &fields.coat);
    let above = f.sub(&noise, &threshold);
    let steep = f.mul(&above, 9.0);
    let step = f.sigmoid(&steep);
    let any = f.mul(&part, 20.0);
    let any = f.clip(&any, 0.0, 1.0);
    f.mul(&step, &any)
}

fn height(f: &mut Formula, fields: &Fields, [vein, coat]: [&String; 2]) -> String {
    let ridges = f.range("ridges", [0.0, 1.0], 0.8);
    let crest = f.abs(&fields.vein);
    let crest = f.scaled(&crest, -0.1, 0.08);
    let crest = f.mul(&crest, &ridges);
    let rough = f.scaled(&fields.body, 0.09, &crest);
    let bare = f.scaled(coat, -0.6, 1.0);
    let rough = f.mul(&rough, &bare);
    let grain = f.scaled(&fields.tone, 0.012, 0.5);
    let coated = f.scaled(coat, 0.1, &grain);
    let carved = f.scaled(vein, -0.04, &coated);
    f.add(&rough, &carved)
}

/// The mean height of the neighbourhood minus the height.
fn hollow(f: &mut Formula, height: &str) -> String {
    let quarter = AveragePool { kernel_shape: vec![4, 4], strides: vec![4, 4], ..AveragePool::default() };
    let mean = f.node(quarter, &[height]);
    let mean = f.smooth(&mean, 1);
    let mean = f.smooth(&mean, 1);
    let mean = f.twice(&mean, 1);
    let mean = f.twice(&mean, 1);
    f.sub(&mean, height)
}

fn base_color(f: &mut Formula, surface: &Surface) {
    f.part("color");
    let Surface { fields, vein, coat, rim, hollow, .. } = surface;
    let (first, second) = (f.color("color_a", [0.24, 0.22, 0.2]), f.color("color_b", [0.09, 0.085, 0.08]));
    let tone = f.mul(&fields.tone, 1.8);
    let tone = f.scaled(&fields.body, 0.9, &tone);
    let tone = f.sigmoid(&tone);
    let body = f.mix(&first, &second, &tone);
    let vein_color = f.color("vein_color", [0.3, 0.28, 0.26]);
    let veined = f.mix(&body, &vein_color, vein);
    let stain = f.scaled(rim, -0.35, 1.0);
    let stained = f.mul(&veined, &stain);

    let coat_color = f.color("coat_color", [0.25, 0.075, 0.02]);
    let mottle = f.range("mottle", [0.0, 1.0], 0.3);
    let spots = f.mul(rim, 0.25);
    let spots = f.scaled(&fields.body, 0.25, &spots);
    let spots = f.scaled(&fields.tone, 0.42, &spots);
    let shade = f.scaled(&spots, &mottle, 1.0);
    let shade = f.clip(&shade, 0.2, 2.0);
    let hue = f.clip(&fields.tone, -1.5, 1.5);
    let shift = f.vector(&[0.0, -0.12, -0.08]);
    let shift = f.mul(&shift, &mottle);
    let hue = f.scaled(&hue, &shift, 1.0);
    let coating = f.mul(&coat_color, &shade);
    let coating = f.mul(&coating, &hue);
    let covered = f.mix(&stained, &coating, coat);
    let dirt = f.scaled(hollow, -2.2, 1.0);
    let dirt = f.clip(&dirt, 0.4, 1.5);
    let color = f.mul(&covered, &dirt);
    let color = f.clip(&color, 0.0, 1.0);
    f.output(&color, OutputKind::BaseColor).color_space = ColorSpace::Linear;
}

/// The normal from the height's slopes by Sobel filters, y up.
fn normal(f: &mut Formula, surface: &Surface) {
    let x: [f32; 9] = [-1.0, 0.0, 1.0, -2.0, 0.0, 2.0, -1.0, 0.0, 1.0];
    let y: [f32; 9] = [-1.0, -2.0, -1.0, 0.0, 0.0, 0.0, 1.0, 2.0, 1.0];
    // Uphill to the right tilts the normal to the left; rows run downwards, the normal's y upwards.
    let filters: Vec<f32> = x.iter().map(|v| -v / 8.0).chain(y.iter().map(|v| v / 8.0)).collect();
    let filters = f.weight(Tensor::f32([2, 1, 3, 3], filters));
    let slopes = f.node(Conv::same(3, PadMode::Wrap), &[&surface.height, &filters]);
    let steep = f.mul(&surface.relief, STEEPEST);
    let slopes = f.mul(&slopes, &steep);
    let squares = f.mul(&slopes, &slopes);
    let tilt = f.channel_sum(&squares);
    let length = f.add(&tilt, 1.0);
    let length = f.sqrt(&length);
    let across = f.div(&slopes, &length);
    let up = f.div(1.0, &length);
    let normal = f.concat(&[&across, &up]);
    f.output(&normal, OutputKind::Normal);
}

fn roughness_and_metalness(f: &mut Formula, surface: &Surface) {
    let Surface { fields, vein, coat, rim, .. } = surface;
    let body = f.range("base_roughness", [0.0, 1.0], 0.85);
    let uneven = f.mul(&fields.tone, 0.06);
    let uneven = f.scaled(&fields.body, 0.1, &uneven);
    let uneven = f.scaled(vein, -0.1, &uneven);
    let body = f.scaled(&uneven, &body, &body);
    let coating = f.range("coat_roughness", [0.0, 1.0], 0.8);
    let coating = f.scaled(&fields.body, 0.06, &coating);
    let roughness = f.mix(&body, &coating, coat);
    let roughness = f.clip(&roughness, 0.045, 1.0);
    f.output(&roughness, OutputKind::Roughness);

    let metalness = f.range("metalness", [0.0, 1.0], 0.0);
    let bare = f.sub(1.0, coat);
    let clean = f.scaled(rim, -0.5, 1.0);
    let metallic = f.mul(&bare, &clean);
    let metallic = f.mul(&metallic, &metalness);
    f.output(&metallic, OutputKind::Metallic);
}

fn occlusion(f: &mut Formula, surface: &Surface) {
    let deep = f.mul(&surface.hollow, &surface.relief);
    let open = f.scaled(&deep, -5.0, 1.0);
    let open = f.clip(&open, 0.0, 1.0);
    f.output(&open, OutputKind::Occlusion);
}
