//! Prompt inputs: invalid declarations, defaults, and values of a request.

use expect_test::expect;
use imagine_graph::{
    Cast, DType, Dim, Generator, Graph, GraphInput, InputKind, OutputKind, Request, Size, SizeRule, Tensor, TensorData,
    ValidGenerator, parse_input, prompt,
};

fn generator(change: impl FnOnce(&mut GraphInput)) -> Generator {
    let mut output = Graph::default();
    let kind = InputKind::Prompt { buckets: 2048, default: "red dragon".into() };
    let mut input = GraphInput { name: "words".into(), kind, dtype: DType::I32, shape: vec![Dim::BATCH, 16.into()] };
    change(&mut input);
    output.inputs.push(input);
    output.push("numbers", Cast::to(DType::F32), ["words"]);
    output.output("numbers", OutputKind::Tensor);
    Generator { output, recurrence: None, size: SizeRule::default(), card: Default::default() }
}

fn valid() -> ValidGenerator {
    generator(|_| {}).validate().unwrap()
}

fn tokens(values: Vec<i32>) -> Tensor {
    Tensor::new(vec![values.len()], TensorData::I32(values))
}

#[test]
fn invalid_prompts_are_rejected() {
    let refused = |change: fn(&mut GraphInput)| generator(change).validate().map(drop).unwrap_err().to_string();
    let found = [
        refused(|input| input.dtype = DType::F32),
        refused(|input| input.kind = InputKind::Prompt { buckets: 1, default: String::new() }),
        refused(|input| input.kind = InputKind::Prompt { buckets: usize::MAX, default: String::new() }),
        refused(|input| input.kind = InputKind::Prompt { buckets: 8, default: "a".repeat(1001) }),
        refused(|input| input.shape = vec![Dim::BATCH, 257.into()]),
        refused(|input| input.shape = vec![16.into()]),
        refused(|input| input.kind = InputKind::Mask),
    ];
    expect![[r#"
        output: input "words" (prompt) must have integers as elements
        output: input "words": expected 2 to 1048576 buckets and a default of at most 1000 bytes
        output: input "words": expected 2 to 1048576 buckets and a default of at most 1000 bytes
        output: input "words": expected 2 to 1048576 buckets and a default of at most 1000 bytes
        output: input "words": a prompt has the shape [batch, 1 to 256]
        output: input "words": a prompt has the shape [batch, 1 to 256]
        output: input "words" (mask) must have floats as elements"#]]
    .assert_eq(&found.join("\n"));
}

#[test]
fn a_prompt_is_shared_by_all_images_or_one_per_image() {
    let generator = valid();
    let size = Size::new(1, 1).with_batch(2);
    let resolved = |given: Option<Tensor>| {
        let mut request = Request::new(size, 0);
        request.inputs.extend(given.map(|tensor| ("words".to_string(), tensor)));
        generator.resolve(&request).map(|resolved| resolved.inputs["words"].clone()).map_err(|error| error.to_string())
    };
    let default = prompt::tokens("red dragon", 16, 2048);
    assert_eq!(resolved(None).unwrap(), Tensor::new(vec![2, 16], TensorData::I32(default.repeat(2))));
    let staff = parse_input(generator.inputs()[0], "ice staff").unwrap();
    let expected = prompt::tokens("ice staff", 16, 2048);
    assert_eq!(resolved(Some(staff)).unwrap(), Tensor::new(vec![2, 16], TensorData::I32(expected.repeat(2))));
    let each = [default, expected].concat();
    assert_eq!(resolved(Some(tokens(each.clone()))).unwrap(), Tensor::new(vec![2, 16], TensorData::I32(each)));
    let refused = [tokens(vec![1; 15]), tokens(vec![2048; 16]), tokens(vec![-1; 16]), Tensor::f32([16], [0.0; 16])];
    let found = refused.map(|tensor| resolved(Some(tensor)).unwrap_err());
    expect![[r#"
        input "words" is i32 [15], expected 16 tokens, or 16 for each of 2 images
        input "words" is i32 [16], expected tokens below 2048
        input "words" is i32 [16], expected tokens below 2048
        input "words" is [16], expected 16 tokens"#]]
    .assert_eq(&found.join("\n"));
}
