//! `BatchNormalization`.

use imagine_graph::BatchNormalization;

use super::normalization::affine;
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
    let factors = factors(params, [&scale, &bias, &mean, &variance]);
    let mut data = x.into_f32s(context.buffers);
    let planes = data.len() / plane.max(1);
    let shared = Shared::new(&mut data);
    for_each(planes, |index| {
        let (factor, addend) = factors[index % channels];
        // SAFETY: planes do not overlap.
        let plane = unsafe { shared.part(index * plane..(index + 1) * plane) };
        affine(plane, factor, addend);
    });
    Value::f32s(context.shape(), data)
}

/// For each channel, what its numbers are multiplied by and what is then added.
pub(crate) fn factors(params: &BatchNormalization, rest: [&Value; 4]) -> Vec<(f32, f32)> {
    let [scale, bias, mean, variance] = rest.map(Value::as_f32s);
    let channel = |index: usize| {
        let factor = scale[index] / (variance[index] + params.epsilon).sqrt();
        (factor, bias[index] - mean[index] * factor)
    };
    (0..scale.len()).map(channel).collect()
}
