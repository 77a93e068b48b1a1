//! `imagine onnx-test` on the networks of `tests/families` and `tests/onnx/cases`, on ONNX's tests in `third_party/onnx`, and on
//! broken models.

use serde_json::Value;

use crate::sandbox::Sandbox;

fn folder(name: &str) -> String {
    format!("{}/../../{name}", env!("CARGO_MANIFEST_DIR"))
}

/// The report on the tests below `folder`; none may fail or be refused.
fn on_every_executor(folder: &str, options: &str) -> Value {
    let mut command = Sandbox::new().command("onnx-test --json");
    command.arg(folder).args(options.split_whitespace());
    // Without an adapter the other executors are still tested.
    if imagine_wgpu::headless::Gpu::for_test(imagine_wgpu::BoundsChecks::On).is_none() {
        command.args(["--on", "flex", "--on", "cpu", "--on", "file"]);
    }
    let output = command.current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(output.status.success(), "{report:#}");
    assert_eq!(report["refused"], 0, "{report:#}");
    report
}

#[test]
fn every_family_passes_on_every_executor() {
    assert_eq!(on_every_executor(&folder("tests/families"), "--absolute 1e-5")["passed"], 12);
}

#[test]
fn every_case_is_as_onnxruntime_has_it_on_every_executor() {
    let folder = folder("tests/onnx/cases");
    let count = std::fs::read_dir(&folder).unwrap().count();
    assert!(count >= 24, "{count} cases");
    assert_eq!(on_every_executor(&folder, "--absolute 1e-5")["passed"], count);
}

#[test]
fn the_committed_node_tests_pass_on_every_executor() {
    let folder = folder("third_party/onnx/node");
    let count = std::fs::read_dir(&folder).unwrap().count();
    assert!(count > 200, "{count} tests");
    assert_eq!(on_every_executor(&folder, "")["passed"], count);
}

#[test]
fn a_broken_model_is_refused() {
    let sandbox = Sandbox::new();
    std::fs::create_dir_all(sandbox.path("test_broken/test_data_set_0")).unwrap();
    std::fs::write(sandbox.path("test_broken/model.onnx"), b"no model").unwrap();
    let [report, _] = sandbox.succeed("onnx-test . --on flex --json");
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["refused"], 1, "{report:#}");
}

#[test]
fn a_folder_without_models_is_an_error() {
    assert!(Sandbox::new().fail("onnx-test .").contains("no model.onnx"));
}
