//! Pairs of a small and a large crop, made while training runs.
//!
//! The small crop is the large one reduced by the factor with the cubic filter and rounded to 8 bits, as a picture file would hold it.
//! Both are turned and mirrored alike.

use rand::rngs::StdRng;
use rayon::prelude::*;

use crate::core::rng;
use crate::data::resample::{Filter, Span, byte, resample};
use crate::data::{PictureSet, TrainingPicture, Turn};

/// Small pixels around a crop that the filter reads too: half its width.
const RIM: usize = 2;

/// Pairs of crops, `[batch, 3, side, side]`, sRGB values from 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct PairBatch {
    /// The small crops.
    pub small: Vec<f32>,
    /// The large crops.
    pub large: Vec<f32>,
}

impl PairBatch {
    /// The pairs of update `number`: `batch` crops of `side` pixels, the small ones `factor` times smaller.
    pub fn new(set: &PictureSet, seed: u64, number: u64, batch: usize, side: usize, factor: usize) -> Self {
        let pair = |index: usize| {
            let mut rng = rng::numbered(seed, number * 4096 + index as u64);
            pair(set.draw(&mut rng), side, factor, &mut rng)
        };
        let pairs: Vec<[Vec<f32>; 2]> = (0..batch).into_par_iter().map(pair).collect();
        let joined = |part: usize| pairs.iter().flat_map(|pair| pair[part].iter().copied()).collect();
        Self { small: joined(0), large: joined(1) }
    }
}

/// A small and a large crop of a picture.
fn pair(picture: &TrainingPicture, side: usize, factor: usize, rng: &mut StdRng) -> [Vec<f32>; 2] {
    let window = picture.window(side, RIM * factor, rng);
    let (outer, turn) = (window.side, Turn::random(rng));
    let reduced = Span::whole(outer, outer / factor);
    let mut pair = [Vec::new(), Vec::new()];
    for plane in &window.planes {
        let small = resample(Filter::Cubic, plane, [outer; 2], [reduced; 2]);
        let small: Vec<u8> = small.into_iter().map(byte).collect();
        turn.append(&mut pair[0], &small, outer / factor, RIM);
        turn.append(&mut pair[1], plane, outer, RIM * factor);
    }
    pair
}
