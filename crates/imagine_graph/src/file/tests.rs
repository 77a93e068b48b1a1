//! Files survive a round trip, are canonical, and can be opened by the `safetensors` crate.

use super::*;
use crate::generator::{Card, Provenance, Recurrence, SizeRule};
use crate::graph::{Graph, InputKind, OutputKind};
use crate::ops::{Add, Conv, Mul, PadMode, RandomUniform, Relu, Tanh};
use crate::tensor::{Dim, Extent, Tensor, rng};

/// `count` pseudo-random numbers from -1 to 1.
fn numbers(count: usize, seed: u32) -> Vec<f32> {
    (0..count as u32).map(|i| rng::uniform(rng::cell(i, 0, 0, seed)) * 2.0 - 1.0).collect()
}

/// A small recurrent generator with every part of a file.
pub(super) fn automaton() -> Generator {
    let mut init = Graph::default();
    let shape = Dim::nchw(4);
    init.push("state", RandomUniform { low: -0.1, high: 0.1, shape, stream: 1000, part: None }, []);
    init.output("state", OutputKind::State);

    let mut step = Graph::default();
    step.input("state", InputKind::State, Dim::nchw(4));
    step.weight("perceive.weight", Tensor::f32([8, 4, 3, 3], numbers(288, 1)));
    step.weight("perceive.bias", Tensor::f32([8], numbers(8, 2)));
    step.weight("update.weight", Tensor::f32([4, 8, 1, 1], numbers(32, 3)));
    step.push("perceive", Conv::same(3, PadMode::Wrap), ["state", "perceive.weight", "perceive.bias"]);
    step.push("hidden", Relu {}, ["perceive"]);
    step.push("update", Conv::default(), ["hidden", "update.weight"]);
    step.push("bounded", Tanh {}, ["update"]);
    step.push("next", Add {}, ["state", "bounded"]);
    step.output("next", OutputKind::State);

    let mut output = Graph::default();
    output.input("state", InputKind::State, Dim::nchw(4));
    output.weight("color", Tensor::f32([3, 4, 1, 1], numbers(12, 4)));
    output.weight("gain", Tensor::scalar(0.3));
    output.push("mixed", Conv::default(), ["state", "color"]);
    output.push("scaled", Mul {}, ["mixed", "gain"]);
    output.output("scaled", OutputKind::BaseColor);

    let training_data = vec![Provenance { name: "numbers".into(), license: "CC0-1.0".into(), ..Default::default() }];
    let card = Card {
        title: "Test \"automaton\"\nof two lines".into(),
        metrics: [("loss".to_string(), 0.1), ("rate".to_string(), 123.456_789_012_3)].into(),
        training_data,
        ..Card::default()
    };
    let size = SizeRule { multiple: Extent::splat(1), min: Extent { height: 3, width: 5 }, tiles: true };
    Generator { output, recurrence: Some(Recurrence { init, step, steps: 64, step_rate: 29.97 }), size, card }
}

#[test]
fn files_survive_a_round_trip_and_are_canonical() {
    let generator = automaton();
    for format in [WeightFormat::F32, WeightFormat::F16, WeightFormat::U8] {
        let bytes = write(&generator, format).unwrap();
        let back = read(&bytes).unwrap();
        if format == WeightFormat::F32 {
            assert_eq!(back, generator);
        }
        assert_eq!(write(&back, format).unwrap(), bytes, "{format:?}");
        // Values that fit a small format fit a larger one.
        assert_eq!(read(&write(&back, WeightFormat::F32).unwrap()).unwrap(), back, "{format:?}");
    }
}

#[test]
fn small_formats_are_small_and_close() {
    let generator = automaton();
    let length = |format| write(&generator, format).unwrap().len();
    assert!(length(WeightFormat::F16) < length(WeightFormat::F32));
    let original = &generator.recurrence.as_ref().unwrap().step.weights["perceive.weight"];
    for (format, tolerance) in [(WeightFormat::F16, 1.0 / 2048.0 / 2.0), (WeightFormat::U8, 1.01 / 254.0)] {
        let back = read(&write(&generator, format).unwrap()).unwrap();
        let stored = &back.recurrence.unwrap().step.weights["perceive.weight"];
        let pairs = original.as_f32().unwrap().iter().zip(stored.as_f32().unwrap());
        let worst = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst > 0.0 && worst <= tolerance, "{format:?}: {worst}");
    }
}

#[test]
fn the_safetensors_crate_opens_it() {
    let generator = automaton();
    let bytes = write(&generator, WeightFormat::U8).unwrap();
    let (_, header) = safetensors::SafeTensors::read_metadata(&bytes).unwrap();
    assert_eq!(header.metadata().as_ref().unwrap()["imagine.format"], "1");
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let gain = file.tensor("output.gain").unwrap();
    assert_eq!(
        (gain.dtype(), gain.shape(), gain.data()),
        (safetensors::Dtype::F32, &[][..], &0.3f32.to_le_bytes()[..])
    );
    let quantized = file.tensor("step.perceive.weight").unwrap();
    assert_eq!((quantized.dtype(), quantized.shape()), (safetensors::Dtype::U8, &[8, 4, 3, 3][..]));
    assert_eq!(file.tensor("step.perceive.weight.scale").unwrap().shape(), [8]);
}

#[test]
fn saving_and_loading_keeps_the_hash() {
    let folder = std::env::temp_dir().join(format!("imagine_graph_file_{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("moss.generator.safetensors");
    save(&path, &automaton(), WeightFormat::F32).unwrap();
    let loaded = load(&path).unwrap();
    let left: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(left, ["moss.generator.safetensors"]);
    assert_eq!(loaded.name, "moss");
    assert_eq!(loaded.hash, hash(&write(&automaton(), WeightFormat::F32).unwrap()));
    assert_eq!(loaded.generator.generator, automaton());
}
