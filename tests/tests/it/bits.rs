//! Exact comparison of rolled images, and the shared device without bounds checks.

use imagine_graph::Tensor;
use imagine_wgpu::BoundsChecks;
use imagine_wgpu::headless::Gpu;

/// The shared device, without bounds checks.
pub fn gpu() -> Option<Gpu> {
    Gpu::for_test(BoundsChecks::Off)
}

/// Element `[y, x]` of the result is element `[y + rows, x + columns]` of `tensor`, on the torus.
pub fn roll(tensor: &Tensor, [rows, columns]: [usize; 2]) -> Tensor {
    let [height, width] = [tensor.shape[2], tensor.shape[3]];
    let values = tensor.as_f32().unwrap();
    let rolled = (0..values.len()).map(|i| {
        let (plane, y, x) = (i / (height * width), i / width % height, i % width);
        values[(plane * height + (y + rows) % height) * width + (x + columns) % width]
    });
    Tensor::f32(tensor.shape.clone(), rolled.collect::<Vec<_>>())
}

/// The bits of all elements.
pub fn bits(tensor: &Tensor) -> Vec<u32> {
    tensor.as_f32().unwrap().iter().map(|value| value.to_bits()).collect()
}
