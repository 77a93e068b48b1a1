//! JPEG files of generated pictures, with source and recipe as XMP.

use anyhow::{Context, bail, ensure};
use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageEncoder};
use imagine_png::{Carried, Picture, Samples};

use crate::recipe::Recipe;

/// Of 1 to 100.
const QUALITY: u8 = 95;
/// First bytes of every JPEG file: start of image.
const START: [u8; 2] = [0xFF, 0xD8];
/// Marker of the segment with XMP, and what its data begins with (XMP specification part 3).
const APP1: [u8; 2] = [0xFF, 0xE1];
const XMP_NAME: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";

/// Encodes a picture of one or three channels. Equal pictures and recipes give equal bytes.
pub fn encode(picture: &Picture, recipe: &Recipe, carried: &Carried) -> anyhow::Result<Vec<u8>> {
    let Samples::Eight(bytes) = &picture.samples else { bail!("jpg files have 8 bits a channel") };
    let color = match picture.channels {
        1 => ExtendedColorType::L8,
        3 => ExtendedColorType::Rgb8,
        _ => bail!("output {:?}: jpg files have no alpha; use png, webp or tif", recipe.output),
    };
    let mut file = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut file, QUALITY);
    if !carried.icc.is_empty() {
        encoder.set_icc_profile(carried.icc.clone())?;
    }
    if !carried.exif.is_empty() {
        encoder.set_exif_metadata(carried.exif.clone())?;
    }
    encoder.encode(bytes, picture.width, picture.height, color)?;
    ensure!(file.starts_with(&START), "the encoder wrote no JPEG file");
    let data = [XMP_NAME, recipe.xmp().as_bytes()].concat();
    let length = u16::try_from(data.len() + 2).ok().with_context(|| {
        format!("the recipe needs {} bytes, and a jpg file holds at most {}: use png", data.len(), u16::MAX - 2)
    })?;
    file.splice(START.len()..START.len(), [&APP1, length.to_be_bytes().as_slice(), &data].concat());
    Ok(file)
}
