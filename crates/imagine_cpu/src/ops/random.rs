//! `RandomUniform`, `RandomNormal` and `Bernoulli`: drawn row by row with [`imagine_graph::rng`], which defines them bit by bit.

use imagine_graph::{Bernoulli, DType, Dim, Extent, RandomNormal, RandomPart, RandomUniform, Texel, rng};
use rayon::prelude::*;

use crate::context::Context;
use crate::simd::{self, Kernel, Lanes};
use crate::value::Value;

/// Numbers that one thread draws at least.
const SMALL: usize = 1 << 13;

/// How a number is made of the words of its element.
#[derive(Clone, Copy)]
enum Distribution {
    Uniform { low: f32, span: f32 },
    Normal { mean: f32, scale: f32 },
}

pub(super) fn uniform(params: &RandomUniform, context: &Context) -> Value {
    let distribution = Distribution::Uniform { low: params.low, span: params.high - params.low };
    Value::f32s(context.shape(), draw(&params.shape, params.stream, params.part, context, distribution))
}

pub(super) fn normal(params: &RandomNormal, context: &Context) -> Value {
    let distribution = Distribution::Normal { mean: params.mean, scale: params.scale };
    Value::f32s(context.shape(), draw(&params.shape, params.stream, params.part, context, distribution))
}

/// 1 where a uniform number is below the probability, else 0.
pub(super) fn bernoulli(params: &Bernoulli, x: Value, context: &Context) -> Value {
    let distribution = Distribution::Uniform { low: 0.0, span: 1.0 };
    let numbers = draw(&params.shape, params.stream, None, context, distribution);
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

/// The elements of a random tensor, or of a part of it.
fn draw(
    dims: &[Dim],
    stream: u32,
    part: Option<RandomPart>,
    context: &Context,
    distribution: Distribution,
) -> Vec<f32> {
    let key = rng::key(context.random.seed, stream, context.random.step);
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
            let place = [from.x as u32, from.y as u32, plane];
            simd::run(Row { numbers: &mut numbers[done..][..run], place, key, distribution });
            done += run;
        }
    });
    numbers
}

/// Numbers of a row from `place` `[x, y, plane]` on.
struct Row<'a> {
    numbers: &'a mut [f32],
    place: [u32; 3],
    key: u32,
    distribution: Distribution,
}

impl Kernel for Row<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self) {
        let Self { numbers, place: [x, y, plane], key, distribution } = self;
        match distribution {
            Distribution::Uniform { low, span } => {
                for (index, number) in numbers.iter_mut().enumerate() {
                    *number = low + span * rng::uniform(rng::cell(x.wrapping_add(index as u32), y, plane, key));
                }
            }
            Distribution::Normal { mean, scale } => {
                for (index, number) in numbers.iter_mut().enumerate() {
                    *number = mean + scale * rng::normal(x.wrapping_add(index as u32), y, plane, key);
                }
            }
        }
    }
}
