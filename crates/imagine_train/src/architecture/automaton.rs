//! The living texture: a neural cellular automaton whose visible channels are all maps of a material at once.
//!
//! Growing Neural Cellular Automata (Mordvintsev et al. 2020), Self-Organising Textures (Niklasson et al. 2021), with a
//! bounded relaxation in place of the residual update: `x += rate * fire * (bound * tanh(W2 relu(W1 p + b1)) - x)`.

use imagine_graph::{
    Add, Clip, Conv, Dim, Graph, Greater, InputKind, Mul, OutputKind, PadMode, RandomUniform, Relu, Slice, Sub, Tanh,
    Tensor, Where, rng,
};

/// Weights of the step graph that do not learn.
pub const FROZEN: &[&str] = &["perception.weight", "bound", "fire_threshold", "rate", "zero"];

/// Size of an automaton.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AutomatonShape {
    /// Channels of the state; the first ones are visible.
    pub channels: usize,
    /// Width of the hidden layer.
    pub hidden: usize,
}

/// How a map of the material is read from the state: `mean + deviation * channel`.
#[derive(Clone, Debug, PartialEq)]
pub struct MapReadout {
    /// What the map is.
    pub kind: OutputKind,
    /// First channel of the state.
    pub first_channel: usize,
    /// Mean of each of the map's channels.
    pub mean: Vec<f32>,
    /// Standard deviation of each of the map's channels; 0 for a constant map.
    pub deviation: Vec<f32>,
}

/// The first state: weak uniform noise.
pub fn init(shape: AutomatonShape) -> Graph {
    let mut graph = Graph::default();
    let noise = RandomUniform { low: -0.1, high: 0.1, shape: Dim::nchw(shape.channels), stream: 1000 };
    graph.push("state", noise, []);
    graph.output("state", OutputKind::State);
    graph
}

/// The next state, with weights drawn from `seed`: the first layer normal with variance 1 / fan-in, the second zero.
pub fn step(shape: AutomatonShape, seed: u64) -> Graph {
    let AutomatonShape { channels, hidden } = shape;
    let perceived = 4 * channels;
    let mut graph = Graph::default();
    graph.input("state", InputKind::State, Dim::nchw(channels));
    graph.weight("perception.weight", perception(channels));
    graph.weight("w1.weight", normal([hidden, perceived, 1, 1], seed, (perceived as f32).powf(-0.5)));
    graph.weight("w1.bias", Tensor::f32([hidden], vec![0.0; hidden]));
    graph.weight("w2.weight", Tensor::f32([channels, hidden, 1, 1], vec![0.0; channels * hidden]));
    for (name, value) in [("bound", 3.0), ("fire_threshold", 0.5), ("rate", 0.3), ("zero", 0.0)] {
        graph.weight(name, Tensor::scalar(value));
    }
    let depthwise = Conv { group: channels, ..Conv::same(3, PadMode::Wrap) };
    graph.push("perceive", depthwise, ["state", "perception.weight"]);
    graph.push("hidden", Conv::default(), ["perceive", "w1.weight", "w1.bias"]);
    graph.push("relu", Relu {}, ["hidden"]);
    graph.push("update", Conv::default(), ["relu", "w2.weight"]);
    graph.push("tanh", Tanh {}, ["update"]);
    graph.push("target", Mul {}, ["tanh", "bound"]);
    graph.push("delta", Sub {}, ["target", "state"]);
    let mask = vec![Dim::BATCH, Dim::Fixed(1), Dim::HEIGHT, Dim::WIDTH];
    graph.push("mask", RandomUniform { shape: mask, ..RandomUniform::default() }, []);
    graph.push("fire", Greater {}, ["mask", "fire_threshold"]);
    graph.push("gate", Where {}, ["fire", "rate", "zero"]);
    graph.push("change", Mul {}, ["delta", "gate"]);
    graph.push("next_state", Add {}, ["state", "change"]);
    graph.output("next_state", OutputKind::State);
    graph
}

/// The maps of the material, read from the state.
pub fn output(shape: AutomatonShape, maps: &[MapReadout]) -> Graph {
    let mut graph = Graph::default();
    graph.input("state", InputKind::State, Dim::nchw(shape.channels));
    for map in maps {
        let name = map.kind.name();
        let count = map.mean.len();
        let (start, end) = (map.first_channel as i64, (map.first_channel + count) as i64);
        let slice = Slice { starts: vec![start], ends: vec![end], axes: vec![1], steps: Vec::new() };
        let [channels, scaled, shifted] = ["channels", "scaled", "shifted"].map(|part| format!("{name}.{part}"));
        let deviation = graph.weight(&format!("{name}.deviation"), Tensor::f32([1, count, 1, 1], map.deviation.clone()));
        let mean = graph.weight(&format!("{name}.mean"), Tensor::f32([1, count, 1, 1], map.mean.clone()));
        graph.push(&channels, slice, ["state"]);
        graph.push(&scaled, Mul {}, [channels.as_str(), &deviation]);
        graph.push(&shifted, Add {}, [scaled.as_str(), &mean]);
        let [low, high] = map.kind.usual_range();
        graph.push(name, Clip { min: Some(low), max: Some(high) }, [shifted.as_str()]);
        graph.output(name, map.kind);
    }
    graph
}

/// Per channel: identity, both Sobel filters over 4, and the binomial filter less 16 times the centre, over 4.
fn perception(channels: usize) -> Tensor {
    const FILTERS: [[f32; 9]; 4] = [
        [0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0],
        [-0.25, 0.0, 0.25, -0.5, 0.0, 0.5, -0.25, 0.0, 0.25],
        [-0.25, -0.5, -0.25, 0.0, 0.0, 0.0, 0.25, 0.5, 0.25],
        [0.25, 0.5, 0.25, 0.5, -3.0, 0.5, 0.25, 0.5, 0.25],
    ];
    Tensor::f32([4 * channels, 1, 3, 3], FILTERS.concat().repeat(channels))
}

fn normal(shape: [usize; 4], seed: u64, deviation: f32) -> Tensor {
    let key = rng::key(seed, 0, 0);
    let count = shape.iter().product::<usize>() as u32;
    let values = (0..count).map(|i| deviation * rng::normal(i, 0, 0, key)).collect::<Vec<_>>();
    Tensor::f32(shape, values)
}
