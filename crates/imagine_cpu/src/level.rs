//! One level of an exemplar, prepared for matching: the appearance of each place, and a table of similar places.

/// Dimensions of appearance.
pub const DIMENSIONS: usize = 8;

/// How the exemplar continues beyond its edges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edges {
    /// At the opposite edge: the exemplar tiles.
    Wrap,
    /// Not at all. Places nearer to an edge than the margin, min(2, side / 6) places, are never shown.
    Bounded,
}

impl Edges {
    /// Places along an edge that are never shown, of a side of `length` places.
    pub fn margin(self, length: u32) -> u32 {
        match self {
            Edges::Wrap => 0,
            Edges::Bounded => (length / 6).min(2),
        }
    }
}

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

/// One level of an exemplar.
#[derive(Clone, Debug)]
pub struct Level {
    height: u32,
    width: u32,
    edges: Edges,
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
        let mut padded = Vec::with_capacity((height + 2) * (width + 2));
        for row in 0..height + 2 {
            let row = rim(edges, row, height) * width;
            padded.extend((0..width + 2).map(|column| appearance[row + rim(edges, column, width)]));
        }
        let similar_per_place = similar.len() / places;
        let level =
            Self { height: height as u32, width: width as u32, edges, appearance: padded, similar, similar_per_place };
        match level.similar.iter().find(|&&place| !level.may_show(place)) {
            Some(&place) => Err(LevelError::Entry(place)),
            None => Ok(level),
        }
    }

    /// Rows of places.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Columns of places.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// How the exemplar continues beyond its edges.
    pub fn edges(&self) -> Edges {
        self.edges
    }

    /// Places similar to `place`, most similar first; none if the level has no table.
    pub fn similar(&self, place: u32) -> &[u32] {
        let (y, x) = crate::unpack(place);
        let first = (y as usize * self.width as usize + x as usize) * self.similar_per_place;
        &self.similar[first..first + self.similar_per_place]
    }

    /// Whether the level has a table of similar places.
    pub fn has_table(&self) -> bool {
        self.similar_per_place > 0
    }

    /// Places along an edge that are never shown, of a side of `length` places.
    pub fn margin(&self, length: u32) -> u32 {
        self.edges.margin(length)
    }

    /// Whether a cell may show `place`.
    pub fn may_show(&self, place: u32) -> bool {
        let (y, x) = crate::unpack(place);
        let inside = |at: u32, length: u32| at >= self.margin(length) && at + self.margin(length) < length;
        inside(y, self.height) && inside(x, self.width)
    }

    /// `(y, x)` moved by `(down, right)`; beyond an edge it wraps or is clamped to the margin.
    pub fn moved(&self, (y, x): (u32, u32), down: i64, right: i64) -> u32 {
        let along = |at: u32, by: i64, length: u32| {
            let to = i64::from(at) + by;
            let (margin, length) = (i64::from(self.margin(length)), i64::from(length));
            match self.edges {
                Edges::Wrap => to.rem_euclid(length) as u32,
                Edges::Bounded => to.clamp(margin, length - 1 - margin) as u32,
            }
        };
        crate::pack(along(y, down, self.height), along(x, right, self.width))
    }

    /// The appearance of `place` moved by `(down, right)`, each -1, 0 or 1.
    #[inline]
    pub(crate) fn appearance(&self, place: u32, down: i32, right: i32) -> &[i8; DIMENSIONS] {
        let (y, x) = crate::unpack(place);
        let row = (y as i32 + 1 + down) as usize;
        &self.appearance[row * (self.width as usize + 2) + (x as i32 + 1 + right) as usize]
    }
}

/// Row or column of the level that the rim's row or column `index` repeats.
fn rim(edges: Edges, index: usize, length: usize) -> usize {
    match edges {
        Edges::Wrap => (index + length - 1) % length,
        Edges::Bounded => index.saturating_sub(1).min(length - 1),
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
        assert!(level.may_show(pack(2, 1)) && !level.may_show(pack(1, 1)) && !level.may_show(pack(10, 1)));
        assert_eq!(level.moved((5, 3), -9, 9), pack(2, 4));
        let tiles = Level::new(12, 6, Edges::Wrap, &[[0; DIMENSIONS]; 72], Vec::new()).unwrap();
        assert_eq!(tiles.moved((5, 3), -9, 9), pack(8, 0));
    }
}
