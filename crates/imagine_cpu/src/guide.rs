//! Guides: which places are wanted where.

/// The cost of an excluded place: one that a guide of the greatest weight does not want.
const EXCLUDED: i32 = 2_000_000_000;
/// The greatest weight, which excludes.
const EXCLUDES: i32 = 255;
const MOST: i32 = 400_000_000;

/// Up to eight bytes that describe each place of a level, and the intervals of them that each cell of an image wants.
#[derive(Clone, Copy, Debug)]
pub struct Guide<'a> {
    /// Words of each place, `[height, width, words]`, four unsigned bytes a word.
    pub places: &'a [i32],
    /// Columns of places.
    pub width: usize,
    /// Words of a place.
    pub words: usize,
    /// `low | high << 8 | weight << 16` for each guide and cell, `[guides, rows, columns]`.
    pub target: &'a [i32],
    /// Rows and columns of the target: those of the field, or 1 for all of them.
    pub size: [usize; 2],
    /// Multiplies the costs, 1 to 1024.
    pub scale: i32,
}

impl Guide<'_> {
    /// What `place` costs in the cell in `row` and `column`: 0 to 400 million, or 2,000 million if it is excluded.
    pub(crate) fn cost(&self, place: u32, row: usize, column: usize) -> i32 {
        let (y, x) = crate::unpack(place);
        let bytes = &self.places[(y as usize * self.width + x as usize) * self.words..][..self.words];
        let [rows, columns] = self.size;
        let cell = if rows == 1 { 0 } else { row } * columns + if columns == 1 { 0 } else { column };
        let mut sum = 0;
        for (k, target) in self.target.iter().skip(cell).step_by(rows * columns).enumerate() {
            let byte = i32::from(bytes[k / 4].to_le_bytes()[k % 4]);
            let [low, high, weight, _] = target.to_le_bytes().map(i32::from);
            let distance = (low - byte).max(byte - high).max(0);
            if weight == EXCLUDES && distance > 0 {
                return EXCLUDED;
            }
            sum += weight * distance * distance;
        }
        self.scale * sum.min(MOST / self.scale)
    }
}

/// `cost` with that of the guide, `added`, and more if the place is `repeated`.
#[inline(always)]
pub(crate) fn with_guide(cost: i32, added: i32, repeated: Option<(i32, i32)>) -> i32 {
    if added == EXCLUDED {
        return EXCLUDED;
    }
    let cost = cost + added;
    repeated.map_or(cost, |(factor, more)| cost * factor + more)
}
