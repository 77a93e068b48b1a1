//! Constant folding follows ONNX.

use crate::models::*;
use imagine_graph::{Op, Tensor, TensorData};
use imagine_onnx::proto::{AttributeProto, TensorProto};

/// The value of a node whose inputs are all known.
fn evaluate(op: &str, inputs: &[TensorProto], attributes: Vec<AttributeProto>) -> Tensor {
    let named = |(i, tensor): (usize, &TensorProto)| TensorProto { name: format!("i{i}"), ..tensor.clone() };
    let weights: Vec<_> = inputs.iter().enumerate().map(named).collect();
    let names: Vec<_> = weights.iter().map(|w| w.name.clone()).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let import = read(&model(18, &["1"], weights, vec![node(op, &names, "y", attributes)]));
    let graph = import.unwrap_or_else(|error| panic!("{error}")).graph;
    match &graph.nodes[..] {
        [imagine_graph::Node { op: Op::Constant(constant), .. }] => constant.value.clone(),
        nodes => panic!("{op} is not evaluated: {nodes:?}"),
    }
}

fn ints(shape: &[usize], values: &[i32]) -> Tensor {
    Tensor::new(shape.into(), TensorData::I32(values.into()))
}

fn grid(dims: &[i64], values: &[i64]) -> TensorProto {
    TensorProto { dims: dims.into(), ..list("", values) }
}

fn real(values: &[f32]) -> TensorProto {
    TensorProto { dims: vec![values.len() as i64], data_type: 1, float_data: values.into(), ..TensorProto::default() }
}

#[test]
fn layouts() {
    let six = grid(&[2, 3], &[0, 1, 2, 3, 4, 5]);
    let l = |values: &[i64]| list("", values);
    let cases = [
        ("Gather", vec![six.clone(), l(&[-1, 0])], vec![int("axis", 1)], ints(&[2, 2], &[2, 0, 5, 3])),
        ("Gather", vec![six.clone(), number("", 1)], vec![], ints(&[3], &[3, 4, 5])),
        (
            "Concat",
            vec![six.clone(), six.clone()],
            vec![int("axis", -1)],
            ints(&[2, 6], &[0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5]),
        ),
        ("Slice", vec![six.clone(), l(&[-1]), l(&[i64::MIN]), l(&[1]), l(&[-2])], vec![], ints(&[2, 2], &[2, 0, 5, 3])),
        ("Squeeze", vec![grid(&[1, 2, 1], &[7, 8])], vec![], ints(&[2], &[7, 8])),
        ("Squeeze", vec![grid(&[1, 2, 1], &[7, 8]), l(&[-1])], vec![], ints(&[1, 2], &[7, 8])),
        ("Unsqueeze", vec![l(&[7, 8]), l(&[0, -1])], vec![], ints(&[1, 2, 1], &[7, 8])),
        ("Reshape", vec![six.clone(), l(&[0, -1, 1])], vec![], ints(&[2, 3, 1], &[0, 1, 2, 3, 4, 5])),
        ("Flatten", vec![six.clone()], vec![int("axis", 0)], ints(&[1, 6], &[0, 1, 2, 3, 4, 5])),
        ("Transpose", vec![six.clone()], vec![], ints(&[3, 2], &[0, 3, 1, 4, 2, 5])),
        ("Expand", vec![l(&[7, 8]), l(&[2, 1])], vec![], ints(&[2, 2], &[7, 8, 7, 8])),
        ("Tile", vec![l(&[7, 8]), l(&[2])], vec![], ints(&[4], &[7, 8, 7, 8])),
        ("NonZero", vec![grid(&[2, 2], &[0, 3, 4, 0])], vec![], ints(&[2, 2], &[0, 1, 1, 0])),
        ("Range", vec![number("", 5), number("", 0), number("", -2)], vec![], ints(&[3], &[5, 3, 1])),
        ("ConstantOfShape", vec![l(&[2])], vec![tensor("value", l(&[9]))], ints(&[2], &[9, 9])),
        (
            "ReduceProd",
            vec![six.clone()],
            vec![crate::models::ints("axes", &[1]), int("keepdims", 0)],
            ints(&[2], &[0, 60]),
        ),
        ("ReduceSum", vec![six.clone(), l(&[0])], vec![], ints(&[1, 3], &[3, 5, 7])),
        ("ReduceMax", vec![six.clone()], vec![int("keepdims", 0)], ints(&[], &[5])),
    ];
    for (op, inputs, attributes, expected) in cases {
        assert_eq!(evaluate(op, &inputs, attributes), expected, "{op}");
    }
}

#[test]
fn arithmetic() {
    let l = |values: &[i64]| list("", values);
    let truth = |values: &[bool]| Tensor::new(vec![values.len()], TensorData::Bool(values.into()));
    let cases = [
        ("Add", vec![l(&[1, 2]), number("", 3)], vec![], ints(&[2], &[4, 5])),
        ("Sub", vec![l(&[1, 2]), l(&[3])], vec![], ints(&[2], &[-2, -1])),
        // Towards zero, as in C.
        ("Div", vec![l(&[-7, 7]), l(&[2, -2])], vec![], ints(&[2], &[-3, -3])),
        ("Mod", vec![l(&[-7, 7]), l(&[3, -3])], vec![], ints(&[2], &[2, -2])),
        ("Mod", vec![l(&[-7, 7]), l(&[3, -3])], vec![int("fmod", 1)], ints(&[2], &[-1, 1])),
        ("Max", vec![l(&[1, 5]), l(&[3]), l(&[4])], vec![], ints(&[2], &[4, 5])),
        ("Pow", vec![l(&[2, 3]), l(&[3])], vec![], ints(&[2], &[8, 27])),
        ("Neg", vec![l(&[2, -3])], vec![], ints(&[2], &[-2, 3])),
        ("Equal", vec![l(&[2, 3]), l(&[3])], vec![], truth(&[false, true])),
        ("LessOrEqual", vec![l(&[2, 4]), l(&[3])], vec![], truth(&[true, false])),
        ("Cast", vec![real(&[-1.7, 2.5])], vec![int("to", 7)], ints(&[2], &[-1, 2])),
        ("Cast", vec![l(&[-1, 300])], vec![int("to", 2)], ints(&[2], &[255, 44])),
        ("Cast", vec![real(&[0.0, 0.5])], vec![int("to", 9)], truth(&[false, true])),
        ("Floor", vec![real(&[-1.5])], vec![], Tensor::f32([1], [-2.0])),
        ("Round", vec![real(&[0.5, 1.5, -2.5])], vec![], Tensor::f32([3], [0.0, 2.0, -2.0])),
        ("Div", vec![real(&[1.0]), real(&[4.0, 8.0])], vec![], Tensor::f32([2], [0.25, 0.125])),
    ];
    for (op, inputs, attributes, expected) in cases {
        assert_eq!(evaluate(op, &inputs, attributes), expected, "{op}");
    }
}

#[test]
fn a_choice_takes_an_element_of_either() {
    let nodes = vec![node("Equal", &["a", "b"], "same", vec![]), node("Where", &["same", "c", "b"], "y", vec![])];
    let weights = vec![list("a", &[1, 2, 3]), list("b", &[1, 0, 3]), number("c", 9)];
    let import = read(&model(13, &["1"], weights, nodes)).unwrap();
    let Op::Constant(constant) = &import.graph.nodes[0].op else { panic!("not evaluated") };
    assert_eq!(constant.value, ints(&[3], &[9, 0, 9]));
}

#[test]
fn a_long_row_of_size_dependent_nodes_ends_in_a_fault() {
    let mut nodes = vec![node("Size", &["x"], "v0", vec![])];
    for i in 0..200 {
        nodes.push(node("Mul", &[&format!("v{i}"), "one"], &format!("v{}", i + 1), vec![]));
    }
    nodes.push(node("Cast", &["v200"], "f", vec![int("to", 1)]));
    nodes.push(node("Mul", &["x", "f"], "y", vec![]));
    let told = fault(&model(13, &["n", "3", "h", "w"], vec![number("one", 1)], nodes));
    assert!(told.contains("is computed from shapes"), "{told}");
}
