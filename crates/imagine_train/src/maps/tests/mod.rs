//! Maps from photographs: fields of sets and their crops, light, figures, a short training.

use std::path::Path;
use std::sync::Arc;

use burn::backend::{Autodiff, Flex};
use imagine_burn::{Network, Value};
use imagine_graph::rng::RandomState;
use imagine_graph::{OutputKind, Request, Size, Tensor};
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::fields::{Fields, openness};
use super::heuristic;
use super::light::{MapsBatch, Surface};
use super::train::MapsPairs;
use super::*;
use crate::core::linear::Form;
use crate::core::pairs::PairTraining;
use crate::core::{Trainer, rng};
use crate::data::Turn;

type A = Autodiff<Flex>;

/// Height in pixels of the surface of `index`, which tiles every 64 pixels.
fn surface(index: usize, x: f32, y: f32) -> f32 {
    let wave = std::f32::consts::TAU / 64.0;
    let (across, down) = (1 + index % 3, 1 + index % 2);
    2.0 * (across as f32 * wave * x + index as f32).sin() + 1.5 * (down as f32 * wave * y).cos()
}

/// Writes a set of `side` texels, brick red, whose bumps are rough; `with_height` or not.
fn write_set(folder: &Path, index: usize, side: u32, with_height: bool) {
    std::fs::create_dir_all(folder).unwrap();
    let slope = |x: f32, y: f32| {
        let at = |x, y| surface(index, x, y);
        [(at(x + 1.0, y) - at(x - 1.0, y)) / 2.0, (at(x, y + 1.0) - at(x, y - 1.0)) / 2.0]
    };
    let color = image::RgbImage::from_fn(side, side, |x, y| {
        let shade = 100.0 + 12.0 * surface(index, x as f32, y as f32);
        image::Rgb([shade as u8 + 60, shade as u8, shade as u8 / 2])
    });
    let normal = image::RgbImage::from_fn(side, side, |x, y| {
        let [right, down] = slope(x as f32, y as f32);
        let length = (right * right + down * down + 1.0).sqrt();
        image::Rgb([-right / length, down / length, 1.0 / length].map(|v| (127.5 + 127.5 * v).round() as u8))
    });
    let grey = |value: &dyn Fn(f32) -> f32| {
        image::GrayImage::from_fn(side, side, |x, y| {
            image::Luma([(255.0 * value(surface(index, x as f32, y as f32))).round() as u8])
        })
    };
    color.save(folder.join("color.png")).unwrap();
    normal.save(folder.join("normal_gl.png")).unwrap();
    grey(&|height| 0.5 + 0.1 * height).save(folder.join("roughness.png")).unwrap();
    if with_height {
        grey(&|height| 0.5 + 0.12 * height).save(folder.join("height.png")).unwrap();
    }
}

fn set(folder: &Path) -> MaterialSet {
    for index in 0..4 {
        write_set(&folder.join(format!("set{index}")), index, 64, index != 1);
    }
    let list = folder.join("held_out.txt");
    std::fs::write(&list, "# one of four\nset3\n").unwrap();
    MaterialSet::read(&[folder.to_path_buf()], 32, Some(&list)).unwrap()
}

fn options() -> MapsOptions {
    MapsOptions { batch: 2, crop: 32, updates: 20, learning_rate: 3e-3, warm_up: 4, ..MapsOptions::default() }
}

fn correlation(one: &[f32], other: &[f32]) -> f32 {
    let mean = |values: &[f32]| values.iter().sum::<f32>() / values.len() as f32;
    let (a, b) = (mean(one), mean(other));
    let product = |f: &dyn Fn(f32, f32) -> f32| one.iter().zip(other).map(|(x, y)| f(x - a, y - b)).sum::<f32>();
    product(&|x, y| x * y) / (product(&|x, _| x * x) * product(&|_, y| y * y)).sqrt()
}

#[test]
fn sets_are_read_as_slopes_and_heights_in_pixels() {
    let folder = tempfile::tempdir().unwrap();
    let set = set(folder.path());
    assert_eq!((set.trained.len(), set.held_back.len()), (3, 1));
    assert_eq!(set.held_back[0].name, "set3");
    for material in &set.trained {
        let index: usize = material.name[3..].parse().unwrap();
        assert!(material.tiles && material.size == [64, 64], "{}", material.name);
        let truth: Vec<f32> = (0..64 * 64).map(|at| surface(index, (at % 64) as f32, (at / 64) as f32)).collect();
        let height = material.fields.height.as_ref().unwrap();
        // That of set 1 is integrated from its normals.
        let worst = height.iter().zip(&truth).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst < 0.25 && correlation(height, &truth) > 0.99, "{}: {worst}", material.name);
        let right: Vec<f32> = (0..64 * 64)
            .map(|at| {
                surface(index, (at % 64) as f32 + 0.5, (at / 64) as f32)
                    - surface(index, (at % 64) as f32 - 0.5, (at / 64) as f32)
            })
            .collect();
        assert!(correlation(&material.fields.slopes[0], &right) > 0.99);
        assert!(material.fields.occlusion.is_none() && material.fields.roughness.is_some());
        let unit = material.fields.unit_height().unwrap();
        let mean = unit.iter().sum::<f32>() / unit.len() as f32;
        assert!((mean - 0.5).abs() < 1e-3);
    }
}

/// Slopes of a field of heights, by differences.
fn differences(height: &[f32], side: usize) -> [Vec<f32>; 2] {
    let at = |y: usize, x: usize| height[y.min(side - 1) * side + x.min(side - 1)];
    let slope = |dy: usize, dx: usize| {
        (0..side * side).map(|i| (at(i / side + dy, i % side + dx) - at(i / side, i % side)).clamp(-9.0, 9.0)).collect()
    };
    [slope(0, 1), slope(1, 0)]
}

#[test]
fn turned_crops_keep_slopes_and_heights_consistent() {
    let folder = tempfile::tempdir().unwrap();
    let set = set(folder.path());
    let material = &set.trained[0];
    for index in 0..16 {
        let turn = Turn { mirrors_x: index & 1 > 0, mirrors_y: index & 2 > 0, transposes: index & 4 > 0 };
        let step = 1 + index / 8;
        let fields = material.crop([50, 9], 32, step).turned(turn, 32);
        let found = differences(fields.height.as_ref().unwrap(), 32);
        for axis in [0, 1] {
            let inner =
                |values: &[f32]| -> Vec<f32> { (0..30 * 30).map(|at| values[(at / 30) * 32 + at % 30]).collect() };
            let agreement = correlation(&inner(&found[axis]), &inner(&fields.slopes[axis]));
            assert!(agreement > 0.9, "{turn:?} {step} {axis}: {agreement}");
        }
    }
}

fn flat(side: usize) -> Fields {
    let plane = |value: f32| vec![value; side * side];
    Fields {
        albedo: [plane(0.5), plane(0.2), plane(0.1)],
        slopes: [plane(0.0), plane(0.0)],
        height: Some(plane(0.0)),
        roughness: Some(plane(0.8)),
        occlusion: None,
        open: plane(1.0),
        relief: 0.0,
    }
}

#[test]
fn a_level_surface_shows_its_base_colour_and_slopes_face_the_light() {
    let mut draw = rng::numbered(0, 0);
    let close = |a: f32, b: f32| (a - b).abs() < 0.01;
    for light in [Light::OVERCAST, Light { gloss: 0.0, ..Light::SIDE }] {
        let photograph = light.photograph(&flat(8), 8, &mut draw);
        let mut pairs = photograph.lit.iter().flatten().zip(photograph.delit.iter().flatten());
        assert!(pairs.all(|(lit, delit)| close(*lit, *delit)), "{light:?}");
    }
    // Light from the right, then from the top: a surface that rises away from it is darker.
    for (azimuth, axis, sign) in [(0.0, 0, 1.0f32), (std::f32::consts::FRAC_PI_2, 1, -1.0)] {
        let light = Light { azimuth, shadows: false, gloss: 0.0, ..Light::SIDE };
        let brightness = |slope: f32| {
            let mut fields = flat(4);
            fields.slopes[axis] = vec![slope; 16];
            light.photograph(&fields, 4, &mut rng::numbered(0, 0)).lit[0][5]
        };
        assert!(brightness(-0.3 * sign) > brightness(0.0) && brightness(0.0) > brightness(0.3 * sign), "{azimuth}");
    }
    // A wall throws a shadow to the left when light comes from the right.
    let mut fields = flat(32);
    fields.height = Some((0..32 * 32).map(|at| if at % 32 >= 20 { 6.0 } else { 0.0 }).collect());
    let light = Light { azimuth: 0.0, gloss: 0.0, ..Light::SIDE };
    let lit = &light.photograph(&fields, 32, &mut draw).lit[0];
    assert!(lit[16 * 32 + 18] < 0.8 * lit[16 * 32 + 4], "{} {}", lit[16 * 32 + 18], lit[16 * 32 + 4]);
    assert_eq!(lit[16 * 32 + 25], lit[16 * 32 + 4]);
}

#[test]
fn relief_is_scaled_as_a_whole_and_laid_under_other_colours() {
    let folder = tempfile::tempdir().unwrap();
    let set = set(folder.path());
    let [one, other] = [0, 1].map(|index| set.trained[index].crop([0, 0], 32, 1));
    let twice = other.clone().with_strength(2.0);
    for axis in [0, 1] {
        assert!(other.slopes[axis].iter().zip(&twice.slopes[axis]).all(|(a, b)| 2.0 * a == *b));
    }
    assert!(other.open.iter().zip(&twice.open).all(|(a, b)| (a * a - b).abs() < 1e-5));
    // A relief of more than a fraction of a pixel fills the range of heights at any strength.
    let pairs = other.unit_height().unwrap().into_iter().zip(twice.unit_height().unwrap());
    assert!(pairs.into_iter().all(|(a, b)| (a - b).abs() < 1e-5));
    let mixed = one.clone().with_relief_of(twice.clone());
    assert!(mixed.albedo == one.albedo && mixed.slopes == twice.slopes && mixed.height == twice.height);
    let level = mixed.with_strength(0.0);
    assert!(level.slopes.iter().flatten().all(|slope| *slope == 0.0) && level.open.iter().all(|open| *open == 1.0));
    let mut draw = rng::numbered(1, 0);
    let surfaces: Vec<Surface> = (0..200).map(|_| Surface::random(&set, 32, &mut draw)).collect();
    let own = surfaces.iter().filter(|surface| surface.is_own).count();
    assert!((100..170).contains(&own), "{own}");
}

#[test]
fn cavities_see_less_of_the_sky() {
    let pit = |at: usize| if (at / 32).abs_diff(16).max((at % 32).abs_diff(16)) < 3 { -6.0 } else { 0.0 };
    let height: Vec<f32> = (0..32 * 32).map(pit).collect();
    for tiles in [false, true] {
        let open = openness(&height, [32, 32], tiles);
        assert!(open[16 * 32 + 16] < 0.7 && open.iter().all(|open| (0.0..=1.0).contains(open)));
        assert!(open[0] > 0.99, "{}", open[0]);
    }
    // At the border of a picture that tiles, the opposite border is near.
    let rises: Vec<f32> = (0..32 * 32).map(|at| if at % 32 > 25 { 8.0 } else { 0.0 }).collect();
    assert!(openness(&rises, [32, 32], true)[0] < openness(&rises, [32, 32], false)[0] - 0.1);
}

#[test]
fn the_network_makes_maps_of_any_size_and_few_parameters() {
    let device = Default::default();
    let network = MapsNetwork::default();
    let learning = network.graph(Form::Expanded, &mut StdRng::seed_from_u64(3));
    learning.validate().unwrap();
    let weights = learning.weights.iter().map(|(name, weight)| (name.clone(), weight.clone())).collect();
    let generator = network.generator(&weights).validate().unwrap();
    assert!(makes_maps(&generator));
    assert!(generator.output.graph().parameters() < 500_000, "{}", generator.output.graph().parameters());
    let network = Network::<Flex>::new(&generator.output, &device);
    let image =
        Tensor::f32([1, 3, 32, 48], (0..3 * 32 * 48).map(|at| (at as f32 * 0.1).sin().abs()).collect::<Vec<f32>>());
    let made = network.run(vec![Value::from_data(&image, &device)], Size::new(32, 48), RandomState::default()).unwrap();
    for (output, value) in generator.output.graph().outputs.iter().zip(made) {
        let data = value.into_data();
        assert_eq!(data.shape, [1, output.kind.channels().unwrap(), 32, 48]);
        let values = data.as_f32().unwrap();
        if output.kind == OutputKind::Normal {
            let area = 32 * 48;
            let is_unit = |at: usize| {
                let length: f32 = (0..3).map(|k| values[k * area + at].powi(2)).sum();
                (length - 1.0).abs() < 1e-4 && values[2 * area + at] > 0.0
            };
            assert!((0..area).all(is_unit));
        } else {
            assert!(values.iter().all(|value| (0.0..=1.0).contains(value)), "{}", output.name);
        }
    }
}

#[test]
fn tiles_are_the_whole() {
    let learning = MapsNetwork::default().graph(Form::Expanded, &mut StdRng::seed_from_u64(3));
    let weights = learning.weights.iter().map(|(name, weight)| (name.clone(), weight.clone())).collect();
    let generator = MapsNetwork::default().generator(&weights).validate().unwrap();
    let values: Vec<f32> = (0..3 * 176 * 208).map(|at| (at as f32 * 0.1).sin().abs()).collect();
    let inputs = [("image".to_string(), Tensor::f32([1, 3, 176, 208], values))].into();
    let request = Request { inputs, ..Request::new(Size::new(176, 208), 0) };
    let whole = imagine_burn::generate::<Flex>(&generator, &request, &Default::default()).unwrap();
    let mut tiles = 0;
    let done = |_, all| tiles = all;
    let made = imagine_burn::generate_in_tiles::<Flex>(&generator, &request, 64, &Default::default(), done).unwrap();
    assert!(tiles > 1);
    for ((output, whole), (_, made)) in whole.outputs.iter().zip(&made.outputs) {
        let pairs = whole.as_f32().unwrap().iter().zip(made.as_f32().unwrap());
        // Products of matrices of other sizes may be rounded in another order on the CPU.
        let worst = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst < 1e-5, "{}: {worst}", output.name);
    }
}

#[test]
fn figures_of_the_truth_are_perfect_and_those_of_a_plane_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let set = set(folder.path());
    let fields = &set.trained[0].fields;
    let angle = |slopes: &[Vec<f32>; 2]| heuristic::mean_angle(slopes, fields);
    assert!(angle(&fields.slopes) < 0.05);
    let level = [vec![0.0; 64 * 64], vec![0.0; 64 * 64]];
    assert!(angle(&level) > 5.0);
    // Brightness follows height here, so the filter finds the slopes at some strength.
    let photograph = Light::OVERCAST.photograph(fields, 64, &mut rng::numbered(0, 0));
    let height = heuristic::height(&photograph.lit, 64);
    let best = heuristic::STRENGTHS.iter().map(|strength| angle(&heuristic::slopes(&height, 64, *strength)));
    assert!(best.fold(f64::MAX, f64::min) < 0.75 * angle(&level));
}

#[test]
fn a_short_training_learns_and_a_resumed_one_repeats_it() {
    let (sets, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let set = Arc::new(set(sets.path()));
    let start =
        || PairTraining::<A, _>::new(MapsPairs::new(set.clone(), options()).unwrap(), &Default::default()).unwrap();
    let mut whole = start();
    let batch = MapsBatch::new(&set, 0, 3, 2, 32);
    assert_eq!(batch, MapsBatch::new(&set, 0, 3, 2, 32));
    assert!(batch.known.chunks(3).all(|known| known == [1.0, 1.0, 0.0]));
    let before = whole.measure().unwrap();
    (0..20).for_each(|_| whole.advance().unwrap());
    let after = whole.measure().unwrap();
    assert!(after.roughness < before.roughness && after.normal < 1.2 * before.normal_level, "{before:?} {after:?}");
    let (mut first, mut second) = (start(), start());
    (0..2).for_each(|_| first.advance().unwrap());
    first.save(folder.path(), &Default::default()).unwrap();
    assert!(second.resume(folder.path()).unwrap());
    assert_eq!(first.network.weights(), second.network.weights());
    (0..1).for_each(|_| first.advance().unwrap());
    (0..1).for_each(|_| second.advance().unwrap());
    assert_eq!(first.network.weights(), second.network.weights());
    let history = std::fs::read_to_string(folder.path().join("history.jsonl")).unwrap();
    let entry: MapsHistory = serde_json::from_str(history.trim()).unwrap();
    assert!(entry.update == 2 && entry.figures.normal > 0.0 && entry.figures.normal_sobel > 0.0);
    let loaded = imagine_graph::file::load(folder.path().join("best.generator.safetensors")).unwrap();
    assert_eq!(crate::Family::of(&loaded.generator.generator.card), Some(crate::Family::Maps));
    let found = evaluate::<Flex>(&loaded.generator, &set, &Default::default()).unwrap();
    assert!((found.mean.normal - entry.figures.normal).abs() < 0.3 && found.sets.len() == 1, "{found:?}");
    assert!(found.side_lit.color_photograph > found.overcast.color_photograph);
    // The bumps of this set are steeper than 6 degrees.
    assert!(found.relief == found.mean && found.flat == MapsFigures::default());
    assert!(found.mean.normal_scaled <= found.mean.normal && found.mean.slopes.abs() <= 1.0, "{:?}", found.mean);
}

#[test]
fn folders_that_cannot_be_learned_from_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let read = |held_out: Option<&Path>| {
        MaterialSet::read(&[folder.path().to_path_buf()], 32, held_out).map_err(|error| error.to_string())
    };
    assert!(read(None).unwrap_err().contains("0 PBR sets"));
    write_set(&folder.path().join("one"), 0, 64, true);
    write_set(&folder.path().join("small"), 0, 16, true);
    let message = read(None).unwrap_err();
    assert!(message.contains("1 PBR sets") && message.contains("small"), "{message}");
    write_set(&folder.path().join("two_2K"), 1, 64, true);
    assert_eq!(read(None).unwrap().held_back.len(), 1);
    let list = folder.path().join("list.txt");
    std::fs::write(&list, "three\n").unwrap();
    assert!(read(Some(&list)).unwrap_err().contains("none of the PBR sets"));
    std::fs::write(&list, "TWO_4k # other resolutions are the same set\n").unwrap();
    assert_eq!(read(Some(&list)).unwrap().held_back[0].name, "two_2K");
    let message = MapsOptions { crop: 40, ..options() }.check().unwrap_err().to_string();
    assert!(message.contains("a multiple of 16"), "{message}");
}
