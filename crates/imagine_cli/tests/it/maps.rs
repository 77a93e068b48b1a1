//! `imagine maps` and `imagine material`: maps of photographs; `imagine train maps` and `imagine evaluate` of its result.

use image::{GrayImage, Luma, Rgb, RgbImage};

use crate::sandbox::{GENERATOR, Sandbox};

const CPU: &str = "maps --backend cpu --network mine.generator.safetensors";

/// Waves that repeat every 64 pixels.
fn height(x: u32, y: u32) -> f32 {
    let wave = std::f32::consts::TAU / 64.0;
    2.0 * (2.0 * wave * x as f32).sin() + 1.5 * (wave * y as f32).cos()
}

fn slopes(x: u32, y: u32) -> [f32; 2] {
    [(height(x + 1, y) - height(x + 63, y)) / 2.0, (height(x, y + 1) - height(x, y + 63)) / 2.0]
}

/// Waves lit from the left, brown.
fn photograph(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let light = 130.0 - 80.0 * slopes(x, y)[0] + ((x * 7 + y * 13) % 11) as f32;
        Rgb([light as u8, (0.8 * light) as u8, (0.5 * light) as u8])
    })
}

fn write_set(sandbox: &Sandbox, name: &str) {
    let folder = sandbox.path(name);
    std::fs::create_dir_all(&folder).unwrap();
    photograph(64, 64).save(folder.join("color.png")).unwrap();
    let normal = RgbImage::from_fn(64, 64, |x, y| {
        let [right, down] = slopes(x, y);
        let length = (right * right + down * down + 1.0).sqrt();
        Rgb([-right / length, down / length, 1.0 / length].map(|value| (127.5 + 127.5 * value) as u8))
    });
    normal.save(folder.join("normal_gl.png")).unwrap();
    GrayImage::from_fn(64, 64, |x, y| Luma([(128.0 + 30.0 * height(x, y)) as u8]))
        .save(folder.join("height.png"))
        .unwrap();
    GrayImage::from_pixel(64, 64, Luma([180])).save(folder.join("roughness.png")).unwrap();
}

/// A sandbox with a network that hardly learned.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::with_generator();
    ["one", "two"].iter().for_each(|name| write_set(&sandbox, &format!("sets/{name}")));
    let train = "train maps sets --out mine.generator.safetensors --crop 32 --batch 1 --updates 1";
    sandbox.succeed(train);
    sandbox
}

const MAPS: [&str; 5] = ["base_color", "normal", "height", "roughness", "occlusion"];

#[test]
fn a_photograph_becomes_maps_of_its_size() {
    let sandbox = sandbox();
    photograph(75, 50).save(sandbox.path("wall.jpg")).unwrap();
    photograph(40, 32).save(sandbox.path("floor.png")).unwrap();
    sandbox.succeed(&format!("{CPU} wall.jpg --out wall"));
    for map in MAPS {
        let picture = image::open(sandbox.path(&format!("wall/{map}.png"))).unwrap();
        assert_eq!((picture.width(), picture.height()), (75, 50), "{map}");
        assert_eq!(picture.color().has_color(), ["base_color", "normal"].contains(&map), "{map}");
    }
    let normal = image::open(sandbox.path("wall/normal.png")).unwrap().into_rgb8();
    for pixel in normal.pixels() {
        let length: f32 = pixel.0.iter().map(|value| (f32::from(*value) / 127.5 - 1.0).powi(2)).sum();
        assert!((length - 1.0).abs() < 0.05 && pixel.0[2] > 127, "{pixel:?}");
    }
    let mark = b"digitalsourcetype/compositeWithTrainedAlgorithmicMedia";
    assert!(sandbox.bytes("wall/normal.png").windows(mark.len()).any(|part| part == mark));
    sandbox.succeed(&format!("{CPU} wall.jpg floor.png --out both"));
    assert!(MAPS.iter().all(|map| sandbox.path(&format!("both/floor/{map}.png")).exists()));
    assert!(sandbox.path("both/wall/height.png").exists());
}

#[test]
fn the_built_in_network_needs_no_file() {
    let sandbox = Sandbox::new();
    let bricks =
        RgbImage::from_fn(
            80,
            64,
            |x, y| if y % 16 < 3 { Rgb([40, 36, 32]) } else { Rgb([150, 110, (90 + x % 5) as u8]) },
        );
    bricks.save(sandbox.path("wall.png")).unwrap();
    let bent = |relief: &str| {
        sandbox.succeed(&format!("maps --backend cpu wall.png {relief} --out wall"));
        let normal = image::open(sandbox.path("wall/normal.png")).unwrap().into_rgb8();
        assert_eq!(normal.dimensions(), (80, 64));
        normal.pixels().filter(|pixel| pixel.0[1].abs_diff(128) > 12).count()
    };
    let (level, plain, deep) = (bent("--relief 0"), bent(""), bent("--relief 2"));
    assert!(level == 0 && plain > 200 && deep > plain, "{level} {plain} {deep}");
    sandbox.succeed("material wall.png --backend cpu --relief 1.5 --out wall.generator.safetensors");
    let [text, _] = sandbox.succeed("inspect wall.generator.safetensors");
    assert!(MAPS.iter().all(|map| text.contains(map)), "{text}");
    assert!(sandbox.fail("maps wall.png --relief 5 --out x").contains("a number from 0 to 4"));
}

#[test]
fn maps_of_a_texture_that_tiles_roll_with_it() {
    let sandbox = sandbox();
    photograph(64, 64).save(sandbox.path("tile.png")).unwrap();
    let rolled = RgbImage::from_fn(64, 64, |x, y| *photograph(64, 64).get_pixel((x + 16) % 64, (y + 48) % 64));
    rolled.save(sandbox.path("rolled.png")).unwrap();
    sandbox.succeed(&format!("{CPU} tile.png rolled.png --wrap --out out"));
    for map in MAPS {
        let read = |name: &str| image::open(sandbox.path(&format!("out/{name}/{map}.png"))).unwrap().into_rgb8();
        let (tile, rolled) = (read("tile"), read("rolled"));
        for (x, y, pixel) in rolled.enumerate_pixels() {
            let own = tile.get_pixel((x + 16) % 64, (y + 48) % 64);
            assert!(pixel.0.iter().zip(own.0).all(|(a, b)| a.abs_diff(b) <= 1), "{map} {x} {y}: {pixel:?} {own:?}");
        }
    }
}

#[test]
fn a_photograph_becomes_a_material_that_generates_maps() {
    let sandbox = sandbox();
    photograph(128, 96).save(sandbox.path("ground.png")).unwrap();
    let file = "ground.generator.safetensors";
    let card = "--title Ground --license CC0-1.0";
    sandbox.succeed(&format!(
        "material ground.png --backend cpu --network mine.generator.safetensors --maps maps --out {file} {card}"
    ));
    assert!(MAPS.iter().all(|map| sandbox.path(&format!("maps/{map}.png")).exists()));
    assert!(sandbox.path("ground.png").exists());
    let [text, _] = sandbox.succeed(&format!("inspect {file}"));
    assert!(MAPS.iter().all(|map| text.contains(map)) && text.contains("Ground"), "{text}");
    assert!(
        sandbox
            .fail(&format!("material ground.png --network mine.generator.safetensors --out {file} --shuffle"))
            .contains("--shuffle")
    );
}

#[test]
fn what_cannot_be_done_is_said() {
    let sandbox = sandbox();
    photograph(40, 40).save(sandbox.path("a.png")).unwrap();
    for (arguments, message) in [
        ("a.png --out x.png", "a file for each map: give a folder"),
        ("a.png --wrap --out x", "multiples of 16x16; `imagine tile`"),
        ("nothing.png --out x", "no such file or folder"),
    ] {
        let errors = sandbox.fail(&format!("{CPU} {arguments}"));
        assert!(errors.contains(message), "{arguments}: {errors}");
    }
    let errors = sandbox.fail(&format!("maps --backend cpu a.png --network {GENERATOR} --out x"));
    assert!(errors.contains("makes no maps of photographs"), "{errors}");
}

#[test]
fn a_network_is_trained_resumed_evaluated_and_run() {
    let sandbox = Sandbox::new();
    ["one", "two", "three"].iter().for_each(|name| write_set(&sandbox, &format!("sets/{name}")));
    std::fs::write(sandbox.path("list.txt"), "two\n").unwrap();
    let file = "mine.generator.safetensors";
    let train = |updates: &str| {
        format!(
            "train maps sets --held-out list.txt --out {file} --crop 32 --batch 1 --checkpoint-every 1 --preview-every 2 --updates {updates}"
        )
    };
    let [_, told] = sandbox.succeed(&train("1"));
    assert!(told.contains("2 PBR sets to learn from, 1 held back"), "{told}");
    sandbox.succeed(&train("2 --resume"));
    assert!(sandbox.path("mine.training/sheet_0000002.png").exists());
    let report = "--json --report report --sheet sheet.png --history training=mine.training/history.jsonl";
    let figures = sandbox.succeed(&format!("evaluate {file} --data sets --held-out list.txt {report}"))[0].clone();
    let figures: serde_json::Value = serde_json::from_str(&figures).unwrap();
    let mean = &figures["figures"]["mean"];
    assert!(mean["normal"].as_f64().unwrap() > 0.0 && mean["normal_level"].as_f64().unwrap() > 5.0, "{mean}");
    assert!(sandbox.path("report/training.svg").exists() && sandbox.path("sheet.png").exists());
    let [text, _] = sandbox.succeed(&format!("evaluate {file} --data sets --held-out list.txt"));
    assert!(text.contains("Sobel filter on brightness") && text.contains("two"), "{text}");
    photograph(48, 32).save(sandbox.path("a.png")).unwrap();
    sandbox.succeed(&format!("{CPU} a.png --out out"));
    assert!(sandbox.path("out/normal.png").exists());
}
