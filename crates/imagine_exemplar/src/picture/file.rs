//! One picture file: its header, then its pixels.

use std::io::Cursor;

use image::metadata::Orientation;
use image::{
    DynamicImage, GenericImageView, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, Rgba, RgbaImage,
};
use imagine_graph::color::linear_to_srgb;

use super::bounds::{MAX_DECODED_MIB, MAX_SIDE};
use super::error::PictureError;
use super::{exr, jpeg, tiff};

/// Most bytes of a colour profile or of EXIF data.
const MAX_METADATA: usize = 1 << 20;

/// The header of a picture file.
pub struct PictureFile<'a> {
    bytes: &'a [u8],
    decoder: DecoderKind,
    orientation: Orientation,
    /// Width and height in pixels, upright.
    size: [u32; 2],
    mib: u64,
}

/// What decodes a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DecoderKind {
    /// `image`.
    Image(ImageFormat),
    /// [`exr`].
    Exr,
    /// [`tiff`].
    FloatTiff,
}

/// A decoded picture, upright.
#[derive(Clone, Debug)]
pub struct Picture {
    /// The pixels.
    pub pixels: DynamicImage,
    /// Whether colours are linear light, as in files of floats, and not sRGB.
    pub is_linear: bool,
}

/// What a file holds besides its pixels; empty if there is nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// ICC colour profile of red, green and blue or, in a grey picture, of grey.
    pub icc: Vec<u8>,
    /// EXIF data, whose orientation is that of the decoded pixels: upright.
    pub exif: Vec<u8>,
}

/// Reads the header of a picture file and checks whether it can be decoded.
pub fn open(bytes: &[u8]) -> Result<PictureFile<'_>, PictureError> {
    let format = image::guess_format(bytes).map_err(|_| PictureError::Format)?;
    if format == ImageFormat::Jpeg && !jpeg::is_whole(bytes) {
        return Err(PictureError::Truncated);
    }
    let (kind, size, bytes_decoded, orientation) = match format {
        ImageFormat::OpenExr => {
            let (size, bytes_decoded) = exr::header(bytes)?;
            (DecoderKind::Exr, size, bytes_decoded, Orientation::NoTransforms)
        }
        ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::WebP | ImageFormat::Tiff | ImageFormat::Hdr => {
            let float = if format == ImageFormat::Tiff { tiff::header(bytes) } else { None };
            match (decoder(bytes, format), float) {
                (Err(ImageError::Unsupported(_)), Some((size, bytes_decoded))) => {
                    (DecoderKind::FloatTiff, size, bytes_decoded, Orientation::NoTransforms)
                }
                (decoder, _) => {
                    let mut decoder = decoder?;
                    let (width, height) = decoder.dimensions();
                    // Broken EXIF data does not spoil a picture.
                    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
                    (DecoderKind::Image(format), [width, height], decoder.total_bytes(), orientation)
                }
            }
        }
        _ => return Err(PictureError::Format),
    };
    let [width, height] = size;
    if ![width, height].iter().all(|side| (1..=MAX_SIDE).contains(side)) {
        return Err(PictureError::Side { width, height });
    }
    let mib = bytes_decoded.div_ceil(1 << 20);
    if mib > MAX_DECODED_MIB {
        return Err(PictureError::Memory { width, height, mib });
    }
    let size = if is_turned(orientation) { [height, width] } else { size };
    Ok(PictureFile { bytes, decoder: kind, orientation, size, mib })
}

/// Decodes a picture file.
pub fn decode(bytes: &[u8]) -> Result<Picture, PictureError> {
    open(bytes)?.decode()
}

impl PictureFile<'_> {
    /// Width and height in pixels, upright.
    pub fn size(&self) -> [u32; 2] {
        self.size
    }

    /// MiB that the decoded picture takes.
    pub fn decoded_mib(&self) -> u64 {
        self.mib
    }

    /// Whether browsers show the file and it needs no turning: a PNG, JPEG or WebP file without EXIF orientation.
    pub fn is_plain(&self) -> bool {
        use ImageFormat::{Jpeg, Png, WebP};
        let is_common = matches!(self.decoder, DecoderKind::Image(Png | Jpeg | WebP));
        is_common && self.orientation == Orientation::NoTransforms
    }

    /// Colour profile and EXIF data, each at most 1 MiB; broken ones are left out.
    pub fn metadata(&self) -> Metadata {
        let DecoderKind::Image(format) = self.decoder else { return Metadata::default() };
        let Ok(mut decoder) = decoder(self.bytes, format) else { return Metadata::default() };
        let space: &[u8] = if decoder.color_type().has_color() { b"RGB " } else { b"GRAY" };
        let bounded = |found: Option<Vec<u8>>| found.filter(|bytes| bytes.len() <= MAX_METADATA).unwrap_or_default();
        let mut icc = bounded(decoder.icc_profile().ok().flatten());
        // The profile of a CMYK file does not fit the decoded colours.
        if icc.get(16..20) != Some(space) {
            icc.clear();
        }
        let mut exif = bounded(decoder.exif_metadata().ok().flatten());
        // There is none to be removed where it is upright already.
        let _ = Orientation::remove_from_exif_chunk(&mut exif);
        Metadata { icc, exif }
    }

    /// Decodes the pixels.
    pub fn decode(self) -> Result<Picture, PictureError> {
        let mut pixels = match self.decoder {
            DecoderKind::Exr => exr::decode(self.bytes)?,
            DecoderKind::FloatTiff => tiff::decode(self.bytes)?,
            DecoderKind::Image(format) => DynamicImage::from_decoder(decoder(self.bytes, format)?)?,
        };
        pixels.apply_orientation(self.orientation);
        let is_linear = matches!(pixels, DynamicImage::ImageRgb32F(_) | DynamicImage::ImageRgba32F(_));
        Ok(Picture { pixels, is_linear })
    }
}

impl Picture {
    /// The picture as sRGB with alpha, 8 bits a channel; linear light is clipped at 1.
    pub fn into_srgb8(self) -> RgbaImage {
        if !self.is_linear {
            return self.pixels.into_rgba8();
        }
        let pixels = self.pixels.into_rgba32f();
        RgbaImage::from_fn(pixels.width(), pixels.height(), |x, y| {
            let [red, green, blue, alpha] = pixels.get_pixel(x, y).0.map(|value| value.clamp(0.0, 1.0));
            let [red, green, blue] = [red, green, blue].map(linear_to_srgb);
            Rgba([red, green, blue, alpha].map(|value| (value * 255.0).round() as u8))
        })
    }

    /// Red, green, blue and alpha of a pixel as they are stored, 0 to 1; grey in all three colours.
    pub fn texel(&self, x: u32, y: u32) -> [f32; 4] {
        let byte = |value: u8| f32::from(value) / f32::from(u8::MAX);
        let deep = |value: u16| f32::from(value) / f32::from(u16::MAX);
        let grey = |value: f32, alpha: f32| [value, value, value, alpha];
        match &self.pixels {
            DynamicImage::ImageLuma8(pixels) => grey(byte(pixels.get_pixel(x, y).0[0]), 1.0),
            DynamicImage::ImageLuma16(pixels) => grey(deep(pixels.get_pixel(x, y).0[0]), 1.0),
            DynamicImage::ImageLumaA8(pixels) => {
                let [value, alpha] = pixels.get_pixel(x, y).0.map(byte);
                grey(value, alpha)
            }
            DynamicImage::ImageLumaA16(pixels) => {
                let [value, alpha] = pixels.get_pixel(x, y).0.map(deep);
                grey(value, alpha)
            }
            DynamicImage::ImageRgb8(pixels) => opaque(pixels.get_pixel(x, y).0.map(byte)),
            DynamicImage::ImageRgb16(pixels) => opaque(pixels.get_pixel(x, y).0.map(deep)),
            DynamicImage::ImageRgb32F(pixels) => opaque(pixels.get_pixel(x, y).0),
            DynamicImage::ImageRgba8(pixels) => pixels.get_pixel(x, y).0.map(byte),
            DynamicImage::ImageRgba16(pixels) => pixels.get_pixel(x, y).0.map(deep),
            DynamicImage::ImageRgba32F(pixels) => pixels.get_pixel(x, y).0,
            other => other.get_pixel(x, y).0.map(byte),
        }
    }

    /// Row `y` of [`Picture::texel`] in place of what `texels` held; quick for the usual 8 bits.
    pub(super) fn row(&self, y: usize, texels: &mut Vec<[f32; 4]>) {
        let width = self.pixels.width() as usize;
        let unit = |value: u8| f32::from(value) / f32::from(u8::MAX);
        texels.clear();
        match &self.pixels {
            DynamicImage::ImageRgb8(pixels) => {
                let row = &pixels.as_raw()[y * width * 3..][..width * 3];
                texels.extend(row.chunks_exact(3).map(|rgb| [unit(rgb[0]), unit(rgb[1]), unit(rgb[2]), 1.0]));
            }
            DynamicImage::ImageRgba8(pixels) => {
                let row = &pixels.as_raw()[y * width * 4..][..width * 4];
                texels.extend(row.chunks_exact(4).map(|rgba| [0, 1, 2, 3].map(|channel| unit(rgba[channel]))));
            }
            _ => texels.extend((0..width as u32).map(|x| self.texel(x, y as u32))),
        }
    }

    /// Whether a pixel is not opaque.
    pub fn is_transparent(&self) -> bool {
        match &self.pixels {
            DynamicImage::ImageLumaA8(pixels) => pixels.pixels().any(|pixel| pixel.0[1] < u8::MAX),
            DynamicImage::ImageLumaA16(pixels) => pixels.pixels().any(|pixel| pixel.0[1] < u16::MAX),
            DynamicImage::ImageRgba8(pixels) => pixels.pixels().any(|pixel| pixel.0[3] < u8::MAX),
            DynamicImage::ImageRgba16(pixels) => pixels.pixels().any(|pixel| pixel.0[3] < u16::MAX),
            DynamicImage::ImageRgba32F(pixels) => pixels.pixels().any(|pixel| pixel.0[3] < 1.0),
            _ => false,
        }
    }
}

fn opaque([red, green, blue]: [f32; 3]) -> [f32; 4] {
    [red, green, blue, 1.0]
}

fn decoder(bytes: &[u8], format: ImageFormat) -> Result<impl ImageDecoder + '_, ImageError> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::default();
    limits.max_alloc = Some((2 * MAX_DECODED_MIB) << 20);
    reader.limits(limits);
    reader.into_decoder()
}

/// Whether the orientation swaps width and height.
fn is_turned(orientation: Orientation) -> bool {
    use Orientation::{Rotate90, Rotate90FlipH, Rotate270, Rotate270FlipH};
    matches!(orientation, Rotate90 | Rotate270 | Rotate90FlipH | Rotate270FlipH)
}
