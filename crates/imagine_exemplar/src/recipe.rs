//! How freely an exemplar is rearranged.

/// How a field is refined. Levels count from the coarsest, 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipe {
    /// Halvings from the exemplar to the coarsest level.
    pub halvings: usize,
    /// Side, in cells, of the blocks that start and move together.
    pub block: u32,
    /// How many of 256 blocks move on each level; 0 beyond the end of the list.
    pub moves: Vec<u8>,
    /// Matching passes on each level; the last entry counts for all finer levels.
    pub passes: Vec<u8>,
    /// Offsets (place minus cell) are multiples of this, in texels, `(rows, columns)`. 1 is free; the length of a side keeps
    /// every row or column where it is.
    pub lattice: (u32, u32),
    /// Levels whose places are at least this many texels apart have a table of similar places.
    pub tables_from: u32,
}

impl Recipe {
    /// The recipe of materials without a lattice, for an exemplar of `height` x `width` texels: as many halvings as leave whole
    /// sides of at least 4.
    pub fn free(height: usize, width: usize) -> Self {
        let side = height.min(width);
        let may_halve = |l: &usize| height.is_multiple_of(1 << l) && width.is_multiple_of(1 << l) && side >> l >= 4;
        let halvings = (1..16).take_while(may_halve).count();
        // The search for similar places compares all pairs: too slow from 128 places a side on.
        let tables_from = (height.max(width) / 128).max(4).next_power_of_two() as u32;
        Self { halvings, block: 4, moves: vec![0, 230, 179, 128, 77], passes: vec![3], lattice: (1, 1), tables_from }
    }

    /// Texels between the places of a level.
    pub fn spacing(&self, level: usize) -> usize {
        1 << (self.halvings - level)
    }

    /// Passes on a level.
    pub fn passes_on(&self, level: usize) -> usize {
        self.passes.get(level).or(self.passes.last()).copied().unwrap_or(0).into()
    }

    /// How many of 256 blocks move on a level.
    pub fn moves_on(&self, level: usize) -> u8 {
        self.moves.get(level).copied().unwrap_or(0)
    }

    /// The lattice in places of a level.
    pub fn lattice_on(&self, level: usize) -> (u32, u32) {
        let spacing = 1 << (self.halvings - level);
        let along = |period: u32| (period / spacing).max(1);
        (along(self.lattice.0), along(self.lattice.1))
    }
}
