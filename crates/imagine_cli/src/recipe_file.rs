//! Reads recipes from the files that this program writes: PNG, JPEG, WebP, TIFF, OpenEXR, Radiance and KTX2.

use std::io::Cursor;
use std::path::Path;

use anyhow::{Context, bail};
use exr::meta::MetaData;
use exr::prelude::{AttributeValue, SampleType, Text};
use image::{ImageDecoder, ImageFormat, ImageReader, Limits};
use imagine_png::{MAX_RECIPE_BYTES, ReadError, recipe_in_xmp};
use tiff::decoder::Decoder;

use crate::exr_file::RECIPE;
use crate::file_format::Depth;
use crate::files::read_file;
use crate::hdr;
use crate::ktx2_file::Compression;
use crate::recipe::Recipe;
use crate::tiff_file::XMP;

/// A recipe, and how its file stores the picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The recipe.
    pub recipe: Recipe,
    /// Bits of a channel, where the format has several depths.
    pub depth: Option<Depth>,
    /// How a KTX2 file is compressed.
    pub compressions: Vec<Compression>,
}

/// Reads the file at `path`.
pub fn read(path: &Path) -> anyhow::Result<Found> {
    let read = |bytes: Vec<u8>| {
        if imagine_ktx2::is_ktx2(&bytes) {
            return in_ktx2(&bytes);
        }
        Ok(Found { recipe: recipe_of(&bytes)?, depth: depth_of(&bytes), compressions: Vec::new() })
    };
    read_file(path).and_then(read).with_context(|| path.display().to_string())
}

fn in_ktx2(bytes: &[u8]) -> anyhow::Result<Found> {
    let stored = imagine_ktx2::read(bytes)?;
    let all = [(Compression::Bc, stored.is_in_blocks), (Compression::Zstd, stored.is_zstd)];
    let compressions = all.into_iter().filter(|(_, is_used)| *is_used).map(|(compression, _)| compression).collect();
    Ok(Found { recipe: Recipe::from_text(&stored.recipe)?, depth: None, compressions })
}

/// Bits of a channel in a PNG, TIFF or OpenEXR file.
fn depth_of(bytes: &[u8]) -> Option<Depth> {
    let format = image::guess_format(bytes).ok()?;
    match format {
        ImageFormat::Png | ImageFormat::Tiff => {
            let color = ImageReader::with_format(Cursor::new(bytes), format).into_decoder().ok()?.color_type();
            let is_deep = color.bytes_per_pixel() > color.channel_count();
            Some(if is_deep { Depth::Sixteen } else { Depth::Eight })
        }
        ImageFormat::OpenExr => {
            let metadata = MetaData::read_from_buffered(Cursor::new(bytes), false).ok()?;
            let is_float = metadata.headers.first()?.channels.list.first()?.sample_type == SampleType::F32;
            Some(if is_float { Depth::Float } else { Depth::Sixteen })
        }
        _ => None,
    }
}

/// Reads the recipe from the bytes of a file, without decoding pixels.
fn recipe_of(bytes: &[u8]) -> anyhow::Result<Recipe> {
    let text = match image::guess_format(bytes) {
        Ok(ImageFormat::Png) => imagine_png::recipe(bytes)?,
        Ok(format @ (ImageFormat::Jpeg | ImageFormat::WebP)) => in_xmp(bytes, format)?,
        Ok(ImageFormat::Tiff) => in_tiff(bytes)?,
        Ok(ImageFormat::OpenExr) => in_exr(bytes)?,
        Ok(ImageFormat::Hdr) => hdr::recipe(bytes)?,
        _ => bail!("not a PNG, JPEG, WebP, TIFF, OpenEXR, Radiance or KTX2 file"),
    };
    Recipe::from_text(&text)
}

fn in_xmp(bytes: &[u8], format: ImageFormat) -> anyhow::Result<String> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::default();
    limits.max_alloc = Some(1 << 30);
    reader.limits(limits);
    let packet = reader.into_decoder()?.xmp_metadata()?.ok_or(ReadError::Missing)?;
    Ok(recipe_in_xmp(&packet)?)
}

/// `image` reads no packet that is larger than the picture.
fn in_tiff(bytes: &[u8]) -> anyhow::Result<String> {
    let packet = Decoder::new(Cursor::new(bytes))?.get_tag_u8_vec(XMP).map_err(|_| ReadError::Missing)?;
    Ok(recipe_in_xmp(&packet)?)
}

fn in_exr(bytes: &[u8]) -> anyhow::Result<String> {
    let metadata = MetaData::read_from_buffered(Cursor::new(bytes), false)?;
    let name = Text::from(RECIPE);
    let found = metadata.headers.iter().find_map(|header| header.own_attributes.other.get(&name));
    match found {
        Some(AttributeValue::Text(text)) if text.as_slice().len() > MAX_RECIPE_BYTES => Err(ReadError::Long.into()),
        Some(AttributeValue::Text(text)) => Ok(String::from_utf8(text.as_slice().to_vec())?),
        _ => Err(ReadError::Missing.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use imagine_graph::{GraphOutput, OutputKind, Tensor};
    use imagine_png::{Carried, Picture, Samples};

    use super::*;
    use crate::{exr_file, jpeg_file, png_file, tiff_file, webp_file};

    fn recipe() -> Recipe {
        Recipe {
            alpha: false,
            by_example: false,
            formulas: false,
            generator_sha256: "0123456789abcdef".repeat(4),
            output: "base_color".into(),
            seed: u64::MAX,
            size: "2x1".into(),
            steps: 7,
            controls: BTreeMap::from([("wear".into(), "0.5".into()), ("ton é".into(), "#ff0000".into())]),
            images: BTreeMap::from([("photo".into(), "89".repeat(32))]),
            cube: false,
            patch: Some([-1_048_576, 3]),
            exposure: None,
            edit: None,
            mark: None,
            executor: "cpu".into(),
            version: "1.2.3".into(),
        }
    }

    fn picture(samples: Samples) -> Picture {
        Picture { width: 2, height: 1, channels: 3, is_srgb: true, samples }
    }

    fn file(recipe: &Recipe) -> Vec<u8> {
        png_file::encode(&picture(Samples::Eight(vec![0, 1, 2, 3, 4, 255])), recipe, &Carried::default()).unwrap()
    }

    /// A file of every format with a recipe.
    fn files() -> [(&'static str, Vec<u8>); 8] {
        let (eight, sixteen) =
            (Samples::Eight(vec![0, 1, 2, 3, 4, 255]), Samples::Sixteen(vec![0, 1, 2, 3, 4, 65_535]));
        let (eight, sixteen) = (picture(eight), picture(sixteen));
        let none = Carried::default();
        let values = Tensor::f32([1, 3, 1, 2], [0.0, 0.25, 0.5, 1.0, 0.125, 4.0]);
        let color = GraphOutput::new("base_color", OutputKind::BaseColor);
        let radiance = GraphOutput::new("base_color", OutputKind::Radiance);
        [
            ("png", file(&recipe())),
            ("png of 16 bits", png_file::encode(&sixteen, &recipe(), &none).unwrap()),
            ("jpg", jpeg_file::encode(&eight, &recipe(), &none).unwrap()),
            ("webp", webp_file::encode(&eight, &recipe(), &none).unwrap()),
            ("tif", tiff_file::encode(&eight, &recipe(), &none).unwrap()),
            ("tif of 16 bits", tiff_file::encode(&sixteen, &recipe(), &none).unwrap()),
            ("exr", exr_file::encode(&color, &values, Depth::Sixteen, &recipe()).unwrap()),
            ("hdr", hdr::encode(&radiance, &values, &recipe()).unwrap()),
        ]
    }

    #[test]
    fn every_format_is_marked_and_holds_the_recipe() {
        for (name, bytes) in files() {
            assert_eq!(recipe_of(&bytes).unwrap(), recipe(), "{name}");
            let marking = b"digitalsourcetype/trainedAlgorithmicMedia";
            // Radiance headers have no place for XMP.
            assert_eq!(bytes.windows(marking.len()).any(|part| part == marking), name != "hdr", "{name}");
            let read = imagine_exemplar::picture::decode(&bytes).unwrap();
            assert_eq!((read.pixels.width(), read.pixels.height()), (2, 1), "{name}");
        }
        for (first, second) in files().iter().zip(files()) {
            assert_eq!(*first, second, "equal pictures give equal bytes");
        }
    }

    #[test]
    fn the_depth_of_a_file_is_known() {
        let expected = [Some(Depth::Eight), Some(Depth::Sixteen), None, None, Some(Depth::Eight), Some(Depth::Sixteen)];
        let found: Vec<Option<Depth>> = files().iter().map(|(_, bytes)| depth_of(bytes)).collect();
        assert_eq!(found, [expected.as_slice(), &[Some(Depth::Sixteen), None]].concat());
    }

    #[test]
    fn cut_and_changed_files_are_errors_or_recipes() {
        for (name, bytes) in files() {
            for at in 0..bytes.len() {
                let _ = recipe_of(&bytes[..at]);
                let mut flipped = bytes.clone();
                flipped[at] ^= 0x55;
                let _ = recipe_of(&flipped);
            }
            assert!(recipe_of(&bytes[..20]).is_err(), "{name}");
        }
    }

    #[test]
    fn floats_are_kept() {
        let values = [0.0, 0.1, 0.2, 0.3, 0.4, 1.0];
        let roughness = GraphOutput::new("roughness", OutputKind::Roughness);
        let tensor = Tensor::f32([1, 1, 2, 3], values);
        for (depth, tolerance) in [(Depth::Sixteen, 2e-4), (Depth::Float, 0.0)] {
            let bytes = exr_file::encode(&roughness, &tensor, depth, &recipe()).unwrap();
            let read = imagine_exemplar::picture::decode(&bytes).unwrap();
            for (index, value) in (0..).zip(values) {
                let found = read.texel(index % 3, index / 3)[0];
                assert!((found - value).abs() <= tolerance, "{depth:?} {found} {value}");
            }
        }
    }

    #[test]
    fn hostile_recipes_are_refused_with_a_reason() {
        let wrong = |change: fn(&mut Recipe), part: &str| {
            let mut recipe = recipe();
            change(&mut recipe);
            let message = format!("{:#}", recipe_of(&file(&recipe)).unwrap_err());
            assert!(message.contains(part), "{message}");
        };
        wrong(|r| r.size = "99999999x9".into(), "size");
        wrong(|r| r.executor = "abacus".into(), "executor");
        wrong(|r| r.generator_sha256 = "../../x".into(), "SHA-256");
        wrong(|r| r.output = "x".repeat(imagine_png::MAX_RECIPE_BYTES), "larger");
    }
}
