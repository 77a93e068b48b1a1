//! The living texture: a neural cellular automaton whose first channels are the maps of a material.
//!
//! Each cell of a torus sees itself and its neighbours through four fixed filters per channel. A random mask chooses the cells
//! that move part of the way to the target that a small network computes (bounded relaxation):
//! ```text
//! p  = [x, sobel_x * x, sobel_y * x, laplacian * x]
//! x += rate * fires * (bound * tanh(W2 relu(W1 p + b1)) - x)
//! ```
//! The state stays within `bound` for any weights. The last channels can be grain: they keep the noise of the first state, so
//! that each cell sees constant random numbers of its own and of its neighbours.
//!
//! Neural cellular automata for textures: Niklasson et al., "Self-Organising Textures", Distill 2021; the 5x5-patch losses
//! that train them: Mordvintsev and Niklasson, "uNCA", 2021.

use imagine_graph::{
    Add, Concat, Conv, Dim, Div, Extent, Generator, Graph, GraphOutput, Greater, InputKind, Mul, OutputKind, PadMode,
    RandomUniform, Recurrence, Relu, SizeRule, Slice, Sqrt, Sub, Tanh, Tensor, Where,
};
use rand::Rng;

use crate::core::rng::normal;

/// Names of the trainable weights.
pub const TRAINABLE: [&str; 3] = ["w1.weight", "w1.bias", "w2.weight"];
/// Names of the step graph's constants.
pub const FIXED: [&str; 5] = ["perception.weight", "bound", "fire_threshold", "rate", "zero"];
/// Random stream of the first state; the step's mask uses stream 0.
const INIT_STREAM: u32 = 1000;

/// The size of an automaton and its dynamics.
#[derive(Clone, Debug, PartialEq)]
pub struct Automaton {
    /// Channels of a cell, a multiple of 4: visible ones first, then hidden ones.
    pub channels: usize,
    /// Width of the hidden layer, a multiple of 4.
    pub hidden: usize,
    /// Largest absolute value of a cell.
    pub bound: f32,
    /// Share of the way to the target that a cell moves per step.
    pub rate: f32,
    /// Probability that a cell does not move in a step.
    pub rest: f32,
    /// The first state is uniform from minus to plus this.
    pub noise: f32,
    /// How many of the last channels keep their first values.
    pub grain: usize,
}

impl Default for Automaton {
    fn default() -> Self {
        Self { channels: 16, hidden: 128, bound: 3.0, rate: 0.3, rest: 0.5, noise: 0.1, grain: 0 }
    }
}

/// How a map is read from the state.
#[derive(Clone, Debug, PartialEq)]
pub struct VisibleMap {
    /// The map's meaning.
    pub kind: OutputKind,
    /// Channels of state, after those of the map before; 0 if the map is constant.
    pub channels: usize,
    /// Added after scaling; one number per channel of the map (2 for a normal's slopes).
    pub mean: Vec<f32>,
    /// Scale; one number per channel of the map.
    pub std: Vec<f32>,
}

impl Automaton {
    /// The automaton with this many channels of grain.
    pub fn with_grain(self, grain: usize) -> Self {
        // Weaker grain would be invisible beside the grown channels.
        Self { grain, noise: if grain == 0 { self.noise } else { 1.0 }, ..self }
    }

    /// A generator with a random first and a zero second layer: untrained, it fades to its mean.
    pub fn generator(&self, maps: &[VisibleMap], steps: u32, rng: &mut impl Rng) -> Generator {
        Generator {
            output: output_graph(self.channels, maps),
            recurrence: Some(Recurrence {
                init: self.init_graph(),
                step: self.step_graph(rng),
                steps,
                step_rate: 30.0,
            }),
            size: SizeRule { multiple: Extent::splat(1), min: Extent::splat(1), tiles: true },
            card: Default::default(),
        }
    }

    /// The graph of the first state.
    fn init_graph(&self) -> Graph {
        let mut graph = Graph::default();
        let (low, high) = (-self.noise, self.noise);
        graph.push(
            "state",
            RandomUniform { low, high, shape: Dim::nchw(self.channels), stream: INIT_STREAM, part: None },
            [],
        );
        graph.output("state", OutputKind::State);
        graph
    }

    /// The graph of a step.
    pub(super) fn step_graph(&self, rng: &mut impl Rng) -> Graph {
        let (channels, hidden) = (self.channels, self.hidden);
        let mut graph = Graph::default();
        graph.input("state", InputKind::State, Dim::nchw(channels));
        graph.weight("perception.weight", perception(channels));
        graph.weight("w1.weight", random([hidden, 4 * channels, 1, 1], (4.0 * channels as f32).sqrt().recip(), rng));
        graph.weight("w1.bias", Tensor::f32([hidden], vec![0.0; hidden]));
        graph.weight("w2.weight", Tensor::f32([channels, hidden, 1, 1], vec![0.0; channels * hidden]));
        for (name, value) in [("bound", self.bound), ("fire_threshold", self.rest), ("zero", 0.0)] {
            graph.weight(name, Tensor::scalar(value));
        }
        graph.weight("rate", self.rates());
        let perceive = Conv { group: channels, ..Conv::same(3, PadMode::Wrap) };
        graph.push("perception", perceive, ["state", "perception.weight"]);
        graph.push("w1", Conv::default(), ["perception", "w1.weight", "w1.bias"]);
        graph.push("relu", Relu {}, ["w1"]);
        graph.push("w2", Conv::default(), ["relu", "w2.weight"]);
        graph.push("tanh", Tanh {}, ["w2"]);
        graph.push("bounded", Mul {}, ["tanh", "bound"]);
        graph.push("delta", Sub {}, ["bounded", "state"]);
        graph.push("mask", RandomUniform { shape: Dim::nchw(1), ..RandomUniform::default() }, []);
        graph.push("fires", Greater {}, ["mask", "fire_threshold"]);
        graph.push("gate", Where {}, ["fires", "rate", "zero"]);
        graph.push("update", Mul {}, ["delta", "gate"]);
        graph.push("next_state", Add {}, ["state", "update"]);
        graph.output("next_state", OutputKind::State);
        graph
    }

    /// The rate: one number, or one per channel if there is grain.
    fn rates(&self) -> Tensor {
        if self.grain == 0 {
            return Tensor::scalar(self.rate);
        }
        let moves = |channel| if channel < self.channels - self.grain { self.rate } else { 0.0 };
        Tensor::f32([1, self.channels, 1, 1], (0..self.channels).map(moves).collect::<Vec<f32>>())
    }
}

/// The graph that reads the maps from the state.
pub fn output_graph(channels: usize, maps: &[VisibleMap]) -> Graph {
    let mut graph = Graph::default();
    graph.input("state", InputKind::State, Dim::nchw(channels));
    let mut first = 0;
    for map in maps {
        let name = map.kind.name();
        let part = |suffix: &str| format!("{name}.{suffix}");
        let count = map.mean.len();
        // A constant map is any channels times zero.
        let range = if map.channels == 0 { 0..count } else { first..first + count };
        first += map.channels;
        let slice = graph.push(&part("channels"), channel_slice(range), ["state"]);
        let std = graph.weight(&part("std"), Tensor::f32([1, count, 1, 1], map.std.clone()));
        let scaled = graph.push(&part("scaled"), Mul {}, [slice.as_str(), &std]);
        let mean = graph.weight(&part("mean"), Tensor::f32([1, count, 1, 1], map.mean.clone()));
        let value = if map.kind == OutputKind::Normal { part("slopes") } else { part("value") };
        graph.push(&value, Add {}, [scaled.as_str(), &mean]);
        if map.kind == OutputKind::Normal {
            normal_from_slopes(&mut graph, name, &value);
        } else {
            let [min, max] = map.kind.default_range();
            graph.push(name, imagine_graph::Clip { min: Some(min), max: Some(max) }, [value.as_str()]);
        }
        graph.outputs.push(GraphOutput::new(name, map.kind));
    }
    graph
}

/// `n = (sx, sy, 1) / sqrt(sx^2 + sy^2 + 1)`: unit length by construction.
fn normal_from_slopes(graph: &mut Graph, name: &str, slopes: &str) {
    let part = |suffix: &str| format!("{name}.{suffix}");
    let one = graph.weight(&part("one"), Tensor::scalar(1.0));
    let squares = graph.push(&part("squares"), Mul {}, [slopes, slopes]);
    let x = graph.push(&part("x_squared"), channel_slice(0..1), [squares.as_str()]);
    let y = graph.push(&part("y_squared"), channel_slice(1..2), [squares.as_str()]);
    let tilt = graph.push(&part("tilt"), Add {}, [x.as_str(), &y]);
    let sum = graph.push(&part("length_squared"), Add {}, [tilt.as_str(), &one]);
    let length = graph.push(&part("length"), Sqrt {}, [sum.as_str()]);
    let xy = graph.push(&part("xy"), Div {}, [slopes, &length]);
    let z = graph.push(&part("z"), Div {}, [one.as_str(), &length]);
    graph.push(name, Concat { axis: 1 }, [xy.as_str(), &z]);
}

fn channel_slice(range: std::ops::Range<usize>) -> Slice {
    Slice { starts: vec![range.start as i64], ends: vec![range.end as i64], axes: vec![1], steps: vec![] }
}

/// Four filters per channel: identity, Sobel along x and y divided by 4, nine-point Laplacian divided by 4.
fn perception(channels: usize) -> Tensor {
    const FILTERS: [[f32; 9]; 4] = [
        [0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0],
        [-0.25, 0.0, 0.25, -0.5, 0.0, 0.5, -0.25, 0.0, 0.25],
        [-0.25, -0.5, -0.25, 0.0, 0.0, 0.0, 0.25, 0.5, 0.25],
        [0.25, 0.5, 0.25, 0.5, -3.0, 0.5, 0.25, 0.5, 0.25],
    ];
    let elements: Vec<f32> = (0..channels).flat_map(|_| FILTERS.into_iter().flatten()).collect();
    Tensor::f32([4 * channels, 1, 3, 3], elements)
}

/// Random normal numbers, scaled.
fn random(shape: [usize; 4], scale: f32, rng: &mut impl Rng) -> Tensor {
    Tensor::f32(shape, (0..shape.iter().product()).map(|_| normal(rng) * scale).collect::<Vec<f32>>())
}
