//! Elementwise operators: functions of single elements, alone or in chains, over broadcast inputs.

mod function;
mod lanes;
mod math;
mod program;
mod source;

pub(crate) use function::Function;
pub(crate) use lanes::apply_in_place;
pub(crate) use program::{Builder, Operand, Program, Row};
pub(crate) use source::Source;
