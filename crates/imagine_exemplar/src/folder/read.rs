//! Reads a map in our conventions: upright, sRGB colour, OpenGL normals, roughness in place of gloss, a channel of its own.

use std::io::Cursor;
use std::path::Path;

use image::{DynamicImage, ImageBuffer, ImageFormat, Luma, Rgb, Rgba};
use imagine_graph::OutputKind;
use imagine_graph::color::linear_to_srgb;

use super::MapFile;
use super::convention::detect_convention;
use super::error::FolderError;
use super::names::NormalConvention;
use crate::picture::{self, Picture, PictureError};

/// Largest file of a map.
const MAX_BYTES: u64 = 1 << 30;
/// Sides of the part in the middle of a normal map that tells its convention.
const PROBED: u32 = 2048;
/// Values below this are signed normals of a float picture, not normals stored as `n / 2 + 1/2`.
const SIGNED: f32 = -0.01;

/// A map's file, read but not decoded.
#[derive(Clone, Debug)]
pub struct MapData {
    map: MapFile,
    bytes: Vec<u8>,
    size: [u32; 2],
    is_plain: bool,
}

impl MapFile {
    /// Reads the file and its header; fails if it cannot be decoded.
    pub fn open(&self) -> Result<MapData, FolderError> {
        let io = |source| FolderError::Io { path: self.path.clone(), source };
        let length = std::fs::metadata(&self.path).map_err(io)?.len();
        if length > MAX_BYTES {
            return Err(FolderError::TooLong { path: self.path.clone(), found: length, most: MAX_BYTES });
        }
        let bytes = std::fs::read(&self.path).map_err(io)?;
        let file = picture::open(&bytes).map_err(unreadable(&self.path))?;
        let (size, is_plain) = (file.size(), file.is_plain());
        Ok(MapData { map: self.clone(), bytes, size, is_plain })
    }
}

impl MapData {
    /// Width and height in pixels, upright.
    pub fn size(&self) -> [u32; 2] {
        self.size
    }

    /// The file as it is.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The map alone, decoded: sRGB colour, or linear values.
    ///
    /// A normal map whose name does not say its convention has that of `normal`, or else the one that its slopes tell; if they are
    /// not clear either, that is an error.
    pub fn picture(&self, normal: Option<NormalConvention>) -> Result<Picture, FolderError> {
        let found = picture::decode(&self.bytes).map_err(unreadable(&self.map.path))?;
        let Picture { pixels, is_linear } = found;
        let pixels = match self.map.kind {
            OutputKind::Normal => self.opengl(if is_linear { unsigned(pixels) } else { pixels }, normal)?,
            OutputKind::BaseColor | OutputKind::Emissive if is_linear => encoded(pixels),
            OutputKind::BaseColor | OutputKind::Emissive => pixels,
            kind => single(pixels, is_linear.then_some(kind), self.map.channel, self.map.inverted),
        };
        Ok(Picture { pixels, is_linear: false })
    }

    /// The map alone as a PNG, JPEG or WebP file: the file itself if it is that already, else a PNG.
    pub fn encoded(&self, normal: Option<NormalConvention>) -> Result<Vec<u8>, FolderError> {
        let is_whole = self.map.channel.is_none() && !self.map.inverted;
        let is_opengl =
            self.map.kind != OutputKind::Normal || self.convention(normal, None)? == NormalConvention::OpenGl;
        if self.is_plain && is_whole && is_opengl {
            return Ok(self.bytes.clone());
        }
        let mut png = Cursor::new(Vec::new());
        let written = self.picture(normal)?.pixels.write_to(&mut png, ImageFormat::Png);
        written.map_err(|error| unreadable(&self.map.path)(error.into()))?;
        Ok(png.into_inner())
    }

    /// Flips the green of DirectX normals.
    fn opengl(&self, pixels: DynamicImage, normal: Option<NormalConvention>) -> Result<DynamicImage, FolderError> {
        Ok(match self.convention(normal, Some(&pixels))? {
            NormalConvention::OpenGl => pixels,
            NormalConvention::DirectX => flipped(pixels),
        })
    }

    /// The convention of a normal map: that of its name, `normal`, or that of its slopes.
    fn convention(
        &self,
        normal: Option<NormalConvention>,
        pixels: Option<&DynamicImage>,
    ) -> Result<NormalConvention, FolderError> {
        if let Some(known) = self.map.convention.or(normal) {
            return Ok(known);
        }
        let detected = match pixels {
            Some(pixels) => detected(pixels),
            None => {
                let found = picture::decode(&self.bytes).map_err(unreadable(&self.map.path))?;
                detected(&if found.is_linear { unsigned(found.pixels) } else { found.pixels })
            }
        };
        detected.ok_or_else(|| FolderError::UnclearNormals { path: self.map.path.clone() })
    }
}

fn unreadable(path: &Path) -> impl FnOnce(PictureError) -> FolderError {
    move |source| FolderError::Picture { path: path.to_path_buf(), source: Box::new(source) }
}

/// The convention that the slopes in the middle of a normal map tell.
fn detected(pixels: &DynamicImage) -> Option<NormalConvention> {
    let (width, height) = (pixels.width().min(PROBED), pixels.height().min(PROBED));
    let middle = pixels.crop_imm((pixels.width() - width) / 2, (pixels.height() - height) / 2, width, height);
    let normals: Vec<[f32; 3]> = middle.into_rgb32f().pixels().map(|pixel| pixel.0.map(|v| 2.0 * v - 1.0)).collect();
    detect_convention(&normals, width as usize)
}

/// Normals of a float picture, stored as `n / 2 + 1/2` or as they are, as 16 bits a channel.
fn unsigned(pixels: DynamicImage) -> DynamicImage {
    let pixels = pixels.into_rgb32f();
    let is_signed = pixels.iter().any(|value| *value < SIGNED);
    let stored = |value: f32| if is_signed { 0.5 + 0.5 * value } else { value };
    let row = |x, y| Rgb(pixels.get_pixel(x, y).0.map(|value| deep(stored(value))));
    ImageBuffer::<Rgb<u16>, Vec<u16>>::from_fn(pixels.width(), pixels.height(), row).into()
}

/// Linear light as sRGB, 16 bits a channel; clipped at 1.
fn encoded(pixels: DynamicImage) -> DynamicImage {
    let pixels = pixels.into_rgba32f();
    let texel = |x, y| {
        let [red, green, blue, alpha] = pixels.get_pixel(x, y).0;
        let [red, green, blue] = [red, green, blue].map(|value| deep(linear_to_srgb(value.clamp(0.0, 1.0))));
        Rgba([red, green, blue, deep(alpha)])
    };
    ImageBuffer::<Rgba<u16>, Vec<u16>>::from_fn(pixels.width(), pixels.height(), texel).into()
}

fn flipped(pixels: DynamicImage) -> DynamicImage {
    match pixels {
        DynamicImage::ImageRgb8(mut pixels) => {
            pixels.pixels_mut().for_each(|pixel| pixel.0[1] = u8::MAX - pixel.0[1]);
            pixels.into()
        }
        pixels => {
            let mut pixels: ImageBuffer<Rgb<u16>, Vec<u16>> = pixels.into_rgb16();
            pixels.pixels_mut().for_each(|pixel| pixel.0[1] = u16::MAX - pixel.0[1]);
            pixels.into()
        }
    }
}

/// One channel, or the luminance, of a map; `float` is the kind of a picture of floats.
fn single(pixels: DynamicImage, float: Option<OutputKind>, channel: Option<usize>, inverted: bool) -> DynamicImage {
    if channel.is_none() && !inverted && float.is_none() {
        return pixels;
    }
    let mut grey: ImageBuffer<Luma<u16>, Vec<u16>> = match (float, channel) {
        (Some(kind), _) => from_floats(pixels, kind, channel),
        (None, None) => pixels.into_luma16(),
        (None, Some(channel)) => {
            let picture = pixels.into_rgba16();
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

/// A map of floats as 16 bits. Heights, which may be in any unit, are stretched to 0 to 1 if they are not within it.
fn from_floats(pixels: DynamicImage, kind: OutputKind, channel: Option<usize>) -> ImageBuffer<Luma<u16>, Vec<u16>> {
    let pixels = pixels.into_rgba32f();
    let value = |pixel: &Rgba<f32>| match channel {
        Some(channel) => pixel.0[channel.min(3)],
        // All channels of a grey map are equal.
        None => pixel.0[1],
    };
    let finite = || pixels.pixels().map(value).filter(|value| value.is_finite());
    let (low, high) = finite().fold((f32::MAX, f32::MIN), |(low, high), value| (low.min(value), high.max(value)));
    let is_stretched = kind == OutputKind::Height && (low < 0.0 || high > 1.0);
    let (low, high) = if is_stretched { (low, high) } else { (0.0, 1.0) };
    let unit = |x, y| Luma([deep((value(pixels.get_pixel(x, y)) - low) / (high - low).max(f32::MIN_POSITIVE))]);
    ImageBuffer::from_fn(pixels.width(), pixels.height(), unit)
}

/// 0 to 1 as 16 bits; NaN is 0.
fn deep(value: f32) -> u16 {
    (value.clamp(0.0, 1.0) * f32::from(u16::MAX)).round() as u16
}
