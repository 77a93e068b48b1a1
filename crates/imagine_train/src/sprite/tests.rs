//! Training on discs and squares: it learns, a resumed training repeats the one that was not stopped, files can be used.

use std::ops::ControlFlow;

use burn::backend::{Autodiff, Flex};
use burn::tensor::Tensor;
use imagine_graph::{Card, Request, Size, Tensor as Elements, parse_input};
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::data::tests::synthetic_set;
use super::train::{SpriteTask, train as train_sprites};
use super::*;
use crate::core::{LearningRates, ResumeSet, Trainer};
use crate::gan::testing::assert_resuming_repeats;
use crate::gan::{
    Event, GanOptions, Mismatch, Saved, Task, Training, critic_scores, images, scalar, singular_values, stacked,
};
use crate::loss::GanLoss;

type A = Autodiff<Flex>;

fn networks() -> SpriteNetworks {
    SpriteNetworks {
        latent: 8,
        tokens: 8,
        buckets: 64,
        embedding: 8,
        style: 16,
        channels: [16, 8, 8],
        finest: 4,
        features: 16,
        ..SpriteNetworks::default()
    }
}

fn gan() -> GanOptions {
    GanOptions {
        batch: 8,
        updates: 4,
        warm_up: 2,
        cool_down: 0,
        penalty_every: 2,
        checkpoint_every: 2,
        preview_every: 4,
        generator_rate: 2e-3,
        critic_rate: 2e-3,
        ..GanOptions::default()
    }
}

fn options() -> SpriteOptions {
    SpriteOptions { gan: gan(), augment: 0.3, ..SpriteOptions::default() }
}

fn training(options: SpriteOptions) -> Training<A, SpriteTask> {
    let task = SpriteTask::new(synthetic_set(60), networks(), options).unwrap();
    Training::new(task, &Default::default()).unwrap()
}

/// Weights of generator and critic.
fn weights(training: &Training<A, SpriteTask>) -> [std::collections::BTreeMap<String, Elements>; 2] {
    [training.networks.generator.weights(), training.networks.critic.weights()]
}

#[test]
fn a_resumed_training_repeats_the_uninterrupted_one() {
    assert_resuming_repeats(|| training(options()));
}

#[test]
fn a_resume_set_of_other_networks_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    training(options()).save(folder.path(), &Card::default()).unwrap();
    let narrow = SpriteNetworks { features: 12, ..networks() };
    let task = SpriteTask::new(synthetic_set(60), narrow, options()).unwrap();
    let mut other = Training::<A, _>::new(task, &Default::default()).unwrap();
    let message = other.resume(folder.path()).unwrap_err().to_string();
    assert!(message.contains("made with networks"), "{message}");
}

#[test]
fn the_seed_chooses_the_weights() {
    let other = training(SpriteOptions { gan: GanOptions { seed: 1, ..gan() }, ..options() });
    assert!(weights(&other) != weights(&training(options())));
}

#[test]
fn a_critic_that_sees_wrong_words_learns_to_tell_them() {
    let mut training = training(options());
    let device = training.networks.device;
    let sprites: Vec<&Sprite> = training.task.set.sprites.iter().take(16).collect();
    let real = images::<A>(sprites.iter().flat_map(|s| s.values()).collect(), [16, 4, SIDE, SIDE], &device);
    let conditions = |right: bool| {
        let word = |sprite: &&Sprite| if (sprite.words[0] == "small") == right { "small" } else { "large" };
        let prompts = sprites.iter().map(|sprite| word(sprite).into()).collect();
        let classes = sprites.iter().map(|sprite| sprite.class).collect();
        training.task.conditions(&SpriteBatch { values: Vec::new(), classes, prompts })
    };
    let (right, wrong) = (conditions(true), conditions(false));
    let twice = right.each_ref().map(|condition| stacked(condition, condition));
    let mismatch = Mismatch { conditions: &wrong, differs: &[true; 16], weight: 1.0 };
    let lead = |critic: &imagine_burn::Network<A>| {
        let mean = |conditions| scalar(critic_scores(critic, real.clone(), conditions).unwrap().mean());
        mean(&right) - mean(&wrong)
    };
    let before = lead(&training.networks.critic);
    let rates = LearningRates { rates: [0.0, 4e-3], warm_up: 1, cool_down: 0, updates: 100 };
    for _ in 0..12 {
        // Generated images equal to the real ones teach nothing.
        let show = |seen| Tensor::cat(vec![real.clone(), seen], 0);
        let fakes = real.clone().require_grad();
        let gradients = training.networks.learn(fakes, show, &twice, 0.0, Some(&mismatch)).unwrap();
        training.networks.apply(gradients, &rates, 1);
    }
    let after = lead(&training.networks.critic);
    assert!(before.abs() < 0.2 && after > before + 0.3, "{before} {after}");
}

#[test]
fn without_moments_a_training_continues_in_small_steps() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = training(options());
    (0..2).for_each(|_| first.advance().unwrap());
    first.save(folder.path(), &Card::default()).unwrap();
    std::fs::remove_file(folder.path().join("resume/moments.safetensors")).unwrap();
    let largest_step = |warm_up: u32| {
        let mut second = training(SpriteOptions { gan: GanOptions { warm_up, ..gan() }, ..options() });
        assert!(second.resume(folder.path()).unwrap());
        let [before, _] = weights(&second);
        second.advance().unwrap();
        let [after, _] = weights(&second);
        let steps = after.iter().flat_map(|(name, after)| {
            let (before, after) = (before[name].as_f32().unwrap_or_default(), after.as_f32().unwrap_or_default());
            before.iter().zip(after).map(|(a, b)| (a - b).abs())
        });
        steps.fold(0.0, f32::max)
    };
    let [slow, fast] = [largest_step(1000), largest_step(1)];
    assert!(slow > 0.0 && slow < 0.01 * fast, "{slow} {fast}");
    std::fs::remove_file(folder.path().join("best.generator.safetensors")).unwrap();
    let mut moved = training(options());
    assert!(moved.resume(folder.path()).unwrap());
    assert!(moved.save(folder.path(), &Card::default()).unwrap().best);
}

#[test]
fn the_last_updates_take_smaller_and_smaller_steps() {
    let gan = GanOptions { updates: 8, warm_up: 1, cool_down: 6, penalty: 0.0, ..gan() };
    let mut training = training(SpriteOptions { gan, ..options() });
    let step = |training: &mut Training<A, SpriteTask>| {
        let weight = |training: &Training<A, SpriteTask>| training.networks.generator.weights()["seed.weight"].clone();
        let before = weight(training);
        training.advance().unwrap();
        let (before, after) = (before.as_f32().unwrap().to_vec(), weight(training));
        before.iter().zip(after.as_f32().unwrap()).map(|(a, b)| (a - b).abs()).sum::<f32>()
    };
    let steps: Vec<f32> = (0..8).map(|_| step(&mut training)).collect();
    assert!(steps[7] < 0.5 * steps[2] && steps[7] > 0.0, "{steps:?}");
}

#[test]
fn accumulated_batches_and_a_penalty_move_all_weights_but_the_fixed_ones() {
    let mut training = training(SpriteOptions { gan: GanOptions { accumulate: 2, ..gan() }, ..options() });
    let before = weights(&training);
    training.advance().unwrap();
    assert!(training.progress(1.0, std::time::Duration::ZERO).penalty > 0.0);
    for (before, after) in before.iter().zip(&weights(&training)) {
        for (name, before) in before {
            assert_eq!(before == &after[name], FIXED.contains(&name.as_str()), "{name}");
        }
    }
}

#[test]
fn a_training_leaves_a_sheet_and_a_generator_that_obeys_its_controls() {
    let folder = tempfile::tempdir().unwrap();
    let mut events = Vec::new();
    let device = Default::default();
    let card = Card { title: "Shapes".into(), ..Card::default() };
    train_sprites::<A>(synthetic_set(60), networks(), &options(), &card, folder.path(), &device, |event| {
        events.push(event);
        ControlFlow::Continue(())
    })
    .unwrap();
    assert!(events.iter().any(|event| matches!(event, Event::Saved(Saved { best: true, .. }))));
    assert!(folder.path().join("sheet_0000004.png").exists());
    let loaded = imagine_graph::file::load(folder.path().join("best.generator.safetensors")).unwrap();
    let made = |sets: &[(&str, &str)]| {
        let mut request = Request::new(Size::new(32, 32).with_batch(2), 7);
        for (name, text) in sets {
            let inputs = loaded.generator.inputs();
            let input = inputs.iter().find(|input| input.name == *name).unwrap();
            request.inputs.insert(name.to_string(), parse_input(input, text).unwrap());
        }
        let made = imagine_burn::generate::<Flex>(&loaded.generator, &request, &Default::default()).unwrap();
        made.outputs.into_iter().map(|(_, tensor)| tensor.as_f32().unwrap().to_vec()).collect::<Vec<_>>()
    };
    let plain = made(&[]);
    assert_eq!(plain, made(&[]));
    assert!(plain[1].iter().all(|alpha| *alpha == 0.0 || *alpha == 1.0));
    assert_ne!(plain, made(&[("prompt", "red disc")]));
    assert_ne!(plain, made(&[("class", "square")]));
    let [one, other] = [&plain[0][..3072], &plain[0][3072..]];
    assert_ne!(one, other);
    let mean = made(&[("truncation", "0")]);
    assert_eq!(mean[0][..3072], mean[0][3072..]);
    let mut shades: Vec<u32> = made(&[("shades", "2")])[0].iter().map(|v| v.to_bits()).collect();
    shades.sort_unstable();
    shades.dedup();
    assert!(shades.len() <= 3, "0, -0 and 1: {shades:?}");
}

/// The distance of a training to the data before and after `updates`.
fn distances(loss: GanLoss, penalty: f32, updates: u32) -> ([f64; 2], Training<A, SpriteTask>) {
    let gan = GanOptions { updates, penalty, ..gan() };
    let mut training = training(SpriteOptions { gan, loss, overfit_target: 0.0, augment: 0.0, ..options() });
    let distance = |training: &Training<A, SpriteTask>| Task::distance(&training.task, &training.networks).unwrap();
    let before = distance(&training);
    (0..updates).for_each(|_| training.advance().unwrap());
    ([before, distance(&training)], training)
}

#[test]
fn generated_sprites_come_nearer_to_the_data() {
    let ([before, after], _) = distances(GanLoss::Relativistic, 0.3, 60);
    assert!(after < 0.7 * before, "{before} -> {after}");
}

#[test]
fn with_hinge_loss_sprites_come_nearer_and_singular_values_are_tracked() {
    let ([before, after], training) = distances(GanLoss::Hinge, 0.0, 60);
    assert!(after < 0.8 * before, "{before} -> {after}");
    let values = singular_values(&training.networks.critic);
    assert_eq!(values.len(), 10);
    for (name, kept, largest) in values {
        assert!((kept - largest).abs() < 0.1 * largest, "{name}: {kept} is kept, {largest} is the largest");
    }
}

#[test]
fn the_same_sprites_have_no_distance_and_empty_ones_a_large_one() {
    let set = synthetic_set(120);
    let held_back = set.held_back_batch(usize::MAX, &mut StdRng::seed_from_u64(0));
    let trained: Vec<f32> = set.sprites.iter().take(held_back.classes.len()).flat_map(|s| s.values()).collect();
    let task = SpriteTask::new(set, networks(), options()).unwrap();
    assert_eq!(task.distance_of(&held_back.values), 0.0);
    let [near, far] = [task.distance_of(&trained), task.distance_of(&vec![0.0; trained.len()])];
    assert!(near < 0.5 * far, "{near} {far}");
}

#[test]
fn a_training_that_the_critic_has_won_is_given_up() {
    let mut training = training(SpriteOptions { gan: GanOptions { updates: 1000, ..gan() }, ..options() });
    training.set_loss(1e-4);
    training.advance().unwrap();
    training.networks.update = 700;
    training.set_loss(1e-4);
    let message = training.advance().unwrap_err().to_string();
    assert!(message.starts_with("update 701: the critic has won (mean loss 0.0"), "{message}");
}

#[test]
fn moments_of_another_network_are_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let mut training = training(options());
    training.advance().unwrap();
    let mut parts = training.networks.parts();
    parts[3].1.insert("critic.second".into(), Elements::f32([3], [0.0; 3]));
    let set = ResumeSet::new(folder.path(), Default::default(), parts);
    let message = training.networks.restore(&set).unwrap_err().to_string();
    assert!(message.contains("3 moments of \"critic\""), "{message}");
}

#[test]
fn options_out_of_range_are_named() {
    let error = |options| {
        let task = SpriteTask::new(synthetic_set(20), networks(), options);
        task.and_then(|task| Training::<A, _>::new(task, &Default::default())).err().unwrap().to_string()
    };
    let with = |gan| error(SpriteOptions { gan, ..options() });
    assert!(with(GanOptions { batch: 0, ..gan() }).contains("option batch: expected 1 to 4096"));
    assert!(with(GanOptions { penalty: f32::NAN, ..gan() }).contains("option penalty"));
    assert!(error(SpriteOptions { augment: 0.9, ..options() }).contains("option augment"));
}
