//! Contact sheets: sprites side by side, twice as large, on a checked ground that shows their coverage.

use super::VALUES;
use crate::architecture::sprite::SIDE;

/// Pixels between sprites, before enlarging.
const GAP: usize = 2;
/// Enlargement.
const SCALE: usize = 2;
/// Side of the squares of the ground, before enlarging.
const CHECK: usize = 8;

/// A sheet of `columns` columns. `values` has [`VALUES`] numbers for each sprite: colour times coverage, and coverage.
pub fn sheet(values: &[f32], columns: usize) -> image::RgbImage {
    let count = values.len() / VALUES;
    let rows = count.div_ceil(columns);
    let pitch = SIDE + GAP;
    image::RgbImage::from_fn((columns * pitch * SCALE) as u32, (rows * pitch * SCALE) as u32, |x, y| {
        let (x, y) = (x as usize / SCALE, y as usize / SCALE);
        let ground = if (x / CHECK + y / CHECK).is_multiple_of(2) { 0.42 } else { 0.5 };
        let (index, column, row) = (y / pitch * columns + x / pitch, x % pitch, y % pitch);
        if index >= count || column >= SIDE || row >= SIDE {
            return image::Rgb([24; 3]);
        }
        let at = |channel: usize| values[index * VALUES + channel * SIDE * SIDE + row * SIDE + column];
        let coverage = at(3);
        let shown = |channel| ((at(channel) + (1.0 - coverage) * ground).clamp(0.0, 1.0) * 255.0).round() as u8;
        image::Rgb([shown(0), shown(1), shown(2)])
    })
}
