//! `Resize` as one matrix product per axis with the weights of [`imagine_graph::resize_weights`]: differentiable on every
//! backend. Integer nearest up-sampling repeats elements instead, which is cheaper; integers and truth values are picked.

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use burn::tensor::{Shape, TensorData, TensorMetadata};
use imagine_graph::Resize;
use imagine_graph::resize_weights::{FilterTaps, ResizedAxis};

use super::gather;
use crate::context::Context;
use crate::value::Value;

pub(super) fn run<B: Backend>(params: &Resize, x: Value<B>, context: &Context<B>) -> Value<B> {
    let axes = params.resized(&x.shape(), context.size).expect("the shape rule accepted it");
    match x {
        Value::Float(x) => Value::Float(mixed(params, x, &axes, context)),
        x => axes.iter().fold(x, |x, axis| copied(x, axis, &FilterTaps::new(params, axis), context)),
    }
}

/// The index of the only tap of each output element along one axis.
fn copied<B: Backend>(x: Value<B>, axis: &ResizedAxis, taps: &FilterTaps, context: &Context<B>) -> Value<B> {
    let indices: Vec<i64> = taps.all.iter().map(|tap| tap.index as i64).collect();
    let indices = gather::constant::<B>(&indices, context.device);
    match x {
        Value::Float(t) => Value::Float(B::float_select(t, axis.axis, indices)),
        Value::Int(t) => Value::Int(B::int_select(t, axis.axis, indices)),
        Value::Bool(t) => Value::Bool(gather::select_truth::<B>(t, axis.axis, indices)),
    }
}

fn mixed<B: Backend>(params: &Resize, x: FloatTensor<B>, axes: &[ResizedAxis], context: &Context<B>) -> FloatTensor<B> {
    let shape = &context.outputs[0].shape;
    let mut y = x;
    // Elements outside have no taps along some axis; what stands there is 1 here.
    let mut outside: Option<FloatTensor<B>> = None;
    for axis in axes {
        let taps = FilterTaps::new(params, axis);
        y = match repeats(&taps, axis) {
            Some(times) => repeated::<B>(y, axis, times),
            None => product::<B>(y, axis, taps.matrix(axis.input)),
        };
        if (0..axis.output).any(|o| taps.of(o).is_empty()) {
            let along = mask(&taps, axis, shape.len(), context);
            let along = Value::<B>::Float(along).broadcast(shape).into_float();
            outside = Some(match outside {
                Some(before) => B::float_add(B::float_sub(before.clone(), B::float_mul(before, along.clone())), along),
                None => along,
            });
        }
    }
    match outside {
        Some(outside) => B::float_add(y, B::float_mul_scalar(outside, params.extrapolation_value.into())),
        None => y,
    }
}

/// The factor, if every element is repeated equally often.
fn repeats(taps: &FilterTaps, axis: &ResizedAxis) -> Option<usize> {
    let times = axis.output.checked_div(axis.input).filter(|times| times * axis.input == axis.output)?;
    let copies = |o: usize| matches!(taps.of(o), [tap] if tap.index == o / times && tap.weight == 1.0);
    (0..axis.output).all(copies).then_some(times)
}

/// Repeats every element `times` times along one axis.
fn repeated<B: Backend>(x: FloatTensor<B>, axis: &ResizedAxis, times: usize) -> FloatTensor<B> {
    if times == 1 {
        return x;
    }
    let mut shape = x.shape().to_vec();
    let outer: usize = shape[..=axis.axis].iter().product();
    let inner: usize = shape[axis.axis + 1..].iter().product();
    shape[axis.axis] = axis.output;
    let x = B::float_reshape(x, Shape::from([outer, 1, inner]));
    B::float_reshape(B::float_expand(x, Shape::from([outer, times, inner])), Shape::from(shape))
}

/// `matrix` `[output, input]` times `x` along one axis.
fn product<B: Backend>(x: FloatTensor<B>, axis: &ResizedAxis, matrix: Vec<f32>) -> FloatTensor<B> {
    let mut shape = x.shape().to_vec();
    let outer: usize = shape[..axis.axis].iter().product();
    let inner: usize = shape[axis.axis + 1..].iter().product();
    shape[axis.axis] = axis.output;
    let data = TensorData::new(matrix, [axis.output, axis.input]);
    let matrix = B::float_from_data(data, &B::float_device(&x));
    let y = if inner == 1 {
        let rows = B::float_reshape(x, Shape::from([outer, axis.input]));
        B::float_matmul(rows, B::float_swap_dims(matrix, 0, 1))
    } else {
        let matrix = B::float_reshape(matrix, Shape::from([1, axis.output, axis.input]));
        let matrix = B::float_expand(matrix, Shape::from([outer, axis.output, axis.input]));
        B::float_matmul(matrix, B::float_reshape(x, Shape::from([outer, axis.input, inner])))
    };
    B::float_reshape(y, Shape::from(shape))
}

/// 1 where an output element has no taps along `axis`, in a shape that broadcasts.
fn mask<B: Backend>(taps: &FilterTaps, axis: &ResizedAxis, rank: usize, context: &Context<B>) -> FloatTensor<B> {
    let mut shape = vec![1; rank];
    shape[axis.axis] = axis.output;
    let values: Vec<f32> = (0..axis.output).map(|o| if taps.of(o).is_empty() { 1.0 } else { 0.0 }).collect();
    B::float_from_data(TensorData::new(values, shape), context.device)
}
