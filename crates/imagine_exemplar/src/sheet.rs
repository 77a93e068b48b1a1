//! A preview sheet: the exemplar, three seeds, and tiles of one, lit from the upper left.

use image::{Rgb, RgbImage};
use imagine_codec::Maps;
use imagine_cpu::Field;
use imagine_graph::OutputKind;
use imagine_graph::color::{linear_to_srgb, srgb_to_linear};

use crate::exemplar::ByExample;
use crate::synthesis::{SynthesisError, size_multiple, torus};

/// Seeds on a sheet.
const SEEDS: u64 = 3;
/// Texels between pictures.
const GAP: usize = 8;
/// Towards the light, a unit vector: x to the right, y up, z towards the viewer.
const LIGHT: [f32; 3] = [-0.45, 0.55, 0.703];
/// Brightness of the light and of what surrounds the surface.
const DIRECT: f32 = 2.6;
const AMBIENT: f32 = 0.25;
/// Reflectance of what is no metal, seen head on.
const REFLECTANCE: f32 = 0.04;

/// The exemplar, a texture of its size from each of three seeds, and four tiles of the first, in a row.
pub fn sheet(made: &ByExample) -> Result<RgbImage, SynthesisError> {
    let (rows, columns) = size_multiple(&made.prepared);
    let (height, width) = (made.maps.height(), made.maps.width());
    let size = (height.next_multiple_of(rows), width.next_multiple_of(columns));
    let fields = (1..=SEEDS).map(|seed| torus(&made.prepared, seed, size.0, size.1)).collect::<Result<Vec<_>, _>>()?;
    let mut pictures = vec![lit(&made.maps, &made.kinds, None)];
    pictures.extend(fields.iter().map(|field| lit(&made.maps, &made.kinds, Some(field))));
    let four = RgbImage::from_fn(2 * size.1 as u32, 2 * size.0 as u32, |x, y| {
        *pictures[1].get_pixel(x % size.1 as u32, y % size.0 as u32)
    });
    pictures.push(image::imageops::resize(&four, size.1 as u32, size.0 as u32, image::imageops::FilterType::Triangle));
    let total: usize = pictures.iter().map(|picture| picture.width() as usize + GAP).sum();
    let mut sheet = RgbImage::from_pixel((total - GAP) as u32, size.0.max(height) as u32, Rgb([255; 3]));
    let mut left = 0;
    for picture in &pictures {
        image::imageops::replace(&mut sheet, picture, left, 0);
        left += i64::from(picture.width()) + GAP as i64;
    }
    Ok(sheet)
}

/// The maps, or what a field shows of them, lit from the upper left: a rough surface after GGX.
fn lit(maps: &Maps, kinds: &[OutputKind], field: Option<&Field>) -> RgbImage {
    let (texels, width, height) = match field {
        Some(field) => (maps.gather(&field.places), field.width, field.height),
        None => (maps.texels().to_vec(), maps.width(), maps.height()),
    };
    let first = |kind: OutputKind| {
        let before = kinds.iter().take_while(|k| **k != kind).filter_map(|k| k.channels());
        kinds.contains(&kind).then(|| before.sum::<usize>())
    };
    let [color, normal, roughness, metallic, occlusion, emissive] = [
        OutputKind::BaseColor,
        OutputKind::Normal,
        OutputKind::Roughness,
        OutputKind::Metallic,
        OutputKind::Occlusion,
        OutputKind::Emissive,
    ]
    .map(first);
    let linear: Vec<f32> = (0..=255u8).map(|byte| srgb_to_linear(f32::from(byte) / 255.0)).collect();
    let mut picture = RgbImage::new(width as u32, height as u32);
    for (pixel, texel) in picture.pixels_mut().zip(texels.chunks(maps.channels())) {
        let rgb =
            |at: Option<usize>, or: f32| at.map_or([or; 3], |at| [0, 1, 2].map(|k| linear[texel[at + k] as usize]));
        let one = |at: Option<usize>, or: f32| at.map_or(or, |at| f32::from(texel[at]) / 255.0);
        let normal =
            normal.map_or([0.0, 0.0, 1.0], |at| unit([0, 1, 2].map(|k| f32::from(texel[at + k]) / 127.5 - 1.0)));
        let glow = rgb(emissive, 0.0);
        let surface = Surface {
            color: rgb(color, 0.5),
            normal,
            roughness: one(roughness, 0.8).max(0.08),
            metallic: one(metallic, 0.0),
            occlusion: one(occlusion, 1.0),
        };
        let light = surface.lit();
        let byte = |k: usize| (linear_to_srgb((light[k] + glow[k]).min(1.0)) * 255.0).round() as u8;
        *pixel = Rgb([byte(0), byte(1), byte(2)]);
    }
    picture
}

struct Surface {
    color: [f32; 3],
    normal: [f32; 3],
    roughness: f32,
    metallic: f32,
    occlusion: f32,
}

impl Surface {
    /// What the viewer, straight above, sees. Walter et al., "Microfacet Models for Refraction through Rough Surfaces", 2007.
    fn lit(&self) -> [f32; 3] {
        let toward = dot(self.normal, LIGHT).max(0.0);
        let half = unit([LIGHT[0], LIGHT[1], LIGHT[2] + 1.0]);
        let across = dot(self.normal, half).max(0.0);
        let seen = self.normal[2].max(0.05);
        let alpha = self.roughness * self.roughness;
        let spread = across * across * (alpha * alpha - 1.0) + 1.0;
        let lobe = alpha * alpha / (std::f32::consts::PI * spread * spread);
        let masked = |cosine: f32| cosine * (1.0 - alpha / 2.0) + alpha / 2.0;
        let specular = lobe / (4.0 * masked(toward) * masked(seen)).max(1e-3);
        [0, 1, 2].map(|k| {
            let reflectance = REFLECTANCE + (self.color[k] - REFLECTANCE) * self.metallic;
            let diffuse = self.color[k] * (1.0 - self.metallic) / std::f32::consts::PI;
            let ambient = AMBIENT * self.occlusion * (self.color[k] * (1.0 - self.metallic) + reflectance);
            DIRECT * toward * (diffuse + reflectance * specular) + ambient
        })
    }
}

fn dot(a: [f32; 3], b: [f32; 3]) -> f32 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn unit(v: [f32; 3]) -> [f32; 3] {
    let length = dot(v, v).sqrt().max(1e-6);
    v.map(|v| v / length)
}
