//! Operators of integers that `imagine_cpu` runs, whatever the backend: `ExemplarStart`, `ExemplarDouble`, `ExemplarMove`, `ExemplarMatch`, `ExemplarGather`,
//! `NnfPack`, `NnfProject`, `NnfSearch`, `NnfPropagate`, `NnfDistance`, `NnfVote` and `Histogram`. They have no gradients.

use burn::tensor::backend::Backend;
use imagine_graph::Op;

use crate::context::Context;
use crate::value::Value;

pub(super) fn run<B: Backend>(op: &Op, inputs: Vec<Option<Value<B>>>, context: &Context<B>) -> Vec<Value<B>> {
    let inputs = inputs.into_iter().map(|input| input.map(Value::into_data)).collect();
    let results = imagine_cpu::run_operator(op, inputs, &context.outputs, context.size, context.random);
    results.iter().map(|result| Value::from_data(result, context.device)).collect()
}
