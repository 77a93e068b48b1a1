//! `ConvTranspose` by phases: outputs whose position has the same remainder by the stride read the same taps, so that each phase is a
//! convolution of its own, without stride.

use std::ops::Range;
use std::sync::Arc;

use imagine_graph::{ConvTranspose, PadMode, WindowAxis};

use super::conv::{LARGEST_SOURCE, SMALL, TILE_FLOATS, WHOLE};
use crate::buffers::Buffers;
use crate::context::{Context, Prepared};
use crate::finish::Finish;
use crate::product::Product;
use crate::tile::{Cut, Shared, Tile, Window, for_each, spread};
use crate::value::Value;
use crate::weights::{AxisPhase, TransposedWeights, all_taps};
use crate::wide::{self, FEWEST_ROWS, MOST_POSITIONS, WideProduct};

pub(super) fn run(params: &ConvTranspose, x: Value, w: Value, b: Option<Value>, context: &Context) -> Value {
    let weights = match context.prepared {
        Some(Prepared::ConvTranspose(weights)) => weights.clone(),
        _ => Arc::new(TransposedWeights::new(params, &w)),
    };
    let transposed = Transposed::new(params, weights, x.shape(), w.shape());
    let bias = b.as_ref().map(Value::as_f32s);
    let mut result = context.buffers.take(context.shape().iter().product());
    transposed.run(x.as_f32s(), bias, &mut result, context);
    x.recycle(context.buffers);
    Value::f32s(context.shape(), result)
}

/// A transposed convolution of images of one size.
#[derive(Debug)]
pub(crate) struct Transposed {
    weights: Arc<TransposedWeights>,
    axes: [WindowAxis; 3],
    images: usize,
    channels: usize,
    /// How many inputs before an output's own are read at most, along each axis.
    reach: [usize; 3],
}

impl Transposed {
    /// The transposed convolution of a tensor of shape `x` with weights of shape `w`.
    pub fn new(params: &ConvTranspose, weights: Arc<TransposedWeights>, x: &[usize], w: &[usize]) -> Self {
        let windows = params.windows(x, w).expect("the shape rule accepted them");
        let mut axes = [WHOLE; 3];
        axes[3 - windows.len()..].copy_from_slice(&windows);
        let reach = axes.map(|axis| (axis.kernel - 1) * axis.dilation / axis.stride);
        Self { weights, axes, images: x[0], channels: x[1], reach }
    }

    /// Depth, height and width of the result.
    pub fn sides(&self) -> [usize; 3] {
        self.axes.map(|axis| axis.output)
    }

    /// Channels of the result.
    pub fn rows(&self) -> usize {
        self.weights.groups * self.group_rows()
    }

    fn group_rows(&self) -> usize {
        self.weights.packed[0].rows
    }

    /// Rows and columns of the result that belong together.
    pub fn unit(&self) -> [usize; 2] {
        [self.axes[1].stride, self.axes[2].stride]
    }

    /// Parts that the channels of the result can be cut into. All phases have the same blocks.
    pub fn parts(&self) -> usize {
        self.weights.groups * self.weights.packed[0].blocks()
    }

    /// Floats of source and sums for each position of a tile, about.
    pub fn floats(&self) -> usize {
        let inputs = self.axes[1].stride * self.axes[2].stride;
        (self.channels / self.weights.groups * self.axes[0].kernel).div_ceil(inputs)
            + self.group_rows().div_ceil(inputs)
    }

    fn run(&self, x: &[f32], bias: Option<&[f32]>, result: &mut [f32], context: &Context) {
        let [depth, height, width] = self.sides();
        let unit = self.unit();
        let floats = self.floats() + self.group_rows();
        let cut = Cut::new([self.images * depth, height, width], 0, (TILE_FLOATS / floats).max(1), unit);
        let threads = rayon::current_num_threads();
        let cut = if threads > 1 && height * width >= SMALL { cut.at_least(3 * threads, unit[0]) } else { cut };
        let parts = if cut.count() < 2 * threads && threads > 1 { self.parts().min(2 * threads) } else { 1 };
        let stride = spread(cut.positions());
        let plane = height * width;
        let shared = Shared::new(result);
        for_each(cut.count() * parts, |index| {
            let (tile, part) = (cut.tile(index / parts), index % parts);
            let parts = self.parts() * part / parts..self.parts() * (part + 1) / parts;
            self.parts_of(parts, |group, blocks, rows| {
                let mut sums = context.buffers.take(rows.len() * stride);
                self.tile(&tile, (group, blocks), x, bias, Finish::default(), (&mut sums, stride), context.buffers);
                for (row, sums) in rows.zip(sums.chunks(stride)) {
                    let (image, z) = (tile.image / depth, tile.image % depth);
                    let start = ((image * self.rows() + row) * depth + z) * plane + tile.top * width + tile.left;
                    for y in 0..tile.rows {
                        let at = start + y * width;
                        // SAFETY: tiles and rows of different tasks are different.
                        let to = unsafe { shared.part(at..at + tile.columns) };
                        to.copy_from_slice(&sums[y * tile.stride..][..tile.columns]);
                    }
                }
                context.buffers.give(sums);
            });
        });
    }

    /// The groups, blocks of their rows and rows of the result that `parts` of [`Self::parts`] are.
    pub fn parts_of(&self, parts: Range<usize>, mut each: impl FnMut(usize, Range<usize>, Range<usize>)) {
        let weights = &self.weights.packed[0];
        let mut at = parts.start;
        while at < parts.end {
            let (group, first) = (at / weights.blocks(), at % weights.blocks());
            let blocks = first..(first + parts.end - at).min(weights.blocks());
            let rows = weights.rows_of(&blocks);
            at += blocks.len();
            each(group, blocks, group * weights.rows + rows.start..group * weights.rows + rows.end);
        }
    }

    /// The sums of `blocks` of rows of a group, for a tile of the result, into rows that are `to.1` apart.
    pub fn tile(
        &self,
        tile: &Tile,
        (group, blocks): (usize, Range<usize>),
        x: &[f32],
        bias: Option<&[f32]>,
        finish: Finish,
        (result, stride): (&mut [f32], usize),
        buffers: &Buffers,
    ) {
        let [z_axis, y_axis, x_axis] = self.axes;
        let (image, at) = (tile.image / z_axis.output, tile.image % z_axis.output + z_axis.begin);
        let bias = bias.map(|bias| &bias[group * self.group_rows()..][..self.group_rows()]);
        let finish = finish.of_rows(group * self.group_rows()..(group + 1) * self.group_rows());
        let rows = self.weights.packed[0].rows_of(&blocks);
        let all = self.weights.axes[1].len() * self.weights.axes[2].len() == y_axis.stride * x_axis.stride;
        let z_phase = self.weights.axes[0].iter().position(|phase| phase.remainder == at % z_axis.stride);
        if !all || z_phase.is_none() {
            // Some outputs read nothing.
            for (row, to) in rows.clone().zip(result.chunks_mut(stride)) {
                to.fill(finish.number(row, bias.map_or(0.0, |bias| bias[row])));
            }
        }
        let Some(z_phase) = z_phase else { return };
        let z = &self.weights.axes[0][z_phase];
        if self.is_sparse() {
            return self.one_by_one(tile, (group, rows), x, bias, finish, (result, stride));
        }
        let inner = self.inner(tile, image);
        let (window, source) = self.source(&inner, z, group, at, x, buffers);
        if self.is_small(tile) {
            self.wide(tile, &inner, (group, rows), z_phase, (&window, &source), bias, finish, (result, stride));
            return buffers.give(source);
        }
        let inner_stride = spread(inner.positions());
        let mut sums = buffers.take(rows.len() * inner_stride);
        let phases = self.weights.axes.each_ref().map(Vec::len);
        for (index, [y, x]) in pairs(&self.weights.axes).enumerate() {
            let offsets = self.offsets(&window, [y, x], self.channels / self.weights.groups * z.taps.len());
            let product = Product {
                weights: &self.weights.packed[(group * phases[0] + z_phase) * phases[1] * phases[2] + index],
                blocks: blocks.clone(),
                bias,
                offsets: &offsets,
                source: &source,
                finish,
                result: Shared::new(&mut sums),
                first: 0,
                stride: inner_stride,
                count: inner.positions(),
            };
            product.run();
            let places = Places::new([y_axis, x_axis], [y.remainder, x.remainder], tile, &inner);
            for (sums, to) in sums.chunks(inner_stride).zip(result.chunks_mut(stride)) {
                places.spread(sums, &inner, to, tile);
            }
        }
        buffers.give(sums);
        buffers.give(source);
    }

    /// Whether a tile has few positions for each phase, and many channels.
    fn is_small(&self, tile: &Tile) -> bool {
        let phases = self.axes[1].stride * self.axes[2].stride;
        tile.rows * tile.columns <= MOST_POSITIONS * phases && self.group_rows() >= FEWEST_ROWS
    }

    /// The sums of a small tile: positions side by side.
    fn wide(
        &self,
        tile: &Tile,
        inner: &Tile,
        (group, rows): (usize, Range<usize>),
        z_phase: usize,
        (window, source): (&Window, &[f32]),
        bias: Option<&[f32]>,
        finish: Finish,
        (result, stride): (&mut [f32], usize),
    ) {
        let [_, y_axis, x_axis] = self.axes;
        let wide = self.weights.wide();
        let phases = self.weights.axes.each_ref().map(Vec::len);
        let planes = self.channels / self.weights.groups * self.weights.axes[0][z_phase].taps.len();
        if phases[1] * phases[2] < y_axis.stride * x_axis.stride {
            // Some outputs read nothing.
            for (row, to) in rows.clone().zip(result.chunks_mut(stride)) {
                to.fill(bias.map_or(0.0, |bias| bias[row]));
            }
        }
        for (index, [y, x]) in pairs(&self.weights.axes).enumerate() {
            let places = Places::new([y_axis, x_axis], [y.remainder, x.remainder], tile, inner);
            let product = WideProduct {
                weights: &wide[(group * phases[0] + z_phase) * phases[1] * phases[2] + index],
                rows: rows.clone(),
                bias,
                offsets: &self.offsets(window, [y, x], planes),
                source,
                places: &places.list(inner, tile),
                result,
                stride,
            };
            product.run();
        }
        wide::finish(finish, rows, result, stride, tile.positions());
    }

    /// Whether what a single position reads lies too far apart to be copied. Does not depend on the size of the image.
    fn is_sparse(&self) -> bool {
        let planes = self.channels / self.weights.groups * self.axes[0].kernel;
        planes.saturating_mul((self.reach[1] + 1) * (self.reach[2] + 1)) > LARGEST_SOURCE
    }

    /// The sums of a tile, each for itself.
    fn one_by_one(
        &self,
        tile: &Tile,
        (group, rows): (usize, Range<usize>),
        x: &[f32],
        bias: Option<&[f32]>,
        finish: Finish,
        (result, stride): (&mut [f32], usize),
    ) {
        let channels = self.channels / self.weights.groups;
        let sides = self.axes.map(|axis| axis.input);
        let (image, depth) = (tile.image / self.axes[0].output, tile.image % self.axes[0].output);
        let phases = self.weights.axes.each_ref().map(Vec::len);
        for (place, (top, left)) in
            (0..tile.rows).flat_map(|top| (0..tile.columns).map(move |left| (top * tile.stride + left, (top, left))))
        {
            let output = [depth, tile.top + top, tile.left + left];
            let at: [usize; 3] = std::array::from_fn(|axis| output[axis] + self.axes[axis].begin);
            let phase: [Option<usize>; 3] = std::array::from_fn(|axis| {
                let remainder = at[axis] % self.axes[axis].stride;
                self.weights.axes[axis].iter().position(|phase| phase.remainder == remainder)
            });
            let [Some(z), Some(y), Some(across)] = phase else { continue };
            let packed = &self.weights.packed[((group * phases[0] + z) * phases[1] + y) * phases[2] + across];
            let [z, y, across] = [(0, z), (1, y), (2, across)].map(|(axis, phase)| &self.weights.axes[axis][phase]);
            let taps: Vec<Option<usize>> = all_taps(z, y, across)
                .map(|taps| {
                    (0..3).try_fold(0, |flat, axis| {
                        let from = (at[axis] / self.axes[axis].stride).checked_sub(taps[axis].1)?;
                        (from < sides[axis]).then_some(flat * sides[axis] + from)
                    })
                })
                .collect();
            for (index, row) in rows.clone().enumerate() {
                let mut sum = bias.map_or(0.0, |bias| bias[row]);
                for term in 0..packed.terms {
                    if let Some(from) = taps[term % taps.len()] {
                        let channel = image * self.channels + group * channels + term / taps.len();
                        sum += packed.at(row, term) * x[channel * sides.iter().product::<usize>() + from];
                    }
                }
                result[index * stride + place] = finish.number(row, sum);
            }
        }
    }

    /// The inputs at the places of a tile's outputs.
    fn inner(&self, tile: &Tile, image: usize) -> Tile {
        let own = |axis: WindowAxis, first: usize, count: usize| {
            let (first, last) = (first + axis.begin, first + count - 1 + axis.begin);
            (first / axis.stride, last / axis.stride + 1 - first / axis.stride)
        };
        let (top, rows) = own(self.axes[1], tile.top, tile.rows);
        let (left, columns) = own(self.axes[2], tile.left, tile.columns);
        Tile { image, top, left, rows, columns, stride: columns + self.reach[2] }
    }

    /// The inputs that the outputs of `inner` read, for each channel of a group and each tap along the depth.
    fn source(
        &self,
        inner: &Tile,
        z: &AxisPhase,
        group: usize,
        at: usize,
        x: &[f32],
        buffers: &Buffers,
    ) -> (Window, Vec<f32>) {
        let [z_axis, y_axis, x_axis] = self.axes;
        let before = |axis: WindowAxis, reach: usize| WindowAxis {
            input: axis.input,
            output: 0,
            kernel: reach + 1,
            begin: reach,
            ..WHOLE
        };
        let axes = [before(y_axis, self.reach[1]), before(x_axis, self.reach[2])];
        let window = Window::new(axes, PadMode::Constant, inner.rows, inner.stride);
        let (channels, length) = (self.channels / self.weights.groups, window.len());
        let mut source = buffers.take(channels * z.taps.len() * length);
        let plane = y_axis.input * x_axis.input;
        for (index, to) in source.chunks_mut(length).enumerate() {
            let (channel, before) = (index / z.taps.len(), z.taps[index % z.taps.len()].1);
            let depth = (at / z_axis.stride).checked_sub(before).filter(|z| *z < z_axis.input);
            let from = depth.map(|z| {
                let first = (inner.image * self.channels + group * channels + channel) * z_axis.input + z;
                &x[first * plane..][..plane]
            });
            window.fill(inner, from, to);
        }
        (window, source)
    }

    /// Where the elements of each term of a phase begin.
    fn offsets(&self, window: &Window, [y, x]: [&AxisPhase; 2], planes: usize) -> Vec<u32> {
        let taps = y.taps.iter().flat_map(|(_, down)| x.taps.iter().map(|(_, right)| (*down, *right)));
        let taps: Vec<usize> =
            taps.map(|(down, right)| window.offset(self.reach[1] - down, self.reach[2] - right)).collect();
        let length = window.len();
        (0..planes).flat_map(|plane| taps.iter().map(move |tap| (plane * length + tap) as u32)).collect()
    }
}

/// Every combination of phases along height and width.
fn pairs(axes: &[Vec<AxisPhase>; 3]) -> impl Iterator<Item = [&AxisPhase; 2]> {
    axes[1].iter().flat_map(|y| axes[2].iter().map(move |x| [y, x]))
}

/// Where the sums of a phase belong in a tile.
struct Places {
    /// First row and column of the sums that lie in the tile, and how many do.
    first: [usize; 2],
    count: [usize; 2],
    /// Their first row and column in the tile, and their distance.
    start: [usize; 2],
    step: [usize; 2],
}

impl Places {
    fn new(axes: [WindowAxis; 2], remainders: [usize; 2], tile: &Tile, inner: &Tile) -> Self {
        let along = |axis: usize, top: usize, rows: usize, own: usize, own_rows: usize| {
            let WindowAxis { stride, begin, .. } = axes[axis];
            // Output of the first sum: `own * stride + remainder - begin`, in the tile from `top` on.
            let at = |index: usize| ((own + index) * stride + remainders[axis]) as i64 - (begin + top) as i64;
            let inside: Vec<usize> = (0..own_rows).filter(|&index| (0..rows as i64).contains(&at(index))).collect();
            let first = inside.first().copied().unwrap_or(0);
            (first, inside.len(), if inside.is_empty() { 0 } else { at(first) as usize }, stride)
        };
        let down = along(0, tile.top, tile.rows, inner.top, inner.rows);
        let right = along(1, tile.left, tile.columns, inner.left, inner.columns);
        Self { first: [down.0, right.0], count: [down.1, right.1], start: [down.2, right.2], step: [down.3, right.3] }
    }

    /// Where each sum that lies in the tile is read from, and where it belongs.
    fn list(&self, inner: &Tile, tile: &Tile) -> Vec<(usize, usize)> {
        let place = |(row, column): (usize, usize)| {
            let from = (self.first[0] + row) * inner.stride + self.first[1] + column;
            (from, (self.start[0] + row * self.step[0]) * tile.stride + self.start[1] + column * self.step[1])
        };
        let all = (0..self.count[0]).flat_map(|row| (0..self.count[1]).map(move |column| (row, column)));
        all.map(place).collect()
    }

    fn spread(&self, sums: &[f32], inner: &Tile, to: &mut [f32], tile: &Tile) {
        if self.count[1] == 0 {
            return;
        }
        for row in 0..self.count[0] {
            let from = &sums[(self.first[0] + row) * inner.stride + self.first[1]..][..self.count[1]];
            let to = &mut to[(self.start[0] + row * self.step[0]) * tile.stride + self.start[1]..];
            match self.step[1] {
                1 => to[..from.len()].copy_from_slice(from),
                2 => to.chunks_mut(2).zip(from).for_each(|(to, x)| to[0] = *x),
                step => to.iter_mut().step_by(step).zip(from).for_each(|(to, x)| *to = *x),
            }
        }
    }
}
