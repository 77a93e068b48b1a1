//! Tiles: rows and columns of an image that a thread computes at once, in memory that stays in its cache.
//!
//! The positions of a tile are flat: its rows lie one behind the other, `stride` apart, so that one loop runs over all of them. Numbers between
//! the end of a row and the next are computed and not used.

mod window;

pub(crate) use window::Window;

use std::marker::PhantomData;
use std::ops::Range;

use rayon::prelude::*;

/// Floats of a cache line.
const LINE: usize = 16;

/// Rows and columns of one image of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tile {
    pub image: usize,
    pub top: usize,
    pub left: usize,
    pub rows: usize,
    pub columns: usize,
    /// Distance of rows in the tile's memory.
    pub stride: usize,
}

impl Tile {
    /// Number of flat positions.
    pub fn positions(&self) -> usize {
        (self.rows - 1) * self.stride + self.columns
    }
}

/// How a batch of images is cut.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cut {
    pub images: usize,
    pub height: usize,
    pub width: usize,
    /// Rows and columns of a tile.
    pub rows: usize,
    pub columns: usize,
    /// Distance of rows in a tile's memory.
    pub stride: usize,
}

impl Cut {
    /// Tiles of at most about `positions` positions, rows `halo` longer than the tile; `unit` rows and columns belong together.
    pub fn new([images, height, width]: [usize; 3], halo: usize, positions: usize, unit: [usize; 2]) -> Self {
        let columns = if width + halo <= positions { width } else { (positions - halo.min(positions / 2)).max(LINE) };
        let columns = columns.next_multiple_of(unit[1]).min(width);
        let stride = columns + halo;
        let rows = (positions / stride).max(1).next_multiple_of(unit[0]).min(height);
        Self { images, height, width, rows, columns, stride }
    }

    /// Number of tiles.
    pub fn count(&self) -> usize {
        self.images * self.height.div_ceil(self.rows) * self.width.div_ceil(self.columns)
    }

    /// The same with about `tiles` tiles or more, as far as rows can be cut.
    pub fn at_least(mut self, tiles: usize, unit: usize) -> Self {
        while self.count() < tiles && self.rows > unit {
            self.rows = self.rows.div_ceil(2).next_multiple_of(unit);
        }
        self
    }

    /// Tile `index`.
    pub fn tile(&self, index: usize) -> Tile {
        let (down, across) = (self.height.div_ceil(self.rows), self.width.div_ceil(self.columns));
        let (image, at) = (index / (down * across), index % (down * across));
        let (top, left) = (at / across * self.rows, at % across * self.columns);
        let (rows, columns) = (self.rows.min(self.height - top), self.columns.min(self.width - left));
        Tile { image, top, left, rows, columns, stride: self.stride }
    }

    /// Flat positions of the largest tile.
    pub fn positions(&self) -> usize {
        (self.rows - 1) * self.stride + self.columns
    }
}

/// `length` rounded up so that rows of that distance do not compete for the same places of a cache.
pub(crate) fn spread(length: usize) -> usize {
    let lines = length.div_ceil(LINE);
    (lines + 1 - lines % 2) * LINE
}

/// Runs `work` for all `0 .. count` on rayon's threads.
pub(crate) fn for_each(count: usize, work: impl Fn(usize) + Sync + Send) {
    if count == 1 || rayon::current_num_threads() == 1 {
        (0..count).for_each(work);
    } else {
        (0..count).into_par_iter().with_max_len(1).for_each(work);
    }
}

/// A slice that threads write disjoint parts of.
#[derive(Clone, Copy)]
pub(crate) struct Shared<'a> {
    start: *mut f32,
    length: usize,
    of: PhantomData<&'a mut [f32]>,
}

// SAFETY: `part` demands that parts do not overlap.
unsafe impl Send for Shared<'_> {}
// SAFETY: as above.
unsafe impl Sync for Shared<'_> {}

impl<'a> Shared<'a> {
    pub fn new(slice: &'a mut [f32]) -> Self {
        Self { start: slice.as_mut_ptr(), length: slice.len(), of: PhantomData }
    }

    /// Number of floats.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Where the slice begins.
    pub fn start(&self) -> *mut f32 {
        self.start
    }

    /// A part of the slice.
    ///
    /// # Safety
    /// No other part in use overlaps it.
    ///
    /// # Panics
    /// If it is not inside the slice.
    pub unsafe fn part(&self, range: Range<usize>) -> &'a mut [f32] {
        assert!(range.start <= range.end && range.end <= self.length, "{range:?} of {}", self.length);
        // SAFETY: it is inside the slice, and the caller's alone.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(range.start), range.len()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_cover_every_position_once() {
        for (size, halo, positions, unit) in [
            ([2, 97, 61], 2, 700, [1, 1]),
            ([1, 5, 5000], 6, 512, [2, 2]),
            ([3, 1, 1], 0, 4096, [1, 1]),
            ([1, 64, 64], 0, 300, [4, 4]),
        ] {
            let cut = Cut::new(size, halo, positions, unit).at_least(3, unit[0]);
            let mut seen = vec![0; size.iter().product()];
            for tile in (0..cut.count()).map(|index| cut.tile(index)) {
                assert!(
                    tile.positions() <= cut.positions() && tile.columns + halo <= tile.stride.max(tile.columns + halo)
                );
                assert!(tile.top.is_multiple_of(unit[0]) && tile.left.is_multiple_of(unit[1]));
                for (y, x) in (0..tile.rows).flat_map(|y| (0..tile.columns).map(move |x| (y, x))) {
                    seen[(tile.image * size[1] + tile.top + y) * size[2] + tile.left + x] += 1;
                }
            }
            assert!(seen.iter().all(|&times| times == 1));
        }
    }
}
