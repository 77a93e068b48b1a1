//! A matching pass: every cell takes the best of the candidates that its neighbours propose, all cells at once.
//!
//! Each of a cell's nine neighbours (itself included) proposes the place that would continue its own: its place, shifted
//! back, and on a level with a table also the first place similar to it, shifted back. The target is the appearance of the
//! four diagonal neighbours, each the sum of three predictions: its own place, and those of the two cells between, shifted. A
//! candidate costs 20 (own) or 21 (similar) times the squared difference between three times its appearance there and these
//! sums. If a cell within two cells already shows it, it costs twice that plus 2,000,000, because it would start a
//! repetition. The cheapest wins; ties go to the first in the order of neighbours (row by row), own place before similar one.
//!
//! On a level without a table, a cell whose nine neighbours agree keeps their candidate: it is the only one. A guide adds its own cost to
//! each candidate. Further candidates come after those of the neighbours, and cost what they say more.

use rayon::prelude::*;

use crate::candidates::Candidates;
use crate::field::Field;
use crate::guide::{Guide, with_guide};
use crate::level::Level;
use crate::simd::{self, Kernel, Lanes};
use crate::{DIMENSIONS, Edges, pack, unpack};

/// Cells around a cell that a pass reads, on each side.
pub const REACH: usize = 2;
/// Rows and columns of the cells that a cell reads.
const SPAN: usize = 2 * REACH + 1;

const OWN: i32 = 20;
const SIMILAR: i32 = 21;
const REPEATED: (i32, i32) = (2, 2_000_000);
const DIAGONALS: [(i32, i32); 4] = [(-1, -1), (-1, 1), (1, -1), (1, 1)];

/// Target appearance of the four diagonal neighbours, times three.
type Target = [[i16; DIMENSIONS]; 4];

/// One pass over `field`, with a guide and further candidates, if any, which have the size of the result. The result lacks [`REACH`] cells on each side: give a
/// torus its rim first ([`Field::wrapped`]).
///
/// # Panics
/// If the field has no more than twice [`REACH`] rows or columns.
pub fn match_pass(level: &Level, field: &Field, guide: Option<&Guide>, candidates: Option<&Candidates>) -> Field {
    let (height, width) = (field.height - 2 * REACH, field.width - 2 * REACH);
    assert!(height > 0 && width > 0, "a field of {} x {} cells has no inside", field.height, field.width);
    let mut places = vec![0; height * width];
    places.par_chunks_mut(width).enumerate().for_each(|(row, places)| {
        simd::run(Row { level, field, guide, candidates, row, places });
    });
    Field { top: field.top + REACH as i64, left: field.left + REACH as i64, height, width, places }
}

/// One row of the result.
struct Row<'a> {
    level: &'a Level,
    field: &'a Field,
    guide: Option<&'a Guide<'a>>,
    candidates: Option<&'a Candidates<'a>>,
    row: usize,
    places: &'a mut [u32],
}

impl Kernel for Row<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self) {
        for (column, place) in self.places.iter_mut().enumerate() {
            *place = best(self.level, self.field, (self.guide, self.candidates), (self.row, column));
        }
    }
}

/// The place that the cell in `row` and `column` of the result shows.
#[inline(always)]
fn best(
    level: &Level,
    field: &Field,
    (guide, candidates): (Option<&Guide>, Option<&Candidates>),
    (row, column): (usize, usize),
) -> u32 {
    // The cells around it, row by row.
    let mut around = [[0; SPAN]; SPAN];
    for (index, around) in around.iter_mut().enumerate() {
        around.copy_from_slice(&field.places[(row + index) * field.width + column..][..SPAN]);
    }
    let at = |down: i32, right: i32| around[(REACH as i32 + down) as usize][(REACH as i32 + right) as usize];
    let mut own = [None; 9];
    for (index, candidate) in own.iter_mut().enumerate() {
        let (down, right) = neighbour(index);
        *candidate = shifted(level, at(down, right), -down, -right);
    }
    if !level.has_table() && candidates.is_none() && own.iter().all(|candidate| *candidate == own[4]) {
        return own[4].unwrap_or_else(|| at(0, 0));
    }
    let target = target(level, at);
    // All cells around it but itself, whose place may stay; one of them stands for it.
    let mut near = around;
    near[REACH][REACH] = near[0][0];
    // Candidates in order, each with its factor and what it costs more.
    let mut offers = [(0, 0, 0); 18];
    let mut count = 0;
    let mut offer = |place: u32, factor: i32| {
        offers[count] = (place, factor, 0);
        count += 1;
    };
    for index in 0..9 {
        // An earlier neighbour proposed the same place at the same cost.
        let seen = own[..index].contains(&own[index]);
        if let Some(place) = own[index].filter(|_| !seen) {
            offer(place, OWN);
        }
        if level.has_table() {
            let (down, right) = neighbour(index);
            let similar = level.similar(at(down, right))[0];
            if let Some(place) = shifted(level, similar, -down, -right) {
                offer(place, SIMILAR);
            }
        }
    }
    let further = candidates.into_iter().flat_map(|candidates| {
        let places = candidates.of_cell(row, column).map(|place| level.shape().clamped(place));
        places.filter(|place| level.shape().may_show(*place)).map(|place| (place, OWN, candidates.cost))
    });
    // Ties go to the first.
    let mut best = (i32::MAX, at(0, 0));
    for (place, factor, more) in offers[..count].iter().copied().chain(further) {
        let guided = guide.map_or(0, |guide| guide.cost(place, row, column));
        let cost = cost(level, &near, &target, (place, factor, more), guided);
        if cost < best.0 {
            best = (cost, place);
        }
    }
    best.1
}

#[inline(always)]
fn neighbour(index: usize) -> (i32, i32) {
    (index as i32 / 3 - 1, index as i32 % 3 - 1)
}

/// `place` moved by at most one row and column; `None` if it may not be shown.
#[inline(always)]
fn shifted(level: &Level, place: u32, down: i32, right: i32) -> Option<u32> {
    let (y, x) = unpack(place);
    let (y, x) = (y as i32 + down, x as i32 + right);
    let shape = level.shape();
    let (height, width) = (shape.height as i32, shape.width as i32);
    match shape.edges {
        Edges::Wrap => {
            let wrap = |at: i32, length: i32| {
                (if at < 0 {
                    at + length
                } else if at >= length {
                    at - length
                } else {
                    at
                }) as u32
            };
            Some(pack(wrap(y, height), wrap(x, width)))
        }
        Edges::Bounded => {
            let inside = (0..height).contains(&y) && (0..width).contains(&x);
            inside.then(|| pack(y as u32, x as u32)).filter(|place| shape.may_show(*place))
        }
    }
}

#[inline(always)]
fn target(level: &Level, at: impl Fn(i32, i32) -> u32) -> Target {
    DIAGONALS.map(|(down, right)| {
        let own = level.appearance(at(down, right), 0, 0);
        // The cell beside it, one row on, shows a place; the appearance one row back from there is a prediction.
        let beside = level.appearance(at(2 * down, right), -down, 0);
        let above = level.appearance(at(down, 2 * right), 0, -right);
        let mut sum = [0; DIMENSIONS];
        for (k, sum) in sum.iter_mut().enumerate() {
            *sum = i16::from(own[k]) + i16::from(beside[k]) + i16::from(above[k]);
        }
        sum
    })
}

/// The cost of showing `place`, which costs the guide `guided`: at most 1,782 million, or 2,000 million if it is excluded.
#[inline(always)]
fn cost(
    level: &Level,
    near: &[[u32; SPAN]; SPAN],
    target: &Target,
    (place, factor, more): (u32, i32, i32),
    guided: i32,
) -> i32 {
    // Wrapping, so that debug builds run vectors too; nothing here comes near a limit.
    let mut sum = 0i32;
    for (&(down, right), target) in DIAGONALS.iter().zip(target) {
        let found = level.appearance(place, down, right);
        for k in 0..DIMENSIONS {
            let difference = i32::from(i16::from(found[k]).wrapping_mul(3).wrapping_sub(target[k]));
            sum = sum.wrapping_add(difference.wrapping_mul(difference));
        }
    }
    let mut repeated = false;
    near.as_flattened().iter().for_each(|&near| repeated |= near == place);
    with_guide(factor * sum + more, guided, repeated.then_some(REPEATED))
}
