//! Exhaustive search for the nearest patch.

use super::{Pair, cells, difference, within};

/// How [`search`] compares patches.
#[derive(Clone, Copy)]
pub struct Search<'a> {
    /// Cells of a patch on each side of its centre.
    pub radius: usize,
    /// How much dearer distant places are, in 64ths of the cost at a side's distance.
    pub locality: u32,
    /// What is known of each cell, 0 to 16; 16 if left out.
    pub weight: Option<&'a [i32]>,
}

/// A cell of the target patch: offset, features, weight.
struct Part<'a> {
    offset: [i32; 2],
    features: &'a [i32],
    weight: u32,
}

/// The field whose active cells show the place of least cost.
pub fn search(pair: &Pair, field: &[i32], how: Search) -> Vec<i32> {
    cells(pair, field, true, |row, column, cell| {
        let parts = patch(pair, [row as i32, column as i32], how);
        let mut best = (u32::MAX, None);
        for place in 0..pair.level[0] * pair.level[1] {
            let Some(sum) = cost(pair, &parts, place, how.radius, best.0) else { continue };
            let cost = sum + (sum >> 6) * pair.distant(how.locality, [row, column], place);
            if cost < best.0 {
                best = (cost, Some(place));
            }
        }
        best.1.map_or(field[cell], |place| pair.packed(place))
    })
}

/// The cells around `[row, column]` of which something is known.
fn patch<'a>(pair: &Pair<'a>, [row, column]: [i32; 2], how: Search) -> Vec<Part<'a>> {
    let (radius, words) = (how.radius as i32, pair.words());
    let offsets = (-radius..=radius).flat_map(|dy| (-radius..=radius).map(move |dx| [dy, dx]));
    let parts = offsets.filter_map(|offset| {
        let cell = within(row + offset[0], column + offset[1], pair.size, pair.tiles)?;
        let weight = how.weight.map_or(16, |weight| weight[cell].clamp(0, 16) as u32);
        let features = &pair.target[cell * words..][..words];
        (weight > 0).then_some(Part { offset, features, weight })
    });
    parts.collect()
}

/// The weighted sum at a place, or a part of it that is `most` already; `None` if it may not be shown or its patch ends outside.
fn cost(pair: &Pair, parts: &[Part], place: usize, radius: usize, most: u32) -> Option<u32> {
    if !pair.may_show(place) {
        return None;
    }
    let [height, width] = pair.level;
    let (row, column) = (place / width, place % width);
    let is_inside = |at: usize, length: usize| at >= radius && at + radius < length;
    let inside = is_inside(row, height) && is_inside(column, width);
    if !inside && !pair.source_tiles {
        return None;
    }
    let words = pair.words();
    let mut sum = 0;
    for part in parts {
        let (y, x) = (row as i32 + part.offset[0], column as i32 + part.offset[1]);
        let at = if inside { y as usize * width + x as usize } else { pair.place(y, x)? };
        sum += part.weight * difference(part.features, &pair.source[at * words..][..words]) as u32;
        if sum >= most {
            return Some(sum);
        }
    }
    Some(sum)
}
