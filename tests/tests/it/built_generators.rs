//! The generators of `imagine_graph::generators`: executors agree, they tile and roll exactly, the sphere has no seam, and the
//! controls work.

use burn::backend::Flex;
use imagine_graph::file::LoadedGenerator;
use imagine_graph::generators;
use imagine_graph::rng::Domain;
use imagine_graph::{Generated, OutputKind, Request, Size, Support, Tensor};

use crate::bits::{bits, gpu, roll};

/// A size that is not square, and a roll by whole cells of the coarsest random numbers.
const MATERIAL: [usize; 2] = [128, 192];
const ROLL: [usize; 2] = [64, 128];
/// Side of a cubemap's faces.
const SIDE: usize = 32;

fn built(name: &str) -> LoadedGenerator {
    generators::load(name).unwrap()
}

fn on_burn(loaded: &LoadedGenerator, request: &Request) -> Generated {
    imagine_burn::generate::<Flex>(&loaded.generator, request, &Default::default()).unwrap()
}

fn with(mut request: Request, numbers: &[(&str, &[f32])]) -> Request {
    for (name, values) in numbers {
        request.inputs.insert((*name).into(), Tensor::f32([values.len()], *values));
    }
    request
}

fn material(numbers: &[(&str, &[f32])]) -> Generated {
    let [height, width] = MATERIAL;
    on_burn(&built("noise_material"), &with(Request::new(Size::new(height, width), 3), numbers))
}

fn map(generated: &Generated, kind: OutputKind) -> Vec<f32> {
    let found = generated.outputs.iter().find(|(output, _)| output.kind == kind);
    found.unwrap().1.as_f32().unwrap().to_vec()
}

fn mean(values: &[f32]) -> f64 {
    values.iter().map(|v| f64::from(*v)).sum::<f64>() / values.len() as f64
}

/// Directions and radiance of a cubemap, `[face][texel]`.
struct Sky {
    directions: Vec<[f32; 3]>,
    radiance: Vec<[f32; 3]>,
}

fn sky(numbers: &[(&str, &[f32])]) -> Sky {
    let loaded = built("cloudy_sky");
    let request = with(Request::new(Size::new(SIDE, SIDE).with_batch(6), 5), numbers);
    let directions = loaded.generator.resolve(&request).unwrap().inputs["direction"].clone();
    let texels = |tensor: &Tensor| {
        let values = tensor.as_f32().unwrap();
        let at = |i: usize, c: usize| values[(i / (SIDE * SIDE) * 3 + c) * SIDE * SIDE + i % (SIDE * SIDE)];
        (0..6 * SIDE * SIDE).map(|i| [0, 1, 2].map(|channel| at(i, channel))).collect()
    };
    Sky { directions: texels(&directions), radiance: texels(&on_burn(&loaded, &request).outputs[0].1) }
}

fn dot(a: [f32; 3], b: [f32; 3]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Compares two executors: absolutely, and relatively above 1.
fn assert_near(name: &str, ours: &Generated, theirs: &Generated) {
    for ((output, ours), (_, theirs)) in ours.outputs.iter().zip(&theirs.outputs) {
        for (index, (a, b)) in ours.as_f32().unwrap().iter().zip(theirs.as_f32().unwrap()).enumerate() {
            let limit = 1e-3 * b.abs().max(1.0);
            assert!((a - b).abs() <= limit, "{name}: {} element {index}: {a} and {b}", output.name);
        }
    }
}

#[test]
fn cards_name_no_training_data() {
    for (name, build) in generators::ALL {
        let card = build().card;
        assert_eq!(card.license, "MIT OR Apache-2.0", "{name}");
        assert!(card.training_data.is_empty() && card.recipe.contains(name) && !card.title.is_empty(), "{name}");
        let loaded = built(name);
        assert_eq!((loaded.name.as_str(), loaded.hash.len()), (name, 64));
        assert_eq!(loaded.hash, built(name).hash);
    }
    assert!(generators::load("noise").is_none());
}

#[test]
fn wgpu_and_burn_agree() {
    let Some(gpu) = gpu() else { return };
    let [height, width] = MATERIAL;
    let material = with(Request::new(Size::new(height, width).with_batch(2), 1), &[("coat", &[0.5])]);
    let faces = Request::new(Size::new(SIDE, SIDE).with_batch(6), 1);
    let panorama = with(Request::new(Size::new(48, 96), 2), &[("elevation", &[3.0])]);
    for (name, request) in [("noise_material", material), ("cloudy_sky", faces), ("cloudy_sky", panorama)] {
        let loaded = built(name);
        let ours = gpu.generate(&loaded.generator, &request).unwrap();
        assert_near(name, &ours, &on_burn(&loaded, &request));
    }
}

#[test]
fn equal_seeds_give_equal_bits_and_others_do_not() {
    for (name, size) in [("noise_material", Size::new(64, 64)), ("cloudy_sky", Size::new(16, 32))] {
        let loaded = built(name);
        let made = |seed| bits(&on_burn(&loaded, &Request::new(size, seed)).outputs[0].1);
        assert_eq!(made(1), made(1), "{name}");
        assert_ne!(made(1), made(2), "{name}");
    }
}

fn rolls_exactly(generate: impl Fn(&Request) -> Generated) {
    let [height, width] = MATERIAL;
    let still = with(Request::new(Size::new(height, width), 7), &[("coat", &[0.4]), ("warp", &[1.0])]);
    let domain = Domain { origin: ROLL.map(|texels| texels as i32).into(), wrap: true };
    let rolled = Request { domain, ..still.clone() };
    let (still, rolled) = (generate(&still), generate(&rolled));
    for ((output, still), (_, rolled)) in still.outputs.iter().zip(&rolled.outputs) {
        assert!(bits(rolled) == bits(&roll(still, ROLL)), "{}", output.name);
        assert!(bits(rolled) != bits(still) || output.kind == OutputKind::Metallic, "{}: nothing rolled", output.name);
    }
}

#[test]
fn the_material_rolls_exactly() {
    let loaded = built("noise_material");
    rolls_exactly(|request| on_burn(&loaded, request));
    let Some(gpu) = gpu() else { return };
    rolls_exactly(|request| gpu.generate(&loaded.generator, request).unwrap());
}

#[test]
fn the_material_is_local() {
    let loaded = built("noise_material");
    let bound = loaded.generator.output.bind(Size::new(512, 512)).unwrap();
    let support = bound.support();
    assert_eq!(bound.graph.outputs().len(), 6);
    // Every output reads the latent and the random numbers of six octaves.
    assert_eq!(support.len(), 6 * 7);
    for found in support {
        assert!(matches!(found.support, Support::Local { .. }), "{found:?}");
    }
}

#[test]
fn maps_of_the_material_are_in_range_and_varied() {
    let made = material(&[("coat", &[0.5]), ("metalness", &[1.0])]);
    for (output, tensor) in &made.outputs {
        let values = tensor.as_f32().unwrap();
        let [low, high] = output.range;
        assert!(values.iter().all(|v| (low..=high).contains(v)), "{}", output.name);
        let middle = mean(values);
        let variance = values.iter().map(|v| (f64::from(*v) - middle).powi(2)).sum::<f64>() / values.len() as f64;
        assert!(variance > 1e-4, "{}: variance {variance}", output.name);
    }
    let (normal, texels) = (map(&made, OutputKind::Normal), MATERIAL[0] * MATERIAL[1]);
    for i in 0..texels {
        let n = [0, 1, 2].map(|channel| normal[channel * texels + i]);
        assert!((dot(n, n) - 1.0).abs() < 1e-5 && n[2] > 0.0, "{n:?}");
    }
}

/// Mean of each channel of the base colour.
fn mean_color(made: &Generated) -> [f64; 3] {
    let color = map(made, OutputKind::BaseColor);
    [0, 1, 2].map(|channel| mean(&color[channel * color.len() / 3..(channel + 1) * color.len() / 3]))
}

#[test]
fn the_materials_colours_follow_their_controls() {
    let red = mean_color(&material(&[("color_a", &[0.6, 0.1, 0.1]), ("color_b", &[0.6, 0.1, 0.1])]));
    assert!((red[0] - 0.6).abs() < 0.06 && (red[1] - 0.1).abs() < 0.03, "{red:?}");
    let blue: &[f32] = &[0.05, 0.1, 0.5];
    let half = mean_color(&material(&[("coat", &[0.5]), ("coat_color", blue), ("mottle", &[0.0])]));
    let full = mean_color(&material(&[("coat", &[1.0]), ("coat_color", blue), ("mottle", &[0.0])]));
    assert!(half[2] > 0.2 && full[2] > half[2] + 0.1 && (full[2] - 0.5).abs() < 0.05, "{half:?} {full:?}");
    let veins = mean_color(&material(&[("veins", &[1.0]), ("vein_color", &[0.0, 0.9, 0.0])]));
    let plain = mean_color(&material(&[("veins", &[0.0]), ("vein_color", &[0.0, 0.9, 0.0])]));
    assert!(veins[1] > plain[1] + 0.05, "{veins:?} {plain:?}");
}

#[test]
fn the_materials_surface_follows_its_controls() {
    let metal = |coat: f32| mean(&map(&material(&[("metalness", &[1.0]), ("coat", &[coat])]), OutputKind::Metallic));
    assert_eq!(metal(0.0), 1.0);
    assert!((metal(0.5) - 0.5).abs() < 0.2 && metal(0.9) < 0.2, "{} {}", metal(0.5), metal(0.9));
    let rough = |value: f32| mean(&map(&material(&[("base_roughness", &[value])]), OutputKind::Roughness));
    assert!((rough(0.3) - 0.3).abs() < 0.05 && (rough(0.7) - 0.7).abs() < 0.05, "{} {}", rough(0.3), rough(0.7));
    let flat = material(&[("relief", &[0.0])]);
    assert!(map(&flat, OutputKind::Occlusion).iter().all(|v| *v == 1.0));
    let upright = |made: &Generated| {
        let normal = map(made, OutputKind::Normal);
        mean(&normal[normal.len() / 3 * 2..])
    };
    let (some, deep) = (upright(&material(&[("relief", &[0.3])])), upright(&material(&[("relief", &[1.0])])));
    assert!(upright(&flat) == 1.0 && some < 1.0 && deep < some, "{some} {deep}");
    // Finer noise differs more from texel to texel.
    let steps = |numbers: &[(&str, &[f32])]| {
        let height = map(&material(numbers), OutputKind::Height);
        mean(&height.windows(2).map(|pair| (pair[1] - pair[0]).abs()).collect::<Vec<_>>())
    };
    assert!(steps(&[("detail", &[0.9])]) > 1.5 * steps(&[("detail", &[0.1])]));
    assert!(steps(&[("scale", &[0.0])]) > 1.5 * steps(&[("scale", &[1.0])]));
}

#[test]
fn the_brightest_direction_is_the_suns() {
    for (azimuth, elevation) in [(0.0f32, 20.0f32), (90.0, 45.0), (200.0, 5.0), (300.0, 80.0)] {
        // A disc that no texel misses, seen through a clear sky.
        let found =
            sky(&[("azimuth", &[azimuth]), ("elevation", &[elevation]), ("cover", &[0.0]), ("sun_size", &[6.0])]);
        let brightest = (0..found.radiance.len()).max_by(|a, b| {
            let light = |i: usize| found.radiance[i].iter().sum::<f32>();
            light(*a).total_cmp(&light(*b))
        });
        let (a, e) = (azimuth.to_radians(), elevation.to_radians());
        let sun = [a.sin() * e.cos(), e.sin(), -a.cos() * e.cos()];
        let angle = dot(found.directions[brightest.unwrap()], sun).min(1.0).acos().to_degrees();
        assert!(angle < 4.0, "azimuth {azimuth}, elevation {elevation}: {angle} degrees off");
    }
}

#[test]
fn cover_is_the_part_of_the_sky_in_clouds() {
    let clear = sky(&[("cover", &[0.0]), ("sun_disc", &[0.0])]);
    let cloudy = |cover: f32| {
        let found = sky(&[("cover", &[cover]), ("sun_disc", &[0.0])]);
        let (mut clouds, mut above) = (0.0, 0.0);
        for (i, _) in found.directions.iter().enumerate().filter(|(_, direction)| direction[1] > 0.1) {
            let [before, after] = [clear.radiance[i][0], found.radiance[i][0]];
            above += 1.0;
            clouds += f64::from(u8::from((after - before).abs() > 0.1 * before));
        }
        clouds / above
    };
    let parts = [0.0, 0.25, 0.5, 0.75, 1.0].map(cloudy);
    assert!(parts.is_sorted() && parts[0] == 0.0 && parts[1] > 0.05 && parts[4] > 0.9, "{parts:?}");
    assert!((parts[2] - 0.5).abs() < 0.25, "{parts:?}");
}

#[test]
fn the_sky_is_light_as_a_sky_is() {
    let up = |sky: &Sky| {
        let zenith = (0..sky.directions.len()).max_by(|a, b| sky.directions[*a][1].total_cmp(&sky.directions[*b][1]));
        sky.radiance[zenith.unwrap()]
    };
    let noon = up(&sky(&[("cover", &[0.0]), ("elevation", &[60.0]), ("haze", &[0.1])]));
    assert!(noon[2] > 2.0 * noon[0], "the zenith is not blue: {noon:?}");
    let evening = sky(&[("cover", &[0.0]), ("elevation", &[2.0]), ("azimuth", &[0.0]), ("sun_disc", &[0.0])]);
    let towards = evening.directions.iter().position(|d| d[2] < -0.99 && d[1] > 0.0 && d[1] < 0.1).unwrap();
    let glow = evening.radiance[towards];
    assert!(glow[0] > 1.5 * glow[2], "the evening's horizon is not red: {glow:?}");
    assert!(up(&evening).iter().sum::<f32>() < 0.3 * noon.iter().sum::<f32>());
    let ground = |color: &[f32]| {
        let found = sky(&[("ground", color)]);
        let down = found.directions.iter().position(|d| d[1] < -0.99).unwrap();
        found.radiance[down]
    };
    let green = ground(&[0.0, 0.5, 0.0]);
    assert!(green[1] > 1.0 && green[0] < 0.01 * green[1], "{green:?}");
    assert!(sky(&[]).radiance.iter().flatten().all(|v| v.is_finite() && (0.0..=65_504.0).contains(v)));
}

#[test]
fn faces_of_the_sky_meet() {
    let found = sky(&[("cover", &[0.5]), ("sun_disc", &[0.0]), ("softness", &[1.0])]);
    let face = |i: usize| i / (SIDE * SIDE);
    // Pairs of texels about one texel apart: within a face, and on two faces.
    let (mut inside, mut across) = (0.0f32, 0.0f32);
    for (i, a) in found.directions.iter().enumerate() {
        for (j, b) in found.directions.iter().enumerate().skip(i + 1) {
            if dot(*a, *b) < (1.6 / SIDE as f32).cos() {
                continue;
            }
            let largest = if face(i) == face(j) { &mut inside } else { &mut across };
            for (a, b) in found.radiance[i].iter().zip(found.radiance[j]) {
                *largest = largest.max((a.ln_1p() - b.ln_1p()).abs());
            }
        }
    }
    assert!(across > 0.0 && across < 1.2 * inside, "across edges {across}, within faces {inside}");
}
