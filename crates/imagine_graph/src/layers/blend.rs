//! One layer over what lies below it.
//!
//! **Weight.** With the mask m, contrast c, width d and the heights a above and b below:
//! `w = clip((c (a - b) + (2 m - 1) (c + d / 2)) / d + 1/2, 0, 1)`. So w is 0 where m is 0 and 1 where m is 1, whatever the heights; for
//! `c = 0` it is m; between, the layer fills what is low first. After Mishkinis, "Advanced Terrain Texture Splatting" (2013).
//!
//! **Maps.** `below (1 - w) + above w`, exact at both ends. Colours are in linear light. `follow` f first moves height and occlusion
//! above towards those below.
//!
//! **Normals** are reoriented (Barré-Brisebois and Hill, "Blending in Detail", 2012): the layer's normals lie on those below, which are
//! flattened by `1 - f`. The edge of a layer of some thickness adds the slope of w. The blended vector gets the length that its parts had.

use super::recipe::Layer;
use super::surface::{Channels, Surface};
use crate::formulas::Formula;
use crate::graph::OutputKind;
use crate::ops::{Conv, PadMode, ReduceSumSquare};
use crate::tensor::Tensor;

/// A factor just above 1: rounding must not leave a layer where its mask is 0.
const MARGIN: f32 = 1.000_01;

/// The layer's maps as its fields change them: tint, roughness, height and so on.
pub(super) fn adjusted<G>(f: &mut Formula, channels: &Channels, layer: &Layer<G>, surface: Surface) -> Surface {
    let replaced = |kind| match kind {
        OutputKind::Roughness => layer.roughness,
        OutputKind::Metallic => layer.metallic,
        OutputKind::Height => layer.height,
        _ => None,
    };
    let is_tinted = layer.tint != [1.0; 3];
    let is_replaced = channels.kinds().any(|(kind, _)| replaced(kind).is_some());
    let mut packed = surface.packed;
    if let Some(before) = packed.as_ref().filter(|_| is_tinted || is_replaced) {
        let factors = channels.vector(f, |kind, channel| match kind {
            OutputKind::BaseColor => layer.tint[channel],
            kind => f32::from(u8::from(replaced(kind).is_none())),
        });
        let product = f.mul(before, &factors);
        let offsets = channels.vector(f, |kind, _| replaced(kind).unwrap_or(0.0));
        let sum = f.add(&product, &offsets);
        packed = Some(if is_tinted { f.clip(&sum, 0.0, 1.0) } else { sum });
    }
    let normal =
        surface.normal.map(|normal| if layer.relief == 1.0 { normal } else { steepened(f, &normal, layer.relief) });
    Surface { normal, packed }
}

/// Normals of slopes `relief` times as steep.
fn steepened(f: &mut Formula, normal: &str, relief: f32) -> String {
    let factors = f.vector(&[relief, relief, 1.0]);
    let steep = f.mul(normal, &factors);
    let length = length_squared(f, &steep);
    let length = f.sqrt(&length);
    f.div(&steep, &length)
}

/// How much of the layer lies everywhere, 0 to 1.
pub(super) fn weight<G>(
    f: &mut Formula,
    channels: &Channels,
    layer: &Layer<G>,
    mask: &str,
    [above, below]: [&Surface; 2],
) -> String {
    let (contrast, width) = (layer.contrast, layer.width);
    let heights = [above, below].map(|surface| {
        let packed = surface.packed.as_ref().filter(|_| contrast > 0.0);
        packed.and_then(|packed| channels.of(f, packed, OutputKind::Height))
    });
    let reach = 2.0 * MARGIN * (contrast + width / 2.0) / width;
    let mut weight = f.scaled(mask, reach, 0.5 - reach / 2.0);
    if let [Some(above), Some(below)] = heights {
        let difference = f.sub(&above, &below);
        weight = f.scaled(&difference, contrast / width, &weight);
    }
    let weight = f.clip(&weight, 0.0, 1.0);
    let alpha = above.packed.as_ref().and_then(|packed| channels.of(f, packed, OutputKind::Alpha));
    alpha.map_or(weight.clone(), |alpha| f.mul(&weight, &alpha))
}

/// `above` over `below`, by `weight`.
pub(super) fn blended<G>(
    f: &mut Formula,
    channels: &Channels,
    layer: &Layer<G>,
    weight: &str,
    [above, below]: [&Surface; 2],
) -> Surface {
    let rest = f.sub(1.0, weight);
    let packed = match (&above.packed, &below.packed) {
        (Some(above), Some(below)) => {
            let above = followed(f, channels, layer, [above, below]);
            Some(mixed(f, [below, &above], [&rest, weight]))
        }
        _ => None,
    };
    let normal = match (&above.normal, &below.normal) {
        (Some(above), Some(below)) => Some(normal(f, layer, [above, below], [&rest, weight])),
        _ => None,
    };
    Surface { normal, packed }
}

/// The maps above with height and occlusion moved towards those below; with coverage 1, because the weight has it.
fn followed<G>(f: &mut Formula, channels: &Channels, layer: &Layer<G>, [above, below]: [&str; 2]) -> String {
    let follows = |kind| matches!(kind, OutputKind::Height | OutputKind::Occlusion);
    let mut above = above.to_string();
    if layer.generator.is_some() && layer.follow > 0.0 && channels.kinds().any(|(kind, _)| follows(kind)) {
        let share = channels.vector(f, |kind, _| if follows(kind) { layer.follow } else { 0.0 });
        above = f.mix(&above, below, &share);
    }
    if channels.range(OutputKind::Alpha).is_some() {
        let cover = channels.vector(f, |kind, _| if kind == OutputKind::Alpha { 1.0 } else { -65_504.0 });
        above = f.max(&above, &cover);
    }
    above
}

fn normal<G>(f: &mut Formula, layer: &Layer<G>, [above, below]: [&str; 2], [rest, weight]: [&str; 2]) -> String {
    let above = match (&layer.generator, layer.follow) {
        (None, _) | (_, 0.0) => above.to_string(),
        (Some(_), follow) => reoriented(f, below, follow, above),
    };
    let mut normal = mixed(f, [below, &above], [rest, weight]);
    if layer.thickness != 0.0 {
        let slopes = slopes(f, weight, layer.thickness);
        normal = f.add(&normal, &slopes);
    }
    // The quotient is exactly 1 where nothing was blended.
    let lengths = [below, &above].map(|normal| length_squared(f, normal));
    let wanted = mixed(f, [&lengths[0], &lengths[1]], [rest, weight]);
    let found = length_squared(f, &normal);
    let found = f.max(&found, 1e-6);
    let ratio = f.div(&wanted, &found);
    let ratio = f.sqrt(&ratio);
    f.mul(&normal, &ratio)
}

/// Reoriented normal mapping: `t (t . u) / t_z - u` with `t = ground + (0, 0, 1)` and `u = (-x, -y, z)` of the detail. The ground is
/// `below`, flattened by `1 - follow`.
fn reoriented(f: &mut Formula, below: &str, follow: f32, detail: &str) -> String {
    let up = f.vector(&[0.0, 0.0, 2.0 - follow]);
    let t = f.scaled(below, follow, &up);
    let turned = f.vector(&[-1.0, -1.0, 1.0]);
    let u = f.mul(detail, &turned);
    let product = f.mul(&t, &u);
    let dot = f.channel_sum(&product);
    let height = f.channels(&t, 2..3);
    let height = f.max(&height, 1e-3);
    let ratio = f.div(&dot, &height);
    let along = f.mul(&t, &ratio);
    f.sub(&along, &u)
}

/// `below * rest + above * weight`.
fn mixed(f: &mut Formula, [below, above]: [&str; 2], [rest, weight]: [&str; 2]) -> String {
    let below = f.mul(below, rest);
    let above = f.mul(above, weight);
    f.add(&below, &above)
}

/// What a surface of height `thickness * weight` adds to normals, `[N, 3, H, W]`: Sobel filters, y up, z 0.
fn slopes(f: &mut Formula, weight: &str, thickness: f32) -> String {
    let x: [f32; 9] = [-1.0, 0.0, 1.0, -2.0, 0.0, 2.0, -1.0, 0.0, 1.0];
    let y: [f32; 9] = [-1.0, -2.0, -1.0, 0.0, 0.0, 0.0, 1.0, 2.0, 1.0];
    // Uphill to the right tilts the normal to the left; rows run downwards, the normal's y upwards.
    let across = x.iter().map(|v| -v * thickness / 8.0);
    let filters: Vec<f32> = across.chain(y.iter().map(|v| v * thickness / 8.0)).chain([0.0; 9]).collect();
    let filters = f.weight(Tensor::f32([3, 1, 3, 3], filters));
    f.node(Conv::same(3, PadMode::Wrap), &[weight, &filters])
}

fn length_squared(f: &mut Formula, vector: &str) -> String {
    f.node(ReduceSumSquare { axes: vec![1], ..ReduceSumSquare::default() }, &[vector])
}
