//! Validation of whole generators, defaults of requests, and the text of every error.

use std::collections::BTreeMap;

use expect_test::{Expect, expect};
use imagine_graph::{
    AveragePool, Conv, Coordinates, Dim, Distribution, Extent, Gemm, Generator, Graph, InputKind, Mul, OutputKind,
    PadMode, RandomUniform, Recurrence, Relu, Request, Reshape, Resize, Size, SizeRule, Slice, Tensor, ValidGenerator,
    parse_input,
};

/// A recurrent generator of one channel.
fn recurrent() -> Generator {
    let mut init = Graph::default();
    init.push("first", RandomUniform { shape: Dim::nchw(1), stream: 1000, ..Default::default() }, []);
    init.output("first", OutputKind::State);
    let mut step = Graph::default();
    step.input("state", InputKind::State, Dim::nchw(1));
    step.push("next", Relu {}, ["state"]);
    step.output("next", OutputKind::State);
    let mut output = Graph::default();
    output.input("state", InputKind::State, Dim::nchw(1));
    output.push("height", Relu {}, ["state"]);
    output.output("height", OutputKind::Height);
    Generator {
        output,
        recurrence: Some(Recurrence { init, step, steps: 64, step_rate: 30.0 }),
        size: SizeRule { multiple: Extent { height: 8, width: 4 }, min: Extent { height: 16, width: 4 }, tiles: true },
        card: Default::default(),
    }
}

/// A generator with one input of every kind that has a default.
fn controlled() -> ValidGenerator {
    let mut output = Graph::default();
    let options = vec!["Moss".into(), "Bark".into(), "Stone".into()];
    let vector = |channels: usize| [1, channels, 1, 1].map(Dim::Fixed).to_vec();
    output.input("z", InputKind::Latent(Distribution::Uniform), Dim::nchw(3));
    output.input("wear", InputKind::Range { min: 0.0, max: 1.0, default: 0.25 }, vector(1));
    output.input("kind", InputKind::Choice { options, default: 1 }, vector(3));
    output.input("tint", InputKind::Color { default: [0.1, 0.2, 0.3] }, vector(3));
    output.push("worn", Mul {}, ["z", "wear"]);
    output.push("chosen", Mul {}, ["worn", "kind"]);
    output.push("tinted", Mul {}, ["chosen", "tint"]);
    output.output("tinted", OutputKind::BaseColor);
    let generator = Generator { output, recurrence: None, size: SizeRule::default(), card: Default::default() };
    generator.validate().unwrap()
}

fn refused(change: impl FnOnce(&mut Generator), text: Expect) {
    let mut generator = recurrent();
    change(&mut generator);
    text.assert_eq(&generator.validate().map(drop).unwrap_err().to_string());
}

#[test]
fn errors_name_their_graph() {
    refused(
        |generator| {
            let step = &mut generator.recurrence.as_mut().unwrap().step;
            step.weight("w", Tensor::f32([2, 3, 3, 3], vec![0.0; 54]));
            step.push("up3.conv", Conv::same(3, PadMode::Wrap), ["state", "w"]);
            step.push("pool", AveragePool { kernel_shape: vec![0, 2], ..Default::default() }, ["state"]);
        },
        expect![[r#"
            step: node "up3.conv" (Conv): input 1 (W) is [2, 3, 3, 3], expected [2, 1/1, ..]
            step: node "pool" (AveragePool): parameter "kernel_shape" is [0, 2], expected 1 to 4096"#]],
    );
}

#[test]
fn graphs_have_the_inputs_and_outputs_of_their_roles() {
    let parts = |generator: &mut Generator, change: fn(&mut Graph, &mut Graph, &mut Graph)| {
        let Generator { output, recurrence, .. } = generator;
        let Recurrence { init, step, .. } = recurrence.as_mut().unwrap();
        change(init, step, output);
    };
    refused(
        |g| parts(g, |init, _, _| init.outputs[0].kind = OutputKind::Tensor),
        expect!["init: expected one output of kind state and no input of kind state"],
    );
    refused(
        |g| parts(g, |_, step, _| step.inputs[0].kind = InputKind::Tensor),
        expect!["step: expected one input and one output of kind state"],
    );
    refused(
        |g| parts(g, |_, step, _| step.inputs[0].shape = Dim::nchw(2)),
        expect![[r#"
        step: its input state is [1, 2, 16, 4], but init makes [1, 1, 16, 4]
        step: its output state is [1, 2, 16, 4], but init makes [1, 1, 16, 4]"#]],
    );
    refused(
        |g| parts(g, |_, _, output| output.inputs[0].shape = vec![Dim::HEIGHT, Dim::WIDTH]),
        expect![[r#"output: output "height" (height) is [16, 4], expected [1, 1, 16, 4] at this size"#]],
    );
    refused(
        |g| parts(g, |_, _, output| output.outputs[0].kind = OutputKind::Normal),
        expect![[r#"output: output "height" (normal) is [1, 1, 16, 4], expected [1, 3, 16, 4] at this size"#]],
    );
    refused(
        |g| parts(g, |_, _, output| output.outputs[0].range = [1.0, f32::NAN]),
        expect![[r#"output: output "height": the range 1 to NaN is empty or not finite"#]],
    );
    refused(
        |g| parts(g, |_, _, output| output.outputs.push(output.outputs[0].clone())),
        expect![[r#"output: outputs "height" and "height" are both height"#]],
    );
    refused(|g| g.recurrence = None, expect!["output: reads a state, but the generator is not recurrent"]);
}

#[test]
fn numbers_of_a_generator_are_in_range() {
    refused(|g| g.recurrence.as_mut().unwrap().steps = 0, expect!["0 steps: expected 1 to 1000000"]);
    refused(
        |g| g.recurrence.as_mut().unwrap().step_rate = f32::INFINITY,
        expect!["step rate inf: expected 0 to 1000 per second"],
    );
    refused(
        |g| g.size.multiple.height = 0,
        expect!["size rule: multiple 4x0 and min 4x16 (width x height) must be 1 to 16384"],
    );
}

/// A generator that outputs the coordinates of `kind`, declared as `shape`.
fn placed(kind: Coordinates, shape: Vec<Dim>) -> Generator {
    let mut output = Graph::default();
    output.input("place", InputKind::Coordinates(kind), shape);
    output.push("out", Relu {}, ["place"]);
    output.output("out", OutputKind::Tensor);
    Generator { output, recurrence: None, size: SizeRule::default(), card: Default::default() }
}

#[test]
fn coordinates_follow_from_the_request() {
    let wrong = [(Coordinates::Plane, Dim::nchw(3)), (Coordinates::Sphere, [1, 3, 8, 8].map(Dim::Fixed).to_vec())];
    let wrong = wrong.map(|(kind, shape)| placed(kind, shape).validate().map(drop).unwrap_err().to_string());
    let sphere = placed(Coordinates::Sphere, Dim::nchw(3)).validate().unwrap();
    let resolve = |size| sphere.resolve(&Request::new(size, 0)).map(|resolved| resolved.inputs["place"].shape.clone());
    assert_eq!(resolve(Size::new(8, 8).with_batch(6)), Ok(vec![6, 3, 8, 8]));
    assert_eq!(resolve(Size::new(8, 16)), Ok(vec![1, 3, 8, 16]));
    let found = [
        wrong[0].clone(),
        wrong[1].clone(),
        resolve(Size::new(8, 8)).unwrap_err().to_string(),
        resolve(Size::new(8, 4).with_batch(6)).unwrap_err().to_string(),
        resolved_error(&sphere, |r| drop(r.inputs.insert("place".into(), Tensor::scalar(0.0)))),
        parse_input(sphere.inputs()[0], "up").unwrap_err().to_string(),
    ];
    expect![[r#"
        output: input "place": coordinates need the shape [batch, 2, height, width], or fractions of height and width
        output: input "place": coordinates need the shape [batch, 3, height, width], or fractions of height and width
        input "place" needs directions on a sphere: a batch of 6 square images (cubemap), or one image twice as wide as high (panorama); batch 1 at 8x8 is neither
        input "place" needs directions on a sphere: a batch of 6 square images (cubemap), or one image twice as wide as high (panorama); batch 6 at 4x8 is neither
        input "place" is given, expected nothing: coordinates follow from the request
        input "place" is "up", expected a value of kind sphere coordinates, which text cannot express"#]].assert_eq(&found.join("\n"));
}

fn resolved_error(generator: &ValidGenerator, change: impl FnOnce(&mut Request)) -> String {
    let mut request = Request::new(Size::new(64, 64), 7);
    change(&mut request);
    generator.resolve(&request).map(drop).unwrap_err().to_string()
}

#[test]
fn invalid_requests_say_what_is_valid() {
    let (recurrent, controlled) = (recurrent().validate().unwrap(), controlled());
    let give = |name: &'static str, value: f32| {
        move |r: &mut Request| drop(r.inputs.insert(name.into(), Tensor::scalar(value)))
    };
    let found = [
        resolved_error(&recurrent, |r| r.size = Size::new(61, 97)),
        resolved_error(&recurrent, |r| r.size = Size::new(3, 0)),
        resolved_error(&recurrent, |r| r.size.batch = 0),
        resolved_error(&recurrent, |r| r.steps = Some(2_000_000)),
        resolved_error(&recurrent, |r| r.state = Some(Tensor::scalar(0.0))),
        resolved_error(&controlled, |r| r.steps = Some(3)),
        resolved_error(&controlled, give("weer", 0.5)),
        resolved_error(&controlled, give("wear", 1.5)),
        resolved_error(&controlled, give("wear", f32::NAN)),
        resolved_error(&controlled, give("kind", 3.0)),
        resolved_error(&controlled, give("tint", 0.5)),
        resolved_error(&controlled, give("z", 0.5)),
    ];
    expect![[r#"
        size 97x61: the width must be a multiple of 4 and at least 4, the height a multiple of 8 and at least 16; the nearest such size is 96x64
        size 0x3: the width must be a multiple of 4 and at least 4, the height a multiple of 8 and at least 16; the nearest such size is 4x16
        batch 0: expected 1 to 4096
        2000000 steps: at most 1000000 are possible
        input "state" is [], expected [1, 1, 64, 64]
        3 steps: the generator is not recurrent
        there is no input "weer"; the generator has ["z", "wear", "kind", "tint"]
        input "wear" is 1.5, expected 0 to 1
        input "wear" is NaN, expected 0 to 1
        input "kind" is 3, expected the index of one of ["Moss", "Bark", "Stone"], a weight per option, or weights of shape [1, 3, 1, 1]
        input "tint" is [], expected 3 numbers
        input "z" is [], expected [1, 3, 64, 64]"#]].assert_eq(&found.join("\n"));
}

#[test]
fn omitted_inputs_take_their_defaults() {
    let generator = controlled();
    let inputs = |seed| generator.resolve(&Request::new(Size::new(5, 4), seed)).unwrap().inputs;
    let found = inputs(7);
    assert_eq!(found["wear"], Tensor::f32([1, 1, 1, 1], [0.25]));
    assert_eq!(found["kind"], Tensor::f32([1, 3, 1, 1], [0.0, 1.0, 0.0]));
    assert_eq!(found["tint"], Tensor::f32([1, 3, 1, 1], [0.1, 0.2, 0.3]));
    assert_eq!(found["z"].shape, [1, 3, 5, 4]);
    assert!(found["z"].as_f32().unwrap().iter().all(|v| (-1.0..1.0).contains(v)));
    assert_eq!(found, inputs(7));
    assert_ne!(found["z"], inputs(8)["z"]);
}

#[test]
fn text_is_parsed_by_kind() {
    let generator = controlled();
    let inputs: BTreeMap<_, _> = generator.inputs().into_iter().map(|input| (input.name.as_str(), input)).collect();
    assert_eq!(parse_input(inputs["wear"], " 0.5 ").unwrap(), Tensor::scalar(0.5));
    assert_eq!(parse_input(inputs["kind"], "stone").unwrap(), Tensor::scalar(2.0));
    assert_eq!(parse_input(inputs["tint"], "#ff0000").unwrap(), Tensor::f32([3], [1.0, 0.0, 0.0]));
    assert_eq!(parse_input(inputs["tint"], "0.5, 0, 1").unwrap(), Tensor::f32([3], [0.5, 0.0, 1.0]));
    let refused = [("wear", "much"), ("wear", "inf"), ("kind", "sand"), ("tint", "#ff00"), ("tint", "1,2"), ("z", "1")];
    let found = refused.map(|(name, text)| parse_input(inputs[name], text).unwrap_err().to_string());
    expect![[r##"
        input "wear" is "much", expected a number
        input "wear" is "inf", expected a number
        input "kind" is "sand", expected one of ["Moss", "Bark", "Stone"], or weights as in "Moss=1,Stone=0.5"
        input "tint" is "#ff00", expected #rrggbb, or three linear numbers r,g,b
        input "tint" is "1,2", expected #rrggbb, or three linear numbers r,g,b
        input "z" is "1", expected a value of kind latent, which text cannot express"##]]
    .assert_eq(&found.join("\n"));
}

#[test]
fn operator_errors_say_what_is_expected() {
    let mut graph = Graph::default();
    graph.input("x", InputKind::Tensor, [1, 3, 4, 5].map(Dim::Fixed).to_vec());
    graph.weight("m", Tensor::f32([2, 3], vec![0.0; 6]));
    graph.push("gemm", Gemm::default(), ["m", "m"]);
    graph.push("slice", Slice { starts: vec![0], ends: vec![1], axes: vec![4], steps: vec![] }, ["x"]);
    graph.push("empty", Slice { starts: vec![3], ends: vec![1], axes: vec![1], steps: vec![] }, ["x"]);
    graph.push("reshape", Reshape { shape: vec![Dim::Fixed(7), Dim::Fixed(0)], infer: Some(1) }, ["x"]);
    graph.push("resize", Resize { scales: vec![2.0; 5], ..Default::default() }, ["x"]);
    graph.push(
        "pool",
        AveragePool { kernel_shape: vec![2, 2], dilations: vec![9, 1], pads: vec![9, 0, 9, 0], ..Default::default() },
        ["x"],
    );
    graph.push("conv", Conv { pads: vec![9; 4], pad_mode: PadMode::Reflect, ..Default::default() }, ["x", "x"]);
    let valid = graph.validate().unwrap();
    expect![[r#"
        node "gemm" (Gemm): input 1 (B) is [2, 3], expected 3 rows, the number of columns of A
        node "slice" (Slice): parameter "axes" is [4], expected different axes of -4..4
        node "empty" (Slice): output shape [1, 0, 4, 5] is out of range: an empty dimension
        node "reshape" (Reshape): parameter "shape" is [7, 1], expected dimensions that divide the 60 elements of [1, 3, 4, 5]
        node "resize" (Resize): parameter "scales" is 5 numbers, expected 1 to 4 numbers in scales or sizes
        node "pool" (AveragePool): parameter "dilations" is [9, 1], expected at most [4, 5], the image
        node "conv" (Conv): parameter "pads" is [9, 9, 9, 9], expected at most [3, 4] in mode Reflect"#]].assert_eq(&valid.bind(Size::new(4, 5)).map(drop).unwrap_err().to_string());
}
