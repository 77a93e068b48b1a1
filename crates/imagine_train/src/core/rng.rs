//! Random numbers of trainings. An update draws from a generator that depends on its number and the seed alone, so a
//! resumed training needs no random state and repeats what it would have done.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// The generator of one update, or another numbered part, of the training with this seed.
pub(crate) fn numbered(seed: u64, number: u64) -> StdRng {
    StdRng::seed_from_u64(seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

/// A normal number, as the sum of twelve uniform ones.
pub(crate) fn normal(rng: &mut impl Rng) -> f32 {
    (0..12).map(|_| rng.random::<f32>()).sum::<f32>() - 6.0
}
