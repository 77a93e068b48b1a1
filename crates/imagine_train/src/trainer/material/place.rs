//! Where in the lattice of its exemplar a crop lies. Critic and patch statistics are told of it, and a generated crop is asked for
//! at the place of the real one that it is paired with: both know where a joint must be, and not only that there are joints.

use std::f32::consts::TAU;

use imagine_graph::Tensor as Elements;

use crate::architecture::material::PLACES;
use crate::data::MaterialBatch;
use crate::data::materials::Lattice;

/// `[count, PLACES, side, side]`: what is told of each texel, sine and cosine of the turns of both basis vectors, as strong as the lattice
/// stands out.
pub(super) fn places(lattices: &[Lattice], exemplars: &[usize], batch: &MaterialBatch) -> Elements {
    let side = batch.side;
    let mut values = Vec::with_capacity(exemplars.len() * PLACES * side * side);
    for (index, exemplar) in exemplars.iter().enumerate() {
        let (lattice, scale, [left, top]) = (&lattices[*exemplar], batch.scales[index], batch.corners[index]);
        let mut turns = Vec::with_capacity(side * side);
        for y in 0..side {
            let at = |x: usize| [left + x as f32 / scale, top + y as f32 / scale];
            turns.extend((0..side).map(|x| lattice.turns(at(x))));
        }
        for vector in 0..2 {
            let strength = lattice.strengths[vector];
            for wave in [f32::sin, f32::cos] {
                values.extend(turns.iter().map(|turns| strength * wave(turns[vector] * TAU)));
            }
        }
    }
    Elements::f32([exemplars.len(), PLACES, side, side], values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::architecture::material::CHANNELS;
    use crate::data::Part;
    use crate::data::materials::tests::synthetic_set;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    #[test]
    fn crops_have_the_same_brightness_at_the_same_place_wherever_and_however_large_they_are() {
        let set = synthetic_set();
        let (lattices, side) = (set.lattices(), 48);
        let mut rng = StdRng::seed_from_u64(1);
        let mut batches: Vec<MaterialBatch> = (0..8).map(|_| set.draw(8, 2, side, &mut rng)).collect();
        // Rows are exemplar 2; its strip goes on where what is trained on ends.
        batches.push(set.crops(Part::UpperStrips, 1, 4, side, &mut rng));
        let mut pairs = Vec::new();
        for batch in batches {
            let exemplars: Vec<usize> = batch.exemplars.iter().map(|exemplar| exemplar.unwrap()).collect();
            let places = places(&lattices, &exemplars, &batch);
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
        // One wave: brightness is a mix of sine and cosine, by least squares, and nothing is left.
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
