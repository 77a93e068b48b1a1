//! Lists a model's operators and inputs, whether or not it can be imported.

use std::collections::BTreeSet;

use imagine_graph::Op;

use crate::error::{Fault, ImportError};
use crate::proto::{GraphProto, ValueInfoProto};
use crate::read::decode;
use crate::rewrite::FUNCTIONS;
use crate::tensor::ElementType;

/// Operators that the importer evaluates or decomposes, so that no graph has them.
const IMPORTED: &[&str] = &[
    "Attention",
    "Col2Im",
    "ConstantOfShape",
    "Dropout",
    "EyeLike",
    "GlobalLpPool",
    "If",
    "Mean",
    "Range",
    "Shape",
    "Size",
    "Sum",
    "TopK",
];

/// A model's operators and inputs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Description {
    /// Its operators, with the domain if it is not ONNX's own.
    pub operators: BTreeSet<String>,
    /// Whether the importer supports all of them and the element types of inputs and outputs: floats of 16 or 32 bits, integers
    /// of 32 or 64 bits, bytes or truth values.
    pub declared: bool,
    /// Names of the run-time inputs, in order.
    pub inputs: Vec<String>,
}

/// Describes a model.
pub fn describe(bytes: &[u8]) -> Result<Description, ImportError> {
    let model = decode(bytes)?;
    let Some(graph) = &model.graph else { return Err(Fault::NoGraph.into()) };
    let mut operators = BTreeSet::new();
    collect(graph, &mut operators);
    let is_known = |name: &String| {
        IMPORTED.contains(&name.as_str())
            || FUNCTIONS.contains(&name.as_str())
            || Op::ALL.iter().any(|info| info.name == *name)
    };
    let infos = graph.input.iter().chain(&graph.output);
    let declared = operators.iter().all(is_known) && infos.into_iter().all(has_known_elements);
    let stored = |input: &&ValueInfoProto| graph.initializer.iter().any(|tensor| tensor.name == input.name);
    let inputs = graph.input.iter().filter(|input| !stored(input)).map(|input| input.name.clone()).collect();
    Ok(Description { operators, declared, inputs })
}

fn collect(graph: &GraphProto, operators: &mut BTreeSet<String>) {
    for node in &graph.node {
        let own = matches!(node.domain.as_str(), "" | "ai.onnx");
        operators.insert(if own { node.op_type.clone() } else { format!("{}.{}", node.domain, node.op_type) });
        for attribute in &node.attribute {
            attribute.g.iter().for_each(|graph| collect(graph, operators));
        }
    }
}

fn has_known_elements(info: &ValueInfoProto) -> bool {
    use ElementType::{Bool, Float, Float16, Int32, Int64, Uint8};
    let code = info.r#type.as_ref().and_then(|found| found.tensor_type.as_ref()).map(|found| found.elem_type);
    code.and_then(ElementType::from_code)
        .is_some_and(|found| [Bool, Float, Float16, Int32, Int64, Uint8].contains(&found))
}
