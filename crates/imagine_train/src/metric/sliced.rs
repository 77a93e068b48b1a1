//! Sliced Wasserstein distance of two tables: the mean distance of their rows, sorted along random directions (Rabin et al.,
//! "Wasserstein Barycenter and its Application to Texture Mixing", 2011).

use super::Table;
use crate::core::rng::{normal, numbered};

/// Random directions.
const DIRECTIONS: usize = 256;
/// Seed of the directions.
const SEED: u64 = 0x5e7;

/// Mean absolute distance along all directions between two tables of one width, row by row after sorting.
pub fn sliced_distance(found: &Table, expected: &Table) -> f64 {
    let mut rng = numbered(SEED, 0);
    let root = (found.width as f32).sqrt();
    let (mut sum, mut count) = (0.0, 0);
    for _ in 0..DIRECTIONS {
        let direction: Vec<f32> = (0..found.width).map(|_| normal(&mut rng) / root).collect();
        let [found, expected] = [found, expected].map(|table| sorted_along(table, &direction));
        for (found, expected) in found.iter().zip(&expected) {
            sum += f64::from((found - expected).abs());
            count += 1;
        }
    }
    sum / f64::from(count.max(1))
}

fn sorted_along(table: &Table, direction: &[f32]) -> Vec<f32> {
    let dot = |row: &[f32]| row.iter().zip(direction).map(|(a, b)| a * b).sum::<f32>();
    let mut positions: Vec<f32> = table.rows().map(dot).collect();
    positions.sort_by(f32::total_cmp);
    positions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_does_not_matter_and_a_shift_does() {
        let values: Vec<f32> = (0..64).map(|i| ((i * i * 17 + i * 5) % 97) as f32 / 40.0).collect();
        let table = Table { width: 4, values };
        let reversed = table.pick(&(0..16).rev().collect::<Vec<_>>());
        assert_eq!(sliced_distance(&reversed, &table), 0.0);
        let moved = Table { width: 4, values: table.values.iter().map(|value| value + 2.0).collect() };
        // The mean of |2 * normal|.
        assert!((sliced_distance(&moved, &table) - 2.0 * 0.798).abs() < 0.2, "{}", sliced_distance(&moved, &table));
    }
}
