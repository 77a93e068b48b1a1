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
    save(&sandbox.path("bright.png"), GrayImage::from_pixel(64, 48, Luma([255])));
    std::fs::create_dir(sandbox.path("masks")).unwrap();
    save(&sandbox.path("masks/other.png"), disc([64, 48], [9, 9], 5));
    for (mask, message) in [
        ("small.png", "--mask has 32x48 pixels, but the picture has 64x48"),
        ("dark.png", "--mask is dark everywhere"),
        ("bright.png", "--mask leaves no 7x7 pixels to continue, grown by 3 pixels: mark less, or grow less"),
        ("masks", "no picture called \"wall\""),
        ("none.png", "no such file or folder"),
    ] {
        let errors = sandbox.fail(&format!("repair wall.png --mask {mask} --backend cpu --out x.png"));
        assert!(errors.contains(message), "{mask}: {errors}");
    }
    assert!(!sandbox.path("x.png").exists());
}

#[test]
fn scratches_are_continued_and_told_from_holes() {
    let sandbox = Sandbox::new();
    let smooth = |x: u32, y: u32| Rgb([(60 + x) as u8, (200 - 2 * y) as u8, (90 + (x + y) / 2) as u8]);
    let whole = RgbImage::from_fn(96, 64, smooth);
    // A lattice: no patch of seven pixels is free.
    let mask = GrayImage::from_fn(96, 64, |x, y| Luma([if x % 9 < 2 || y % 9 < 2 { 255 } else { 0 }]));
    let scratched =
        RgbImage::from_fn(96, 64, |x, y| if mask.get_pixel(x, y).0[0] > 0 { Rgb([255; 3]) } else { smooth(x, y) });
    save(&sandbox.path("photo.png"), scratched);
    save(&sandbox.path("mask.png"), mask);
    sandbox.succeed("repair photo.png --mask mask.png --backend cpu --out clean.png");
    let clean = read(&sandbox, "clean.png");
    assert!(clean.pixels().zip(whole.pixels()).all(|(a, b)| is_near(a, b, 6)));
    let errors = sandbox.fail("repair photo.png --mask mask.png --scratches 0 --backend cpu --out x.png");
    assert!(errors.contains("leaves no 7x7 pixels"), "{errors}");
    save(&sandbox.path("hole.png"), disc([96, 64], [50, 30], 9));
    let errors = sandbox.fail("repair photo.png --mask hole.png --scratches 9 --backend cpu --out x.png");
    assert!(errors.contains("scratches of up to 9 pixels: this edit takes 0 to 6"), "{errors}");
}

#[test]
fn pictures_that_are_too_small_or_too_large_are_refused() {
    let sandbox = Sandbox::new();
    let white =
        |[width, height]: [u32; 2]| GrayImage::from_fn(width, height, |x, _| Luma([if x == 0 { 255 } else { 0 }]));
    save(&sandbox.path("style.png"), stripes(128, 128));
    sandbox.succeed("train exemplar style.png --no-tiles --out style.generator.safetensors");
    for (size, [repair, tile, insert, restyle]) in [([1, 1], [16, 16, 16, 32]), ([16384, 40], [2048, 2048, 4096, 4096])]
    {
        let [width, height] = size;
        save(&sandbox.path("odd.png"), stripes(width, height));
        save(&sandbox.path("mask.png"), white(size));
        for (command, side) in [
            ("repair odd.png --mask mask.png --grow 0", repair),
            ("tile odd.png", tile),
            ("insert odd.png --object style.png", insert),
            ("restyle odd.png --style style.generator.safetensors", restyle),
        ] {
            let errors = sandbox.fail(&format!("{command} --backend cpu --out x.png"));
            let (name, limit) = (format!("a picture of {width} x"), side.to_string());
            let is_told = errors.contains("leaves no 7x7") || errors.contains(&name) && errors.contains(&limit);
            assert!(is_told, "{command}: {errors}");
        }
    }
    assert!(!sandbox.path("x.png").exists());
}

#[test]
fn a_picture_of_alpha_alone_is_edited() {
    let sandbox = Sandbox::new();
    let alpha = |x: u32| if (x / 8).is_multiple_of(2) { 255 } else { 40 };
    let black = RgbaImage::from_fn(96, 64, |x, _| Rgba([0, 0, 0, alpha(x)]));
    let mask = disc([96, 64], [50, 30], 9);
    let stained = RgbaImage::from_fn(96, 64, |x, y| {
        if mask.get_pixel(x, y).0[0] > 0 { Rgba([0, 0, 0, 130]) } else { *black.get_pixel(x, y) }
    });
    save(&sandbox.path("shape.png"), stained);
    save(&sandbox.path("mask.png"), mask);
    sandbox.succeed("repair shape.png --mask mask.png --backend cpu --out clean.png");
    let clean = image::open(sandbox.path("clean.png")).unwrap().into_rgba8();
    let wrong = clean.pixels().zip(black.pixels()).filter(|(a, b)| a.0[3].abs_diff(b.0[3]) > 12).count();
    assert!(wrong < 60, "{wrong} of 253 pixels do not continue the stripes of alpha");
    assert!(clean.pixels().all(|pixel| pixel.0[..3] == [0; 3]));
}

#[test]
fn pixels_that_are_no_numbers_are_black() {
    let sandbox = Sandbox::new();
    let pixel = |x: u32, y: u32| if x == 4 && y == 5 { [f32::NAN, 0.5, f32::INFINITY] } else { [0.2, 0.5, 0.8] };
    let picture = image::Rgb32FImage::from_fn(64, 48, |x, y| Rgb(pixel(x, y)));
    save(&sandbox.path("light.exr"), picture);
    save(&sandbox.path("mask.png"), disc([64, 48], [40, 24], 6));
    sandbox.succeed("repair light.exr --mask mask.png --backend cpu --out clean.exr");
    let clean = image::open(sandbox.path("clean.exr")).unwrap().into_rgb32f();
    assert!(clean.pixels().all(|pixel| pixel.0.iter().all(|value| (0.0..=1.0).contains(value))));
    let found = clean.get_pixel(4, 5).0;
    assert!(found[0] == 0.0 && found[2] == 1.0, "{found:?}");
    assert!((clean.get_pixel(40, 24).0[1] - 0.5).abs() < 0.01, "the hole is continued");
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
    // A seam alone changes nothing else.
    let seam = "--seam 4 --backend cpu --out seam.png";
    sandbox.succeed(&format!("insert wall.png --object ball.png {place} {seam}"));
    let seam = read(&sandbox, "seam.png");
    assert!(is_near(seam.get_pixel(60, 30), &Rgb([220, 30, 30]), 2), "{:?}", seam.get_pixel(60, 30));
    assert_eq!(*seam.get_pixel(20, 30), Rgb([120; 3]));
    let errors = sandbox.fail("insert wall.png --object ball.png --seam 99 --backend cpu --out x.png");
    assert!(errors.contains("99 pixels") && errors.contains("0 to 64"), "{errors}");
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
