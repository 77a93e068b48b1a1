//! Whether a generator copies: how near its pictures come to those it was trained on, against how near held-back pictures
//! come to them.

use serde::Serialize;

use crate::data::{SpriteBatch, SpriteSet};
use crate::metric::{Nearest, Table, nearest_rows, nearest_sprites};

/// Share of held-back pictures that lie below the limit.
const SHARE: f64 = 0.01;
/// Pairs that a person should look at.
const CLOSEST: usize = 16;

/// Distances to the nearest picture trained on (a sprite, itself or mirrored; a crop or a patch of a material), in one space.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CopyTest {
    /// In which space.
    pub space: String,
    /// Generated pictures.
    pub samples: usize,
    /// The distance below which one held-back picture in a hundred lies.
    pub limit: f64,
    /// Share of generated pictures below it.
    pub below: f64,
    /// Median distance of generated pictures over that of held-back ones.
    pub median_ratio: f64,
    /// Distances of generated pictures, sorted.
    #[serde(skip)]
    pub generated: Vec<f32>,
    /// Distances of held-back pictures, sorted.
    #[serde(skip)]
    pub held_back: Vec<f32>,
}

/// A generated sprite and the one trained on that it is nearest to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClosePair {
    /// Which generated sprite.
    pub sample: usize,
    /// Class and prompt that it was asked for.
    pub asked: [String; 2],
    /// Class and words of the one trained on.
    pub trained: [String; 2],
    /// Index of the one trained on.
    pub index: usize,
    /// Root mean square difference of premultiplied pixels.
    pub distance: f32,
}

/// Generated, held-back and trained-on pictures in one space.
pub(super) struct Compared<'a> {
    pub space: &'a str,
    pub generated: &'a Table,
    pub held_back: &'a Table,
    /// Sprites also mirrored.
    pub trained: &'a Table,
}

impl Compared<'_> {
    /// The test in this space.
    pub fn copies(&self) -> CopyTest {
        let [generated, held_back] = [self.generated, self.held_back].map(|rows| nearest_rows(rows, self.trained));
        copy_test(self.space, generated, held_back)
    }
}

/// The test on pixels, and the closest pairs of it.
pub(super) fn pixel_copies(
    set: &SpriteSet,
    asked: &SpriteBatch,
    [generated, held_back, trained]: [&[f32]; 3],
) -> (CopyTest, Vec<ClosePair>) {
    let [generated, held_back] = [generated, held_back].map(|sprites| nearest_sprites(sprites, trained));
    let mut order: Vec<usize> = (0..generated.len()).collect();
    order.sort_by(|a, b| generated[*a].distance.total_cmp(&generated[*b].distance));
    let pair = |&sample: &usize| {
        let Nearest { index, distance } = generated[sample];
        let sprite = &set.sprites[index];
        ClosePair {
            sample,
            asked: [set.classes[asked.classes[sample]].clone(), asked.prompts[sample].clone()],
            trained: [set.classes[sprite.class].clone(), sprite.words.join(" ")],
            index,
            distance,
        }
    };
    let closest = order.iter().take(CLOSEST).map(pair).collect();
    (copy_test("pixels", generated, held_back), closest)
}

/// The test of distances that were found.
pub(super) fn copy_test(space: &str, generated: Vec<Nearest>, held_back: Vec<Nearest>) -> CopyTest {
    let [generated, held_back] = [generated, held_back].map(|found| {
        let mut distances: Vec<f32> = found.iter().map(|nearest| nearest.distance).collect();
        distances.sort_by(f32::total_cmp);
        distances
    });
    let limit = held_back.get((SHARE * held_back.len() as f64) as usize).copied().unwrap_or(0.0);
    let below = generated.iter().filter(|distance| **distance < limit).count() as f64 / generated.len().max(1) as f64;
    let median = |sorted: &[f32]| sorted.get(sorted.len() / 2).copied().map_or(0.0, f64::from);
    CopyTest {
        space: space.into(),
        samples: generated.len(),
        limit: limit.into(),
        below,
        median_ratio: median(&generated) / median(&held_back).max(1e-12),
        generated,
        held_back,
    }
}
