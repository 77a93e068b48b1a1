//! Every case of every operator runs on burn-flex and gives finite numbers of the inferred type.

use burn::backend::Flex;
use imagine_burn::{Network, RunError, Value};
use imagine_graph::rng::RandomState;
use imagine_graph::{Add, Case, Dim, Graph, InputKind, Op, OutputKind, Relu, Size, Tensor};

#[test]
fn every_case_gives_what_its_shape_rule_promised() {
    let mut faults = Vec::new();
    let mut count = 0;
    for info in Op::ALL {
        for case in (info.cases)() {
            count += 1;
            if let Err(fault) = run(&case) {
                faults.push(format!("{} {:?}: {fault}", info.name, case.name));
            }
        }
    }
    assert!(count > 3 * Op::ALL.len(), "only {count} cases");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn run(case: &Case) -> Result<(), String> {
    let (graph, inputs) = case.graph();
    let valid = graph.validate().map_err(|error| error.to_string())?;
    let bound = valid.bind(case.size()).map_err(|error| error.to_string())?;
    let device = Default::default();
    let inputs = inputs.iter().map(|tensor| Value::<Flex>::from_data(tensor, &device)).collect();
    let outputs = Network::new(&valid, &device).run(inputs, case.size(), RandomState::default());
    let found = outputs.map_err(|error| error.to_string())?.remove(0).into_data();
    let promised = bound.value_type(valid.outputs()[0]);
    if found.tensor_type() != *promised {
        return Err(format!("{} instead of {promised}", found.tensor_type()));
    }
    match found.as_f32().and_then(|values| values.iter().position(|v| !v.is_finite())) {
        Some(index) => Err(format!("element {index} is not finite")),
        None => Ok(()),
    }
}

#[test]
fn values_come_back_as_they_went() {
    let device = Default::default();
    for info in Op::ALL {
        for tensor in (info.cases)().into_iter().flat_map(|case| case.inputs).flatten() {
            assert_eq!(Value::<Flex>::from_data(&tensor, &device).into_data(), tensor);
        }
    }
}

/// `y = relu(x + w)` with an image `x` and a channel vector `w`.
fn sum_graph() -> Graph {
    let mut graph = Graph::default();
    graph.input("x", InputKind::Tensor, Dim::nchw(2));
    graph.weight("w", Tensor::f32([1, 2, 1, 1], [1.0, -3.0]));
    graph.push("sum", Add {}, ["x", "w"]);
    graph.push("y", Relu {}, ["sum"]);
    graph.output("y", OutputKind::Tensor);
    graph
}

#[test]
fn trace_has_every_value_under_its_id() {
    let valid = sum_graph().validate().unwrap();
    let device = Default::default();
    let network = Network::<Flex>::new(&valid, &device);
    let x = Tensor::f32([1, 2, 1, 2], [1.0, 2.0, 3.0, 4.0]);
    let values = network
        .trace(vec![Value::from_data(&x, &device)], Size::new(1, 2), RandomState::default())
        .unwrap()
        .into_iter()
        .enumerate()
        .map(|(id, value)| (valid.name(imagine_graph::ValueId(id)).to_string(), value.into_data()))
        .collect::<std::collections::BTreeMap<_, _>>();
    assert_eq!(values["x"], x);
    assert_eq!(values["w"].shape, [1, 2, 1, 1]);
    assert_eq!(values["sum"], Tensor::f32([1, 2, 1, 2], [2.0, 3.0, 0.0, 1.0]));
    assert_eq!(values["y"], values["sum"]);
    assert_eq!(valid.graph().weights, network.weights());
}

#[test]
fn wrong_inputs_are_named() {
    let valid = sum_graph().validate().unwrap();
    let device = Default::default();
    let network = Network::<Flex>::new(&valid, &device);
    let run = |inputs: Vec<Tensor>| {
        let inputs = inputs.iter().map(|tensor| Value::from_data(tensor, &device)).collect();
        network.run(inputs, Size::new(1, 2), RandomState::default()).map(drop).unwrap_err()
    };
    assert!(matches!(run(Vec::new()), RunError::InputCount { expected: 1, found: 0, .. }));
    let message = run(vec![Tensor::f32([1, 3, 1, 2], [0.0; 6])]).to_string();
    for part in ["\"x\"", "[1, 3, 1, 2]", "[1, 2, 1, 2]"] {
        assert!(message.contains(part), "{part} is missing in: {message}");
    }
}
