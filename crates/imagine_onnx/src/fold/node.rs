//! One node at one probe size, and the size limits of evaluation.

use std::rc::Rc;

use crate::array::{Array, count};
use crate::attributes::Attributes;
use crate::error::NodeFault;

/// Maximum elements of an evaluated value.
pub(crate) const MAX_ELEMENTS: usize = 1 << 16;

/// Maximum elements of an evaluated value that repeats another's.
const MAX_REPEATED: usize = 1 << 10;

/// A node at one probe size, whose inputs are all known.
pub(crate) struct BoundNode<'a> {
    pub op: &'a str,
    pub attributes: &'a Attributes,
    pub inputs: &'a [Option<Rc<Array>>],
    pub probe: usize,
    pub outputs: usize,
}

/// Values; `None` if the node has to go into the graph.
pub(crate) type Folded = Result<Option<Vec<Rc<Array>>>, NodeFault>;

impl BoundNode<'_> {
    pub fn input(&self, index: usize) -> Result<&Array, NodeFault> {
        self.inputs.get(index).and_then(|i| i.as_deref()).ok_or(NodeFault::Evaluation("an input is missing"))
    }
}

/// The element count of `shape` if it is small enough, also with dimensions of 0 taken as 1.
pub(super) fn small(shape: &[usize]) -> Option<usize> {
    let bound = shape.iter().fold(1usize, |n, &d| n.saturating_mul(d.max(1)));
    (bound <= MAX_ELEMENTS).then(|| count(shape))
}

/// As [`small`] for repeated elements, which a graph expresses better than a list.
pub(super) fn repeated(shape: &[usize]) -> Option<usize> {
    small(shape).filter(|&count| count <= MAX_REPEATED)
}

pub(super) fn sizes(values: &[i64]) -> Result<Vec<usize>, NodeFault> {
    values
        .iter()
        .map(|&v| usize::try_from(v))
        .collect::<Result<_, _>>()
        .map_err(|_| NodeFault::Evaluation("a dimension is negative"))
}
