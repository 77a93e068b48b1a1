//! What a group is when it runs: stages, where they read and write, and its outputs.

use std::sync::Arc;

use imagine_graph::{DType, RandomUniform, ValueId};

use crate::elementwise::Program;
use crate::ops::conv::{ConvWindow, Convolution};
use crate::ops::conv_transpose::Transposed;
use crate::product::Packed;
use crate::tile::Cut;

/// A group of nodes, ready to run.
#[derive(Debug)]
pub(crate) struct Group {
    pub cut: Cut,
    pub stages: Vec<Stage>,
    /// Rows of the tile's memory.
    pub rows: usize,
    /// Distance of the rows.
    pub stride: usize,
    pub outputs: Vec<Output>,
    /// Values from outside, each once.
    pub inputs: Vec<ValueId>,
}

/// A value that others read.
#[derive(Debug)]
pub(crate) struct Output {
    pub value: ValueId,
    pub shape: Vec<usize>,
    pub channels: usize,
    pub dtype: DType,
    /// Where its rows lie at the end; `None` if a stage writes it.
    pub from: Option<Place>,
}

/// Rows, one for each channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Rows of the tile's memory from this on.
    Tile { row: usize, channels: usize },
    /// Channels from `first` on of a value whose places lie as in the tile.
    Value { input: usize, first: usize, channels: usize },
    /// A value with one element for each channel, or for all.
    Channels { input: usize },
}

impl Place {
    /// The channels from `first` on.
    pub fn part(self, first: usize, channels: usize) -> Self {
        match self {
            Place::Tile { row, .. } => Place::Tile { row: row + first, channels },
            Place::Value { input, first: own, .. } => Place::Value { input, first: own + first, channels },
            Place::Channels { .. } => unreachable!("a value with an element for each place has channels to take"),
        }
    }
}

/// Where a stage writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// Rows of the tile's memory from this on.
    Tile(usize),
    /// The output of this index.
    Output(usize),
}

/// What is done with the sums of a stage: as [`crate::product::Finish`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Finish {
    pub affine: Option<Arc<Vec<(f32, f32)>>>,
    pub activation: Activation,
}

/// An activation of sums.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) enum Activation {
    #[default]
    None,
    Relu,
    Leaky(f32),
    /// The input that holds the slopes.
    PRelu(usize),
    Clip(f32, f32),
}

/// A loop over a tile.
#[derive(Debug)]
pub(crate) enum Stage {
    /// Rows of a value from outside into the tile's memory.
    Load {
        input: usize,
        channels: usize,
        to: usize,
    },
    Conv {
        convolution: Box<Convolution>,
        window: Option<Box<ConvWindow>>,
        input: usize,
        bias: Option<usize>,
        finish: Finish,
        to: Target,
    },
    Transposed {
        transposed: Box<Transposed>,
        input: usize,
        bias: Option<usize>,
        finish: Finish,
        to: usize,
    },
    /// A pointwise convolution of rows of the tile's memory.
    Pointwise {
        weights: Arc<Packed>,
        offsets: Vec<u32>,
        from: usize,
        bias: Option<usize>,
        finish: Finish,
        to: Target,
    },
    /// A factor and an addend for each channel.
    Affine {
        factors: Arc<Vec<(f32, f32)>>,
        from: Place,
        to: usize,
    },
    Elementwise {
        program: Box<Program>,
        sources: Vec<Place>,
        targets: Vec<Target>,
        channels: usize,
    },
    /// Rows one behind the other.
    Join {
        from: Place,
        channels: usize,
        to: usize,
    },
    Random {
        params: Box<RandomUniform>,
        channels: usize,
        to: usize,
    },
}

impl Stage {
    /// Visits the rows of the tile's memory that the stage reads, then those that it writes (true).
    pub fn rows_mut(&mut self, mut visit: impl FnMut(&mut usize, bool)) {
        let place = |place: &mut Place, visit: &mut dyn FnMut(&mut usize, bool)| {
            if let Place::Tile { row, .. } = place {
                visit(row, false);
            }
        };
        let target = |target: &mut Target, visit: &mut dyn FnMut(&mut usize, bool)| {
            if let Target::Tile(row) = target {
                visit(row, true);
            }
        };
        match self {
            Stage::Load { to, .. } | Stage::Transposed { to, .. } | Stage::Random { to, .. } => visit(to, true),
            Stage::Conv { to, .. } => target(to, &mut visit),
            Stage::Pointwise { from, to, .. } => {
                visit(from, false);
                target(to, &mut visit);
            }
            Stage::Affine { from, to, .. } | Stage::Join { from, to, .. } => {
                place(from, &mut visit);
                visit(to, true);
            }
            Stage::Elementwise { sources, targets, .. } => {
                sources.iter_mut().for_each(|source| place(source, &mut visit));
                targets.iter_mut().for_each(|to| target(to, &mut visit));
            }
        }
    }
}
