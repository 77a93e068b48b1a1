//! Drawn exemplars.

use imagine_cpu::Edges;
use imagine_exemplar::{Maps, Prepared, Recipe};
use imagine_graph::rng;

/// Pebbles of many greys, with a height: two channels that tile.
pub fn pebbles(side: usize) -> Maps {
    let mut texels = Vec::new();
    for y in 0..side {
        for x in 0..side {
            let apart = |a: usize, b: u32| {
                let d = a.abs_diff(b as usize % side);
                d.min(side - d) as f32
            };
            let center = |k: u32| {
                let [row, column, grey, _] = rng::cell(k, 0, 0, 3);
                (apart(y, row >> 8).hypot(apart(x, column >> 8)), grey)
            };
            let (distance, grey) = (0..40).map(center).min_by(|a, b| a.0.total_cmp(&b.0)).expect("there are pebbles");
            let height = (255.0 - 20.0 * distance).max(0.0);
            texels.extend([(height as u32 * (128 + grey % 128) / 255) as u8, height as u8]);
        }
    }
    Maps::new(side, side, 2, texels).unwrap()
}

/// Square tiles of `period` texels with dark joints, each of its own grey.
pub fn tiles(side: usize, period: usize) -> Maps {
    let texel = |y: usize, x: usize| {
        let grey = rng::cell((x / period) as u32, (y / period) as u32, 0, 9)[0] % 100;
        if y.is_multiple_of(period) || x.is_multiple_of(period) { 0 } else { 120 + grey as u8 }
    };
    let texels = (0..side * side).map(|index| texel(index / side, index % side)).collect();
    Maps::new(side, side, 1, texels).unwrap()
}

pub fn prepared_pebbles() -> Prepared {
    Prepared::new(&pebbles(64), Edges::Wrap, Recipe::free(64, 64)).unwrap()
}
