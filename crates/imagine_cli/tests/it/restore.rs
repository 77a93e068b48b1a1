//! `imagine restore`: pictures and materials, one or many; `imagine train restore` and `imagine evaluate` of its result.

use image::{ColorType, DynamicImage, ImageBuffer, Rgb, RgbImage, Rgba};
use imagine_exemplar::picture::open;

use crate::sandbox::{GENERATOR, Sandbox};

const CPU: &str = "restore --backend cpu";

/// A disc over a slope.
fn drawn(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let disc = (10.5 - (x as f32 - 20.0).hypot(y as f32 - 15.0)).clamp(0.0, 1.0);
        let ground = [60.0 + (x % 128) as f32, 90.0, 120.0];
        Rgb([0, 1, 2].map(|k| (ground[k] + ([200.0, 120.0, 60.0][k] - ground[k]) * disc).round() as u8))
    })
}

fn save(sandbox: &Sandbox, name: &str, picture: impl Into<DynamicImage>) {
    picture.into().save(sandbox.path(name)).unwrap();
}

fn read(sandbox: &Sandbox, name: &str) -> DynamicImage {
    image::open(sandbox.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Mean squared difference of two pictures of one size.
fn difference(one: &RgbImage, other: &RgbImage) -> f64 {
    assert_eq!(one.dimensions(), other.dimensions());
    let squares = one.iter().zip(other.iter()).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2));
    squares.sum::<f64>() / one.len() as f64
}

#[test]
fn noise_and_blocks_become_less_and_clean_pictures_stay() {
    let sandbox = Sandbox::new();
    let clean = drawn(61, 43);
    let noisy = RgbImage::from_fn(61, 43, |x, y| {
        let noise = |k: u32| (((x * 7919 + y * 104_729 + k * 1_299_709) ^ (x * y * 31 + k)) % 61) as i32 - 30;
        let pixel = clean.get_pixel(x, y).0;
        Rgb([0, 1, 2].map(|k| (i32::from(pixel[k as usize]) + noise(k)).clamp(0, 255) as u8))
    });
    save(&sandbox, "clean.png", clean.clone());
    save(&sandbox, "noisy.png", noisy.clone());
    let mut jpeg = Vec::new();
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut jpeg, 10).encode_image(&clean).unwrap();
    std::fs::write(sandbox.path("blocks.jpg"), &jpeg).unwrap();
    sandbox.succeed(&format!("{CPU} clean.png noisy.png blocks.jpg --format png --out out"));
    let restored = |name: &str| read(&sandbox, &format!("out/{name}.png")).into_rgb8();
    assert!(difference(&restored("noisy"), &clean) < 0.35 * difference(&noisy, &clean));
    let blocks = image::load_from_memory(&jpeg).unwrap().into_rgb8();
    assert!(difference(&restored("blocks"), &clean) < 0.9 * difference(&blocks, &clean));
    // 40 decibels, on a drawing; the network learned from photographs.
    assert!(difference(&restored("clean"), &clean) < 6.5, "{}", difference(&restored("clean"), &clean));
    let mark = b"digitalsourcetype/algorithmicallyEnhanced";
    let bytes = sandbox.bytes("out/noisy.png");
    assert!(bytes.windows(mark.len()).any(|part| part == mark));

    sandbox.succeed(&format!("{CPU} noisy.png --strength 0 --out same.png"));
    assert_eq!(read(&sandbox, "same.png").into_rgb8(), noisy);
    sandbox.succeed(&format!("{CPU} noisy.png --strength 0.5 --out half.png"));
    let half = difference(&read(&sandbox, "half.png").into_rgb8(), &noisy);
    assert!(half > 1.0 && half < 0.5 * difference(&restored("noisy"), &noisy));
}

#[test]
fn depth_grey_and_alpha_are_kept() {
    let sandbox = Sandbox::new();
    let deep: ImageBuffer<Rgb<u16>, Vec<u16>> =
        ImageBuffer::from_fn(33, 9, |x, y| Rgb([(20_000 + 40 * x + 7 * y) as u16; 3]));
    save(&sandbox, "deep.png", deep);
    save(&sandbox, "grey.png", image::GrayImage::from_fn(9, 9, |x, y| image::Luma([(x * 20 + y) as u8])));
    let sprite =
        image::RgbaImage::from_fn(15, 16, |x, y| Rgba(if x < 8 { [220, 60, 20, (255 - 9 * y) as u8] } else { [0; 4] }));
    save(&sandbox, "sprite.png", sprite.clone());
    sandbox.succeed(&format!("{CPU} deep.png grey.png sprite.png --out out"));
    let deep = read(&sandbox, "out/deep.png");
    assert_eq!((deep.color(), deep.width(), deep.height()), (ColorType::Rgb16, 33, 9));
    let distinct: std::collections::BTreeSet<u16> = deep.into_rgb16().iter().copied().collect();
    assert!(distinct.len() > 200, "{} values are more than bytes have between these", distinct.len());
    assert_eq!(read(&sandbox, "out/grey.png").color(), ColorType::L8);
    let out = read(&sandbox, "out/sprite.png").into_rgba8();
    assert!(out.pixels().zip(sprite.pixels()).all(|(out, own)| out.0[3] == own.0[3]), "alpha stays as it is");
    let mut icc = vec![0; 128];
    icc[16..20].copy_from_slice(b"RGB ");
    let mut bytes = Vec::new();
    let mut encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, 90);
    image::ImageEncoder::set_icc_profile(&mut encoder, icc.clone()).unwrap();
    encoder.encode_image(&drawn(24, 16)).unwrap();
    std::fs::write(sandbox.path("photo.jpg"), bytes).unwrap();
    sandbox.succeed(&format!("{CPU} photo.jpg --out photo.png"));
    assert_eq!(open(&sandbox.bytes("photo.png")).unwrap().metadata().icc, icc);
}

#[test]
fn textures_that_tile_do_so_afterwards() {
    let sandbox = Sandbox::new();
    let wave = |x: u32, y: u32| {
        let noise = ((x * 7919 + y * 104_729) ^ (x * y)) % 41;
        Rgb([(60 + noise + (x % 16) * 8) as u8, 100, 120])
    };
    save(&sandbox, "tile.png", RgbImage::from_fn(32, 32, wave));
    save(&sandbox, "rolled.png", RgbImage::from_fn(32, 32, |x, y| wave((x + 6) % 32, (y + 20) % 32)));
    sandbox.succeed(&format!("{CPU} tile.png rolled.png --wrap --out out"));
    let (tile, rolled) = (read(&sandbox, "out/tile.png").into_rgb8(), read(&sandbox, "out/rolled.png").into_rgb8());
    for (x, y, pixel) in rolled.enumerate_pixels() {
        let own = tile.get_pixel((x + 6) % 32, (y + 20) % 32);
        assert!(pixel.0.iter().zip(own.0).all(|(a, b)| a.abs_diff(b) <= 1), "{x} {y}: {pixel:?} {own:?}");
    }
    save(&sandbox, "odd.png", RgbImage::from_fn(33, 32, wave));
    assert!(sandbox.fail(&format!("{CPU} odd.png --wrap --out x.png")).contains("sides must be multiples of 2x2"));
}

#[test]
fn what_cannot_be_done_is_said() {
    let sandbox = Sandbox::with_generator();
    save(&sandbox, "a.png", drawn(16, 16));
    for (arguments, message) in [
        ("a.png --strength 2 --out x.png", "a number from 0 to 1"),
        ("nothing.png --out x.png", "no such file or folder"),
    ] {
        let errors = sandbox.fail(&format!("{CPU} {arguments}"));
        assert!(errors.contains(message), "{arguments}: {errors}");
    }
    let errors = sandbox.fail(&format!("{CPU} a.png --network {GENERATOR} --out x.png"));
    assert!(errors.contains("restores no pictures"), "{errors}");
}

#[test]
fn a_restorer_is_trained_resumed_evaluated_and_run() {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path("art")).unwrap();
    for index in 0..6 {
        save(&sandbox, &format!("art/{index}.png"), drawn(48 + index, 40));
    }
    let file = "mine.generator.safetensors";
    let train = |updates: &str| {
        format!(
            "train restore art --out {file} --crop 32 --batch 2 --checkpoint-every 1 --preview-every 2 --updates {updates}"
        )
    };
    let [_, told] = sandbox.succeed(&train("1"));
    assert!(told.contains("pictures to learn from"), "{told}");
    sandbox.succeed(&train("2 --resume"));
    assert!(sandbox.path("mine.training/sheet_0000002.png").exists());
    assert!(sandbox.bytes(file).len() < 200_000);
    let report = "--json --report report --sheet sheet.png --history training=mine.training/history.jsonl";
    let figures = sandbox.succeed(&format!("evaluate {file} --data art {report}"))[0].clone();
    let figures: serde_json::Value = serde_json::from_str(&figures).unwrap();
    let damages = figures["figures"]["mean"]["damages"].as_array().unwrap();
    assert!(damages.len() == 11 && damages.iter().all(|damage| damage["restored"].as_f64().unwrap() > 5.0));
    let plot = std::fs::read_to_string(sandbox.path("report/training.svg")).unwrap();
    assert!(plot.contains("PSNR in dB") && sandbox.path("sheet.png").exists());
    let [text, _] = sandbox.succeed(&format!("evaluate {file} --data art"));
    assert!(text.contains("JPEG 10") && text.contains("clean pictures keep at least"), "{text}");
    sandbox.succeed(&format!("{CPU} art/3.png --network {file} --out out.png"));
    assert_eq!(image::image_dimensions(sandbox.path("out.png")).unwrap(), (51, 40));
}
