//! One file an operator family; this one picks. The mapping is exhaustive: an operator without one does not compile.

mod binary;
mod conv;
mod pad;
mod random;
mod select;
mod slice;
mod unary;

use burn::tensor::backend::Backend;
use imagine_graph::rng::RandomState;
use imagine_graph::{Op, Size, TensorType};

use crate::value::Value;

/// What an operator may know beside its inputs.
pub(crate) struct Context<'a, B: Backend> {
    /// Types that the shape rule promised.
    pub outputs: Vec<TensorType>,
    /// Device that new tensors go to.
    pub device: &'a B::Device,
    /// What random numbers depend on.
    pub random: RandomState,
    /// Size that the graph is bound to.
    pub size: Size,
}

/// Runs one operator. Inputs have been checked by its shape rule.
pub(crate) fn run<B: Backend>(op: &Op, inputs: Vec<Option<Value<B>>>, context: &Context<B>) -> Vec<Value<B>> {
    let mut inputs = inputs.into_iter();
    let mut next = || inputs.next().flatten().expect("the shape rule asked for it");
    let shape = &context.outputs[0].shape;
    let result = match op {
        Op::Conv(params) => {
            let (x, w) = (next().into_float(), next().into_float());
            Value::Float(conv::run::<B>(params, x, w, inputs.next().flatten().map(Value::into_float)))
        }
        Op::Add(_) => binary::float(B::float_add, next(), next(), shape),
        Op::Sub(_) => binary::float(B::float_sub, next(), next(), shape),
        Op::Mul(_) => binary::float(B::float_mul, next(), next(), shape),
        Op::Div(_) => binary::float(B::float_div, next(), next(), shape),
        Op::Greater(_) => binary::greater(next(), next(), shape),
        Op::Relu(_) => unary::run::<B>(B::relu, next()),
        Op::Tanh(_) => unary::run::<B>(B::float_tanh, next()),
        Op::Clip(params) => unary::run::<B>(|x| unary::clip::<B>(params, x), next()),
        Op::Where(_) => select::run(next(), next(), next(), shape),
        Op::Slice(params) => slice::run(params, next()),
        Op::RandomUniform(params) => random::uniform(params, context),
        Op::RandomNormal(params) => random::normal(params, context),
    };
    vec![result]
}
