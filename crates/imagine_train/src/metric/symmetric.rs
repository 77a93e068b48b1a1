//! Symmetric matrices of doubles: covariance, eigenvalues, square root.

use nalgebra::{DMatrix, DVector, SymmetricEigen};

use super::Table;

/// Mean and covariance of the rows.
pub(super) fn covariance(table: &Table) -> (DVector<f64>, DMatrix<f64>) {
    let rows = rows(table);
    let mean = rows.row_mean().transpose();
    let centred = DMatrix::from_fn(rows.nrows(), rows.ncols(), |row, column| rows[(row, column)] - mean[column]);
    let covariance = centred.tr_mul(&centred) / rows.nrows().max(1) as f64;
    (mean, covariance)
}

/// A row of the matrix for each row of the table.
pub(super) fn rows(table: &Table) -> DMatrix<f64> {
    DMatrix::from_row_iterator(table.len(), table.width, table.values.iter().map(|value| f64::from(*value)))
}

/// Square roots of the eigenvalues, those below 0 by rounding as 0.
pub(super) fn root_eigenvalues(matrix: DMatrix<f64>) -> DVector<f64> {
    matrix.symmetric_eigenvalues().map(|value| value.max(0.0).sqrt())
}

/// The square root of a matrix without negative eigenvalues.
pub(super) fn square_root(matrix: DMatrix<f64>) -> DMatrix<f64> {
    let SymmetricEigen { eigenvectors, eigenvalues } = SymmetricEigen::new(matrix);
    let roots = DMatrix::from_diagonal(&eigenvalues.map(|value| value.max(0.0).sqrt()));
    &eigenvectors * roots * eigenvectors.transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_square_root_squared_is_the_matrix() {
        let values = (0..40 * 9).map(|i| ((i * i * 31 + i * 7) % 101) as f32 / 50.0).collect();
        let (_, matrix) = covariance(&Table { width: 9, values });
        let root = square_root(matrix.clone());
        assert!((&root * &root - matrix).amax() < 1e-9);
    }

    #[test]
    fn mean_and_covariance_are_those_of_the_rows() {
        let (mean, matrix) = covariance(&Table { width: 2, values: vec![1.0, 0.0, 3.0, 4.0] });
        assert_eq!((mean.as_slice(), matrix.as_slice()), ([2.0, 2.0].as_slice(), [1.0, 2.0, 2.0, 4.0].as_slice()));
    }
}
