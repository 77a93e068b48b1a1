//! Terms of the loss: coarse colours, texture, directions of strokes, and consistency under motion.

use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::module::avg_pool2d;
use burn::tensor::{Tensor, TensorData};
use rand::Rng;

use crate::data::LUMA;
use crate::loss::pyramid::pyramid;
use crate::loss::{TextureLoss, TextureLossOptions};

/// Levels of the pyramid whose pixels are compared one by one: a quarter and an eighth of the resolution.
const COMPARED: std::ops::Range<usize> = 2..4;
/// Patches of each quarter of a crop that the texture loss compares on each level.
const PATCHES: usize = 256;
/// Side of the squares whose strokes are compared, at half the resolution.
const SQUARE: usize = 8;
/// Slope of luminance, squared, that counts as flat.
const FLAT: f32 = 1e-5;
/// How many pixels shorter the sides of a translated picture are.
pub(super) const MOVED: usize = 8;
/// Pixels along the borders of a translated picture that are not compared: the two pictures do not have the same surroundings there.
const RIM: usize = 16;

/// Mean absolute difference at a quarter and an eighth of the resolution.
pub(super) fn coarse_difference<B: Backend>(made: Tensor<B, 4>, wanted: Tensor<B, 4>) -> Tensor<B, 1> {
    let levels = |picture| pyramid(picture, COMPARED.end, false).split_off(COMPARED.start);
    let differences = levels(made).into_iter().zip(levels(wanted)).map(|(made, wanted)| (made - wanted).abs().mean());
    Tensor::cat(differences.collect(), 0).mean()
}

/// Texture loss of each quarter of the pictures against the same quarter of those that are wanted.
pub(super) fn texture_loss<A: AutodiffBackend>(
    made: Tensor<A, 4>,
    wanted: Tensor<A::InnerBackend, 4>,
    rng: &mut impl Rng,
) -> Tensor<A, 1> {
    let options = TextureLossOptions { images_tile: false, patches: PATCHES, ..TextureLossOptions::default() };
    TextureLoss::new(quarters(wanted), false, options).terms(quarters(made), rng).total
}

/// Quarters of pictures as pictures.
fn quarters<B: Backend>(pictures: Tensor<B, 4>) -> Tensor<B, 4> {
    let halves = |pictures: Tensor<B, 4>, axis: usize| Tensor::cat(pictures.chunk(2, axis), 0);
    halves(halves(pictures, 2), 3)
}

/// How far strokes have other directions and another contrast than wanted ones, in squares of 16 pixels; 0 if they agree.
pub(super) fn stroke_difference<B: Backend>(made: Tensor<B, 4>, wanted: Tensor<B, 4>) -> Tensor<B, 1> {
    let [[made_x, made_y, made], [wanted_x, wanted_y, wanted]] = [made, wanted].map(structure);
    let [made_above, wanted_above] = [made.add_scalar(FLAT), wanted.add_scalar(FLAT)];
    let turn =
        |made: Tensor<B, 4>, wanted: Tensor<B, 4>| (made / made_above.clone() - wanted / wanted_above.clone()).abs();
    let turned = turn(made_x, wanted_x) + turn(made_y, wanted_y);
    let [made, wanted] = [made_above, wanted_above.clone()].map(Tensor::sqrt);
    // Where the painting is flat, a direction means nothing.
    let weight = wanted.clone() / wanted.clone().mean().unsqueeze::<4>();
    (turned * weight).mean() + (made - wanted.clone()).abs().mean() / wanted.mean()
}

/// The structure tensor of luminance in squares: cosine and sine of twice the angle times the energy, and the energy.
fn structure<B: Backend>(picture: Tensor<B, 4>) -> [Tensor<B, 4>; 3] {
    let half = pyramid(picture, 2, false).remove(1);
    let [_, _, height, width] = half.dims();
    let weights = Tensor::<B, 1>::from_data(LUMA, &half.device()).reshape([1, 3, 1, 1]);
    let luma = (half * weights).sum_dim(1);
    let here = luma.clone().narrow(2, 0, height - 1).narrow(3, 0, width - 1);
    let x = luma.clone().narrow(2, 0, height - 1).narrow(3, 1, width - 1) - here.clone();
    let y = luma.narrow(2, 1, height - 1).narrow(3, 0, width - 1) - here;
    let [xx, yy] = [x.clone().powi_scalar(2), y.clone().powi_scalar(2)];
    let parts = [xx.clone() - yy.clone(), (x * y).mul_scalar(2.0), xx + yy];
    parts.map(|part| avg_pool2d(part, [SQUARE; 2], [SQUARE; 2], [0; 2], true, false))
}

/// Square pictures translated up and to the left by `1 + by` pixels along rows and columns, with `by` from 0 to less than 4. Sides are [`MOVED`] pixels
/// shorter. Interpolation is cubic (Catmull and Rom 1974).
pub(super) fn moved<B: Backend>(pictures: Tensor<B, 4>, by: [f32; 2]) -> Tensor<B, 4> {
    let [batch, channels, side, _] = pictures.dims();
    let device = pictures.device();
    let [rows, columns] =
        by.map(|by| Tensor::<B, 2>::from_data(TensorData::new(samples(side, by), [side - MOVED, side]), &device));
    let rows = rows.unsqueeze::<4>().expand([batch, channels, side - MOVED, side]);
    let columns = columns.transpose().unsqueeze::<4>().expand([batch, channels, side, side - MOVED]);
    rows.matmul(pictures).matmul(columns)
}

/// For each pixel of a translated line, the weights of the `side` pixels of the line.
fn samples(side: usize, by: f32) -> Vec<f32> {
    let (whole, t) = (by.floor() as usize, by.fract());
    let taps = [
        ((2.0 - t) * t - 1.0) * t / 2.0,
        ((3.0 * t - 5.0) * t * t + 2.0) / 2.0,
        ((4.0 - 3.0 * t) * t + 1.0) * t / 2.0,
        (t - 1.0) * t * t / 2.0,
    ];
    let mut weights = vec![0.0; (side - MOVED) * side];
    for row in 0..side - MOVED {
        let from = row * side + row + whole;
        weights[from..from + taps.len()].copy_from_slice(&taps);
    }
    weights
}

/// Mean squared difference of pictures without their rims.
pub(super) fn inner_difference<B: Backend>(a: Tensor<B, 4>, b: Tensor<B, 4>) -> Tensor<B, 1> {
    let [_, _, side, _] = a.dims();
    let rim = RIM.min(side / 4);
    let inner = |picture: Tensor<B, 4>| picture.narrow(2, rim, side - 2 * rim).narrow(3, rim, side - 2 * rim);
    (inner(a) - inner(b)).powi_scalar(2).mean()
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::backend::Flex;

    const SIDE: usize = 64;

    /// Waves of `period` pixels across a direction in quarter turns.
    fn waves(turns: f32, period: f32, strength: f32) -> Tensor<Flex, 4> {
        let (sine, cosine) = (turns * std::f32::consts::FRAC_PI_2).sin_cos();
        let at = |i: usize| (i % SIDE) as f32 * cosine + (i / SIDE) as f32 * sine;
        let plane: Vec<f32> =
            (0..SIDE * SIDE).map(|i| 0.5 + strength * (at(i) * std::f32::consts::TAU / period).sin()).collect();
        Tensor::from_data(TensorData::new(plane.repeat(3), [1, 3, SIDE, SIDE]), &Default::default())
    }

    fn number(tensor: Tensor<Flex, 1>) -> f32 {
        tensor.into_scalar()
    }

    #[test]
    fn strokes_of_another_direction_or_contrast_differ() {
        let wanted = waves(0.0, 16.0, 0.2);
        let difference = |made| number(stroke_difference(made, wanted.clone()));
        assert!(difference(wanted.clone()) < 1e-6);
        let [same, turned, fainter] = [(0.0, 0.2), (1.0, 0.2), (0.0, 0.1)].map(|(turns, strength)| {
            let shifted = waves(turns, 16.0, strength).flip([3]);
            difference(shifted)
        });
        assert!(same < 0.1 && turned > 1.5 && (0.4..0.7).contains(&fainter), "{same}, {turned}, {fainter}");
    }

    #[test]
    fn a_moved_wave_is_the_wave_elsewhere() {
        let [by_row, by_column] = [2.25, 1.5];
        let found = moved(waves(0.0, 16.0, 0.2), [by_row, by_column]).into_data().to_vec::<f32>().unwrap();
        let side = SIDE - MOVED;
        assert_eq!(found.len(), 3 * side * side);
        for (i, found) in found.iter().enumerate() {
            let at = (i % side) as f32 + 1.0 + by_column;
            let wanted = 0.5 + 0.2 * (at * std::f32::consts::TAU / 16.0).sin();
            assert!((found - wanted).abs() < 2e-3, "{found} at {i}, not {wanted}");
        }
    }
}
