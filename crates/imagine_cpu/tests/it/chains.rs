//! Chains of elementwise operators as one loop: the same bytes as node by node, whatever the graph and the number of threads.

use imagine_cpu::{Network, Value};
use imagine_graph::rng::{self, RandomState};
use imagine_graph::*;

use crate::operators::{bits, on};

/// Numbers of a seed, one after the other.
struct Draw(u32, u32);

impl Draw {
    fn below(&mut self, limit: usize) -> usize {
        self.1 += 1;
        rng::cell(self.0, self.1, 0, 99)[0] as usize % limit
    }

    fn of<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

/// Shapes that broadcast to each other.
const SHAPES: [&[usize]; 7] = [&[], &[1], &[67], &[3, 1, 1], &[61, 1], &[3, 61, 67], &[2, 3, 61, 67]];

/// A graph of random elementwise operators on values of all three types, with some reductions between.
fn graph(seed: u32, nodes: usize) -> (Graph, Vec<Tensor>) {
    let mut draw = Draw(seed, 0);
    let mut graph = Graph::default();
    let mut given = Vec::new();
    let [mut floats, mut integers, mut truths]: [Vec<String>; 3] = Default::default();
    for (index, shape) in SHAPES.iter().cycle().take(9).enumerate() {
        let name = format!("x{index}");
        let case = Case::new("", Relu {}).float(*shape, -3.0..3.0);
        let shape = shape.iter().map(|length| Dim::Fixed(*length)).collect();
        floats.push(graph.input(&name, InputKind::Tensor, shape));
        given.extend(case.inputs.into_iter().flatten());
    }
    integers.push(graph.push("whole", Cast::to(DType::I32), ["x5"]));
    truths.push(graph.push("truth", Greater {}, ["x2", "x6"]));
    for index in 0..nodes {
        let name = format!("n{index}");
        let mut any = |names: &[String]| draw.of(names).clone();
        let [a, b, i, j, t, u] =
            [any(&floats), any(&floats), any(&integers), any(&integers), any(&truths), any(&truths)];
        let [a, b, i, j, t, u] = [&a, &b, &i, &j, &t, &u].map(String::as_str);
        let bounded = Clip { min: Some(-4.0), max: Some(4.0) };
        match draw.below(19) {
            0 => floats.push(graph.push(&name, Add {}, [a, b])),
            1 => floats.push(graph.push(&name, Mul {}, [a, b])),
            2 => floats.push(graph.push(&name, Sub {}, [a, b])),
            3 => floats.push(graph.push(&name, Max {}, [a, b])),
            4 => floats.push(graph.push(&name, bounded, [a])),
            5 => floats.push(graph.push(&name, Sigmoid {}, [a])),
            6 => floats.push(graph.push(&name, Sin {}, [a])),
            7 => floats.push(graph.push(&name, Pow {}, [a, b])),
            8 => floats.push(graph.push(&name, Where {}, [t, a, b])),
            9 => floats.push(graph.push(&name, Cast::to(DType::F32), [i])),
            10 => integers.push(graph.push(&name, Cast::to(DType::I32), [a])),
            11 => integers.push(graph.push(&name, Mul {}, [i, j])),
            12 => integers.push(graph.push(&name, Mod::default(), [i, j])),
            13 => integers.push(graph.push(&name, Where {}, [t, i, j])),
            14 => truths.push(graph.push(&name, Less {}, [a, b])),
            15 => truths.push(graph.push(&name, Equal {}, [i, j])),
            16 => truths.push(graph.push(&name, Xor {}, [t, u])),
            17 => truths.push(graph.push(&name, Not {}, [t])),
            _ => floats.push(graph.push(&name, ReduceMean { axes: vec![-1], ..ReduceMean::default() }, ["x6"])),
        }
    }
    for name in [floats.last(), integers.last(), truths.last(), floats.get(12)].into_iter().flatten() {
        if graph.outputs.iter().all(|output| output.name != *name) && !name.starts_with('x') {
            graph.output(name, OutputKind::Tensor);
        }
    }
    (graph, given)
}

#[test]
fn chains_give_the_bytes_of_single_nodes() {
    let pools = [1, 2, 4].map(on);
    for seed in 0..40 {
        let (graph, given) = graph(seed, 10 + 3 * seed as usize);
        let valid = graph.validate().unwrap();
        let size = Size::new(8, 8);
        let inputs = || given.iter().map(Value::from).collect::<Vec<_>>();
        let network = Network::new(&valid, &pools[0]);
        let expected = network.trace(inputs(), size, RandomState::default()).unwrap();
        let expected: Vec<_> =
            valid.outputs().iter().map(|value| bits(&expected[value.0].clone().into_tensor())).collect();
        for pool in &pools {
            let network = Network::new(&valid, pool);
            for _ in 0..2 {
                let found = network.run(inputs(), size, RandomState::default()).unwrap();
                let found: Vec<_> = found.into_iter().map(|value| bits(&value.into_tensor())).collect();
                assert!(found == expected, "seed {seed}: {graph:?}");
            }
        }
    }
}
