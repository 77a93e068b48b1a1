//! Sliced Wasserstein distance of patches: how differently fixed random filters respond to the patches of two sets of images
//! (Rabin et al., "Wasserstein Barycenter and its Application to Texture Mixing", 2011; as a measure of generators, Karras et
//! al., ICLR 2018).

/// Mean over all filters of the mean difference of equally many quantiles, in units of the deviation of `real`. Both are
/// sorted responses, filter by filter.
pub fn patch_distance(generated: &[Vec<f32>], real: &[Vec<f32>]) -> f64 {
    let distances = generated.iter().zip(real).map(|(generated, real)| {
        let count = generated.len().min(real.len());
        if count == 0 {
            return 0.0;
        }
        let at = |sorted: &[f32], index: usize| f64::from(sorted[(2 * index + 1) * sorted.len() / (2 * count)]);
        let apart: f64 = (0..count).map(|index| (at(generated, index) - at(real, index)).abs()).sum();
        apart / count as f64 / deviation(real).max(1e-9)
    });
    distances.sum::<f64>() / real.len().max(1) as f64
}

fn deviation(values: &[f32]) -> f64 {
    let count = values.len() as f64;
    let mean = values.iter().map(|v| f64::from(*v)).sum::<f64>() / count;
    (values.iter().map(|v| (f64::from(*v) - mean).powi(2)).sum::<f64>() / count).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moving_by_a_deviation_is_a_distance_of_one_at_any_number_of_samples() {
        let real: Vec<f32> = (0..1000).map(|i| i as f32).collect();
        let moved: Vec<f32> = real.iter().map(|v| v + deviation(&real) as f32).collect();
        let fewer: Vec<f32> = moved.iter().step_by(2).copied().collect();
        let real = [real];
        assert_eq!(patch_distance(&real, &real), 0.0);
        for other in [moved, fewer] {
            assert!((patch_distance(&[other], &real) - 1.0).abs() < 0.01);
        }
    }
}
