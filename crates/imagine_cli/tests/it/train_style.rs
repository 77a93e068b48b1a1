//! `imagine train style`: squares of pictures are painted on sheets, and a network is trained on them, resumed and run.

use std::fs;

use image::{GenericImageView, Rgb, RgbImage};

use crate::sandbox::Sandbox;

const FILE: &str = "live.generator.safetensors";
const OPTIONS: &str = "--width 4 --crop 32 --batch 1 --checkpoint-every 1 --preview-every 9";

/// A style of strokes in three colours, and a folder of pictures of such sizes.
fn prepare(sandbox: &Sandbox, sizes: &[[u32; 2]]) {
    let painting = RgbImage::from_fn(128, 128, |x, y| {
        let stroke = ((x * 3 + y * 5) / 11 + (x * 7 + y) / 23) % 3;
        Rgb([[20, 30, 90], [70, 120, 200], [240, 220, 120]][stroke as usize])
    });
    painting.save(sandbox.path("painting.png")).unwrap();
    let source = "--data-name Strokes --data-license CC0-1.0";
    sandbox.succeed(&format!("train exemplar painting.png --no-tiles --out style.generator.safetensors {source}"));
    fs::create_dir(sandbox.path("views")).unwrap();
    for (index, [width, height]) in sizes.iter().enumerate() {
        let view = RgbImage::from_fn(*width, *height, |x, y| Rgb([(x / 3) as u8, (y / 2) as u8, 90 * index as u8]));
        view.save(sandbox.path(&format!("views/{index}.png"))).unwrap();
    }
}

fn train(updates: &str) -> String {
    format!("train style style.generator.safetensors --data views --out {FILE} {OPTIONS} --updates {updates}")
}

#[test]
fn a_network_for_a_camera_is_trained_resumed_and_run() {
    let sandbox = Sandbox::new();
    // The first picture has four quarters of 256 pixels, the second only its middle; the third is too small.
    prepare(&sandbox, &[[530, 516], [300, 260], [300, 255]]);
    let [_, told] = sandbox.succeed(&train("1 --data-name Views"));
    assert!(
        told.contains("2.png is left out: its sides have to be at least 256 pixels")
            && told.contains("painting 1 of 1: 6 squares"),
        "{told}"
    );
    assert!(told.contains("5 pictures to learn from, 1 held back"), "{told}");
    let painted: Vec<_> = fs::read_dir(sandbox.path("live.training/painted")).unwrap().collect();
    assert_eq!(painted.len(), 2, "a sheet and its painting");
    for file in painted {
        // Six squares in three rows of three.
        assert_eq!(image::image_dimensions(file.unwrap().path()).unwrap(), (768, 768));
    }
    let [_, told] = sandbox.succeed(&train("2 --data-name Views --resume"));
    assert!(!told.contains("painting"), "{told}");
    let history = fs::read_to_string(sandbox.path("live.training/history.jsonl")).unwrap();
    assert_eq!(history.lines().count(), 2, "one update more: {history}");

    let card = sandbox.succeed(&format!("inspect {FILE}"))[0].clone();
    assert!(card.contains("trained on  Views") && card.contains("trained on  Strokes (CC0-1.0)"), "{card}");
    sandbox.succeed(&format!("generate {FILE} --image views/1.png --out made.png --backend cpu"));
    assert_eq!(image::open(sandbox.path("made.png")).unwrap().dimensions(), (300, 260));
    let told = sandbox.fail(&format!("restyle views/1.png --style {FILE} --out x.png"));
    assert!(told.contains(&format!("imagine generate {FILE} --image")), "{told}");
}

#[test]
fn too_few_pictures_are_named() {
    let sandbox = Sandbox::new();
    prepare(&sandbox, &[[300, 260]]);
    let told = sandbox.fail(&train("1"));
    assert!(told.contains("1 picture: at least two are needed"), "{told}");
}
