//! Choices that differ from cell to cell, in a generator built here: it tiles and rolls exactly with its map of kinds, patches of a
//! world equal the whole, kinds lie where the map puts them, and executors agree.

use burn::backend::Flex;
use imagine_graph::generators::Formula;
use imagine_graph::rng::Domain;
use imagine_graph::{
    Card, Conv, Coordinates, Dim, Distribution, Extent, Fields, Generated, Generator, InputKind, LeakyRelu, OutputKind,
    PadMode, RandomNormal, Request, Resize, Round, Size, SizeRule, Tensor, Texel, ValidGenerator, WorldPoint,
};

use crate::bits::{bits, gpu, roll};

/// Side of a cell in texels, and of an element of the waves.
const CELL: usize = 16;
const FINE: usize = 4;
pub const KINDS: usize = 3;
/// Channels between the layers.
const WIDTH: usize = 8;
/// A size in cells that is not square, and a roll by whole cells.
const CELLS: [usize; 2] = [6, 10];
const ROLL: [usize; 2] = [32, 80];

/// Cells of latents and of a choice, waves on a torus for every four texels and noise for every texel, doubled between
/// convolutions that wrap.
pub fn generator() -> ValidGenerator {
    let mut f = Formula::new();
    let image = |channels: usize| vec![Dim::BATCH, channels.into(), 1.into(), 1.into()];
    let latent = f.graph.input("latent", InputKind::Latent(Distribution::Normal), Dim::nchw_divided(4, CELL));
    let style = f.graph.input("style", InputKind::Latent(Distribution::Normal), image(WIDTH));
    let phase = f.graph.input("phase", InputKind::Latent(Distribution::Uniform), image(1));
    let options = ["one", "two", "three"].map(String::from).to_vec();
    let kind = f.graph.input("kind", InputKind::Choice { options, default: 0 }, Dim::nchw_divided(KINDS, CELL));
    let scale = f.range("scale", [0.5, 1.0], 1.0);
    let place = f.graph.input("place", InputKind::Coordinates(Coordinates::Torus), Dim::nchw_divided(4, FINE));

    f.part("cells");
    let both = f.concat(&[&latent, &kind]);
    let mixed = convolved(&mut f, &both, [4 + KINDS, WIDTH]);
    let styled = f.add(&mixed, &style);
    let cells = f.node(LeakyRelu { alpha: 0.2 }, &[&styled]);

    f.part("waves");
    let (across, period) = (f.channels(&place, 0..1), f.channels(&place, 2..3));
    let lengths = f.vector(&[5.0, 8.0, 11.0]);
    let lengths = f.mul(&lengths, &scale);
    let number = f.div(&period, &lengths);
    let whole = f.node(Round {}, &[&number]);
    let turns = f.mul(&whole, &across);
    let turns = f.add(&turns, &phase);
    // Sines of large arguments differ between devices.
    let cycles = f.floor(&turns);
    let turns = f.sub(&turns, &cycles);
    let angle = f.mul(&turns, std::f32::consts::TAU);
    let wave = f.sin(&angle);
    let amplitude = repeated(&mut f, &kind);
    let waves = f.mul(&wave, &amplitude);
    let wave = f.channel_sum(&waves);

    f.part("texels");
    let fine = repeated(&mut f, &cells);
    let fine = f.add(&fine, &wave);
    let texels = repeated(&mut f, &fine);
    let smooth = convolved(&mut f, &texels, [WIDTH, WIDTH]);
    let noise = f.node(RandomNormal { shape: Dim::nchw(1), scale: 0.2, ..RandomNormal::default() }, &[]);
    let noisy = f.add(&smooth, &noise);
    let active = f.node(LeakyRelu { alpha: 0.2 }, &[&noisy]);
    let raw = convolved(&mut f, &active, [WIDTH, 4]);
    let maps = f.sigmoid(&raw);
    for (channels, output) in [(0..3, OutputKind::BaseColor), (3..4, OutputKind::Height)] {
        let map = f.channels(&maps, channels);
        f.output(&map, output);
    }
    let size = SizeRule { multiple: Extent::splat(CELL), min: Extent::splat(CELL), tiles: true };
    Generator { output: f.graph, recurrence: None, size, card: Card::default() }.validate().unwrap()
}

/// A 3x3 convolution that wraps, with weights from -0.2 to 0.2.
fn convolved(f: &mut Formula, value: &str, [inputs, outputs]: [usize; 2]) -> String {
    let weights: Vec<f32> = (0..outputs * inputs * 9).map(|i| ((i * 7919 % 101) as f32 - 50.0) / 250.0).collect();
    let weight = f.weight(Tensor::f32([outputs, inputs, 3, 3], weights));
    f.node(Conv::same(3, PadMode::Wrap), &[value, &weight])
}

/// Each element four times along both sides.
fn repeated(f: &mut Formula, value: &str) -> String {
    f.node(Resize { scales: vec![4.0; 2], axes: vec![2, 3], ..Resize::default() }, &[value])
}

/// Weight of a kind at cell `[y, x]`.
fn weight(kind: usize, [y, x]: [i32; 2]) -> f32 {
    let place = (y.rem_euclid(12) + 2 * x.rem_euclid(12)) as usize;
    if place % KINDS == kind { 1.0 } else { 0.25 }
}

/// Weights of kinds at all cells of an image.
fn kinds(cells: [usize; 2]) -> Tensor {
    let mut weights = Vec::new();
    for kind in 0..KINDS {
        for y in 0..cells[0] as i32 {
            weights.extend((0..cells[1] as i32).map(|x| weight(kind, [y, x])));
        }
    }
    Tensor::f32([1, KINDS, cells[0], cells[1]], weights)
}

/// A part of a world whose kinds change from cell to cell.
fn world(cells: [usize; 2], origin: [i32; 2]) -> Request {
    let sample = |WorldPoint { x, y }, weights: &mut [f32]| {
        let cell = [y, x].map(|texel| (texel / CELL as f64).floor() as i32);
        weights.iter_mut().enumerate().for_each(|(kind, value)| *value = weight(kind, cell));
    };
    Request { fields: Some(Fields::new(["kind"], sample)), ..request(cells, origin, false) }
}

fn request(cells: [usize; 2], [top, left]: [i32; 2], wrap: bool) -> Request {
    let [height, width] = cells.map(|cells| cells * CELL);
    let mut request = Request::new(Size::new(height, width), 3);
    request.domain = Domain { origin: Texel { y: top * CELL as i32, x: left * CELL as i32 }, wrap };
    request.inputs.insert("scale".into(), Tensor::scalar(0.8));
    request
}

fn on_burn(generator: &ValidGenerator, request: &Request) -> Generated {
    imagine_burn::generate::<Flex>(generator, request, &Default::default()).unwrap()
}

/// Rolling the domain and the map of kinds rolls all maps, to the bit.
fn rolls_exactly(generator: &ValidGenerator, generate: impl Fn(&Request) -> Generated) {
    let mut still = request(CELLS, [0, 0], true);
    let map = kinds(CELLS);
    still.inputs.insert("kind".into(), map.clone());
    let mut moved = still.clone();
    moved.domain.origin = ROLL.map(|texels| texels as i32).into();
    moved.inputs.insert("kind".into(), roll(&map, ROLL.map(|texels| texels / CELL)));
    let [still, moved] = [still, moved].map(|request| generate(&request));
    assert_eq!(still.outputs.len(), generator.generator.output.outputs.len());
    for ((output, still), (_, moved)) in still.outputs.iter().zip(&moved.outputs) {
        assert!(bits(still) != bits(moved), "{}: rolling did nothing", output.name);
        assert!(bits(moved) == bits(&roll(still, ROLL)), "{} does not roll", output.name);
    }
}

/// The texels of `made` from a cell on.
fn part(made: &Tensor, from: [usize; 2], cells: [usize; 2]) -> Vec<u32> {
    let [channels, height, width] = [made.shape[1], made.shape[2], made.shape[3]];
    let values = made.as_f32().unwrap();
    let mut found = Vec::new();
    for channel in 0..channels {
        for y in from[0] * CELL..(from[0] + cells[0]) * CELL {
            let first = (channel * height + y) * width + from[1] * CELL;
            found.extend(values[first..first + cells[1] * CELL].iter().map(|value| value.to_bits()));
        }
    }
    found
}

/// A patch has the texels of the whole, near the origin and 2^20 cells away.
fn patches_are_parts_of_the_whole(generate: impl Fn(&Request) -> Generated) {
    let patch = [2, 3];
    for origin in [[-3, 5], [-(1 << 20), 1 << 20]] {
        let whole = generate(&world(patch.map(|cells| 2 * cells), origin));
        for [down, right] in [[0, 0], [1, 1], [0, 1]] {
            let at = [down * patch[0], right * patch[1]];
            let made = generate(&world(patch, [origin[0] + at[0] as i32, origin[1] + at[1] as i32]));
            for ((output, whole), (_, made)) in whole.outputs.iter().zip(&made.outputs) {
                let expected = part(whole, at, patch);
                assert!(part(made, [0; 2], patch) == expected, "{} at {origin:?}, patch {at:?}", output.name);
            }
        }
    }
}

#[test]
fn they_roll_exactly_on_burn() {
    let generator = generator();
    rolls_exactly(&generator, |request| on_burn(&generator, request));
}

#[test]
fn they_roll_exactly_on_wgpu() {
    let Some(gpu) = gpu() else { return };
    let generator = generator();
    rolls_exactly(&generator, |request| gpu.generate(&generator, request).unwrap());
}

#[test]
fn patches_of_a_world_meet_on_wgpu() {
    let Some(gpu) = gpu() else { return };
    let generator = generator();
    patches_are_parts_of_the_whole(|request| gpu.generate(&generator, request).unwrap());
}

#[test]
fn wgpu_and_burn_agree() {
    let Some(gpu) = gpu() else { return };
    let generator = generator();
    let asked = world([3, 5], [2, -7]);
    let ours = gpu.generate(&generator, &asked).unwrap();
    for ((output, ours), (_, theirs)) in ours.outputs.iter().zip(&on_burn(&generator, &asked).outputs) {
        let pairs = ours.as_f32().unwrap().iter().zip(theirs.as_f32().unwrap());
        let difference = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(difference <= 1e-3, "{} differs by {difference}", output.name);
    }
}

#[test]
fn a_map_of_kinds_places_each_kind() {
    let generator = generator();
    let cells = [2, 40];
    let alone = |kind: f32| {
        let mut asked = request(cells, [0, 0], true);
        asked.inputs.insert("kind".into(), Tensor::scalar(kind));
        on_burn(&generator, &asked)
    };
    let (one, three) = (alone(0.0), alone(2.0));
    let mut weights = vec![0.0; KINDS * 80];
    for cell in 0..80 {
        weights[if cell % 40 < 20 { cell } else { 160 + cell }] = 1.0;
    }
    let mut asked = request(cells, [0, 0], true);
    asked.inputs.insert("kind".into(), Tensor::f32([1, KINDS, 2, 40], weights));
    let both = on_burn(&generator, &asked);
    for (index, (output, both)) in both.outputs.iter().enumerate() {
        let column = |made: &Tensor, x: usize| part(made, [0, x], [2, 1]);
        let near = |a: Vec<u32>, b: Vec<u32>| {
            a.into_iter().zip(b).all(|(a, b)| (f32::from_bits(a) - f32::from_bits(b)).abs() < 1e-5)
        };
        // Columns of cells in the middle of each half are out of the other half's sight.
        let [one, three] = [&one, &three].map(|made| &made.outputs[index].1);
        assert!(near(column(both, 10), column(one, 10)), "{}", output.name);
        assert!(near(column(both, 30), column(three, 30)), "{}", output.name);
    }
}
