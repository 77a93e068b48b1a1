//! 100 seeded random graphs on burn-flex: they validate, give what shape inference promised in small finite numbers, and
//! give the same after their file was written and read.

use std::collections::BTreeSet;

use burn::backend::Flex;
use imagine_burn::{Network, Value};
use imagine_graph::file::{self, WeightFormat};
use imagine_graph::rng::RandomState;
use imagine_graph::{Card, Generator, Graph, Op, SizeRule, Tensor, ValueId};
use imagine_tests::random_graph::RandomGraph;

const GRAPHS: u64 = 100;

#[test]
fn random_graphs_run_and_keep_their_promises() {
    for seed in 0..GRAPHS {
        let random = RandomGraph::new(seed);
        let valid = random.graph.validate().unwrap_or_else(|error| panic!("graph {seed}: {error}"));
        let bound = valid.bind(random.size).unwrap_or_else(|error| panic!("graph {seed}: {error}"));
        for (id, value) in trace(&random, &random.graph).into_iter().enumerate() {
            let (name, promised) = (valid.name(ValueId(id)), bound.value_type(ValueId(id)));
            assert_eq!(value.tensor_type(), *promised, "graph {seed}, value {name:?}");
            let wild = value.as_f32().and_then(|values| values.iter().find(|v| v.is_nan() || v.abs() > 8.001));
            assert_eq!(wild, None, "graph {seed}, value {name:?} leaves its range");
        }
    }
}

#[test]
fn random_graphs_survive_their_file() {
    for seed in 0..GRAPHS {
        let random = RandomGraph::new(seed);
        let size = SizeRule { min: random.size.extent(), ..SizeRule::default() };
        let generator = Generator { output: random.graph.clone(), recurrence: None, size, card: Card::default() };
        let bytes = file::write(&generator, WeightFormat::F32).unwrap_or_else(|error| panic!("graph {seed}: {error}"));
        let read = file::read(&bytes).unwrap_or_else(|error| panic!("graph {seed}: {error}"));
        assert_eq!(read.output, random.graph, "graph {seed}");
        assert_eq!(trace(&random, &read.output), trace(&random, &random.graph), "graph {seed}");
    }
}

#[test]
fn random_graphs_have_every_operator_and_are_repeatable() {
    let mut found = BTreeSet::new();
    for seed in 0..GRAPHS {
        let random = RandomGraph::new(seed);
        assert_eq!(random.graph, RandomGraph::new(seed).graph);
        found.extend(random.graph.nodes.iter().map(|node| node.op.name()));
    }
    let missing: Vec<_> = Op::ALL.iter().map(|info| info.name).filter(|name| !found.contains(name)).collect();
    assert!(missing.is_empty(), "no graph has {missing:?}");
}

fn trace(random: &RandomGraph, graph: &Graph) -> Vec<Tensor> {
    let device = Default::default();
    let network = Network::<Flex>::new(&graph.validate().unwrap(), &device);
    let inputs = random.inputs.iter().map(|tensor| Value::from_data(tensor, &device)).collect();
    let values = network.trace(inputs, random.size, RandomState { seed: 5, ..RandomState::default() }).unwrap();
    values.into_iter().map(Value::into_data).collect()
}
