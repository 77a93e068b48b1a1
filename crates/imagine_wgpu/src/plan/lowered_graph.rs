//! One graph as kernel calls, before its values have a place in memory.

use std::collections::{HashMap, HashSet};

use imagine_graph::{BoundGraph, Size, ValueId};

use crate::analysis::fused::NodeInput;
use crate::analysis::liveness::KnownValues;
use crate::kernel::KernelCall;

/// A graph as kernel calls.
pub(super) struct LoweredGraph<'a> {
    /// The graph.
    pub bound: &'a BoundGraph<'a>,
    /// Size of the whole image; the graph may compute a window of it.
    pub whole: Size,
    /// The calls in an order in which they can run.
    pub calls: Vec<KernelCall>,
    /// For every value the one whose bytes it shares: itself, or what it is a view of.
    pub roots: Vec<ValueId>,
    /// Roots that are stored as 16-bit floats.
    pub half: HashSet<ValueId>,
    /// Roots that are stored inside another value.
    pub sub_buffers: HashMap<ValueId, SubBuffer>,
    /// Values known at planning time.
    pub known: KnownValues<'a>,
}

/// A byte range of another value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SubBuffer {
    /// The other value.
    pub parent: ValueId,
    /// First byte.
    pub offset: u64,
}

impl LoweredGraph<'_> {
    /// Bytes of `value` in memory.
    pub fn bytes_of(&self, value: ValueId) -> u64 {
        let elements = self.bound.value_type(value).elements() as u64;
        // Bindings are whole words.
        if self.half.contains(&self.roots[value.0]) { (2 * elements).next_multiple_of(4) } else { 4 * elements }
    }

    /// The value whose bytes contain `value`, and the first byte of `value` in it.
    pub fn place(&self, value: ValueId) -> (ValueId, u64) {
        let mut at = (self.roots[value.0], 0);
        while let Some(sub_buffer) = self.sub_buffers.get(&at.0) {
            at = (self.roots[sub_buffer.parent.0], at.1 + sub_buffer.offset);
        }
        at
    }

    /// `value` as a node reads it.
    pub fn input(&self, value: ValueId) -> NodeInput<'_> {
        let weight = self.known.get(&value).map(|tensor| &**tensor);
        NodeInput { value, value_type: self.bound.value_type(value), weight }
    }
}
