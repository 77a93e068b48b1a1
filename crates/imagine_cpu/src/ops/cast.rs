//! `Cast`.

use imagine_graph::{Cast, DType};

use crate::elementwise::{Builder, Function, Operand};

/// Adds the operator to a program; nothing if the element type stays.
pub(super) fn build(params: &Cast, x: Operand, builder: &mut Builder) -> Operand {
    let function = match (x.dtype(), params.to) {
        (DType::F32, DType::I32) => Function::FloatToInt,
        (DType::F32, DType::Bool) => Function::FloatToBool,
        (DType::I32, DType::F32) => Function::IntToFloat,
        (DType::I32, DType::Bool) => Function::IntToBool,
        (DType::Bool, DType::F32) => Function::BoolToFloat,
        (DType::Bool, DType::I32) => Function::BoolToInt,
        (DType::F32, DType::F32) if params.bfloat16 => Function::Bfloat16,
        (DType::F32, DType::F32) | (DType::I32, DType::I32) | (DType::Bool, DType::Bool) => return x,
    };
    builder.push(function, &[x])
}
