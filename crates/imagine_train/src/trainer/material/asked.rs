//! What is asked of the generator in training: exemplars and scales of a batch, its latents and its noise, all drawn on the CPU.

use std::num::NonZero;

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use imagine_burn::{Network, RunError, Value};
use imagine_graph::rng::{self, RandomState};
use imagine_graph::{Size, Tensor as Elements};
use rand::Rng;

use crate::architecture::material::{CELL, FINE, MaterialNetworks};
use crate::data::materials::Lattice;

/// A crop that is asked for.
pub(super) struct Wish {
    pub exemplar: usize,
    pub scale: f32,
    /// Column and row of its first texel in the exemplar, in texels at scale 1: where in the lattice it lies.
    pub corner: [f32; 2],
}

/// One batch of generated crops, not yet made.
pub(super) struct Asked {
    /// The generator's inputs, in its order.
    inputs: Vec<Elements>,
    size: Size,
    side: usize,
}

impl Asked {
    /// Latents and noise for a crop of `side` texels with `margin` cells around it for each wish.
    pub fn draw(
        networks: &MaterialNetworks,
        lattices: &[Lattice],
        wishes: &[Wish],
        [side, margin]: [usize; 2],
        rng: &mut impl Rng,
    ) -> Self {
        let count = wishes.len();
        let cells = side.div_ceil(CELL) + 2 * margin;
        let area = cells * cells;
        let size = Size::new(cells * CELL, cells * CELL).with_batch(count);
        let first = first(size, side) as f32;
        let mut normals = |shape: &[usize]| Elements::f32(shape, normals(shape.iter().product(), rng.random()));
        let mut inputs = vec![normals(&[count, networks.local, cells, cells]), normals(&[count, networks.style, 1, 1])];
        let noise = MaterialNetworks::noise_shapes(count, [size.height, size.width]).map(|shape| normals(&shape));
        let phase = |wish: &Wish| {
            let turns = lattices[wish.exemplar].turns(wish.corner.map(|at| at - first / wish.scale));
            turns.map(|turns| turns - turns.round())
        };
        inputs.push(Elements::f32([count, 2, 1, 1], wishes.iter().flat_map(phase).collect::<Vec<f32>>()));
        let exemplars: Vec<usize> = wishes.iter().map(|wish| wish.exemplar).collect();
        let kinds: Vec<usize> = exemplars.iter().map(|exemplar| networks.exemplars[*exemplar].kind).collect();
        inputs.push(Elements::f32(
            [count, networks.kinds.len(), cells, cells],
            one_hot(&kinds, networks.kinds.len(), area),
        ));
        let width = networks.exemplars.len();
        inputs.push(Elements::f32([count, width, 1, 1], one_hot(&exemplars, width, 1)));
        inputs.push(Elements::f32([count, 1, 1, 1], wishes.iter().map(|wish| wish.scale).collect::<Vec<f32>>()));
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

    /// The crops, `[count, CHANNELS, side, side]`.
    pub fn make<B: Backend>(&self, generator: &Network<B>, device: &B::Device) -> Result<Tensor<B, 4>, RunError> {
        let inputs = self.inputs.iter().map(|input| Value::from_data(input, device)).collect();
        let made: Tensor<B, 4> = generator.run(inputs, self.size, RandomState::default())?.remove(0).into_tensor();
        let first = first(self.size, self.side);
        Ok(made.narrow(2, first, self.side).narrow(3, first, self.side))
    }
}

/// Row and column of a crop's first texel in what is generated.
fn first(size: Size, side: usize) -> usize {
    (size.height - side) / 2
}

/// For each of `indices` a row of `width` planes of `area`, 1 in the plane of the index.
pub(super) fn one_hot(indices: &[usize], width: usize, area: usize) -> Vec<f32> {
    let mut weights = vec![0.0; indices.len() * width * area];
    for (row, index) in indices.iter().enumerate() {
        let first = (row * width + index) * area;
        weights[first..first + area].fill(1.0);
    }
    weights
}

/// Normal numbers by the hash that shipped generators draw with, on all processors.
fn normals(count: usize, key: u32) -> Vec<f32> {
    let mut values = vec![0.0; count];
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    // Small parts are not worth a thread.
    let each = count.div_ceil(threads).max(1 << 14);
    let fill = |part: usize, values: &mut [f32]| {
        for (index, value) in values.iter_mut().enumerate() {
            *value = rng::normal((part * each + index) as u32, 0, 0, key);
        }
    };
    if count <= each {
        fill(0, &mut values);
        return values;
    }
    std::thread::scope(|scope| {
        for (part, values) in values.chunks_mut(each).enumerate() {
            scope.spawn(move || fill(part, values));
        }
    });
    values
}

#[cfg(test)]
mod tests {
    use super::normals;

    #[test]
    fn normals_do_not_depend_on_the_number_of_processors() {
        let (few, many) = (normals(1 << 10, 7), normals(1 << 17, 7));
        assert_eq!(few[..], many[..1 << 10]);
        let mean = many.iter().sum::<f32>() / many.len() as f32;
        assert!(mean.abs() < 0.02 && normals(8, 8) != few[..8], "{mean}");
    }
}
