//! Normalisation by statistics of the input. Sums run in a fixed number of lanes and blocks, so that the threads do not change them.

use imagine_graph::{
    GroupNormalization, InstanceNormalization, LayerNormalization, LpNormalization, MeanVarianceNormalization,
    RMSNormalization, Reduction,
};

use super::strided;
use crate::context::Context;
use crate::simd::{self, Kernel, Lanes};
use crate::tile::{Shared, for_each};
use crate::value::Value;

pub(super) fn instance(
    params: &InstanceNormalization,
    x: Value,
    scale: Value,
    bias: Value,
    context: &Context,
) -> Value {
    let channels = context.shape()[1];
    grouped(channels, params.epsilon, x, &scale, &bias, context)
}

pub(super) fn group(params: &GroupNormalization, x: Value, scale: Value, bias: Value, context: &Context) -> Value {
    grouped(params.num_groups, params.epsilon, x, &scale, &bias, context)
}

/// `[N, C, ..]` normalised in `groups` groups of channels; scale and bias are `[C]`.
fn grouped(groups: usize, epsilon: f32, x: Value, scale: &Value, bias: &Value, context: &Context) -> Value {
    let shape = context.shape();
    let (channels, plane) = (shape[1], shape[2..].iter().product::<usize>());
    let (scale, bias) = (scale.as_f32s(), bias.as_f32s());
    let mut data = x.into_f32s(context.buffers);
    let (together, length) = (channels / groups, channels / groups * plane);
    let shared = Shared::new(&mut data);
    for_each(shape[0] * groups, |index| {
        // SAFETY: groups do not overlap.
        let group = unsafe { shared.part(index * length..(index + 1) * length) };
        let (mean, variance) = moments(group);
        let factor = 1.0 / (variance + epsilon).sqrt();
        let first = index % groups * together;
        for (channel, plane) in group.chunks_mut(plane.max(1)).enumerate() {
            let scale = scale[first + channel] * factor;
            affine(plane, scale, bias[first + channel] - mean * scale);
        }
    });
    Value::f32s(shape, data)
}

pub(super) fn layer(
    params: &LayerNormalization,
    x: Value,
    scale: Value,
    bias: Option<Value>,
    context: &Context,
) -> Value {
    let reduced = params.reduced(x.shape().len()).expect("the shape rule accepted it");
    let normalized = by_rows(&reduced, x, context, |row| {
        let (mean, variance) = moments(row);
        let factor = 1.0 / (variance + params.epsilon).sqrt();
        affine(row, factor, -mean * factor);
    });
    scaled(normalized, &scale, bias.as_ref(), context)
}

pub(super) fn root_mean_square(params: &RMSNormalization, x: Value, scale: Value, context: &Context) -> Value {
    let reduced = params.reduced(x.shape().len()).expect("the shape rule accepted it");
    let normalized = by_rows(&reduced, x, context, |row| {
        let mean = (sum(row, Term::Square) / row.len() as f64) as f32;
        affine(row, 1.0 / (mean + params.epsilon).sqrt(), 0.0);
    });
    scaled(normalized, &scale, None, context)
}

pub(super) fn mean_variance(params: &MeanVarianceNormalization, x: Value, context: &Context) -> Value {
    let reduced = params.reduced(x.shape().len()).expect("the shape rule accepted it");
    by_rows(&reduced, x, context, |row| {
        let (mean, variance) = moments(row);
        let factor = 1.0 / (variance.sqrt() + 1e-9);
        row.iter_mut().for_each(|x| *x = (*x - mean) * factor);
    })
}

pub(super) fn norm(params: &LpNormalization, x: Value, context: &Context) -> Value {
    let reduced = params.reduced(x.shape().len()).expect("the shape rule accepted it");
    by_rows(&reduced, x, context, |row| {
        let norm = match params.p {
            1 => sum(row, Term::Absolute) as f32,
            _ => sum(row, Term::Square).sqrt() as f32,
        };
        // Where the norm is 0, the numbers are 0 too.
        let norm = if norm == 0.0 { 1.0 } else { norm };
        row.iter_mut().for_each(|x| *x /= norm);
    })
}

/// Changes each run of elements over the axes that are `reduced`, as a row.
fn by_rows(reduced: &[bool], x: Value, context: &Context, change: impl Fn(&mut [f32]) + Sync + Send) -> Value {
    let shape = x.shape().to_vec();
    let kept: Vec<usize> = (0..shape.len()).filter(|&axis| !reduced[axis]).collect();
    let gone: Vec<usize> = (0..shape.len()).filter(|&axis| reduced[axis]).collect();
    let length = gone.iter().map(|&axis| shape[axis]).product::<usize>().max(1);
    let order = [kept, gone].concat();
    let in_order = order.iter().enumerate().all(|(index, axis)| index == *axis);
    let mut rows =
        if in_order { x.into_f32s(context.buffers) } else { strided::permuted(x.as_f32s(), &shape, &order, context) };
    let shared = Shared::new(&mut rows);
    let (count, together) = (shared_len(&shape) / length, (1usize << 12).div_ceil(length));
    for_each(count.div_ceil(together), |index| {
        let range = index * together * length..((index + 1) * together).min(count) * length;
        // SAFETY: rows do not overlap.
        unsafe { shared.part(range) }.chunks_mut(length).for_each(&change);
    });
    if !in_order {
        let permuted: Vec<usize> = order.iter().map(|&axis| shape[axis]).collect();
        let back: Vec<usize> =
            (0..shape.len()).map(|axis| order.iter().position(|&o| o == axis).expect("a permutation")).collect();
        let result = strided::permuted(&rows, &permuted, &back, context);
        context.buffers.give(rows);
        return Value::f32s(&shape, result);
    }
    Value::f32s(&shape, rows)
}

fn shared_len(shape: &[usize]) -> usize {
    shape.iter().product()
}

/// `x * scale + bias`, which broadcast.
fn scaled(x: Value, scale: &Value, bias: Option<&Value>, context: &Context) -> Value {
    let shape = x.shape().to_vec();
    let mut data = x.into_f32s(context.buffers);
    let mut apply = |part: &Value, change: fn(&mut f32, f32)| {
        let part = strided::expanded(part.as_f32s(), part.shape(), &shape, context);
        data.iter_mut().zip(&part).for_each(|(x, part)| change(x, *part));
        context.buffers.give(part);
    };
    apply(scale, |x, scale| *x *= scale);
    if let Some(bias) = bias {
        apply(bias, |x, bias| *x += bias);
    }
    Value::f32s(&shape, data)
}

pub(crate) fn affine(row: &mut [f32], factor: f32, addend: f32) {
    simd::run(Affine(row, factor, addend));
}

struct Affine<'a>(&'a mut [f32], f32, f32);

impl Kernel for Affine<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self) {
        let Self(row, factor, addend) = self;
        row.iter_mut().for_each(|x| *x = S::mul_add(*x, factor, addend));
    }
}

/// Mean and variance.
fn moments(row: &[f32]) -> (f32, f32) {
    let mean = (sum(row, Term::Itself) / row.len() as f64) as f32;
    (mean, (sum(row, Term::Deviation(mean)) / row.len() as f64) as f32)
}

/// What of each number is summed.
#[derive(Clone, Copy)]
enum Term {
    Itself,
    Absolute,
    Square,
    /// The square of the distance from a number.
    Deviation(f32),
}

fn sum(row: &[f32], term: Term) -> f64 {
    simd::run(Sum(row, term))
}

struct Sum<'a>(&'a [f32], Term);

/// Sums that run side by side, on every instruction set.
const LANES: usize = 64;
/// Numbers that are added up in single precision.
const BLOCK: usize = 64 * LANES;

impl Kernel for Sum<'_> {
    type Output = f64;

    #[inline(always)]
    fn run<S: Lanes>(self) -> f64 {
        match self.1 {
            Term::Itself => blocks(self.0, |sum, x| sum + x),
            Term::Absolute => blocks(self.0, |sum, x| sum + x.abs()),
            Term::Square => blocks(self.0, |sum, x| S::mul_add(x, x, sum)),
            Term::Deviation(from) => blocks(self.0, |sum, x| S::mul_add(x - from, x - from, sum)),
        }
    }
}

#[inline(always)]
fn blocks(row: &[f32], add: impl Fn(f32, f32) -> f32) -> f64 {
    let mut total = 0.0;
    for block in row.chunks(BLOCK) {
        let mut sums = [0.0f32; LANES];
        let chunks = block.chunks_exact(LANES);
        let rest = chunks.remainder();
        for chunk in chunks {
            for lane in 0..LANES {
                sums[lane] = add(sums[lane], chunk[lane]);
            }
        }
        for (sum, x) in sums.iter_mut().zip(rest) {
            *sum = add(*sum, *x);
        }
        total += sums.iter().map(|&sum| f64::from(sum)).sum::<f64>();
    }
    total
}
