//! Refinement of a field and of the numbers that it shows, in turn: places from features, numbers from votes (Wexler et al. 2007).

use imagine_graph::generators::Formula;
use imagine_graph::{
    And, Gather, Less, NnfDistance, NnfPropagate, NnfSearch, NnfVote, ReduceSum, Resize, ResizeMode, Where,
};

use super::level::{LOCALITY, Level, Ready};
use crate::nodes::{int, ints, to_int};

/// Factor of a neighbour's proposal in 64ths.
const COHERENCE: u32 = 54;
/// Distances of the neighbours that propose places, in this order.
const JUMPS: [u32; 3] = [4, 2, 1];
/// A vote's weights by rows and by columns: a Gaussian of 2.1 cells.
const VOTE: [u32; 4] = [8, 7, 5, 3];
/// The same for the first guess on a level.
const FIRST_VOTE: [u32; 2] = [8, 3];
/// Squared distances above this count as this.
const MAX_DISTANCE: i32 = 1 << 18;
/// Entries of the table of similarities, for eighths of the mean distance.
const SIMILARITIES: i32 = 128;

/// A field, the numbers it shows, and the weights of the last vote.
pub(super) struct State {
    pub field: String,
    pub numbers: String,
    pub weight: String,
}

/// How a level is refined.
#[derive(Clone, Copy)]
pub(super) struct Effort {
    /// Number of iterations.
    pub iterations: usize,
    /// Whether the first iteration looks at all places.
    pub exhaustive: bool,
    /// Whether the first iteration tries places around.
    pub around: bool,
}

/// Adds the iterations of a level. The last one takes the likeliest number in place of the mean.
pub(super) fn refine(
    f: &mut Formula,
    level: &Level,
    ready: &Ready,
    basis: &str,
    effort: Effort,
    [mut field, mut numbers]: [String; 2],
) -> State {
    let tiles = level.plane.tiles;
    let mut weight = String::new();
    for iteration in 0..effort.iterations {
        let target = level.features(f, &numbers, basis, Some(&ready.active));
        let compared = [target.as_str(), &ready.features, &ready.shown, &ready.active];
        if iteration == 0 && effort.exhaustive {
            let search = NnfSearch { locality: LOCALITY, tiles, source_tiles: tiles, ..NnfSearch::default() };
            field = f.node(search, &[[field.as_str()].as_slice(), &compared].concat());
        }
        for (index, jump) in JUMPS.into_iter().enumerate() {
            let pass = NnfPropagate {
                jump,
                coherence: if jump == 1 { COHERENCE } else { 64 },
                window: if index == 0 && iteration == 0 && effort.around { 2 } else { 0 },
                locality: LOCALITY,
                tiles,
                source_tiles: tiles,
            };
            field = f.node(pass, &[[field.as_str()].as_slice(), &compared].concat());
        }
        let distance = f.node(NnfDistance {}, &[[field.as_str()].as_slice(), &compared].concat());
        weight = weights(f, level, ready, &distance);
        let best = iteration + 1 == effort.iterations;
        let vote = NnfVote { falloff: VOTE.to_vec(), best, tiles, source_tiles: tiles };
        numbers = f.node(vote, &[&field, &level.numbers, &numbers, &ready.shown, &ready.hole, &weight]);
    }
    State { field, numbers, weight }
}

/// The vote on a picture of this size, with the weights of the last iteration.
pub(super) fn elected(f: &mut Formula, level: &Level, ready: &Ready, state: &State, picture: &str) -> String {
    let tiles = level.plane.tiles;
    let vote = NnfVote { falloff: VOTE.to_vec(), best: true, tiles, source_tiles: tiles };
    f.node(vote, &[&state.field, picture, picture, &ready.shown, &ready.hole, &state.weight])
}

/// The field and numbers that a level begins with, from those of the next coarser one.
pub(super) fn finer(f: &mut Formula, level: &Level, ready: &Ready, state: &State) -> [String; 2] {
    let plane = level.plane;
    let double = imagine_graph::ExemplarDouble { height: plane.height, width: plane.width, tiles: plane.tiles };
    let field = f.node(double, &[&state.field]);
    let enlarge = Resize { scales: vec![2.0; 2], axes: vec![2, 3], mode: ResizeMode::Nearest, ..Resize::default() };
    let coarse = f.node(enlarge, &[&state.numbers]);
    let base = f.node(Where {}, &[&ready.hole, &coarse, &level.numbers]);
    let vote = NnfVote { falloff: FIRST_VOTE.to_vec(), best: false, tiles: plane.tiles, source_tiles: plane.tiles };
    let numbers = f.node(vote, &[&field, &level.numbers, &base, &ready.shown, &ready.hole]);
    [field, numbers]
}

/// Weights of the cells' votes: certainty times `32 exp(-distance / (2 mean))`, at least 1. The mean is over the active cells.
fn weights(f: &mut Formula, level: &Level, ready: &Ready, distance: &str) -> String {
    let most = int(f, MAX_DISTANCE);
    let is_shown = f.node(Less {}, &[distance, &most]);
    let counted = f.node(And {}, &[&is_shown, &ready.active]);
    let distance = f.min(distance, &most);
    let zero = int(f, 0);
    // The sum over the whole picture stays below 2^31.
    let unit = int(f, unit(level.plane.area()));
    let parts = f.div(&distance, &unit);
    let parts = f.node(Where {}, &[&counted, &parts, &zero]);
    let [sum, count] = [parts, to_int(f, &counted)].map(|value| total(f, &value));
    let one = int(f, 1);
    let count = f.max(&count, &one);
    let mean = f.div(&sum, &count);
    let mean = f.mul(&mean, &unit);
    let mean = f.max(&mean, &one);
    let eight = int(f, 8);
    let eighths = f.mul(&distance, &eight);
    let eighths = f.div(&eighths, &mean);
    let last = int(f, SIMILARITIES - 1);
    let eighths = f.min(&eighths, &last);
    let table = (0..SIMILARITIES).map(|at| ((32.0 * (-f64::from(at) / 16.0).exp()).round() as i32).max(1));
    let table = ints(f, [SIMILARITIES as usize], table.collect());
    let similarity = f.node(Gather { axis: 0 }, &[&table, &eighths]);
    f.mul(&ready.certainty, &similarity)
}

/// The unit in which distances are summed over `area` cells: a power of two.
fn unit(area: usize) -> i32 {
    let most = MAX_DISTANCE as usize * area;
    most.div_ceil(1 << 30).next_power_of_two() as i32
}

/// The sum over a plane, rows first.
fn total(f: &mut Formula, value: &str) -> String {
    let rows = f.node(ReduceSum { axes: vec![3], ..ReduceSum::default() }, &[value]);
    f.node(ReduceSum { axes: vec![2], ..ReduceSum::default() }, &[&rows])
}
