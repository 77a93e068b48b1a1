//! `imagine repair`, `tile`, `insert` and `restyle`: what they change, what they leave alone, how they refuse.

use std::path::Path;

use image::{ColorType, DynamicImage, GrayImage, Luma, Rgb, RgbImage, Rgba, RgbaImage};

use crate::sandbox::Sandbox;

/// Stripes of two colours, eight pixels wide.
fn stripes(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(
        width,
        height,
        |x, y| if (x / 8) % 2 == 0 { Rgb([200, 60, 30]) } else { Rgb([30, 90, (y % 7) as u8]) },
    )
}

fn save(path: &Path, picture: impl Into<DynamicImage>) {
    picture.into().save(path).unwrap();
}

fn read(sandbox: &Sandbox, name: &str) -> RgbImage {
    image::open(sandbox.path(name)).unwrap_or_else(|error| panic!("{name}: {error}")).into_rgb8()
}

/// White within `radius` of a place.
fn disc(size: [u32; 2], [x0, y0]: [i64; 2], radius: i64) -> GrayImage {
    GrayImage::from_fn(size[0], size[1], |x, y| {
        let [dx, dy] = [i64::from(x) - x0, i64::from(y) - y0];
        Luma([if dx * dx + dy * dy <= radius * radius { 255 } else { 0 }])
    })
}

fn is_near(a: &Rgb<u8>, b: &Rgb<u8>, most: u8) -> bool {
    (0..3).all(|channel| a.0[channel].abs_diff(b.0[channel]) <= most)
}

#[test]
fn a_repair_continues_the_stripes_and_leaves_the_rest() {
    let sandbox = Sandbox::new();
    let whole = stripes(96, 64);
    let mask = disc([96, 64], [50, 30], 9);
    let mut stained = whole.clone();
    for (x, y, pixel) in mask.enumerate_pixels() {
        if pixel.0[0] > 0 {
            stained.put_pixel(x, y, Rgb([255, 255, 0]));
        }
    }
    save(&sandbox.path("wall.png"), stained.clone());
    save(&sandbox.path("mask.png"), mask);
    sandbox.succeed("repair wall.png --mask mask.png --backend cpu --out clean.png");
    let clean = read(&sandbox, "clean.png");
    let mut wrong = 0;
    for (x, y, pixel) in clean.enumerate_pixels() {
        let is_far = (i64::from(x) - 50).pow(2) + (i64::from(y) - 30).pow(2) > 14 * 14;
        assert!(!is_far || pixel == stained.get_pixel(x, y), "{x}, {y} is outside the mask");
        wrong += u32::from(!is_near(pixel, whole.get_pixel(x, y), 24));
    }
    assert!(wrong < 60, "{wrong} of 253 pixels do not continue the stripes");
    let bytes = sandbox.bytes("clean.png");
    sandbox.succeed("repair wall.png --mask mask.png --backend cpu --out again.png");
    assert_eq!(sandbox.bytes("again.png"), bytes);
}

#[test]
fn masks_are_checked() {
    let sandbox = Sandbox::new();
    save(&sandbox.path("wall.png"), stripes(64, 48));
    save(&sandbox.path("small.png"), disc([32, 48], [9, 9], 5));
    save(&sandbox.path("dark.png"), GrayImage::new(64, 48));
    std::fs::create_dir(sandbox.path("masks")).unwrap();
    save(&sandbox.path("masks/other.png"), disc([64, 48], [9, 9], 5));
    for (mask, message) in [
        ("small.png", "--mask has 32x48 pixels, but the picture has 64x48"),
        ("dark.png", "--mask is dark everywhere"),
        ("masks", "no picture called \"wall\""),
        ("none.png", "no such file or folder"),
    ] {
        let errors = sandbox.fail(&format!("repair wall.png --mask {mask} --backend cpu --out x.png"));
        assert!(errors.contains(message), "{mask}: {errors}");
    }
    assert!(!sandbox.path("x.png").exists());
}

#[test]
fn a_tiled_picture_continues_at_the_opposite_edge() {
    let sandbox = Sandbox::new();
    // A slope from dark to bright: its edges differ by far.
    let ramp = RgbImage::from_fn(70, 66, |x, y| Rgb([(40 + 2 * x + (x * 7 + y * 13) % 9) as u8, (60 + y) as u8, 90]));
    save(&sandbox.path("ground.png"), ramp.clone());
    sandbox.succeed("tile ground.png --backend cpu --out tile.png");
    let tile = read(&sandbox, "tile.png");
    assert_eq!((tile.width(), tile.height()), (64, 64));
    let step = |picture: &RgbImage, a: u32, b: u32| -> u32 {
        let rows = 0..picture.height();
        rows.map(|y| u32::from(picture.get_pixel(a, y).0[0].abs_diff(picture.get_pixel(b, y).0[0]))).sum::<u32>()
            / picture.height()
    };
    let (before, after) = (step(&ramp, 0, 69), step(&tile, 0, 63));
    assert!(2 * after < before, "a step of {after} between the edges, {before} before");
}

#[test]
fn an_object_is_inserted_where_it_is_asked_for() {
    let sandbox = Sandbox::new();
    save(&sandbox.path("wall.png"), RgbImage::from_pixel(80, 60, Rgb([120; 3])));
    let ball = |x: u32, y: u32| (i64::from(x) - 16).pow(2) + (i64::from(y) - 16).pow(2) < 150;
    let ball = RgbaImage::from_fn(32, 32, |x, y| Rgba(if ball(x, y) { [220, 30, 30, 255] } else { [0; 4] }));
    save(&sandbox.path("ball.png"), ball);
    let place = "--at 0.75,0.5 --scale 0.4 --blend 0 --light 0";
    sandbox.succeed(&format!("insert wall.png --object ball.png {place} --backend cpu --out with.png"));
    let with = read(&sandbox, "with.png");
    assert!(is_near(with.get_pixel(60, 30), &Rgb([220, 30, 30]), 2), "{:?}", with.get_pixel(60, 30));
    assert_eq!(*with.get_pixel(20, 30), Rgb([120; 3]));
    let errors = sandbox.fail(&format!("insert wall.png --object ball.png --at 2,0 {} --out x.png", "--backend cpu"));
    assert!(errors.contains("two numbers from 0 to 1"), "{errors}");
    let errors = sandbox.fail("insert wall.png --object ball.png --scale 9 --backend cpu --out x.png");
    assert!(errors.contains("\"scale\" is 9, expected 0.01 to 4"), "{errors}");
}

#[test]
fn a_picture_is_painted_in_a_style_and_keeps_its_alpha() {
    let sandbox = Sandbox::new();
    // A painting of strokes in two colours.
    let painting = RgbImage::from_fn(256, 256, |x, y| {
        let stroke = ((x * 3 + y * 5) / 11 + (x * 7 + y) / 23) % 3;
        Rgb([[20, 30, 90], [70, 120, 200], [240, 220, 120]][stroke as usize])
    });
    save(&sandbox.path("painting.png"), painting);
    sandbox.succeed("train exemplar painting.png --no-tiles --out style.generator.safetensors");
    let view =
        RgbaImage::from_fn(96, 64, |x, y| Rgba([(x * 2) as u8, (255 - y * 3) as u8, 60, if x < 48 { 255 } else { 0 }]));
    save(&sandbox.path("view.png"), view.clone());
    sandbox.succeed("restyle view.png --style style.generator.safetensors --backend cpu --out painted.png");
    let painted = image::open(sandbox.path("painted.png")).unwrap();
    assert_eq!(painted.color(), ColorType::Rgba8);
    let painted = painted.into_rgba8();
    assert!(painted.pixels().zip(view.pixels()).all(|(a, b)| a.0[3] == b.0[3]));
    let shown = painted.pixels().filter(|pixel| pixel.0[3] > 0);
    let (mut changed, mut count) = (0, 0);
    for (pixel, before) in shown.zip(view.pixels().filter(|pixel| pixel.0[3] > 0)) {
        changed += u32::from(pixel.0[2].abs_diff(before.0[2]) > 20);
        count += 1;
    }
    assert!(2 * changed > count, "{changed} of {count} pixels are painted");
    sandbox.succeed("restyle view.png --style style.generator.safetensors --strength 0 --backend cpu --out same.png");
    let same = image::open(sandbox.path("same.png")).unwrap().into_rgba8();
    assert!(same.pixels().zip(view.pixels()).all(|(a, b)| b.0[3] == 0 || a == b));
    let errors = sandbox.fail("restyle view.png --style nobody --backend cpu --out x.png");
    assert!(errors.contains("no such file") && errors.contains("assets/styles"), "{errors}");
}
