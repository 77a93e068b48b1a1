//! Symmetric matrices of doubles: products, eigenvalues and square roots, by Jacobi's method.

/// Most sweeps over all pairs of axes; a handful are enough.
const SWEEPS: usize = 60;

/// Covariance of rows of `width` floats about their mean, which comes first.
pub(super) fn covariance(rows: &[f32], width: usize) -> (Vec<f64>, Vec<f64>) {
    let count = (rows.len() / width).max(1) as f64;
    let mut mean = vec![0.0; width];
    for row in rows.chunks_exact(width) {
        mean.iter_mut().zip(row).for_each(|(mean, value)| *mean += f64::from(*value) / count);
    }
    let mut matrix = vec![0.0; width * width];
    for row in rows.chunks_exact(width) {
        let centred: Vec<f64> = row.iter().zip(&mean).map(|(value, mean)| f64::from(*value) - mean).collect();
        for (i, a) in centred.iter().enumerate() {
            let line = &mut matrix[i * width..(i + 1) * width];
            line.iter_mut().zip(&centred).for_each(|(sum, b)| *sum += a * b / count);
        }
    }
    (mean, matrix)
}

/// Eigenvalues, and the eigenvectors as columns.
pub(super) fn eigen(matrix: &[f64], width: usize) -> (Vec<f64>, Vec<f64>) {
    let mut a = matrix.to_vec();
    let mut vectors = vec![0.0; width * width];
    (0..width).for_each(|i| vectors[i * width + i] = 1.0);
    let scale: f64 = a.iter().map(|v| v * v).sum();
    for _ in 0..SWEEPS {
        let off: f64 = (0..width * width).filter(|at| at / width != at % width).map(|at| a[at] * a[at]).sum();
        if off <= 1e-22 * scale {
            break;
        }
        for p in 0..width {
            for q in p + 1..width {
                rotate(&mut a, &mut vectors, width, p, q);
            }
        }
    }
    ((0..width).map(|i| a[i * width + i]).collect(), vectors)
}

/// Makes element `[p, q]` zero.
fn rotate(a: &mut [f64], vectors: &mut [f64], width: usize, p: usize, q: usize) {
    let apq = a[p * width + q];
    if apq == 0.0 {
        return;
    }
    let theta = (a[q * width + q] - a[p * width + p]) / (2.0 * apq);
    let tangent = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
    let cosine = 1.0 / (tangent * tangent + 1.0).sqrt();
    let sine = tangent * cosine;
    let turn = |matrix: &mut [f64], i: usize, j: usize| {
        let (x, y) = (matrix[i], matrix[j]);
        matrix[i] = cosine * x - sine * y;
        matrix[j] = sine * x + cosine * y;
    };
    for k in 0..width {
        turn(a, k * width + p, k * width + q);
        turn(vectors, k * width + p, k * width + q);
    }
    (0..width).for_each(|k| turn(a, p * width + k, q * width + k));
}

/// The product of two square matrices.
pub(super) fn product(a: &[f64], b: &[f64], width: usize) -> Vec<f64> {
    let mut result = vec![0.0; width * width];
    for (row, line) in a.chunks_exact(width).zip(result.chunks_exact_mut(width)) {
        for (factor, other) in row.iter().zip(b.chunks_exact(width)) {
            line.iter_mut().zip(other).for_each(|(sum, value)| *sum += factor * value);
        }
    }
    result
}

/// The square root of a matrix without negative eigenvalues.
pub(super) fn square_root(matrix: &[f64], width: usize) -> Vec<f64> {
    let (values, vectors) = eigen(matrix, width);
    let roots: Vec<f64> = values.iter().map(|value| value.max(0.0).sqrt()).collect();
    let scaled: Vec<f64> = vectors.iter().enumerate().map(|(at, v)| v * roots[at % width]).collect();
    let transposed: Vec<f64> = (0..width * width).map(|at| vectors[at % width * width + at / width]).collect();
    product(&scaled, &transposed, width)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_square_root_squared_is_the_matrix() {
        let width = 9;
        let rows: Vec<f32> = (0..40 * width).map(|i| ((i * i * 31 + i * 7) % 101) as f32 / 50.0).collect();
        let (_, matrix) = covariance(&rows, width);
        let root = square_root(&matrix, width);
        let again = product(&root, &root, width);
        for (a, b) in again.iter().zip(&matrix) {
            assert!((a - b).abs() < 1e-9, "{a} {b}");
        }
        let (values, _) = eigen(&[2.0, 1.0, 1.0, 2.0], 2);
        let mut values = values;
        values.sort_by(f64::total_cmp);
        assert!((values[0] - 1.0).abs() < 1e-12 && (values[1] - 3.0).abs() < 1e-12);
    }
}
