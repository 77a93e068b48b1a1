//! Tables of operators and what adds them.

use crate::error::NodeFault;
use crate::importer::Importer;
use crate::value::{OnnxNode, Value};

/// Adds a node to the graph and returns its outputs.
pub(super) type Rewrite = fn(&mut Importer, OnnxNode) -> Result<Vec<Value>, NodeFault>;

/// Operators and what adds them.
pub(super) type Table = &'static [(&'static str, Rewrite)];
