//! `imagine upscale`: pictures, sprites and materials, one or many.

use std::collections::BTreeSet;
use std::path::Path;

use image::{ColorType, DynamicImage, ImageBuffer, ImageEncoder, Luma, Rgb, RgbImage, Rgba};
use imagine_exemplar::picture::open;

use crate::sandbox::{GENERATOR, Sandbox};

const CPU: &str = "upscale --backend cpu";

fn drawn(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        Rgb([(x * 8) as u8, (y * 9) as u8, if (x / 4 + y / 4) % 2 == 0 { 200 } else { 40 }])
    })
}

fn save(path: &Path, picture: impl Into<DynamicImage>) {
    picture.into().save(path).unwrap();
}

fn read(sandbox: &Sandbox, name: &str) -> DynamicImage {
    image::open(sandbox.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn a_picture_is_enlarged_and_marked() {
    let sandbox = Sandbox::new();
    save(&sandbox.path("small.png"), drawn(21, 17));
    let [written, _] = sandbox.succeed(&format!("{CPU} small.png --out large.png"));
    assert_eq!(written.trim(), "large.png");
    let large = read(&sandbox, "large.png");
    assert_eq!((large.width(), large.height(), large.color()), (42, 34, ColorType::Rgb8));
    // Means of blocks are nearly the pixels.
    let (large, small) = (large.into_rgb8(), drawn(21, 17));
    let block = |x: u32, y: u32| {
        [(0, 0), (0, 1), (1, 0), (1, 1)]
            .map(|(i, j)| u32::from(large.get_pixel(2 * x + i, 2 * y + j).0[1]))
            .iter()
            .sum::<u32>()
            / 4
    };
    let worst = small.enumerate_pixels().map(|(x, y, pixel)| block(x, y).abs_diff(u32::from(pixel.0[1]))).max();
    assert!(worst.unwrap() < 24, "{worst:?}");
    let bytes = sandbox.bytes("large.png");
    let mark = b"digitalsourcetype/algorithmicallyEnhanced";
    assert!(bytes.windows(mark.len()).any(|part| part == mark));
    sandbox.succeed(&format!("{CPU} small.png --out again.png"));
    assert_eq!(sandbox.bytes("again.png"), bytes, "equal pictures give equal bytes");
    let errors = sandbox.fail("generate --from large.png --out x.png");
    assert!(errors.contains("was changed by `imagine upscale`"), "{errors}");
}

#[test]
fn depth_grey_and_alpha_are_kept() {
    let sandbox = Sandbox::new();
    let deep: ImageBuffer<Rgb<u16>, Vec<u16>> =
        ImageBuffer::from_fn(32, 8, |x, y| Rgb([(20_000 + 40 * x + 7 * y) as u16; 3]));
    save(&sandbox.path("deep.png"), deep);
    save(&sandbox.path("grey.png"), image::GrayImage::from_fn(9, 9, |x, y| Luma([(x * 20 + y) as u8])));
    save(
        &sandbox.path("sprite.png"),
        image::RgbaImage::from_fn(16, 16, |x, _| Rgba(if x < 8 { [220, 60, 20, 255] } else { [0; 4] })),
    );
    sandbox.succeed(&format!("{CPU} deep.png grey.png sprite.png --out large"));
    let deep = read(&sandbox, "large/deep.png");
    assert_eq!(deep.color(), ColorType::Rgb16);
    let distinct: BTreeSet<u16> = deep.into_rgb16().iter().copied().collect();
    assert!(distinct.len() > 200, "{} values are more than bytes have between these", distinct.len());
    assert_eq!(read(&sandbox, "large/grey.png").color(), ColorType::L8);
    let sprite = read(&sandbox, "large/sprite.png");
    assert_eq!(sprite.color(), ColorType::Rgba8);
    for pixel in sprite.into_rgba8().pixels().filter(|pixel| pixel.0[3] > 8) {
        assert!(pixel.0[0].abs_diff(220) < 12, "a dark rim: {pixel:?}");
    }
    let errors = sandbox.fail(&format!("{CPU} sprite.png --out sprite.jpg"));
    assert!(errors.contains("jpg files have no alpha"), "{errors}");
}

/// A JPEG file with a colour profile and EXIF data that turns it by a quarter.
fn photograph(path: &Path) -> Vec<u8> {
    let mut icc = vec![0; 128];
    icc[16..20].copy_from_slice(b"RGB ");
    let exif = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0".to_vec();
    let mut bytes = Vec::new();
    let mut encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, 95);
    encoder.set_icc_profile(icc.clone()).unwrap();
    encoder.set_exif_metadata(exif).unwrap();
    encoder.encode_image(&drawn(24, 16)).unwrap();
    std::fs::write(path, bytes).unwrap();
    icc
}

#[test]
fn profile_and_exif_go_with_the_picture() {
    let sandbox = Sandbox::new();
    let icc = photograph(&sandbox.path("photo.jpg"));
    for format in ["jpg", "png", "webp", "tif"] {
        sandbox.succeed(&format!("{CPU} photo.jpg --out large.{format}"));
        let bytes = sandbox.bytes(&format!("large.{format}"));
        let large = open(&bytes).unwrap();
        assert_eq!(
            (large.size(), large.metadata().icc),
            ([32, 48], icc.clone()),
            "{format}: upright, as wide as it was high"
        );
        let exif = large.metadata().exif;
        assert_eq!(exif.is_empty(), format == "tif", "{format}");
        // Readers would turn it a second time.
        assert!(exif.is_empty() || exif[18..20] == [0, 1], "{format}: {exif:?}");
    }
}

#[test]
fn every_format_is_written() {
    let sandbox = Sandbox::new();
    save(&sandbox.path("small.png"), drawn(8, 8));
    for format in ["png", "jpg", "webp", "tif", "exr", "ktx2"] {
        sandbox.succeed(&format!("{CPU} small.png --format {format} --out {format}"));
        let bytes = sandbox.bytes(&format!("{format}/small.{format}"));
        assert!(bytes.len() > 100, "{format}");
        if format != "ktx2" {
            assert_eq!(open(&bytes).unwrap().size(), [16, 16], "{format}");
        }
    }
    let errors = sandbox.fail(&format!("{CPU} small.png --out large.hdr"));
    assert!(errors.contains("radiance only"), "{errors}");
}

#[test]
fn a_folder_is_enlarged_whatever_one_picture_has() {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path("art")).unwrap();
    save(&sandbox.path("art/a.png"), drawn(8, 8));
    save(&sandbox.path("art/c.webp"), drawn(6, 10));
    std::fs::write(sandbox.path("art/b.png"), b"no picture").unwrap();
    let output = sandbox.command(&format!("{CPU} art --out large")).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(errors.contains("b.png: not a picture") && errors.contains("1 of 3 failed"), "{errors}");
    assert_eq!(read(&sandbox, "large/a.png").width(), 16);
    assert_eq!(read(&sandbox, "large/c.webp").height(), 20);
    for (arguments, part) in [
        ("art --out art", "would be replaced by its own result"),
        ("art --out one.png", "there are 3 pictures"),
        ("none.png --out x", "no such file"),
        ("art/a.png --factor 3 --out x", "factor 3: this upscaler has 2"),
        ("art/a.png art/a.png --out x", "would both be"),
    ] {
        let errors = sandbox.fail(&format!("{CPU} {arguments}"));
        assert!(errors.contains(part), "{arguments}: {errors}");
        assert!(!sandbox.path("x").exists());
    }
}

#[test]
fn the_maps_of_a_material_are_enlarged_together() {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path("wall")).unwrap();
    save(&sandbox.path("wall/wall_color.png"), drawn(16, 16));
    save(&sandbox.path("wall/wall_normal_gl.png"), RgbImage::from_pixel(16, 16, Rgb([128, 128, 255])));
    save(&sandbox.path("wall/wall_arm.png"), RgbImage::from_fn(16, 16, |x, _| Rgb([255, 100 + x as u8, 0])));
    let [_, notes] = sandbox.succeed(&format!("{CPU} wall --wrap --out large"));
    assert!(notes.contains("roughness  wall_arm.png, green"), "{notes}");
    let written: BTreeSet<String> = sandbox
        .path("large")
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let expected = ["base_color.png", "metallic.png", "normal.png", "occlusion.png", "roughness.png"];
    assert_eq!(written, expected.map(String::from).into());
    let flat = read(&sandbox, "large/normal.png").into_rgb8();
    assert!(flat.pixels().all(|pixel| pixel.0[0].abs_diff(128) < 6 && pixel.0[2] > 250), "{:?}", flat.get_pixel(9, 9));
    sandbox.succeed(&format!("{CPU} wall --each --out each"));
    assert_eq!(sandbox.path("each").read_dir().unwrap().count(), 3);
    save(&sandbox.path("wall/wall_normal_gl.png"), RgbImage::from_pixel(8, 8, Rgb([128, 128, 255])));
    let errors = sandbox.fail(&format!("{CPU} wall --out other"));
    assert!(errors.contains("is 8x8 and") && errors.contains("scale the maps to one size"), "{errors}");
}

#[test]
fn pixel_art_keeps_its_palette() {
    let sandbox = Sandbox::new();
    let palette = [[255, 0, 0, 255], [0, 90, 200, 255], [250, 240, 10, 128], [0, 0, 0, 0]];
    let sprite = image::RgbaImage::from_fn(12, 12, |x, y| Rgba(palette[((x * x + y * 3) / 5 % 4) as usize]));
    save(&sandbox.path("sprite.png"), sprite);
    for factor in [2, 3, 4] {
        sandbox.succeed(&format!("{CPU} --pixel-art --factor {factor} sprite.png --out large.png"));
        let large = read(&sandbox, "large.png").into_rgba8();
        assert_eq!(large.width(), 12 * factor);
        assert!(large.pixels().all(|pixel| palette.contains(&pixel.0)), "x{factor}");
    }
}

#[test]
fn a_network_of_ones_own_is_checked() {
    let sandbox = Sandbox::with_generator();
    save(&sandbox.path("small.png"), drawn(12, 10));
    let errors = sandbox.fail(&format!("{CPU} small.png --network {GENERATOR} --out x.png"));
    assert!(errors.contains("is no upscaler: it is a living texture"), "{errors}");
    let sandbox = Sandbox::with_family("srvgg");
    save(&sandbox.path("small.png"), drawn(12, 10));
    sandbox.succeed(&format!("{CPU} small.png --network model.onnx --out large.png"));
    assert_eq!(read(&sandbox, "large.png").width(), 48);
    let errors = sandbox.fail(&format!("{CPU} small.png --network model.onnx --factor 2 --out x.png"));
    assert!(errors.contains("model.onnx enlarges by 4"), "{errors}");
}
