//! `Conv`: the source of a tile is padded into the thread's memory; then [`crate::product`] sums over channels and taps.

use std::ops::Range;
use std::sync::Arc;

use imagine_graph::{Conv, PadMode, WindowAxis};

use crate::buffers::Buffers;
use crate::context::{Context, Prepared};
use crate::finish::Finish;
use crate::product::{Packed, Product};
use crate::tile::{Cut, Shared, Tile, Window, for_each, spread};
use crate::value::Value;
use crate::weights::ConvWeights;
use crate::wide::{self, FEWEST_ROWS, MOST_POSITIONS, WideProduct};

/// Floats of source and result that a tile has in all: what fits into the second level of a processor's cache.
pub(crate) const TILE_FLOATS: usize = 96 * 1024;

/// Floats of a tile's source from which sums are computed one by one, without a copy of what they read. Networks stay far below it: it bounds the
/// memory of windows with far apart elements.
pub(super) const LARGEST_SOURCE: usize = 1 << 25;

/// Positions of an image below which threads share its channels rather than its rows.
pub(crate) const SMALL: usize = 2048;

/// Columns of a tile from which its rows are computed one by one, to where they belong.
pub(crate) const FEWEST_COLUMNS: usize = 64;

/// An axis that a window leaves unchanged.
pub(super) const WHOLE: WindowAxis =
    WindowAxis { input: 1, output: 1, kernel: 1, stride: 1, dilation: 1, begin: 0, end: 0 };

pub(super) fn run(params: &Conv, x: Value, w: Value, b: Option<Value>, context: &Context) -> Value {
    let weights = match context.prepared {
        Some(Prepared::Conv(weights)) => weights.clone(),
        _ => Arc::new(ConvWeights::new(params, &w)),
    };
    let convolution = Convolution::new(params, weights, x.shape(), w.shape());
    let bias = b.as_ref().map(Value::as_f32s);
    let mut result = context.buffers.take(context.shape().iter().product());
    convolution.run(x.as_f32s(), bias, &mut result, context);
    x.recycle(context.buffers);
    Value::f32s(context.shape(), result)
}

/// A convolution of images of one size.
#[derive(Debug)]
pub(crate) struct Convolution {
    weights: Arc<ConvWeights>,
    /// Along depth, height and width; 1 where the tensors have no such axis.
    axes: [WindowAxis; 3],
    images: usize,
    /// Channels of the source.
    channels: usize,
    mode: PadMode,
}

impl Convolution {
    /// The convolution of a tensor of shape `x` with weights of shape `w`.
    pub fn new(params: &Conv, weights: Arc<ConvWeights>, x: &[usize], w: &[usize]) -> Self {
        let windows = params.windows(x, w).expect("the shape rule accepted them");
        let mut axes = [WHOLE; 3];
        axes[3 - windows.len()..].copy_from_slice(&windows);
        Self { weights, axes, images: x[0], channels: x[1], mode: params.pad_mode }
    }

    /// Depth, height and width of the result.
    pub fn sides(&self) -> [usize; 3] {
        self.axes.map(|axis| axis.output)
    }

    /// Whether each result reads the source at its own place only.
    pub fn is_pointwise(&self) -> bool {
        self.axes.iter().all(|axis| axis.kernel == 1 && axis.stride == 1 && axis.begin + axis.end == 0)
    }

    /// Columns that rows of a tile have beside its own.
    pub fn halo(&self) -> usize {
        Window::halo(&self.axes[2])
    }

    /// Floats of source for each position of a tile, about.
    pub fn source_floats(&self) -> usize {
        let axes = &self.axes;
        let strides = axes[1].stride.min(axes[1].kernel) * axes[2].stride.min(axes[2].kernel);
        self.channels / self.weights.groups.len() * axes[0].kernel * strides
    }

    /// Channels of the result.
    pub fn rows(&self) -> usize {
        self.weights.groups.len() * self.weights.groups[0].rows
    }

    /// Parts that the channels of the result can be cut into.
    pub fn parts(&self) -> usize {
        self.weights.groups.len() * self.weights.groups[0].blocks()
    }

    fn run(&self, x: &[f32], bias: Option<&[f32]>, result: &mut [f32], context: &Context) {
        let [depth, height, width] = self.sides();
        let group_rows = self.weights.groups[0].rows;
        let floats = self.source_floats() + group_rows;
        let cut = Cut::new([self.images * depth, height, width], self.halo(), TILE_FLOATS / floats, [1, 1]);
        let threads = rayon::current_num_threads();
        let cut = if threads > 1 && height * width >= SMALL { cut.at_least(3 * threads, 1) } else { cut };
        // Few tiles: the channels are divided among the threads, too.
        let parts = if cut.count() < 2 * threads && threads > 1 { self.parts().min(2 * threads) } else { 1 };
        let window = self.window(&cut);
        let plane = height * width;
        let shared = Shared::new(result);
        for_each(cut.count() * parts, |index| {
            let (tile, part) = (cut.tile(index / parts), index % parts);
            let parts = self.parts() * part / parts..self.parts() * (part + 1) / parts;
            self.parts_of(parts, |group, blocks, rows| {
                let (image, z) = (tile.image / depth, tile.image % depth);
                let first = ((image * self.rows() + rows.start) * depth + z) * plane + tile.top * width + tile.left;
                // Tiles and rows of different tasks are different.
                let to = Rows { memory: shared, first, distance: depth * plane, down: width };
                self.tile(&tile, &window, (group, blocks), x, bias, Finish::default(), to, context.buffers);
            });
        });
    }

    /// The groups, blocks of their rows and rows of the result that `parts` of [`Self::parts`] are.
    pub fn parts_of(&self, parts: Range<usize>, mut each: impl FnMut(usize, Range<usize>, Range<usize>)) {
        let group_blocks = self.weights.groups[0].blocks();
        let mut at = parts.start;
        while at < parts.end {
            let (group, first) = (at / group_blocks, at % group_blocks);
            let blocks = first..(first + parts.end - at).min(group_blocks);
            let weights = &self.weights.groups[group];
            let rows = weights.rows_of(&blocks);
            at += blocks.len();
            each(group, blocks, group * weights.rows + rows.start..group * weights.rows + rows.end);
        }
    }

    /// How the tiles of `cut` read the source.
    pub fn window(&self, cut: &Cut) -> ConvWindow {
        let [z, y, x] = self.axes;
        let window = Window::new([y, x], self.mode, cut.rows, cut.stride);
        let planes = self.channels / self.weights.groups.len() * z.kernel;
        let taps = (0..y.kernel).flat_map(|i| (0..x.kernel).map(move |j| (i, j)));
        let taps: Vec<usize> = taps.map(|(i, j)| window.offset(i, j)).collect();
        let length = window.len();
        let offsets = (0..planes).flat_map(|plane| taps.iter().map(move |tap| (plane * length + tap) as u32)).collect();
        ConvWindow { window, offsets, floats: planes * length }
    }

    /// The sums of `blocks` of rows of a group, for a tile.
    pub fn tile(
        &self,
        tile: &Tile,
        window: &ConvWindow,
        (group, blocks): (usize, Range<usize>),
        x: &[f32],
        bias: Option<&[f32]>,
        finish: Finish,
        to: Rows,
        buffers: &Buffers,
    ) {
        let weights = &self.weights.groups[group];
        let bias = bias.map(|bias| &bias[group * weights.rows..][..weights.rows]);
        let finish = finish.of_rows(group * weights.rows..(group + 1) * weights.rows);
        let plane = self.axes[1].input * self.axes[2].input;
        let (depth, planes) = (self.axes[0].input, self.channels * self.axes[0].input);
        let (image, z) = (tile.image / self.axes[0].output, tile.image % self.axes[0].output);
        let channels = self.channels / self.weights.groups.len();
        let image = &x[image * planes * plane..][..planes * plane];
        let run = |source: &[f32], offsets: &[u32], first: usize, count: usize| {
            let (blocks, result, stride) = (blocks.clone(), to.memory, to.distance);
            Product { weights, blocks, bias, offsets, source, finish, result, first, stride, count }.run();
        };
        let width = self.axes[2].input;
        let as_in_image = tile.rows == 1 || (tile.columns == width && tile.stride == width && to.down == width);
        if self.is_pointwise() && as_in_image && blocks.len() == 1 {
            let start = z * plane + tile.top * width + tile.left;
            let offset = |c: usize| ((group * channels + c) * depth * plane + start) as u32;
            let offsets: Vec<u32> = (0..channels).map(offset).collect();
            return run(image, &offsets, to.first, tile.positions());
        }
        if self.is_sparse() {
            return self.one_by_one(tile, (group, blocks), image, bias, finish, to);
        }
        let mut source = buffers.take(window.floats);
        let mut rest = source.as_mut_slice();
        for channel in group * channels..(group + 1) * channels {
            for tap in 0..self.axes[0].kernel {
                let axis = self.axes[0];
                let at = (z * axis.stride + tap * axis.dilation) as i64 - axis.begin as i64;
                let from = self.mode.place(at, depth).map(|z| &image[(channel * depth + z) * plane..][..plane]);
                let (to, after) = rest.split_at_mut(window.window.len());
                window.window.fill(tile, from, to);
                rest = after;
            }
        }
        if tile.rows * tile.columns <= MOST_POSITIONS && weights.rows >= FEWEST_ROWS {
            self.wide(tile, &source, &window.offsets, (group, blocks), bias, finish, to, buffers);
        } else if tile.rows == 1 || to.down == tile.stride {
            run(&source, &window.offsets, to.first, tile.positions());
        } else if tile.columns >= FEWEST_COLUMNS {
            for row in 0..tile.rows {
                run(&source[row * tile.stride..], &window.offsets, to.first + row * to.down, tile.columns);
            }
        } else {
            self.copied(tile, &source, &window.offsets, weights, blocks, bias, finish, to, buffers);
        }
        buffers.give(source);
    }

    /// Whether what a single position reads lies too far apart to be copied. Does not depend on the size of the image.
    fn is_sparse(&self) -> bool {
        let [z, y, x] = self.axes;
        let planes = self.channels / self.weights.groups.len() * z.kernel;
        planes.saturating_mul((Window::halo(&y) + 1) * (Window::halo(&x) + 1)) > LARGEST_SOURCE
    }

    /// The sums of a tile, each for itself.
    fn one_by_one(
        &self,
        tile: &Tile,
        (group, blocks): (usize, Range<usize>),
        image: &[f32],
        bias: Option<&[f32]>,
        finish: Finish,
        to: Rows,
    ) {
        let weights = &self.weights.groups[group];
        let [z, y, x] = self.axes;
        let channels = self.channels / self.weights.groups.len();
        let place = |axis: WindowAxis, output: usize, tap: usize| {
            self.mode.place((output * axis.stride + tap * axis.dilation) as i64 - axis.begin as i64, axis.input)
        };
        let depth = tile.image % z.output;
        for (index, row) in weights.rows_of(&blocks).enumerate() {
            for (top, left) in (0..tile.rows).flat_map(|top| (0..tile.columns).map(move |left| (top, left))) {
                let mut sum = bias.map_or(0.0, |bias| bias[row]);
                for term in 0..weights.terms {
                    let (tap, rest) = (term % x.kernel, term / x.kernel);
                    let (down, rest) = (rest % y.kernel, rest / y.kernel);
                    let (deep, channel) = (rest % z.kernel, group * channels + rest / z.kernel);
                    let places =
                        (place(z, depth, deep), place(y, tile.top + top, down), place(x, tile.left + left, tap));
                    if let (Some(deep), Some(down), Some(across)) = places {
                        let at = ((channel * z.input + deep) * y.input + down) * x.input + across;
                        sum += weights.at(row, term) * image[at];
                    }
                }
                let at = to.first + index * to.distance + top * to.down + left;
                // SAFETY: the caller's rows are this tile's alone.
                let to = unsafe { to.memory.part(at..at + 1) };
                to[0] = finish.number(row, sum);
            }
        }
    }

    /// The sums of a small tile: positions side by side.
    fn wide(
        &self,
        tile: &Tile,
        source: &[f32],
        offsets: &[u32],
        (group, blocks): (usize, Range<usize>),
        bias: Option<&[f32]>,
        finish: Finish,
        to: Rows,
        buffers: &Buffers,
    ) {
        let all = self.weights.wide();
        let rows = self.weights.groups[group].rows_of(&blocks);
        let (columns, count) = (tile.columns, tile.rows * tile.columns);
        let places = (0..count).map(|at| (at / columns * tile.stride + at % columns, at)).collect::<Vec<_>>();
        let mut sums = buffers.take(rows.len() * count);
        let product = WideProduct {
            weights: &all[group],
            rows: rows.clone(),
            bias,
            offsets,
            source,
            places: &places,
            result: &mut sums,
            stride: count,
        };
        product.run();
        wide::finish(finish, rows, &mut sums, count, count);
        for (row, sums) in sums.chunks(count).enumerate() {
            for (y, sums) in sums.chunks(columns).enumerate() {
                let at = to.first + row * to.distance + y * to.down;
                // SAFETY: the caller's rows are this tile's alone.
                unsafe { to.memory.part(at..at + columns) }.copy_from_slice(sums);
            }
        }
        buffers.give(sums);
    }

    /// The sums of short rows, all of them at once, then copied.
    fn copied(
        &self,
        tile: &Tile,
        source: &[f32],
        offsets: &[u32],
        weights: &Packed,
        blocks: Range<usize>,
        bias: Option<&[f32]>,
        finish: Finish,
        to: Rows,
        buffers: &Buffers,
    ) {
        let stride = spread(tile.positions());
        let rows = weights.rows_of(&blocks).len();
        let mut sums = buffers.take(rows * stride);
        let (result, count) = (Shared::new(&mut sums), tile.positions());
        Product { weights, blocks, bias, offsets, source, finish, result, first: 0, stride, count }.run();
        for (row, sums) in sums.chunks(stride).enumerate() {
            for y in 0..tile.rows {
                let at = to.first + row * to.distance + y * to.down;
                // SAFETY: the caller's rows are this tile's alone.
                let to = unsafe { to.memory.part(at..at + tile.columns) };
                to.copy_from_slice(&sums[y * tile.stride..][..tile.columns]);
            }
        }
        buffers.give(sums);
    }
}

/// Rows that a tile writes, in memory that others write, too.
#[derive(Clone, Copy)]
pub(crate) struct Rows<'a> {
    pub memory: Shared<'a>,
    /// Where the first channel's first position lies.
    pub first: usize,
    /// Distance of channels.
    pub distance: usize,
    /// Distance of the tile's rows.
    pub down: usize,
}

/// How a convolution's tiles read their source.
#[derive(Debug)]
pub(crate) struct ConvWindow {
    window: Window,
    /// Where the elements of each term begin.
    offsets: Vec<u32>,
    /// Floats of a tile's source.
    floats: usize,
}
