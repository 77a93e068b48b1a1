//! Reductions: one group of neighbouring reduced axes after the other, from the last one on.
//!
//! The order of combination is fixed and does not depend on threads. A long sum is one of the sums of its blocks, so that it does not lose
//! small addends.

use imagine_graph::{Op, Reduction};
use rayon::prelude::*;

use crate::context::Context;
use crate::element::Element;
use crate::elementwise::{Builder, Function, Source};
use crate::simd::{self, Kernel, Lanes};
use crate::value::{Data, Value};

/// Interleaved partial results of a block.
const LANES: usize = 16;
/// Elements of a block.
const BLOCK: usize = 4096;
/// Rows of a block, and columns that a thread reduces at once.
const ROWS: usize = 256;
const COLUMNS: usize = 512;
/// Elements below which one thread reduces all.
const SMALL: usize = 1 << 15;

pub(super) fn run(op: &Op, x: Value, context: &Context) -> Value {
    let axes = reduced(op, x.shape().len());
    let shape = context.shape();
    match x.data() {
        Data::F32(_) => Value::f32s(shape, floats(op, &x, &axes, context)),
        Data::I32(elements) => Value::i32s(shape, integers(op, elements, x.shape(), &axes, context)),
        Data::Bool(elements) => {
            let words: Vec<i32> = elements.iter().map(|x| i32::from(*x)).collect();
            let found = integers(op, &words, x.shape(), &axes, context);
            Value::bools(shape, found.into_iter().map(|x| x != 0).collect())
        }
    }
}

/// Whether each axis is reduced.
fn reduced(op: &Op, rank: usize) -> Vec<bool> {
    let reduced = match op {
        Op::GlobalAveragePool(params) => params.reduced(rank),
        Op::GlobalMaxPool(params) => params.reduced(rank),
        Op::ReduceSum(params) => params.reduced(rank),
        Op::ReduceMean(params) => params.reduced(rank),
        Op::ReduceProd(params) => params.reduced(rank),
        Op::ReduceMax(params) => params.reduced(rank),
        Op::ReduceMin(params) => params.reduced(rank),
        Op::ReduceL1(params) => params.reduced(rank),
        Op::ReduceL2(params) => params.reduced(rank),
        Op::ReduceSumSquare(params) => params.reduced(rank),
        Op::ReduceLogSum(params) => params.reduced(rank),
        Op::ReduceLogSumExp(params) => params.reduced(rank),
        _ => unreachable!("{} is no reduction", op.name()),
    };
    reduced.expect("the shape rule accepted it")
}

fn floats(op: &Op, x: &Value, axes: &[bool], context: &Context) -> Vec<f32> {
    let (data, shape) = (x.as_f32s(), x.shape());
    let mut found = match op {
        Op::ReduceProd(_) => groups::<f32, Product, Product>(data, shape, axes, context),
        Op::ReduceMax(_) | Op::GlobalMaxPool(_) => groups::<f32, Largest, Largest>(data, shape, axes, context),
        Op::ReduceMin(_) => groups::<f32, Smallest, Smallest>(data, shape, axes, context),
        Op::ReduceL1(_) => groups::<f32, SumOfAbs, Sum>(data, shape, axes, context),
        Op::ReduceL2(_) | Op::ReduceSumSquare(_) => groups::<f32, SumOfSquares, Sum>(data, shape, axes, context),
        Op::ReduceLogSumExp(_) => return log_sum_exp(x, axes, context),
        _ => groups::<f32, Sum, Sum>(data, shape, axes, context),
    };
    let count = (data.len() / found.len()) as f32;
    match op {
        Op::ReduceMean(_) | Op::GlobalAveragePool(_) => found.iter_mut().for_each(|x| *x /= count),
        Op::ReduceL2(_) => found.iter_mut().for_each(|x| *x = x.sqrt()),
        Op::ReduceLogSum(_) => found.iter_mut().for_each(|x| *x = x.ln()),
        _ => {}
    }
    found
}

fn integers(op: &Op, x: &[i32], shape: &[usize], axes: &[bool], context: &Context) -> Vec<i32> {
    match op {
        Op::ReduceSum(_) => groups::<i32, Sum, Sum>(x, shape, axes, context),
        Op::ReduceProd(_) => groups::<i32, Product, Product>(x, shape, axes, context),
        Op::ReduceMax(_) => groups::<i32, Largest, Largest>(x, shape, axes, context),
        Op::ReduceMin(_) => groups::<i32, Smallest, Smallest>(x, shape, axes, context),
        _ => unreachable!("{} is no reduction of integers", op.name()),
    }
}

/// `log(sum of exp(x - m)) + m`, where m is the largest x.
fn log_sum_exp(x: &Value, axes: &[bool], context: &Context) -> Vec<f32> {
    let kept: Vec<_> = x.shape().iter().zip(axes).map(|(&length, gone)| if *gone { 1 } else { length }).collect();
    let largest = groups::<f32, Largest, Largest>(x.as_f32s(), x.shape(), axes, context);
    let largest = Value::f32s(&kept, largest);
    let mut builder = Builder::default();
    let operands = [x, &largest].map(|x| builder.source(x.dtype()));
    let shifted = builder.push(Function::Sub, &operands);
    let power = builder.push(Function::Exp, &[shifted]);
    let sources = [x, &largest].map(|value| Source::new(value, x.shape()));
    let powers = builder.finish(&[power]).run(&sources, x.shape(), context.buffers).remove(0);
    let mut sums = groups::<f32, Sum, Sum>(powers.as_f32s(), x.shape(), axes, context);
    sums.iter_mut().zip(largest.as_f32s()).for_each(|(sum, largest)| *sum = sum.ln() + largest);
    powers.recycle(context.buffers);
    sums
}

/// How elements are combined.
trait Fold<T> {
    /// What nothing is combined with.
    const START: T;

    /// What an element counts as.
    #[inline(always)]
    fn lift(x: T) -> T {
        x
    }

    fn combine(a: T, b: T) -> T;
}

macro_rules! folds {
    ($($name:ident of $type:ty: $start:expr, |$x:ident| $lift:expr, |$a:ident, $b:ident| $combine:expr;)*) => {$(
        impl Fold<$type> for $name {
            const START: $type = $start;

            #[inline(always)]
            fn lift($x: $type) -> $type {
                $lift
            }

            #[inline(always)]
            fn combine($a: $type, $b: $type) -> $type {
                $combine
            }
        }
    )*};
}

struct Sum;
struct SumOfAbs;
struct SumOfSquares;
struct Product;
struct Largest;
struct Smallest;

folds! {
    Sum of f32: 0.0, |x| x, |a, b| a + b;
    SumOfAbs of f32: 0.0, |x| x.abs(), |a, b| a + b;
    SumOfSquares of f32: 0.0, |x| x * x, |a, b| a + b;
    Product of f32: 1.0, |x| x, |a, b| a * b;
    Largest of f32: f32::NEG_INFINITY, |x| x, |a, b| if b > a { b } else { a };
    Smallest of f32: f32::INFINITY, |x| x, |a, b| if b < a { b } else { a };
    Sum of i32: 0, |x| x, |a, b| a.wrapping_add(b);
    Product of i32: 1, |x| x, |a, b| a.wrapping_mul(b);
    Largest of i32: i32::MIN, |x| x, |a, b| a.max(b);
    Smallest of i32: i32::MAX, |x| x, |a, b| a.min(b);
}

/// Reduces the last group of reduced axes by `First`, the others by `Next`.
fn groups<T: Element, First: Fold<T>, Next: Fold<T>>(
    x: &[T],
    shape: &[usize],
    axes: &[bool],
    context: &Context,
) -> Vec<T> {
    let mut found: Option<Vec<T>> = None;
    let (mut end, mut inner) = (shape.len(), 1);
    while end > 0 {
        let start = (0..end).rev().find(|&axis| axes[axis] != axes[end - 1]).map_or(0, |axis| axis + 1);
        let length: usize = shape[start..end].iter().product();
        if axes[end - 1] {
            let outer = shape[..start].iter().product();
            found = Some(match &found {
                None => group::<T, First>(x, [outer, length, inner], context),
                Some(x) => group::<T, Next>(x, [outer, length, inner], context),
            });
        } else {
            inner *= length;
        }
        end = start;
    }
    found.unwrap_or_else(|| x.iter().map(|x| First::lift(*x)).collect())
}

/// Reduces the middle one of three axes.
fn group<T: Element, F: Fold<T>>(x: &[T], [outer, length, inner]: [usize; 3], context: &Context) -> Vec<T> {
    let mut found = T::take(outer * inner, context);
    let small = x.len() < SMALL;
    if inner > 1 {
        let columns = |(index, found): (usize, &mut [T])| {
            let (plane, first) = (index / inner.div_ceil(COLUMNS), index % inner.div_ceil(COLUMNS) * COLUMNS);
            let x = &x[plane * length * inner..][..length * inner];
            simd::run(Rows::<T, F> { x, inner, first, found, fold: std::marker::PhantomData });
        };
        let chunks: Vec<&mut [T]> = found.chunks_mut(inner).flat_map(|row| row.chunks_mut(COLUMNS)).collect();
        if small {
            chunks.into_iter().enumerate().for_each(columns);
        } else {
            chunks.into_par_iter().enumerate().for_each(columns);
        }
        return found;
    }
    let block = |x: &[T]| simd::run(Block::<T, F> { x, fold: std::marker::PhantomData });
    let whole = |blocks: &mut dyn Iterator<Item = T>| blocks.fold(F::START, F::combine);
    if small {
        found.iter_mut().zip(x.chunks(length)).for_each(|(found, x)| *found = whole(&mut x.chunks(BLOCK).map(block)));
    } else if outer >= 64 {
        let rows = found.par_iter_mut().zip(x.par_chunks(length)).with_min_len((SMALL / 4).div_ceil(length));
        rows.for_each(|(found, x)| *found = whole(&mut x.chunks(BLOCK).map(block)));
    } else {
        for (found, x) in found.iter_mut().zip(x.chunks(length)) {
            let blocks: Vec<T> = x.par_chunks(BLOCK).map(block).collect();
            *found = whole(&mut blocks.into_iter());
        }
    }
    found
}

/// One block of elements.
struct Block<'a, T, F> {
    x: &'a [T],
    fold: std::marker::PhantomData<F>,
}

impl<T: Copy, F: Fold<T>> Kernel for Block<'_, T, F> {
    type Output = T;

    #[inline(always)]
    fn run<S: Lanes>(self) -> T {
        let mut lanes = [F::START; LANES];
        let (chunks, rest) = self.x.as_chunks::<LANES>();
        for chunk in chunks {
            for (lane, x) in lanes.iter_mut().zip(chunk) {
                *lane = F::combine(*lane, F::lift(*x));
            }
        }
        for (lane, x) in lanes.iter_mut().zip(rest) {
            *lane = F::combine(*lane, F::lift(*x));
        }
        let mut width = LANES / 2;
        while width > 0 {
            for lane in 0..width {
                lanes[lane] = F::combine(lanes[lane], lanes[lane + width]);
            }
            width /= 2;
        }
        lanes[0]
    }
}

/// Some columns of a matrix with rows of `inner` elements, from column `first` on.
struct Rows<'a, T, F> {
    x: &'a [T],
    inner: usize,
    first: usize,
    found: &'a mut [T],
    fold: std::marker::PhantomData<F>,
}

impl<T: Copy, F: Fold<T>> Kernel for Rows<'_, T, F> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self) {
        let Self { x, inner, first, found, .. } = self;
        let width = found.len();
        found.fill(F::START);
        let mut sums = [F::START; COLUMNS];
        for block in x.chunks(inner * ROWS) {
            let sums = &mut sums[..width];
            sums.fill(F::START);
            for row in block.chunks_exact(inner) {
                for (sum, x) in sums.iter_mut().zip(&row[first..][..width]) {
                    *sum = F::combine(*sum, F::lift(*x));
                }
            }
            found.iter_mut().zip(&*sums).for_each(|(found, sum)| *found = F::combine(*found, *sum));
        }
    }
}
