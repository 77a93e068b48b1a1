//! Layers of shipped materials: on every executor, on the torus, and as patches of a world they are what their parts are.

use std::path::PathBuf;
use std::sync::Arc;

use burn::backend::Flex;
use imagine_graph::color::linear_to_srgb;
use imagine_graph::file::{self, EXTENSION, LoadedGenerator};
use imagine_graph::rng::Domain;
use imagine_graph::{
    Fields, Generated, Layer, Mask, MaterialLayers, OutputKind, PatchIndex, Request, Size, Tensor, Texel, WorldPoint,
    generators,
};

use crate::bits::{bits, gpu, roll};

const FAR: i64 = 1 << 20;

fn material(name: &str) -> Arc<LoadedGenerator> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../assets/materials"));
    Arc::new(file::load(folder.join(format!("{name}{EXTENSION}"))).unwrap())
}

fn merged(layers: impl IntoIterator<Item = Layer<Arc<LoadedGenerator>>>) -> LoadedGenerator {
    MaterialLayers { layers: layers.into_iter().collect() }.merge("wall").unwrap()
}

/// Bricks, dust that only changes them, moss by example, and a formula, with every kind of mask.
fn wall() -> LoadedGenerator {
    let cavity = Mask::Cavity { radius: 9.0, from: 0.05, to: -0.08 };
    let noise = Mask::Noise { size: 64, octaves: 4, from: 0.3, to: 0.6 };
    let dust = Layer {
        name: "dust".into(),
        tint: [0.5, 0.45, 0.4],
        roughness: Some(0.9),
        mask: Mask::Sum(vec![Mask::Height { from: 0.2, to: 0.8 }, Mask::Input("paint".into())]),
        amount: 0.5,
        ..Layer::default()
    };
    let moss = Layer { thickness: 2.0, ..Layer::new(material("moss")).with_mask(Mask::Product(vec![cavity, noise])) };
    let rock = Arc::new(generators::load("noise_material").unwrap());
    let slope = Mask::Not(Box::new(Mask::Slope { from: 20.0, to: 50.0 }));
    let facing = Mask::Facing { direction: [0.0, 1.0, 0.5], radius: 2.0, from: 0.5, to: 0.9 };
    let rust =
        Layer { name: "rust".into(), relief: 0.5, ..Layer::new(rock).with_mask(Mask::Product(vec![slope, facing])) };
    merged([Layer::new(material("red_bricks")), dust, moss, rust])
}

fn on_burn(loaded: &LoadedGenerator, request: &Request) -> Generated {
    imagine_burn::generate::<Flex>(&loaded.generator, request, &Default::default()).unwrap()
}

#[test]
fn the_gpu_and_burn_agree() {
    let Some(gpu) = gpu() else { return };
    let wall = wall();
    let request = Request::new(Size::new(256, 256), 11);
    let (burn, made) = (on_burn(&wall, &request), gpu.generate(&wall.generator, &request).unwrap());
    for ((output, burn), (_, made)) in burn.outputs.iter().zip(&made.outputs) {
        let (burn, made) = (burn.as_f32().unwrap(), made.as_f32().unwrap());
        let worst = burn.iter().zip(made).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst < 2e-3, "{} differs by {worst}", output.name);
        let is_flat = made.iter().all(|value| (value - made[0]).abs() < 0.01);
        // No layer is metallic.
        assert_eq!(is_flat, output.kind == OutputKind::Metallic, "{}", output.name);
    }
}

#[test]
fn one_layer_is_its_generator() {
    let brick = material("red_bricks");
    let request = Request::new(Size::new(64, 96), 5);
    let (plain, layer) = (on_burn(&brick, &request), on_burn(&merged([Layer::new(brick.clone())]), &request));
    for (output, plain) in &plain.outputs {
        let (_, layer) = layer.outputs.iter().find(|(other, _)| other.kind == output.kind).unwrap();
        let byte = |value: f32| (255.0 * value).round();
        let shown: Vec<f32> = match output.kind {
            OutputKind::BaseColor => layer.as_f32().unwrap().iter().map(|v| byte(linear_to_srgb(*v))).collect(),
            _ => layer.as_f32().unwrap().iter().map(|v| byte(*v)).collect(),
        };
        let plain: Vec<f32> = plain.as_f32().unwrap().iter().map(|v| byte(*v)).collect();
        assert!(shown == plain, "{}", output.name);
    }
}

#[test]
fn where_a_mask_is_0_or_1_a_layer_is_hidden_or_all() {
    let (brick, moss) = (material("red_bricks"), material("moss"));
    let request = Request::new(Size::new(256, 256), 3);
    let over = |amount, contrast| {
        let layer = Layer { amount, contrast, follow: 0.0, thickness: 3.0, ..Layer::new(moss.clone()) };
        on_burn(&merged([Layer::new(brick.clone()), layer]), &request)
    };
    let alone = |layer| on_burn(&merged([layer]), &request);
    let below = alone(Layer::new(brick.clone()));
    let above = alone(Layer { seed: Some(1), ..Layer::new(moss.clone()) });
    for contrast in [0.0, 0.3, 1.0] {
        for (amount, expected) in [(0.0, &below), (1.0, &above)] {
            let made = over(amount, contrast);
            for (output, expected) in &expected.outputs {
                let (_, made) = made.outputs.iter().find(|(other, _)| other.kind == output.kind).unwrap();
                let same = made.as_f32().unwrap().iter().zip(expected.as_f32().unwrap()).all(|(a, b)| a == b);
                assert!(same, "amount {amount}, contrast {contrast}: {}", output.name);
            }
        }
    }
}

#[test]
fn layers_tile_and_roll() {
    let Some(gpu) = gpu() else { return };
    let wall = wall();
    assert!(wall.generator.generator.size.tiles);
    let still = Request::new(Size::new(512, 512), 8);
    let domain = Domain { origin: Texel { y: 256, x: -256 }, wrap: true };
    let moved = gpu.generate(&wall.generator, &Request { domain, ..still.clone() }).unwrap();
    let still = gpu.generate(&wall.generator, &still).unwrap();
    for ((output, moved), (_, still)) in moved.outputs.iter().zip(&still.outputs) {
        assert!(bits(moved) == bits(&roll(still, [256, 256])), "{}", output.name);
    }
}

/// The bits of the part of `whole` from `[row, column]` on.
fn part(whole: &Tensor, [row, column]: [usize; 2], [height, width]: [usize; 2]) -> Vec<u32> {
    let values = bits(whole);
    let (channels, rows, columns) = (whole.shape[1], whole.shape[2], whole.shape[3]);
    let row_of = |channel: usize, y: usize| (channel * rows + row + y) * columns + column;
    let starts = (0..channels).flat_map(|channel| (0..height).map(move |y| row_of(channel, y)));
    starts.flat_map(|start| values[start..start + width].to_vec()).collect()
}

/// How much dust, moss and rust there is varies over the world.
fn with_biomes(request: Request) -> Request {
    let fields = Fields::new(["dust.amount", "moss.amount", "paint"], |WorldPoint { x, y }, values| {
        let wave =
            |at: f64, period: f64| 0.5 + 0.5 * ((at / period).rem_euclid(1.0) * std::f64::consts::TAU).sin() as f32;
        values.copy_from_slice(&[wave(x, 96.0), wave(y, 160.0), wave(x + y, 64.0)]);
    });
    Request { fields: Some(fields), ..request }
}

#[test]
fn patches_are_the_whole_near_and_far() {
    let Some(gpu) = gpu() else { return };
    let wall = wall();
    let (rows, columns) = (3, 2);
    for (y, x) in [(-1, -1), (-FAR, FAR)] {
        let patch = |y, x| with_biomes(Request::patch(Size::new(40, 48), 77, PatchIndex { y, x }).unwrap());
        let block = Request { size: Size::new(40 * rows, 48 * columns), ..patch(y, x) };
        let whole = gpu.generate(&wall.generator, &block).unwrap();
        for index in (0..rows * columns).rev() {
            let (row, column) = (index / columns, index % columns);
            let made = gpu.generate(&wall.generator, &patch(y + row as i64, x + column as i64)).unwrap();
            for ((output, made), (_, whole)) in made.outputs.iter().zip(&whole.outputs) {
                let expected = part(whole, [row * 40, column * 48], [40, 48]);
                assert!(bits(made) == expected, "{} of patch {row},{column} from {y},{x}", output.name);
            }
        }
    }
}

#[test]
fn a_patch_computes_little_more_than_it_shows() {
    let wall = wall();
    let request = with_biomes(Request::patch(Size::new(272, 272), 1, PatchIndex { y: 5, x: -9 }).unwrap());
    let patch = wall.generator.patch(&request).unwrap().unwrap();
    let bound = patch.generator.output.bind(patch.request.size).unwrap();
    let computed = |part: &str| {
        let nodes = patch.generator.output.nodes().iter().filter(|node| node.name.contains(part));
        nodes.map(|node| bound.value_type(node.outputs[0]).shape[2..].iter().product::<usize>()).max().unwrap()
    };
    for part in ["red_bricks.", "moss.spacing_1.", "rust.noise.", "moss/mask", "rust/blend"] {
        assert!(computed(part) < 2 * 272 * 272, "{part}: {} elements", computed(part));
    }
}

/// Bricks under moss in the hollows and under snow that a field lays; all by example.
fn by_example() -> LoadedGenerator {
    let cavity = Mask::Cavity { radius: 9.0, from: 0.05, to: -0.08 };
    let noise = Mask::Noise { size: 64, octaves: 3, from: 0.3, to: 0.6 };
    let moss = Layer { shrink: 1, ..Layer::new(material("moss")).with_mask(Mask::Product(vec![cavity, noise])) };
    let snow = Layer { amount: 0.5, shrink: 2, ..Layer::new(material("snow")) };
    merged([Layer::new(material("red_bricks")), moss, snow])
}

/// Means of `factor` x `factor` elements.
fn shrunk(tensor: &Tensor, factor: usize) -> Vec<f32> {
    let [channels, height, width] = [1, 2, 3].map(|axis| tensor.shape[axis] / if axis == 1 { 1 } else { factor });
    let values = tensor.as_f32().unwrap();
    let mean = |i: usize| {
        let (c, y, x) = (i / (height * width), i / width % height, i % width);
        let row = |dy: usize| ((c * height + y) * factor + dy) * width * factor + x * factor;
        let sum: f32 = (0..factor).map(|dy| values[row(dy)..row(dy) + factor].iter().sum::<f32>()).sum();
        sum / (factor * factor) as f32
    };
    (0..channels * height * width).map(mean).collect()
}

#[test]
fn coarser_layers_show_the_same_from_far_away() {
    let Some(gpu) = gpu() else { return };
    let fine = by_example();
    let side = 512;
    let made = gpu.generate(&fine.generator, &Request::new(Size::new(side, side), 3)).unwrap();
    for halvings in 1..4 {
        let coarser = fine.coarser(halvings).unwrap();
        assert!(coarser.hash != fine.hash && coarser.name == fine.name);
        let request = Request::new(Size::new(side >> halvings, side >> halvings), 3);
        let coarse = gpu.generate(&coarser.generator, &request).unwrap();
        for ((output, coarse), (_, made)) in coarse.outputs.iter().zip(&made.outputs) {
            if output.kind != OutputKind::BaseColor {
                continue;
            }
            let expected = shrunk(made, 1 << halvings);
            let coarse = coarse.as_f32().unwrap();
            let distance = |shift: usize| {
                let pairs = coarse.iter().zip(expected.iter().cycle().skip(shift));
                pairs.map(|(a, b)| (a - b).abs()).sum::<f32>() / coarse.len() as f32
            };
            let elsewhere = distance((side >> halvings) * (side >> halvings) / 2 + 37);
            let here = distance(0);
            assert!(here < 0.5 * elsewhere, "halved {halvings} times: {here}, elsewhere {elsewhere}");
        }
    }
    assert!(wall().coarser(1).is_none(), "a formula has no levels");
    assert!(fine.has_coarser() && !wall().has_coarser());
}

#[test]
fn patches_of_coarser_layers_meet() {
    let Some(gpu) = gpu() else { return };
    let coarser = by_example().coarser(2).unwrap();
    let fields = Fields::new(["snow.amount"], |WorldPoint { x, .. }, values| {
        values[0] = 0.5 + 0.5 * ((x / 40.0).rem_euclid(1.0) * std::f64::consts::TAU).sin() as f32;
    });
    let patch = |size: Size, x: i64| {
        let request = Request::patch(Size::new(24, 20), 5, PatchIndex { y: FAR, x }).unwrap();
        let request = Request { fields: Some(fields.clone()), size, ..request };
        gpu.generate(&coarser.generator, &request).unwrap()
    };
    let whole = patch(Size::new(24, 40), -FAR);
    for index in [1, 0] {
        let made = patch(Size::new(24, 20), -FAR + index as i64);
        for ((output, made), (_, whole)) in made.outputs.iter().zip(&whole.outputs) {
            assert!(bits(made) == part(whole, [0, index * 20], [24, 20]), "{} of patch {index}", output.name);
        }
    }
}

#[test]
fn only_what_is_by_example_shrinks() {
    let rock = Arc::new(generators::load("noise_material").unwrap());
    let layers = MaterialLayers { layers: vec![Layer { shrink: 1, ..Layer::new(rock) }] };
    let error = layers.merge("rock").unwrap_err().to_string();
    assert!(error.contains("noise_material is not by example, so it cannot `shrink`"), "{error}");
    let moss = Layer { shrink: 3, ..Layer::new(material("moss")) };
    let merged = merged([moss.clone()]).generator.generator;
    assert_eq!((merged.size.multiple.height, merged.card.texel_density()), (32, Some(128.0)));
    let error = MaterialLayers { layers: vec![Layer { shrink: 11, ..moss }] }.merge("moss").unwrap_err();
    assert!(error.to_string().contains("shrink is 11, expected 0 to 10"), "{error}");
}
