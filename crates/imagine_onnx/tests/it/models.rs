//! Helpers that build small models and print graphs.
#![allow(dead_code, reason = "every test file uses its own part")]

use imagine_graph::Graph;
use imagine_onnx::proto::*;
use imagine_onnx::{Import, ImportError, Options, import};
use prost::Message;

/// A node named after its output.
pub fn node(op: &str, inputs: &[&str], output: &str, attribute: Vec<AttributeProto>) -> NodeProto {
    NodeProto {
        op_type: op.into(),
        name: format!("{output}_node"),
        input: inputs.iter().map(|name| name.to_string()).collect(),
        output: vec![output.into()],
        attribute,
        ..Default::default()
    }
}

fn attribute(name: &str, kind: i32) -> AttributeProto {
    AttributeProto { name: name.into(), kind, ..Default::default() }
}

pub fn float(name: &str, f: f32) -> AttributeProto {
    AttributeProto { f, ..attribute(name, 1) }
}

pub fn int(name: &str, i: i64) -> AttributeProto {
    AttributeProto { i, ..attribute(name, 2) }
}

pub fn text(name: &str, text: &str) -> AttributeProto {
    AttributeProto { s: text.into(), ..attribute(name, 3) }
}

pub fn tensor(name: &str, tensor: TensorProto) -> AttributeProto {
    AttributeProto { t: Some(Box::new(tensor)), ..attribute(name, 4) }
}

pub fn branch(name: &str, graph: GraphProto) -> AttributeProto {
    AttributeProto { g: Some(Box::new(graph)), ..attribute(name, 5) }
}

pub fn floats(name: &str, floats: &[f32]) -> AttributeProto {
    AttributeProto { floats: floats.into(), ..attribute(name, 6) }
}

pub fn ints(name: &str, ints: &[i64]) -> AttributeProto {
    AttributeProto { ints: ints.into(), ..attribute(name, 7) }
}

/// A weight of floats that count up from 0 in halves.
pub fn weight(name: &str, dims: &[i64]) -> TensorProto {
    let count = dims.iter().product::<i64>();
    TensorProto {
        name: name.into(),
        dims: dims.into(),
        data_type: 1,
        float_data: (0..count).map(|i| i as f32 * 0.5).collect(),
        ..Default::default()
    }
}

/// A list of integers.
pub fn list(name: &str, values: &[i64]) -> TensorProto {
    TensorProto {
        name: name.into(),
        dims: vec![values.len() as i64],
        data_type: 7,
        int64_data: values.into(),
        ..Default::default()
    }
}

/// An integer.
pub fn number(name: &str, value: i64) -> TensorProto {
    TensorProto { dims: Vec::new(), ..list(name, &[value]) }
}

/// An input or output of floats; `"n"` is an open dimension, `"3"` a number.
pub fn value(name: &str, dims: &[&str]) -> ValueInfoProto {
    let dim = |text: &&str| match text.parse() {
        Ok(number) => DimensionProto { dim_value: Some(number), dim_param: None },
        Err(_) => DimensionProto { dim_value: None, dim_param: Some(text.to_string()) },
    };
    let shape = TensorShapeProto { dim: dims.iter().map(dim).collect() };
    let tensor_type = Some(TensorTypeProto { elem_type: 1, shape: Some(shape) });
    ValueInfoProto { name: name.into(), r#type: Some(TypeProto { tensor_type }) }
}

/// A model that reads `x` and writes `y`.
pub fn model(opset: i64, x: &[&str], weights: Vec<TensorProto>, nodes: Vec<NodeProto>) -> ModelProto {
    let graph = GraphProto {
        node: nodes,
        initializer: weights,
        input: vec![value("x", x)],
        output: vec![value("y", &[])],
        ..Default::default()
    };
    let opset_import = vec![OperatorSetIdProto { domain: String::new(), version: opset }];
    ModelProto { ir_version: 8, opset_import, graph: Some(graph), functions: Vec::new() }
}

/// Imports without options.
pub fn read(model: &ModelProto) -> Result<Import, ImportError> {
    import(&model.encode_to_vec(), &Options::default())
}

/// The nodes of a graph, one a line: output, operator with its attributes, inputs.
pub fn lines(graph: &Graph) -> String {
    let line = |node: &imagine_graph::Node| {
        let attributes = serde_json::Value::Object(node.op.attributes());
        format!("{} = {} {attributes} ({})\n", node.outputs.join(", "), node.op.name(), node.inputs.join(", "))
    };
    graph.nodes.iter().map(line).collect()
}

/// The graph that a model becomes, as text.
pub fn graph(model: &ModelProto) -> String {
    lines(&read(model).unwrap_or_else(|error| panic!("{error}")).graph)
}

/// What is wrong with a model.
pub fn fault(model: &ModelProto) -> String {
    read(model).expect_err("the model has a fault").to_string()
}
