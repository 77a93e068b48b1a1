//! Lossless WebP files of generated pictures, with source and recipe as XMP.

use anyhow::{bail, ensure};
use image_webp::{ColorType, WebPEncoder};
use imagine_png::{Carried, Picture, Samples};

use crate::recipe::Recipe;

/// Longest side of a WebP picture.
const MAX_SIDE: u32 = 16_383;

/// Encodes a picture. Equal pictures and recipes give equal bytes.
pub fn encode(picture: &Picture, recipe: &Recipe, carried: &Carried) -> anyhow::Result<Vec<u8>> {
    let Picture { width, height, channels, samples, .. } = picture;
    let Samples::Eight(bytes) = samples else { bail!("webp files have 8 bits a channel") };
    ensure!(
        *width.max(height) <= MAX_SIDE,
        "{width}x{height} pixels: webp files have at most {MAX_SIDE} a side; use png"
    );
    let color = match channels {
        1 => ColorType::L8,
        2 => ColorType::La8,
        3 => ColorType::Rgb8,
        _ => ColorType::Rgba8,
    };
    let mut file = Vec::new();
    let mut encoder = WebPEncoder::new(&mut file);
    encoder.set_icc_profile(carried.icc.clone());
    encoder.set_exif_metadata(carried.exif.clone());
    encoder.set_xmp_metadata(recipe.xmp().into_bytes());
    encoder.encode(bytes, *width, *height, color)?;
    Ok(file)
}
