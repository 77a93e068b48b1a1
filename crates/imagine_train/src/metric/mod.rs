//! Figures about generated pictures: how near their distribution is to that of real ones, how various they are, whether they
//! are copies. All are computed from responses of fixed random filters ([`FilterBank`]), as no pretrained network is used;
//! they compare generators of one kind of picture and mean nothing across kinds.

mod copies;
mod eigen;
mod filter_bank;
mod frechet;
mod neighbours;
mod patches;
mod seam;
mod vendi;

pub use copies::{Nearest, mirrored, nearest_rows, nearest_sprites};
pub use filter_bank::{FEATURES, FilterBank};
pub use frechet::frechet;
pub use neighbours::{Neighbourhood, neighbourhood};
pub use patches::patch_distance;
pub use seam::{Seam, seam};
pub use vendi::vendi;

/// Rows of numbers of one width.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Numbers in a row.
    pub width: usize,
    /// The rows one after the other.
    pub values: Vec<f32>,
}

impl Table {
    /// The rows.
    pub fn rows(&self) -> std::slice::ChunksExact<'_, f32> {
        self.values.chunks_exact(self.width)
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.values.len() / self.width
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Mean and deviation of every column.
    pub fn moments(&self) -> Vec<[f32; 2]> {
        let count = self.len().max(1) as f64;
        let moments = |column: usize| {
            let values = || self.values.iter().skip(column).step_by(self.width).map(|v| f64::from(*v));
            let mean = values().sum::<f64>() / count;
            let variance = values().map(|v| (v - mean) * (v - mean)).sum::<f64>() / count;
            [mean as f32, variance.sqrt() as f32]
        };
        (0..self.width).map(moments).collect()
    }

    /// Every column less a mean, over a deviation.
    pub fn standardised(&self, moments: &[[f32; 2]]) -> Self {
        let scale = |(value, [mean, deviation]): (&f32, &[f32; 2])| (value - mean) / (deviation + 1e-3);
        let values = self.rows().flat_map(|row| row.iter().zip(moments).map(scale)).collect();
        Self { width: self.width, values }
    }

    /// Some of the rows.
    pub fn pick(&self, indices: &[usize]) -> Self {
        let row = |index: &usize| &self.values[index * self.width..(index + 1) * self.width];
        Self { width: self.width, values: indices.iter().flat_map(row).copied().collect() }
    }
}

/// Squared distance of two rows.
fn squared_distance(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}
