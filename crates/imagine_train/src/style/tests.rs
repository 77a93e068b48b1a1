//! Styles: the network is as small as it says, pairs match, a short training learns, a resumed one repeats.

use std::sync::Arc;

use burn::backend::{Autodiff, Flex};
use imagine_graph::{Card, Op, Size};
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::train::StyleTraining;
use super::*;
use crate::core::Trainer;
use crate::data::TrainingPicture;
use crate::error::PictureSetError;

type A = Autodiff<Flex>;

const SIDE: usize = 48;

/// Waves of a seed; painted, they are a third as bright and blue.
fn pair(seed: usize) -> PairedPicture {
    let wave = |at: usize| (at as f32 / (5 + seed) as f32).sin();
    let value = |i: usize| 0.5 + 0.25 * (wave(i % SIDE) + wave(i / SIDE));
    let picture = |name: &str, factors: [f32; 3]| {
        let plane = |factor: f32| (0..SIDE * SIDE).map(|i| (255.0 * factor * value(i)) as u8).collect();
        let (path, sha256) = (format!("{name}{seed}.png").into(), format!("{name}{seed}"));
        TrainingPicture { path, sha256, height: SIDE, width: SIDE, planes: factors.map(plane) }
    };
    PairedPicture { content: picture("content", [1.0; 3]), painted: picture("painted", [0.1, 0.1, 0.8]) }
}

fn set() -> StyleSet {
    StyleSet::new((0..4).map(|seed| vec![pair(seed)]).collect(), 32).unwrap()
}

fn options() -> StyleOptions {
    StyleOptions { width: 6, updates: 60, batch: 2, crop: 32, warm_up: 5, ..StyleOptions::default() }
}

#[test]
fn the_network_costs_what_it_says() {
    let network = StyleNetwork { width: 18 };
    assert_eq!(network, StyleOptions::default().network());
    assert_eq!(network.multiply_adds(), 3213);
    assert!(network.multiply_adds() <= 3300, "2 ms for 1280x720 at 3 TFLOP/s");
    let graph = network.graph(&mut StdRng::seed_from_u64(0)).validate().unwrap();
    let bound = graph.bind(Size::new(64, 64)).unwrap();
    let convolutions = graph.nodes().iter().filter(|node| matches!(node.op, Op::Conv(_)));
    let counted = convolutions.map(|node| {
        let weights = bound.value_type(node.inputs[1].unwrap()).shape.iter().product::<usize>();
        let made = &bound.value_type(node.outputs[0]).shape;
        weights * made[2] * made[3]
    });
    assert_eq!(counted.sum::<usize>() / (64 * 64), network.multiply_adds());
}

#[test]
fn crops_of_a_pair_lie_at_the_same_place() {
    let set = set();
    let batch = set.batch(3, 7, 8, 32);
    for (index, (content, painted)) in batch.content.iter().zip(&batch.painted).enumerate() {
        let channel = index / (32 * 32) % 3;
        let expected = content * [0.1, 0.1, 0.8][channel];
        assert!((painted - expected).abs() < 0.01, "{painted} at {index}, not {expected}");
    }
    assert_eq!(batch, set.batch(3, 7, 8, 32));
    assert_ne!(batch, set.batch(3, 8, 8, 32));
}

#[test]
fn unfit_pairs_are_named() {
    assert!(matches!(StyleSet::new(vec![vec![pair(0)]], 32), Err(PictureSetError::TooFew { found: 1 })));
    let small = StyleSet::new((0..3).map(|seed| vec![pair(seed)]).collect(), 64).unwrap_err().to_string();
    assert!(small.starts_with("content0.png: 48x48 pixels"), "{small}");
    let mut other = pair(1);
    other.painted = other.painted.cropped([0, 0], [SIDE, 40]);
    let other = StyleSet::new(vec![vec![pair(0), other]], 32).unwrap_err().to_string();
    assert_eq!(other, "painted1.png: 40x48 pixels, but its picture has 48x48");
}

#[test]
fn a_short_training_learns_and_a_resumed_one_repeats() {
    let folder = tempfile::tempdir().unwrap();
    let new = || StyleTraining::<A>::new(Arc::new(set()), options(), &Default::default()).unwrap();
    let mut training = new();
    let before = training.measure().unwrap();
    (0..30).for_each(|_| training.advance().unwrap());
    let saved = training.save(folder.path(), &Card::default()).unwrap();
    let learned = saved.difference < 0.7 * before.difference && saved.texture < 0.3 * before.texture;
    assert!(saved.best && learned, "{before:?}, then {saved:?}");
    let mut resumed = new();
    assert!(resumed.resume(folder.path()).unwrap() && resumed.update == 30);
    for training in [&mut training, &mut resumed] {
        (0..2).for_each(|_| training.advance().unwrap());
    }
    assert!((training.loss - resumed.loss).abs() < 1e-4 * training.loss, "{} and {}", training.loss, resumed.loss);
    let made = imagine_graph::file::load(folder.path().join("best.generator.safetensors")).unwrap();
    assert_eq!(crate::Family::of(&made.generator.generator.card), Some(crate::Family::Style));
}
