//! How near pictures or their features come to those of a training set.

use super::{Table, squared_distance};
use crate::architecture::sprite::SIDE;
use crate::data::VALUES;

/// Values that are compared before looking whether the nearest so far is nearer already.
const STRIDE: usize = 512;

/// The nearest of some rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Nearest {
    /// Index of the row.
    pub index: usize,
    /// Root mean square difference.
    pub distance: f32,
}

/// The nearest of `known` to each sprite, itself or mirrored.
pub fn nearest_sprites(sprites: &[f32], known: &[f32]) -> Vec<Nearest> {
    let find = |sprite: &[f32]| {
        let mirrored = mirrored(sprite);
        let [a, b] = [sprite, &mirrored].map(|row| nearest(row, known.chunks_exact(VALUES)));
        if b.distance < a.distance { b } else { a }
    };
    sprites.chunks_exact(VALUES).map(find).collect()
}

/// The nearest row of `known` to each row of a table of the same width.
pub fn nearest_rows(table: &Table, known: &Table) -> Vec<Nearest> {
    table.rows().map(|row| nearest(row, known.rows())).collect()
}

/// Sprites with left and right exchanged.
pub fn mirrored(sprites: &[f32]) -> Vec<f32> {
    sprites.chunks_exact(SIDE).flat_map(|row| row.iter().rev().copied()).collect()
}

fn nearest<'a>(row: &[f32], known: impl Iterator<Item = &'a [f32]>) -> Nearest {
    let (mut index, mut least) = (0, f32::INFINITY);
    for (at, other) in known.enumerate() {
        let mut sum = 0.0;
        for (a, b) in row.chunks(STRIDE).zip(other.chunks(STRIDE)) {
            sum += squared_distance(a, b);
            if sum >= least {
                break;
            }
        }
        if sum < least {
            (index, least) = (at, sum);
        }
    }
    Nearest { index, distance: (least / row.len() as f32).sqrt() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mirrored_copy_has_no_distance() {
        let sprite: Vec<f32> = (0..VALUES).map(|i| (i * 13 % 29) as f32 / 29.0).collect();
        let other: Vec<f32> = sprite.iter().map(|v| v + 0.5).collect();
        let known = [other.clone(), sprite.clone()].concat();
        let moved: Vec<f32> = other.iter().map(|v| v + 0.25).collect();
        let found = nearest_sprites(&[mirrored(&sprite), moved].concat(), &known);
        assert_eq!(found[0], Nearest { index: 1, distance: 0.0 });
        assert!(found[1].index == 0 && (found[1].distance - 0.25).abs() < 1e-5);
    }
}
