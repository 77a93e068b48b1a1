//! Restorers: damage is what it says, kernels collapse exactly, a short training learns, a resumed one repeats.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use burn::backend::{Autodiff, Flex};
use imagine_burn::{Network, Value};
use imagine_graph::rng::RandomState;
use imagine_graph::{Size, Tensor};
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::evaluate::DamagedPair;
use super::train::RestorePairs;
use super::*;
use crate::core::linear::{Form, collapsed_weights};
use crate::core::pairs::PairTraining;
use crate::core::{Trainer, rng};
use crate::data::{PictureSet, TrainingPicture};

type A = Autodiff<Flex>;

/// Discs, a slope and stripes.
fn drawn(index: usize, side: usize) -> image::RgbImage {
    image::RgbImage::from_fn(side as u32, side as u32, |x, y| {
        let (x, y, turn) = (x as f32, y as f32, index as f32 * 0.9);
        let disc = (x - 20.0 - turn).hypot(y - 25.0 - 2.0 * turn) < 12.0 + turn;
        let value = if disc { 200.0 } else { 40.0 + 2.0 * x * turn.cos().abs() };
        image::Rgb([value as u8, (255.0 - value) as u8, (value * 0.6) as u8 + index as u8])
    })
}

fn picture(index: usize, side: usize) -> TrainingPicture {
    let drawn = drawn(index, side);
    let plane = |channel: usize| drawn.as_raw().iter().skip(channel).step_by(3).copied().collect();
    let planes = [0, 1, 2].map(plane);
    TrainingPicture { path: PathBuf::from("a.png"), sha256: String::new(), height: side, width: side, planes }
}

fn set(folder: &Path) -> Arc<PictureSet> {
    for index in 0..8 {
        drawn(index, 64).save(folder.join(format!("{index}.png"))).unwrap();
    }
    Arc::new(PictureSet::read(&[folder.to_path_buf()], 32, None).unwrap())
}

fn options() -> RestoreOptions {
    RestoreOptions { batch: 4, crop: 32, updates: 30, learning_rate: 2e-3, warm_up: 4, ..RestoreOptions::default() }
}

fn training(set: &Arc<PictureSet>, options: RestoreOptions) -> PairTraining<A, RestorePairs> {
    PairTraining::new(RestorePairs::new(set.clone(), options).unwrap(), &Default::default()).unwrap()
}

fn psnr(damage: Damage, index: usize) -> f64 {
    let pair = DamagedPair::new(&picture(index, 64), 64, &damage, 1);
    pair.psnr(&pair.damaged)
}

#[test]
fn damage_is_what_it_says() {
    let none = Damage::default();
    assert!(none.is_none() && psnr(none, 2) == 100.0);
    // Noise of deviation s has 20 log10(255 / s) decibels; a little more where it is cut off.
    let noise = psnr(Damage { noise: 15.0, ..none }, 2);
    assert!((noise - 24.6).abs() < 0.5, "{noise}");
    let levels = Damage { levels: Some(4), ..none };
    let banded = DamagedPair::new(&picture(2, 64), 64, &levels, 1).damaged;
    assert!(banded.planes.iter().flatten().all(|value| value % 85 == 0));
    let steps: Vec<f64> = [10, 20, 40, 80].map(|quality| psnr(Damage { jpeg: Some(quality), ..none }, 2)).to_vec();
    assert!(steps.windows(2).all(|pair| pair[0] < pair[1]) && steps[0] < 36.0 && steps[0] > 20.0, "{steps:?}");
    let halved = Damage { jpeg: Some(80), halves_color: true, ..none };
    assert!(psnr(halved, 2) < steps[3] && psnr(halved, 2) > 20.0, "{}", psnr(halved, 2));
    let [mild, strong] = [0.4, 0.9].map(|blur| psnr(Damage { blur, ..none }, 2));
    assert!(strong < mild && mild < 60.0, "{mild} {strong}");
    let grey = Damage { noise: 20.0, grey_noise: true, ..none };
    let flat = TrainingPicture { planes: [(); 3].map(|()| vec![128; 64 * 64]), ..picture(2, 64) };
    let noisy = DamagedPair::new(&flat, 64, &grey, 1).damaged;
    assert!(noisy.planes[0] == noisy.planes[1] && noisy.planes[0] != flat.planes[0]);
    let colored = DamagedPair::new(&flat, 64, &Damage { grey_noise: false, ..grey }, 1).damaged;
    assert_ne!(colored.planes[0], colored.planes[1]);
}

#[test]
fn random_damage_leaves_some_pictures_and_reaches_all_kinds() {
    let damages: Vec<Damage> = (0..2000).map(|seed| Damage::random(&mut rng::numbered(3, seed))).collect();
    let share = |holds: &dyn Fn(&Damage) -> bool| damages.iter().filter(|damage| holds(damage)).count() as f64 / 2000.0;
    assert!((0.18..0.32).contains(&share(&Damage::is_none)), "{}", share(&Damage::is_none));
    for (name, share) in [
        ("blur", share(&|damage| damage.blur > 0.0)),
        ("noise", share(&|damage| damage.noise > 40.0)),
        ("levels", share(&|damage| damage.levels.is_some())),
        ("jpeg", share(&|damage| damage.jpeg.is_some_and(|quality| quality < 20))),
    ] {
        assert!(share > 0.03, "{name} {share}");
    }
    assert!(damages.iter().all(|damage| damage.jpeg.is_none_or(|quality| (1..=100).contains(&quality))));
}

#[test]
fn clean_crops_are_those_of_the_picture_and_the_damaged_lie_over_them() {
    let folder = tempfile::tempdir().unwrap();
    let set = set(folder.path());
    let batch = RestoreBatch::new(&set, 1, 7, 64, 32);
    assert_eq!(batch.clean.len(), 64 * 3 * 32 * 32);
    assert_eq!(batch, RestoreBatch::new(&set, 1, 7, 64, 32));
    assert_ne!(batch, RestoreBatch::new(&set, 1, 8, 64, 32));
    let same = batch.clean.chunks(3 * 32 * 32).zip(batch.damaged.chunks(3 * 32 * 32)).filter(|(a, b)| a == b).count();
    assert!((5..32).contains(&same), "{same} of 64 crops stay as they are");
    let error = |(a, b): (&f32, &f32)| (a - b).abs();
    let mean = batch.clean.iter().zip(&batch.damaged).map(error).sum::<f32>() / batch.clean.len() as f32;
    assert!(mean < 0.1, "damaged crops lie elsewhere: {mean}");
}

#[test]
fn kernels_collapse_and_the_strength_fades_what_is_done() {
    let device = Default::default();
    for network in [RestoreNetwork::Blocks, RestoreNetwork::Plain] {
        let restorer = Restorer::new(network);
        let graph = restorer.graph(Form::Expanded, &mut StdRng::seed_from_u64(5));
        let expanded = Network::<Flex>::new(&graph.validate().unwrap(), &device);
        let weights = collapsed_weights(&expanded, &restorer.shape(), [2, 2], &device).unwrap();
        let plain = restorer.generator(weights).validate().unwrap();
        assert!(is_restorer(&plain));
        let collapsed = Network::<Flex>::new(&plain.output, &device);
        let values: Vec<f32> = (0..3 * 40 * 44).map(|at| 0.5 + 0.5 * (at as f32 * 0.7).sin()).collect();
        let image = Tensor::f32([1, 3, 40, 44], values.clone());
        let run = |network: &Network<Flex>, strength: Option<f32>| {
            let inputs = [Some(image.clone()), strength.map(|strength| Tensor::f32([1; 4], [strength]))];
            let inputs = inputs.into_iter().flatten().map(|input| Value::from_data(&input, &device)).collect();
            let output = network.run(inputs, Size::new(40, 44), RandomState::default()).unwrap().remove(0);
            output.into_data().as_f32().unwrap().to_vec()
        };
        let (learned, whole) = (run(&expanded, None), run(&collapsed, Some(1.0)));
        let change = learned.iter().zip(&values).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(change > 1e-3, "{network:?} changes nothing");
        // Far from the borders, which the form that ships repeats.
        for (at, (found, expected)) in whole.iter().zip(&learned).enumerate() {
            let (y, x) = (at / 44 % 40, at % 44);
            let is_inner = (18..22).contains(&y) && (18..26).contains(&x);
            assert!(!is_inner || (found - expected).abs() < 1e-4, "{network:?} {at}: {found}, expected {expected}");
        }
        assert_eq!(run(&collapsed, Some(0.0)), values);
        let half = run(&collapsed, Some(0.5));
        let between = half.iter().zip(&values).zip(&whole).map(|((half, a), b)| (half - (a + b) / 2.0).abs());
        assert!(between.fold(0.0, f32::max) < 1e-5);
    }
}

#[test]
fn parameters_are_those_of_the_documentation() {
    let count = |network| Restorer::new(network).shape().parameters();
    assert_eq!([count(RestoreNetwork::Blocks), count(RestoreNetwork::Plain)], [62_668, 24_683]);
}

#[test]
fn a_short_training_learns_and_its_generator_repeats_the_figure() {
    let folder = tempfile::tempdir().unwrap();
    let set = set(folder.path());
    let mut training = training(&set, options());
    let before = training.measure().unwrap().means();
    for update in 0..30 {
        let RestoreOptions { seed, batch, crop, .. } = options();
        training.learn(RestoreBatch::new(&set, seed, update, batch, crop)).unwrap();
    }
    let after = training.measure().unwrap();
    assert!(after.means()[1] > before[1] + 0.5, "{before:?} {:?}", after.means());
    assert!((after.means()[0] - before[0]).abs() < 1e-9);
    let generator = training.finished().unwrap().validate().unwrap();
    let found = evaluate::<Flex>(&generator, &set.held_back, 128, &Default::default()).unwrap();
    assert_eq!((&found.mean, found.parameters, found.pictures), (&after, 62_668, set.held_back.len()));
    // Two convolutions of 12 channels, six of 32, all on a quarter of the pixels.
    assert_eq!(found.macs_per_pixel, (2.0 * 12.0 * 32.0 * 9.0 + 6.0 * 32.0 * 32.0 * 9.0) / 4.0);
    assert!(found.worst_clean.0 > 10.0 && !found.worst_clean.1.is_empty());
}

#[test]
fn a_resumed_training_repeats_the_uninterrupted_one() {
    let (pictures, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let set = set(pictures.path());
    let start = || training(&set, RestoreOptions { network: RestoreNetwork::Plain, ..options() });
    let (mut whole, mut first, mut second) = (start(), start(), start());
    (0..4).for_each(|_| whole.advance().unwrap());
    (0..2).for_each(|_| first.advance().unwrap());
    first.save(folder.path(), &Default::default()).unwrap();
    assert!(second.resume(folder.path()).unwrap());
    (0..2).for_each(|_| second.advance().unwrap());
    assert_eq!(whole.network.weights(), second.network.weights());
    assert_eq!(whole.finished().unwrap().output, second.finished().unwrap().output);
    let history = std::fs::read_to_string(folder.path().join("history.jsonl")).unwrap();
    let entry: RestoreHistory = serde_json::from_str(history.trim()).unwrap();
    assert!(entry.update == 2 && entry.damaged > 10.0 && entry.figures.damages.len() == Damage::measured().len());
    let card = imagine_graph::file::load(folder.path().join("best.generator.safetensors")).unwrap();
    assert_eq!(crate::Family::of(&card.generator.generator.card), Some(crate::Family::Restore));
    let message = training(&set, options()).resume(folder.path()).unwrap_err().to_string();
    assert!(message.contains("made with network Plain"), "{message}");
}

#[test]
fn options_out_of_range_are_refused() {
    let check = |options: RestoreOptions| options.check().unwrap_err().to_string();
    assert!(check(RestoreOptions { crop: 33, ..options() }).contains("a multiple of 2"));
    assert!(check(RestoreOptions { batch: 0, ..options() }).contains("option batch"));
    assert!(check(RestoreOptions { learning_rate: 0.0, ..options() }).contains("learning-rate"));
}
