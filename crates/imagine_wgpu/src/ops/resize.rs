//! `Resize` as one kernel call that reads its taps from a table made here.

use imagine_graph::resize::{ResizedAxis, Taps};
use imagine_graph::{MAX_RANK, Resize};

use crate::kernel::{Head, KernelCall, Operand, Packed};
use crate::lower::Lowering;
use crate::ops::axes::{Axes, call, row_major};
use crate::params::params;

params! {
    /// Params of `ops/resize`.
    pub(crate) struct Params for "ops/resize" {
        head: Head,
        axes: [[i32; 4]; 6],
        resized: [[u32; 4]; 6],
        rank: u32,
        count: u32,
        outside: f32,
        unused: u32,
    }
}

/// The call of `Resize`.
pub fn lower(op: &Resize, node: &Lowering) -> KernelCall {
    let input = &node.input(0).value_type.shape;
    let output = node.output_shape();
    let strides = row_major(input);
    let mut kept = strides.clone();
    let mut table = Table::default();
    let mut resized = [[1, 1, 0, 0]; MAX_RANK];
    let mut terms = 1;
    let axes = op.resized(input, node.size).expect("the shape rule accepted the axes");
    // The last axis is the innermost loop.
    for (place, axis) in resized.iter_mut().zip(axes.iter().rev()) {
        kept[axis.axis] = 0;
        let behind: usize = output[axis.axis + 1..].iter().product();
        let start = table.add(op, axis, &mut terms);
        *place = [behind as u32, axis.output as u32, strides[axis.axis] as u32, start];
    }
    let one = table.add_one();
    resized[axes.len()..].iter_mut().for_each(|place| place[3] = one);
    let Axes { axes: walk, rank } = Axes::new(output, [&kept]);
    let count = output.iter().product::<usize>();
    let params =
        Params { axes: walk, resized, rank, count: count as u32, outside: op.extrapolation_value, ..Params::default() };
    let defs: &[&str] = if axes.len() > 2 { &["OUTER"] } else { &[] };
    let mut call = call(node, Params::SHADER, defs, &params, count, 2 * count as u64 * terms as u64);
    let packed = Packed { label: format!("{} taps", node.node), data: table.words() };
    call.operands.push(Operand::Packed(packed));
    call
}

/// For every axis where the taps of its output elements begin, and where the last ones end; then the taps themselves.
#[derive(Default)]
struct Table {
    /// Positions in `taps`.
    begins: Vec<u32>,
    /// Index and weight of each tap, as words.
    taps: Vec<[u32; 2]>,
}

impl Table {
    /// Adds an axis; returns where its first position stands. Multiplies `terms` by the most taps of an element.
    fn add(&mut self, op: &Resize, axis: &ResizedAxis, terms: &mut usize) -> u32 {
        let (start, first) = (self.begins.len(), self.taps.len());
        let taps = Taps::new(op, axis);
        self.begins.push(first as u32);
        self.begins.extend(taps.ends.iter().map(|end| (first + end) as u32));
        self.taps.extend(taps.all.iter().map(|tap| [tap.index as u32, tap.weight.to_bits()]));
        *terms *= (0..axis.output).map(|o| taps.of(o).len()).max().unwrap_or(1).max(1);
        start as u32
    }

    /// Adds what stands for an axis that is not resized: the first element.
    fn add_one(&mut self) -> u32 {
        let (start, first) = (self.begins.len() as u32, self.taps.len() as u32);
        self.begins.extend([first, first + 1]);
        self.taps.push([0, 1.0f32.to_bits()]);
        start
    }

    /// Positions counted in words from the table's beginning, then the taps. The kernel reads all of it as words.
    fn words(&self) -> std::sync::Arc<[f32]> {
        let begins = self.begins.iter().map(|begin| self.begins.len() as u32 + 2 * begin);
        begins.chain(self.taps.iter().flatten().copied()).map(f32::from_bits).collect()
    }
}
