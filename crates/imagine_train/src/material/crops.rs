//! Crops to generate in training: which ones, and the generator's inputs for them, drawn on the CPU.
//!
//! A generated crop has the phase of the real one that it is paired with. The critic and the patch loss see that phase too:
//! they know where a joint must be, not only that there are joints.

use std::f32::consts::TAU;

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use imagine_burn::{Network, RunError, Value};
use imagine_graph::rng::{self, RandomState};
use imagine_graph::{Size, Tensor as Elements};
use rand::Rng;
use rayon::prelude::*;

use super::data::MaterialBatch;
use super::format::{CELL, CHANNELS, FINE, MaterialNetworks, PLACES};
use super::waves::WaveBasis;

/// Values per task of the thread pool.
const CHUNK: usize = 1 << 14;

/// A crop to generate.
pub(super) struct CropSpec {
    pub exemplar: usize,
    pub scale: f32,
    /// Column and row of its first texel in the exemplar, in texels at scale 1.
    pub corner: [f32; 2],
}

/// The generator's inputs for a batch of crops.
pub(super) struct CropInputs {
    /// The generator's inputs, in its order.
    inputs: Vec<Elements>,
    size: Size,
    side: usize,
}

impl CropInputs {
    /// Latents and noise for crops of `side` texels, with `margin` cells around each.
    pub fn draw(
        networks: &MaterialNetworks,
        bases: &[WaveBasis],
        crops: &[CropSpec],
        [side, margin]: [usize; 2],
        rng: &mut impl Rng,
    ) -> Self {
        let count = crops.len();
        let cells = side.div_ceil(CELL) + 2 * margin;
        let area = cells * cells;
        let size = Size::new(cells * CELL, cells * CELL).with_batch(count);
        let first = first(size, side) as f32;
        let mut normals = |shape: &[usize]| Elements::f32(shape, normals(shape.iter().product(), rng.random()));
        let mut inputs = vec![normals(&[count, networks.local, cells, cells]), normals(&[count, networks.style, 1, 1])];
        let noise = MaterialNetworks::noise_shapes(count, [size.height, size.width]).map(|shape| normals(&shape));
        let phase = |crop: &CropSpec| {
            let turns = bases[crop.exemplar].turns(crop.corner.map(|at| at - first / crop.scale));
            turns.map(|turns| turns - turns.round())
        };
        inputs.push(Elements::f32([count, 2, 1, 1], crops.iter().flat_map(phase).collect::<Vec<f32>>()));
        let exemplars: Vec<usize> = crops.iter().map(|crop| crop.exemplar).collect();
        let kinds: Vec<usize> = exemplars.iter().map(|exemplar| networks.exemplars[*exemplar].kind).collect();
        inputs.push(Elements::f32(
            [count, networks.kinds.len(), cells, cells],
            one_hot(&kinds, networks.kinds.len(), area),
        ));
        let width = networks.exemplars.len();
        inputs.push(Elements::f32([count, width, 1, 1], one_hot(&exemplars, width, 1)));
        inputs.push(Elements::f32([count, 1, 1, 1], crops.iter().map(|crop| crop.scale).collect::<Vec<f32>>()));
        let fine = cells * FINE;
        let in_cells = |element: usize| element as f32 / FINE as f32;
        let mut places = Vec::with_capacity(4 * fine * fine);
        places.extend((0..fine * fine).map(|at| in_cells(at % fine)));
        places.extend((0..fine * fine).map(|at| in_cells(at / fine)));
        places.extend(std::iter::repeat_n(1.0, 2 * fine * fine));
        inputs.push(Elements::f32([count, 4, fine, fine], places.repeat(count)));
        inputs.extend(noise);
        Self { inputs, size, side }
    }

    /// Generates the crops, `[count, CHANNELS, side, side]`.
    pub fn make<B: Backend>(&self, generator: &Network<B>, device: &B::Device) -> Result<Tensor<B, 4>, RunError> {
        let inputs = self.inputs.iter().map(|input| Value::from_data(input, device)).collect();
        let made: Tensor<B, 4> = generator.run(inputs, self.size, RandomState::default())?.remove(0).into_tensor();
        let first = first(self.size, self.side);
        Ok(made.narrow(2, first, self.side).narrow(3, first, self.side))
    }
}

/// Row and column of a crop's first texel in the generated image.
fn first(size: Size, side: usize) -> usize {
    (size.height - side) / 2
}

/// For each of `indices`, `width` planes of `area` texels, 1 in the plane of the index.
fn one_hot(indices: &[usize], width: usize, area: usize) -> Vec<f32> {
    let mut weights = vec![0.0; indices.len() * width * area];
    for (row, index) in indices.iter().enumerate() {
        let first = (row * width + index) * area;
        weights[first..first + area].fill(1.0);
    }
    weights
}

/// `[count, PLACES, side, side]`: sine and cosine of each texel's phase along both basis vectors, times the strength of the waves.
fn places(bases: &[WaveBasis], exemplars: &[usize], batch: &MaterialBatch) -> Elements {
    let side = batch.side;
    let mut values = Vec::with_capacity(exemplars.len() * PLACES * side * side);
    for (index, exemplar) in exemplars.iter().enumerate() {
        let (basis, scale, [left, top]) = (&bases[*exemplar], batch.scales[index], batch.corners[index]);
        let mut turns = Vec::with_capacity(side * side);
        for y in 0..side {
            let at = |x: usize| [left + x as f32 / scale, top + y as f32 / scale];
            turns.extend((0..side).map(|x| basis.turns(at(x))));
        }
        for vector in 0..2 {
            let strength = basis.strengths[vector];
            for wave in [f32::sin, f32::cos] {
                values.extend(turns.iter().map(|turns| strength * wave(turns[vector] * TAU)));
            }
        }
    }
    Elements::f32([exemplars.len(), PLACES, side, side], values)
}

/// The exemplars of training crops.
fn exemplars(batch: &MaterialBatch) -> Vec<usize> {
    batch.exemplars.iter().map(|exemplar| exemplar.expect("training crops belong to exemplars")).collect()
}

/// Crops with the exemplars, scales and phases of a batch.
pub(super) fn specs(batch: &MaterialBatch) -> Vec<CropSpec> {
    let conditions = exemplars(batch).into_iter().zip(&batch.scales).zip(&batch.corners);
    conditions.map(|((exemplar, scale), corner)| CropSpec { exemplar, scale: *scale, corner: *corner }).collect()
}

/// The critic's conditions of each crop: which channels are present, weights of exemplars, scale, phases.
pub(super) fn critic_conditions(
    networks: &MaterialNetworks,
    bases: &[WaveBasis],
    batch: &MaterialBatch,
) -> [Elements; 4] {
    let (count, width) = (batch.kinds.len(), networks.exemplars.len());
    let exemplars = exemplars(batch);
    [
        Elements::f32([count, CHANNELS], batch.present.clone()),
        Elements::f32([count, width], one_hot(&exemplars, width, 1)),
        Elements::f32([count, 1], batch.scales.clone()),
        places(bases, &exemplars, batch),
    ]
}

/// Normal numbers by the hash that generator files draw with.
fn normals(count: usize, key: u32) -> Vec<f32> {
    let mut values = vec![0.0; count];
    values.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, values)| {
        for (index, value) in values.iter_mut().enumerate() {
            *value = rng::normal((chunk * CHUNK + index) as u32, 0, 0, key);
        }
    });
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::material::data::Part;
    use crate::material::data::tests::synthetic_set;
    use crate::material::format::CHANNELS;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    #[test]
    fn normals_do_not_depend_on_their_number() {
        let (few, many) = (normals(1 << 10, 7), normals(1 << 17, 7));
        assert_eq!(few[..], many[..1 << 10]);
        let mean = many.iter().sum::<f32>() / many.len() as f32;
        assert!(mean.abs() < 0.02 && normals(8, 8) != few[..8], "{mean}");
    }

    #[test]
    fn crops_have_the_same_brightness_at_the_same_place_wherever_and_however_large_they_are() {
        let set = synthetic_set();
        let (bases, side) = (set.wave_bases(), 48);
        let mut rng = StdRng::seed_from_u64(1);
        let mut batches: Vec<MaterialBatch> = (0..8).map(|_| set.draw(8, 2, side, &mut rng)).collect();
        // Rows are exemplar 2; its strip continues the training part.
        batches.push(set.crops(Part::UpperStrips, 1, 4, side, &mut rng));
        let mut pairs = Vec::new();
        for batch in batches {
            let exemplars: Vec<usize> = batch.exemplars.iter().map(|exemplar| exemplar.unwrap()).collect();
            let places = places(&bases, &exemplars, &batch);
            let (area, places) = (side * side, places.as_f32().unwrap());
            for (index, _) in exemplars.iter().enumerate().filter(|(_, exemplar)| **exemplar == 2) {
                let [place, green] = [(places, PLACES, 0), (&batch.values[..], CHANNELS, 1)]
                    .map(|(values, channels, channel)| &values[(index * channels + channel) * area..]);
                pairs.extend((0..area).map(|at| {
                    [0, 1].map(|next| place[next * area + at]).into_iter().chain([green[at]]).collect::<Vec<f32>>()
                }));
            }
        }
        assert!(pairs.len() > 6 * side * side, "{}", pairs.len());
        let strength = pairs.iter().map(|pair| pair[0].hypot(pair[1])).fold(0.0, f32::max);
        assert!(strength > 0.5, "{strength}");
        // With one wave, sine and cosine explain the brightness completely, by least squares.
        let count = pairs.len() as f32;
        let mean = pairs.iter().map(|pair| pair[2]).sum::<f32>() / count;
        let product = |a: usize, b: usize| {
            let value = |pair: &Vec<f32>, at: usize| if at == 2 { pair[2] - mean } else { pair[at] };
            pairs.iter().map(|pair| value(pair, a) * value(pair, b)).sum::<f32>() / count
        };
        let explained = product(0, 2).powi(2) / product(0, 0) + product(1, 2).powi(2) / product(1, 1);
        assert!(explained > 0.9 * product(2, 2), "{explained} of {}", product(2, 2));
    }
}
