//! Every version of an operator becomes the graph's operator, and no attribute is lost.

use crate::models::*;
use expect_test::{Expect, expect};

const IMAGE: [&str; 4] = ["n", "4", "h", "w"];

fn check(model: imagine_onnx::proto::ModelProto, expected: Expect) {
    expected.assert_eq(&graph(&model));
}

#[test]
fn slice_has_attributes_or_inputs() {
    let old = node("Slice", &["x"], "y", vec![ints("starts", &[1]), ints("ends", &[3]), ints("axes", &[1])]);
    check(
        model(9, &IMAGE, vec![], vec![old]),
        expect![[r#"
        y = Slice {"axes":[1],"ends":[3],"starts":[1]} (x)
    "#]],
    );
    let weights = vec![list("s", &[1]), list("e", &[i64::MAX]), list("a", &[-1]), list("t", &[2])];
    let new = node("Slice", &["x", "s", "e", "a", "t"], "y", vec![]);
    check(
        model(13, &IMAGE, weights, vec![new]),
        expect![[r#"
        y = Slice {"axes":[-1],"ends":[9223372036854775807],"starts":[1],"steps":[2]} (x)
    "#]],
    );
}

#[test]
fn pad_has_attributes_inputs_or_axes() {
    let pads = [0, 0, 1, 2, 0, 0, 3, 4];
    let old = node("Pad", &["x"], "y", vec![ints("pads", &pads), float("value", 0.5), text("mode", "constant")]);
    check(
        model(10, &IMAGE, vec![], vec![old]),
        expect![[r#"
        y = Pad {"pads":[0,0,1,2,0,0,3,4],"value":0.5} (x)
    "#]],
    );
    let new = node("Pad", &["x", "p", "v", "a"], "y", vec![text("mode", "reflect")]);
    let weights = vec![list("p", &[1, 2, 3, 4]), weight("v", &[]), list("a", &[2, -1])];
    check(
        model(18, &IMAGE, weights, vec![new]),
        expect![[r#"
        y = Pad {"mode":"reflect","pads":[0,0,1,2,0,0,3,4]} (x)
    "#]],
    );
}

#[test]
fn clip_has_attributes_or_inputs_and_bounds_may_be_infinite() {
    let old = node("Clip", &["x"], "y", vec![float("min", -1.0), float("max", 2.0)]);
    check(
        model(7, &IMAGE, vec![], vec![old]),
        expect![[r#"
        y = Clip {"max":2.0,"min":-1.0} (x)
    "#]],
    );
    let mut infinite = weight("high", &[]);
    infinite.float_data = vec![f32::INFINITY];
    let new = node("Clip", &["x", "", "high"], "y", vec![]);
    check(
        model(13, &IMAGE, vec![infinite], vec![new]),
        expect![[r#"
        y = Clip {} (x)
    "#]],
    );
}

#[test]
fn squeeze_unsqueeze_split_and_reductions_have_attributes_or_inputs() {
    let shape = ["2", "1", "6"];
    for (opset, attributes, inputs) in [(11, vec![ints("axes", &[1])], vec!["x"]), (13, vec![], vec!["x", "a"])] {
        let squeeze = node("Squeeze", &inputs, "y", attributes.clone());
        let text = graph(&model(opset, &shape, vec![list("a", &[1])], vec![squeeze]));
        assert_eq!(text, "y = Squeeze {\"axes\":[1]} (x)\n");
        let unsqueeze = node("Unsqueeze", &inputs, "y", attributes.clone());
        let text = graph(&model(opset, &shape, vec![list("a", &[1])], vec![unsqueeze]));
        assert_eq!(text, "y = Unsqueeze {\"axes\":[1]} (x)\n");
        let opset = if opset == 13 { 18 } else { opset };
        let reduce = node("ReduceMean", &inputs, "y", [attributes, vec![int("keepdims", 0)]].concat());
        let text = graph(&model(opset, &shape, vec![list("a", &[1])], vec![reduce]));
        assert_eq!(text, "y = ReduceMean {\"axes\":[1],\"keepdims\":false} (x)\n");
    }
    let outputs = |mut split: imagine_onnx::proto::NodeProto| {
        split.output.push("z".into());
        split
    };
    let old = outputs(node("Split", &["x"], "y", vec![int("axis", 2), ints("split", &[2, 4])]));
    check(
        model(11, &shape, vec![], vec![old]),
        expect![[r#"
        y, y_node.1 = Split {"axis":2,"split":[2,4]} (x)
    "#]],
    );
    let new = outputs(node("Split", &["x", "s"], "y", vec![int("axis", 2)]));
    check(
        model(13, &shape, vec![list("s", &[2, 4])], vec![new]),
        expect![[r#"
        y, y_node.1 = Split {"axis":2,"split":[2,4]} (x)
    "#]],
    );
    let halves = outputs(node("Split", &["x"], "y", vec![int("axis", -1)]));
    check(
        model(13, &shape, vec![], vec![halves]),
        expect![[r#"
        y, y_node.1 = Split {"axis":-1,"num_outputs":2} (x)
    "#]],
    );
}

#[test]
fn upsample_becomes_resize() {
    let scales = [1.0, 1.0, 2.0, 3.0];
    let seven = node("Upsample", &["x"], "y", vec![floats("scales", &scales), text("mode", "linear")]);
    check(
        model(7, &IMAGE, vec![], vec![seven]),
        expect![[r#"
        y = Resize {"coordinate_transformation_mode":"asymmetric","mode":"linear","scales":[2.0,3.0]} (x)
    "#]],
    );
    let mut factors = weight("s", &[4]);
    factors.float_data = scales.into();
    let nine = node("Upsample", &["x", "s"], "y", vec![]);
    check(
        model(9, &IMAGE, vec![factors.clone()], vec![nine]),
        expect![[r#"
        y = Resize {"coordinate_transformation_mode":"asymmetric","nearest_mode":"floor","scales":[2.0,3.0]} (x)
    "#]],
    );
    let ten = node("Resize", &["x", "s"], "y", vec![text("mode", "nearest")]);
    check(
        model(10, &IMAGE, vec![factors.clone()], vec![ten]),
        expect![[r#"
        y = Resize {"coordinate_transformation_mode":"asymmetric","nearest_mode":"floor","scales":[2.0,3.0]} (x)
    "#]],
    );
    let attributes = vec![
        text("mode", "linear"),
        float("cubic_coeff_a", -0.75),
        text("nearest_mode", "floor"),
        text("coordinate_transformation_mode", "pytorch_half_pixel"),
    ];
    let thirteen = node("Resize", &["x", "", "s"], "y", attributes);
    check(
        model(13, &IMAGE, vec![factors], vec![thirteen]),
        expect![[r#"
        y = Resize {"coordinate_transformation_mode":"pytorch_half_pixel","mode":"linear","scales":[2.0,3.0]} (x)
    "#]],
    );
}

#[test]
fn resize_takes_size_dependent_sizes() {
    let nodes = vec![
        node("Shape", &["x"], "shape", vec![]),
        node("Slice", &["shape", "two", "four"], "image", vec![]),
        node("Cast", &["image"], "image_f", vec![int("to", 1)]),
        node("Mul", &["image_f", "factor"], "scaled_f", vec![]),
        node("Cast", &["scaled_f"], "scaled", vec![int("to", 7)]),
        node("Slice", &["shape", "zero", "two"], "rest", vec![]),
        node("Concat", &["rest", "scaled"], "sizes", vec![int("axis", 0)]),
        node("Resize", &["x", "", "none", "sizes"], "y", vec![text("mode", "linear")]),
    ];
    let mut factor = weight("factor", &[]);
    factor.float_data = vec![1.5];
    let weights = vec![list("zero", &[0]), list("two", &[2]), list("four", &[4]), factor, weight("none", &[0])];
    check(
        model(13, &IMAGE, weights, nodes),
        expect![[r#"
        y = Resize {"mode":"linear","sizes":[{"height":[3,2]},{"width":[3,2]}]} (x)
    "#]],
    );
}

#[test]
fn operands_were_aligned_at_an_axis() {
    let add = node("Add", &["x", "b"], "y", vec![int("broadcast", 1), int("axis", 1)]);
    check(
        model(7, &IMAGE, vec![weight("b", &[4])], vec![add]),
        expect![[r#"
        y_node.0 = Unsqueeze {"axes":[1,2]} (b)
        y = Add {} (x, y_node.0)
    "#]],
    );
}

#[test]
fn variadic_operators_become_pairs() {
    let mean = node("Mean", &["x", "x", "x"], "y", vec![]);
    check(
        model(13, &IMAGE, vec![], vec![mean]),
        expect![[r#"
        y_node.0 = Add {} (x, x)
        y_node_1.0 = Add {} (y_node.0, x)
        constant = Constant {"value":{"data":{"f32":[3.0]},"shape":[]}} ()
        y = Div {} (y_node_1.0, constant)
    "#]],
    );
    let max = node("Max", &["x", "b", "x"], "y", vec![]);
    check(
        model(13, &IMAGE, vec![weight("b", &[4, 1, 1])], vec![max]),
        expect![[r#"
        y_node.0 = Max {} (x, b)
        y = Max {} (y_node.0, x)
    "#]],
    );
    let one = node("Sum", &["x"], "y", vec![]);
    check(
        model(13, &IMAGE, vec![], vec![one]),
        expect![[r#"
        y = Identity {} (x)
    "#]],
    );
}

#[test]
fn identities_disappear() {
    let nodes = vec![
        node("Dropout", &["x"], "a", vec![float("ratio", 0.5)]),
        node("Identity", &["a"], "b", vec![]),
        node("Cast", &["b"], "c", vec![int("to", 10)]),
        node("Relu", &["c"], "y", vec![]),
    ];
    check(
        model(10, &IMAGE, vec![], nodes),
        expect![[r#"
        y = Relu {} (x)
    "#]],
    );
}

#[test]
fn the_mask_of_a_dropout_is_true() {
    let mut dropout = node("Dropout", &["x"], "a", vec![]);
    dropout.output.push("mask".into());
    let to_float = node("Cast", &["mask"], "y", vec![int("to", 1)]);
    check(
        model(13, &IMAGE, vec![], vec![dropout, to_float]),
        expect![[r#"
        constant = Constant {"value":{"data":{"bool":[true]},"shape":[]}} ()
        a_node.0 = Expand {"shape":["batch",4,{"height":[1,1]},{"width":[1,1]}]} (constant)
        y = Cast {} (a_node.0)
    "#]],
    );
}

#[test]
fn experimental_operators() {
    let scaler = node("ImageScaler", &["x"], "y", vec![float("scale", 2.0), floats("bias", &[1.0, 2.0, 3.0, 4.0])]);
    check(
        model(8, &IMAGE, vec![], vec![scaler]),
        expect![[r#"
        constant = Constant {"value":{"data":{"f32":[2.0]},"shape":[]}} ()
        y_node.0 = Mul {} (x, constant)
        constant_1 = Constant {"value":{"data":{"f32":[1.0,2.0,3.0,4.0]},"shape":[4,1,1]}} ()
        y = Add {} (y_node.0, constant_1)
    "#]],
    );
    let affine = node("Affine", &["x"], "y", vec![float("alpha", 2.0), float("beta", 3.0)]);
    check(
        model(8, &IMAGE, vec![], vec![affine]),
        expect![[r#"
        constant = Constant {"value":{"data":{"f32":[2.0]},"shape":[]}} ()
        y_node.0 = Mul {} (x, constant)
        constant_1 = Constant {"value":{"data":{"f32":[3.0]},"shape":[]}} ()
        y = Add {} (y_node.0, constant_1)
    "#]],
    );
    let crop = node("Crop", &["x"], "y", vec![ints("border", &[1, 2, 3, 0])]);
    check(
        model(8, &IMAGE, vec![], vec![crop]),
        expect![[r#"
        y = Slice {"axes":[2,3],"ends":[9223372036854775807,-3],"starts":[2,1]} (x)
    "#]],
    );
    let sized = node("Crop", &["x"], "y", vec![ints("border", &[1, 2, 0, 0]), ints("scale", &[8, 9])]);
    check(
        model(8, &IMAGE, vec![], vec![sized]),
        expect![[r#"
        y = Slice {"axes":[2,3],"ends":[10,10],"starts":[2,1]} (x)
    "#]],
    );
}

#[test]
fn experimental_operators_name_missing_attributes() {
    let foreign = node("ImageScaler", &["x"], "y", vec![float("alpha", 2.0)]);
    expect![[r#"node "y_node" (ImageScaler, opset 8): attribute "alpha" is not known"#]].assert_eq(&fault(&model(
        8,
        &IMAGE,
        vec![],
        vec![foreign],
    )));
    let bare = node("ScaledTanh", &["x"], "y", vec![float("alpha", 2.0)]);
    expect![[r#"node "y_node" (ScaledTanh, opset 8): needs alpha and beta"#]].assert_eq(&fault(&model(
        8,
        &IMAGE,
        vec![],
        vec![bare],
    )));
}

#[test]
fn experimental_scaled_functions() {
    let softplus = node("ParametricSoftplus", &["x"], "y", vec![float("alpha", 2.0), float("beta", 3.0)]);
    check(
        model(8, &IMAGE, vec![], vec![softplus]),
        expect![[r#"
        constant = Constant {"value":{"data":{"f32":[3.0]},"shape":[]}} ()
        y_node.0 = Mul {} (x, constant)
        y_node_1.0 = Softplus {} (y_node.0)
        constant_1 = Constant {"value":{"data":{"f32":[2.0]},"shape":[]}} ()
        y = Mul {} (y_node_1.0, constant_1)
    "#]],
    );
    let tanh = node("ScaledTanh", &["x"], "y", vec![float("alpha", 2.0), float("beta", 3.0)]);
    check(
        model(8, &IMAGE, vec![], vec![tanh]),
        expect![[r#"
        constant = Constant {"value":{"data":{"f32":[3.0]},"shape":[]}} ()
        y_node.0 = Mul {} (x, constant)
        y_node_1.0 = Tanh {} (y_node.0)
        constant_1 = Constant {"value":{"data":{"f32":[2.0]},"shape":[]}} ()
        y = Mul {} (y_node_1.0, constant_1)
    "#]],
    );
}

#[test]
fn random_nodes_have_streams() {
    let nodes = vec![
        node("RandomNormalLike", &["x"], "a", vec![float("scale", 0.5)]),
        node("RandomUniformLike", &["x"], "b", vec![float("seed", 7.0), int("dtype", 10)]),
        node("Add", &["a", "b"], "y", vec![]),
    ];
    check(
        model(13, &IMAGE, vec![], nodes),
        expect![[r#"
        a = RandomNormal {"scale":0.5,"shape":["batch",4,{"height":[1,1]},{"width":[1,1]}]} ()
        b = RandomUniform {"shape":["batch",4,{"height":[1,1]},{"width":[1,1]}],"stream":1088421888} ()
        y = Add {} (a, b)
    "#]],
    );
}

#[test]
fn a_softmax_before_opset_13_flattens_later_axes() {
    for (opset, axis, operators) in
        [(11, 1, "Flatten Softmax Reshape"), (11, 3, "Softmax"), (13, 1, "Softmax"), (12, -1, "Softmax")]
    {
        let softmax = node("Softmax", &["x"], "y", vec![int("axis", axis)]);
        let text = graph(&model(opset, &["n", "4", "8", "8"], vec![], vec![softmax]));
        let found: Vec<_> = text.lines().filter_map(|line| line.split(' ').nth(2)).collect();
        assert_eq!(found.join(" "), operators, "opset {opset}, axis {axis}");
    }
}

#[test]
fn a_group_normalization_before_opset_21_has_one_scale_a_group() {
    let norm = node("GroupNormalization", &["x", "s", "b"], "y", vec![int("num_groups", 2)]);
    let model = model(18, &IMAGE, vec![weight("s", &[2]), weight("b", &[2])], vec![norm]);
    let import = read(&model).unwrap();
    assert_eq!(import.graph.weights["s.channels"].as_f32(), Some(&[0.0, 0.0, 0.5, 0.5][..]));
}

#[test]
fn training_is_refused() {
    let dropout = node("Dropout", &["x", "", "on"], "y", vec![]);
    let mut on = number("on", 1);
    (on.data_type, on.int64_data, on.int32_data) = (9, vec![], vec![1]);
    expect![[r#"node "y_node" (Dropout, opset 13): is in training mode: export the model for inference"#]]
        .assert_eq(&fault(&model(13, &IMAGE, vec![on], vec![dropout])));
    let weights = ["s", "b", "m", "v"].map(|name| weight(name, &[4])).to_vec();
    let norm = node("BatchNormalization", &["x", "s", "b", "m", "v"], "y", vec![int("training_mode", 1)]);
    expect![[r#"node "y_node" (BatchNormalization, opset 15): is in training mode: export the model for inference"#]]
        .assert_eq(&fault(&model(15, &IMAGE, weights.clone(), vec![norm])));
    let norm = node("BatchNormalization", &["x", "s", "b", "m", "v"], "y", vec![int("spatial", 0)]);
    expect![[r#"node "y_node" (BatchNormalization, opset 7): attribute "spatial" must be 1: one mean and variance for each channel"#]].assert_eq(&fault(&model(7, &IMAGE, weights, vec![norm])));
}
