//! Named types for pairs of numbers: one value per axis, positions, exact fractions.
//!
//! A pair `[a, b]` does not say which number belongs to the height; these types do. In JSON each is an array of two numbers,
//! in the order of its fields.

use num_integer::Integer;
use serde::{Deserialize, Serialize};

/// Height or width.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Axis {
    /// From top to bottom.
    Height,
    /// From left to right.
    Width,
}

impl Axis {
    /// Both, in the order of shapes.
    pub const ALL: [Axis; 2] = [Axis::Height, Axis::Width];

    /// `height` or `width`.
    pub fn name(self) -> &'static str {
        match self {
            Axis::Height => "height",
            Axis::Width => "width",
        }
    }

    /// Index of this axis in a shape of `rank` dimensions, which ends with height and width; `None` if the shape is too short.
    pub fn index(self, rank: usize) -> Option<usize> {
        rank.checked_sub(match self {
            Axis::Height => 2,
            Axis::Width => 1,
        })
    }
}

/// One value per axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "[T; 2]", into = "[T; 2]", bound(serialize = "T: Clone + Serialize"))]
pub struct PerAxis<T> {
    /// Along the height.
    pub height: T,
    /// Along the width.
    pub width: T,
}

/// Lengths along height and width.
pub type Extent = PerAxis<usize>;

impl Extent {
    /// Height and width of a shape, its last two dimensions; a missing dimension counts as 1.
    pub fn of_shape(shape: &[usize]) -> Self {
        Self::from_fn(|axis| axis.index(shape.len()).map_or(1, |index| shape[index]))
    }
}

impl<T> PerAxis<T> {
    /// Calls `make` for each axis.
    pub fn from_fn(mut make: impl FnMut(Axis) -> T) -> Self {
        Self { height: make(Axis::Height), width: make(Axis::Width) }
    }

    /// Both values, in the order of shapes.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        [&self.height, &self.width].into_iter()
    }

    /// Applies `change` to both values.
    pub fn map<U>(self, mut change: impl FnMut(T) -> U) -> PerAxis<U> {
        PerAxis { height: change(self.height), width: change(self.width) }
    }
}

impl<T: Clone> PerAxis<T> {
    /// The same value for both axes.
    pub fn splat(value: T) -> Self {
        Self { height: value.clone(), width: value }
    }
}

impl<T> PerAxis<Option<T>> {
    /// Both values, if both are present.
    pub fn both(self) -> Option<PerAxis<T>> {
        Some(PerAxis { height: self.height?, width: self.width? })
    }
}

impl<T> std::ops::Index<Axis> for PerAxis<T> {
    type Output = T;

    fn index(&self, axis: Axis) -> &T {
        match axis {
            Axis::Height => &self.height,
            Axis::Width => &self.width,
        }
    }
}

impl<T> std::ops::IndexMut<Axis> for PerAxis<T> {
    fn index_mut(&mut self, axis: Axis) -> &mut T {
        match axis {
            Axis::Height => &mut self.height,
            Axis::Width => &mut self.width,
        }
    }
}

/// Height, then width, as in shapes.
impl<T> From<[T; 2]> for PerAxis<T> {
    fn from([height, width]: [T; 2]) -> Self {
        Self { height, width }
    }
}

impl<T> From<PerAxis<T>> for [T; 2] {
    fn from(PerAxis { height, width }: PerAxis<T>) -> Self {
        [height, width]
    }
}

/// A position in whole texels: rows downwards, columns to the right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "[i32; 2]", into = "[i32; 2]")]
pub struct Texel {
    /// Row.
    pub y: i32,
    /// Column.
    pub x: i32,
}

impl Texel {
    /// Row 0, column 0.
    pub const ZERO: Texel = Texel { y: 0, x: 0 };
}

impl std::ops::Index<Axis> for Texel {
    type Output = i32;

    fn index(&self, axis: Axis) -> &i32 {
        match axis {
            Axis::Height => &self.y,
            Axis::Width => &self.x,
        }
    }
}

/// Row, then column, as in shapes.
impl From<[i32; 2]> for Texel {
    fn from([y, x]: [i32; 2]) -> Self {
        Self { y, x }
    }
}

impl From<Texel> for [i32; 2] {
    fn from(Texel { y, x }: Texel) -> Self {
        [y, x]
    }
}

/// A position in a world, in fractional texels: x to the right, y downwards.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct WorldPoint {
    /// Texels to the right.
    pub x: f64,
    /// Texels downwards.
    pub y: f64,
}

/// An exact fraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "[usize; 2]", into = "[usize; 2]")]
pub struct Ratio {
    /// Dividend.
    pub numerator: usize,
    /// Divisor.
    pub denominator: usize,
}

impl Ratio {
    /// 1.
    pub const ONE: Ratio = Ratio::new(1, 1);

    /// `numerator / denominator`.
    pub const fn new(numerator: usize, denominator: usize) -> Self {
        Self { numerator, denominator }
    }

    /// `count` times this, rounded towards minus infinity.
    pub(crate) fn floor(self, count: i64) -> i64 {
        (count * self.numerator as i64).div_euclid(self.denominator as i64)
    }

    /// `whole * self`; `None` if that is not a whole number, overflows or divides by zero.
    pub fn of(self, whole: usize) -> Option<usize> {
        let scaled = whole.checked_mul(self.numerator)?;
        (self.denominator != 0 && scaled.is_multiple_of(self.denominator)).then(|| scaled / self.denominator)
    }

    /// The same fraction in lowest terms.
    pub fn reduced(self) -> Self {
        let divisor = self.numerator.gcd(&self.denominator).max(1);
        Self::new(self.numerator / divisor, self.denominator / divisor)
    }
}

impl From<[usize; 2]> for Ratio {
    fn from([numerator, denominator]: [usize; 2]) -> Self {
        Self { numerator, denominator }
    }
}

impl From<Ratio> for [usize; 2] {
    fn from(Ratio { numerator, denominator }: Ratio) -> Self {
        [numerator, denominator]
    }
}

/// The least common multiple; `None` if it overflows.
pub(crate) fn checked_lcm(a: usize, b: usize) -> Option<usize> {
    (a / a.gcd(&b).max(1)).checked_mul(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_keeps_the_order_of_shapes() {
        let extent: Extent = serde_json::from_str("[3, 5]").unwrap();
        assert_eq!(extent, Extent { height: 3, width: 5 });
        assert_eq!(serde_json::to_string(&Texel { y: -3, x: 5 }).unwrap(), "[-3,5]");
        assert_eq!(serde_json::to_string(&Ratio::new(1, 8)).unwrap(), "[1,8]");
    }

    #[test]
    fn fractions_are_exact() {
        assert_eq!(Ratio::new(3, 8).of(64), Some(24));
        assert_eq!(Ratio::new(1, 8).of(60), None);
        assert_eq!(Ratio::new(1, 0).of(1), None);
        assert_eq!(Ratio::new(usize::MAX, 1).of(2), None);
        assert_eq!(Ratio::new(6, 4).reduced(), Ratio::new(3, 2));
    }

    #[test]
    fn least_common_multiples_may_overflow() {
        assert_eq!(checked_lcm(4, 6), Some(12));
        assert_eq!(checked_lcm(usize::MAX, usize::MAX - 1), None);
    }
}
