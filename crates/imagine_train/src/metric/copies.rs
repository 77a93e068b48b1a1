//! How near pictures come to those of a training set, as they are or mirrored.

use super::squared_distance;
use crate::architecture::sprite::SIDE;
use crate::data::VALUES;

/// Root mean square difference of each sprite to the nearest of `known`, itself or mirrored.
pub fn nearest_distances(sprites: &[f32], known: &[f32]) -> Vec<f32> {
    let nearest = |sprite: &[f32]| {
        let mirrored: Vec<f32> = sprite.chunks_exact(SIDE).flat_map(|row| row.iter().rev().copied()).collect();
        let distance = |other: &[f32]| squared_distance(sprite, other).min(squared_distance(&mirrored, other));
        let least = known.chunks_exact(VALUES).map(distance).fold(f32::INFINITY, f32::min);
        (least / VALUES as f32).sqrt()
    };
    sprites.chunks_exact(VALUES).map(nearest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mirrored_copy_has_no_distance() {
        let sprite: Vec<f32> = (0..VALUES).map(|i| (i * 13 % 29) as f32 / 29.0).collect();
        let mirrored: Vec<f32> = sprite.chunks(SIDE).flat_map(|row| row.iter().rev().copied()).collect();
        let other: Vec<f32> = sprite.iter().map(|v| v + 0.5).collect();
        let known = [other.clone(), sprite.clone()].concat();
        let found = nearest_distances(&[mirrored, other.iter().map(|v| v + 0.25).collect()].concat(), &known);
        assert_eq!(found[0], 0.0);
        assert!((found[1] - 0.25).abs() < 1e-5);
    }
}
