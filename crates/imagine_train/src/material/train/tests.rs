//! Training on materials made here: it learns, a resumed training repeats the one that was not stopped, missing maps are left
//! alone.

use burn::backend::{Autodiff, Flex};
use burn::tensor::Tensor;
use imagine_graph::{OutputKind, Request, Size, parse_input};

use super::train as train_materials;
use super::*;
use crate::gan::Training;
use crate::gan::testing::assert_resuming_repeats;
use crate::material::data::tests::synthetic_set;
use crate::material::format::RELIEF;

type A = Autodiff<Flex>;

fn gan() -> GanOptions {
    GanOptions {
        updates: 4,
        batch: 4,
        warm_up: 2,
        cool_down: 0,
        penalty_every: 2,
        checkpoint_every: 2,
        preview_every: 4,
        generator_rate: 2e-3,
        critic_rate: 2e-3,
        ..MaterialOptions::default().gan
    }
}

fn options() -> MaterialOptions {
    MaterialOptions {
        gan: gan(),
        width: 4,
        critic_width: 4,
        crop: 32,
        margin: 0,
        patches: 64,
        ..MaterialOptions::default()
    }
}

fn training(options: MaterialOptions) -> Training<A, MaterialTask> {
    Training::new(MaterialTask::new(synthetic_set(), options).unwrap(), &Default::default()).unwrap()
}

#[test]
fn a_resumed_training_repeats_the_uninterrupted_one() {
    assert_resuming_repeats(|| training(options()));
}

#[test]
fn a_seed_has_its_own_weights_and_other_networks_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = training(options());
    first.save(folder.path(), &Card::default()).unwrap();
    let other = training(MaterialOptions { gan: GanOptions { seed: 1, ..gan() }, ..options() });
    assert_ne!(other.networks.generator.weights(), first.networks.generator.weights());
    let message = training(MaterialOptions { width: 8, ..options() }).resume(folder.path()).unwrap_err().to_string();
    assert!(message.contains("made with networks"), "{message}");
}

#[test]
fn missing_maps_get_no_gradient() {
    let training = training(options());
    let device = Default::default();
    let side = 32;
    let mut rng = StdRng::seed_from_u64(4);
    // Sand has a colour only; bumps have normal, height and roughness.
    let gradient = |exemplar: usize, rng: &mut StdRng| {
        let Data { set, networks, bases, .. } = training.task.data();
        let batch = set.crops(Part::Trained, networks.exemplars[exemplar].kind, 1, side, rng);
        let inputs = CropInputs::draw(networks, bases, &specs(&batch), [side, 1], rng);
        let conditions = critic_conditions(networks, bases, &batch);
        let made = inputs.make(&training.networks.generator, &device).unwrap();
        let seen = Tensor::<A, 4>::from_inner(made.inner()).require_grad();
        let score = critic_scores(&training.networks.critic, seen.clone(), &conditions).unwrap();
        let gradient = seen.grad(&score.sum().backward()).unwrap().into_data().to_vec::<f32>().unwrap();
        let of = |channel: usize| {
            gradient[channel * side * side..(channel + 1) * side * side].iter().map(|g| g.abs()).sum::<f32>()
        };
        (0..CHANNELS).map(|channel| of(channel) > 0.0).collect::<Vec<bool>>()
    };
    let (yes, no) = (true, false);
    assert_eq!(gradient(3, &mut rng), [yes, yes, yes, no, no, no, no, no, no]);
    assert_eq!(gradient(2, &mut rng), [yes, yes, yes, yes, yes, yes, no, no, no]);
    assert_eq!(gradient(0, &mut rng), [yes, yes, yes, yes, yes, yes, yes, no, no]);
}

#[test]
fn a_penalty_enters_for_all_weights_but_the_fixed_ones() {
    let mut training = training(MaterialOptions { gan: GanOptions { accumulate: 2, ..gan() }, ..options() });
    let before = [training.networks.generator.weights(), training.networks.critic.weights()];
    training.advance().unwrap();
    assert!(training.progress().penalty > 0.0);
    let after = [training.networks.generator.weights(), training.networks.critic.weights()];
    for (before, after) in before.iter().zip(&after) {
        // A constant cancels out of every pair; only rounding moves it.
        let fixed = |name: &str| FIXED.contains(&name) || name == "own.bias";
        let still = before.keys().filter(|name| before[*name] == after[*name] && !fixed(name));
        assert_eq!(still.collect::<Vec<_>>(), Vec::<&String>::new());
        assert!(before.keys().filter(|name| FIXED.contains(&name.as_str())).all(|name| before[name] == after[name]));
    }
}

#[test]
fn a_training_leaves_a_sheet_and_a_generator_that_obeys_its_controls() {
    let folder = tempfile::tempdir().unwrap();
    let mut events = Vec::new();
    let card = Card { title: "Materials".into(), ..Card::default() };
    train_materials::<A>(synthetic_set(), &options(), &card, folder.path(), &Default::default(), |event| {
        events.push(event);
        ControlFlow::Continue(())
    })
    .unwrap();
    assert!(events.iter().any(|event| matches!(event, Event::Saved { best: true, .. })));
    assert!(folder.path().join("sheet_0000004.png").exists());
    let loaded = imagine_graph::file::load(folder.path().join("best.generator.safetensors")).unwrap();
    assert!(loaded.generator.generator.card.recipe.contains("rows: base_color, normal, height"));
    let size = Size::new(48, 64);
    let made = |sets: &[(&str, &str)]| {
        let mut request = Request::new(size, 7);
        for (name, text) in sets {
            let inputs = loaded.generator.inputs();
            let input = inputs.iter().find(|input| input.name == *name).unwrap();
            request.inputs.insert(name.to_string(), parse_input(input, text).unwrap());
        }
        let made = imagine_burn::generate::<Flex>(&loaded.generator, &request, &Default::default()).unwrap();
        made.outputs
            .into_iter()
            .map(|(output, tensor)| (output.kind, tensor.as_f32().unwrap().to_vec()))
            .collect::<Vec<_>>()
    };
    let bumps = made(&[("kind", "bumps")]);
    assert_eq!(bumps, made(&[]));
    for sets in [[("kind", "rows")], [("kind", "bumps=1,rows=1")], [("scale", "0.5")], [("relief", "2")]] {
        assert_ne!(bumps, made(&sets), "{sets:?}");
    }
    let map = |made: &[(OutputKind, Vec<f32>)], kind| made.iter().find(|(found, _)| *found == kind).unwrap().1.clone();
    // No kind has metal or occlusion, and sand has only colour: missing maps are neutral, not invented.
    let sand = made(&[("kind", "sand")]);
    for (kind, value) in [
        (OutputKind::Height, 0.5),
        (OutputKind::Roughness, 0.5),
        (OutputKind::Occlusion, 1.0),
        (OutputKind::Metallic, 0.0),
    ] {
        assert!(map(&sand, kind).iter().all(|found| *found == value), "{kind:?}");
    }
    assert!(map(&bumps, OutputKind::Metallic).iter().all(|value| *value == 0.0));
    assert!(map(&bumps, OutputKind::Roughness).iter().any(|value| *value != 0.5));
    normals_are_the_slopes(&map(&bumps, OutputKind::Height), &map(&bumps, OutputKind::Normal), size);
}

/// Normals have unit length and match the height, across the border too.
fn normals_are_the_slopes(height: &[f32], normal: &[f32], size: Size) {
    let (rows, columns) = (size.height, size.width);
    let area = rows * columns;
    let at = |y: usize, x: usize| height[y % rows * columns + x % columns];
    let mut steepest = 0f32;
    for y in 0..rows {
        for x in 0..columns {
            let (up, left) = (y + rows - 1, x + columns - 1);
            let across = |y| at(y, x + 1) - at(y, left);
            let down = |x| at(y + 1, x) - at(up, x);
            let slope = [
                -(across(up) + 2.0 * across(y) + across(y + 1)) / 8.0 * RELIEF,
                (down(left) + 2.0 * down(x) + down(x + 1)) / 8.0 * RELIEF,
            ];
            let length = (slope[0] * slope[0] + slope[1] * slope[1] + 1.0).sqrt();
            let expected = [slope[0] / length, slope[1] / length, 1.0 / length];
            for (channel, expected) in expected.into_iter().enumerate() {
                let found = normal[channel * area + y * columns + x];
                assert!((found - expected).abs() < 1e-4, "{y} {x} {channel}: {found}, not {expected}");
            }
            steepest = steepest.max(1.0 - expected[2]);
        }
    }
    assert!(steepest > 1e-5, "the height is flat");
}

#[test]
fn generated_materials_come_nearer_to_the_data() {
    let mut training =
        training(MaterialOptions { gan: GanOptions { updates: 60, batch: 8, penalty_every: 8, ..gan() }, ..options() });
    let distance = |training: &Training<A, MaterialTask>| training.task.distance(&training.networks).unwrap();
    let before = distance(&training);
    for _ in 0..60 {
        training.advance().unwrap();
    }
    let after = distance(&training);
    assert!(after < 0.85 * before, "{before} -> {after}");
}

#[test]
fn a_generator_that_learns_alone_leaves_the_critic_as_it_was_until_it_enters() {
    let mut training = training(MaterialOptions { critic_from: 2, ..options() });
    let weights = |training: &Training<A, MaterialTask>| {
        [training.networks.generator.weights(), training.networks.critic.weights()]
    };
    let [generator, critic] = weights(&training);
    (0..2).for_each(|_| training.advance().unwrap());
    let alone = weights(&training);
    assert!(alone[0] != generator && alone[1] == critic);
    let folder = tempfile::tempdir().unwrap();
    training.save(folder.path(), &Card::default()).unwrap();
    training.advance().unwrap();
    let both = weights(&training);
    assert!(both[0] != alone[0] && both[1] != critic);
    let mut resumed = self::training(MaterialOptions { critic_from: 2, ..options() });
    assert!(resumed.resume(folder.path()).unwrap());
    resumed.advance().unwrap();
    assert_eq!(weights(&resumed), both);
    training.save(folder.path(), &Card::default()).unwrap();
    training.advance().unwrap();
    assert!(resumed.resume(folder.path()).unwrap());
    resumed.advance().unwrap();
    assert_eq!(weights(&resumed), weights(&training));
}

#[test]
fn options_out_of_range_are_named() {
    let error = |options| MaterialTask::new(synthetic_set(), options).err().unwrap().to_string();
    assert!(error(MaterialOptions { crop: 224, ..options() }).contains("at most the 192 texels"));
    assert!(error(MaterialOptions { crop: 40, ..options() }).contains("a multiple of 32"));
    assert!(error(MaterialOptions { width: 6, ..options() }).contains("option width: expected a multiple of 4"));
    assert!(error(MaterialOptions { critic_from: 9, texture: 0.0, ..options() }).contains("option critic-from"));
    assert!(error(MaterialOptions { texture: f32::NAN, ..options() }).contains("option texture"));
}

#[test]
fn other_crops_of_a_kind_are_nearer_than_those_of_another_kind() {
    let set = synthetic_set();
    let ranking = Ranking::new(&set, 64);
    let crops = |kind_of: &dyn Fn(usize) -> usize| {
        let mut rng = StdRng::seed_from_u64(9);
        let mut of = |kind: usize| set.crops(Part::Trained, kind_of(kind), EACH, 64, &mut rng).values;
        ranking.kinds.iter().flat_map(|kind| of(*kind)).collect::<Vec<f32>>()
    };
    let count = set.kinds.len();
    let [own, other] = [ranking.distance(crops(&|kind| kind)), ranking.distance(crops(&|kind| (kind + 1) % count))];
    assert!(own < 0.5 * other, "{own} {other}");
}
