//! TIFF files with one channel of 32-bit floats, as displacement maps have it; `image` reads all others.

use std::io::Cursor;

use image::{DynamicImage, ImageBuffer, ImageError, ImageFormat};
use tiff::ColorType;
use tiff::decoder::{Decoder, DecodingResult, Limits};

use super::bounds::MAX_DECODED_MIB;
use super::error::PictureError;

/// Bytes of a decoded texel: the float, and three of them in a picture.
const TEXEL_BYTES: u64 = 16;

/// Width and height, and bytes to be decoded; `None` if it is another kind of file.
pub fn header(bytes: &[u8]) -> Option<([u32; 2], u64)> {
    let mut decoder = Decoder::new(Cursor::new(bytes)).ok()?;
    let (width, height) = decoder.dimensions().ok()?;
    let is_float = decoder.colortype().ok()? == ColorType::Gray(32);
    is_float.then_some(([width, height], u64::from(width) * u64::from(height) * TEXEL_BYTES))
}

/// The pixels as 32-bit floats, grey in all three channels.
pub fn decode(bytes: &[u8]) -> Result<DynamicImage, PictureError> {
    let mut limits = Limits::default();
    limits.decoding_buffer_size = (MAX_DECODED_MIB << 20) as usize;
    let mut decoder = Decoder::new(Cursor::new(bytes)).map_err(damaged)?.with_limits(limits);
    let (width, height) = decoder.dimensions().map_err(damaged)?;
    let DecodingResult::F32(values) = decoder.read_image().map_err(damaged)? else { return Err(PictureError::Format) };
    let values = values.into_iter().flat_map(|value| [if value.is_nan() { 0.0 } else { value }; 3]).collect();
    ImageBuffer::from_raw(width, height, values).map(DynamicImage::ImageRgb32F).ok_or(PictureError::Format)
}

fn damaged(error: tiff::TiffError) -> PictureError {
    ImageError::Decoding(image::error::DecodingError::new(ImageFormat::Tiff.into(), error)).into()
}
