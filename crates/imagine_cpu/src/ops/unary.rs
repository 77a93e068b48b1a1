//! Elementwise operators of one tensor.

use imagine_graph::Op;
use rayon::prelude::*;

use crate::context::Context;
use crate::simd::{self, Kernel, Lanes};
use crate::value::{Data, Value};

/// Elements that a thread takes at once.
const CHUNK: usize = 1 << 14;

/// The operator on a whole tensor; in place if nobody else holds it.
pub(super) fn run(op: &Op, x: Value, context: &Context) -> Value {
    match x.data() {
        Data::F32(_) => {
            let mut data = x.into_f32s(context.buffers);
            data.par_chunks_mut(CHUNK).for_each(|chunk| float(op, chunk));
            Value::f32s(context.shape(), data)
        }
        Data::I32(_) | Data::Bool(_) => unimplemented!(),
    }
}

/// The operator on a run of floats, in place. Whole tensors and the tiles of fused operators both come here. Truth values (of `Not`)
/// are 0 and 1.
pub(crate) fn float(op: &Op, data: &mut [f32]) {
    simd::run(Unary { op, data });
}

struct Unary<'a> {
    op: &'a Op,
    data: &'a mut [f32],
}

impl Kernel for Unary<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self) {
        let Self { op, data } = self;
        match op {
            Op::Relu(_) => each(data, |x| x.max(0.0)),
            Op::HardSigmoid(params) => each(data, |x| S::mul_add(x, params.alpha, params.beta).clamp(0.0, 1.0)),
            _ => unimplemented!("{}", op.name()),
        }
    }
}

#[inline(always)]
fn each(data: &mut [f32], map: impl Fn(f32) -> f32) {
    data.iter_mut().for_each(|x| *x = map(*x));
}
