//! Finding the step of a cellular automaton in a graph, to run it as one kernel.

use std::collections::HashSet;

use imagine_graph::{BoundGraph, NodeId};

use super::fuse::Uses;
use crate::kernel::KernelCall;

/// The part of a graph that one kernel does.
pub(super) struct FusedStep {
    /// The nodes that need no pass of their own.
    pub nodes: HashSet<NodeId>,
    /// The last of them, in whose place the call stands.
    pub last: NodeId,
    /// The call.
    pub call: KernelCall,
}

/// The automaton step that writes the graph's only output, if it is one.
pub(super) fn find(bound: &BoundGraph, uses: &Uses) -> Option<FusedStep> {
    let _ = (bound, uses);
    None
}
