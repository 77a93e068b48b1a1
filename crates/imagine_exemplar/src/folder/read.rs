//! Converts a map to a picture of its own in our conventions: unpacks a channel, turns gloss into roughness, flips DirectX normals.

use std::io::Cursor;

use image::{DynamicImage, ImageBuffer, ImageFormat, Luma, Rgb};
use imagine_graph::OutputKind;

use super::convention::detect_convention;
use super::{FolderError, MapFile};
use crate::folder::names::NormalConvention;

/// The bytes of a picture that holds the map alone: those of the file if no conversion is needed, else a PNG of 16 bits a channel.
/// If the name of a normal map does not say its convention, its values decide; if they are not clear either, it is OpenGL's.
pub fn read_map(map: &MapFile) -> Result<Vec<u8>, FolderError> {
    let bytes = std::fs::read(&map.path).map_err(|source| FolderError::Io { path: map.path.clone(), source })?;
    let decode = || {
        image::load_from_memory(&bytes)
            .map_err(|source| FolderError::Picture { path: map.path.clone(), source: Box::new(source) })
    };
    let converted = match (map.kind, map.convention) {
        (OutputKind::Normal, Some(NormalConvention::OpenGl)) => None,
        (OutputKind::Normal, Some(NormalConvention::DirectX)) => Some(flipped(decode()?)),
        (OutputKind::Normal, None) => Some(decode()?).filter(is_directx).map(flipped),
        _ if map.channel.is_some() || map.inverted => Some(single(decode()?, map.channel, map.inverted)),
        _ => None,
    };
    let Some(picture) = converted else { return Ok(bytes) };
    let mut png = Cursor::new(Vec::new());
    picture
        .write_to(&mut png, ImageFormat::Png)
        .map_err(|source| FolderError::Picture { path: map.path.clone(), source: Box::new(source) })?;
    Ok(png.into_inner())
}

fn is_directx(picture: &DynamicImage) -> bool {
    let normals: Vec<[f32; 3]> = picture.to_rgb32f().pixels().map(|pixel| pixel.0.map(|v| 2.0 * v - 1.0)).collect();
    detect_convention(&normals, picture.width() as usize) == Some(NormalConvention::DirectX)
}

fn flipped(picture: DynamicImage) -> DynamicImage {
    let mut picture: ImageBuffer<Rgb<u16>, Vec<u16>> = picture.into_rgb16();
    picture.pixels_mut().for_each(|pixel| pixel.0[1] = u16::MAX - pixel.0[1]);
    picture.into()
}

/// One channel, or the luminance.
fn single(picture: DynamicImage, channel: Option<usize>, inverted: bool) -> DynamicImage {
    let mut grey: ImageBuffer<Luma<u16>, Vec<u16>> = match channel {
        None => picture.into_luma16(),
        Some(channel) => {
            let picture = picture.into_rgba16();
            ImageBuffer::from_fn(picture.width(), picture.height(), |x, y| {
                Luma([picture.get_pixel(x, y).0[channel.min(3)]])
            })
        }
    };
    if inverted {
        grey.pixels_mut().for_each(|pixel| pixel.0[0] = u16::MAX - pixel.0[0]);
    }
    grey.into()
}
