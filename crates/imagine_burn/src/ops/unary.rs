//! Elementwise operators of one tensor that burn does not have in one piece.

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use imagine_graph::Clip;

/// `X` limited to `min` and `max`, where they are.
pub(super) fn clip<B: Backend>(params: &Clip, x: FloatTensor<B>) -> FloatTensor<B> {
    let x = match params.min {
        Some(min) => B::float_clamp_min(x, min.into()),
        None => x,
    };
    match params.max {
        Some(max) => B::float_clamp_max(x, max.into()),
        None => x,
    }
}
