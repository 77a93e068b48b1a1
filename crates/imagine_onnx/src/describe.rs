//! Lists a model's operators and inputs, whether or not it can be imported.

use std::collections::BTreeSet;

use crate::convert::{CONTROL, is_own};
use crate::error::{Fault, ImportError};
use crate::fold;
use crate::functions::Functions;
use crate::proto::{NodeProto, ValueInfoProto};
use crate::read::decode;
use crate::rewrite;
use crate::sequence;
use crate::tensor::ElementType;

/// A model's operators and inputs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Description {
    /// Its operators, with the domain if it is not ONNX's own. A call of a function of the model counts as the function's nodes.
    pub operators: BTreeSet<String>,
    /// Whether the importer supports all of them and the element types of inputs and outputs: floats of 16 or 32 bits, integers
    /// of 32 or 64 bits, signed and unsigned bytes, or truth values.
    pub declared: bool,
    /// Names of the run-time inputs, in order.
    pub inputs: Vec<String>,
}

/// Describes a model.
pub fn describe(bytes: &[u8]) -> Result<Description, ImportError> {
    let model = decode(bytes)?;
    let Some(graph) = &model.graph else { return Err(Fault::NoGraph.into()) };
    let mut operators = BTreeSet::new();
    let functions = Functions::of(&model);
    collect(&graph.node, &functions, &mut operators);
    // Every function is listed, called or not: a call could be followed for ever.
    model.functions.iter().for_each(|function| collect(&function.node, &functions, &mut operators));
    let infos = graph.input.iter().chain(&graph.output);
    let declared = operators.iter().all(|name| is_known(name)) && infos.into_iter().all(has_known_elements);
    let stored = |input: &&ValueInfoProto| graph.initializer.iter().any(|tensor| tensor.name == input.name);
    let inputs = graph.input.iter().filter(|input| !stored(input)).map(|input| input.name.clone()).collect();
    Ok(Description { operators, declared, inputs })
}

/// Whether the importer supports the operator.
fn is_known(name: &str) -> bool {
    CONTROL.contains(&name) || sequence::OPERATORS.contains(&name) || fold::has(name) || rewrite::has(name)
}

fn collect(nodes: &[NodeProto], functions: &Functions, operators: &mut BTreeSet<String>) {
    for node in nodes {
        if functions.called(node).is_none() {
            let own = is_own(node);
            operators.insert(if own { node.op_type.clone() } else { format!("{}.{}", node.domain, node.op_type) });
        }
        for attribute in &node.attribute {
            attribute.g.iter().for_each(|graph| collect(&graph.node, functions, operators));
        }
    }
}

fn has_known_elements(info: &ValueInfoProto) -> bool {
    use ElementType::{Bool, Float, Float16, Int8, Int32, Int64, Uint8};
    let code = info.r#type.as_ref().and_then(|found| found.tensor_type.as_ref()).map(|found| found.elem_type);
    code.and_then(ElementType::from_code)
        .is_some_and(|found| [Bool, Float, Float16, Int8, Int32, Int64, Uint8].contains(&found))
}

#[cfg(test)]
mod tests {
    use super::is_known;
    use crate::attribute_inputs;

    #[test]
    fn what_the_importer_supports_is_listed() {
        for name in ["CastLike", "Crop", "DequantizeLinear", "If", "Loop", "NonZero", "RandomNormalLike", "Upsample"] {
            assert!(is_known(name), "{name}");
        }
        for name in ["CenterCropPad", "LSTM", "Frobnicate"] {
            assert!(!is_known(name), "{name}");
        }
    }

    #[test]
    fn no_input_becomes_an_attribute_of_an_operator_that_is_not_supported() {
        for name in attribute_inputs::operators() {
            assert!(is_known(name), "{name}");
        }
    }
}
