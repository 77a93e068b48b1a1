//! `RandomUniform`, `RandomNormal` and `Bernoulli`: drawn row by row with [`imagine_graph::rng`], which defines them bit by bit.

use imagine_graph::{Bernoulli, DType, Dim, Extent, RandomNormal, RandomPart, RandomUniform, Texel, rng};
use rayon::prelude::*;

use crate::context::Context;
use crate::value::Value;

/// Numbers that one thread draws at least.
const SMALL: usize = 1 << 13;

pub(super) fn uniform(params: &RandomUniform, context: &Context) -> Value {
    let key = rng::key(context.random.seed, params.stream, context.random.step);
    let (low, span) = (params.low, params.high - params.low);
    let numbers =
        draw(&params.shape, params.part, context, |x, y, plane| low + span * rng::uniform(rng::cell(x, y, plane, key)));
    Value::f32s(context.shape(), numbers)
}

pub(super) fn normal(params: &RandomNormal, context: &Context) -> Value {
    let key = rng::key(context.random.seed, params.stream, context.random.step);
    let (mean, scale) = (params.mean, params.scale);
    let numbers = draw(&params.shape, params.part, context, |x, y, plane| mean + scale * rng::normal(x, y, plane, key));
    Value::f32s(context.shape(), numbers)
}

/// 1 where a uniform number is below the probability, else 0.
pub(super) fn bernoulli(params: &Bernoulli, x: Value, context: &Context) -> Value {
    let key = rng::key(context.random.seed, params.stream, context.random.step);
    let numbers = draw(&params.shape, None, context, |x, y, plane| rng::uniform(rng::cell(x, y, plane, key)));
    let ones = numbers.iter().zip(x.as_f32s()).map(|(number, probability)| number < probability);
    let shape = context.shape();
    let result = match params.dtype {
        DType::F32 => Value::f32s(shape, ones.map(|one| f32::from(u8::from(one))).collect()),
        DType::I32 => Value::i32s(shape, ones.map(i32::from).collect()),
        DType::Bool => Value::bools(shape, ones.collect()),
    };
    context.buffers.give(numbers);
    result
}

/// The elements of a random tensor, or of a part of it, from `element(x, y, plane)`.
fn draw(
    dims: &[Dim],
    part: Option<RandomPart>,
    context: &Context,
    element: impl Fn(u32, u32, u32) -> f32 + Sync,
) -> Vec<f32> {
    let shape = context.shape();
    let size = Extent::of_shape(shape);
    let (first, whole) = match part {
        None => (Texel::ZERO, size),
        Some(part) => {
            let bound: Vec<usize> =
                dims.iter().map(|dim| dim.bind(context.size).expect("the shape rule bound it")).collect();
            (Texel { y: part.first[0], x: part.first[1] }, Extent::of_shape(&bound))
        }
    };
    let domain = context.random.domain;
    let origin = domain.tensor_origin(dims);
    let at = |y: usize, x: usize| {
        let element = Texel { y: first.y.wrapping_add(y as i32), x: first.x.wrapping_add(x as i32) };
        domain.coordinate(origin, whole, element)
    };
    let mut numbers = context.buffers.take(shape.iter().product());
    let rows = numbers.par_chunks_exact_mut(size.width).enumerate();
    rows.with_min_len(SMALL.div_ceil(size.width)).for_each(|(row, numbers)| {
        let (plane, y) = ((row / size.height) as u32, row % size.height);
        let mut done = 0;
        while done < numbers.len() {
            // Coordinates go on by 1 until a torus closes.
            let from = at(y, done);
            let run = if domain.wrap { whole.width - from.x as usize } else { numbers.len() };
            let run = run.min(numbers.len() - done);
            for (index, number) in numbers[done..][..run].iter_mut().enumerate() {
                *number = element((from.x as u32).wrapping_add(index as u32), from.y as u32, plane);
            }
            done += run;
        }
    });
    numbers
}
