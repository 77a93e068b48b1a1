//! The part of an image that a tile reads through a sliding window: padded, and with stride its elements sorted by their remainder, so that
//! each tap reads consecutive elements.

use imagine_graph::{PadMode, WindowAxis};

use super::{Tile, spread};

/// The layout of the elements that a tile reads.
#[derive(Clone, Debug)]
pub(crate) struct Window {
    axes: [WindowAxis; 2],
    mode: PadMode,
    /// Remainders by the stride of the positions that taps read, along both axes.
    remainders: [Vec<usize>; 2],
    /// Rows and columns that a tile reads beside one for each of its own.
    beyond: [usize; 2],
    /// Distance of rows; that of the tile.
    stride: usize,
    /// Distance of the planes of two remainders.
    plane: usize,
}

impl Window {
    /// Additional columns of a tile's rows for a window along `axis`.
    pub fn halo(axis: &WindowAxis) -> usize {
        (axis.kernel - 1) * axis.dilation / axis.stride
    }

    /// The layout for tiles of `rows` rows that are `stride` apart: at least [`Self::halo`] more than their columns.
    pub fn new(axes: [WindowAxis; 2], mode: PadMode, rows: usize, stride: usize) -> Self {
        let remainders = axes.map(|axis| {
            let read = (0..axis.stride).filter(|r| (0..axis.kernel).any(|tap| tap * axis.dilation % axis.stride == *r));
            read.collect()
        });
        let beyond = axes.map(|axis| Self::halo(&axis));
        Self { axes, mode, remainders, beyond, stride, plane: spread((rows + beyond[0]) * stride) }
    }

    /// Floats for one plane of the source.
    pub fn len(&self) -> usize {
        self.remainders[0].len() * self.remainders[1].len() * self.plane
    }

    /// Where the elements begin that the tap at `y` and `x` reads.
    pub fn offset(&self, y: usize, x: usize) -> usize {
        let along = |index: usize, tap: usize| {
            let (axis, remainders) = (self.axes[index], &self.remainders[index]);
            let at = tap * axis.dilation;
            let remainder =
                remainders.iter().position(|r| *r == at % axis.stride).expect("the tap's remainder is read");
            (remainder, at / axis.stride)
        };
        let ((down, rows), (across, columns)) = (along(0, y), along(1, x));
        (down * self.remainders[1].len() + across) * self.plane + rows * self.stride + columns
    }

    /// Writes what `tile` reads of `source`, a plane of the input; zeros if there is none.
    pub fn fill(&self, tile: &Tile, source: Option<&[f32]>, to: &mut [f32]) {
        let Some(source) = source else { return to[..self.len()].fill(0.0) };
        let [y_axis, x_axis] = self.axes;
        let columns = tile.columns + self.beyond[1];
        let mut planes = to.chunks_mut(self.plane);
        for &down in &self.remainders[0] {
            for &across in &self.remainders[1] {
                let plane = planes.next().expect("there is a plane for each pair of remainders");
                let first = (tile.left * x_axis.stride + across) as i64 - x_axis.begin as i64;
                for row in 0..tile.rows + self.beyond[0] {
                    let y = ((tile.top + row) * y_axis.stride + down) as i64 - y_axis.begin as i64;
                    let to = &mut plane[row * self.stride..][..columns];
                    match self.mode.place(y, y_axis.input) {
                        Some(y) => self.fill_row(&source[y * x_axis.input..][..x_axis.input], first, to),
                        None => to.fill(0.0),
                    }
                }
            }
        }
    }

    /// Writes every `stride`-th element of a row from `first` on.
    #[inline]
    fn fill_row(&self, row: &[f32], first: i64, to: &mut [f32]) {
        let stride = self.axes[1].stride as i64;
        let (length, count) = (row.len() as i64, to.len() as i64);
        // Elements of `to` that lie inside the row.
        let start = (-first).max(0).div_ceil_of(stride).min(count);
        let end = (length - first).max(0).div_ceil_of(stride).clamp(start, count);
        let pad = |index: i64| self.mode.place(first + index * stride, row.len()).map_or(0.0, |x| row[x]);
        for index in (0..start).chain(end..count) {
            to[index as usize] = pad(index);
        }
        if start == end {
            return;
        }
        let (inside, from) = (&mut to[start as usize..end as usize], (first + start * stride) as usize);
        match stride {
            1 => inside.copy_from_slice(&row[from..][..inside.len()]),
            2 => inside.iter_mut().zip(row[from..].chunks(2)).for_each(|(to, pair)| *to = pair[0]),
            _ => inside.iter_mut().zip(row[from..].iter().step_by(stride as usize)).for_each(|(to, x)| *to = *x),
        }
    }
}

/// Division that rounds up.
trait DivCeil {
    fn div_ceil_of(self, divisor: Self) -> Self;
}

impl DivCeil for i64 {
    fn div_ceil_of(self, divisor: i64) -> i64 {
        (self + divisor - 1).div_euclid(divisor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tap_reads_its_element() {
        let modes = [PadMode::Constant, PadMode::Wrap, PadMode::Edge, PadMode::Reflect];
        for (stride, dilation, kernel, mode) in
            [(1, 1, 3, 0), (2, 1, 4, 1), (3, 2, 2, 2), (1, 2, 3, 3), (2, 3, 3, 0), (4, 1, 1, 1)]
        {
            let axis = |input: usize, output| WindowAxis { input, output, kernel, stride, dilation, begin: 2, end: 1 };
            let output = |input: usize| (input + 3 - (kernel - 1) * dilation - 1) / stride + 1;
            let axes = [axis(11, output(11)), axis(13, output(13))];
            let source: Vec<f32> = (1..=11 * 13).map(|i| i as f32).collect();
            let tile =
                Tile { image: 0, top: 1, left: 1, rows: 2, columns: axes[1].output - 1, stride: axes[1].output + 5 };
            let window = Window::new(axes, modes[mode], 2, tile.stride);
            let mut packed = vec![f32::NAN; window.len()];
            window.fill(&tile, Some(&source), &mut packed);
            for (y, x, i, j) in (0..2)
                .flat_map(|y| (0..tile.columns).map(move |x| (y, x)))
                .flat_map(|(y, x)| (0..kernel).flat_map(move |i| (0..kernel).map(move |j| (y, x, i, j))))
            {
                let at = |out: usize, tap: usize| (out * stride + tap * dilation) as i64 - 2;
                let place = modes[mode].place(at(1 + y, i), 11).zip(modes[mode].place(at(1 + x, j), 13));
                let expected = place.map_or(0.0, |(y, x)| source[y * 13 + x]);
                assert_eq!(
                    packed[window.offset(i, j) + y * tile.stride + x],
                    expected,
                    "{stride} {dilation} {y} {x} {i} {j}"
                );
            }
        }
    }
}
