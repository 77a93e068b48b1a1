//! `Softmax` and `LogSoftmax` as one kernel call.

use imagine_graph::Reduction;

use crate::kernel::KernelCall;
use crate::lowering::Lowering;
use crate::ops::axes::call;
use crate::ops::reduce::{cooperate, line};
use crate::params::params;

params! {
    pub(crate) struct Params for "ops/softmax" {
        length: u32,
        stride: u32,
        count: u32,
        unused: u32,
    }
}

/// The call of `Softmax`, or of `LogSoftmax` with `log`.
pub fn lower(log: bool, op: &impl Reduction, node: &Lowering) -> KernelCall {
    let shape = node.output_shape();
    let is_reduced = op.reduced(shape.len()).expect("the shape rule accepted the axis");
    let [length, stride] = line(shape, &is_reduced);
    let all = shape.iter().product::<usize>();
    let count = all / length;
    let params = Params { length: length as u32, stride: stride as u32, count: count as u32, ..Params::default() };
    cooperate(call(node, [log.then_some("LOG")], &params, count, 6 * all as u64), &is_reduced, count)
}
