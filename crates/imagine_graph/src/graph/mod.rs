//! A network as plain data: named nodes that read and write named values. Unchecked; see [`crate::ValidGraph`].

mod case;
mod error;
mod kind;
mod support;
mod validate;
mod weights;

pub use error::{GraphError, GraphErrors};
pub use kind::{ColorSpace, Coordinates, Distribution, InputKind, OutputKind};
pub use support::{OutputSupport, Support};
pub use validate::{BoundGraph, NodeId, ValidGraph, ValidNode, ValueId, ValueSource};
pub(crate) use weights::derived;
pub use weights::{TEXELS, Weights, appearance_name, similar_name};

use serde::{Deserialize, Serialize};

use crate::ops::Op;
use crate::tensor::{DType, Dim, Tensor};

/// A network.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Graph {
    /// Values that the caller provides.
    pub inputs: Vec<GraphInput>,
    /// Trained values, by name.
    pub weights: Weights,
    /// Operators, in any order.
    pub nodes: Vec<Node>,
    /// Values that the caller receives.
    pub outputs: Vec<GraphOutput>,
}

/// A value that the caller provides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GraphInput {
    /// Name that nodes read.
    pub name: String,
    /// What the value means.
    pub kind: InputKind,
    /// Element type.
    #[serde(default = "f32_dtype", skip_serializing_if = "is_f32")]
    pub dtype: DType,
    /// Shape, with height, width and batch open.
    pub shape: Vec<Dim>,
}

/// A value that the caller receives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GraphOutput {
    /// Name of the value.
    pub name: String,
    /// What the value means.
    pub kind: OutputKind,
    /// Smallest and largest meaningful value; exporters clip to this range.
    pub range: [f32; 2],
    /// Colour space of the stored numbers.
    pub color_space: ColorSpace,
}

impl GraphOutput {
    /// An output with the default range and colour space of its kind.
    pub fn new(name: impl Into<String>, kind: OutputKind) -> Self {
        Self { name: name.into(), kind, range: kind.default_range(), color_space: kind.default_color_space() }
    }
}

/// An operator applied to named values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "NodeRecord", into = "NodeRecord")]
pub struct Node {
    /// Name, unique in its graph.
    pub name: String,
    /// Operator with its parameters.
    pub op: Op,
    /// Names of the values it reads, in ONNX order; empty for an omitted optional input.
    pub inputs: Vec<String>,
    /// Names of the values it writes.
    pub outputs: Vec<String>,
}

/// A node in the form of a generator file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct NodeRecord {
    name: String,
    op: String,
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    attributes: serde_json::Map<String, serde_json::Value>,
    #[serde(default)]
    inputs: Vec<String>,
    outputs: Vec<String>,
}

impl TryFrom<NodeRecord> for Node {
    type Error = String;

    fn try_from(record: NodeRecord) -> Result<Self, String> {
        let NodeRecord { name, op, attributes, inputs, outputs } = record;
        let op = Op::from_attributes(&op, attributes.into()).map_err(|error| format!("node {name:?}: {error}"))?;
        Ok(Node { name, op, inputs, outputs })
    }
}

impl From<Node> for NodeRecord {
    fn from(node: Node) -> Self {
        let Node { name, op, inputs, outputs } = node;
        NodeRecord { name, op: op.name().into(), attributes: op.attributes(), inputs, outputs }
    }
}

impl Graph {
    /// Adds a float input and returns its name.
    pub fn input(&mut self, name: &str, kind: InputKind, shape: Vec<Dim>) -> String {
        self.inputs.push(GraphInput { name: name.into(), kind, dtype: DType::F32, shape });
        name.into()
    }

    /// Adds a weight and returns its name.
    pub fn weight(&mut self, name: &str, tensor: Tensor) -> String {
        self.weights.insert(name.into(), tensor);
        name.into()
    }

    /// Adds a node that writes one value of the same name, and returns that name.
    pub fn push<'a>(&mut self, name: &str, op: impl Into<Op>, inputs: impl IntoIterator<Item = &'a str>) -> String {
        let inputs = inputs.into_iter().map(String::from).collect();
        self.nodes.push(Node { name: name.into(), op: op.into(), inputs, outputs: vec![name.into()] });
        name.into()
    }

    /// Declares value `name` as an output with the default range and colour space of `kind`.
    pub fn output(&mut self, name: &str, kind: OutputKind) {
        self.outputs.push(GraphOutput::new(name, kind));
    }

    /// The same graph for sizes that are `factor` times as large: heights and widths of inputs and parameters are divided by it.
    #[must_use]
    pub fn with_sides_divided(mut self, factor: usize) -> Self {
        let inputs = self.inputs.iter_mut().flat_map(|input| &mut input.shape);
        let parameters = self.nodes.iter_mut().flat_map(|node| node.op.dims_mut());
        inputs.chain(parameters).for_each(|dim| *dim = dim.divided(factor));
        self
    }

    /// Total number of elements of the weights.
    pub fn parameters(&self) -> usize {
        self.weights.values().map(Tensor::len).sum()
    }
}

fn f32_dtype() -> DType {
    DType::F32
}

fn is_f32(dtype: &DType) -> bool {
    *dtype == DType::F32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::Op;
    use crate::tensor::{Ratio, Symbol};

    #[test]
    fn every_symbolic_parameter_is_divided() {
        for case in Op::ALL.iter().flat_map(|info| (info.cases)()) {
            let graph = Graph {
                nodes: vec![Node { name: case.name, op: case.op, inputs: Vec::new(), outputs: Vec::new() }],
                ..Graph::default()
            };
            let text = |graph: &Graph| serde_json::to_string(&graph.nodes).unwrap();
            let is_open = text(&graph).contains("\"height\":[") || text(&graph).contains("\"width\":[");
            let divided = graph.clone().with_sides_divided(2);
            assert_eq!(divided != graph, is_open, "{}", text(&graph));
        }
    }

    #[test]
    fn divided_sides_are_in_lowest_terms() {
        let mut graph = Graph::default();
        let side = Dim::Symbol(Symbol::Height(Ratio::new(6, 5)));
        graph.input("x", InputKind::Tensor, vec![Dim::BATCH, Dim::Fixed(4), side, Dim::WIDTH]);
        let shape = graph.with_sides_divided(4).inputs.remove(0).shape;
        let texts: Vec<String> = shape.iter().map(Dim::to_string).collect();
        assert_eq!(texts, ["batch", "4", "3*height/10", "width/4"]);
    }
}
