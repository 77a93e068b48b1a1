//! Shared helpers: a device, seeded numbers, layers.

use imagine_graph::{
    Conv, CoordinateTransformationMode, Extent, Generator, Graph, NearestMode, Recurrence, Relu, Resize, SizeRule,
    Tensor, ValidGenerator,
};
use imagine_wgpu::BoundsChecks;
use imagine_wgpu::headless::Gpu;

/// The device with bounds checks.
pub fn gpu() -> Option<Gpu> {
    Gpu::for_test(BoundsChecks::On)
}

/// Seeded numbers from -0.5 to 0.5.
pub fn noise(count: usize, seed: u32) -> Vec<f32> {
    let number = |i: u32| (i.wrapping_mul(2_654_435_761).wrapping_add(seed.wrapping_mul(40_503)) >> 9) & 0xffff;
    (0..count as u32).map(|i| number(i) as f32 / 65_536.0 - 0.5).collect()
}

/// Adds a weight of numbers seeded by its name.
pub fn weight(graph: &mut Graph, name: &str, shape: &[usize]) {
    let values =
        noise(shape.iter().product(), name.bytes().fold(7, |sum: u32, byte| sum * 31 % 65_521 + u32::from(byte)));
    graph.weight(name, Tensor::f32(shape.to_vec(), values));
}

/// Adds a 3x3 convolution from `inputs` to `outputs` channels with a ReLU: nodes `{name}.conv` and `name`.
pub fn conv(graph: &mut Graph, name: &str, from: &str, [inputs, outputs]: [usize; 2], conv: Conv) {
    let w = format!("{name}.w");
    weight(graph, &w, &[outputs, inputs, 3, 3]);
    graph.push(&format!("{name}.conv"), conv, [from, &w]);
    graph.push(name, Relu {}, [&*format!("{name}.conv")]);
}

/// Up-sampling to twice the size by repeating pixels.
pub fn doubled() -> Resize {
    Resize {
        scales: vec![1.0, 1.0, 2.0, 2.0],
        coordinate_transformation_mode: CoordinateTransformationMode::Asymmetric,
        nearest_mode: NearestMode::Floor,
        ..Resize::default()
    }
}

/// A generator whose sizes are multiples of `multiple`.
pub fn generator(output: Graph, recurrence: Option<Recurrence>, multiple: usize) -> ValidGenerator {
    let size = SizeRule { multiple: Extent::splat(multiple), min: Extent::splat(multiple), tiles: false };
    Generator { output, recurrence, size, card: Default::default() }.validate().unwrap()
}
