//! Large weights are on the device once, for as long as anything holds their graph.

use std::sync::Arc;

use imagine_graph::{
    Card, Dim, Extent, Generator, Graph, Mul, OutputKind, RandomUniform, Request, Size, SizeRule, Tensor,
    ValidGenerator,
};
use imagine_wgpu::headless::Gpu;
use imagine_wgpu::{Plan, WeightStore};

use crate::common::gpu;

/// Elements of the weight: 256 KiB.
const LENGTH: usize = 64 << 10;

/// Random numbers times a weight as large as the image.
fn generator(factor: f32) -> ValidGenerator {
    let mut graph = Graph::default();
    graph.push("random", RandomUniform { shape: Dim::nchw(1), ..RandomUniform::default() }, []);
    graph.weight("factor", Tensor::f32([1, 1, 256, 256], vec![factor; LENGTH]));
    graph.push("height", Mul {}, ["random", "factor"]);
    graph.output("height", OutputKind::Height);
    let size = SizeRule { multiple: Extent::splat(256), min: Extent::splat(256), tiles: true };
    Generator { output: graph, recurrence: None, size, card: Card::default() }.validate().unwrap()
}

/// A device with a store of its own.
fn device() -> Option<Gpu> {
    let mut gpu = gpu()?;
    gpu.weights = WeightStore::default();
    Some(gpu)
}

#[test]
fn generators_keep_their_weights_on_the_device() {
    let Some(gpu) = device() else { return };
    let bytes = 4 * LENGTH as u64;
    let (half, whole) = (generator(0.5), generator(1.0));
    let make = |generator: &ValidGenerator, seed| gpu.generate(generator, &Request::new(Size::new(256, 256), seed));
    let image = |generator: &ValidGenerator, seed| {
        let made = make(generator, seed).unwrap();
        made.outputs[0].1.as_f32().unwrap().to_vec()
    };
    let (one, other) = (image(&half, 1), image(&half, 2));
    assert_ne!(one, other);
    assert_eq!(gpu.weights.prune(), bytes, "two requests of one generator share them");
    let doubled: Vec<f32> = one.iter().map(|value| 2.0 * value).collect();
    assert_eq!(image(&whole, 1), doubled, "another generator has its own");
    assert_eq!(gpu.weights.prune(), 2 * bytes);
    drop(half);
    assert_eq!(gpu.weights.prune(), bytes);
    drop(whole);
    assert_eq!(gpu.weights.prune(), 0);
}

#[test]
fn a_plan_counts_shared_weights_apart() {
    let Some(gpu) = device() else { return };
    let generator = generator(0.5);
    let plan = Arc::new(Plan::new(&generator, Size::new(256, 256), gpu.options()).unwrap());
    let bytes = 4 * LENGTH as u64;
    assert_eq!(plan.shared_bytes(), bytes);
    assert_eq!(plan.bytes(), plan.arena.iter().sum::<u64>());
    assert_eq!(gpu.weights.missing_bytes(&plan), bytes);
    let session = gpu.session(&plan);
    assert_eq!(gpu.weights.missing_bytes(&plan), 0);
    drop((session, generator));
    assert_eq!(gpu.weights.prune(), bytes, "the plan holds them");
    assert!(gpu.weights.is_last_holder(&plan.shared[0], std::slice::from_ref(&plan)));
}
