//! One level of an exemplar, prepared for matching: the appearance of each place, and a table of similar places.

use imagine_codec::{DIMENSIONS, Edges, rimmed, words};

/// Why a level cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LevelError {
    /// A side is 0 or does not fit 16 bits.
    #[error("a level of {0} x {1} places: sides are 1 to 65,536")]
    Side(usize, usize),
    /// There is not one appearance for each place.
    #[error("{found} appearances for {places} places")]
    Appearance {
        /// Places of the level.
        places: usize,
        /// Appearances that were given.
        found: usize,
    },
    /// The number of entries of the table is not a multiple of the number of places.
    #[error("the table of similar places has {0} entries: it needs the same number for each place")]
    Table(usize),
    /// An entry of the table names no place that may be shown.
    #[error("the table of similar places names row {}, column {}, which may not be shown", .0 >> 16, .0 & 0xffff)]
    Entry(u32),
}

/// Rows and columns of a level's places, and what lies beyond them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LevelShape {
    /// Rows of places.
    pub height: u32,
    /// Columns of places.
    pub width: u32,
    /// How the exemplar continues beyond its edges.
    pub edges: Edges,
}

impl LevelShape {
    /// `(y, x)` moved by `(down, right)`; beyond an edge it wraps or is clamped to the margin.
    pub fn moved(self, (y, x): (u32, u32), down: i64, right: i64) -> u32 {
        let along = |at: u32, by: i64, length: u32| {
            let to = i64::from(at) + by;
            let (margin, length) = (i64::from(self.edges.margin(length)), i64::from(length));
            match self.edges {
                // A division only where it is needed.
                Edges::Wrap if (0..length).contains(&to) => to as u32,
                Edges::Wrap => to.rem_euclid(length) as u32,
                Edges::Bounded => to.clamp(margin, length - 1 - margin) as u32,
            }
        };
        crate::pack(along(y, down, self.height), along(x, right, self.width))
    }

    /// `place`, or the nearest one of the level.
    pub fn clamped(self, place: u32) -> u32 {
        let (y, x) = crate::unpack(place);
        crate::pack(y.min(self.height - 1), x.min(self.width - 1))
    }

    /// Whether a cell may show `place`.
    pub fn may_show(self, place: u32) -> bool {
        let (y, x) = crate::unpack(place);
        let inside = |at: u32, length: u32| {
            let margin = self.edges.margin(length);
            at >= margin && at + margin < length
        };
        inside(y, self.height) && inside(x, self.width)
    }
}

/// One level of an exemplar.
#[derive(Clone, Debug)]
pub struct Level {
    shape: LevelShape,
    /// Appearance vectors, `[height + 2, width + 2]`: with a rim of one place.
    appearance: Vec<[i8; DIMENSIONS]>,
    /// `similar_per_place` packed places for each place, most similar first.
    similar: Vec<u32>,
    similar_per_place: usize,
}

impl Level {
    /// A level of `height` x `width` places with their appearance, row by row, and a table of packed similar places, the same
    /// number for each place. An empty table means that there is none.
    pub fn new(
        height: usize,
        width: usize,
        edges: Edges,
        appearance: &[[i8; DIMENSIONS]],
        similar: Vec<u32>,
    ) -> Result<Self, LevelError> {
        if !(1..=1 << 16).contains(&height) || !(1..=1 << 16).contains(&width) {
            return Err(LevelError::Side(height, width));
        }
        let places = height * width;
        if appearance.len() != places {
            return Err(LevelError::Appearance { places, found: appearance.len() });
        }
        if !similar.len().is_multiple_of(places) {
            return Err(LevelError::Table(similar.len()));
        }
        let padded = rimmed(appearance, height, width, edges);
        let shape = LevelShape { height: height as u32, width: width as u32, edges };
        match similar.iter().find(|&&place| !shape.may_show(place)) {
            Some(&place) => Err(LevelError::Entry(place)),
            None => Ok(Self { shape, appearance: padded, similar_per_place: similar.len() / places, similar }),
        }
    }

    /// A level as operators have it: appearance in words of four bytes, `[height + 2, width + 2, 2]`, with a rim of one place, and
    /// a table of packed places, `[height, width, k]`, or nothing. Places outside the level are clamped to it.
    ///
    /// # Panics
    /// If the words do not have this shape.
    pub fn from_words(height: usize, width: usize, edges: Edges, appearance: &[i32], similar: &[i32]) -> Self {
        assert_eq!(appearance.len(), (height + 2) * (width + 2) * 2, "two words for each place and the rim");
        assert!(similar.len().is_multiple_of(height * width), "the same number of similar places for each place");
        let appearance = appearance.as_chunks().0.iter().map(|&[low, high]: &[i32; 2]| {
            let ([a, b, c, d], [e, f, g, h]) = (low.to_le_bytes(), high.to_le_bytes());
            [a, b, c, d, e, f, g, h].map(|v| v as i8)
        });
        let shape = LevelShape { height: height as u32, width: width as u32, edges };
        Self {
            shape,
            appearance: appearance.collect(),
            similar: similar.iter().map(|&place| shape.clamped(place as u32)).collect(),
            similar_per_place: similar.len() / (height * width),
        }
    }

    /// A level with a table of similar places alone, as operators have it, for moving blocks.
    pub(crate) fn from_table(height: usize, width: usize, edges: Edges, similar: &[i32]) -> Self {
        let shape = LevelShape { height: height as u32, width: width as u32, edges };
        let similar_per_place = similar.len() / (height * width);
        let similar = similar.iter().map(|&place| shape.clamped(place as u32)).collect();
        Self { shape, appearance: Vec::new(), similar, similar_per_place }
    }

    /// The appearance in words, `[height + 2, width + 2, 2]`, with a rim of one place: what [`Level::from_words`] takes.
    pub fn appearance_words(&self) -> Vec<i32> {
        words(&self.appearance)
    }

    /// The table of similar places, `[height, width, similar per place]`; empty if there is none.
    pub fn table(&self) -> &[u32] {
        &self.similar
    }

    /// Rows and columns of places, and what lies beyond them.
    pub fn shape(&self) -> LevelShape {
        self.shape
    }

    /// Places similar to `place`, most similar first; none if the level has no table.
    pub fn similar(&self, place: u32) -> &[u32] {
        let (y, x) = crate::unpack(place);
        let first = (y as usize * self.shape.width as usize + x as usize) * self.similar_per_place;
        &self.similar[first..first + self.similar_per_place]
    }

    /// Whether the level has a table of similar places.
    pub fn has_table(&self) -> bool {
        self.similar_per_place > 0
    }

    /// The appearance of `place` moved by `(down, right)`, each -1, 0 or 1.
    #[inline(always)]
    pub(crate) fn appearance(&self, place: u32, down: i32, right: i32) -> &[i8; DIMENSIONS] {
        let (y, x) = crate::unpack(place);
        let row = (y as i32 + 1 + down) as usize;
        &self.appearance[row * (self.shape.width as usize + 2) + (x as i32 + 1 + right) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pack;

    #[test]
    fn mismatched_sizes_are_refused() {
        let appearance = [[0; DIMENSIONS]; 4];
        let new =
            |height, width, similar: &[u32]| Level::new(height, width, Edges::Wrap, &appearance, similar.to_vec());
        assert!(new(2, 2, &[]).is_ok());
        assert_eq!(new(0, 2, &[]).unwrap_err(), LevelError::Side(0, 2));
        assert_eq!(new(2, 3, &[]).unwrap_err(), LevelError::Appearance { places: 6, found: 4 });
        assert_eq!(new(2, 2, &[0]).unwrap_err(), LevelError::Table(1));
        assert_eq!(new(2, 2, &[0, 0, 0, pack(2, 0)]).unwrap_err(), LevelError::Entry(pack(2, 0)));
    }

    #[test]
    fn a_bounded_level_keeps_its_margin() {
        let level = Level::new(12, 6, Edges::Bounded, &[[0; DIMENSIONS]; 72], Vec::new()).unwrap();
        assert!(
            level.shape().may_show(pack(2, 1))
                && !level.shape().may_show(pack(1, 1))
                && !level.shape().may_show(pack(10, 1))
        );
        assert_eq!(level.shape().moved((5, 3), -9, 9), pack(2, 4));
        let tiles = Level::new(12, 6, Edges::Wrap, &[[0; DIMENSIONS]; 72], Vec::new()).unwrap();
        assert_eq!(tiles.shape().moved((5, 3), -9, 9), pack(8, 0));
    }
}
