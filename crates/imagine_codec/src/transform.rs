//! Maps at a number of bits a texel: blocks of 4 x 4 texels with all their channels, as a sum of few basis vectors with integer weights.
//!
//! Of plane k of latents and basis vector k, `texel = clamp((mean + sum over k of latent_k scale_k basis_k + 2^15) >> 16, 0, 255)`. The basis
//! is that of the maps themselves (principal components), so one code serves all kinds of maps, and what they have in common is
//! stored once.

use rayon::prelude::*;

use crate::coder::{Coder, Ended};
use crate::fit;
use crate::plane::{Coding, Contexts, Plane, signed};

/// Texels along a side of a block.
pub const BLOCK: usize = 4;
/// Most basis vectors.
pub const MAX_LATENTS: usize = 255;
/// Bits of a mean: 1/128 of a byte.
const MEAN_BITS: u32 = 15;
const SCALE_BITS: u32 = 24;
/// Magnitudes of the elements of a basis vector that its precision allows, by index.
pub const PRECISIONS: [i8; 4] = [15, 31, 63, 127];

/// What turns latents into texels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transform {
    /// Means of the elements of a block in 1/128, `[4, 4, channels]`.
    pub mean: Vec<u16>,
    /// Basis vectors.
    pub vectors: Vec<Vector>,
    /// The first channel of a normal map, whose third channel follows from the other two.
    pub normal: Option<u8>,
}

/// A basis vector, `[4, 4, channels]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vector {
    /// Elements, of at most the precision's magnitude.
    pub elements: Vec<i8>,
    /// Index of the precision in [`PRECISIONS`].
    pub precision: u8,
    /// What an element of 1 adds to a byte for a latent of 1, in 1/65,536.
    pub scale: u32,
}

/// Planes of latents, one for each basis vector.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Latents {
    /// Rows of blocks.
    pub height: usize,
    /// Columns of blocks.
    pub width: usize,
    /// `[vectors][height, width]`.
    pub planes: Vec<Vec<i16>>,
}

impl Transform {
    /// Codes the transform of maps of so many channels.
    pub(crate) fn code(&mut self, coder: &mut impl Coder, channels: usize) -> Result<(), Ended> {
        let length = BLOCK * BLOCK * channels;
        let normal = coder.raw(self.normal.map_or(0, |first| 1 + u32::from(first)), 4);
        self.normal = normal.checked_sub(1).map(|first| first as u8).filter(|first| *first as usize + 2 < channels);
        self.mean.resize(length, 0);
        self.mean.iter_mut().for_each(|mean| *mean = coder.raw((*mean).into(), MEAN_BITS) as u16);
        let count = coder.raw(self.vectors.len() as u32, 8) as usize;
        self.vectors.resize(count, Vector { elements: Vec::new(), precision: 0, scale: 0 });
        let mut contexts = Contexts::default();
        for vector in &mut self.vectors {
            vector.precision = coder.raw(vector.precision.into(), 2) as u8;
            vector.scale = coder.bits(vector.scale, SCALE_BITS);
            vector.elements.resize(length, 0);
            for index in 0..length {
                let before = |back: usize| index.checked_sub(back).map_or(0, |at| i32::from(vector.elements[at]).abs());
                let expected = 24 * before(channels) + 16 * before(BLOCK * channels) + 8 * before(1);
                let element = signed(coder, &mut contexts, expected, vector.elements[index].into());
                vector.elements[index] = element.clamp(-127, 127) as i8;
            }
            coder.check()?;
        }
        Ok(())
    }

    /// The texels, `[height, width, channels]`, of latents of this transform.
    pub fn texels(&self, latents: &Latents) -> Vec<u8> {
        let channels = self.mean.len() / (BLOCK * BLOCK);
        let row_length = latents.width * BLOCK * channels;
        let mut texels = vec![0; latents.height * BLOCK * row_length];
        texels.par_chunks_mut(BLOCK * row_length).enumerate().for_each(|(row, texels)| {
            let mut block = vec![0i32; self.mean.len()];
            for column in 0..latents.width {
                block.iter_mut().zip(&self.mean).for_each(|(sum, mean)| *sum = (i32::from(*mean) << 9) + (1 << 15));
                for (vector, plane) in self.vectors.iter().zip(&latents.planes) {
                    let latent = i32::from(plane[row * latents.width + column]);
                    if latent != 0 {
                        let factor = latent.wrapping_mul(vector.scale as i32);
                        let sums = block.iter_mut().zip(&vector.elements);
                        sums.for_each(|(sum, element)| *sum = sum.wrapping_add(factor.wrapping_mul((*element).into())));
                    }
                }
                for (line, values) in block.chunks_exact(BLOCK * channels).enumerate() {
                    let first = line * row_length + column * BLOCK * channels;
                    let line = &mut texels[first..first + BLOCK * channels];
                    line.iter_mut().zip(values).for_each(|(texel, sum)| *texel = (sum >> 16).clamp(0, 255) as u8);
                    line.chunks_exact_mut(channels).for_each(|texel| self.complete(texel));
                }
            }
        });
        texels
    }

    /// Computes the third channel of a normal.
    fn complete(&self, texel: &mut [u8]) {
        let Some(normal) = self.normal.and_then(|first| texel.get_mut(first as usize..first as usize + 3)) else {
            return;
        };
        let [x, y] = [normal[0], normal[1]].map(|byte| 2 * i32::from(byte) - 255);
        let square = (255 * 255 - x * x - y * y).max(0);
        normal[2] = ((256 + square.isqrt()) / 2) as u8;
    }
}

impl Latents {
    /// Writes planes.
    pub(crate) fn encode(&self, coder: &mut impl Coder) {
        let mut contexts = Contexts::default();
        let mut planes = Vec::new();
        for values in &self.planes {
            let mut plane = Plane::of(self.height, self.width, values.iter().copied());
            let mut coding = fit::latents(&mut plane, &planes);
            coding.code(coder);
            plane.code(coder, &mut contexts, &coding, &planes).expect("writing does not end");
            planes.push(plane);
        }
    }

    /// Reads `count` planes.
    pub(crate) fn decode(coder: &mut impl Coder, height: usize, width: usize, count: usize) -> Result<Self, Ended> {
        let mut contexts = Contexts::default();
        let mut planes = Vec::new();
        for _ in 0..count {
            let (mut plane, mut coding) = (Plane::new(height, width), Coding::default());
            coding.code(coder);
            plane.code(coder, &mut contexts, &coding, &planes)?;
            planes.push(plane);
        }
        let planes = planes.iter().map(|plane| plane.rows().flatten().copied().collect()).collect();
        Ok(Self { height, width, planes })
    }
}
