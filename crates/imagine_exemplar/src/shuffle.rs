//! An exemplar whose blocks have changed places, each shown once: all its colours and strokes are kept, and seams are matched.

use imagine_cpu::{Field, REACH, double, match_pass};
use imagine_graph::rng;

use crate::prepared::Prepared;

/// Texels along a side of the blocks, about.
const BLOCK: usize = 128;
/// Texels between the cells that blocks are laid of.
const SPACING: usize = 32;

/// A field of the exemplar's size, which tiles, with its blocks in the order of `seed`.
pub(crate) fn shuffled(prepared: &Prepared, seed: u64) -> Field {
    let levels = prepared.levels();
    let recipe = prepared.recipe();
    let first = (0..levels.len()).find(|index| recipe.spacing(*index) <= SPACING).unwrap_or(levels.len() - 1);
    let mut field = laid(prepared, first, (BLOCK / recipe.spacing(first)).max(1), seed);
    for (index, level) in levels.iter().enumerate().skip(first) {
        if index > first {
            field = double(level.shape(), &field);
        }
        for _ in 0..recipe.passes_on(index) {
            field.places = match_pass(level, &field.wrapped(REACH), None, None).places;
        }
    }
    field
}

/// The field of level `index` in which each block of `side` cells shows another block.
fn laid(prepared: &Prepared, index: usize, side: usize, seed: u64) -> Field {
    let shape = prepared.levels()[index].shape();
    let (height, width) = (shape.height as usize, shape.width as usize);
    let (rows, columns) = (height.div_ceil(side), width.div_ceil(side));
    let key = rng::key(seed, index as u32, 0);
    let mut order: Vec<usize> = (0..rows * columns).collect();
    order.sort_by_cached_key(|block| rng::cell(*block as u32, 0, 0, key));
    let mut places = Vec::with_capacity(height * width);
    for y in 0..height {
        for x in 0..width {
            let block = order[y / side * columns + x / side];
            let (row, column) = (block / columns * side + y % side, block % columns * side + x % side);
            let place = (row.min(height - 1) as u32, column.min(width - 1) as u32);
            // Within the margin of a bounded exemplar.
            places.push(shape.moved(place, 0, 0));
        }
    }
    Field { top: 0, left: 0, height, width, places }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::Recipe;
    use imagine_codec::{Edges, Maps};

    #[test]
    fn a_shuffled_exemplar_keeps_its_colours_and_moves_its_blocks() {
        // Eight stripes of other greys, with a grain.
        let texel = |index: usize| {
            let (row, column) = (index / 512, index % 512);
            (16 + 28 * (column / 64) + (row * 7 + column * 13) % 5) as u8
        };
        let maps = Maps::new(512, 512, 1, (0..512 * 512).map(texel).collect()).unwrap();
        let prepared = Prepared::new(&maps, Edges::Bounded, Recipe::free(512, 512)).unwrap();
        let fields = [1, 2].map(|seed| shuffled(&prepared, seed));
        assert_ne!(fields[0], fields[1]);
        for field in &fields {
            let texels = maps.gather(&field.places);
            let share = |texels: &[u8], dark: bool| {
                texels.iter().filter(|texel| (**texel < 128) == dark).count() as f64 / texels.len() as f64
            };
            let (before, after) = (share(maps.texels(), true), share(&texels, true));
            assert!((before - after).abs() < 0.1, "dark texels: {before} before, {after} after");
            let kept = texels.iter().zip(maps.texels()).filter(|(a, b)| a == b).count();
            assert!(kept < texels.len() / 2, "{kept} texels are where they were");
        }
    }
}
