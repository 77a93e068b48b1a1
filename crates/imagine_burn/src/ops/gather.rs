//! `Gather`, `GatherElements` and `GatherND`: a flat index into the data for every element of the output.

use burn::tensor::backend::{Backend, get_device_settings};
use burn::tensor::ops::{BoolTensor, IntTensor};
use burn::tensor::{Shape, TensorData};
use imagine_graph::{GatherLayout, NodeError, PickedAxis};

use crate::value::Value;

pub(super) fn run<B: Backend>(
    layout: impl Fn(&[usize], &[usize]) -> Result<GatherLayout, NodeError>,
    data: Value<B>,
    indices: Value<B>,
) -> Value<B> {
    let layout = layout(&data.shape(), &indices.shape()).expect("the shape rule accepted it");
    let count: usize = indices.shape().iter().product();
    let flat = B::int_reshape(indices.into_int(), Shape::from([count]));
    let device = B::int_device(&flat);
    let mut place = constant::<B>(&walk(&layout.shape, &layout.data_strides), &device);
    let first = walk(&layout.shape, &layout.index_strides);
    for (number, PickedAxis { length, stride }) in layout.picks.iter().enumerate() {
        let at: Vec<i64> = first.iter().map(|first| first + number as i64).collect();
        let index = B::int_select(flat.clone(), 0, constant::<B>(&at, &device));
        let index = inside::<B>(index, *length);
        place = B::int_add(place, B::int_mul_scalar(index, (*stride as i64).into()));
    }
    select(data, place, &layout.shape)
}

/// The elements of `data` at flat indices, in `shape`.
pub(super) fn select<B: Backend>(data: Value<B>, places: IntTensor<B>, shape: &[usize]) -> Value<B> {
    let flat = Shape::from([data.shape().iter().product::<usize>()]);
    let shape = Shape::from(shape.to_vec());
    match data {
        Value::Float(t) => Value::Float(B::float_reshape(B::float_select(B::float_reshape(t, flat), 0, places), shape)),
        Value::Int(t) => Value::Int(B::int_reshape(B::int_select(B::int_reshape(t, flat), 0, places), shape)),
        Value::Bool(t) => Value::Bool(B::bool_reshape(select_truth::<B>(B::bool_reshape(t, flat), 0, places), shape)),
    }
}

/// Selects along `axis` through integers: burn-flex's `bool_not` does not accept the result of its `bool_select`.
pub(super) fn select_truth<B: Backend>(data: BoolTensor<B>, axis: usize, indices: IntTensor<B>) -> BoolTensor<B> {
    let settings = get_device_settings::<B>(&B::bool_device(&data));
    let numbers = B::int_select(B::bool_into_int(data, settings.int_dtype), axis, indices);
    B::int_not_equal_elem(numbers, 0.into(), settings.bool_dtype)
}

/// The offset of every element of `shape`, in row-major order.
pub(super) fn walk(shape: &[usize], strides: &[i64]) -> Vec<i64> {
    let mut offsets = vec![0];
    for (&length, &stride) in shape.iter().zip(strides) {
        offsets = offsets.iter().flat_map(|offset| (0..length as i64).map(move |i| offset + i * stride)).collect();
    }
    offsets
}

pub(super) fn constant<B: Backend>(values: &[i64], device: &B::Device) -> IntTensor<B> {
    B::int_from_data(TensorData::new(values.to_vec(), [values.len()]).convert::<B::IntElem>(), device)
}

/// Indices counted from the front, clamped to an axis of `length`.
fn inside<B: Backend>(index: IntTensor<B>, length: usize) -> IntTensor<B> {
    let dtype = get_device_settings::<B>(&B::int_device(&index)).bool_dtype;
    let negative = B::int_lower_elem(index.clone(), 0i64.into(), dtype);
    let from_end = B::int_add_scalar(index.clone(), (length as i64).into());
    let index = B::int_mask_where(index, negative, from_end);
    B::int_clamp(index, 0i64.into(), (length as i64 - 1).into())
}
