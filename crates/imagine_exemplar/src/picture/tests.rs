//! Every format is read, upright, whole and bounded.

use std::io::Cursor;

use image::{DynamicImage, ImageBuffer, ImageFormat, Luma, Rgb, RgbImage, Rgba};

use super::{EXTENSIONS, PictureError, decode, open};

const SIZE: [u32; 2] = [24, 16];

fn drawn() -> RgbImage {
    RgbImage::from_fn(SIZE[0], SIZE[1], |x, y| Rgb([(x * 10) as u8, (y * 15) as u8, ((x * y * 7) % 251) as u8]))
}

fn file(picture: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.into().write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// A file of every format that is read.
fn files() -> [(&'static str, Vec<u8>); 6] {
    let float = DynamicImage::from(drawn()).into_rgb32f();
    [
        ("png", file(drawn(), ImageFormat::Png)),
        ("jpg", file(drawn(), ImageFormat::Jpeg)),
        ("webp", file(drawn(), ImageFormat::WebP)),
        ("tif", file(drawn(), ImageFormat::Tiff)),
        ("exr", file(float.clone(), ImageFormat::OpenExr)),
        ("hdr", file(float, ImageFormat::Hdr)),
    ]
}

#[test]
fn every_format_is_read() {
    for (name, bytes) in files() {
        assert!(EXTENSIONS.contains(&name));
        assert_eq!(open(&bytes).unwrap().size(), SIZE, "{name}");
        let picture = decode(&bytes).unwrap();
        assert_eq!(picture.is_linear, name == "exr" || name == "hdr", "{name}");
        let worst = picture.pixels.to_rgb8().iter().zip(drawn().iter()).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
        let tolerance = if name == "jpg" { 90 } else { u8::from(name == "hdr") };
        assert!(worst <= tolerance, "{name}: {worst}");
    }
}

#[test]
fn files_that_were_cut_off_are_refused() {
    for (name, bytes) in files() {
        for kept in [bytes.len() / 2, bytes.len() * 3 / 4, bytes.len() - 40] {
            assert!(decode(&bytes[..kept]).is_err(), "{name}: {kept} of {} bytes", bytes.len());
        }
    }
    let jpeg = file(drawn(), ImageFormat::Jpeg);
    assert!(matches!(decode(&jpeg[..jpeg.len() - 2]), Err(PictureError::Truncated)));
    let followed = [jpeg.as_slice(), b"more"].concat();
    assert!(decode(&followed).is_ok(), "bytes after the picture do no harm");
}

#[test]
fn sixteen_bits_are_kept() {
    let deep: ImageBuffer<Luma<u16>, Vec<u16>> = ImageBuffer::from_fn(4, 4, |x, y| Luma([(1000 + x + 4 * y) as u16]));
    for format in [ImageFormat::Png, ImageFormat::Tiff] {
        let read = decode(&file(deep.clone(), format)).unwrap().pixels;
        assert_eq!(read.into_luma16(), deep, "{format:?}");
    }
}

/// `jpeg` with EXIF data that holds this orientation.
fn with_orientation(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let exif =
        [b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".as_slice(), &[orientation, 0, 0, 0, 0, 0, 0]];
    let exif = exif.concat();
    let length = (exif.len() as u16 + 2).to_be_bytes();
    [&jpeg[..2], &[0xFF, 0xE1], &length, &exif, &jpeg[2..]].concat()
}

#[test]
fn pictures_are_turned_upright() {
    let left = RgbImage::from_fn(16, 8, |x, _| Rgb(if x < 8 { [250, 0, 0] } else { [0, 0, 250] }));
    let jpeg = file(left, ImageFormat::Jpeg);
    for (orientation, size, red) in
        [(1, [16, 8], [2, 4]), (3, [16, 8], [13, 4]), (6, [8, 16], [4, 2]), (8, [8, 16], [4, 13])]
    {
        let bytes = with_orientation(&jpeg, orientation);
        let file = open(&bytes).unwrap();
        assert_eq!((file.size(), file.is_plain()), (size, orientation == 1), "{orientation}");
        let picture = file.decode().unwrap().pixels.to_rgb8();
        assert_eq!([picture.width(), picture.height()], size, "{orientation}");
        let [x, y] = red;
        assert!(picture.get_pixel(x, y).0[0] > 200, "{orientation}: {:?}", picture.get_pixel(x, y));
    }
}

#[test]
fn exif_data_is_kept_upright() {
    let jpeg = file(drawn(), ImageFormat::Jpeg);
    let turned = open(&with_orientation(&jpeg, 6)).unwrap().metadata();
    assert_eq!(turned.exif, open(&with_orientation(&jpeg, 1)).unwrap().metadata().exif);
    assert!(turned.exif.starts_with(b"MM\0*") && turned.icc.is_empty());
    assert_eq!(open(&jpeg).unwrap().metadata(), super::Metadata::default());
}

#[test]
fn the_thumbnail_of_a_cut_photograph_does_not_count() {
    let jpeg = file(drawn(), ImageFormat::Jpeg);
    let thumbnail = [b"Exif\0\0".as_slice(), &jpeg].concat();
    let length = (thumbnail.len() as u16 + 2).to_be_bytes();
    let whole = [&jpeg[..2], &[0xFF, 0xE1], &length, &thumbnail, &jpeg[2..]].concat();
    assert!(open(&whole).is_ok());
    assert!(matches!(open(&whole[..whole.len() - 30]), Err(PictureError::Truncated)));
}

#[test]
fn transparency_is_seen_only_where_it_is() {
    for (alpha, is_transparent) in [(255, false), (254, true)] {
        let picture = ImageBuffer::from_pixel(3, 3, Rgba([9u8, 9, 9, alpha]));
        assert_eq!(decode(&file(picture, ImageFormat::Png)).unwrap().is_transparent(), is_transparent);
    }
    assert!(!decode(&file(drawn(), ImageFormat::Png)).unwrap().is_transparent());
}

/// A PNG file without pixels that claims a size.
fn claimed(width: u32, height: u32, depth: u8) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut header = b"IHDR".to_vec();
    header.extend([width.to_be_bytes(), height.to_be_bytes()].concat());
    header.extend([depth, 6, 0, 0, 0]);
    for chunk in [header, b"IDAT\x78\x9c".to_vec()] {
        bytes.extend((chunk.len() as u32 - 4).to_be_bytes());
        bytes.extend(&chunk);
        bytes.extend(crc(&chunk).to_be_bytes());
    }
    bytes
}

/// CRC-32 as PNG has it.
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |mut crc, byte| {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { 0xEDB8_8320 ^ (crc >> 1) } else { crc >> 1 };
        }
        crc
    })
}

#[test]
fn size_and_memory_are_bounded_before_decoding() {
    let message = |bytes: &[u8]| open(bytes).map(|file| file.size()).unwrap_err().to_string();
    assert_eq!(open(&claimed(16_384, 16_384, 8)).unwrap().size(), [16_384; 2]);
    assert_eq!(message(&claimed(16_385, 4, 8)), "16385x4 pixels; 1 to 16384 a side can be read");
    assert_eq!(
        message(&claimed(16_384, 16_384, 16)),
        "16384x16384 pixels take 2048 MiB decoded, and at most 1024 are allowed: scale it down first"
    );
    assert!(message(b"no picture").contains("png, jpg, webp, tif, exr or hdr"));
    assert!(message(b"GIF89a----------").contains("expected png"));
}

#[test]
fn a_single_channel_of_floats_is_grey() {
    let values: Vec<f32> = (0..12).map(|index| index as f32 - 3.5).collect();
    let mut tif = Cursor::new(Vec::new());
    tiff::encoder::TiffEncoder::new(&mut tif)
        .unwrap()
        .write_image::<tiff::encoder::colortype::Gray32Float>(4, 3, &values)
        .unwrap();
    let mut exr = Cursor::new(Vec::new());
    let channel = exr::prelude::AnyChannel::new("Z", exr::prelude::FlatSamples::F32(values.clone()));
    let channels = exr::prelude::AnyChannels::sort(exr::prelude::SmallVec::from_iter([channel]));
    let image = exr::prelude::Image::from_channels((4, 3), channels);
    exr::prelude::WritableImage::write(&image).to_buffered(&mut exr).unwrap();
    for (name, bytes) in [("tif", tif.into_inner()), ("exr", exr.into_inner())] {
        let picture = decode(&bytes).unwrap();
        assert!(picture.is_linear, "{name}");
        let found: Vec<f32> = (0..12).map(|index| picture.texel(index % 4, index / 4)[2]).collect();
        assert_eq!(found, values, "{name}");
        assert!(decode(&bytes[..bytes.len() - 60]).is_err(), "{name}");
    }
}
