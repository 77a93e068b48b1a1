//! Vendi score (Friedman and Dieng, TMLR 2023): how many really different rows a table has.

use super::Table;
use super::eigen::eigen;

/// The exponential of the entropy of the eigenvalues of the rows' cosine similarities over their number.
pub fn vendi(table: &Table) -> f64 {
    let width = table.width;
    let count = table.len().max(1) as f64;
    // The similarities of n rows have the eigenvalues of the width by width matrix, and zeros.
    let mut matrix = vec![0.0; width * width];
    for row in table.rows() {
        let length: f64 = row.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>().sqrt().max(1e-12);
        let unit: Vec<f64> = row.iter().map(|v| f64::from(*v) / length).collect();
        for (line, a) in matrix.chunks_exact_mut(width).zip(&unit) {
            line.iter_mut().zip(&unit).for_each(|(sum, b)| *sum += a * b / count);
        }
    }
    let values = eigen(&matrix, width).0;
    let entropy: f64 = values.iter().filter(|value| **value > 1e-12).map(|value| -value * value.ln()).sum();
    entropy.exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_counts_different_rows() {
        let rows = |values: &[[f32; 4]]| Table { width: 4, values: values.concat() };
        let [a, b, c] = [[3.0, 0.0, 0.0, 0.0], [0.0, 2.0, 0.0, 0.0], [0.0, 0.0, 0.0, 5.0]];
        for (table, expected) in [(rows(&[a, a, a]), 1.0), (rows(&[a, b]), 2.0), (rows(&[a, b, c, a, b, c]), 3.0)] {
            assert!((vendi(&table) - expected).abs() < 1e-9);
        }
    }
}
