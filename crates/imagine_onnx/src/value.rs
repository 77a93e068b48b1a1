//! Values and nodes of the model while it is imported.

use std::collections::HashMap;
use std::rc::Rc;

use imagine_graph::TensorType;

use crate::array::Array;
use crate::attributes::{Attributes, PerProbe};
use crate::error::NodeFault;
use crate::tensor::ElementType;

/// A value of the model.
#[derive(Clone, Debug)]
pub(crate) struct Value {
    /// Name in the model.
    pub label: String,
    /// Type at every probe size.
    pub types: Vec<TensorType>,
    /// Elements at every probe size, if they do not depend on the network's inputs.
    pub known: Option<PerProbe>,
    /// Name in the graph, if the graph has it.
    pub name: Option<String>,
    /// Whether it is a weight of the model.
    pub weight: bool,
    /// Element type in the file, where it is known and matters: that of stored, cast and quantized values.
    pub element: Option<ElementType>,
    /// Its tensors, if it is a sequence.
    pub sequence: Option<Rc<Vec<Value>>>,
    /// The node that computed it, if it is known and depends on the size.
    pub producer: Option<Rc<Producer>>,
}

/// The node that computes an evaluated value.
#[derive(Debug)]
pub(crate) struct Producer {
    pub node: OnnxNode,
    /// Index of the output.
    pub output: usize,
    /// Length of the longest chain of producers before it.
    pub depth: usize,
}

impl Value {
    /// A value of the graph, called `name` there.
    pub fn in_graph(label: &str, types: Vec<TensorType>, name: String) -> Self {
        let (label, name) = (label.into(), Some(name));
        Self { label, types, known: None, name, weight: false, element: None, sequence: None, producer: None }
    }

    pub fn known(label: &str, arrays: PerProbe) -> Self {
        let types = arrays.iter().map(|a| a.tensor_type()).collect();
        Self { known: Some(arrays), name: None, ..Self::in_graph(label, types, String::new()) }
    }

    /// A known value that is the same at every probe size.
    pub fn constant(label: &str, array: Array, probes: usize) -> Self {
        Self::known(label, std::iter::repeat_n(Rc::new(array), probes).collect())
    }

    /// Shape at probe `probe`.
    pub fn shape(&self, probe: usize) -> &[usize] {
        &self.types[probe].shape
    }

    /// Shapes at every probe size, as integers.
    pub fn shapes(&self) -> Vec<Vec<i64>> {
        self.types.iter().map(|t| t.shape.iter().map(|&d| d as i64).collect()).collect()
    }

    pub fn rank(&self) -> usize {
        self.types[0].shape.len()
    }

    /// Whether it has no element at any probe size.
    pub fn is_empty(&self) -> bool {
        self.known.as_ref().is_some_and(|known| known.iter().all(|array| array.len() == 0))
    }
}

/// A node of the model, with its inputs resolved.
#[derive(Clone, Debug)]
pub(crate) struct OnnxNode {
    pub op: String,
    pub attributes: Attributes,
    pub inputs: Vec<Option<Value>>,
    /// Names in the model; empty for an output that nothing reads.
    pub outputs: Vec<String>,
    pub name: String,
}

impl OnnxNode {
    pub fn input(&self, index: usize) -> Result<&Value, NodeFault> {
        let value = self.inputs.get(index).and_then(Option::as_ref);
        value.ok_or(NodeFault::Unsupported { reason: "has too few inputs" })
    }

    /// Whether anything reads output `index`.
    pub fn is_read(&self, index: usize) -> bool {
        self.outputs.get(index).is_some_and(|name| !name.is_empty())
    }

    pub fn reject_unknown_attributes(&self) -> Result<(), NodeFault> {
        match self.attributes.0.first_key_value() {
            Some((name, _)) => Err(crate::attributes::invalid(name, "is not known")),
            None => Ok(()),
        }
    }
}

/// Values by their name in the model; `None` if the node that writes it has a fault.
pub(crate) type Scope = HashMap<String, Option<Value>>;
