//! `ArgMax` and `ArgMin` as one kernel call.

use imagine_graph::Reduction;

use crate::kernel::KernelCall;
use crate::lowering::Lowering;
use crate::ops::axes::call;
use crate::ops::reduce::{line, type_def};
use crate::params::params;

params! {
    pub(crate) struct Params for "ops/arg_max" {
        length: u32,
        stride: u32,
        count: u32,
        unused: u32,
    }
}

/// The call of `ArgMax`, or of `ArgMin` with `smallest`; with `last` the last of equal elements counts.
pub fn lower(smallest: bool, last: bool, op: &impl Reduction, node: &Lowering) -> KernelCall {
    let data = node.input(0).value_type;
    let is_reduced = op.reduced(data.shape.len()).expect("the shape rule accepted the axis");
    let [length, stride] = line(&data.shape, &is_reduced);
    let count = node.outputs[0].1.elements();
    let params = Params { length: length as u32, stride: stride as u32, count: count as u32, ..Params::default() };
    let defs = [smallest.then_some("SMALLEST"), last.then_some("LAST"), type_def(data.dtype)];
    call(node, defs, &params, count, data.elements() as u64)
}
