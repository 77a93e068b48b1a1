//! Rows of numbers, such as the features of images, and figures that stand beside their floor.

use serde::Serialize;

/// A measured value, and the same measure of real images.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Figure<T> {
    /// Of generated images.
    pub generated: T,
    /// Of as many real images.
    pub real: T,
}

/// Rows of numbers of one width.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Numbers per row.
    pub width: usize,
    /// The rows, one after the other.
    pub values: Vec<f32>,
}

impl Table {
    /// The rows.
    pub fn rows(&self) -> std::slice::ChunksExact<'_, f32> {
        self.values.chunks_exact(self.width)
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.values.len() / self.width
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Mean and standard deviation of each column.
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

    /// Each column minus a mean, divided by a deviation.
    pub fn standardised(&self, moments: &[[f32; 2]]) -> Self {
        let scale = |(value, [mean, deviation]): (&f32, &[f32; 2])| (value - mean) / (deviation + 1e-3);
        let values = self.rows().flat_map(|row| row.iter().zip(moments).map(scale)).collect();
        Self { width: self.width, values }
    }

    /// The rows with these indices.
    pub fn pick(&self, indices: &[usize]) -> Self {
        let row = |index: &usize| &self.values[index * self.width..(index + 1) * self.width];
        Self { width: self.width, values: indices.iter().flat_map(row).copied().collect() }
    }
}

/// Squared distance of two rows.
pub(super) fn squared_distance(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}
