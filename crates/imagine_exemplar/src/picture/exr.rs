//! OpenEXR files with R, G, B and perhaps A, or with one channel, as displacement and roughness maps have it.

use std::io::Cursor;

use exr::meta::MetaData;
use exr::prelude::{FlatSamples, ReadChannels, ReadLayers, Text, Vec2, read};
use image::{DynamicImage, ImageBuffer, ImageError, ImageFormat};

use super::error::PictureError;

/// Bytes of a decoded sample.
const SAMPLE_BYTES: u64 = 4;
/// The sampling of a channel with a value for every texel.
const WHOLE: Vec2<usize> = Vec2(1, 1);

/// Width and height, and bytes to be decoded.
pub fn header(bytes: &[u8]) -> Result<([u32; 2], u64), PictureError> {
    let metadata = MetaData::read_from_buffered(Cursor::new(bytes), false).map_err(damaged)?;
    let header = metadata.headers.iter().find(|header| !header.deep).ok_or(PictureError::Format)?;
    let [width, height] =
        [header.layer_size.0, header.layer_size.1].map(|side| u32::try_from(side).unwrap_or(u32::MAX));
    let names = header.channels.list.iter().map(|channel| (&channel.name, channel.sampling));
    let shown = shown_channels(names)?.len();
    // All channels are decoded, the shown ones are copied; grey becomes three channels.
    let samples = (header.channels.list.len() + shown.max(3)) as u64;
    let bytes = (u64::from(width) * u64::from(height)).saturating_mul(samples * SAMPLE_BYTES);
    Ok(([width, height], bytes))
}

/// The pixels as 32-bit floats.
pub fn decode(bytes: &[u8]) -> Result<DynamicImage, PictureError> {
    let reader = read().no_deep_data().largest_resolution_level().all_channels().first_valid_layer().all_attributes();
    let layer = reader.from_buffered(Cursor::new(bytes)).map_err(damaged)?.layer_data;
    let (width, height) = (layer.size.0 as u32, layer.size.1 as u32);
    let list = &layer.channel_data.list;
    let names = list.iter().map(|channel| (&channel.name, channel.sampling));
    let planes: Vec<&FlatSamples> = shown_channels(names)?.into_iter().map(|index| &list[index].sample_data).collect();
    // A single channel is grey.
    let channels = planes.len().max(3);
    let mut values = Vec::with_capacity(layer.size.area() * channels);
    for texel in 0..layer.size.area() {
        values.extend((0..channels).map(|channel| sample(planes[channel.min(planes.len() - 1)], texel)));
    }
    let picture = match channels {
        4 => ImageBuffer::from_raw(width, height, values).map(DynamicImage::ImageRgba32F),
        _ => ImageBuffer::from_raw(width, height, values).map(DynamicImage::ImageRgb32F),
    };
    picture.ok_or(PictureError::Format)
}

/// A value; NaN is 0.
fn sample(plane: &FlatSamples, texel: usize) -> f32 {
    let value = match plane {
        FlatSamples::F16(values) => values[texel].to_f32(),
        FlatSamples::F32(values) => values[texel],
        FlatSamples::U32(values) => values[texel] as f32,
    };
    if value.is_nan() { 0.0 } else { value }
}

/// Indices of the channels to show: red, green, blue and perhaps alpha, or one. Subsampled ones do not count.
fn shown_channels<'a>(channels: impl Iterator<Item = (&'a Text, Vec2<usize>)>) -> Result<Vec<usize>, PictureError> {
    let channels: Vec<(&Text, Vec2<usize>)> = channels.collect();
    let find = |name: &str| {
        let wanted = Text::from(name);
        channels.iter().position(|(name, sampling)| **name == wanted && *sampling == WHOLE)
    };
    if let (Some(red), Some(green), Some(blue)) = (find("R"), find("G"), find("B")) {
        return Ok([red, green, blue].into_iter().chain(find("A")).collect());
    }
    match (find("Y"), &channels[..]) {
        (Some(grey), _) => Ok(vec![grey]),
        (None, [(_, WHOLE)]) => Ok(vec![0]),
        _ => Err(PictureError::Channels { found: channels.iter().map(|(name, _)| name.to_string()).collect() }),
    }
}

fn damaged(error: exr::error::Error) -> PictureError {
    let format = ImageFormat::OpenExr.into();
    ImageError::Decoding(image::error::DecodingError::new(format, error.to_string())).into()
}
