//! Sequences of tensors, which a graph does not have: what is put in and taken out is known at import time, so only tensors remain.

use std::rc::Rc;

use crate::array::Array;
use crate::attributes::{Attribute, Attributes, axis_from_front, is_constant};
use crate::error::NodeFault;
use crate::importer::Importer;
use crate::value::{OnnxNode, Value};

/// Maximum tensors in a sequence.
const MAX_TENSORS: usize = 1 << 12;

/// What a tensor in a sequence counts among the elements that may be held.
const ELEMENTS_OF_A_TENSOR: usize = 64;

/// Operators of sequences.
pub(crate) const OPERATORS: [&str; 8] = [
    "ConcatFromSequence",
    "SequenceAt",
    "SequenceConstruct",
    "SequenceEmpty",
    "SequenceErase",
    "SequenceInsert",
    "SequenceLength",
    "SplitToSequence",
];

type Result<T> = std::result::Result<T, NodeFault>;

impl Importer<'_> {
    /// The outputs of an operator of [`OPERATORS`]; `None` if a part of it has a fault.
    pub fn sequence(&mut self, mut node: OnnxNode) -> Result<Option<Vec<Value>>> {
        let made = match node.op.as_str() {
            "SplitToSequence" => return self.split_to_sequence(node),
            "ConcatFromSequence" => return Ok(Some(vec![self.concat_from_sequence(node)?])),
            "SequenceEmpty" => {
                node.attributes.take("dtype");
                self.tensors(Vec::new())?
            }
            "SequenceConstruct" => {
                let all: Option<Vec<Value>> = node.inputs.iter().cloned().collect();
                self.tensors(all.ok_or(NodeFault::Unsupported { reason: "has too few inputs" })?)?
            }
            "SequenceLength" => {
                let count = list(&node)?.len() as i64;
                self.constant("", Array::ints(&[], vec![count]))
            }
            "SequenceAt" => {
                let list = list(&node)?;
                list[position(&node, 1, list.len())?].clone()
            }
            "SequenceErase" => {
                let mut list = list(&node)?.to_vec();
                let last = list.len().saturating_sub(1);
                let at = if node.inputs.len() > 1 { position(&node, 1, list.len())? } else { last };
                if at < list.len() {
                    list.remove(at);
                }
                self.tensors(list)?
            }
            _ => {
                let (mut list, value) = (list(&node)?.to_vec(), node.input(1)?.clone());
                let at = if node.inputs.len() > 2 { position(&node, 2, list.len() + 1)? } else { list.len() };
                list.insert(at, value);
                self.tensors(list)?
            }
        };
        node.reject_unknown_attributes()?;
        Ok(Some(vec![made]))
    }

    /// A sequence.
    fn tensors(&mut self, list: Vec<Value>) -> Result<Value> {
        if list.len() > MAX_TENSORS {
            return Err(NodeFault::Unsupported { reason: "makes a sequence of more than 4096 tensors" });
        }
        self.spend_elements(list.len() * ELEMENTS_OF_A_TENSOR)?;
        // Nothing reads the type of a sequence.
        let nothing = self.constant("", Array::ints(&[], vec![0]));
        Ok(Value { known: None, sequence: Some(Rc::new(list)), ..nothing })
    }

    fn split_to_sequence(&mut self, mut node: OnnxNode) -> Result<Option<Vec<Value>>> {
        let data = node.input(0)?.clone();
        let axis = axis_from_front("axis", node.attributes.take_int("axis", 0)?, data.rank())?;
        let keep = node.attributes.take_int("keepdims", 1)? != 0;
        node.reject_unknown_attributes()?;
        let length = data.types[0].shape[axis];
        let same = data.types.iter().all(|found| found.shape[axis] == length);
        let split = node.inputs.get(1).and_then(Option::as_ref);
        let known = split.map(|split| split.known.as_ref().ok_or(NodeFault::Unknown { name: "split" })).transpose()?;
        let parts: Vec<i64> = match known {
            None => vec![1; length.min(MAX_TENSORS + 1)],
            Some(known) => {
                let whole = known[0].as_ints().filter(|_| is_constant(known));
                match (whole, known[0].shape.len()) {
                    (Some(&[part]), 0) if part > 0 => {
                        let count = length.div_ceil(part as usize).min(MAX_TENSORS + 1);
                        (0..count as i64).map(|index| part.min(length as i64 - index * part)).collect()
                    }
                    (Some(parts), 1) => parts.to_vec(),
                    _ => return Err(NodeFault::Unsupported { reason: "needs lengths that do not depend on the size" }),
                }
            }
        };
        if !same || parts.is_empty() || parts.len() > MAX_TENSORS {
            return Err(NodeFault::Unsupported { reason: "needs an axis of a fixed length, cut into 1 to 4096 parts" });
        }
        let outputs = vec![String::new(); parts.len()];
        let attributes = [("axis", Attribute::Int(axis as i64)), ("split", Attribute::Ints(parts))];
        let attributes = attributes.map(|(name, value)| (name.to_string(), value)).into();
        let cut = OnnxNode {
            op: "Split".into(),
            attributes: Attributes(attributes),
            inputs: vec![Some(data)],
            outputs,
            name: node.name.clone(),
        };
        let Some(mut list) = self.convert(cut)? else { return Ok(None) };
        if split.is_none() && !keep {
            for value in &mut list {
                let axes = Attributes::one("axes", Attribute::Ints(vec![axis as i64]));
                *value = self.part("Squeeze", axes, vec![Some(value.clone())], &node.name)?;
            }
        }
        Ok(Some(vec![self.tensors(list)?]))
    }

    fn concat_from_sequence(&mut self, mut node: OnnxNode) -> Result<Value> {
        let axis = node.attributes.take_int("axis", 0)?;
        let new = node.attributes.take_int("new_axis", 0)? != 0;
        node.reject_unknown_attributes()?;
        let mut rows = Vec::new();
        for value in list(&node)? {
            if !new {
                rows.push(Some(value.clone()));
                continue;
            }
            let axes = Attributes::one("axes", Attribute::Ints(vec![axis]));
            rows.push(Some(self.part("Unsqueeze", axes, vec![Some(value.clone())], &node.name)?));
        }
        if rows.is_empty() {
            return Err(NodeFault::Unsupported { reason: "joins an empty sequence" });
        }
        self.part("Concat", Attributes::one("axis", Attribute::Int(axis)), rows, &node.name)
    }
}

/// The tensors of the sequence that is the first input.
fn list(node: &OnnxNode) -> Result<&[Value]> {
    let sequence = node.input(0)?.sequence.as_ref();
    sequence.map(|list| list.as_slice()).ok_or(NodeFault::Unsupported { reason: "needs a sequence" })
}

/// The known position at input `index` in a sequence of `length` tensors.
fn position(node: &OnnxNode, index: usize, length: usize) -> Result<usize> {
    let known = node.input(index)?.known.as_ref().ok_or(NodeFault::Unknown { name: "position" })?;
    match known[0].as_ints() {
        Some(&[at]) if is_constant(known) => axis_from_front("position", at, length),
        _ => Err(NodeFault::Unsupported { reason: "needs one position that does not depend on the size" }),
    }
}
