//! Types of elements, for operators that move elements of any type.

use crate::context::Context;
use crate::value::Value;

/// A type of elements.
pub(crate) trait Element: Copy + Default + Send + Sync {
    /// Memory for `length` elements, with arbitrary contents.
    fn take(length: usize, context: &Context) -> Vec<Self>;

    /// The tensor of `data`.
    fn value(shape: &[usize], data: Vec<Self>) -> Value;
}

impl Element for f32 {
    fn take(length: usize, context: &Context) -> Vec<Self> {
        context.buffers.take(length)
    }

    fn value(shape: &[usize], data: Vec<Self>) -> Value {
        Value::f32s(shape, data)
    }
}

impl Element for i32 {
    fn take(length: usize, _: &Context) -> Vec<Self> {
        vec![0; length]
    }

    fn value(shape: &[usize], data: Vec<Self>) -> Value {
        Value::i32s(shape, data)
    }
}

impl Element for bool {
    fn take(length: usize, _: &Context) -> Vec<Self> {
        vec![false; length]
    }

    fn value(shape: &[usize], data: Vec<Self>) -> Value {
        Value::bools(shape, data)
    }
}

/// Evaluates an expression with the elements of a value, whatever their type.
macro_rules! with_elements {
    ($value:expr, |$elements:ident| $result:expr) => {
        match $value.data() {
            $crate::value::Data::F32($elements) => $result,
            $crate::value::Data::I32($elements) => $result,
            $crate::value::Data::Bool($elements) => $result,
        }
    };
}

pub(crate) use with_elements;
