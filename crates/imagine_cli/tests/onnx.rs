//! `imagine onnx-test` on the small networks of `tests/families`, and on what it cannot read.

use std::process::{Command, Output};

use serde_json::Value;

fn onnx_test(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_imagine")).arg("onnx-test").args(arguments).output().unwrap()
}

#[test]
fn every_family_runs_on_every_executor() {
    let families = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/families");
    let mut arguments = vec![families, "--absolute", "1e-5", "--json"];
    // Without an adapter the others are tested all the same, unless there has to be one.
    let has_gpu = imagine_wgpu::headless::Gpu::new(imagine_wgpu::BoundsChecks::On).is_ok();
    if !has_gpu && std::env::var("IMAGINE_REQUIRE_GPU").as_deref() != Ok("1") {
        eprintln!("SKIPPED on wgpu: no adapter");
        arguments.extend(["--on", "flex", "--on", "file"]);
    }
    let output = onnx_test(&arguments);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(output.status.success(), "{report:#}");
    assert_eq!((report["passed"].as_u64(), report["refused"].as_u64()), (Some(11), Some(0)), "{report:#}");
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
