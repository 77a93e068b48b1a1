//! Upscalers: kernels collapse exactly, pairs are those of the papers, a short training learns, a resumed one repeats.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use burn::backend::{Autodiff, Flex};
use burn::tensor::Tensor;
use imagine_burn::{Network, Value};
use imagine_graph::rng::RandomState;
use imagine_graph::{
    Add, ColorSpace, Conv, DepthToSpace, DepthToSpaceMode, Dim, Graph, InputKind, OutputKind, PRelu, PadMode, Resize,
    Size, Tensor as Elements, Weights,
};
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::train::{UpscalePairs, UpscaleTraining};
use super::*;
use crate::core::Trainer;
use crate::core::linear::{Form, collapsed_weights, fixed};
use crate::data::resample::{Filter, Span, resample};
use crate::data::{PictureSet, TrainingPicture};

type A = Autodiff<Flex>;

/// A network of few numbers.
const TINY: Upscaler = Upscaler { network: UpscaleNetwork::Sesr, factor: 2, width: 4, blocks: 2, expansion: 8 };

/// Weights of an expanded graph, none of them 0.
fn expanded(upscaler: Upscaler) -> Graph {
    let mut rng = StdRng::seed_from_u64(5);
    let mut graph = upscaler.graph(Form::Expanded, &mut rng);
    for (name, weight) in graph.weights.iter_mut().filter(|(name, _)| name.ends_with(".bias")) {
        let values: Vec<f32> = (0..weight.len()).map(|at| 0.1 * ((at * 7 + name.len()) as f32).sin()).collect();
        *weight = Elements::f32([values.len()], values);
    }
    graph
}

/// What the weights mean before they collapse: two convolutions after one another, and the sum with the block's input.
fn in_two_steps(upscaler: Upscaler, weights: &Weights) -> Graph {
    let mut graph = Graph { weights: weights.clone(), ..Graph::default() };
    graph.input("image", InputKind::Image(ColorSpace::Srgb), Dim::nchw_divided(3, 2));
    let names: Vec<String> = (0..upscaler.blocks).map(|block| format!("block{block}")).collect();
    let mut x = String::from("image");
    for name in [&["head".to_string()][..], &names, &["tail".into()]].concat() {
        let (side, adds) = (if name == "head" { 5 } else { 3 }, name.starts_with("block"));
        let part = |suffix: &str| format!("{name}.{suffix}");
        let [expand, project] = ["expand", "project"].map(|suffix| weights[&part(suffix)].clone());
        let (inputs, width) = (expand.shape[1] / (side * side), expand.shape[0]);
        graph.weight(&part("expand"), Elements::f32([width, inputs, side, side], expand.as_f32().unwrap()));
        graph.weight(&part("project"), Elements::f32([project.shape[0], width, 1, 1], project.as_f32().unwrap()));
        graph.push(&part("wide"), Conv::same(side, PadMode::Constant), [x.as_str(), &part("expand")]);
        let mut y =
            graph.push(&name, Conv::default(), [&part("wide"), &part("project"), &part("bias")].map(|s| s.as_str()));
        if adds {
            y = graph.push(&part("sum"), Add {}, [y.as_str(), &x]);
        }
        x = if name == "tail" { y } else { graph.push(&part("active"), PRelu {}, [y.as_str(), &part("slope")]) };
        if name == *names.last().unwrap() {
            x = graph.push("body", Add {}, [x.as_str(), "head.active"]);
        }
    }
    let shuffle = DepthToSpace { blocksize: 2, mode: DepthToSpaceMode::Crd };
    graph.push("detail", shuffle, [x.as_str()]);
    let enlarge = Resize { scales: vec![2.0; 2], axes: vec![2, 3], ..Resize::default() };
    graph.push("nearest", enlarge, ["image"]);
    graph.push("base_color", Add {}, ["detail", "nearest"]);
    graph.output("base_color", OutputKind::BaseColor);
    graph.weights.retain(|name, _| !name.ends_with(".identity"));
    graph
}

fn image() -> Elements {
    Elements::f32([1, 3, 5, 6], (0..90).map(|at| 0.5 + 0.5 * (at as f32 * 0.7).sin()).collect::<Vec<f32>>())
}

/// The output, and the gradient of the first factor of each block for a loss that tells pixels apart.
fn output_and_gradients(graph: &Graph) -> (Vec<f32>, Vec<Vec<f32>>) {
    let device = Default::default();
    let network = Network::<A>::new(&graph.validate().unwrap(), &device).freeze(&fixed(graph));
    let input = Value::from_data(&image(), &device);
    let output = network.run(vec![input], Size::new(10, 12), RandomState::default()).unwrap().remove(0);
    let output: Tensor<A, 4> = output.into_tensor();
    let gradients = output.clone().powi_scalar(2).sum().backward();
    let factors = graph.weights.keys().filter(|name| name.ends_with(".expand"));
    let gradient = |name: &String| {
        let found = network.weight_values(name).unwrap().grad(&gradients).unwrap();
        found.into_data().to_vec().unwrap()
    };
    (output.into_data().to_vec().unwrap(), factors.map(gradient).collect())
}

fn assert_close(found: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(found.len(), expected.len());
    for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!((found - expected).abs() <= tolerance * (1.0 + expected.abs()), "{at}: {found}, expected {expected}");
    }
}

#[test]
fn collapsed_kernels_compute_what_their_factors_do_and_gradients_reach_the_factors() {
    let graph = expanded(TINY);
    let steps = in_two_steps(TINY, &graph.weights);
    let ((one, gradients), (two, expected)) = (output_and_gradients(&graph), output_and_gradients(&steps));
    assert_close(&one, &two, 1e-5);
    assert_eq!(gradients.len(), TINY.blocks + 2);
    for (found, expected) in gradients.iter().zip(&expected) {
        assert!(expected.iter().any(|value| value.abs() > 1e-2));
        assert_close(found, expected, 1e-4);
    }
    let device = Default::default();
    let network = Network::<Flex>::new(&graph.validate().unwrap(), &device);
    let shape = TINY.graph(Form::Collapsed, &mut StdRng::seed_from_u64(0));
    let weights = collapsed_weights(&network, &shape, [1, 2], &device).unwrap();
    let plain = TINY.generator(weights);
    assert_eq!(plain.output.weights.len(), shape.weights.len());
    assert!(plain.output.parameters() < graph.parameters());
    assert_close(&output_and_gradients(&plain.output).0, &one, 1e-5);
}

#[test]
fn parameters_are_those_of_the_documentation() {
    let count = |network, size, factor| {
        let graph = Upscaler::new(network, size, factor).graph(Form::Collapsed, &mut StdRng::seed_from_u64(0));
        graph.validate().unwrap();
        graph.parameters()
    };
    use {UpscaleNetwork::*, UpscaleSize::*};
    assert_eq!([count(Sesr, Small, 2), count(Sesr, Small, 4)], [14_652, 19_872]);
    assert_eq!([count(Sesr, Large, 2), count(Sesr, Large, 4)], [98_732, 109_136]);
    assert_eq!([count(Fsrcnn, Small, 2), count(Fsrcnn, Large, 4)], [24_683, 24_683]);
}

/// The picture of `tests/upscaling/resample.py`.
fn plane() -> Vec<u8> {
    (0..8 * 12)
        .map(|at: usize| (at / 12, at % 12))
        .map(|(y, x)| ((x * x * 7 + y * 31 + x * y * 5) % 256) as u8)
        .collect()
}

#[test]
fn pictures_are_resampled_as_matlab_does() {
    let reduced = |[rows, columns]: [usize; 2]| {
        resample(Filter::Cubic, &plane(), [8, 12], [Span::whole(8, rows), Span::whole(12, columns)])
    };
    let half = [
        16.9, 66.558, 164.713, 148.936, 103.825, 120.245, 86.214, 155.333, 107.498, 127.381, 111.046, 139.915, 162.798,
        161.14, 127.783, 142.986, 122.692, 131.214, 151.956, 82.477, 162.006, 124.697, 149.804, 169.884,
    ];
    assert_close(&reduced([4, 6]), &half, 1e-4);
    assert_close(&reduced([2, 3]), &[80.313, 138.218, 119.546, 142.213, 133.68, 145.529], 1e-4);
    let corner: Vec<u8> = plane().chunks(12).take(4).flat_map(|row| row[..4].to_vec()).collect();
    let enlarged = |filter| resample(filter, &corner, [4, 4], [Span::whole(4, 8); 2])[..16].to_vec();
    let cubic = [
        -3.519, -2.061, 0.855, 7.445, 17.711, 32.614, 52.155, 61.925, 4.83, 6.661, 10.325, 17.631, 28.58, 44.199,
        64.487, 74.631,
    ];
    let lanczos = [
        -4.194, -3.364, 0.094, 5.313, 15.377, 31.709, 50.113, 62.056, 5.328, 6.649, 10.949, 16.997, 27.836, 44.997,
        64.242, 76.677,
    ];
    assert_close(&enlarged(Filter::Cubic), &cubic, 3e-4);
    assert_close(&enlarged(Filter::Lanczos), &lanczos, 3e-4);
}

fn picture(planes: [Vec<u8>; 3], [height, width]: [usize; 2]) -> TrainingPicture {
    TrainingPicture { path: PathBuf::from("a.png"), sha256: String::new(), height, width, planes }
}

#[test]
fn noise_has_the_ratio_that_python_finds() {
    let mirrored: [Vec<u8>; 2] = [
        plane().chunks(12).rev().flatten().copied().collect(),
        plane().chunks(12).flat_map(|row| row.iter().rev().copied().collect::<Vec<u8>>()).collect(),
    ];
    let [green, blue] = mirrored;
    let large = picture([plane(), green.clone(), blue.clone()], [8, 12]);
    let noise =
        |(at, value): (usize, u8)| (i32::from(value) + (at % 12 + 2 * (at / 12)) as i32 % 5 - 2).clamp(0, 255) as u8;
    let noisy = picture([plane().into_iter().enumerate().map(noise).collect(), green, blue], [8, 12]);
    let pair = MeasuredPair::new(&large, 2);
    assert!((pair.psnr(&noisy) - 57.137_502_587).abs() < 1e-6, "{}", pair.psnr(&noisy));
    assert_eq!(pair.psnr(&large), 100.0);
}

/// Discs and stripes of `index`, whose edges a network can learn to keep sharp.
fn drawn(index: usize, side: usize) -> image::RgbImage {
    image::RgbImage::from_fn(side as u32, side as u32, |x, y| {
        let (x, y, turn) = (x as f32, y as f32, index as f32 * 0.9);
        let wave = ((x * turn.cos() + y * turn.sin()) * (0.3 + 0.04 * index as f32)).sin();
        let disc = (x - 30.0 - turn).hypot(y - 25.0 - 3.0 * turn) < 14.0 + turn;
        let value = if disc {
            210.0
        } else if wave > 0.0 {
            150.0
        } else {
            40.0
        };
        image::Rgb([value as u8, (255.0 - value) as u8, (value * 0.6) as u8 + index as u8])
    })
}

/// A folder with twelve drawn pictures.
fn folder(side: usize) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for index in 0..12 {
        drawn(index, side).save(folder.path().join(format!("{index}.png"))).unwrap();
    }
    folder
}

fn read(folder: &Path, least: usize) -> Result<PictureSet, String> {
    PictureSet::read(&[folder.to_path_buf()], least, None).map_err(|error| error.to_string())
}

fn options() -> UpscaleOptions {
    UpscaleOptions { batch: 4, crop: 32, updates: 40, learning_rate: 2e-3, warm_up: 4, ..UpscaleOptions::default() }
}

fn training(folder: &Path, options: UpscaleOptions) -> UpscaleTraining<A> {
    let set = Arc::new(read(folder, 32).unwrap());
    UpscaleTraining::new(UpscalePairs::new(set, options).unwrap(), &Default::default()).unwrap()
}

fn advance(training: &mut UpscaleTraining<A>, folder: &Path, updates: u32) {
    let set = read(folder, 32).unwrap();
    let UpscaleOptions { seed, batch, crop, .. } = options();
    for _ in 0..updates {
        let pairs = PairBatch::new(&set, seed, training.update.into(), batch, crop, training.pairs.options.factor);
        training.learn(pairs).unwrap();
    }
}

#[test]
fn small_crops_are_the_large_ones_reduced() {
    let folder = folder(48);
    let set = read(folder.path(), 48).unwrap();
    for factor in [2, 4] {
        let UpscaleOptions { seed, .. } = options();
        let batch = PairBatch::new(&set, seed, 3, 8, 48, factor);
        let small = 48 / factor;
        for index in 0..8 {
            let bytes = |values: &[f32]| values.iter().map(|value| (value * 255.0).round() as u8).collect::<Vec<u8>>();
            let planes = |values: &[f32], side: usize| {
                let image = &values[index * 3 * side * side..][..3 * side * side];
                [0, 1, 2].map(|channel| bytes(&image[channel * side * side..][..side * side]))
            };
            // The crops are whole pictures, so that the mirrors at their borders are those of the picture.
            let large = picture(planes(&batch.large, 48), [48; 2]);
            assert_eq!(
                large.resized(Filter::Cubic, [small; 2]).planes,
                planes(&batch.small, small),
                "{factor} {index}"
            );
        }
        assert_eq!(batch, PairBatch::new(&set, seed, 3, 8, 48, factor));
        assert_ne!(batch, PairBatch::new(&set, seed, 4, 8, 48, factor));
    }
}

#[test]
fn a_short_training_learns_and_its_generator_repeats_the_figure() {
    let folder = folder(64);
    let mut training = training(folder.path(), options());
    let before = training.measure().unwrap();
    advance(&mut training, folder.path(), 40);
    let after = training.measure().unwrap();
    assert!(after.network > before.network + 1.0, "{before:?} {after:?}");
    let generator = training.finished().unwrap().validate().unwrap();
    let set = read(folder.path(), 32).unwrap();
    let found = evaluate::<Flex>(&generator, &set.held_back, 2, &Default::default()).unwrap();
    assert!((found.mean.network - after.network).abs() < 1e-6 && found.pictures.len() == set.held_back.len());
    assert_eq!((factor_of(&generator), found.parameters), (Some(2), 14_652));
    // 5x5 3 -> 16, five 3x3 16 -> 16, 3x3 16 -> 12 for four pixels.
    assert_eq!(found.macs_per_pixel, (1200.0 + 5.0 * 2304.0 + 1728.0) / 4.0);
}

#[test]
fn a_resumed_training_repeats_the_uninterrupted_one() {
    for network in [UpscaleNetwork::Sesr, UpscaleNetwork::Fsrcnn] {
        let (pictures, folder) = (folder(40), tempfile::tempdir().unwrap());
        let start = || training(pictures.path(), UpscaleOptions { network, ..options() });
        let (mut whole, mut first, mut second) = (start(), start(), start());
        advance(&mut whole, pictures.path(), 4);
        advance(&mut first, pictures.path(), 2);
        first.save(folder.path(), &Default::default()).unwrap();
        assert!(second.resume(folder.path()).unwrap());
        advance(&mut second, pictures.path(), 2);
        assert_eq!(whole.network.weights(), second.network.weights());
        assert_eq!(whole.finished().unwrap().output, second.finished().unwrap().output);
        assert_eq!(whole.loss, second.loss);
        let history = std::fs::read_to_string(folder.path().join("history.jsonl")).unwrap();
        let entry: UpscaleHistory = serde_json::from_str(history.trim()).unwrap();
        assert!(entry.update == 2 && entry.psnr > 5.0 && entry.bicubic > 5.0, "{entry:?}");
    }
}

#[test]
fn a_larger_factor_begins_with_what_a_smaller_one_learned() {
    let (pictures, folder) = (folder(64), tempfile::tempdir().unwrap());
    let mut twice = training(pictures.path(), options());
    advance(&mut twice, pictures.path(), 30);
    twice.save(folder.path(), &Default::default()).unwrap();
    let mut four_times = training(pictures.path(), UpscaleOptions { factor: 4, ..options() });
    four_times.begin_from(folder.path()).unwrap();
    let small = image();
    let run = |training: &UpscaleTraining<A>, size: Size| {
        let graph = training.finished().unwrap().output.validate().unwrap();
        let network = Network::<Flex>::new(&graph, &Default::default());
        let input = Value::from_data(&small, &Default::default());
        let values = network.run(vec![input], size, RandomState::default()).unwrap().remove(0).into_data();
        values.as_f32().unwrap().to_vec()
    };
    let (twice, four_times) = (run(&twice, Size::new(10, 12)), run(&four_times, Size::new(20, 24)));
    let repeated: Vec<f32> =
        (0..3 * 20 * 24).map(|at| twice[(at / (20 * 24) * 10 + at / 24 % 20 / 2) * 12 + at % 24 / 2]).collect();
    assert_close(&four_times, &repeated, 1e-5);
    let mut other = training(pictures.path(), UpscaleOptions { network: UpscaleNetwork::Fsrcnn, ..options() });
    assert!(other.begin_from(folder.path()).unwrap_err().to_string().contains("is missing or has another shape"));
    let nothing = tempfile::tempdir().unwrap();
    assert!(other.begin_from(nothing.path()).unwrap_err().to_string().contains("holds no resume set to begin with"));
    let message = training(pictures.path(), UpscaleOptions { factor: 4, ..options() });
    let message = { message }.resume(folder.path()).unwrap_err().to_string();
    assert!(message.contains("made with factor 2, this training has 4"), "{message}");
}

#[test]
fn folders_that_cannot_be_learned_from_are_refused() {
    let nothing = tempfile::tempdir().unwrap();
    assert!(read(nothing.path(), 32).unwrap_err().contains("no pictures there"));
    assert!(read(&nothing.path().join("absent"), 32).unwrap_err().contains("absent"));
    let folder = folder(40);
    let message = read(folder.path(), 64).unwrap_err();
    assert!(message.contains(".png: 40x40 pixels") && message.contains("--crop"), "{message}");
    let one = tempfile::tempdir().unwrap();
    drawn(0, 40).save(one.path().join("a.png")).unwrap();
    assert!(read(one.path(), 32).unwrap_err().contains("1 picture: at least two are needed"));
    std::fs::write(one.path().join("b.png"), "no picture").unwrap();
    assert!(read(one.path(), 32).unwrap_err().contains("b.png: not a picture"));
    let check = |options: UpscaleOptions| options.check().unwrap_err().to_string();
    assert_eq!(check(UpscaleOptions { factor: 3, ..options() }), "option factor: expected 2 or 4, found 3");
    assert!(check(UpscaleOptions { crop: 33, ..options() }).contains("a multiple of 2"));
    assert!(check(UpscaleOptions { average: 1.0, ..options() }).contains("less than 1"));
}

#[test]
fn folders_are_read_with_a_note_on_what_is_left_out() {
    let folder = folder(48);
    drawn(20, 24).save(folder.path().join("icon.png")).unwrap();
    std::fs::create_dir(folder.path().join("wall")).unwrap();
    drawn(21, 48).save(folder.path().join("wall/color.png")).unwrap();
    drawn(22, 48).save(folder.path().join("wall/normal.png")).unwrap();
    std::fs::copy(folder.path().join("3.png"), folder.path().join("wall/copy.png")).unwrap();
    // Not a number is black, and brighter than white is white.
    let odd = image::Rgb32FImage::from_fn(48, 48, |x, _| image::Rgb([f32::NAN, x as f32, f32::INFINITY]));
    odd.save(folder.path().join("odd.exr")).unwrap();
    let set = read(folder.path(), 32).unwrap();
    assert_eq!(set.trained.len() + set.held_back.len(), 14);
    assert!(!set.held_back.is_empty());
    for part in
        ["1 pictures are left out, as their names", "1 pictures are there twice", "1 pictures with a side below 32"]
    {
        assert!(set.notes.iter().any(|note| note.starts_with(part)), "{part:?} in {:?}", set.notes);
    }
    let odd = set.trained.iter().chain(&set.held_back).find(|picture| picture.path.ends_with("odd.exr")).unwrap();
    assert_eq!(odd.planes.each_ref().map(|plane| [plane[0], plane[5]]), [[0, 0], [0, 255], [255, 255]]);
}

#[test]
fn a_list_says_which_pictures_are_held_out() {
    let folder = folder(48);
    let hash = |name: &str| crate::data::sha256_hex([std::fs::read(folder.path().join(name)).unwrap()]);
    let list = folder.path().join("held_out.txt");
    let read = |text: String| {
        std::fs::write(&list, text).unwrap();
        PictureSet::read(&[folder.path().to_path_buf()], 32, Some(&list)).map_err(|error| error.to_string())
    };
    let set = read(format!("# two\n{}  3.png\n\n{} # seven\n", hash("3.png"), hash("7.png").to_uppercase())).unwrap();
    let mut names: Vec<_> = set.held_back.iter().map(|picture| picture.path.file_name().unwrap().to_owned()).collect();
    names.sort();
    assert_eq!(names, ["3.png", "7.png"]);
    assert_eq!(set.trained.len(), 10);
    assert!(read("3.png\n".into()).unwrap_err().contains("line 1: found \"3.png\", expected a SHA-256"));
    assert!(read("0".repeat(64)).unwrap_err().contains("none of the pictures has one of its hashes"));
}
