//! The nearest row of a training set to each row of a table.

use rayon::prelude::*;

use super::Table;
use super::table::squared_distance;

/// Values compared before checking whether the nearest row so far is nearer already.
const STRIDE: usize = 512;

/// A nearest row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Nearest {
    /// Its index.
    pub index: usize,
    /// Root mean square difference.
    pub distance: f32,
}

/// The nearest row of `known` to each row of a table of the same width; the first of equals.
pub fn nearest_rows(table: &Table, known: &Table) -> Vec<Nearest> {
    table.values.par_chunks_exact(table.width).map(|row| nearest(row, known)).collect()
}

fn nearest(row: &[f32], known: &Table) -> Nearest {
    let (mut index, mut least) = (0, f32::INFINITY);
    for (at, other) in known.rows().enumerate() {
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
    fn the_nearest_row_is_found_across_strides() {
        let row = |from: usize| (0..700).map(move |i| ((i + from) * 13 % 29) as f32 / 29.0);
        let known = Table { width: 700, values: row(3).chain(row(0)).collect() };
        let moved = Table { width: 700, values: row(0).chain(row(3).map(|value| value + 0.25)).collect() };
        let found = nearest_rows(&moved, &known);
        assert_eq!(found[0], Nearest { index: 1, distance: 0.0 });
        assert!(found[1].index == 0 && (found[1].distance - 0.25).abs() < 1e-5, "{:?}", found[1]);
    }
}
