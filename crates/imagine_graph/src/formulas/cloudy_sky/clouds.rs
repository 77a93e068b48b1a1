//! The clouds: fractal noise on a curved layer, and its lighting.

use super::air::{Air, henyey_greenstein};
use super::inputs::{Controls, View};
use crate::formulas::Formula;
use crate::graph::{Distribution, InputKind};
use crate::ops::{Expand, GridSample, GridSampleMode, GridSamplePadding, Pad, PadMode, Transpose};
use crate::tensor::Dim;

/// Radius of the earth in heights of the cloud layer; smaller than in reality, to keep the horizon free of clouds.
const EARTH: f32 = 120.0;
/// Side of the noise tile.
const TILE: i64 = 256;
/// Elements added on every side of the tile, for the reach of the cubic kernel.
const RIM: i64 = 2;
/// Size of the tile in heights of the cloud layer.
const TILE_SPAN: f32 = 9.0;

/// The noise tile: two channels of variance near 1, with a wrapped rim, repeated for the batch.
fn tile(f: &mut Formula) -> String {
    f.part("noise");
    let shape = |side: usize| [1, 2, side, side].map(Dim::Fixed).to_vec();
    let mut side = 8;
    let mut noise = f.graph.input("clouds", InputKind::Latent(Distribution::Normal), shape(side));
    let mut amplitude = 1.0f32;
    for stream in 1.. {
        if side == TILE as usize {
            break;
        }
        side *= 2;
        amplitude *= 0.55;
        let smooth = f.twice(&noise, 2);
        let scale = f.vector(&[amplitude]);
        let finer = f.random(shape(side), stream, &scale);
        noise = f.add(&smooth, &finer);
    }
    let noise = f.mul(&noise, 1.5);
    let rim = Pad { pads: vec![RIM; 4], mode: PadMode::Wrap, value: 0.0, axes: vec![2, 3] };
    let framed = f.node(rim, &[&noise]);
    let side = Dim::Fixed((TILE + 2 * RIM) as usize);
    f.node(Expand { shape: vec![Dim::BATCH, Dim::Fixed(2), side, side] }, &[&framed])
}

/// Both channels of the noise at `place` (in tiles) on the endless plane.
fn read_tile(f: &mut Formula, tile: &str, place: &str) -> String {
    let whole = f.floor(place);
    let within = f.sub(place, &whole);
    // From 0 .. 1 to -1 .. 1 of the tile without its rim.
    let scale = TILE as f32 / (TILE + 2 * RIM) as f32;
    let grid = f.scaled(&within, 2.0 * scale, -scale);
    let grid = f.node(Transpose { perm: vec![0, 2, 3, 1] }, &[&grid]);
    let (mode, padding_mode) = (GridSampleMode::Cubic, GridSamplePadding::Border);
    f.node(GridSample { mode, padding_mode, align_corners: false }, &[tile, &grid])
}

/// Distance along the view to the cloud layer, in heights of the layer.
fn distance_to_layer(f: &mut Formula, level: &str) -> String {
    let along = f.mul(level, EARTH);
    let squared = f.mul(&along, &along);
    let root = f.add(&squared, 2.0 * EARTH + 1.0);
    let root = f.sqrt(&root);
    let sum = f.add(&root, &along);
    f.div(2.0 * EARTH + 1.0, &sum)
}

/// The sky with clouds, and the clouds' optical depth.
pub(super) fn clouds(f: &mut Formula, controls: &Controls, view: &View, air: &Air) -> (String, String) {
    let tile = tile(f);
    f.part("clouds");
    let distance = distance_to_layer(f, &view.level);
    let (x, z) = (f.channels(&view.raised, 0..1), f.channels(&view.raised, 2..3));
    let across = f.concat(&[&x, &z]);
    let place = f.mul(&across, &distance);
    let wind = f.vector(&[0.94, 0.34]);
    let moved = f.mul(&wind, &controls.drift);
    let place = f.add(&place, &moved);
    let place = f.mul(&place, 1.0 / TILE_SPAN);

    let bend = f.mul(&place, 0.5);
    let bend = read_tile(f, &tile, &bend);
    let bent = f.scaled(&bend, 0.035, &place);
    let shape = read_tile(f, &tile, &bent);
    let heap = f.channels(&shape, 0..1);
    let rough = roughness(f, controls, &tile, [&place, &bend, &shape, &distance]);
    let form = f.add(&heap, &rough);

    let (threshold, width) = (threshold(f, &controls.cover), f.scaled(&controls.softness, 1.4, 0.25));
    let density = density(f, &form, &threshold, &width);
    let squared = f.mul(&density, &density);
    let thicker = f.add(&density, 0.35);
    let density = f.div(&squared, &thicker);
    let heavy = f.add(&controls.cover, -0.6);
    let heavy = f.relu(&heavy);
    let strength = f.scaled(&heavy, 9.0, 7.0);
    let depth = f.mul(&density, &strength);

    let shade = shade(f, air, &tile, &bent, [&threshold, &width]);
    let light = lit(f, air, &depth, &shade);
    (before_sky(f, controls, view, air, [&light, &depth, &distance]), depth)
}

/// Finer noise, reduced by distance and softness.
fn roughness(f: &mut Formula, controls: &Controls, tile: &str, [place, bend, shape, distance]: [&String; 4]) -> String {
    let near = f.mul(distance, 0.09);
    let near = f.decay(&near);
    let billow = f.mul(place, 3.7);
    let billow = f.scaled(bend, 0.05, &billow);
    let billow = f.add(&billow, 0.37);
    let billow = read_tile(f, tile, &billow);
    let billow = f.channels(&billow, 1..2);
    let billow = f.abs(&billow);
    let billow = f.scaled(&billow, -0.385, 0.175);
    let crisp = f.scaled(&controls.softness, -0.7, 1.0);
    let billow = f.mul(&billow, &crisp);
    let grain = f.mul(place, 13.3);
    let grain = f.scaled(shape, 0.02, &grain);
    let grain = f.add(&grain, 0.71);
    let grain = read_tile(f, tile, &grain);
    let grain = f.channels(&grain, 0..1);
    let crisp = f.scaled(&controls.softness, -0.16, 0.16);
    let grain = f.mul(&grain, &crisp);
    let sum = f.add(&billow, &grain);
    f.mul(&sum, &near)
}

/// The threshold that a fraction `cover` of the noise exceeds: `0.6 ln((1.01 - cover) / (cover + 0.01))`, close to the normal
/// quantile.
fn threshold(f: &mut Formula, cover: &str) -> String {
    let open = f.sub(1.01, cover);
    let covered = f.add(cover, 0.01);
    let odds = f.div(&open, &covered);
    let odds = f.log(&odds);
    f.mul(&odds, 0.6)
}

fn density(f: &mut Formula, form: &str, threshold: &str, width: &str) -> String {
    let above = f.sub(form, threshold);
    let density = f.div(&above, width);
    f.clip(&density, 0.0, 3.0)
}

/// Weighted density of three samples towards the sun.
fn shade(f: &mut Formula, air: &Air, tile: &str, place: &str, [threshold, width]: [&String; 2]) -> String {
    let (x, z) = (f.channels(&air.sun, 0..1), f.channels(&air.sun, 2..3));
    let across = f.concat(&[&x, &z]);
    let up = f.add(&air.sun_height, 0.25);
    let slope = f.div(&across, &up);
    let mut shade = None;
    for (step, weight) in [(0.018, 0.4), (0.048, 0.35), (0.096, 0.25)] {
        let there = f.scaled(&slope, step, place);
        let noise = read_tile(f, tile, &there);
        let heap = f.channels(&noise, 0..1);
        let heap = f.add(&heap, 0.08);
        let found = density(f, &heap, threshold, width);
        shade = Some(match shade {
            None => f.mul(&found, weight),
            Some(sum) => f.scaled(&found, weight, &sum),
        });
    }
    shade.expect("there are three samples")
}

/// Radiance of the clouds.
fn lit(f: &mut Formula, air: &Air, depth: &str, shade: &str) -> String {
    let distance = f.sub(1.0, &air.cosine);
    let (ahead, around) = (henyey_greenstein(f, &distance, 0.65), henyey_greenstein(f, &distance, -0.1));
    let ahead = f.scaled(&ahead, 1.21, 0.13);
    let phase = f.scaled(&around, 0.99, &ahead);
    let direct = f.mul(shade, 5.0);
    let direct = f.decay(&direct);
    let around = f.mul(shade, 1.25);
    let around = f.decay(&around);
    let around = f.mul(&around, 0.25);
    let arriving = f.scaled(&direct, 0.75, &around);
    // Thick clouds are dark below.
    let inner = f.mul(depth, 0.22);
    let inner = f.decay(&inner);
    let inner = f.scaled(&inner, 0.65, 0.35);
    let body = f.scaled(&inner, 0.5, 0.5);
    let light = f.mul(&phase, &arriving);
    let light = f.mul(&light, &body);
    let light = f.mul(&light, &air.sunlight);
    let shaded = f.mul(&inner, 3.2);
    let shaded = f.mul(&shaded, &air.ambient);
    f.add(&light, &shaded)
}

/// Clouds in front of the clear sky, fading into haze with distance.
fn before_sky(
    f: &mut Formula,
    controls: &Controls,
    view: &View,
    air: &Air,
    [light, depth, distance]: [&String; 3],
) -> String {
    let opacity = f.mul(depth, 0.9);
    let opacity = f.decay(&opacity);
    let opacity = f.sub(1.0, &opacity);
    let beyond = f.add(distance, -1.0);
    let veil = f.scaled(&controls.haze, 0.08, 0.04);
    let veil = f.mul(&beyond, &veil);
    let seen = f.decay(&veil);
    let light = f.mix(&air.clear, light, &seen);
    let fading = f.mul(&beyond, 0.012);
    let fading = f.decay(&fading);
    let rising = f.mul(&view.level, 45.0);
    let rising = f.decay(&rising);
    let rising = f.sub(1.0, &rising);
    let opacity = f.mul(&opacity, &fading);
    let opacity = f.mul(&opacity, &rising);
    f.mix(&air.clear, &light, &opacity)
}
