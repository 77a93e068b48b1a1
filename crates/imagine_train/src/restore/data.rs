//! Crops of pictures, damaged and as they were.

use rand::Rng;
use rayon::prelude::*;

use super::damage::Damage;
use crate::core::rng;
use crate::data::{PictureSet, Turn};

/// Pixels around a crop: no block of JPEG begins at the same place in all crops.
const RIM: usize = 16;

/// Crops, `[batch, 3, side, side]`, sRGB values from 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct RestoreBatch {
    /// Damaged.
    pub damaged: Vec<f32>,
    /// As they were.
    pub clean: Vec<f32>,
}

impl RestoreBatch {
    /// The crops of update `number`: `batch` of `side` pixels, turned and mirrored after they are damaged.
    pub fn new(set: &PictureSet, seed: u64, number: u64, batch: usize, side: usize) -> Self {
        let crop = |index: usize| {
            let mut rng = rng::numbered(seed, number * 4096 + index as u64);
            let window = set.draw(&mut rng).window(side, RIM, &mut rng);
            let turn = Turn::random(&mut rng);
            let damage = Damage::random(&mut rng);
            let [top, left] = [(); 2].map(|()| rng.random_range(0..RIM));
            let outer = window.side;
            // The blocks of JPEG begin at a random place.
            let part = |planes: &[Vec<u8>; 3], [top, left]: [usize; 2], side: usize, width: usize| {
                let rows = |plane: &Vec<u8>| {
                    (0..side).flat_map(|y| plane[(top + y) * width + left..][..side].to_vec()).collect::<Vec<u8>>()
                };
                planes.each_ref().map(rows)
            };
            let stored = part(&window.planes, [top, left], side + RIM, outer);
            let damaged = damage.apply(&stored, [side + RIM; 2], &mut rng);
            let inner = [RIM - top, RIM - left];
            let mut crops = [Vec::new(), Vec::new()];
            for (planes, to) in [damaged, stored].iter().zip(&mut crops) {
                for plane in part(planes, inner, side, side + RIM) {
                    turn.append(to, &plane, side, 0);
                }
            }
            crops
        };
        let crops: Vec<[Vec<f32>; 2]> = (0..batch).into_par_iter().map(crop).collect();
        let joined = |part: usize| crops.iter().flat_map(|crop| crop[part].iter().copied()).collect();
        Self { damaged: joined(0), clean: joined(1) }
    }
}
