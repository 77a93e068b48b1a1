//! Further candidates of a matching pass: places that are proposed to each cell.

/// Places that are proposed to each cell of an image, beside those of its neighbours.
#[derive(Clone, Copy, Debug)]
pub struct Candidates<'a> {
    /// Packed places, `[count, rows, columns]`.
    pub places: &'a [i32],
    /// Rows and columns of the places: those of the field, or 1 for all of them.
    pub size: [usize; 2],
    /// What showing one of them costs more, 0 to 100 million.
    pub cost: i32,
}

impl Candidates<'_> {
    /// The places proposed to the cell in `row` and `column`.
    pub(crate) fn of_cell(&self, row: usize, column: usize) -> impl Iterator<Item = u32> {
        let [rows, columns] = self.size;
        let cell = if rows == 1 { 0 } else { row } * columns + if columns == 1 { 0 } else { column };
        self.places.iter().skip(cell).step_by(rows * columns).map(|&place| place as u32)
    }
}
