//! Pooling as one kernel call.

use imagine_graph::{AveragePool, LpPool, MaxPool, Pool, WindowAxis};

use crate::kernel::KernelCall;
use crate::lowering::Lowering;
use crate::ops::axes::{call, three_axes};
use crate::params::params;

params! {
    pub(crate) struct Params for "ops/pool" {
        shape: [u32; 4],
        input_size: [i32; 4],
        kernel: [i32; 4],
        strides: [i32; 4],
        dilations: [i32; 4],
        begin: [i32; 4],
        end: [i32; 4],
        number_strides: [i32; 4],
        count: u32,
        power: f32,
        unused: [u32; 2],
    }
}

/// The call of `MaxPool`.
pub fn lower_max(op: &MaxPool, node: &Lowering) -> KernelCall {
    let x = &node.input(0).value_type.shape;
    let strides = op.number_strides(x).into_iter().map(|stride| stride as i32).collect::<Vec<_>>();
    let numbers = trailing(&strides, 0, x[2..].iter().product::<usize>() as i32);
    lower([Some("POOL_MAX"), op.indices.then_some("INDICES")], 1.0, numbers, op, node)
}

/// The call of `AveragePool`.
pub fn lower_average(op: &AveragePool, node: &Lowering) -> KernelCall {
    let defs = [Some("POOL_AVERAGE"), op.count_include_pad.then_some("COUNT_INCLUDE_PAD")];
    lower(defs, 1.0, [0; 4], op, node)
}

/// The call of `LpPool`.
pub fn lower_lp(op: &LpPool, node: &Lowering) -> KernelCall {
    let def = match op.p {
        1 => "POOL_L1",
        2 => "POOL_L2",
        _ => "POOL_LP",
    };
    lower([Some(def), None], op.p as f32, [0; 4], op, node)
}

/// One value per axis at the end of three, then `last`.
fn trailing(values: &[i32], missing: i32, last: i32) -> [i32; 4] {
    let mut all = [missing, missing, missing, last];
    all[3 - values.len()..3].copy_from_slice(values);
    all
}

fn lower(
    defs: [Option<&'static str>; 2],
    power: f32,
    number_strides: [i32; 4],
    op: &impl Pool,
    node: &Lowering,
) -> KernelCall {
    let shape = node.output_shape();
    let windows = op.windows(&node.input(0).value_type.shape).expect("the shape rule accepted the windows");
    let axes = three_axes(&windows);
    let of = |part: fn(&WindowAxis) -> usize| trailing(&axes.map(|axis| part(&axis) as i32), 0, 0);
    let count = shape.iter().product::<usize>();
    let planes = (shape[0] * shape[1]) as u32;
    let params = Params {
        shape: [planes, axes[0].output as u32, axes[1].output as u32, axes[2].output as u32],
        input_size: of(|axis| axis.input),
        kernel: of(|axis| axis.kernel),
        strides: of(|axis| axis.stride),
        dilations: of(|axis| axis.dilation),
        begin: of(|axis| axis.begin),
        end: of(|axis| axis.end),
        number_strides,
        count: count as u32,
        power,
        ..Params::default()
    };
    let terms = windows.iter().map(|axis| axis.kernel as u64).product::<u64>();
    call(node, defs, &params, count, (count as u64).saturating_mul(terms + 1))
}
