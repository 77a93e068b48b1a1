//! How visible the borders of a repeated picture are.

use serde::Serialize;

/// The step across the border of a repeated picture, relative to the mean step between neighbours inside: 1 if the border is
/// invisible, more if there is a seam.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Seam {
    /// From the right to the left border.
    pub columns: f64,
    /// From the lower to the upper border.
    pub rows: f64,
}

/// The seams of pictures `[channels, side, side]`, from mean steps over all pictures and channels.
pub fn seam(values: &[f32], side: usize) -> Seam {
    let along = |stride: usize, other: usize| {
        let (mut border, mut inside) = (0.0, 0.0);
        for plane in values.chunks_exact(side * side) {
            for line in 0..side {
                let texel = |at: usize| f64::from(plane[line * other + at % side * stride]);
                inside += (1..side).map(|at| (texel(at) - texel(at - 1)).abs()).sum::<f64>();
                border += (texel(side) - texel(side - 1)).abs();
            }
        }
        border * (side - 1) as f64 / inside.max(1e-12)
    };
    Seam { columns: along(1, side), rows: along(side, 1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIDE: usize = 32;

    fn picture(value: impl Fn(usize, usize) -> f32) -> Vec<f32> {
        (0..SIDE * SIDE).map(|at| value(at / SIDE, at % SIDE)).collect()
    }

    #[test]
    fn a_whole_number_of_waves_has_no_seam_and_half_a_wave_has_one() {
        let wave = |at: usize, waves: f32| (std::f32::consts::TAU * waves * at as f32 / SIDE as f32).cos();
        let tiling = seam(&picture(|y, x| wave(y, 3.0) + wave(x, 2.0)), SIDE);
        assert!(tiling.columns < 1.2 && tiling.rows < 1.2, "{tiling:?}");
        let cut = seam(&picture(|y, x| wave(y, 3.0) + wave(x, 2.5)), SIDE);
        assert!(cut.columns > 3.0 && cut.rows < 1.2, "{cut:?}");
        let flat = seam(&[0.5; SIDE * SIDE], SIDE);
        assert_eq!((flat.columns, flat.rows), (0.0, 0.0));
    }
}
