//! `ScatterElements` and `ScatterND`: the CPU lists the updates of every element; then the first updates of all elements are
//! combined at once, then the second ones, and so on.

use burn::tensor::backend::Backend;
use imagine_graph::{ScatterElements, ScatterLayout, ScatterND, ScatterReduction, Tensor, TensorData};

use super::{binary, concat, gather, select, shape};
use crate::value::Value;

pub(super) fn elements<B: Backend>(
    params: &ScatterElements,
    data: Value<B>,
    indices: Value<B>,
    updates: Value<B>,
) -> Value<B> {
    let layout = params.layout(&data.shape(), &indices.shape()).expect("the shape rule accepted it");
    run(&layout, params.reduction, data, indices, updates)
}

pub(super) fn nd<B: Backend>(params: &ScatterND, data: Value<B>, indices: Value<B>, updates: Value<B>) -> Value<B> {
    let layout = params.layout(&data.shape(), &indices.shape());
    run(&layout, params.reduction, data, indices, updates)
}

fn run<B: Backend>(
    layout: &ScatterLayout,
    reduction: ScatterReduction,
    data: Value<B>,
    indices: Value<B>,
    updates: Value<B>,
) -> Value<B> {
    let lengths = data.shape();
    let count: usize = lengths.iter().product();
    let takes = updates_of(layout, &lengths, indices);
    // The updates come after the elements.
    let flat = |value: Value<B>| {
        let length = value.shape().iter().product();
        shape::reshape(value, &[length])
    };
    let (mut values, updates) = (flat(data), flat(updates));
    let rounds = takes.iter().map(Vec::len).max().unwrap_or(0);
    let last_only = reduction == ScatterReduction::None;
    for round in 0..if last_only { rounds.min(1) } else { rounds } {
        let taken = |take: &Vec<usize>| if last_only { take.last().copied() } else { take.get(round).copied() };
        let places: Vec<i64> = takes
            .iter()
            .enumerate()
            .map(|(own, take)| taken(take).map_or(own, |update| count + update) as i64)
            .collect();
        let places = gather::constant::<B>(&places, &device(&values));
        let all = concat::join(vec![values.clone(), updates.clone()], 0);
        let next = gather::select(all, places, &[count]);
        let there = takes.iter().map(|take| taken(take).is_some()).collect();
        values = combined(reduction, values, next, there);
    }
    shape::reshape(values, &lengths)
}

/// The flat indices of each element's updates, in order.
fn updates_of<B: Backend>(layout: &ScatterLayout, lengths: &[usize], indices: Value<B>) -> Vec<Vec<usize>> {
    let TensorData::I32(indices) = indices.into_data().data else { unreachable!("the shape rule asked for integers") };
    let count: usize = lengths.iter().product();
    let mut takes = vec![Vec::new(); count];
    for (element, take) in takes.iter_mut().enumerate() {
        let mut place = vec![0; lengths.len()];
        let mut rest = element;
        for axis in (0..lengths.len()).rev() {
            place[axis] = rest % lengths[axis];
            rest /= lengths[axis];
        }
        if place.iter().zip(&layout.limits).any(|(at, limit)| at >= limit) {
            continue;
        }
        let offset =
            |strides: &[i64]| place.iter().zip(strides).map(|(at, stride)| at * *stride as usize).sum::<usize>();
        let (index, update) = (offset(&layout.index_strides), offset(&layout.update_strides));
        let names = |t: usize, (number, axis): (usize, &usize)| {
            let (named, length) = (i64::from(indices[index + t * layout.index_step + number]), lengths[*axis] as i64);
            let named = if named < 0 { named + length } else { named };
            named.clamp(0, length - 1) == place[*axis] as i64
        };
        let own = (0..layout.candidates).filter(|t| layout.picks.iter().enumerate().all(|pick| names(*t, pick)));
        take.extend(own.map(|t| update + t * layout.update_step));
    }
    takes
}

/// Combines elements with their updates, if any.
fn combined<B: Backend>(reduction: ScatterReduction, values: Value<B>, next: Value<B>, there: Vec<bool>) -> Value<B> {
    let shape = values.shape();
    let device = device(&values);
    let combine =
        |float: fn(_, _) -> _, int: fn(_, _) -> _| binary::arithmetic(float, int, values.clone(), next.clone(), &shape);
    let combined = match reduction {
        ScatterReduction::None => return next,
        ScatterReduction::Add => combine(B::float_add, B::int_add),
        ScatterReduction::Mul => combine(B::float_mul, B::int_mul),
        ScatterReduction::Min => combine(binary::float_min::<B>, binary::int_min::<B>),
        ScatterReduction::Max => combine(binary::float_max::<B>, binary::int_max::<B>),
    };
    let there = Value::from_data(&Tensor::new(shape.clone(), TensorData::Bool(there)), &device);
    select::run(there, combined, values.clone(), &shape)
}

fn device<B: Backend>(value: &Value<B>) -> B::Device {
    match value {
        Value::Float(t) => B::float_device(t),
        Value::Int(t) => B::int_device(t),
        Value::Bool(t) => B::bool_device(t),
    }
}
