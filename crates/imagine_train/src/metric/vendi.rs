//! Vendi score: the effective number of different rows (Friedman and Dieng, TMLR 2023).

use super::Table;
use super::symmetric::rows;

/// The exponential of the entropy of the eigenvalues of the rows' cosine similarities divided by their number.
pub fn vendi(table: &Table) -> f64 {
    let mut rows = rows(table);
    for mut row in rows.row_iter_mut() {
        let length = row.norm().max(1e-12);
        row /= length;
    }
    // The similarities have the eigenvalues of the smaller matrix, and zeros.
    let eigenvalues = (rows.tr_mul(&rows) / table.len().max(1) as f64).symmetric_eigenvalues();
    let entropy: f64 = eigenvalues.iter().filter(|value| **value > 1e-12).map(|value| -value * value.ln()).sum();
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
