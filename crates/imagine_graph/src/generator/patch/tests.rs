//! Windows of patches: reach, crop, and coordinates far from the origin.

use super::*;
use crate::generator::{Card, Generator, Recurrence, SizeRule};
use crate::graph::{Coordinates, OutputKind};
use crate::ops::{Conv, PadMode, RandomUniform};
use crate::tensor::{Dim, Tensor};

/// A state that spreads by one texel per step.
fn spreading() -> ValidGenerator {
    let mut init = Graph::default();
    init.push("state", RandomUniform { shape: Dim::nchw(1), ..RandomUniform::default() }, []);
    init.output("state", OutputKind::State);
    let mut step = Graph::default();
    step.input("state", InputKind::State, Dim::nchw(1));
    step.weight("w", Tensor::f32([1, 1, 3, 3], vec![1.0 / 9.0; 9]));
    step.push("next", Conv::same(3, PadMode::Wrap), ["state", "w"]);
    step.output("next", OutputKind::State);
    let mut output = Graph::default();
    output.input("state", InputKind::State, Dim::nchw(1));
    output.push("height", crate::ops::Identity {}, ["state"]);
    output.output("height", OutputKind::Height);
    let recurrence = Some(Recurrence { init, step, steps: 9, step_rate: 1.0 });
    let size = SizeRule { tiles: true, ..SizeRule::default() };
    Generator { output, recurrence, size, card: Card::default() }.validate().unwrap()
}

#[test]
fn the_halo_of_an_automaton_is_its_number_of_steps() {
    let generator = spreading();
    for steps in [0, 1, 9] {
        let request =
            Request { steps: Some(steps), ..Request::patch(Size::new(20, 31), 0, PatchIndex { y: -3, x: 5 }).unwrap() };
        let patch = generator.patch(&request).unwrap().unwrap();
        let (halo, texels) = (steps as usize, steps as i32);
        assert_eq!(patch.crop, Texel { y: texels, x: texels }, "{steps} steps");
        assert_eq!(patch.request.size, Size::new(20 + 2 * halo, 31 + 2 * halo));
        assert_eq!(patch.request.domain.origin, Texel { y: -60 - texels, x: 155 - texels });
        let bound = patch.generator.output.bind(patch.request.size).unwrap();
        assert_eq!(bound.value_type(patch.generator.output.outputs()[0]).shape, [1, 1, 20, 31]);
    }
    let far = Request { steps: Some(1_000_000), ..Request::patch(Size::new(8, 8), 0, PatchIndex::default()).unwrap() };
    assert!(generator.patch(&far).is_err());
}

#[test]
fn coordinates_are_exact_far_from_the_origin() {
    let mut graph = Graph::default();
    graph.input("place", InputKind::Coordinates(Coordinates::Plane), Dim::nchw(2));
    graph.push("y", crate::ops::Identity {}, ["place"]);
    graph.output("y", OutputKind::Tensor);
    let size = SizeRule::default();
    let generator = Generator { output: graph, recurrence: None, size, card: Card::default() }.validate().unwrap();
    let places = |y: i64, x: i64| {
        let request = Request {
            period: Some(Extent { height: 128, width: 512 }),
            ..Request::patch(Size::new(32, 64), 0, PatchIndex { y, x }).unwrap()
        };
        generator.check(&request).unwrap().inputs.remove("place").unwrap()
    };
    // 2^20 patches are whole periods along both axes.
    let near = places(1, -3);
    assert_eq!(near, places(1 + (1 << 20), -3 - (1 << 20)));
    assert_eq!(near.as_f32().unwrap()[0], ((-3 * 64 + 512) as f32 + 0.5) / 512.0);
}

#[test]
fn a_periodic_request_is_not_a_patch() {
    assert!(spreading().patch(&Request::new(Size::new(8, 8), 0)).unwrap().is_none());
}
