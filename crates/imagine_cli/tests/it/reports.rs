//! Reports: the JSON keys of `inspect`, `compare` and `bench`, and readers that close the pipe.

use serde_json::Value;

use crate::sandbox::{GENERATOR, Sandbox};

fn json(arguments: &str) -> Value {
    serde_json::from_str(&Sandbox::with_generator().succeed(arguments)[0]).unwrap()
}

#[test]
fn inspect_lists_outputs_steps_and_memory() {
    let report = json("inspect noise.generator.safetensors --size 64x32 --json");
    assert_eq!(report["outputs"].as_array().unwrap().len(), 2);
    assert_eq!(report["steps"], 3);
    assert!(report["arena_bytes"].as_u64().unwrap() > 0);
    assert!(Sandbox::with_generator().succeed(&format!("inspect {GENERATOR}"))[0].contains("roughness"));
    assert_eq!(json("inspect cloudy_sky --json")["card"]["license"], "MIT OR Apache-2.0");
}

#[test]
fn compare_passes_within_its_tolerances() {
    let report = json("compare noise.generator.safetensors --size 33x17 --steps 4 --json");
    assert!(report["max_abs_diff"].as_f64().unwrap() < 1e-4, "{report}");
    assert!(report["max_step_diff"].as_f64().unwrap() < 1e-5, "{report}");
    assert_eq!(report["passes"], true);
}

#[test]
fn compare_names_the_precision() {
    let report = json("compare noise.generator.safetensors --size 33x17 --steps 4 --precision f16 --json");
    assert_eq!((&report["precision"], &report["passes"]), (&"f16".into(), &true.into()), "{report}");
}

#[test]
fn bench_reports_times_of_all_executors_and_their_ratios() {
    let report = json("bench noise.generator.safetensors --size 16x16 --runs 3 --warm 1 --no-cold --json");
    for executor in ["gpu", "cpu", "burn-flex", "burn-wgpu"] {
        let times = &report["executors"][executor];
        assert!(times["ms"].as_f64().unwrap() > 0.0 && times["fastest_ratio"].as_f64().unwrap() > 0.0, "{report}");
    }
    assert_eq!(report["executors"]["gpu"]["ratio"], 1.0);
}

#[test]
fn bench_can_measure_one_executor_and_the_first_image() {
    let report = json("bench noise.generator.safetensors --size 16x16 --runs 3 --warm 1 --executors cpu --json");
    let executors = report["executors"].as_object().unwrap();
    assert!(executors.len() == 1 && report["adapter"].is_null(), "{report}");
    assert!(executors["cpu"]["first_image_ms"].as_f64().unwrap() > 0.0, "{report}");
}

#[test]
fn a_closed_pipe_is_no_error() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let sandbox = Sandbox::with_generator();
    let output = sandbox.command(&format!("inspect {GENERATOR}")).stdout(writer).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}
