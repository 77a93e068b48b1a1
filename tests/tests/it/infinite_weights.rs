//! Weights of minus infinity: they mask attention, and a generator file keeps them in every format.

use burn::backend::Flex;
use imagine_burn::{Network, Value};
use imagine_graph::file::{self, WeightFormat};
use imagine_graph::rng::RandomState;
use imagine_graph::{
    Add, Card, Dim, Generator, Graph, InputKind, OutputKind, Size, SizeRule, Softmax, Tensor, TensorData, Trilu, Where,
};
use imagine_wgpu::BoundsChecks;
use imagine_wgpu::headless::Gpu;

/// Length of the attention mask.
const SIDE: usize = 5;

/// Causal attention scores: each row sees itself and what comes before it, by `Where` and by a sum.
fn causal() -> Graph {
    let mut graph = Graph::default();
    let shape = [SIDE, SIDE].map(Dim::Fixed).to_vec();
    let scores = graph.input("scores", InputKind::Tensor, shape);
    let before =
        Tensor::new(vec![SIDE, SIDE], TensorData::Bool((0..SIDE * SIDE).map(|i| i % SIDE <= i / SIDE).collect()));
    graph.weight("before", before);
    graph.weight("never", Tensor::scalar(f32::NEG_INFINITY));
    graph.weight("all", Tensor::f32([SIDE, SIDE], vec![f32::NEG_INFINITY; SIDE * SIDE]));
    graph.push("chosen", Where {}, ["before", &scores, "never"]);
    graph.push("choice", Softmax { axis: -1 }, ["chosen"]);
    graph.push("mask", Trilu { upper: true, k: 1 }, ["all"]);
    graph.push("masked", Add {}, [&scores, "mask"]);
    graph.push("sum", Softmax { axis: -1 }, ["masked"]);
    graph.output("choice", OutputKind::Tensor);
    graph.output("sum", OutputKind::Tensor);
    graph
}

/// The softmax of each row up to the diagonal, by its formula.
fn expected(scores: &[f32]) -> Vec<f32> {
    let row = |y: usize| {
        let exponentials: Vec<f32> = (0..=y).map(|x| scores[y * SIDE + x].exp()).collect();
        let sum: f32 = exponentials.iter().sum();
        exponentials.into_iter().map(move |e| e / sum).chain(std::iter::repeat_n(0.0, SIDE - 1 - y))
    };
    (0..SIDE).flat_map(row).collect()
}

fn check(name: &str, found: &[Tensor], scores: &[f32]) {
    for (output, found) in ["choice", "sum"].iter().zip(found) {
        let found = found.as_f32().expect("floats");
        for (index, (found, expected)) in found.iter().zip(expected(scores)).enumerate() {
            assert!(
                (found - expected).abs() < 1e-5,
                "{name}, {output}: element {index} is {found}, expected {expected}"
            );
        }
    }
}

#[test]
fn infinite_weights_mask_attention_and_survive_their_file() {
    let Some(gpu) = Gpu::for_test(BoundsChecks::On) else { return };
    let scores: Vec<f32> = (0..SIDE * SIDE).map(|i| (i * 7 % 11) as f32 * 0.5 - 2.0).collect();
    let input = Tensor::f32([SIDE, SIDE], scores.clone());
    let size = Size::new(1, 1);
    for format in [WeightFormat::F32, WeightFormat::F16, WeightFormat::U8] {
        let rule = SizeRule::default();
        let generator = Generator { output: causal(), recurrence: None, size: rule, card: Card::default() };
        let bytes = file::write(&generator, format).expect("the generator is sound");
        let graph = file::read(&bytes).expect("its file is sound").output;
        assert_eq!(graph.weights, generator.output.weights, "{format:?}");
        let valid = graph.validate().expect("the graph is sound");
        let device = Default::default();
        let network = Network::<Flex>::new(&valid, &device);
        let outputs = network.run(vec![Value::from_data(&input, &device)], size, RandomState::default());
        let outputs: Vec<Tensor> = outputs.expect("it runs").into_iter().map(Value::into_data).collect();
        check("burn-flex", &outputs, &scores);
        let outputs = gpu.run_graph(&valid, std::slice::from_ref(&input), size, RandomState::default());
        check("wgpu", &outputs.expect("it runs"), &scores);
    }
}
