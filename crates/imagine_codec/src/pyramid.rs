//! A pyramid of the exemplar in signed 12-bit integers: filtered with the binomial 1 4 6 4 1, then halved.

use crate::edges::Edges;
use rayon::prelude::*;

use crate::maps::Maps;

/// Largest absolute value of a place's channels.
pub const LARGEST: i32 = 2048;

const BINOMIAL: [i32; 5] = [1, 4, 6, 4, 1];

/// One level: `[height, width, channels]`.
#[derive(Clone, Debug)]
pub struct PyramidLevel {
    /// Rows of places.
    pub height: usize,
    /// Columns of places.
    pub width: usize,
    /// Channels of a place.
    pub channels: usize,
    /// The values, from -2048 to 2047.
    pub values: Vec<i16>,
}

impl PyramidLevel {
    /// The finest level, from -2048 to 2047.
    pub fn of_maps(maps: &Maps) -> Self {
        let value = |byte: &u8| ((i32::from(*byte) * 8190 + 255) / 510 - LARGEST) as i16;
        let (height, width, channels) = (maps.height(), maps.width(), maps.channels());
        Self { height, width, channels, values: maps.texels().iter().map(value).collect() }
    }

    /// The channels of the place in `row` and `column`.
    pub fn at(&self, row: usize, column: usize) -> &[i16] {
        &self.values[(row * self.width + column) * self.channels..][..self.channels]
    }

    /// The next coarser level. Both sides are even.
    pub fn halved(&self, edges: Edges) -> Self {
        let (height, width, channels) = (self.height / 2, self.width / 2, self.channels);
        let mut values = vec![0; height * width * channels];
        values.par_chunks_mut(width * channels).enumerate().for_each(|(row, values)| {
            let mut columns = vec![0; self.width * channels];
            for (k, weight) in BINOMIAL.iter().enumerate() {
                let source = beyond(edges, (2 * row + k) as isize - 2, self.height);
                let source = &self.values[source * self.width * channels..][..self.width * channels];
                columns.iter_mut().zip(source).for_each(|(sum, value)| *sum += weight * i32::from(*value));
            }
            for (column, values) in values.chunks_mut(channels).enumerate() {
                let taps = [0, 1, 2, 3, 4].map(|k| beyond(edges, (2 * column + k) as isize - 2, self.width));
                for (channel, value) in values.iter_mut().enumerate() {
                    let sums =
                        taps.iter().zip(BINOMIAL).map(|(tap, weight)| weight * columns[tap * channels + channel]);
                    *value = ((sums.sum::<i32>() + 128) >> 8) as i16;
                }
            }
        });
        Self { height, width, channels, values }
    }

    /// The level with `rim` more places on each side, as the edges say.
    pub fn padded(&self, edges: Edges, rim: usize) -> Self {
        let (height, width) = (self.height + 2 * rim, self.width + 2 * rim);
        let mut values = Vec::with_capacity(height * width * self.channels);
        for row in 0..height {
            let row = beyond(edges, row as isize - rim as isize, self.height);
            for column in 0..width {
                values.extend_from_slice(self.at(row, beyond(edges, column as isize - rim as isize, self.width)));
            }
        }
        Self { height, width, channels: self.channels, values }
    }
}

/// The row or column at `index`, which may lie beyond a side of `length`: wrapped or mirrored.
fn beyond(edges: Edges, index: isize, length: usize) -> usize {
    match edges {
        Edges::Wrap => index.rem_euclid(length as isize) as usize,
        Edges::Bounded => {
            let last = length as isize - 1;
            let mirrored = if index < 0 {
                -index
            } else if index > last {
                2 * last - index
            } else {
                index
            };
            mirrored.clamp(0, last) as usize
        }
    }
}

/// The pyramid of `maps` from fine to coarse, `levels` halvings.
pub fn pyramid(maps: &Maps, edges: Edges, levels: usize) -> Vec<PyramidLevel> {
    let mut pyramid = vec![PyramidLevel::of_maps(maps)];
    for level in 0..levels {
        pyramid.push(pyramid[level].halved(edges));
    }
    pyramid
}
