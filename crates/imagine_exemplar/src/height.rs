//! Height from normals: the surface whose slopes are nearest to those of a normal map.
//!
//! Frankot and Chellappa, "A Method for Enforcing Integrability in Shape from Shading Algorithms", 1988: least squares on a torus, which
//! the Fourier transform solves. A map that does not tile is mirrored to one that does.

use std::f64::consts::TAU;

use nalgebra::Complex;

use crate::fourier::transform_plane;

/// Steeper normals than this `nz` count as this steep.
const LEAST_NZ: f64 = 0.2;
/// Share of the lowest and of the highest texels that are clipped.
const CLIPPED: f64 = 0.001;

type Plane = Vec<Complex<f64>>;

/// Heights from 0 to 255 of a normal map, `[height, width, 3]` bytes, +Y up. A flat map is 128 everywhere.
pub fn height_from_normals(normals: &[u8], height: usize, width: usize, tiles: bool) -> Vec<u8> {
    let slope = |row: usize, column: usize| {
        let [x, y, z] = [0, 1, 2].map(|k| f64::from(normals[(row * width + column) * 3 + k]) / 127.5 - 1.0);
        // Rows go down, +Y goes up.
        (-x / z.max(LEAST_NZ), y / z.max(LEAST_NZ))
    };
    let (rows, columns) = if tiles { (height, width) } else { (2 * height, 2 * width) };
    let (mut right, mut down) = (Plane::with_capacity(rows * columns), Plane::with_capacity(rows * columns));
    for row in 0..rows {
        for column in 0..columns {
            let (beyond_row, beyond_column) = (row >= height, column >= width);
            let (x, y) = slope(
                if beyond_row { 2 * height - 1 - row } else { row },
                if beyond_column { 2 * width - 1 - column } else { column },
            );
            right.push(Complex::new(if beyond_column { -x } else { x }, 0.0));
            down.push(Complex::new(if beyond_row { -y } else { y }, 0.0));
        }
    }
    let surface = integrated(right, down, rows, columns);
    let heights: Vec<f64> = (0..height * width).map(|at| surface[at / width * columns + at % width].re).collect();
    scaled(&heights)
}

/// The surface with the slopes `right` and `down` on a torus.
fn integrated(mut right: Plane, mut down: Plane, rows: usize, columns: usize) -> Plane {
    transform_plane(&mut right, columns, false);
    transform_plane(&mut down, columns, false);
    let frequency = |k: usize, side: usize| {
        let k = if 2 * k < side { k as f64 } else { k as f64 - side as f64 };
        TAU * k / side as f64
    };
    for (at, (right, down)) in right.iter_mut().zip(&down).enumerate() {
        let (v, u) = (frequency(at / columns, rows), frequency(at % columns, columns));
        let power = u * u + v * v;
        *right = if power == 0.0 { Complex::ZERO } else { (*right * u + *down * v) * Complex::new(0.0, -1.0) / power };
    }
    transform_plane(&mut right, columns, true);
    right
}

/// Heights as bytes, lowest to highest but for the outliers.
fn scaled(heights: &[f64]) -> Vec<u8> {
    let mut sorted = heights.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |share: f64| sorted[((sorted.len() - 1) as f64 * share).round() as usize];
    let (low, high) = (at(CLIPPED), at(1.0 - CLIPPED));
    if high - low < 1e-6 {
        return vec![128; heights.len()];
    }
    heights.iter().map(|height| ((height - low) / (high - low) * 255.0).round().clamp(0.0, 255.0) as u8).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Normals of a surface `height(row, column)`, by central differences.
    fn normals(rows: usize, columns: usize, height: impl Fn(f64, f64) -> f64) -> Vec<u8> {
        let texel = |at: usize| {
            let (row, column) = ((at / columns) as f64, (at % columns) as f64);
            let right = height(row, column + 0.5) - height(row, column - 0.5);
            let down = height(row + 0.5, column) - height(row - 0.5, column);
            let length = (right * right + down * down + 1.0).sqrt();
            [-right / length, down / length, 1.0 / length].map(|v| ((v + 1.0) * 127.5).round() as u8)
        };
        (0..rows * columns).flat_map(texel).collect()
    }

    /// The correlation of a height map with a surface.
    fn correlation(made: &[u8], columns: usize, height: impl Fn(f64, f64) -> f64) -> f64 {
        let pairs: Vec<(f64, f64)> = made
            .iter()
            .enumerate()
            .map(|(at, v)| (f64::from(*v), height((at / columns) as f64, (at % columns) as f64)))
            .collect();
        let count = pairs.len() as f64;
        let mean = |of: &dyn Fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>() / count;
        let (a, b) = (mean(&|p| p.0), mean(&|p| p.1));
        let (ab, aa, bb) =
            (mean(&|p| (p.0 - a) * (p.1 - b)), mean(&|p| (p.0 - a).powi(2)), mean(&|p| (p.1 - b).powi(2)));
        ab / (aa * bb).sqrt()
    }

    #[test]
    fn bumps_that_tile_come_back() {
        let bumps = |row: f64, column: f64| {
            4.0 * (row * TAU / 48.0).sin() * (column * TAU / 20.0).cos() + (column * TAU / 40.0).sin()
        };
        let made = height_from_normals(&normals(48, 40, bumps), 48, 40, true);
        assert!(correlation(&made, 40, bumps) > 0.999);
    }

    #[test]
    fn a_slope_that_does_not_tile_comes_back() {
        let slope = |row: f64, column: f64| 0.3 * column - 0.2 * row + 2.0 * (column / 5.0).sin();
        let made = height_from_normals(&normals(40, 64, slope), 40, 64, false);
        assert!(correlation(&made, 64, slope) > 0.99);
    }

    #[test]
    fn a_flat_map_is_in_the_middle() {
        assert_eq!(height_from_normals(&[128, 128, 255].repeat(16), 4, 4, true), [128; 16]);
    }
}
