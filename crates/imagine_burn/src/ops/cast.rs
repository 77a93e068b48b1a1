//! `Cast`.

use burn::tensor::backend::{Backend, get_device_settings};
use half::bf16;
use imagine_graph::{Cast, DType, Tensor, TensorData};

use crate::context::Context;
use crate::value::Value;

pub(super) fn run<B: Backend>(params: &Cast, x: Value<B>, context: &Context<B>) -> Value<B> {
    let types = get_device_settings::<B>(context.device);
    match (x, params.to) {
        (Value::Float(x), DType::I32) => {
            // Backends disagree beyond the range, which must saturate. `i32::MAX` is not a float.
            let (low, high) = (i32::MIN as f32, 2_147_483_520.0);
            let inside = B::float_clamp(x.clone(), low.into(), high.into());
            let whole = B::float_into_int(B::float_trunc(inside), types.int_dtype);
            let above = B::float_greater_equal_elem(x.clone(), 2_147_483_648.0.into(), types.bool_dtype);
            let whole = B::int_mask_fill(whole, above, i32::MAX.into());
            Value::Int(B::int_mask_fill(whole, B::float_is_nan(x, types.bool_dtype), 0.into()))
        }
        (Value::Float(x), DType::Bool) => Value::Bool(B::float_not_equal_elem(x, 0.0.into(), types.bool_dtype)),
        (Value::Int(x), DType::F32) => Value::Float(B::int_into_float(x, types.float_dtype)),
        (Value::Int(x), DType::Bool) => Value::Bool(B::int_not_equal_elem(x, 0.into(), types.bool_dtype)),
        (Value::Bool(x), DType::F32) => Value::Float(B::bool_into_float(x, types.float_dtype)),
        (Value::Bool(x), DType::I32) => Value::Int(B::bool_into_int(x, types.int_dtype)),
        (Value::Float(x), DType::F32) if params.bfloat16 => {
            let Tensor { shape, data } = Value::<B>::Float(x).into_data();
            let TensorData::F32(mut floats) = data else { unreachable!("floats are floats") };
            floats.iter_mut().for_each(|value| *value = bf16::from_f32(*value).to_f32());
            Value::from_data(&Tensor::f32(shape, floats), context.device)
        }
        (x, _) => x,
    }
}
