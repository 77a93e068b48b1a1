//! `BatchNormalization`.

use imagine_graph::BatchNormalization;

use crate::context::Context;
use crate::tile::{Shared, for_each};
use crate::value::Value;

pub(super) fn run(
    params: &BatchNormalization,
    x: Value,
    scale: Value,
    bias: Value,
    mean: Value,
    variance: Value,
    context: &Context,
) -> Value {
    let channels = context.shape()[1];
    let plane = context.shape()[2..].iter().product::<usize>();
    let factors = Factors::new(params, &scale, &bias, &mean, &variance);
    let mut data = x.into_f32s(context.buffers);
    let planes = data.len() / plane.max(1);
    let shared = Shared::new(&mut data);
    for_each(planes, |index| {
        let (factor, addend) = factors.0[index % channels];
        // SAFETY: planes do not overlap.
        let plane = unsafe { shared.part(index * plane..(index + 1) * plane) };
        plane.iter_mut().for_each(|x| *x = *x * factor + addend);
    });
    Value::f32s(context.shape(), data)
}

/// For each channel, what its numbers are multiplied by and what is then added.
pub(crate) struct Factors(pub Vec<(f32, f32)>);

impl Factors {
    pub fn new(params: &BatchNormalization, scale: &Value, bias: &Value, mean: &Value, variance: &Value) -> Self {
        let rest = bias.as_f32s().iter().zip(mean.as_f32s()).zip(variance.as_f32s());
        let factors = scale.as_f32s().iter().zip(rest).map(|(scale, ((bias, mean), variance))| {
            let factor = scale / (variance + params.epsilon).sqrt();
            (factor, bias - mean * factor)
        });
        Self(factors.collect())
    }
}
