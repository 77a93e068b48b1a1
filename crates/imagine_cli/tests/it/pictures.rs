//! `imagine generate` on ONNX files: picture inputs, sizes, roles from the file beside the model.

use std::path::Path;

use image::ColorType;
use imagine_graph::{Request, Size, Tensor};
use imagine_onnx::{Roles, generator_from_file};

use crate::sandbox::Sandbox;

/// Width and height of `small.png`.
const SMALL: (usize, usize) = (12, 10);

/// A folder with the network of a family in `model.onnx`, `small.png` and `gray.png`.
fn with_pictures(family: &str) -> Sandbox {
    let sandbox = Sandbox::with_family(family);
    let pixels = colors().into_iter().map(|[r, g, b]| [r, g, b, 255]).collect::<Vec<_>>().concat();
    write_png(&sandbox.path("small.png"), SMALL, ColorType::Rgba8, &pixels);
    write_png(&sandbox.path("gray.png"), (6, 4), ColorType::L8, &[77; 24]);
    sandbox
}

/// The pixels of `small.png`.
fn colors() -> Vec<[u8; 3]> {
    let (width, height) = SMALL;
    let pixel = |index: usize| {
        let (x, y) = (index % width, index / width);
        [(x * 20) as u8, (y * 25) as u8, if (x + y) % 2 == 0 { 200 } else { 30 }]
    };
    (0..width * height).map(pixel).collect()
}

fn write_png(path: &Path, (width, height): (usize, usize), color: ColorType, pixels: &[u8]) {
    image::save_buffer(path, pixels, width as u32, height as u32, color).unwrap();
}

/// Width, height and bytes of a PNG file.
fn read_png(path: &Path) -> (usize, usize, Vec<u8>) {
    let picture = image::open(path).unwrap();
    (picture.width() as usize, picture.height() as usize, picture.into_bytes())
}

#[test]
fn an_enlarged_picture_matches_the_executor() {
    let sandbox = with_pictures("srvgg");
    let [_, errors] = sandbox.succeed("generate model.onnx --image small.png --backend cpu --out large.png");
    assert!(errors.contains("input image is image:srgb (guessed)"), "{errors}");
    let (width, height, bytes) = read_png(&sandbox.path("large.png"));
    assert_eq!((width, height), (48, 40));

    let (generator, _) = generator_from_file(&sandbox.path("model.onnx"), &Roles::default()).unwrap();
    let mut request = Request::new(Size::new(40, 48), 0);
    let colors = colors();
    let planes = (0..3).flat_map(|channel| colors.iter().map(move |color| f32::from(color[channel]) / 255.0));
    let picture = Tensor::f32([1, 3, SMALL.1, SMALL.0], planes.collect::<Vec<_>>());
    request.inputs.insert(generator.inputs()[0].name.clone(), picture);
    let generated = imagine_cpu::generate(&generator, &request, &imagine_cpu::Options::default()).unwrap();
    let expected = generated.outputs[0].1.as_f32().unwrap();
    for (index, byte) in bytes.iter().enumerate() {
        let (pixel, channel) = (index / 3, index % 3);
        let value = (expected[channel * width * height + pixel].clamp(0.0, 1.0) * 255.0).round();
        assert_eq!(f32::from(*byte), value, "pixel {pixel}, channel {channel}");
    }
    let distinct: std::collections::BTreeSet<_> = bytes.iter().collect();
    assert!(distinct.len() > 20, "the picture is empty");
}

#[test]
fn a_recipe_needs_the_same_pictures() {
    let sandbox = with_pictures("srvgg");
    sandbox.succeed("generate model.onnx --image small.png --backend cpu --out one.png");
    sandbox.succeed("generate model.onnx --from one.png --image small.png --out two.png");
    assert_eq!(sandbox.bytes("one.png"), sandbox.bytes("two.png"));
    let errors = sandbox.fail("generate model.onnx --from one.png --image gray.png --out three.png");
    assert!(errors.contains("other pictures"), "{errors}");
    // The ONNX file has the hash of the generator file that import writes.
    sandbox.succeed("import model.onnx --out m.generator.safetensors");
    sandbox.succeed("generate --from one.png --image small.png --out four.png");
    assert_eq!(sandbox.bytes("one.png"), sandbox.bytes("four.png"));
    let errors =
        sandbox.fail("generate model.onnx --from one.png --input image=image:linear --image small.png --out x.png");
    assert!(errors.contains("other roles"), "{errors}");
}

#[test]
fn a_requested_size_scales_the_picture() {
    let sandbox = with_pictures("srvgg");
    let [_, errors] =
        sandbox.succeed("generate model.onnx --image gray.png --size 32x16 --backend cpu --out large.png");
    assert!(errors.contains("gray.png is scaled from 6x4 to 8x4"), "{errors}");
    let (width, height, _) = read_png(&sandbox.path("large.png"));
    assert_eq!((width, height), (32, 16));
}

#[test]
fn arguments_override_the_file_beside_the_model() {
    let sandbox = with_pictures("psgan");
    let sidecar = r#"(
        inputs: { "local": "latent:normal" },
        outputs: { "output": "base_color@-1..1" },
        card: (title: "Cobbles", license: "CC0-1.0"),
    )"#;
    std::fs::write(sandbox.path("model.onnx.ron"), sidecar).unwrap();
    let [_, errors] = sandbox.succeed("generate model.onnx --size 64x48 --seed 4 --backend cpu --out made.png");
    assert!(!errors.contains("output output"), "{errors}");
    let (width, height, bytes) = read_png(&sandbox.path("made.png"));
    assert_eq!((width, height), (64, 48));
    let black = bytes.iter().filter(|byte| **byte == 0).count();
    assert!(black < bytes.len() / 20, "{black} of {} are 0", bytes.len());

    sandbox.succeed("import model.onnx --title Pebbles --out m.generator.safetensors");
    let card = imagine_graph::file::load(sandbox.path("m.generator.safetensors")).unwrap().generator.generator.card;
    assert_eq!((card.title.as_str(), card.license.as_str()), ("Pebbles", "CC0-1.0"));

    std::fs::write(sandbox.path("model.onnx.ron"), "(\n  inputs: { \"local\": \"noise\" }\n)").unwrap();
    let errors = sandbox.fail("generate model.onnx --out made.png");
    assert!(errors.contains("model.onnx.ron:2:") && errors.contains("\"noise\""), "{errors}");
}

#[test]
fn unsuitable_pictures_are_refused_with_advice() {
    let sandbox = with_pictures("gated_unet");
    for (arguments, part) in [
        ("--image none.png", "none.png"),
        ("--image model.onnx", "not a picture that can be read; expected png, jpg"),
        ("", "--image"),
        ("--image small.png --image small.png", "given twice"),
        ("--image small.png --set image=3", "cannot express"),
        ("--image small.png --input image=noise", "unknown input role"),
    ] {
        let errors = sandbox.fail(&format!("generate model.onnx --backend cpu --out o {arguments}"));
        assert!(errors.contains(part), "{arguments}: {errors}");
        assert!(!sandbox.path("o").exists());
    }
    let sandbox = with_pictures("psgan");
    let errors = sandbox.fail("generate model.onnx --backend cpu --out o --image small.png --input local=latent");
    assert!(errors.contains("takes no picture"), "{errors}");
    let errors = sandbox.fail("generate x.generator.safetensors --input a=mask --out o");
    assert!(errors.contains("ONNX files"), "{errors}");
}

#[test]
fn a_fixed_size_network_scales_every_picture() {
    let sandbox = with_pictures("srvgg");
    std::fs::write(sandbox.path("model.onnx.ron"), r#"(dims: { "image/2": 8, "image/3": 16 })"#).unwrap();
    let [_, errors] = sandbox.succeed("generate model.onnx --image small.png --backend cpu --out made.png");
    assert!(errors.contains("small.png is scaled from 12x10 to 16x8"), "{errors}");
    let (width, height, _) = read_png(&sandbox.path("made.png"));
    assert_eq!((width, height), (64, 32));
    let errors = sandbox.fail("generate model.onnx --image small.png --size 32x32 --backend cpu --out x.png");
    assert!(errors.contains("nearest such size is 64x32"), "{errors}");
}

#[test]
fn a_fixed_batch_of_two_is_refused_with_advice() {
    let errors = with_pictures("dcgan").fail("generate model.onnx --backend cpu --out made.png");
    assert!(errors.contains("fixed batch of 2") && errors.contains("dynamic"), "{errors}");
}
