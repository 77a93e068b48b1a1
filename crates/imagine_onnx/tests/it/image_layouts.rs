//! Pictures with channels last, of bytes and of two to four channels; numbers, labels and choices; sides that are fixed.

use crate::models::*;
use expect_test::expect;
use imagine_graph::{DType, Dim, Extent, InputKind, OutputKind, Size, ValidGenerator};
use imagine_onnx::proto::*;
use imagine_onnx::{AssignedRole, ExternalData, Roles, generator_from_bytes};
use prost::Message;

fn generator(model: &ModelProto, roles: &str) -> Result<(ValidGenerator, Vec<AssignedRole>), String> {
    let roles = Roles::from_ron("m.onnx.ron", roles).map_err(|error| error.to_string())?;
    generator_from_bytes(&model.encode_to_vec(), ExternalData::None, &roles).map_err(|error| error.to_string())
}

fn roles(used: &[AssignedRole]) -> Vec<[&str; 2]> {
    used.iter().map(|used| [used.name.as_str(), used.role.as_str()]).collect()
}

fn with_type(mut info: ValueInfoProto, element: i32) -> ValueInfoProto {
    info.r#type.as_mut().unwrap().tensor_type.as_mut().unwrap().elem_type = element;
    info
}

/// A model that reads bytes with channels last and writes them again.
fn bytes() -> ModelProto {
    let nodes = vec![
        node("Cast", &["x"], "f", vec![int("to", 1)]),
        node("Relu", &["f"], "r", vec![]),
        node("Cast", &["r"], "y", vec![int("to", 2)]),
    ];
    let mut model = model(13, &["?", "?", "?", "3"], vec![], nodes);
    let graph = model.graph.as_mut().unwrap();
    graph.input[0] = with_type(graph.input[0].clone(), 2);
    graph.output[0] = with_type(graph.output[0].clone(), 2);
    model
}

#[test]
fn bytes_with_channels_last_are_a_picture() {
    let (valid, used) = generator(&bytes(), "()").unwrap();
    assert_eq!(roles(&used), [["x", "image:srgb"], ["y", "base_color"]]);
    let graph = &valid.generator.output;
    assert_eq!((graph.inputs[0].dtype, graph.inputs[0].shape.clone()), (DType::F32, Dim::nchw(3)));
    expect![[r#"
        x.scaled.product = Mul {} (x, x.scaled.scale)
        x.scaled = Add {} (x.scaled.product, x.scaled.offset)
        x.rounded = Round {} (x.scaled)
        x.nhwc = Transpose {"perm":[0,2,3,1]} (x.rounded)
        x.cast = Cast {"to":"i32"} (x.nhwc)
        f = Cast {} (x.cast)
        r = Relu {} (f)
        y.raw = Cast {"to":"i32"} (r)
        y.floats = Cast {} (y.raw)
        y.nchw = Transpose {"perm":[0,3,1,2]} (y.floats)
        y.unit.product = Mul {} (y.nchw, y.unit.scale)
        y = Add {} (y.unit.product, y.unit.offset)
    "#]]
    .assert_eq(&lines(graph));
    assert_eq!(graph.weights["x.scaled.scale"].as_f32(), Some(&[255.0][..]));
}

/// A model of one convolution to `channels`.
fn to_channels(channels: i64) -> ModelProto {
    let conv = node("Conv", &["x", "w"], "y", vec![]);
    model(18, &["None", "3", "None", "None"], vec![weight("w", &[channels, 3, 1, 1])], vec![conv])
}

#[test]
fn channels_of_an_output_are_maps() {
    let kinds = |roles_text: &str, channels| {
        let (valid, used) = generator(&to_channels(channels), roles_text).unwrap();
        let outputs = &valid.generator.output.outputs;
        let kinds: Vec<_> = outputs.iter().map(|output| (output.name.clone(), output.kind)).collect();
        (kinds, used.into_iter().skip(1).map(|used| used.name).collect::<Vec<_>>())
    };
    let (found, names) = kinds("()", 4);
    assert_eq!(found, [("y.base_color".into(), OutputKind::BaseColor), ("y.alpha".into(), OutputKind::Alpha)]);
    assert_eq!(names, ["y/0..3", "y/3"]);
    let (found, _) = kinds("()", 2);
    assert_eq!(found, [("y.height".into(), OutputKind::Height), ("y.alpha".into(), OutputKind::Alpha)]);
    assert_eq!(kinds("()", 6).0, [("y".into(), OutputKind::Tensor)]);
    let (found, _) = kinds(r#"(outputs: { "y/0..3": "base_color", "y/3..6": "normal@0..1" })"#, 6);
    assert_eq!(found, [("y.base_color".into(), OutputKind::BaseColor), ("y.normal".into(), OutputKind::Normal)]);
    let (found, _) = kinds(r#"(outputs: { "y/5": "roughness" })"#, 6);
    assert_eq!(found, [("y".into(), OutputKind::Roughness)]);
    let both = generator(&to_channels(6), r#"(outputs: { "y": "tensor", "y/5": "roughness" })"#).unwrap_err();
    expect![[r#"output "y": has a role for all channels and others for some: give either"#]].assert_eq(&both);
    let beyond = generator(&to_channels(4), r#"(outputs: { "y/3..6": "base_color" })"#).unwrap_err();
    assert!(beyond.contains("\"y\""), "{beyond}");
}

#[test]
fn labels_time_steps_and_choices_are_numbers_that_can_be_set() {
    let nodes = vec![
        node("Gather", &["table", "label"], "e", vec![]),
        node("Cast", &["timestep"], "t", vec![int("to", 1)]),
        node("Unsqueeze", &["t", "axes"], "t2", vec![]),
        node("Add", &["e", "t2"], "a", vec![]),
        node("MatMul", &["class_onehot", "mix"], "m", vec![]),
        node("Add", &["a", "m"], "b", vec![]),
        node("Reshape", &["b", "shape"], "c", vec![]),
        node("Add", &["x", "c"], "y", vec![]),
    ];
    let weights =
        vec![weight("table", &[10, 3]), weight("mix", &[5, 3]), list("axes", &[1]), list("shape", &[-1, 3, 1, 1])];
    let mut model = model(18, &["n", "3", "h", "w"], weights, nodes);
    let inputs = &mut model.graph.as_mut().unwrap().input;
    inputs.push(with_type(value("label", &["n"]), 7));
    inputs.push(with_type(value("timestep", &["n"]), 7));
    inputs.push(value("class_onehot", &["n", "5"]));
    let (valid, used) = generator(&model, "()").unwrap();
    assert_eq!(
        roles(&used)[1..4],
        [["label", "range@0..9"], ["timestep", "range@0..1000"], ["class_onehot", "choice:0,1,2,3,4"]]
    );
    let label = &valid.generator.output.inputs[1];
    assert_eq!((label.dtype, &label.kind), (DType::F32, &InputKind::Range { min: 0.0, max: 9.0, default: 0.0 }));
    let text = r#"(inputs: { "timestep": "range@0..4000", "class_onehot": "choice:a,b,c,d,e" })"#;
    let (_, used) = generator(&model, text).unwrap();
    assert_eq!(roles(&used)[2..4], [["timestep", "range@0..4000"], ["class_onehot", "choice:a,b,c,d,e"]]);
}

/// A model that doubles a picture of a fixed height.
fn doubling(dims: [&str; 4]) -> ModelProto {
    let scales = TensorProto { dims: vec![4], float_data: vec![1.0, 1.0, 2.0, 2.0], ..weight("s", &[4]) };
    let resize = node("Resize", &["x", "", "s"], "y", vec![text("mode", "nearest")]);
    model(17, &dims, vec![scales], vec![resize])
}

#[test]
fn a_side_may_be_fixed_in_the_file_or_in_the_roles() {
    let expected = |valid: &ValidGenerator, multiple: Extent, min: Extent| {
        assert_eq!((valid.generator.size.multiple, valid.generator.size.min), (multiple, min));
        let bound = valid.output.bind(Size::new(16, 6)).unwrap();
        assert_eq!(bound.value_type(valid.output.outputs()[0]).shape, [1, 3, 16, 6]);
    };
    let sides = |height, width| Extent { height, width };
    let (valid, _) = generator(&doubling(["n", "3", "8", "w"]), "()").unwrap();
    expected(&valid, sides(16, 2), sides(16, 2));
    for dims in [r#"{ "h": 8 }"#, r#"{ "x/2": 8 }"#] {
        let (valid, _) = generator(&doubling(["n", "3", "h", "w"]), &format!("(dims: {dims})")).unwrap();
        expected(&valid, sides(16, 2), sides(16, 2));
    }
    let half = r#"(dims: { "w": { "width": (1, 2) }, "h": 8 })"#;
    expected(&generator(&doubling(["n", "3", "h", "w"]), half).unwrap().0, sides(16, 2), sides(16, 2));
}

#[test]
fn the_place_of_a_dimension_decides_and_its_name_means_nothing() {
    for dims in [
        ["None", "3", "None", "None"],
        ["?", "3", "?", "?"],
        ["batch_size", "3", "width", "height"],
        ["b", "3", "size", "size"],
        ["height", "3", "batch", "n"],
    ] {
        let (valid, _) = generator(&doubling(dims), "()").unwrap();
        let bound = valid.output.bind(Size::new(10, 6)).unwrap();
        assert_eq!(bound.value_type(valid.output.outputs()[0]).shape, [1, 3, 10, 6], "{dims:?}");
        assert_eq!(bound.value_type(valid.output.input(0)).shape, [1, 3, 5, 3], "{dims:?}");
    }
}

#[test]
fn sizes_that_differ_by_a_constant_are_explained_and_can_be_fixed() {
    let conv = node("Conv", &["x", "w"], "y", vec![]);
    let model = model(18, &["b", "3", "h", "w"], vec![weight("w", &[3, 3, 5, 3])], vec![conv]);
    expect![[r#"output "y" is (width - 2) x (height - 4) pixels for an input of width x height, and a generator needs a fixed fraction or multiple: usually convolutions without padding cut the border. Fix the input's size with --dim x/2=256 --dim x/3=256 (or `dims` of the roles file), or export the network with padding"#]]
        .assert_eq(&generator(&model, "()").unwrap_err());
    let (valid, _) = generator(&model, r#"(dims: { "x/2": 20, "x/3": 12 })"#).unwrap();
    assert_eq!(valid.generator.size.min, Extent { height: 16, width: 10 });
}

#[test]
fn values_of_inputs_become_constants() {
    let nodes = vec![node("Resize", &["x", "", "", "sizes"], "y", vec![text("mode", "nearest")])];
    let mut model = model(17, &["1", "3", "8", "8"], vec![], nodes);
    model.graph.as_mut().unwrap().input.push(with_type(value("sizes", &["4"]), 7));
    let told = generator(&model, "()").unwrap_err();
    expect![[r#"node "y_node" (Resize, opset 17): input "sizes" depends on run-time data, but must be known at import time: give the value of the model's input that it comes from in `values` (--value NAME=1,2)"#]].assert_eq(&told);
    let (valid, _) = generator(&model, r#"(values: { "sizes": [1, 3, 16, 24] })"#).unwrap();
    assert_eq!(valid.generator.size.min, Extent { height: 16, width: 24 });
    assert!(generator(&model, r#"(values: { "size": [1] })"#).unwrap_err().contains("\"sizes\""));
    assert!(generator(&model, r#"(values: { "x": [1, 2] })"#).unwrap_err().contains("only one number or a list"));
}
