//! `Resize` as one kernel call; its taps are in a table made here.

use imagine_graph::resize_weights::{FilterTaps, Tap};
use imagine_graph::{CoordinateTransformationMode, MAX_RANK, Resize, ResizeMode};

use crate::kernel::{KernelCall, Operand, PackedWeights};
use crate::lowering::Lowering;
use crate::ops::axes::{Axes, axes_def, call, row_major};
use crate::params::params;

params! {
    pub(crate) struct Params for "ops/resize" {
        axes: [[i32; 4]; MAX_RANK],
        resized: [[u32; 4]; MAX_RANK],
        rank: u32,
        count: u32,
        outside: f32,
        plane: u32,
    }
}

/// The call of `Resize`.
pub fn lower(op: &Resize, node: &Lowering) -> KernelCall {
    let input = &node.input(0).value_type.shape;
    let output = node.output_shape();
    let strides = row_major(input);
    let axes = op.resized(input, node.size).expect("the shape rule accepted the axes");
    let taps: Vec<FilterTaps> = axes.iter().map(|axis| FilterTaps::new(op, axis)).collect();
    let mut kept = strides.clone();
    let mut table = TapTable { layout: TapLayout::of(op, axes.len()), ..TapTable::default() };
    // Unused axes read the first element.
    let one = FilterTaps { all: vec![Tap { index: 0, weight: 1.0 }], ends: vec![1] };
    let mut resized = [[1, 1, 0, table.add(&one)]; MAX_RANK];
    // The last axis is the innermost loop.
    for (place, (axis, taps)) in resized.iter_mut().zip(axes.iter().zip(&taps).rev()) {
        kept[axis.axis] = 0;
        let behind: usize = output[axis.axis + 1..].iter().product();
        *place = [behind as u32, axis.output as u32, strides[axis.axis] as u32, table.add(taps)];
    }
    let words = table.whole();
    let Axes { axes: walk, rank } = Axes::new(output, [&kept]);
    let count = output.iter().product::<usize>();
    let trailing =
        axes.len() <= 2 && axes.iter().rev().zip((0..input.len()).rev()).all(|(axis, last)| axis.axis == last);
    let params = Params {
        axes: walk,
        resized,
        rank,
        count: count as u32,
        outside: op.extrapolation_value,
        plane: axes.iter().map(|axis| axis.input as u32).product(),
        ..Params::default()
    };
    let defs = [
        (axes.len() > 2).then_some("OUTER"),
        (table.layout == TapLayout::Pairs).then_some("PAIRS"),
        (table.layout == TapLayout::Single).then_some("SINGLE"),
        trailing.then_some("TRAILING"),
        axes_def(rank),
    ];
    let terms: u64 = taps.iter().map(|taps| taps.all.len().div_ceil(taps.ends.len()) as u64).product();
    let mut call = call(node, defs, &params, count, 2 * count as u64 * terms);
    call.operands.push(Operand::Packed(PackedWeights::new(format!("{} taps", node.node), words)));
    call
}

/// Layout of the table of taps. The choice depends on the operator's parameters, never on a length.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum TapLayout {
    /// For every element the index of its only tap, with weight 1.
    Single,
    /// For every element the indices of its two taps, then their weights; the second may repeat the first with weight 0.
    Pairs,
    /// For every element the start of its taps, and the end of the last ones; then indices and weights.
    #[default]
    Lists,
}

impl TapLayout {
    fn of(op: &Resize, axes: usize) -> Self {
        // Elements of a region of interest outside the image have no taps.
        let whole = op.coordinate_transformation_mode != CoordinateTransformationMode::TfCropAndResize;
        match op.mode {
            ResizeMode::Nearest if whole => TapLayout::Single,
            ResizeMode::Linear if whole && !op.antialias && axes <= 2 => TapLayout::Pairs,
            _ => TapLayout::Lists,
        }
    }
}

/// The taps of all axes, one axis after the other.
#[derive(Default)]
struct TapTable {
    layout: TapLayout,
    /// All words except the lists.
    words: Vec<u32>,
    /// Index and weight of each tap of the lists, as words.
    lists: Vec<[u32; 2]>,
}

impl TapTable {
    /// Adds an axis; returns where it begins.
    fn add(&mut self, taps: &FilterTaps) -> u32 {
        let start = self.words.len() as u32;
        match self.layout {
            TapLayout::Single => self.words.extend(taps.all.iter().map(|tap| tap.index as u32)),
            TapLayout::Pairs => {
                for of in (0..taps.ends.len()).map(|o| taps.of(o)) {
                    let second = of.get(1).map_or(Tap { weight: 0.0, ..of[0] }, |tap| *tap);
                    self.words.extend([of[0].index, second.index].map(|index| index as u32));
                    self.words.extend([of[0].weight, second.weight].map(f32::to_bits));
                }
            }
            TapLayout::Lists => {
                let first = self.lists.len();
                self.words.push(first as u32);
                self.words.extend(taps.ends.iter().map(|end| (first + end) as u32));
                self.lists.extend(taps.all.iter().map(|tap| [tap.index as u32, tap.weight.to_bits()]));
            }
        }
        start
    }

    /// The whole table; starts of lists become indices into it.
    fn whole(&self) -> std::sync::Arc<[f32]> {
        let before = self.words.len() as u32;
        let word = |word: &u32| if self.layout == TapLayout::Lists { before + 2 * word } else { *word };
        self.words.iter().map(word).chain(self.lists.iter().flatten().copied()).map(f32::from_bits).collect()
    }
}
