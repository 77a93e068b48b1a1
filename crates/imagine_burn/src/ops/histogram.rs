//! `Histogram`: counts in `imagine_cpu`, on the CPU whatever the backend.

use burn::tensor::backend::Backend;
use imagine_graph::Histogram;

use super::nnf::{Read, ints};
use crate::context::Context;
use crate::value::Value;

pub(super) fn run<B: Backend>(op: &Histogram, inputs: Vec<Option<Value<B>>>, context: &Context<B>) -> Value<B> {
    let read = Read::all(inputs);
    ints(imagine_cpu::histogram(read.int(0), read.optional_bool(1), [op.height, op.width]), context)
}
