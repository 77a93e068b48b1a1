//! Small generators for tests.

use bevy::prelude::*;
use bevy_imagine::prelude::*;
use imagine_graph::{
    Add, Card, Clip, ColorSpace, Dim, Graph, Identity, InputKind, Mul, OutputKind, RandomUniform, Recurrence, Relu,
    SizeRule, Slice, Sub, Tensor, ValidGenerator,
};

/// Colour, height and roughness that are nothing but random numbers; tiles.
pub fn noise() -> ValidGenerator {
    let mut graph = Graph::default();
    let random = |channels, stream| RandomUniform { shape: Dim::nchw(channels), stream, ..default() };
    graph.push("random", random(3, 0), []);
    graph.weight("dye", Tensor::f32([1, 3, 1, 1], [1.0, 0.5, 0.25]));
    graph.input("tint", InputKind::Range { min: 0.0, max: 1.0, default: 1.0 }, vec![Dim::Fixed(1); 4]);
    graph.push("dyed", Mul {}, ["random", "dye"]);
    graph.push("color", Mul {}, ["dyed", "tint"]);
    graph.push("height", random(1, 1), []);
    graph.push("roughness", random(1, 2), []);
    graph.output("color", OutputKind::BaseColor);
    graph.output("height", OutputKind::Height);
    graph.output("roughness", OutputKind::Roughness);
    let size = SizeRule { tiles: true, ..default() };
    imagine_graph::Generator { size, ..still_image(graph) }.validate().unwrap()
}

/// A generator without steps.
pub fn from_graph(name: &str, graph: Graph) -> Generator {
    Generator::new(name, &still_image(graph)).unwrap()
}

fn still_image(output: Graph) -> imagine_graph::Generator {
    let card = Card { title: "Test".into(), license: "CC0-1.0".into(), ..default() };
    imagine_graph::Generator { output, recurrence: None, size: SizeRule::default(), card }
}

fn recurrent(name: &str, recurrence: Recurrence, output: Graph, size: SizeRule) -> Generator {
    let recurrence = Some(recurrence);
    Generator::new(name, &imagine_graph::Generator { recurrence, size, ..still_image(output) }).unwrap()
}

/// A state of five channels that never changes; the first three are a colour: `0.5 + 0.25 x`.
pub fn still() -> Generator {
    let mut init = Graph::default();
    init.push("state", RandomUniform { low: 0.3, high: 0.5, shape: Dim::nchw(5), stream: 1000, part: None }, []);
    init.output("state", OutputKind::State);
    let mut step = Graph::default();
    step.input("state", InputKind::State, Dim::nchw(5));
    step.push("next", Identity {}, ["state"]);
    step.output("next", OutputKind::State);
    let mut output = Graph::default();
    output.input("state", InputKind::State, Dim::nchw(5));
    output.weight("std", Tensor::f32([1, 3, 1, 1], [0.25; 3]));
    output.weight("mean", Tensor::f32([1, 3, 1, 1], [0.5; 3]));
    output.push("part", Slice { starts: vec![0], ends: vec![3], axes: vec![1], steps: Vec::new() }, ["state"]);
    output.push("scaled", Mul {}, ["part", "std"]);
    output.push("moved", Add {}, ["scaled", "mean"]);
    output.push("base_color", Clip { min: Some(0.0), max: Some(1.0) }, ["moved"]);
    output.output("base_color", OutputKind::BaseColor);
    let size = SizeRule { tiles: true, ..default() };
    recurrent("still", Recurrence { init, step, steps: 1, step_rate: 30.0 }, output, size)
}

/// A state that fades by a hundredth in each step.
pub fn fading() -> Generator {
    let state = || Dim::nchw(3);
    let mut init = Graph::default();
    init.push("first", RandomUniform { low: 0.9, shape: state(), stream: 1000, ..default() }, []);
    init.output("first", OutputKind::State);
    let mut step = Graph::default();
    step.input("state", InputKind::State, state());
    step.weight("rate", Tensor::f32([1, 1, 1, 1], [0.99]));
    step.push("next", Mul {}, ["state", "rate"]);
    step.output("next", OutputKind::State);
    let mut output = Graph::default();
    output.input("state", InputKind::State, state());
    output.push("color", Relu {}, ["state"]);
    output.output("color", OutputKind::BaseColor);
    recurrent("fading", Recurrence { init, step, steps: 4, step_rate: 50.0 }, output, default())
}

/// A picture with dark for light.
pub fn inverted() -> Generator {
    let mut graph = Graph::default();
    graph.input("photo", InputKind::Image(ColorSpace::Srgb), Dim::nchw(3));
    graph.weight("white", Tensor::f32([1], [1.0]));
    graph.push("color", Sub {}, ["white", "photo"]);
    graph.output("color", OutputKind::BaseColor);
    from_graph("inverted", graph)
}

/// One shade of grey.
pub fn flat() -> Generator {
    let mut graph = Graph::default();
    graph.input("shade", InputKind::Range { min: 0.0, max: 1.0, default: 0.0 }, vec![Dim::Fixed(1); 4]);
    graph.push("nearly nothing", RandomUniform { shape: Dim::nchw(3), high: 1e-30, ..default() }, []);
    graph.push("color", Add {}, ["nearly nothing", "shade"]);
    graph.output("color", OutputKind::BaseColor);
    from_graph("flat", graph)
}
