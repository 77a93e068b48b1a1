//! `RandomUniform`, `RandomNormal` and `Bernoulli`: drawn on the CPU by [`imagine_graph::rng`], which defines them bit by bit.

use burn::tensor::TensorData;
use burn::tensor::backend::{Backend, get_device_settings};
use imagine_graph::{Bernoulli, DType, Dim, Extent, RandomNormal, RandomPart, RandomUniform, Texel, rng};

use crate::context::Context;
use crate::value::Value;

pub(super) fn uniform<B: Backend>(params: &RandomUniform, context: &Context<B>) -> Value<B> {
    let key = rng::key(context.random.seed, params.stream, context.random.step);
    let span = params.high - params.low;
    draw(&params.shape, params.part, context, |x, y, plane| {
        params.low + span * rng::uniform(rng::cell(x, y, plane, key))
    })
}

pub(super) fn normal<B: Backend>(params: &RandomNormal, context: &Context<B>) -> Value<B> {
    let key = rng::key(context.random.seed, params.stream, context.random.step);
    draw(&params.shape, params.part, context, |x, y, plane| params.mean + params.scale * rng::normal(x, y, plane, key))
}

/// 1 where a uniform number is below the probability, else 0.
pub(super) fn bernoulli<B: Backend>(params: &Bernoulli, probabilities: Value<B>, context: &Context<B>) -> Value<B> {
    let key = rng::key(context.random.seed, params.stream, context.random.step);
    let numbers = draw(&params.shape, None, context, |x, y, plane| rng::uniform(rng::cell(x, y, plane, key)));
    let settings = get_device_settings::<B>(context.device);
    let ones = B::float_lower(numbers.into_float(), probabilities.into_float(), settings.bool_dtype);
    match params.dtype {
        DType::F32 => Value::Float(B::bool_into_float(ones, settings.float_dtype)),
        DType::I32 => Value::Int(B::bool_into_int(ones, settings.int_dtype)),
        DType::Bool => Value::Bool(ones),
    }
}

fn draw<B: Backend>(
    dims: &[Dim],
    part: Option<RandomPart>,
    context: &Context<B>,
    element: impl Fn(u32, u32, u32) -> f32,
) -> Value<B> {
    let shape = &context.outputs[0].shape;
    let domain = context.random.domain;
    let elements = match part {
        None => rng::fill(shape, dims, domain, element),
        Some(RandomPart { first: [y, x], size: [height, width] }) => {
            let whole: Vec<usize> =
                dims.iter().map(|dim| dim.bind(context.size).expect("the shape rule bound it")).collect();
            rng::fill_part(&whole, dims, domain, Texel { y, x }, Extent { height, width }, element)
        }
    };
    Value::Float(B::float_from_data(TensorData::new(elements, shape.clone()), context.device))
}
