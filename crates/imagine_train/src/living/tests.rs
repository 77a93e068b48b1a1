//! Training living textures on a small exemplar made here.

use std::ops::ControlFlow;
use std::path::Path;

use burn::backend::{Autodiff, Flex};
use imagine_graph::{Card, Generator, OutputKind, Size};

use super::train::{TextureTraining, train as train_texture};
use super::*;

type Backend = Autodiff<Flex>;

/// Diagonal stripes in colour and slopes, 32x32.
fn stripes() -> Exemplar {
    let wave = |phase: f32| {
        let at = move |i: usize| ((i / 32 + i % 32) as f32 * std::f32::consts::TAU / 8.0 + phase).sin() * 1.4;
        (0..32 * 32).map(at).collect::<Vec<f32>>()
    };
    let map = |kind, count: usize| ExemplarMap {
        kind,
        mean: vec![if kind == OutputKind::Normal { 0.0 } else { 0.5 }; count],
        std: vec![0.2; count],
        channels: (0..count).map(|channel| wave(channel as f32)).collect(),
    };
    let metallic = ExemplarMap { kind: OutputKind::Metallic, mean: vec![1.0], std: vec![0.0], channels: vec![] };
    let maps = vec![map(OutputKind::BaseColor, 3), map(OutputKind::Normal, 2), metallic];
    Exemplar {
        maps,
        height: 32,
        width: 32,
        tiles: true,
        sha256: "0".repeat(64),
        name: "stripes".into(),
        notes: Vec::new(),
    }
}

fn small(updates: u32) -> TextureOptions {
    TextureOptions {
        updates,
        channels: 8,
        hidden: 16,
        torus: 16,
        batch: 1,
        rollout: vec![3, 5],
        pool: 3,
        levels: 2,
        patches: 64,
        checkpoint_every: 2,
        preview_every: 1000,
        steps: 4,
        ..TextureOptions::default()
    }
}

fn train(folder: Option<&Path>, updates: u32, stop_after: u32) -> Generator {
    let report = |event| match event {
        Event::Updated(progress) if progress.update >= stop_after => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let card = Card::default();
    train_texture::<Backend>(&stripes(), &small(updates), None, &card, folder, &Default::default(), report).unwrap()
}

#[test]
fn a_resumed_training_ends_like_an_uninterrupted_one() {
    let folder = tempfile::tempdir().unwrap();
    let whole = train(None, 6, 6);
    assert_ne!(train(Some(folder.path()), 6, 3), whole);
    assert_eq!(train(Some(folder.path()), 6, 6), whole);
    assert_eq!(train(None, 6, 6), whole);
}

#[test]
fn training_lowers_the_loss() {
    let mut losses = Vec::new();
    let report = |event| {
        if let Event::Updated(progress) = event {
            losses.push(progress.transport + 0.5 * progress.sliced);
        }
        ControlFlow::Continue(())
    };
    let card = Card::default();
    let options = TextureOptions { rollout: vec![6, 8], learning_rate: 0.004, ..small(300) };
    train_texture::<Backend>(&stripes(), &options, None, &card, None, &Default::default(), report).unwrap();
    let mean = |part: &[f32]| part.iter().sum::<f32>() / part.len() as f32;
    let (first, last) = (mean(&losses[..10]), mean(&losses[280..]));
    assert!(last < 0.9 * first, "{first} {last}");
}

#[test]
fn without_moments_a_training_warms_up_again() {
    let folder = tempfile::tempdir().unwrap();
    let device = Default::default();
    train(Some(folder.path()), 40, 30);
    std::fs::remove_file(folder.path().join("resume/moments.safetensors")).unwrap();
    let mut rates = Vec::new();
    let report = |event| {
        if let Event::Updated(progress) = event {
            rates.push(progress.learning_rate);
        }
        ControlFlow::Continue(())
    };
    let card = Card::default();
    train_texture::<Backend>(&stripes(), &small(32), None, &card, Some(folder.path()), &device, report).unwrap();
    assert_eq!(rates.len(), 2);
    // The decayed rate of the last fifth, at the first two of twenty steps of warm-up.
    for (rate, step) in rates.into_iter().zip([1.0, 2.0]) {
        assert!((rate - 0.002 * 0.1 * step / 20.0).abs() < 1e-8, "{rate}");
    }
}

#[test]
fn the_generator_makes_unit_normals_and_keeps_constants() {
    let valid = train(None, 3, 3).validate().unwrap();
    let request = imagine_graph::Request::new(Size::new(9, 7), 3);
    let made = imagine_burn::generate::<Flex>(&valid, &request, &Default::default()).unwrap();
    let map = |kind| {
        let (_, tensor) = made.outputs.iter().find(|(output, _)| output.kind == kind).unwrap();
        tensor.as_f32().unwrap().to_vec()
    };
    let normal = map(OutputKind::Normal);
    for pixel in 0..63 {
        let square: f32 = (0..3).map(|c| normal[c * 63 + pixel].powi(2)).sum();
        assert!((square - 1.0).abs() < 1e-5, "{square}");
    }
    assert!(map(OutputKind::Metallic).iter().all(|&v| v == 1.0));
    let state = made.state.unwrap();
    assert!(state.as_f32().unwrap().iter().all(|v| v.abs() <= 3.0));
}

#[test]
fn a_preview_shows_all_maps_and_another_exemplar_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let trainer = TextureTraining::<Backend>::new(stripes(), small(1), None, &Default::default()).unwrap();
    let sheet = image::open(trainer.preview(folder.path()).unwrap()).unwrap();
    assert_eq!((sheet.width(), sheet.height()), (32 + 128 + 256 + 12, 2 * 260));
    trainer.save(folder.path(), &Card::default()).unwrap();
    let other = Exemplar { sha256: "1".repeat(64), ..stripes() };
    let mut other = TextureTraining::<Backend>::new(other, small(1), None, &Default::default()).unwrap();
    let message = other.resume(folder.path()).unwrap_err().to_string();
    assert!(message.contains("resume: made with exemplar 000"), "{message}");
}

#[test]
fn options_out_of_range_are_named() {
    let new = |options| TextureTraining::<Backend>::new(stripes(), options, None, &Default::default()).err().unwrap();
    let message = new(TextureOptions { channels: 6, ..small(1) }).to_string();
    assert_eq!(message, "option channels: expected a multiple of 4, 8 to 256, found 6");
    let message = new(TextureOptions { grain: 4, ..small(1) }).to_string();
    assert_eq!(message, "option channels: expected a multiple of 4, 12 to 256, found 8");
    let message = new(TextureOptions { rollout: vec![5, 3], ..small(1) }).to_string();
    assert!(message.contains("rollout"), "{message}");
}

#[test]
fn a_training_starts_from_a_texture_and_its_recipe_says_so() {
    let first = train(None, 2, 2);
    let device = Default::default();
    let report = |_| ControlFlow::Continue(());
    let continued = |updates, start: &Generator, folder: Option<&Path>| {
        let card = Card { title: "Second".into(), ..Card::default() };
        train_texture::<Backend>(&stripes(), &small(updates), Some(start), &card, folder, &device, report)
    };
    let untrained = TextureTraining::<Backend>::new(stripes(), small(1), Some(&first), &device).unwrap();
    let trained = |generator: &Generator| {
        let weights = generator.recurrence.as_ref().unwrap().step.weights.clone();
        let learned = weights.iter().filter(|(name, _)| TRAINABLE.contains(&name.as_str()));
        learned.map(|(name, weight)| (name.clone(), weight.clone())).collect::<Vec<_>>()
    };
    assert_eq!(trained(&untrained.generator(&Card::default())), trained(&first));
    let folder = tempfile::tempdir().unwrap();
    let second = continued(2, &first, Some(folder.path())).unwrap();
    assert_ne!(trained(&second), trained(&first));
    assert_eq!(second.card.training_data.len(), 2);
    assert!(
        second.card.recipe.starts_with("started from \"stripes\": neural cellular automaton"),
        "{}",
        second.card.recipe
    );
    // Its resume set belongs to a training with that start.
    let mut fresh = TextureTraining::<Backend>::new(stripes(), small(2), None, &device).unwrap();
    assert!(fresh.resume(folder.path()).unwrap_err().to_string().contains("made with start"));
    let mut again = TextureTraining::<Backend>::new(stripes(), small(2), Some(&first), &device).unwrap();
    assert!(again.resume(folder.path()).unwrap());
    let wide = TextureOptions { hidden: 20, ..small(1) };
    let message = TextureTraining::<Backend>::new(stripes(), wide, Some(&first), &device).err().unwrap().to_string();
    assert!(message.contains("[8, 16, 0] [channels, hidden, grain]"), "{message}");
}
