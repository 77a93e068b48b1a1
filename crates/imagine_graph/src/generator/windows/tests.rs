//! Windows of networks whose elements are hashes of the elements they read: a window must equal the whole image.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::*;
use crate::generator::{Card, Generator, Recurrence, SizeRule};
use crate::graph::{Graph, InputKind, OutputKind, ValidGraph, ValidNode, ValueId};
use crate::ops::{
    Add, AveragePool, Conv, ConvTranspose, DepthToSpace, Mul, Op, Pad, PadMode, RandomUniform, Reach, ReduceMean,
    Resize, ResizeMode, Slice, SpaceToDepth,
};
use crate::tensor::{Dim, Extent, PerAxis, Tensor};

const WIDTH: usize = 8;

fn generator(build: impl FnOnce(&mut Graph)) -> ValidGenerator {
    let mut graph = Graph::default();
    graph.input("x", InputKind::Tensor, Dim::nchw(1));
    weights(&mut graph);
    build(&mut graph);
    let last = graph.nodes.last().unwrap().outputs[0].clone();
    graph.output(&last, OutputKind::Tensor);
    finish(graph, None)
}

fn weights(graph: &mut Graph) {
    graph.weight("w", Tensor::f32([1, 1, 3, 3], vec![0.1; 9]));
    graph.weight("w4", Tensor::f32([4, 1, 3, 3], vec![0.1; 36]));
    graph.weight("t", Tensor::f32([1, 1, 4, 4], vec![0.1; 16]));
}

fn finish(output: Graph, recurrence: Option<Recurrence>) -> ValidGenerator {
    let size = SizeRule { multiple: Extent::splat(1), min: Extent::splat(4), tiles: false };
    Generator { output, recurrence, size, card: Card::default() }.validate().unwrap()
}

/// Every value's elements along the height, as hashes of the elements they depend on.
struct HashedValues<'a> {
    bound: BoundGraph<'a>,
    values: Vec<Vec<u64>>,
}

/// Runs `graph` over the pixels from `start` of an image of `whole` pixels; inputs by name.
fn run<'a>(
    graph: &'a ValidGraph,
    size: Size,
    (start, whole): (i64, usize),
    inputs: &BTreeMap<String, Vec<u64>>,
) -> HashedValues<'a> {
    let bound = graph.bind(size).unwrap();
    let mut values = vec![Vec::new(); graph.value_count()];
    for (value, elements) in values.iter_mut().enumerate() {
        let name = graph.name(ValueId(value));
        *elements = match inputs.get(name) {
            Some(given) => given.clone(),
            None => vec![hash(&name); height(&bound, ValueId(value))],
        };
    }
    for node in graph.nodes() {
        for &output in &node.outputs {
            values[output.0] = match node.op.random_shape() {
                Some(_) => {
                    let places = (0..height(&bound, output) as i64).map(|i| (start + i).rem_euclid(whole as i64));
                    places.map(|place| hash(&("random", place))).collect()
                }
                None => output_hashes(&bound, node, output, &values),
            };
        }
    }
    HashedValues { bound, values }
}

fn output_hashes(bound: &BoundGraph, node: &ValidNode, output: ValueId, values: &[Vec<u64>]) -> Vec<u64> {
    let types: Vec<_> = node.inputs.iter().map(|v| v.map(|v| bound.value_type(v))).collect();
    let reaches = node.op.reach(&types, bound.value_type(output));
    let mode = match &node.op {
        Op::Conv(op) => op.pad_mode,
        Op::Pad(op) => op.mode,
        Op::Resize(_) => PadMode::Edge,
        _ => PadMode::Constant,
    };
    let element = |i: usize| {
        let mut hasher = DefaultHasher::new();
        node.name.hash(&mut hasher);
        for (reach, value) in reaches.iter().zip(node.inputs.iter().flatten()) {
            let from = &values[value.0];
            match reach {
                Reach::Everything(_) => from.hash(&mut hasher),
                Reach::Pointwise => from[i % from.len()].hash(&mut hasher),
                Reach::Window(PerAxis { height: window, .. }) => {
                    (i % window.repeat).hash(&mut hasher);
                    let place = (i * window.stride / window.repeat) as i64;
                    for at in place + window.low..=place + window.high {
                        let read = inside(mode, at, from.len() as i64).map(|at| from[at as usize]);
                        read.hash(&mut hasher);
                    }
                }
            }
        }
        hasher.finish()
    };
    (0..height(bound, output)).map(element).collect()
}

fn inside(mode: PadMode, at: i64, length: i64) -> Option<i64> {
    match mode {
        PadMode::Constant => (0..length).contains(&at).then_some(at),
        PadMode::Edge => Some(at.clamp(0, length - 1)),
        PadMode::Wrap => Some(at.rem_euclid(length)),
        PadMode::Reflect => {
            let period = (2 * (length - 1)).max(1);
            let at = at.rem_euclid(period);
            Some(at.min(period - at))
        }
    }
}

fn height(bound: &BoundGraph, value: ValueId) -> usize {
    let shape = &bound.value_type(value).shape;
    shape.len().checked_sub(2).map_or(1, |axis| shape[axis])
}

fn hash(of: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

/// The first output over the pixels `span` of an image of `whole` pixels; elements of inputs are hashes of their indices.
fn output_of(generator: &ValidGenerator, steps: u32, span: Span, whole: usize) -> Vec<u64> {
    let size = Size::new(span.length, WIDTH);
    let place = (span.start, whole);
    let mut state = None;
    if let Some(recurrence) = &generator.recurrence {
        let mut found = last(run(&recurrence.init, size, place, &BTreeMap::new()));
        for _ in 0..steps {
            found = last(run(&recurrence.step, size, place, &BTreeMap::from([("state".to_string(), found)])));
        }
        state = Some(("state".to_string(), found));
    }
    let mut inputs: BTreeMap<String, Vec<u64>> = state.into_iter().collect();
    for input in generator.output.graph().inputs.iter().filter(|input| input.name != "state") {
        let bound = generator.output.bind(size).unwrap();
        let all = generator.output.bind(Size::new(whole, WIDTH)).unwrap();
        let index = generator.output.graph().inputs.iter().position(|other| other == input).unwrap();
        let value = generator.output.input(index);
        let (here, everywhere) = (height(&bound, value), height(&all, value));
        let first = span.start * everywhere as i64 / whole as i64;
        let elements = (0..here as i64).map(|i| hash(&(&input.name, (first + i).rem_euclid(everywhere as i64))));
        inputs.insert(input.name.clone(), elements.collect());
    }
    last(run(&generator.output, size, place, &inputs))
}

fn last(mut hashed: HashedValues) -> Vec<u64> {
    let output = hashed.bound.graph.outputs()[0];
    std::mem::take(&mut hashed.values[output.0])
}

/// Cuts an image of `whole` rows at every multiple of `every` and compares with the whole image. Returns the longest window.
fn check_image(generator: &ValidGenerator, steps: u32, whole: usize, every: usize) -> usize {
    let windows = Windows::of_image(generator, Size::new(whole, WIDTH), steps, Axis::Height).unwrap();
    let all = output_of(generator, steps, Span { start: 0, length: whole }, whole);
    let mut longest = 0;
    for start in (0..whole).step_by(every) {
        let wanted = Span { start: start as i64, length: every.min(whole - start) };
        let window = windows.around(wanted).unwrap();
        longest = longest.max(window.length);
        let found = output_of(generator, steps, window, whole);
        let scale = windows.scale_of_output(0).unwrap();
        let (part, from) = (wanted.scaled(scale), window.scaled(scale).start);
        for place in part.start..part.end().min(all.len() as i64) {
            let here = found[(place - from) as usize];
            assert_eq!(here, all[place as usize], "row {place} of {window:?} around {wanted:?}");
        }
    }
    longest
}

fn same(mode: PadMode) -> Conv {
    Conv::same(3, mode)
}

fn strided(mode: PadMode) -> Conv {
    Conv { strides: vec![2, 2], ..same(mode) }
}

fn doubled(mode: ResizeMode) -> Resize {
    Resize { scales: vec![2.0, 2.0], mode, ..Resize::default() }
}

fn padded(rows: [i64; 2], mode: PadMode) -> Pad {
    Pad { pads: vec![rows[0], 1, rows[1], 1], axes: vec![2, 3], mode, value: 0.0 }
}

#[test]
fn convolutions_need_one_row_per_layer_with_any_padding() {
    for mode in [PadMode::Constant, PadMode::Edge, PadMode::Reflect, PadMode::Wrap] {
        let network = generator(|graph| {
            graph.push("a", same(mode), ["x", "w"]);
            graph.push("b", same(mode), ["a", "w"]);
            graph.push("c", same(mode), ["b", "w"]);
        });
        assert_eq!(check_image(&network, 0, 24, 4), 10, "{mode:?}");
        check_image(&network, 0, 23, 5);
    }
}

#[test]
fn windows_of_down_and_up_sampling_align_to_the_coarsest_rows() {
    for mode in [PadMode::Constant, PadMode::Edge, PadMode::Wrap] {
        let network = generator(|graph| {
            graph.push("half", strided(mode), ["x", "w"]);
            graph.push("quarter", strided(mode), ["half", "w"]);
            graph.push("middle", same(mode), ["quarter", "w"]);
            graph.push("up", doubled(ResizeMode::Nearest), ["middle"]);
            graph.push("joined", Add {}, ["up", "half"]);
            graph.push("full", doubled(ResizeMode::Nearest), ["joined"]);
            graph.push("out", same(mode), ["full", "w"]);
        });
        let windows = Windows::of_image(&network, Size::new(64, WIDTH), 0, Axis::Height).unwrap();
        assert_eq!(windows.alignment(), 4);
        for every in [4, 7, 16] {
            assert!(check_image(&network, 0, 64, every) < 64, "{mode:?}");
        }
    }
}

#[test]
fn separate_padding_and_valid_convolutions_match() {
    for mode in [PadMode::Constant, PadMode::Reflect, PadMode::Wrap] {
        let network = generator(|graph| {
            graph.push("p", padded([1, 1], mode), ["x"]);
            graph.push("a", Conv::default(), ["p", "w"]);
            graph.push("q", padded([2, 2], mode), ["a"]);
            graph.push("wide", Pad { pads: vec![0, 1, 0, 1], ..padded([0, 0], mode) }, ["q"]);
            graph.push("b", Conv { dilations: vec![2, 2], ..Conv::default() }, ["wide", "w"]);
        });
        assert!(check_image(&network, 0, 40, 5) <= 12);
    }
}

#[test]
fn rows_shifted_away_and_back_are_computed() {
    let network = generator(|graph| {
        let shift = |by: i64| Pad { pads: vec![by, -by], axes: vec![2], mode: PadMode::Constant, value: 0.0 };
        graph.push("away", shift(3), ["x"]);
        graph.push("back", shift(-3), ["away"]);
    });
    check_image(&network, 0, 30, 4);
    let cut = generator(|graph| {
        let slice = Slice { starts: vec![2], ends: vec![i64::MAX], axes: vec![2], ..Slice::default() };
        graph.push("a", slice, ["x"]);
        graph.push("b", Pad { pads: vec![2, 0], axes: vec![2], mode: PadMode::Edge, value: 0.0 }, ["a"]);
    });
    check_image(&cut, 0, 30, 4);
}

#[test]
fn pixel_shuffles_pools_transposed_convolutions_and_linear_upsampling_match() {
    let network = generator(|graph| {
        graph.push("deep", SpaceToDepth { blocksize: 2 }, ["x"]);
        graph.push("wide", DepthToSpace { blocksize: 2, ..Default::default() }, ["deep"]);
        graph.push("a", AveragePool { kernel_shape: vec![2, 2], strides: vec![2, 2], ..Default::default() }, ["wide"]);
        let transposed = ConvTranspose { strides: vec![2, 2], pads: vec![1, 1, 1, 1], ..Default::default() };
        graph.push("b", transposed, ["a", "t"]);
        graph.push("c", doubled(ResizeMode::Linear), ["b"]);
    });
    assert!(check_image(&network, 0, 40, 6) < 40);
}

#[test]
fn super_resolution_has_more_rows_than_its_input() {
    let network = generator(|graph| {
        graph.push("a", same(PadMode::Constant), ["x", "w"]);
        graph.push("b", same(PadMode::Constant), ["a", "w4"]);
        graph.push("c", DepthToSpace { blocksize: 2, ..Default::default() }, ["b"]);
    });
    assert_eq!(check_image(&network, 0, 30, 5), 9);
}

#[test]
fn random_numbers_belong_to_their_position() {
    let network = generator(|graph| {
        graph.push("noise", RandomUniform { shape: Dim::nchw(1), ..Default::default() }, []);
        graph.push("sum", Add {}, ["x", "noise"]);
        graph.push("a", same(PadMode::Wrap), ["sum", "w"]);
    });
    let windows = Windows::of_image(&network, Size::new(32, WIDTH), 0, Axis::Height).unwrap();
    assert!(windows.draws_random_numbers() && windows.boundary() == Boundary::Periodic);
    assert_eq!(windows.around(Span { start: 0, length: 4 }).unwrap(), Span { start: -1, length: 6 });
    check_image(&network, 0, 32, 4);
}

#[test]
fn every_step_of_an_automaton_widens_the_window() {
    let state = || Dim::nchw(1);
    let mut init = Graph::default();
    init.push("seed", RandomUniform { shape: state(), ..Default::default() }, []);
    init.output("seed", OutputKind::State);
    let mut step = Graph::default();
    step.input("state", InputKind::State, state());
    weights(&mut step);
    step.push("next", same(PadMode::Wrap), ["state", "w"]);
    step.output("next", OutputKind::State);
    let mut output = Graph::default();
    output.input("state", InputKind::State, state());
    output.push("y", Mul {}, ["state", "state"]);
    output.output("y", OutputKind::Tensor);
    let network = finish(output, Some(Recurrence { init, step, steps: 5, step_rate: 0.0 }));
    assert_eq!(check_image(&network, 5, 40, 4), 14);
    assert_eq!(check_image(&network, 30, 40, 4), 40);
}

#[test]
fn patches_of_a_plane_are_the_same_wherever_they_are_cut() {
    let network = generator(|graph| {
        graph.push("half", strided(PadMode::Constant), ["x", "w"]);
        graph.push("up", doubled(ResizeMode::Nearest), ["half"]);
        graph.push("out", same(PadMode::Constant), ["up", "w"]);
    });
    let windows = Windows::of_plane(&network, Size::new(16, WIDTH), 0, Axis::Height).unwrap();
    let row = |wanted: Span, row: i64| {
        let window = windows.around(wanted).unwrap();
        assert!(window.start % 2 == 0 && window.length.is_multiple_of(2) && window.start < wanted.start);
        output_of(&network, 0, window, 1 << 12)[(row - window.start) as usize]
    };
    let span = |start, length| Span { start, length };
    for at in -5..5 {
        assert_eq!(row(span(at, 1), at), row(span(-6, 12), at), "row {at}");
    }
}

#[test]
fn errors_name_the_node_that_cannot_be_windowed() {
    let text = |network: &ValidGenerator| {
        Windows::of_image(network, Size::new(4, WIDTH), 0, Axis::Height).map(|_| ()).unwrap_err().to_string()
    };
    let global = generator(|graph| {
        graph.push("mean", ReduceMean { axes: vec![2, 3], ..Default::default() }, ["x"]);
        graph.push("y", Mul {}, ["x", "mean"]);
    });
    assert_eq!(
        text(&global),
        "output: node \"mean\" (ReduceMean) reads all of height and width, so no part of the height can be computed on its own"
    );
    let mixed = generator(|graph| {
        graph.push("round", same(PadMode::Wrap), ["x", "w"]);
        graph.push("flat", same(PadMode::Constant), ["round", "w"]);
    });
    assert_eq!(
        text(&mixed),
        "output: node \"flat\" (Conv) reads padding beyond the border, while other nodes wrap around, so no part of the \
         height can be computed on its own"
    );
    let fixed = generator(|graph| {
        graph.weight("rows", Tensor::f32([1, 1, 4, 1], vec![0.0; 4]));
        graph.push("y", Add {}, ["x", "rows"]);
    });
    assert!(text(&fixed).contains("node \"y\" (Add) reads a value of fixed size"), "{}", text(&fixed));
}
