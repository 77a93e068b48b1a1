//! Operators whose attributes are easy to get wrong, against what onnxruntime made of the same nodes: see
//! `reference/onnx_answers.py`.

use burn::backend::Flex;
use imagine_burn::{Network, Value};
use imagine_graph::rng::RandomState;
use imagine_graph::{Case, Op, Tensor};
use serde::Deserialize;

#[derive(Deserialize)]
struct Answer {
    name: String,
    op: String,
    attributes: serde_json::Value,
    inputs: Vec<Array>,
    output: Array,
}

#[derive(Deserialize)]
struct Array {
    shape: Vec<usize>,
    data: Vec<f32>,
}

#[test]
fn operators_answer_like_onnxruntime() {
    let answers: Vec<Answer> = serde_json::from_str(include_str!("reference/onnx_answers.json")).unwrap();
    assert!(answers.len() >= 45);
    let faults: Vec<String> = answers.iter().filter_map(fault).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn fault(answer: &Answer) -> Option<String> {
    let Answer { name, op, attributes, inputs, output } = answer;
    let op = Op::from_attributes(op, attributes.clone()).unwrap();
    let inputs = inputs.iter().map(|input| Tensor::f32(input.shape.clone(), input.data.clone()));
    let case = inputs.fold(Case::new(name, op.clone()), Case::tensor);
    let (graph, inputs) = case.graph(1);
    let device = Default::default();
    let inputs = inputs.iter().map(|tensor| Value::<Flex>::from_data(tensor, &device)).collect();
    let network = Network::new(&graph.validate().unwrap(), &device);
    let fault = |fault: String| Some(format!("{} {name:?}: {fault}", op.name()));
    let found = match network.run(inputs, case.size(), RandomState::default()) {
        Ok(mut outputs) => outputs.remove(0).into_data(),
        Err(error) => return fault(error.to_string()),
    };
    if found.shape != output.shape {
        return fault(format!("shape {:?}, onnxruntime has {:?}", found.shape, output.shape));
    }
    let pairs = found.as_f32()?.iter().zip(&output.data).enumerate();
    let (index, (found, expected)) = pairs.into_iter().find(|(_, (a, b))| (*a - *b).abs() > 1e-5 * (1.0 + b.abs()))?;
    fault(format!("element {index} is {found}, onnxruntime has {expected}"))
}
