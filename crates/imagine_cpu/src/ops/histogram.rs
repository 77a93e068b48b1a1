//! `Histogram`: counts of [`crate::nnf`].

use imagine_graph::Histogram;

use super::nnf::Read;
use crate::context::Context;
use crate::value::Value;

pub(super) fn run(op: &Histogram, inputs: Vec<Option<Value>>, context: &Context) -> Value {
    let read = Read::all(inputs);
    Value::i32s(context.shape(), crate::histogram(read.int(0), read.optional_bool(1), [op.height, op.width]))
}
