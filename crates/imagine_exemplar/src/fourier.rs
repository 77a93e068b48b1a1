//! The discrete Fourier transform of planes of any size: after Cooley and Tukey, "An Algorithm for the Machine Calculation of Complex
//! Fourier Series", 1965, one prime factor of the length after the other.

use std::f64::consts::TAU;

use nalgebra::Complex;
use rayon::prelude::*;

/// Transforms a plane of `columns` values a row, along rows and along columns. The inverse is not divided by the number of values.
pub fn transform_plane(plane: &mut [Complex<f64>], columns: usize, inverse: bool) {
    let rows = plane.len() / columns;
    transform_rows(plane, columns, inverse);
    let mut transposed: Vec<_> = (0..plane.len()).map(|at| plane[at % rows * columns + at / rows]).collect();
    transform_rows(&mut transposed, rows, inverse);
    plane.iter_mut().enumerate().for_each(|(at, value)| *value = transposed[at % columns * rows + at / columns]);
}

fn transform_rows(plane: &mut [Complex<f64>], length: usize, inverse: bool) {
    let turn = if inverse { TAU } else { -TAU } / length as f64;
    let roots: Vec<_> = (0..length).map(|k| Complex::from_polar(1.0, turn * k as f64)).collect();
    plane.par_chunks_mut(length).for_each(|row| {
        let from = row.to_vec();
        transform(&from, 1, row, &roots);
    });
}

/// `to[k] = sum over j of from[j stride] w^(j k)`, with w the root that `to.len()` powers of lead back to 1.
fn transform(from: &[Complex<f64>], stride: usize, to: &mut [Complex<f64>], roots: &[Complex<f64>]) {
    let length = to.len();
    if length == 1 {
        to[0] = from[0];
        return;
    }
    let factor = (2..).find(|factor| length.is_multiple_of(*factor)).unwrap_or(length);
    let part = length / factor;
    for (first, to) in to.chunks_mut(part).enumerate() {
        transform(&from[first * stride..], stride * factor, to, roots);
    }
    let mut terms = vec![Complex::ZERO; factor];
    for k in 0..part {
        for (q, term) in terms.iter_mut().enumerate() {
            *term = to[q * part + k] * roots[q * k * stride % roots.len()];
        }
        for r in 0..factor {
            let term = |(q, term): (usize, &Complex<f64>)| term * roots[q * r * part * stride % roots.len()];
            to[k + r * part] = terms.iter().enumerate().map(term).sum();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_transform_is_the_sum_of_its_definition() {
        let (rows, columns) = (7, 12);
        let value = |at: usize| Complex::new((at * 37 % 11) as f64, (at * 5 % 7) as f64);
        let plane: Vec<_> = (0..rows * columns).map(value).collect();
        let mut made = plane.clone();
        transform_plane(&mut made, columns, false);
        for (at, made) in made.iter().enumerate() {
            let term = |other: usize| {
                let turn = (at / columns * (other / columns)) as f64 / rows as f64
                    + (at % columns * (other % columns)) as f64 / columns as f64;
                plane[other] * Complex::from_polar(1.0, -TAU * turn)
            };
            let expected: Complex<f64> = (0..plane.len()).map(term).sum();
            assert!((made - expected).norm() < 1e-9, "{at}: {made} {expected}");
        }
        transform_plane(&mut made, columns, true);
        assert!(made.iter().zip(&plane).all(|(a, b)| (a / 84.0 - b).norm() < 1e-9));
    }
}
