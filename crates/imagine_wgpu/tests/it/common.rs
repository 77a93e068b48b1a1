//! What the engine's tests share: a device, seeded numbers, small networks.

use imagine_graph::{
    CoordinateTransformationMode, Generator, Graph, NearestMode, Recurrence, Resize, SizeRule, Tensor, ValidGenerator,
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

/// Adds a weight of seeded numbers, which depend on its name.
pub fn weight(graph: &mut Graph, name: &str, shape: &[usize]) {
    let values =
        noise(shape.iter().product(), name.bytes().fold(7, |sum: u32, byte| sum * 31 % 65_521 + u32::from(byte)));
    graph.weight(name, Tensor::f32(shape.to_vec(), values));
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

/// A generator of sizes that are multiples of `multiple`.
pub fn generator(output: Graph, recurrence: Option<Recurrence>, multiple: usize) -> ValidGenerator {
    let size = SizeRule { multiple: [multiple; 2], min: [multiple; 2], tiles: false };
    Generator { output, recurrence, size, card: Default::default() }.validate().unwrap()
}
