//! The fields of PBR sets and of crops of them: turned, with other relief, in other colours.

use rand::Rng;
use rand::rngs::StdRng;

use crate::data::Turn;

/// Sets whose height deviates by less than this many pixels are not stretched to full contrast.
const FLAT: f32 = 0.4;
/// Distances in pixels over which cavities lose light of the sky.
const CAVITIES: [usize; 4] = [2, 4, 8, 16];
/// How much light they lose.
const CAVITY: f32 = 0.3;

/// Fields of numbers, row by row.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Fields {
    /// Base colour as linear light.
    pub albedo: [Vec<f32>; 3],
    /// Slopes to the right and down.
    pub slopes: [Vec<f32>; 2],
    /// Height in pixels, mean 0.
    pub height: Option<Vec<f32>>,
    /// Perceptual roughness.
    pub roughness: Option<Vec<f32>>,
    /// Ambient occlusion; 1 is unoccluded.
    pub occlusion: Option<Vec<f32>>,
    /// How much of the sky is seen: the occlusion, or what follows from the height.
    pub open: Vec<f32>,
    /// Deviation of the height of the whole set.
    pub relief: f32,
}

impl Fields {
    /// The fields of a square crop of `side` texels that begins at `corner` of these fields with `size` rows and columns, each of them the mean of
    /// `step` x `step` texels.
    pub fn crop(&self, [height, width]: [usize; 2], corner: [usize; 2], side: usize, step: usize) -> Self {
        let share = ((step * step) as f32).recip();
        let cut = |field: &Vec<f32>| -> Vec<f32> {
            let mean = |at: usize| {
                let [y, x] = [corner[0] + at / side * step, corner[1] + at % side * step];
                let row = |dy: usize| (y + dy) % height * width;
                let row_sum = |dy: usize| (0..step).map(|dx| field[row(dy) + (x + dx) % width]).sum::<f32>();
                (0..step).map(row_sum).sum::<f32>() * share
            };
            (0..side * side).map(mean).collect()
        };
        let Self { albedo, slopes, height: heights, roughness, occlusion, open, relief } = self;
        // Pixels are larger, so heights are fewer of them; slopes stay.
        let smaller = |field: &Vec<f32>| cut(field).into_iter().map(|value| value / step as f32).collect();
        Self {
            albedo: albedo.each_ref().map(cut),
            slopes: slopes.each_ref().map(cut),
            height: heights.as_ref().map(smaller),
            roughness: roughness.as_ref().map(cut),
            occlusion: occlusion.as_ref().map(cut),
            open: cut(open),
            relief: relief / step as f32,
        }
    }

    /// The fields of a square crop of `side` texels, laid down in another way.
    pub fn turned(self, turn: Turn, side: usize) -> Self {
        let turned = |field: Vec<f32>| -> Vec<f32> {
            let mirror = |at: usize, mirrors: bool| if mirrors { side - 1 - at } else { at };
            let value = |at: usize| {
                let (y, x) = (at / side, at % side);
                let (y, x) = if turn.transposes { (x, y) } else { (y, x) };
                field[mirror(y, turn.mirrors_y) * side + mirror(x, turn.mirrors_x)]
            };
            (0..side * side).map(value).collect()
        };
        let [right, down] = self.slopes;
        let signed = |field: Vec<f32>, mirrors: bool| {
            let sign = if mirrors { -1.0 } else { 1.0 };
            turned(field).into_iter().map(|value| sign * value).collect::<Vec<f32>>()
        };
        let (right, down) = (signed(right, turn.mirrors_x), signed(down, turn.mirrors_y));
        Self {
            albedo: self.albedo.map(turned),
            slopes: if turn.transposes { [down, right] } else { [right, down] },
            height: self.height.map(turned),
            roughness: self.roughness.map(turned),
            occlusion: self.occlusion.map(turned),
            open: turned(self.open),
            relief: self.relief,
        }
    }

    /// The same surface with `strength` times the relief.
    pub fn with_strength(self, strength: f32) -> Self {
        let scaled = |field: Vec<f32>| field.into_iter().map(|value| strength * value).collect::<Vec<f32>>();
        let faded = |field: Vec<f32>| field.into_iter().map(|open| open.powf(strength)).collect::<Vec<f32>>();
        Self {
            slopes: self.slopes.map(scaled),
            height: self.height.map(scaled),
            occlusion: self.occlusion.map(faded),
            open: faded(self.open),
            relief: strength * self.relief,
            ..self
        }
    }

    /// These colours and this roughness on the relief of another surface.
    pub fn with_relief_of(self, Self { slopes, height, occlusion, open, relief, .. }: Self) -> Self {
        Self { slopes, height, occlusion, open, relief, ..self }
    }

    /// Other colours: darker or lighter, paler or stronger, more or less contrast, in another order.
    pub fn recolor(&mut self, rng: &mut StdRng) {
        let power = rng.random_range(0.6f32..1.6);
        let purity = rng.random_range(0.0f32..1.3);
        if rng.random_bool(0.4) {
            self.albedo.rotate_left(rng.random_range(1..3));
        }
        for at in 0..self.open.len() {
            let color = self.albedo.each_ref().map(|plane| plane[at]);
            let grey = color.iter().sum::<f32>() / 3.0;
            for (plane, value) in self.albedo.iter_mut().zip(color) {
                plane[at] = (grey + purity * (value - grey)).clamp(0.0, 1.0).powf(power);
            }
        }
    }

    /// Heights as the network makes them: 0.5 in the mean, and a deviation of 0.18 for the whole set; flat sets have less.
    pub fn unit_height(&self) -> Option<Vec<f32>> {
        let scale = 0.18 / self.relief.max(FLAT);
        Some(self.height.as_ref()?.iter().map(|height| 0.5 + scale * height).collect())
    }
}

/// How much of the sky a surface of this height sees, 0 to 1: less the more it lies below the mean of its surroundings.
pub(super) fn openness(height: &[f32], size: [usize; 2], tiles: bool) -> Vec<f32> {
    let mut depth = vec![0.0f32; height.len()];
    for reach in CAVITIES {
        let around = blurred(height, size, reach, tiles);
        for (depth, (around, own)) in depth.iter_mut().zip(around.into_iter().zip(height)) {
            *depth += (around - own).max(0.0) / reach as f32;
        }
    }
    depth.into_iter().map(|depth| (-CAVITY * depth).exp()).collect()
}

/// Means over squares of `2 * reach + 1` pixels, which continue at the opposite border or repeat it.
fn blurred(plane: &[f32], [rows, columns]: [usize; 2], reach: usize, tiles: bool) -> Vec<f32> {
    let share = ((2 * reach + 1) as f32).recip();
    let place = |at: i64, length: usize| match tiles {
        true => at.rem_euclid(length as i64) as usize,
        false => at.clamp(0, length as i64 - 1) as usize,
    };
    let along = |plane: &[f32], is_down: bool| -> Vec<f32> {
        let (lines, length) = if is_down { (columns, rows) } else { (rows, columns) };
        let at = |line: usize, step: usize| if is_down { step * columns + line } else { line * columns + step };
        let mut blurred = vec![0.0; plane.len()];
        for line in 0..lines {
            let value = |step: i64| f64::from(plane[at(line, place(step, length))]);
            let mut sum: f64 = (-(reach as i64)..=reach as i64).map(value).sum();
            for step in 0..length {
                blurred[at(line, step)] = sum as f32 * share;
                sum += value((step + reach + 1) as i64) - value(step as i64 - reach as i64);
            }
        }
        blurred
    };
    along(&along(plane, false), true)
}
