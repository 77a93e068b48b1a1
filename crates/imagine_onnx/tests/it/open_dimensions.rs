//! Shape arithmetic becomes dimensions that depend on the size, or is refused.

use crate::models::*;
use expect_test::expect;
use imagine_graph::{Dim, Ratio, Size, Symbol, Tensor};
use imagine_onnx::{Options, import};
use prost::Message;

const IMAGE: [&str; 4] = ["n", "8", "h", "w"];

fn dim_of(axis: i64) -> Vec<imagine_onnx::proto::NodeProto> {
    let name = format!("d{axis}");
    vec![
        node("Constant", &[], &format!("i{axis}"), vec![tensor("value", list("", &[axis]))]),
        node("Gather", &["shape", &format!("i{axis}")], &name, vec![int("axis", 0)]),
    ]
}

#[test]
fn a_pixel_shuffle_by_hand_binds_at_any_size() {
    let mut nodes = vec![node("Shape", &["x"], "shape", vec![])];
    nodes.extend([0, 2, 3].into_iter().flat_map(dim_of));
    nodes.extend([
        node("Concat", &["d0", "two", "two", "two", "d2", "d3"], "apart", vec![int("axis", 0)]),
        node("Reshape", &["x", "apart"], "six", vec![]),
        node("Transpose", &["six"], "moved", vec![ints("perm", &[0, 1, 4, 2, 5, 3])]),
        node("Mul", &["d2", "two"], "h2", vec![]),
        node("Mul", &["d3", "two"], "w2", vec![]),
        node("Concat", &["d0", "two", "h2", "w2"], "together", vec![int("axis", 0)]),
        node("Reshape", &["moved", "together"], "y", vec![]),
    ]);
    let import = read(&model(13, &IMAGE, vec![list("two", &[2])], nodes)).unwrap();
    expect![[r#"
        six = Reshape {"shape":["batch",2,2,2,{"height":[1,1]},{"width":[1,1]}]} (x)
        moved = Transpose {"perm":[0,1,4,2,5,3]} (six)
        y = Reshape {"shape":["batch",2,{"height":[2,1]},{"width":[2,1]}]} (moved)
    "#]]
    .assert_eq(&lines(&import.graph));
    let valid = import.graph.validate().unwrap();
    let bound = valid.bind(Size::new(5, 7).with_batch(4)).unwrap();
    assert_eq!(bound.value_type(valid.outputs()[0]).shape, [4, 2, 10, 14]);
}

#[test]
fn one_inexpressible_dimension_is_inferred() {
    let mut nodes = vec![node("Shape", &["x"], "shape", vec![])];
    nodes.extend([2, 3].into_iter().flat_map(dim_of));
    nodes.extend([
        node("Mul", &["d2", "d3"], "area", vec![]),
        node("Concat", &["zero", "eight", "area"], "target", vec![int("axis", 0)]),
        node("Reshape", &["x", "target"], "y", vec![]),
    ]);
    let weights = vec![list("zero", &[0]), list("eight", &[8])];
    expect![[r#"
        y = Reshape {"infer":2,"shape":["batch",8,1]} (x)
    "#]]
    .assert_eq(&graph(&model(13, &IMAGE, weights, nodes)));
}

#[test]
fn a_fixed_model_stays_fixed() {
    let nodes = vec![
        node("Shape", &["x"], "shape", vec![]),
        node("Mul", &["shape", "one"], "target", vec![]),
        node("Expand", &["x", "target"], "y", vec![]),
    ];
    let import = read(&model(13, &["2", "3", "4", "5"], vec![number("one", 1)], nodes)).unwrap();
    assert_eq!(import.inputs[0].shape, [2, 3, 4, 5].map(Dim::Fixed));
    assert_eq!(import.size, Size::new(4, 5).with_batch(2));
    assert_eq!(lines(&import.graph), "y = Expand {\"shape\":[2,3,4,5]} (x)\n");
}

#[test]
fn a_branch_with_a_known_condition_is_taken() {
    let inner = |op: &str| imagine_onnx::proto::GraphProto {
        node: vec![node(op, &["x"], "inner", vec![])],
        output: vec![value("inner", &[])],
        ..Default::default()
    };
    let nodes = vec![
        node("Shape", &["x"], "shape", vec![int("start", 1), int("end", 2)]),
        node("Equal", &["shape", "eight"], "same", vec![]),
        node("If", &["same"], "y", vec![branch("then_branch", inner("Tanh")), branch("else_branch", inner("Relu"))]),
    ];
    let found = graph(&model(15, &IMAGE, vec![list("eight", &[8])], nodes));
    assert_eq!(found, "inner = Tanh {} (x)\ny = Identity {} (inner)\n");
}

#[test]
fn size_dependent_data() {
    let zeros = vec![
        node("Shape", &["x"], "shape", vec![]),
        node("ConstantOfShape", &["shape"], "zeros", vec![]),
        node("Add", &["x", "zeros"], "y", vec![]),
    ];
    expect![[r#"
        constant = Constant {} ()
        zeros = Expand {"shape":["batch",8,{"height":[1,1]},{"width":[1,1]}]} (constant)
        y = Add {} (x, zeros)
    "#]]
    .assert_eq(&graph(&model(13, &IMAGE, vec![], zeros)));
}

#[test]
fn size_dependent_numbers_are_computed_at_run_time() {
    let mut root = vec![node("Shape", &["x"], "shape", vec![])];
    root.extend([2, 3].into_iter().flat_map(dim_of));
    root.extend([
        node("Mul", &["d2", "d3"], "area", vec![]),
        node("Cast", &["area"], "area_f", vec![int("to", 1)]),
        node("Sqrt", &["area_f"], "root", vec![]),
        node("Mul", &["x", "root"], "y", vec![]),
    ]);
    let import = read(&model(13, &IMAGE, vec![], root)).unwrap();
    expect![[r#"
        constant = Constant {"value":{"data":{"i32":[1]},"shape":[]}} ()
        d2.0 = Expand {"shape":[{"height":[1,1]}]} (constant)
        d2_1.0 = CumSum {} (d2.0)
        d2_2.0 = Slice {"ends":[9223372036854775807],"starts":[-1]} (d2_1.0)
        constant_1 = Constant {"value":{"data":{"i32":[1]},"shape":[]}} ()
        d3.0 = Expand {"shape":[{"width":[1,1]}]} (constant_1)
        d3_1.0 = CumSum {} (d3.0)
        d3_2.0 = Slice {"ends":[9223372036854775807],"starts":[-1]} (d3_1.0)
        area_node.0 = Mul {} (d2_2.0, d3_2.0)
        area_f_node.0 = Cast {} (area_node.0)
        root_node.0 = Sqrt {} (area_f_node.0)
        y = Mul {} (x, root_node.0)
    "#]]
    .assert_eq(&lines(&import.graph));
    import.graph.validate().unwrap().bind(Size::new(9, 5)).unwrap();
    let weights = || vec![number("zero", 0), number("one", 1)];
    let mut ramp = vec![node("Shape", &["x"], "shape", vec![])];
    ramp.extend([
        node("Constant", &[], "three", vec![tensor("value", number("", 3))]),
        node("Gather", &["shape", "three"], "width", vec![]),
        node("Range", &["zero", "width", "one"], "columns", vec![]),
        node("Cast", &["columns"], "columns_f", vec![int("to", 1)]),
        node("Add", &["x", "columns_f"], "y", vec![]),
    ]);
    expect![[r#"
        constant = Constant {"value":{"data":{"f32":[1.0]},"shape":[]}} ()
        columns_f.0 = Expand {"shape":[{"width":[1,1]}]} (constant)
        columns_f_1.0 = CumSum {} (columns_f.0)
        constant_1 = Constant {"value":{"data":{"f32":[-1.0]},"shape":[]}} ()
        columns_f_2.0 = Add {} (columns_f_1.0, constant_1)
        y = Add {} (x, columns_f_2.0)
    "#]]
    .assert_eq(&graph(&model(13, &IMAGE, weights(), ramp)));
}

#[test]
fn a_range_over_an_area_is_refused() {
    let nodes = vec![
        node("Size", &["x"], "size", vec![]),
        node("Range", &["zero", "size", "one"], "all", vec![]),
        node("Cast", &["all"], "all_f", vec![int("to", 1)]),
        node("Reshape", &["all_f", "target"], "y", vec![]),
    ];
    let weights = vec![number("zero", 0), number("one", 1), list("target", &[-1])];
    let x = ["1", "1", "h", "w"];
    expect![[r#"output "y": input "y" is computed from shapes, and the graph cannot compute it: fix the size in `dims` (--dim x/2=256 --dim x/3=256)"#]].assert_eq(&fault(&model(13, &x, weights, nodes)));
}

#[test]
fn a_size_dependent_slice_counts_from_the_end() {
    let mut nodes = vec![node("Shape", &["x"], "shape", vec![])];
    nodes.extend(dim_of(2));
    nodes.extend([
        node("Sub", &["d2", "one"], "last", vec![]),
        node("Slice", &["x", "one", "last", "two"], "y", vec![]),
    ]);
    let weights = vec![list("one", &[1]), list("two", &[2])];
    expect![[r#"
        y = Slice {"axes":[2],"ends":[-1],"starts":[1]} (x)
    "#]]
    .assert_eq(&graph(&model(13, &IMAGE, weights.clone(), nodes)));
    let mut half = vec![node("Shape", &["x"], "shape", vec![])];
    half.extend(dim_of(2));
    half.extend([
        node("Div", &["d2", "two"], "half", vec![]),
        node("Slice", &["x", "one", "half", "two"], "y", vec![]),
    ]);
    expect![[r#"node "y_node" (Slice, opset 13): "ends" is [64, 32, 96] at the probe sizes 1x128x64, 2x64x192, 3x192x128, which is neither constant nor a fixed fraction of batch, height or width: fix the size in `dims` (--dim x/2=256 --dim x/3=256)"#]].assert_eq(&fault(&model(13, &IMAGE, weights, half)));
}

#[test]
fn options_give_dimensions_and_values() {
    let relu = vec![node("Relu", &["x"], "y", vec![])];
    let open = model(13, &["n", "t", "3"], vec![], relu);
    expect![[r#"input "x": dimension 1 ("t") is open, and neither its place nor another input says what it is: give it in `dims` (--dim x/1=64, or batch, height or width, or a fraction such as height/8)"#]].assert_eq(&fault(&open));
    let mut options = Options::default();
    options.dims.insert("t".into(), Dim::Symbol(Symbol::Width(Ratio::new(1, 8))));
    let import = import(&open.encode_to_vec(), &options).unwrap();
    assert_eq!(import.inputs[0].shape, [Dim::BATCH, Dim::Symbol(Symbol::Width(Ratio::new(1, 8))), Dim::Fixed(3)]);

    let mut wrong = Options::default();
    wrong.dims.insert("z".into(), Dim::BATCH);
    wrong.values.insert("q".into(), Tensor::scalar(1.0));
    expect![[r#"
        input "q": has a value in `values` (--value), but is no input of the model
        input "z": is in `dims` (--dim), but no input has such a dimension; open ones are ["x/0", "x/1"]"#]]
    .assert_eq(&imagine_onnx::import(&open.encode_to_vec(), &wrong).unwrap_err().to_string());

    let mut given = model(13, &["2", "6"], vec![], vec![node("Reshape", &["x", "shape"], "y", vec![])]);
    let mut shape = value("shape", &["2"]);
    if let Some(tensor) = shape.r#type.as_mut().and_then(|t| t.tensor_type.as_mut()) {
        tensor.elem_type = 7;
    }
    given.graph.as_mut().unwrap().input.push(shape);
    expect![[r#"node "y_node" (Reshape, opset 13): input "shape" depends on run-time data, but must be known at import time: give the value of the model's input that it comes from in `values` (--value NAME=1,2)"#]].assert_eq(&fault(&given));
    let data = imagine_graph::TensorData::I32(vec![4, -1]);
    let values = [("shape".to_string(), Tensor::new(vec![2], data))].into();
    let import = imagine_onnx::import(&given.encode_to_vec(), &Options { values, ..Options::default() }).unwrap();
    assert_eq!(lines(&import.graph), "y = Reshape {\"infer\":1,\"shape\":[4,1]} (x)\n");
    assert_eq!(import.inputs.len(), 1);
}
