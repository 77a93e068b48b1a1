//! Frechet distance of two normal distributions with the moments of two tables (Heusel et al., NeurIPS 2017):
//! `|m1 - m2|^2 + trace(C1 + C2 - 2 (C1^1/2 C2 C1^1/2)^1/2)`.
//!
//! Its bias depends on the number of rows: compare only tables of equal length.

use super::Table;
use super::symmetric::{covariance, root_eigenvalues, square_root};

/// Distance of two tables of one width.
pub fn frechet(a: &Table, b: &Table) -> f64 {
    let [(mean_a, covariance_a), (mean_b, covariance_b)] = [a, b].map(covariance);
    let traces = covariance_a.trace() + covariance_b.trace();
    let root = square_root(covariance_a);
    let shared = root_eigenvalues(&root * covariance_b * &root).sum();
    (mean_a - mean_b).norm_squared() + traces - 2.0 * shared
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_zero_for_equals_and_known_for_moved_and_scaled_ones() {
        let values: Vec<f32> = (0..300).map(|i| ((i * i * 17 + i * 5) % 97) as f32 / 40.0).collect();
        let table = Table { width: 3, values };
        assert!(frechet(&table, &table).abs() < 1e-9);
        let moved = Table { width: 3, values: table.values.iter().map(|v| v + 2.0).collect() };
        assert!((frechet(&table, &moved) - 12.0).abs() < 1e-4);
        // Scaling by 2 leaves (2 - 1)^2 of the trace and moves the mean by itself.
        let scaled = Table { width: 3, values: table.values.iter().map(|v| v * 2.0).collect() };
        let expected: f64 =
            table.moments().iter().map(|[mean, deviation]| f64::from(mean * mean + deviation * deviation)).sum();
        assert!((frechet(&table, &scaled) - expected).abs() < 1e-4);
    }
}
