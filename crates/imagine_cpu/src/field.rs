//! A coordinate field, whole or as a window of an endless plane.

/// Which place of an exemplar each cell shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Row of the endless plane that the first row is; 0 on a torus.
    pub top: i64,
    /// Column of the endless plane that the first column is; 0 on a torus.
    pub left: i64,
    /// Rows of cells.
    pub height: usize,
    /// Columns of cells.
    pub width: usize,
    /// Packed places ([`crate::pack`]), row by row.
    pub places: Vec<u32>,
}

impl Field {
    /// The place that the cell in `row` and `column` of this field shows.
    pub fn at(&self, row: usize, column: usize) -> u32 {
        self.places[row * self.width + column]
    }

    /// The part of the field that covers rows `top..top + height` and columns `left..left + width` of the plane.
    ///
    /// # Panics
    /// If the field does not cover them.
    pub fn crop(&self, top: i64, left: i64, height: usize, width: usize) -> Field {
        let (down, right) = ((top - self.top) as usize, (left - self.left) as usize);
        assert!(top >= self.top && left >= self.left && down + height <= self.height && right + width <= self.width);
        let rows = (down..down + height).map(|row| &self.places[row * self.width + right..][..width]);
        Field { top, left, height, width, places: rows.flatten().copied().collect() }
    }

    /// The field of a torus with `rim` more cells on each side, copied from the opposite side.
    pub fn wrapped(&self, rim: usize) -> Field {
        let (height, width) = (self.height + 2 * rim, self.width + 2 * rim);
        let mut places = Vec::with_capacity(height * width);
        for row in 0..height {
            let row = (row + self.height * rim - rim) % self.height;
            let source = &self.places[row * self.width..][..self.width];
            places.extend((0..width).map(|column| source[(column + self.width * rim - rim) % self.width]));
        }
        Field { top: -(rim as i64), left: -(rim as i64), height, width, places }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rim_shows_the_other_side_also_when_it_is_wider_than_the_field() {
        let field = Field { top: 0, left: 0, height: 1, width: 3, places: vec![10, 11, 12] };
        let wrapped = field.wrapped(2);
        assert_eq!((wrapped.height, wrapped.width), (5, 7));
        assert_eq!(wrapped.places[..7], [11, 12, 10, 11, 12, 10, 11]);
        assert_eq!(wrapped.crop(0, 0, 1, 3), field);
    }
}
