//! The one-node graph of an operator's case.

use super::{Graph, GraphInput, GraphOutput, InputKind, Node, OutputKind};
use crate::ops::{Case, Inputs};
use crate::tensor::{Dim, Tensor};

impl Case {
    /// The one-node graph of this case and the values of its inputs, in order.
    ///
    /// Inputs are called `x0`, `x1`, ..; weights `w0`, `w1`, ..; outputs `y0`, `y1`, ..
    pub fn graph(&self) -> (Graph, Vec<Tensor>) {
        let mut graph = Graph::default();
        let mut values = Vec::new();
        let mut names = Vec::new();
        for (index, tensor) in self.inputs.iter().enumerate() {
            let Some(tensor) = tensor else {
                names.push(String::new());
                continue;
            };
            let is_weight = self.weights.contains(&index);
            let name = format!("{}{index}", if is_weight { "w" } else { "x" });
            if is_weight {
                graph.weights.insert(name.clone(), tensor.clone());
            } else {
                let shape = tensor.shape.iter().map(|&d| Dim::Fixed(d)).collect();
                graph.inputs.push(GraphInput {
                    name: name.clone(),
                    kind: InputKind::Tensor,
                    dtype: tensor.dtype(),
                    shape,
                });
                values.push(tensor.clone());
            }
            names.push(name);
        }
        let types: Vec<_> = self.inputs.iter().map(|input| input.as_ref().map(Tensor::tensor_type)).collect();
        let types: Vec<_> = types.iter().map(Option::as_ref).collect();
        // A case that its shape rule rejects gets one output; validation reports why.
        let outputs = self.op.infer(&Inputs { types: &types, size: self.size() }).map_or(1, |types| types.len());
        let output_names: Vec<String> = (0..outputs).map(|i| format!("y{i}")).collect();
        graph.outputs = output_names.iter().map(|n| GraphOutput::new(n, OutputKind::Tensor)).collect();
        graph.nodes.push(Node { name: "node".into(), op: self.op.clone(), inputs: names, outputs: output_names });
        (graph, values)
    }
}
