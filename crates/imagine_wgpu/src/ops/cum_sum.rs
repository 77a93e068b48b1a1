//! `CumSum` as one kernel call: one invocation walks one line.

use imagine_graph::{CumSum, DType};

use crate::kernel::KernelCall;
use crate::lowering::Lowering;
use crate::ops::axes::call;
use crate::params::params;

params! {
    pub(crate) struct Params for "ops/cum_sum" {
        count: u32,
        length: u32,
        stride: u32,
        unused: u32,
    }
}

/// The call of `CumSum`.
pub fn lower(op: &CumSum, node: &Lowering) -> KernelCall {
    let shape = node.output_shape();
    let axis = op.axis(shape.len()).expect("the shape rule accepted the axis");
    let all = shape.iter().product::<usize>();
    let (length, stride) = (shape[axis], shape[axis + 1..].iter().product::<usize>());
    let count = all / length;
    let params = Params { count: count as u32, length: length as u32, stride: stride as u32, ..Params::default() };
    let integer = node.outputs[0].1.dtype == DType::I32;
    let flags = [("EXCLUSIVE", op.exclusive), ("INTEGER", integer), ("REVERSE", op.reverse)];
    let defs = flags.map(|(name, on)| on.then_some(name));
    call(node, defs, &params, count, all as u64)
}
