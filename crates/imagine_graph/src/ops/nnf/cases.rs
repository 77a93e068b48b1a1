//! Cases of the operators of nearest-neighbour fields.

use std::ops::Range;

use super::{NnfDistance, NnfPropagate, NnfSearch, NnfVote};
use crate::ops::{Case, Op};

/// Words of features whose four bytes differ.
const WORDS: Range<i32> = -(1 << 29)..1 << 29;
/// Words that are no places.
const OUTSIDE: Range<i32> = -(1 << 30)..0;

/// Packed places of a source of `height` x `width`, some of them outside it.
fn places([height, width]: [usize; 2]) -> Range<i32> {
    0..((height as i32 - 1) << 16 | width as i32).max(1)
}

/// A case with field, target and source.
fn of(name: &str, op: impl Into<Op>, size: [usize; 2], source: [usize; 2], words: usize) -> Case {
    let case = Case::new(name, op).int([1, 1, size[0], size[1]], places(source)).not_differentiable();
    case.int([size[0], size[1], words], WORDS).int([source[0], source[1], words], WORDS)
}

fn cells([height, width]: [usize; 2]) -> [usize; 4] {
    [1, 1, height, width]
}

pub(super) fn search() -> Vec<Case> {
    let op = |radius| NnfSearch { radius, ..NnfSearch::default() };
    let (size, source) = ([7, 9], [11, 6]);
    let torus = NnfSearch { tiles: true, source_tiles: true, ..op(2) };
    vec![
        of("one of one", op(0), [1, 1], [1, 1], 1),
        of("by features, odd size 17x13", op(0), [17, 13], [9, 5], 6),
        of("patches", op(1), size, source, 2),
        of("no patch fits", op(3), [5, 4], [6, 6], 1),
        of("torus smaller than the patch", torus.clone(), [3, 4], [4, 3], 1),
        of("masks", torus, size, source, 2).bool(cells(source)).bool(cells(size)),
        of("weights", op(1), size, source, 1).none().none().int(cells(size), -4..24),
        of("local", NnfSearch { locality: 96, ..op(1) }, size, size, 2).bool(cells(size)),
        of("local torus", NnfSearch { locality: 128, source_tiles: true, ..op(0) }, size, size, 1),
    ]
}

pub(super) fn propagate() -> Vec<Case> {
    let op = NnfPropagate::default;
    let (size, source) = ([9, 11], [13, 7]);
    let torus = NnfPropagate { tiles: true, source_tiles: true, ..op() };
    vec![
        of("one of one", op(), [1, 1], [1, 1], 1),
        of("odd size 97x61", op(), [97, 61], [13, 7], 2),
        of("window of one", NnfPropagate { window: 1, jump: 0, ..op() }, size, source, 1),
        of("windows", NnfPropagate { window: 2, coherence: 54, ..op() }, size, size, 6),
        of("torus", NnfPropagate { window: 2, jump: 4, ..torus.clone() }, size, source, 2),
        of("torus smaller than the jump", NnfPropagate { jump: 64, window: 2, ..torus.clone() }, [2, 3], [2, 1], 1),
        of("masks", torus, size, source, 1).bool(cells(source)).bool(cells(size)),
        of("local", NnfPropagate { locality: 96, jump: 2, ..op() }, size, size, 2).bool(cells(size)),
        of("candidates", NnfPropagate { coherence: 0, ..op() }, size, source, 1)
            .none()
            .none()
            .int([1, 3, size[0], size[1]], places(source)),
        of("penalty", op(), size, source, 16).none().none().none().int(cells(source), -1000..5_000_000),
        Case::new("places outside", op())
            .int([1, 1, 5, 4], OUTSIDE)
            .int([5, 4, 1], WORDS)
            .int([3, 6, 1], WORDS)
            .none()
            .none()
            .int([1, 2, 5, 4], OUTSIDE)
            .not_differentiable(),
    ]
}

pub(super) fn distance() -> Vec<Case> {
    let op = NnfDistance::default;
    let (size, source) = ([9, 11], [13, 7]);
    vec![
        of("one of one", op(), [1, 1], [1, 1], 1),
        of("odd size 97x61", op(), [97, 61], [13, 7], 3),
        of("masks", op(), size, source, 16).bool(cells(source)).bool(cells(size)),
    ]
}

pub(super) fn vote() -> Vec<Case> {
    let of = |name: &str, op: NnfVote, size: [usize; 2], source: [usize; 2], channels: usize| {
        let case = Case::new(name, op).int(cells(size), places(source)).not_differentiable();
        let source = [1, channels, source[0], source[1]];
        case.float(source, -260.0..260.0).float([1, channels, size[0], size[1]], -1.0..1.0)
    };
    let op = |falloff: &[u32]| NnfVote { falloff: falloff.to_vec(), ..NnfVote::default() };
    let (size, source) = ([9, 11], [13, 7]);
    let best = NnfVote { best: true, ..op(&[8, 3]) };
    let torus = NnfVote { tiles: true, source_tiles: true, ..op(&[8, 7, 5, 3]) };
    vec![
        of("one of one", op(&[1]), [1, 1], [1, 1], 1),
        of("odd size 97x61", op(&[8, 3]), [97, 61], [13, 7], 3),
        of("wide, five channels", op(&[8, 7, 5, 3]), size, source, 5),
        of("torus", torus, [3, 4], [5, 2], 2),
        of("masks", op(&[8, 6, 3]), size, source, 1).bool(cells(source)).bool(cells(size)),
        of("weights", op(&[1, 1]), size, source, 2).none().none().int(cells(size), -200..1500),
        of("nothing has weight", op(&[0]), size, source, 1),
        of("best", best.clone(), size, source, 4).bool(cells(source)),
        of("best by weight", best, size, source, 6).none().bool(cells(size)).int(cells(size), 0..4),
    ]
}
