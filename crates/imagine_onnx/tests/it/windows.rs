//! Convolutions and pools: redundant kernel shapes, and padding from the output's shape.

use crate::models::*;
use expect_test::expect;

#[test]
fn the_kernel_shape_of_a_convolution_is_redundant() {
    let conv = |kernel: &[i64]| {
        let attributes = vec![ints("kernel_shape", kernel), ints("pads", &[1; 4]), text("auto_pad", "NOTSET")];
        model(
            11,
            &["n", "4", "h", "w"],
            vec![weight("w", &[2, 4, 3, 3])],
            vec![node("Conv", &["x", "w"], "y", attributes)],
        )
    };
    expect![[r#"
        y = Conv {"pads":[1,1,1,1]} (x, w)
    "#]]
    .assert_eq(&graph(&conv(&[3, 3])));
    expect![[
        r#"node "y_node" (Conv, opset 11): attribute "kernel_shape" is [5, 3], but the weight's kernel is [3, 3]"#
    ]]
    .assert_eq(&fault(&conv(&[5, 3])));
}

#[test]
fn padding_of_a_transposed_convolution_from_its_output_shape() {
    let of = |attributes: Vec<imagine_onnx::proto::AttributeProto>| {
        let strides = vec![ints("strides", &[2, 3])];
        let node = node("ConvTranspose", &["x", "w"], "y", [strides, attributes].concat());
        model(11, &["n", "4", "6", "5"], vec![weight("w", &[4, 2, 3, 3])], vec![node])
    };
    let graphs: String = [
        of(vec![text("auto_pad", "SAME_UPPER")]),
        of(vec![text("auto_pad", "SAME_LOWER")]),
        of(vec![text("auto_pad", "VALID")]),
        of(vec![ints("output_shape", &[10, 15])]),
        of(vec![ints("output_shape", &[14, 17]), ints("output_padding", &[1, 1])]),
    ]
    .iter()
    .map(graph)
    .collect();
    expect![[r#"
        y = ConvTranspose {"output_padding":[0,0],"pads":[0,0,1,0],"strides":[2,3]} (x, w)
        y = ConvTranspose {"output_padding":[0,0],"pads":[1,0,0,0],"strides":[2,3]} (x, w)
        y = ConvTranspose {"strides":[2,3]} (x, w)
        y = ConvTranspose {"output_padding":[0,0],"pads":[2,0,1,0],"strides":[2,3]} (x, w)
        y = ConvTranspose {"output_padding":[1,2],"pads":[0,0,0,0],"strides":[2,3]} (x, w)
    "#]]
    .assert_eq(&graphs);
    let faults = [of(vec![text("auto_pad", "SOME")]), of(vec![ints("output_shape", &[10])])];
    expect![[r#"
        node "y_node" (ConvTranspose, opset 11): attribute "auto_pad" must be NOTSET, SAME_UPPER, SAME_LOWER or VALID
        node "y_node" (ConvTranspose, opset 11): attribute "output_shape" must be 2 integers"#]]
    .assert_eq(&faults.map(|model| fault(&model)).join("\n"));
}
