//! A small living texture with random weights.

use imagine_graph::{
    Add, Conv, Dim, Generator, Graph, Greater, InputKind, Mul, OutputKind, PadMode, RandomUniform, Recurrence, Relu,
    SizeRule, Slice, Sub, Tanh, Tensor, ValidGenerator, Where, rng,
};

/// Channels of a cell.
pub const CHANNELS: usize = 8;
const HIDDEN: usize = 12;
const FILTERS: [[f32; 9]; 4] = [
    [0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0],
    [-0.25, 0.0, 0.25, -0.5, 0.0, 0.5, -0.25, 0.0, 0.25],
    [-0.25, -0.5, -0.25, 0.0, 0.0, 0.0, 0.25, 0.5, 0.25],
    [0.25, 0.5, 0.25, 0.5, -3.0, 0.5, 0.25, 0.5, 0.25],
];

/// Seeded numbers, uniform within plus and minus `scale`.
pub fn noise(shape: Vec<usize>, scale: f32, key: u32) -> Tensor {
    let count: usize = shape.iter().product();
    let number = |i| scale * (2.0 * rng::uniform(rng::cell(i, 0, 0, key)) - 1.0);
    Tensor::f32(shape, (0..count as u32).map(number).collect::<Vec<_>>())
}

/// The generator: colour from the first three channels.
pub fn generator() -> ValidGenerator {
    generator_with(Tensor::scalar(0.3))
}

/// The generator whose cells move by `rates`: one, or one per channel.
pub fn generator_with(rates: Tensor) -> ValidGenerator {
    let mut init = Graph::default();
    init.push(
        "state",
        RandomUniform { low: -0.1, high: 0.1, shape: Dim::nchw(CHANNELS), stream: 1000, part: None },
        [],
    );
    init.output("state", OutputKind::State);
    let mut output = Graph::default();
    output.input("state", InputKind::State, Dim::nchw(CHANNELS));
    let slice = Slice { starts: vec![0], ends: vec![3], axes: vec![1], steps: vec![1] };
    output.push("visible", slice, ["state"]);
    output.weight("mean", Tensor::f32([1, 3, 1, 1], [0.4, 0.5, 0.6]));
    output.push("base_color", Add {}, ["visible", "mean"]);
    output.output("base_color", OutputKind::BaseColor);
    let size = SizeRule { tiles: true, ..SizeRule::default() };
    let recurrence = Some(Recurrence { init, step: step(rates), steps: 8, step_rate: 30.0 });
    Generator { output, recurrence, size, card: Default::default() }.validate().unwrap()
}

fn step(rates: Tensor) -> Graph {
    let mut graph = Graph::default();
    graph.input("state", InputKind::State, Dim::nchw(CHANNELS));
    let filters: Vec<f32> = (0..CHANNELS).flat_map(|_| FILTERS.into_iter().flatten()).collect();
    graph.weight("filters", Tensor::f32([4 * CHANNELS, 1, 3, 3], filters));
    graph.weight("w1", noise(vec![HIDDEN, 4 * CHANNELS, 1, 1], 0.3, 1));
    graph.weight("b1", noise(vec![HIDDEN], 0.3, 2));
    graph.weight("w2", noise(vec![CHANNELS, HIDDEN, 1, 1], 0.5, 3));
    for (name, value) in [("bound", 3.0), ("threshold", 0.5), ("zero", 0.0)] {
        graph.weight(name, Tensor::scalar(value));
    }
    graph.weight("rate", rates);
    let perceive = Conv { group: CHANNELS, ..Conv::same(3, PadMode::Wrap) };
    graph.push("perception", perceive, ["state", "filters"]);
    graph.push("first", Conv::default(), ["perception", "w1", "b1"]);
    graph.push("relu", Relu {}, ["first"]);
    graph.push("second", Conv::default(), ["relu", "w2"]);
    graph.push("tanh", Tanh {}, ["second"]);
    graph.push("bounded", Mul {}, ["tanh", "bound"]);
    graph.push("delta", Sub {}, ["bounded", "state"]);
    graph.push("mask", RandomUniform { shape: Dim::nchw(1), ..RandomUniform::default() }, []);
    graph.push("fires", Greater {}, ["mask", "threshold"]);
    graph.push("gate", Where {}, ["fires", "rate", "zero"]);
    graph.push("update", Mul {}, ["delta", "gate"]);
    graph.push("next", Add {}, ["state", "update"]);
    graph.output("next", OutputKind::State);
    graph
}
