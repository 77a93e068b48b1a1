//! Operators whose attributes are easy to get wrong, against onnxruntime (`reference/onnx_answers.py`) and ONNX's reference
//! evaluator (`reference/onnx_evaluator.py`).

use burn::backend::Flex;
use imagine_burn::{Network, Value};
use imagine_graph::rng::RandomState;
use imagine_graph::{Case, Op, Tensor, TensorData};
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
    #[serde(flatten)]
    elements: Elements,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Elements {
    Data(Vec<f32>),
    I32(Vec<i32>),
    Bool(Vec<bool>),
}

impl Array {
    fn tensor(&self) -> Tensor {
        let data = match self.elements.clone() {
            Elements::Data(values) => TensorData::F32(values),
            Elements::I32(values) => TensorData::I32(values),
            Elements::Bool(values) => TensorData::Bool(values),
        };
        Tensor::new(self.shape.clone(), data)
    }
}

#[test]
fn operators_answer_like_onnxruntime() {
    check(include_str!("reference/onnx_answers.json"));
}

#[test]
fn operators_answer_like_the_onnx_evaluator() {
    check(include_str!("reference/onnx_evaluator.json"));
}

fn check(answers: &str) {
    let answers: Vec<Answer> = serde_json::from_str(answers).unwrap();
    assert!(answers.len() >= 20);
    let faults: Vec<String> = answers.iter().filter_map(fault).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn fault(answer: &Answer) -> Option<String> {
    let Answer { name, op, attributes, inputs, output } = answer;
    let op = Op::from_attributes(op, attributes.clone()).unwrap();
    let case = inputs.iter().map(Array::tensor).fold(Case::new(name, op.clone()), Case::tensor);
    let (graph, inputs) = case.graph();
    let device = Default::default();
    let inputs = inputs.iter().map(|tensor| Value::<Flex>::from_data(tensor, &device)).collect();
    let network = Network::new(&graph.validate().unwrap(), &device);
    let fault = |fault: String| Some(format!("{} {name:?}: {fault}", op.name()));
    let found = match network.run(inputs, case.size(), RandomState::default()) {
        Ok(mut outputs) => outputs.remove(0).into_data(),
        Err(error) => return fault(error.to_string()),
    };
    if found.shape != output.shape {
        return fault(format!("shape {:?}, {:?} is known", found.shape, output.shape));
    }
    let known = output.tensor();
    let (Some(floats), Some(expected)) = (found.as_f32(), known.as_f32()) else {
        return if found == known { None } else { fault(format!("{found:?}, {known:?} is known")) };
    };
    let pairs = floats.iter().zip(expected).enumerate();
    let (index, (found, expected)) = pairs.into_iter().find(|(_, (a, b))| (*a - *b).abs() > 1e-5 * (1.0 + b.abs()))?;
    fault(format!("element {index} is {found}, {expected} is known"))
}
