//! `imagine train exemplar`: a drawn set becomes a generator, whose results consist of the set's own texels on every executor.

use std::collections::HashSet;

use image::{GrayImage, RgbImage};
use imagine_graph::file::{self, WeightFormat};
use imagine_graph::{ExemplarStart, Op, TensorData};

use crate::sandbox::Sandbox;

const FILE: &str = "pebbles.generator.safetensors";
const SIDE: u32 = 64;

/// Distance to the nearest of many centres on a torus, and which it is.
fn pebble(x: u32, y: u32) -> (f32, u32) {
    let apart = |a: u32, b: u32| a.abs_diff(b).min(SIDE - a.abs_diff(b)) as f32;
    let center = |k: u32| {
        let (row, column) = (k * 37 % SIDE, k * k * 11 % SIDE);
        (apart(y, row).hypot(apart(x, column)), k)
    };
    (0..30).map(center).min_by(|a, b| a.0.total_cmp(&b.0)).unwrap()
}

/// Writes colour, normal and roughness of pebbles into `set`.
fn draw(sandbox: &Sandbox) -> [RgbImage; 2] {
    let set = sandbox.path("set");
    std::fs::create_dir_all(&set).unwrap();
    let color = RgbImage::from_fn(SIDE, SIDE, |x, y| {
        let (distance, k) = pebble(x, y);
        let shade = (220.0 - 14.0 * distance).max(10.0) as u8;
        image::Rgb([shade, (k * 8) as u8, 255 - shade])
    });
    let slope = |a: (f32, u32), b: (f32, u32)| (128.0 + 30.0 * (b.0 - a.0)).clamp(0.0, 255.0) as u8;
    let normal = RgbImage::from_fn(SIDE, SIDE, |x, y| {
        let (left, right) = (pebble((x + SIDE - 1) % SIDE, y), pebble((x + 1) % SIDE, y));
        let (above, below) = (pebble(x, (y + SIDE - 1) % SIDE), pebble(x, (y + 1) % SIDE));
        image::Rgb([slope(left, right), slope(below, above), 230])
    });
    let roughness = GrayImage::from_fn(SIDE, SIDE, |x, y| image::Luma([(pebble(x, y).1 * 7) as u8]));
    color.save(set.join("pebbles_Color.png")).unwrap();
    normal.save(set.join("pebbles_NormalGL.png")).unwrap();
    roughness.save(set.join("pebbles_Roughness.png")).unwrap();
    [color, image::DynamicImage::from(roughness).to_rgb8()]
}

/// Colour and roughness of every texel.
fn texels([color, roughness]: &[RgbImage; 2]) -> Vec<[u8; 4]> {
    let pairs = color.pixels().zip(roughness.pixels());
    pairs.map(|(color, roughness)| [color.0[0], color.0[1], color.0[2], roughness.0[0]]).collect()
}

fn made(sandbox: &Sandbox, folder: &str) -> [RgbImage; 2] {
    let open = |name: &str| image::open(sandbox.path(&format!("{folder}/{name}.png"))).unwrap().to_rgb8();
    [open("base_color"), open("roughness")]
}

#[test]
fn a_folder_becomes_a_generator_that_shows_its_texels() {
    let sandbox = Sandbox::new();
    let drawn: HashSet<[u8; 4]> = texels(&draw(&sandbox)).into_iter().collect();
    let card =
        "--title Pebbles --license CC0-1.0 --data-source https://example.org --data-license CC0-1.0 --date 2026-11-30";
    let [report, _] = sandbox.succeed(&format!("train exemplar set --out {FILE} --json {card}"));
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!((&report["width"], &report["tiles"]), (&64.into(), &true.into()), "{report}");
    assert_eq!(report["metrics"]["broken_joints"], 0.0);
    // Exemplar, three seeds and tiles, side by side.
    let sheet = image::open(sandbox.path("pebbles.png")).unwrap();
    assert_eq!((sheet.width(), sheet.height()), (5 * SIDE + 4 * 8, SIDE));

    let card = file::load(sandbox.path(FILE)).unwrap().generator.generator.card;
    assert!(card.recipe.starts_with("by example of set: 64x64 texels"), "{}", card.recipe);
    assert!(card.recipe.ends_with("height integrated from the normals"), "{}", card.recipe);
    let data = &card.training_data[0];
    assert_eq!((card.title.as_str(), data.license.as_str(), data.sha256.len()), ("Pebbles", "CC0-1.0", 64));

    for (seed, backend) in [(1, "cpu"), (1, "gpu"), (2, "cpu")] {
        let out = format!("{backend}{seed}");
        sandbox.succeed(&format!("generate {FILE} --size 64x112 --seed {seed} --backend {backend} --out {out}"));
    }
    let first = made(&sandbox, "cpu1");
    assert!(texels(&first).iter().all(|texel| drawn.contains(texel)));
    let png = std::fs::read(sandbox.path("cpu1/base_color.png")).unwrap();
    let marking = b"digitalsourcetype/composite\"";
    assert!(png.windows(marking.len()).any(|window| window == marking), "no network was trained");
    assert_eq!(texels(&first), texels(&made(&sandbox, "gpu1")), "executors differ");
    assert_ne!(texels(&first), texels(&made(&sandbox, "cpu2")), "seeds do not differ");
    let maps = sandbox.path("cpu1").read_dir().unwrap().count();
    assert_eq!(maps, 4, "colour, normal, roughness and the integrated height");

    let [evaluation, _] = sandbox.succeed(&format!("evaluate {FILE}"));
    for part in ["by example, Pebbles", "exemplar 64x64", "parameters", "bytes", "loop_share"] {
        assert!(evaluation.contains(part), "{part:?} is missing in {evaluation}");
    }
    assert!(sandbox.succeed(&format!("inspect {FILE} --size 64x64"))[0].contains("by example  64x64 texels"));
    let message = sandbox.fail(&format!("generate {FILE} --size 100x64 --backend cpu --out none"));
    assert!(message.contains("a multiple of 16") && message.contains("96x64"), "{message}");
}

#[test]
fn results_tile_exactly() {
    // Along the edge of a torus, as many neighbours go together as anywhere inside.
    let sandbox = Sandbox::new();
    let [color, _] = draw(&sandbox);
    sandbox.succeed(&format!("train exemplar set --out {FILE} --json"));
    sandbox.succeed(&format!("generate {FILE} --size 64x64 --seed 3 --backend cpu --out made"));
    let pair = |picture: &RgbImage, x: u32, y: u32| (*picture.get_pixel(x, y), *picture.get_pixel((x + 1) % SIDE, y));
    let all = (0..SIDE * SIDE).map(|at| (at % SIDE, at / SIDE));
    let known: HashSet<_> = all.map(|(x, y)| pair(&color, x, y)).collect();
    let [made, _] = made(&sandbox, "made");
    let share = |x: u32| (0..SIDE).filter(|y| known.contains(&pair(&made, x, *y))).count();
    let inside = (0..SIDE - 1).map(share).sum::<usize>() / (SIDE as usize - 1);
    assert!(share(SIDE - 1) * 10 >= inside * 8, "{} of 64 at the edge, {inside} inside", share(SIDE - 1));
}

#[test]
fn one_picture_that_does_not_tile_is_enough() {
    let sandbox = Sandbox::new();
    let sky = RgbImage::from_fn(100, 80, |x, y| {
        let wave = ((x as f32 / 9.0).sin() * (y as f32 / 7.0).cos() * 50.0) as i32;
        image::Rgb([(100 + wave + x as i32) as u8, (90 + wave) as u8, (2 * y) as u8])
    });
    sky.save(sandbox.path("sky.png")).unwrap();
    let [report, _] = sandbox.succeed("train exemplar sky.png --out sky.generator.safetensors --json --preview p.png");
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!((&report["tiles"], &report["width"], &report["height"]), (&false.into(), &96.into(), &80.into()));
    assert!(sandbox.path("p.png").exists());
}

#[test]
fn wrong_exemplars_and_options_are_refused() {
    let sandbox = Sandbox::new();
    draw(&sandbox);
    RgbImage::new(64, 64).save(sandbox.path("black.png")).unwrap();
    RgbImage::new(64, 8).save(sandbox.path("thin.png")).unwrap();
    for (arguments, part) in [
        ("black.png --out x.generator.safetensors", "nothing to rearrange"),
        ("thin.png --out x.generator.safetensors", "at least 32"),
        ("absent.png --out x.generator.safetensors", "absent.png"),
        ("set --out x.png", "expected a name ending in .generator.safetensors"),
        ("set --out no/x.generator.safetensors", "there is no folder"),
        ("set --out x.generator.safetensors --side 8", "side 8: expected 32 to 4096"),
    ] {
        let message = sandbox.fail(&format!("train exemplar {arguments}"));
        assert!(message.contains(part), "{arguments}: {message}");
    }
    GrayImage::new(64, 32).save(sandbox.path("set/pebbles_AO.png")).unwrap();
    let message = sandbox.fail("train exemplar set --json --out x.generator.safetensors");
    assert!(message.contains("occlusion is [64, 32] pixels, but the first map is [64, 64]"), "{message}");
}

#[test]
fn hostile_files_are_refused_with_a_message() {
    let sandbox = Sandbox::new();
    draw(&sandbox);
    sandbox.succeed(&format!("train exemplar set --out {FILE} --json"));
    let mut generator = file::load(sandbox.path(FILE)).unwrap().generator.generator;
    let stored = generator.output.weights.exemplar().unwrap().encode();
    let mut hostile = std::fs::read(sandbox.path(FILE)).unwrap();
    let at = hostile.windows(stored.len()).position(|window| window == stored).unwrap();
    hostile[at] = 7;
    std::fs::write(sandbox.path("bad.generator.safetensors"), hostile).unwrap();
    let message = sandbox.fail("inspect bad.generator.safetensors");
    assert!(message.contains("tensor \"exemplar\": version 7 is not supported"), "{message}");

    // A weight that was set is stored itself.
    let weights = generator.output.weights.clone();
    let (name, table) = weights.iter().find(|(name, _)| name.ends_with(".similar")).unwrap();
    generator.output.weights.insert(name.clone(), table.clone());
    let bytes = file::write(&generator, WeightFormat::F32).unwrap();
    let TensorData::I32(places) = &table.data else { panic!("{name} holds places") };
    let known = places.iter().flat_map(|place| place.to_le_bytes()).collect::<Vec<u8>>();
    let at = bytes.windows(known.len()).position(|window| window == known).unwrap();
    for place in [table.shape[0] << 16, table.shape[1], usize::MAX] {
        let mut hostile = bytes.clone();
        hostile[at + 4..at + 8].copy_from_slice(&(place as i32).to_le_bytes());
        std::fs::write(sandbox.path("bad.generator.safetensors"), hostile).unwrap();
        let message = sandbox.fail("inspect bad.generator.safetensors");
        assert!(message.contains("(similar): element 1 is row") && message.contains("expected a place"), "{message}");
    }

    let mut hostile = generator.clone();
    let start = hostile.output.nodes.iter_mut().find(|node| matches!(node.op, Op::ExemplarStart(_))).unwrap();
    let Op::ExemplarStart(op) = &start.op else { panic!("found above") };
    start.op = Op::ExemplarStart(ExemplarStart { lattice: [0, 1], ..op.clone() });
    let message = file::write(&hostile, WeightFormat::F32).unwrap_err().to_string();
    assert!(message.contains("\"lattice\""), "{message}");
}

#[test]
fn stored_texels_may_be_rearranged_and_compressed() {
    let sandbox = Sandbox::new();
    draw(&sandbox);
    let exemplar = |file: &str| {
        let loaded = file::load(sandbox.path(file)).unwrap();
        loaded.generator.generator.output.weights.exemplar().unwrap().clone()
    };
    sandbox.succeed(&format!("train exemplar set --out {FILE} --json"));
    sandbox.succeed("train exemplar set --out other.generator.safetensors --store synthesized --json");
    let (picture, rearranged) = (exemplar(FILE), exemplar("other.generator.safetensors"));
    assert!(picture.is_exact() && rearranged.is_exact() && picture.maps() != rearranged.maps());
    sandbox.succeed("train exemplar set --out small.generator.safetensors --store compressed --bits 14 --json");
    let [report, _] = sandbox.succeed(&format!("compress {FILE} --bits 14 --out again.generator.safetensors --json"));
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert!(report["bytes"].as_u64() < report["bytes_before"].as_u64() && report["psnr"].as_f64().unwrap() > 20.0);
    for file in ["small.generator.safetensors", "again.generator.safetensors"] {
        assert!(!exemplar(file).is_exact());
        sandbox.succeed(&format!("generate {file} --out {file}.maps"));
    }
    let message = sandbox.fail("compress noise_material --bits 4 --out x.generator.safetensors");
    assert!(message.contains("is not a generator by example"), "{message}");
    let message = sandbox.fail(&format!("compress {FILE} --bits 40 --out x.generator.safetensors"));
    assert!(message.contains("expected 0.5 to 16 bits a texel"), "{message}");
    let message = sandbox.fail(&format!("compress {FILE} --bits 0.5 --out x.generator.safetensors"));
    assert!(message.contains("64 x 64 texels cannot be stored in 0.5 bits a texel"), "{message}");
}
