//! `imagine import`: roles, sizes and cards of imported networks.

use imagine_graph::{Size, file};

use crate::sandbox::Sandbox;

/// Imports a family; its output must be `factor` times as large as its input.
fn import_scales_by(family: &str, factor: usize, roles: &str) {
    let sandbox = Sandbox::with_family(family);
    sandbox.succeed(&format!("import model.onnx --out m.generator.safetensors {roles}"));
    let generator = file::load(sandbox.path("m.generator.safetensors")).unwrap().generator;
    let side = 24 * factor.max(generator.generator.size.multiple.height);
    let bound = generator.output.bind(Size::new(side, side)).unwrap();
    let shape = |value| bound.value_type(value).shape[2..].to_vec();
    let spatial = generator.output.graph().inputs.iter().position(|input| input.shape.len() == 4).unwrap();
    let input = generator.output.input(spatial);
    assert_eq!((shape(generator.output.outputs()[0]), shape(input)), (vec![side; 2], vec![side / factor; 2]));
}

#[test]
fn srvgg_enlarges_four_times() {
    import_scales_by("srvgg", 4, "");
}

#[test]
fn espcn_enlarges_three_times() {
    import_scales_by("espcn", 3, "--output output=roughness");
}

#[test]
fn fast_style_keeps_the_size() {
    import_scales_by("fast_style", 1, "");
}

#[test]
fn psgan_makes_eight_texels_per_latent() {
    import_scales_by("psgan", 8, "--input local=latent:normal --output output=base_color@-1..1");
}

#[test]
fn a_scaled_output_lies_between_0_and_1() {
    let sandbox = Sandbox::with_family("psgan");
    let roles = "--input local=latent:normal --output output=base_color@-1..1";
    sandbox.succeed(&format!("import model.onnx --out m.generator.safetensors {roles}"));
    sandbox.succeed("generate m.generator.safetensors --size 64x48 --seed 4 --backend cpu --out made.png");
    let bytes = image::open(sandbox.path("made.png")).unwrap().into_rgb8().into_raw();
    // tanh near 0 becomes medium grey; unscaled, half of the bytes would be black.
    let black = bytes.iter().filter(|byte| **byte == 0).count();
    assert!(black < bytes.len() / 20, "{black} of {} are 0", bytes.len());
}

#[test]
fn wrong_roles_are_refused() {
    let sandbox = Sandbox::with_family("srvgg");
    for role in ["image=colour", "picture=image", "image=image:srgb@3..1", "image"] {
        sandbox.fail(&format!("import model.onnx --out x.generator.safetensors --input {role}"));
        assert_eq!(sandbox.names(), ["model.onnx"], "{role}");
    }
}
