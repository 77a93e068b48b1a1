//! `Einsum` of three or more operands as a chain of pairs.

use imagine_graph::Einsum;

use super::subgraph::first_output;
use crate::attributes::{Attribute, invalid};
use crate::error::NodeFault;
use crate::importer::Importer;
use crate::value::{OnnxNode, Value};

/// Each pair keeps the letters of later operands and of the output.
pub(super) fn chain(importer: &mut Importer, mut node: OnnxNode) -> Result<Vec<Value>, NodeFault> {
    if node.inputs.len() <= 2 {
        return importer.emit_node(node);
    }
    let equation = match node.attributes.take("equation") {
        Some(Attribute::Text(text)) => text.replace(' ', ""),
        _ => return Err(invalid("equation", "must be a string")),
    };
    node.reject_unknown_attributes()?;
    let (left, output) = equation.split_once("->").unwrap_or((&equation, ""));
    let terms: Vec<&str> = left.split(',').collect();
    if terms.len() != node.inputs.len() || equation.contains('.') {
        return Err(invalid(
            "equation",
            "must have one term for each input, and no ellipsis with three or more inputs",
        ));
    }
    let output = if equation.contains("->") { output.to_string() } else { implied(left) };
    let mut result = node.input(0)?.clone();
    let mut letters = terms[0].to_string();
    for index in 1..terms.len() {
        let last = index + 1 == terms.len();
        let rest: String = terms[index + 1..].concat() + &output;
        let kept = if last { output.clone() } else { common(&(letters.clone() + terms[index]), &rest) };
        let op = Einsum { equation: format!("{letters},{}->{kept}", terms[index]) };
        let outputs = if last { node.outputs.clone() } else { vec![String::new()] };
        let inputs = [Some(result), Some(node.input(index)?.clone())];
        result = first_output(importer.emit_op(op.into(), &inputs, &outputs, &node.name)?)?;
        letters = kept;
    }
    Ok(vec![result])
}

/// The implicit output: the letters that occur once, in alphabetical order.
fn implied(terms: &str) -> String {
    let mut letters: Vec<char> = terms.chars().filter(|c| *c != ',' && terms.matches(*c).count() == 1).collect();
    letters.sort_unstable();
    letters.into_iter().collect()
}

/// The letters of `all` that occur in `wanted`, each once.
fn common(all: &str, wanted: &str) -> String {
    let mut kept = String::new();
    for letter in all.chars() {
        if wanted.contains(letter) && !kept.contains(letter) {
            kept.push(letter);
        }
    }
    kept
}
