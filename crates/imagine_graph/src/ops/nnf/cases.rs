//! What the cases of nearest-neighbour fields are made of.

use std::ops::Range;

use crate::ops::{Case, Op};

/// Words of features whose four bytes differ.
pub(super) const WORDS: Range<i32> = -(1 << 29)..1 << 29;
/// Words that are no places.
pub(super) const OUTSIDE: Range<i32> = -(1 << 30)..0;

/// Packed places of a source of `height` x `width`, some of them outside it.
pub(super) fn places([height, width]: [usize; 2]) -> Range<i32> {
    0..((height as i32 - 1) << 16 | width as i32).max(1)
}

/// A case with field, target and source.
pub(super) fn of(name: &str, op: impl Into<Op>, size: [usize; 2], source: [usize; 2], words: usize) -> Case {
    let case = Case::new(name, op).int([1, 1, size[0], size[1]], places(source)).not_differentiable();
    case.int([size[0], size[1], words], WORDS).int([source[0], source[1], words], WORDS)
}

pub(super) fn cells([height, width]: [usize; 2]) -> [usize; 4] {
    [1, 1, height, width]
}
