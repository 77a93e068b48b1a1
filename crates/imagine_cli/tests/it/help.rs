//! What helps to use the command: `doctor`, completions, manual pages.

use crate::sandbox::Sandbox;

#[test]
fn doctor_describes_the_machine() {
    let sandbox = Sandbox::new();
    let [text, _] = sandbox.succeed("doctor");
    for part in ["imagine ", "processor", "training on  flex", "free in"] {
        assert!(text.contains(part), "{part:?} is missing in {text}");
    }
    let report: serde_json::Value = serde_json::from_str(&sandbox.succeed("doctor --json")[0]).unwrap();
    assert!(report["cores"].as_u64().unwrap() > 0 && report["disks"][0]["free_bytes"].as_u64().is_some(), "{report:#}");
    let adapters = report["adapters"].as_array().unwrap();
    let chosen = adapters.iter().filter(|adapter| adapter["chosen"] == true).count();
    let has_gpu = imagine_wgpu::headless::Gpu::for_test(imagine_wgpu::BoundsChecks::On).is_some();
    assert_eq!(chosen, usize::from(has_gpu), "{report:#}");
    assert!(sandbox.names().is_empty());
}

#[test]
fn every_shell_completes_commands_and_options() {
    let sandbox = Sandbox::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let [script, _] = sandbox.succeed(&format!("completions {shell}"));
        assert!(script.contains("onnx-test") && script.contains("leave-out"), "{shell}");
    }
    assert!(sandbox.fail("completions dos").contains("possible values"));
}

#[test]
fn every_command_has_a_manual_page() {
    let sandbox = Sandbox::new();
    sandbox.succeed("man pages");
    let page = |name: &str| String::from_utf8(sandbox.bytes(&format!("pages/{name}"))).unwrap();
    assert!(page("imagine.1").contains("imagine\\-train(1)"), "{}", page("imagine.1"));
    assert!(page("imagine-train-texture.1").contains("checkpoint\\-every"));
    assert!(page("imagine-doctor.1").contains(".TH"));
    assert!(!sandbox.path("pages/imagine-first-image.1").exists());
}
