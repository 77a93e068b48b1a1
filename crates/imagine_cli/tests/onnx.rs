//! `imagine onnx-test` on the small networks of `tests/families`, on ONNX's tests in `third_party/onnx`, and on what it cannot
//! read; `imagine import`.

use std::process::{Command, Output};

use serde_json::Value;

fn onnx_test(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_imagine")).arg("onnx-test").args(arguments).output().unwrap()
}

/// The report on the tests below `folder`, which must not fail.
fn on_every_executor(folder: &str, arguments: &[&str]) -> Value {
    let mut arguments = [&[folder, "--json"], arguments].concat();
    // Without an adapter the other executors are still tested.
    if imagine_wgpu::headless::Gpu::for_test(imagine_wgpu::BoundsChecks::On).is_none() {
        arguments.extend(["--on", "flex", "--on", "file"]);
    }
    let output = onnx_test(&arguments);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(output.status.success(), "{report:#}");
    assert_eq!(report["refused"], 0, "{report:#}");
    report
}

#[test]
fn every_family_runs_on_every_executor() {
    let families = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/families");
    assert_eq!(on_every_executor(families, &["--absolute", "1e-5"])["passed"], 12);
}

#[test]
fn the_committed_node_tests_of_onnx_pass_on_every_executor() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../third_party/onnx/node");
    let count = std::fs::read_dir(folder).unwrap().count();
    assert!(count > 200, "{count} tests");
    assert_eq!(on_every_executor(folder, &[])["passed"], count);
}

#[test]
fn a_broken_model_is_refused_and_a_folder_without_one_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    assert_eq!(onnx_test(&[path]).status.code(), Some(2));
    std::fs::create_dir_all(folder.path().join("test_broken/test_data_set_0")).unwrap();
    std::fs::write(folder.path().join("test_broken/model.onnx"), b"no model").unwrap();
    let output = onnx_test(&[path, "--on", "flex", "--json"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["refused"], 1, "{report:#}");
}

fn family(name: &str) -> String {
    format!("{}/../../tests/families/{name}/model.onnx", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn an_imported_network_is_a_generator_of_the_size_that_it_makes() {
    let folder = tempfile::tempdir().unwrap();
    // The network, the factor from its input to its output, and roles that cannot be guessed.
    let networks = [
        ("srvgg", 4, vec![]),
        ("espcn", 3, vec!["--output", "output=roughness"]),
        ("fast_style", 1, vec![]),
        ("psgan", 8, vec!["--input", "local=latent:normal", "--output", "output=base_color@-1..1"]),
    ];
    for (name, factor, roles) in networks {
        let out = folder.path().join(format!("{name}.generator.safetensors"));
        let model = family(name);
        let mut arguments = vec!["import", &model, "--out", out.to_str().unwrap()];
        arguments.extend(roles);
        let output = Command::new(env!("CARGO_BIN_EXE_imagine")).args(arguments).output().unwrap();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        let generator = imagine_graph::file::load(&out).unwrap().generator;
        let side = 24 * factor.max(generator.generator.size.multiple.height);
        let bound = generator.output.bind(imagine_graph::Size::new(side, side)).unwrap();
        let shape = |value| bound.value_type(value).shape[2..].to_vec();
        let spatial = generator.output.graph().inputs.iter().position(|input| input.shape.len() == 4).unwrap();
        let image = generator.output.input(spatial);
        assert_eq!(
            (shape(generator.output.outputs()[0]), shape(image)),
            (vec![side; 2], vec![side / factor; 2]),
            "{name}"
        );
    }
}

#[test]
fn a_scaled_output_lies_between_0_and_1() {
    let folder = tempfile::tempdir().unwrap();
    let imagine = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_imagine")).args(arguments).current_dir(&folder).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    };
    let file = "psgan.generator.safetensors";
    let roles = ["--input", "local=latent:normal", "--output", "output=base_color@-1..1"];
    imagine(&[["import", &family("psgan"), "--out", file].as_slice(), &roles].concat());
    imagine(&["generate", file, "--size", "64x48", "--seed", "4", "--backend", "cpu", "--out", "made.png"]);
    let bytes = image::open(folder.path().join("made.png")).unwrap().into_rgb8().into_raw();
    // tanh near 0 becomes middle grey; unscaled, half of it would be black.
    let black = bytes.iter().filter(|byte| **byte == 0).count();
    assert!(black < bytes.len() / 20, "{black} of {} are 0", bytes.len());
}

#[test]
fn wrong_roles_are_code_2_and_write_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("x.generator.safetensors");
    for role in ["image=colour", "picture=image", "image=image:srgb@3..1", "image"] {
        let model = family("srvgg");
        let arguments = ["import", &model, "--out", out.to_str().unwrap(), "--input", role];
        let output = Command::new(env!("CARGO_BIN_EXE_imagine")).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{role}");
        assert!(!out.exists(), "{role}");
    }
}
