//! `AveragePool` as one kernel call.

use imagine_graph::AveragePool;

use crate::kernel::{Head, KernelCall};
use crate::lower::Lowering;
use crate::ops::axes::call;
use crate::params::params;

params! {
    /// Params of `ops/average_pool`.
    pub(crate) struct Params for "ops/average_pool" {
        head: Head,
        shape: [u32; 4],
        input_size: [i32; 2],
        kernel: [i32; 2],
        strides: [i32; 2],
        dilations: [i32; 2],
        begin: [i32; 2],
        end: [i32; 2],
        count: u32,
        unused_a: u32,
        unused_b: u32,
        unused_c: u32,
    }
}

/// The call of `AveragePool`.
pub fn lower(op: &AveragePool, node: &Lowering) -> KernelCall {
    let [_, _, height, width] = node.image(0);
    let [top, left, bottom, right] = op.pads.map(|pad| pad as i32);
    let count = node.outputs[0].1.elements();
    let params = Params {
        shape: node.output_image(),
        input_size: [height as i32, width as i32],
        kernel: op.kernel_shape.map(|k| k as i32),
        strides: op.strides.map(|s| s as i32),
        dilations: op.dilations.map(|d| d as i32),
        begin: [top, left],
        end: [bottom, right],
        count: count as u32,
        ..Params::default()
    };
    let defs: &[&str] = if op.count_include_pad { &["COUNT_INCLUDE_PAD"] } else { &[] };
    let terms = op.kernel_shape.iter().product::<usize>();
    call(node, Params::SHADER, defs, &params, count, (count * (terms + 1)) as u64)
}
