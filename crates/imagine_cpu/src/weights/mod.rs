//! Weights in the order in which loops read them.

mod conv;
mod transposed;

pub(crate) use conv::ConvWeights;
pub(crate) use transposed::{AxisPhase, TransposedWeights, all_taps};
