//! A small cellular automaton on burn-flex: it rolls with its state and random numbers, and runs the requested steps.

use burn::backend::Flex;
use imagine_burn::{RunError, generate};
use imagine_graph::Texel;
use imagine_graph::rng::{self, Domain};
use imagine_graph::*;

const CHANNELS: usize = 4;

/// An automaton with the shape of the shipped ones: perception, two layers, a random mask.
fn automaton() -> ValidGenerator {
    let state = || Dim::nchw(CHANNELS);
    let mut init = Graph::default();
    init.push("start", RandomUniform { low: -0.1, high: 0.1, shape: state(), stream: 1000, part: None }, []);
    init.output("start", OutputKind::State);

    let mut step = Graph::default();
    step.input("state", InputKind::State, state());
    step.weight("perception", weights(&[4 * CHANNELS, 1, 3, 3], 1, 0.5));
    step.weight("w1", weights(&[12, 4 * CHANNELS, 1, 1], 2, 0.5));
    step.weight("b1", weights(&[12], 3, 0.2));
    step.weight("w2", weights(&[CHANNELS, 12, 1, 1], 4, 0.5));
    step.weight("threshold", Tensor::scalar(0.5));
    step.weight("rate", Tensor::scalar(0.3));
    step.weight("zero", Tensor::scalar(0.0));
    step.push("seen", Conv { group: CHANNELS, ..Conv::same(3, PadMode::Wrap) }, ["state", "perception"]);
    step.push("first", Conv::default(), ["seen", "w1", "b1"]);
    step.push("hidden", Relu {}, ["first"]);
    step.push("second", Conv::default(), ["hidden", "w2"]);
    step.push("bounded", Tanh {}, ["second"]);
    step.push("delta", Sub {}, ["bounded", "state"]);
    step.push("mask", RandomUniform { low: 0.0, high: 1.0, shape: Dim::nchw(1), stream: 0, part: None }, []);
    step.push("fires", Greater {}, ["mask", "threshold"]);
    step.push("gate", Where {}, ["fires", "rate", "zero"]);
    step.push("change", Mul {}, ["delta", "gate"]);
    step.push("next", Add {}, ["state", "change"]);
    step.output("next", OutputKind::State);

    let mut output = Graph::default();
    output.input("state", InputKind::State, state());
    output.push("color", Slice { starts: vec![0], ends: vec![3], axes: vec![1], steps: vec![] }, ["state"]);
    output.output("color", OutputKind::BaseColor);

    let recurrence = Some(Recurrence { init, step, steps: 3, step_rate: 30.0 });
    let size = SizeRule { tiles: true, ..SizeRule::default() };
    Generator { output, recurrence, size, card: Card::default() }.validate().unwrap()
}

fn weights(shape: &[usize], stream: u32, largest: f32) -> Tensor {
    let key = rng::key(11, stream, 0);
    let count: usize = shape.iter().product();
    let number = |i: u32| largest * (2.0 * rng::uniform(rng::cell(i, 0, 0, key)) - 1.0);
    Tensor::f32(shape, (0..count as u32).map(number).collect::<Vec<_>>())
}

/// The image rolled up and left by `[y, x]`.
fn roll(image: &Tensor, [y, x]: [usize; 2]) -> Tensor {
    let (height, width) = (image.shape[2], image.shape[3]);
    let values = image.as_f32().unwrap();
    let source = |i: usize| {
        let (plane, row, column) = (i / (height * width), i / width % height, i % width);
        values[plane * height * width + (row + y) % height * width + (column + x) % width]
    };
    Tensor::f32(image.shape.clone(), (0..values.len()).map(source).collect::<Vec<_>>())
}

#[test]
fn rolling_state_and_random_numbers_rolls_the_result_to_the_bit() {
    let (generator, device) = (automaton(), Default::default());
    for [height, width] in [[97, 61], [64, 64]] {
        let state = weights(&[1, CHANNELS, height, width], 9, 1.0);
        let made = |origin: Texel, state: Tensor| {
            let mut request = Request::new(Size::new(height, width), 3);
            request.domain = Domain { origin, wrap: true };
            request.state = Some(state);
            generate::<Flex>(&generator, &request, &device).unwrap()
        };
        let still = made(Texel::ZERO, state.clone());
        let rolled = made(Texel { y: 17, x: 31 }, roll(&state, [17, 31]));
        assert_ne!(still.state, Some(state), "nothing happened");
        assert_eq!(rolled.state.unwrap(), roll(&still.state.unwrap(), [17, 31]), "{height}x{width}");
        assert_eq!(rolled.outputs[0].1, roll(&still.outputs[0].1, [17, 31]), "{height}x{width}");
    }
}

#[test]
fn steps_default_to_the_file_and_seeds_differ() {
    let (generator, device) = (automaton(), Default::default());
    let made = |seed, steps| {
        let request = Request { steps, ..Request::new(Size::new(8, 9), seed) };
        generate::<Flex>(&generator, &request, &device).unwrap()
    };
    let default = made(1, None);
    assert_eq!(default, made(1, Some(3)));
    assert_ne!(default, made(1, Some(2)));
    assert_ne!(default, made(2, None));
    assert_eq!(default.outputs[0].0.kind, OutputKind::BaseColor);
    assert_eq!(default.outputs[0].1.shape, [1, 3, 8, 9]);
    let start = made(1, Some(0)).state.unwrap();
    assert!(start.as_f32().unwrap().iter().all(|v| v.abs() <= 0.1), "without a step the first state is what init made");
}

#[test]
fn bad_requests_are_refused() {
    let (generator, device) = (automaton(), Default::default());
    let unknown =
        Request { inputs: [("age".to_string(), Tensor::scalar(1.0))].into(), ..Request::new(Size::new(4, 4), 0) };
    let error = generate::<Flex>(&generator, &unknown, &device).unwrap_err();
    assert!(matches!(error, RunError::Request(RequestError::UnknownInput { .. })), "{error}");
    let wrong_state = Request { state: Some(Tensor::scalar(1.0)), ..Request::new(Size::new(4, 4), 0) };
    let error = generate::<Flex>(&generator, &wrong_state, &device).unwrap_err();
    assert!(matches!(error, RunError::Request(RequestError::Value { .. })), "{error}");
}
