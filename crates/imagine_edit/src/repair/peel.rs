//! The first guess, on the coarsest level: ring by ring from the edge of what is known, each cell the place of all whose patch fits best.

use imagine_graph::generators::Formula;
use imagine_graph::{Greater, NnfPack, NnfSearch, NnfVote};

use super::level::{LOCALITY, Level, Ready};
use crate::nodes::{complement, ints, to_float, to_int};

/// Rings of the coarsest level that are filled one after the other.
const MAX_RINGS: usize = 96;
/// Weights of a patch by rows and by columns: a Gaussian of 2.1 cells.
const FALLOFF: [u32; 4] = [8, 7, 5, 3];

/// Adds the nodes; returns the field and the numbers, filled.
pub(super) fn peel(f: &mut Formula, level: &Level, ready: &Ready) -> [String; 2] {
    let plane = level.plane;
    let mut field = identity(f, plane.height, plane.width);
    let mut numbers = level.numbers.clone();
    let source = f.node(NnfPack {}, &[&numbers]);
    // Half the certainty of a vote: 1 to 16.
    let certainty = to_float(f, &ready.certainty);
    let certainty = f.scaled(&certainty, 0.5, 0.5);
    let mut filled = complement(f, &level.hole);
    for _ in 0..plane.height.max(plane.width).min(MAX_RINGS) {
        let grown = plane.spread(f, &filled, 1);
        let ring = f.node(Greater {}, &[&grown, &filled]);
        let target = f.node(NnfPack {}, &[&numbers]);
        let weight = f.mul(&certainty, &filled);
        let weight = to_int(f, &weight);
        let search =
            NnfSearch { falloff: FALLOFF.to_vec(), locality: LOCALITY, tiles: plane.tiles, source_tiles: plane.tiles };
        field = f.node(search, &[&field, &target, &source, &ready.shown, &ring, &weight]);
        let show = NnfVote { tiles: plane.tiles, source_tiles: plane.tiles, ..NnfVote::default() };
        numbers = f.node(show, &[&field, &level.numbers, &numbers, &ready.shown, &ring]);
        filled = grown;
    }
    [field, numbers]
}

/// The field whose cells show themselves.
fn identity(f: &mut Formula, height: usize, width: usize) -> String {
    let places = (0..height as i32).flat_map(|y| (0..width as i32).map(move |x| y << 16 | x));
    ints(f, [1, 1, height, width], places.collect())
}
