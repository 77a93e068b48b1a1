//! Whether a generator copies its training data: how near generated images come to it, compared with held-back images.

use serde::Serialize;

use super::{Nearest, Table, nearest_rows};

/// Share of held-back images below the limit.
const SHARE: f64 = 0.01;

/// Distances to the nearest training image (of sprites: itself or mirrored), in one space.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CopyTest {
    /// The space.
    pub space: String,
    /// Generated images.
    pub samples: usize,
    /// The distance that one held-back image in a hundred falls below.
    pub limit: f64,
    /// Share of generated images below the limit.
    pub below: f64,
    /// Median distance of generated images over that of held-back ones.
    pub median_ratio: f64,
    /// Distances of generated images, sorted.
    #[serde(skip)]
    pub generated: Vec<f32>,
    /// Distances of held-back images, sorted.
    #[serde(skip)]
    pub held_back: Vec<f32>,
}

/// The test on features of generated, held-back and training images.
pub(crate) fn copy_test_of_rows(space: &str, [generated, held_back, trained]: [&Table; 3]) -> CopyTest {
    let [generated, held_back] = [generated, held_back].map(|rows| nearest_rows(rows, trained));
    copy_test(space, &generated, &held_back)
}

/// The test on known distances.
pub(crate) fn copy_test(space: &str, generated: &[Nearest], held_back: &[Nearest]) -> CopyTest {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_lie_below_the_limit_and_strangers_do_not() {
        let at = |distance: f32| Nearest { index: 0, distance };
        let held_back: Vec<Nearest> = (1..=200).map(|index| at(index as f32)).collect();
        let found = copy_test("pixels", &[at(0.5), at(2.5), at(300.0), at(400.0)], &held_back);
        assert_eq!((found.samples, found.limit, found.below), (4, 3.0, 0.5));
        assert!((found.median_ratio - 300.0 / 101.0).abs() < 1e-9);
    }
}
