//! Kernels draw the random numbers of `imagine_graph::rng`, to the bit.

use super::dispatch::{Bound, Gpu};
use imagine_graph::rng::{self, Domain};
use imagine_graph::{DType, Dim, Op, RandomNormal, RandomUniform, Size, TensorType, Texel, ValueId};
use imagine_wgpu::{DispatchParams, Lowering};

const SEED: u64 = 0x0123_4567_89ab_cdef;
const STREAM: u32 = 9;
const STEP: u32 = 41;

/// The numbers that the kernel of `op` draws.
fn draw(gpu: &Gpu, op: &Op, size: Size, shape: &[usize], domain: Domain) -> Vec<f32> {
    let value_type = TensorType { dtype: DType::F32, shape: shape.to_vec() };
    let outputs = vec![(ValueId(0), &value_type)];
    let node = Lowering::new("random", size, Vec::new(), outputs);
    let call = imagine_wgpu::ops::lower(op, &node).remove(0);
    let random = call.random.clone().expect("the call draws random numbers");
    let origin = domain.tensor_origin(&random.dims);
    let Texel { y, x } = domain.coordinate(origin, random.size, Texel::ZERO);
    let dispatch = DispatchParams {
        random: [rng::key(SEED, STREAM, STEP), y as u32, x as u32, u32::from(domain.wrap)],
        ..DispatchParams::default()
    };
    let mut params = call.params.clone();
    params[..size_of::<DispatchParams>()].copy_from_slice(bytemuck::bytes_of(&dispatch));
    let buffer = gpu.buffer(&vec![f32::NAN; value_type.elements()]);
    gpu.dispatch(call.shader, &call.defs, &params, &[Bound::Buffer(1, &buffer)], call.workgroups);
    bytemuck::pod_collect_to_vec(&gpu.read(&buffer))
}

#[test]
fn kernels_draw_the_numbers_of_the_reference_to_the_bit() {
    let Some(gpu) = Gpu::new() else { return };
    let size = Size { batch: 2, height: 97, width: 61 };

    let shapes: [(Vec<Dim>, Vec<usize>); 4] = [
        (Dim::nchw(3), vec![2, 3, 97, 61]),
        (vec![Dim::WIDTH, Dim::BATCH], vec![61, 2]),
        (vec![Dim::Fixed(5)], vec![5]),
        (Vec::new(), Vec::new()),
    ];
    for (dims, shape) in &shapes {
        for (origin, wrap) in [([0, 0], true), ([-17, 1000], true), ([-17, 1000], false), ([i32::MIN, -1], false)] {
            let domain = Domain { origin: Texel::from(origin), wrap };
            let key = rng::key(SEED, STREAM, STEP);
            let uniform = RandomUniform { low: 0.0, high: 1.0, shape: dims.clone(), stream: STREAM, part: None };
            let expected = rng::fill(shape, dims, domain, |x, y, plane| rng::uniform(rng::cell(x, y, plane, key)));
            assert_bits(&draw(&gpu, &uniform.into(), size, shape, domain), &expected, shape, domain);
            let normal = RandomNormal { mean: 0.0, scale: 1.0, shape: dims.clone(), stream: STREAM, part: None };
            let expected = rng::fill(shape, dims, domain, |x, y, plane| rng::normal(x, y, plane, key));
            assert_bits(&draw(&gpu, &normal.into(), size, shape, domain), &expected, shape, domain);
        }
    }
}

fn assert_bits(found: &[f32], expected: &[f32], shape: &[usize], domain: Domain) {
    let different = found.iter().zip(expected).position(|(f, e)| f != e);
    if let Some(i) = different {
        panic!("{shape:?} {domain:?}: element {i} is {}, expected {}", found[i], expected[i]);
    }
    assert_eq!(found.len(), expected.len());
}
