//! TIFF files of generated pictures, with source and recipe as XMP.

use std::io::Cursor;

use anyhow::bail;
use imagine_png::{Carried, Picture, Samples};
use tiff::encoder::colortype::{ColorType, Gray8, Gray16, RGB8, RGB16, RGBA8, RGBA16};
use tiff::encoder::{Compression, Predictor, TiffEncoder, TiffValue};
use tiff::tags::Tag;

use crate::recipe::Recipe;

/// The tag that holds an XMP packet.
pub const XMP: Tag = Tag::Unknown(700);

/// Encodes a picture of one, three or four channels, with a colour profile but without EXIF data. Equal pictures and recipes give equal bytes.
pub fn encode(picture: &Picture, recipe: &Recipe, carried: &Carried) -> anyhow::Result<Vec<u8>> {
    let tags = Tags { xmp: recipe.xmp(), icc: &carried.icc };
    match (&picture.samples, picture.channels) {
        (Samples::Eight(samples), 1) => write::<Gray8>(picture, samples, &tags),
        (Samples::Eight(samples), 3) => write::<RGB8>(picture, samples, &tags),
        (Samples::Eight(samples), 4) => write::<RGBA8>(picture, samples, &tags),
        (Samples::Sixteen(samples), 1) => write::<Gray16>(picture, samples, &tags),
        (Samples::Sixteen(samples), 3) => write::<RGB16>(picture, samples, &tags),
        (Samples::Sixteen(samples), 4) => write::<RGBA16>(picture, samples, &tags),
        _ => bail!("output {:?}: tif files have 1, 3 or 4 channels, not {}; use png", recipe.output, picture.channels),
    }
}

struct Tags<'a> {
    xmp: String,
    icc: &'a [u8],
}

fn write<C: ColorType>(picture: &Picture, samples: &[C::Inner], tags: &Tags) -> anyhow::Result<Vec<u8>>
where
    [C::Inner]: TiffValue,
{
    let mut file = Cursor::new(Vec::new());
    let encoder = TiffEncoder::new(&mut file)?;
    let mut encoder = encoder.with_compression(Compression::Lzw).with_predictor(Predictor::Horizontal);
    let mut image = encoder.new_image::<C>(picture.width, picture.height)?;
    image.encoder().write_tag(XMP, tags.xmp.as_bytes())?;
    if !tags.icc.is_empty() {
        image.encoder().write_tag(Tag::IccProfile, tags.icc)?;
    }
    image.write_data(samples)?;
    Ok(file.into_inner())
}
