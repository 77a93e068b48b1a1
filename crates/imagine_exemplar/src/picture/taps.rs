//! Which texels of a line, with which weights, make a texel of the line in another length: Catmull-Rom, widened where the line becomes
//! shorter, as the crate `image` has it.

/// Half the width of the kernel, in texels of the coarser line.
const SUPPORT: f32 = 2.0;

/// The first texel and the weights for each texel of a line.
pub struct Taps(Vec<(usize, Vec<f32>)>);

impl Taps {
    /// For a line of `from` texels that becomes one of `to`.
    pub fn new(from: usize, to: usize) -> Self {
        let ratio = from as f32 / to as f32;
        let widening = ratio.max(1.0);
        let taps = |index: usize| {
            let center = (index as f32 + 0.5) * ratio;
            let first = ((center - SUPPORT * widening).floor().max(0.0) as usize).min(from.saturating_sub(1));
            let end = ((center + SUPPORT * widening).ceil() as usize).clamp(first + 1, from.max(first + 1));
            let weight = |texel: usize| kernel((texel as f32 - (center - 0.5)) / widening);
            let weights: Vec<f32> = (first..end).map(weight).collect();
            let sum: f32 = weights.iter().sum();
            (first, weights.into_iter().map(|weight| weight / sum).collect())
        };
        Self((0..to).map(taps).collect())
    }

    /// Number of texels.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The first texel and the weights for texel `index`.
    pub fn of(&self, index: usize) -> (usize, &[f32]) {
        let (first, weights) = &self.0[index];
        (*first, weights)
    }
}

/// The cubic spline through all points.
fn kernel(x: f32) -> f32 {
    let x = x.abs();
    match x {
        _ if x < 1.0 => 1.5 * x * x * x - 2.5 * x * x + 1.0,
        _ if x < 2.0 => -0.5 * x * x * x + 2.5 * x * x - 4.0 * x + 2.0,
        _ => 0.0,
    }
}
