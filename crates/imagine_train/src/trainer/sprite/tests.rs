//! The trainer on discs and squares: it learns, resumes as if nothing had happened, and its files can be used.

use burn::backend::{Autodiff, Flex};
use imagine_graph::{Request, Size, parse_input};

use super::*;
use crate::architecture::sprite::SIDE;
use crate::data::{Sprite, SpriteBatch, synthetic_set};
use crate::trainer::{contest, spectral};

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

fn options() -> SpriteOptions {
    SpriteOptions {
        batch: 8,
        updates: 4,
        warm_up: 2,
        cool_down: 0,
        penalty_every: 2,
        augment: 0.3,
        checkpoint_every: 2,
        preview_every: 4,
        generator_rate: 2e-3,
        critic_rate: 2e-3,
        ..SpriteOptions::default()
    }
}

fn trainer(options: SpriteOptions) -> SpriteTrainer<A> {
    SpriteTrainer::new(synthetic_set(60), networks(), options, &Default::default()).unwrap()
}

#[test]
fn a_resumed_training_goes_the_way_it_would_have_gone() {
    let folder = tempfile::tempdir().unwrap();
    let (mut whole, mut first) = (trainer(options()), trainer(options()));
    for _ in 0..2 {
        whole.advance().unwrap();
        first.advance().unwrap();
    }
    first.save(folder.path(), &Card::default()).unwrap();
    let mut second = trainer(options());
    assert!(second.resume(folder.path()).unwrap());
    for _ in 0..2 {
        whole.advance().unwrap();
        second.advance().unwrap();
    }
    assert_eq!(second.update(), 4);
    assert_eq!(whole.contest.generator.weights(), second.contest.generator.weights());
    assert_eq!(whole.contest.critic.weights(), second.contest.critic.weights());
    assert_eq!(whole.contest.average.weights(), second.contest.average.weights());
    let mut other = trainer(SpriteOptions { seed: 1, ..options() });
    assert!(other.contest.generator.weights() != trainer(options()).contest.generator.weights());
    let narrow = SpriteNetworks { features: 12, ..networks() };
    other = SpriteTrainer::new(synthetic_set(60), narrow, options(), &Default::default()).unwrap();
    let message = other.resume(folder.path()).unwrap_err().to_string();
    assert!(message.contains("made with networks"), "{message}");
}

#[test]
fn a_critic_that_is_shown_other_words_learns_to_tell_them() {
    let mut trainer = trainer(options());
    let (set, networks, device) = (&trainer.set, &trainer.networks, trainer.device);
    let sprites: Vec<&Sprite> = set.sprites.iter().take(16).collect();
    let real = contest::images::<A>(sprites.iter().flat_map(|s| s.values()).collect(), [16, 4, SIDE, SIDE], &device);
    let told = |right: bool| {
        let said = |sprite: &&Sprite| if (sprite.words[0] == "small") == right { "small" } else { "large" };
        let prompts = sprites.iter().map(|sprite| said(sprite).into()).collect();
        let classes = sprites.iter().map(|sprite| sprite.class).collect();
        update::conditions(networks, &SpriteBatch { values: Vec::new(), classes, prompts })
    };
    let (right, wrong) = (told(true), told(false));
    let twice = right.each_ref().map(|condition| contest::stacked(condition, condition));
    let mismatch = contest::Mismatch { conditions: &wrong, differs: &[true; 16], weight: 1.0 };
    let lead = |critic: &imagine_burn::Network<A>| {
        let mean = |told| contest::scalar(contest::judge(critic, real.clone(), told).unwrap().mean());
        mean(&right) - mean(&wrong)
    };
    let before = lead(&trainer.contest.critic);
    for _ in 0..20 {
        // Generated images that are the real ones teach nothing.
        let show = |seen| burn::tensor::Tensor::cat(vec![real.clone(), seen], 0);
        let learnt =
            trainer.contest.learn(real.clone().require_grad(), show, &twice, 0.0, Some(&mismatch), None).unwrap();
        trainer.contest.apply(
            learnt,
            &contest::Pace { rates: [0.0, 4e-3], warm_up: 1, cool_down: 0, updates: 100, accumulate: 1 },
        );
    }
    let after = lead(&trainer.contest.critic);
    assert!(before.abs() < 0.2 && after > before + 0.5, "{before} {after}");
}

#[test]
fn without_moments_a_training_goes_on_in_small_steps() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = trainer(options());
    (0..3).for_each(|_| first.advance().unwrap());
    first.save(folder.path(), &Card::default()).unwrap();
    std::fs::remove_file(folder.path().join("resume/moments.safetensors")).unwrap();
    let largest_step = |warm_up: u32| {
        let mut second = trainer(SpriteOptions { warm_up, ..options() });
        assert!(second.resume(folder.path()).unwrap());
        let before = second.contest.generator.weights();
        second.advance().unwrap();
        let steps = second.contest.generator.weights().into_iter().flat_map(|(name, tensor)| {
            let before = before[&name].as_f32().unwrap_or_default().to_vec();
            let after = tensor.as_f32().unwrap_or_default().to_vec();
            before.into_iter().zip(after).map(|(a, b)| (a - b).abs()).collect::<Vec<f32>>()
        });
        steps.fold(0.0, f32::max)
    };
    let [slow, fast] = [largest_step(1000), largest_step(1)];
    assert!(slow > 0.0 && slow < 0.01 * fast, "{slow} {fast}");
    std::fs::remove_file(folder.path().join("best.generator.safetensors")).unwrap();
    let mut moved = trainer(options());
    assert!(moved.resume(folder.path()).unwrap());
    assert!(matches!(moved.save(folder.path(), &Card::default()).unwrap(), SpriteEvent::Saved { best: true, .. }));
}

#[test]
fn the_last_updates_move_less_and_less() {
    let mut trainer = trainer(SpriteOptions { updates: 8, warm_up: 1, cool_down: 6, penalty: 0.0, ..options() });
    let moved = |trainer: &mut SpriteTrainer<A>| {
        let weight = |trainer: &SpriteTrainer<A>| trainer.contest.generator.weights()["seed.weight"].clone();
        let before = weight(trainer);
        trainer.advance().unwrap();
        let (before, after) = (before.as_f32().unwrap().to_vec(), weight(trainer));
        before.iter().zip(after.as_f32().unwrap()).map(|(a, b)| (a - b).abs()).sum::<f32>()
    };
    let steps: Vec<f32> = (0..8).map(|_| moved(&mut trainer)).collect();
    assert!(steps[7] < 0.5 * steps[2] && steps[7] > 0.0, "{steps:?}");
}

#[test]
fn accumulated_batches_move_both_networks() {
    let mut trainer = trainer(SpriteOptions { accumulate: 2, ..options() });
    let before = [trainer.contest.generator.weights(), trainer.contest.critic.weights()];
    trainer.advance().unwrap();
    let after = [trainer.contest.generator.weights(), trainer.contest.critic.weights()];
    for (before, after) in before.iter().zip(&after) {
        let still: Vec<_> = before.keys().filter(|name| before[*name] == after[*name]).collect();
        let learnt = still.iter().filter(|name| !FIXED.contains(&name.as_str())).count();
        assert_eq!(learnt, 0, "{still:?}");
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
    assert!(events.iter().any(|event| matches!(event, SpriteEvent::Saved { best: true, .. })));
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

#[test]
fn generated_sprites_come_nearer_to_the_data() {
    let mut trainer = trainer(SpriteOptions { updates: 120, overfit_target: 0.0, augment: 0.0, ..options() });
    let before = trainer.distance().unwrap();
    for _ in 0..120 {
        trainer.advance().unwrap();
    }
    let after = trainer.distance().unwrap();
    assert!(after < 0.6 * before, "{before} -> {after}");
}

#[test]
fn with_hinges_the_critics_slope_stays_bounded_and_sprites_come_nearer() {
    let hinge = SpriteOptions { game: Game::Hinge, penalty: 0.0, overfit_target: 0.0, augment: 0.0, ..options() };
    let mut trainer = trainer(SpriteOptions { updates: 120, ..hinge });
    let before = trainer.distance().unwrap();
    for _ in 0..120 {
        trainer.advance().unwrap();
    }
    let after = trainer.distance().unwrap();
    assert!(after < 0.7 * before, "{before} -> {after}");
    let values = spectral::singular_values(&trainer.contest.critic);
    assert_eq!(values.len(), 10);
    for (name, kept, largest) in values {
        assert!((kept - largest).abs() < 0.1 * largest, "{name}: {kept} is kept, {largest} is the largest");
    }
}

#[test]
fn a_training_whose_generator_has_lost_is_given_up() {
    let mut trainer = trainer(SpriteOptions { updates: 1000, ..options() });
    trainer.progress.loss = 1e-4;
    trainer.advance().unwrap();
    trainer.contest.update = 700;
    trainer.progress.loss = 1e-4;
    let message = trainer.advance().unwrap_err().to_string();
    assert!(message.starts_with("update 701: the critic's mean loss is 0.0"), "{message}");
}

#[test]
fn moments_of_another_network_are_an_error() {
    let mut trainer = trainer(options());
    trainer.advance().unwrap();
    let mut parts = trainer.contest.parts();
    trainer.contest.restore(parts.clone(), 1, Path::new("set")).unwrap();
    trainer.advance().unwrap();
    parts[3].remove("critic.000").unwrap();
    let message = trainer.contest.restore(parts, 1, Path::new("set")).unwrap_err().to_string();
    assert!(
        message.contains("moments called \"critic.\"..") && message.contains("where the network learns"),
        "{message}"
    );
}

#[test]
fn options_out_of_range_are_named() {
    let error = |options| {
        SpriteTrainer::<A>::new(synthetic_set(20), networks(), options, &Default::default()).err().unwrap().to_string()
    };
    assert!(error(SpriteOptions { batch: 0, ..options() }).contains("option batch: 1 to 4096"));
    assert!(error(SpriteOptions { penalty: f32::NAN, ..options() }).contains("option penalty"));
}
