//! Walks the nodes of a model in order: evaluates what is known, and adds the rest to the graph.

use std::collections::HashSet;
use std::rc::Rc;

use crate::array::Array;
use crate::attribute_inputs;
use crate::attributes::{Attribute, Attributes, PerProbe, constant_value, invalid, is_constant};
use crate::element;
use crate::error::{Fault, NodeFault};
use crate::fold;
use crate::functions::own_domain;
use crate::importer::Importer;
use crate::order::{execution_order, read_by};
use crate::proto::NodeProto;
use crate::rewrite;
use crate::sequence;
use crate::value::{OnnxNode, Producer, Value};

/// Maximum chain of evaluated nodes that is added to the graph when its result is read as data.
const MAX_PRODUCERS: usize = 64;

/// Operators that [`Importer::convert`] handles itself.
pub(crate) const CONTROL: [&str; 5] = ["Constant", "If", "Loop", "Shape", "Size"];

/// Operators of another domain that are the same as ONNX's own.
const SAME_AS_OWN: [(&str, &str); 2] = [("com.microsoft", "DequantizeLinear"), ("com.microsoft", "QuantizeLinear")];

/// Names in the nodes that are being added.
struct Names<'a> {
    read: HashSet<&'a str>,
    written: HashSet<&'a str>,
}

/// Whether the operator of `node` is one of ONNX's own.
pub(crate) fn is_own(node: &NodeProto) -> bool {
    let domain = own_domain(&node.domain);
    domain.is_empty() || SAME_AS_OWN.contains(&(domain, node.op_type.as_str()))
}

impl Importer<'_> {
    /// Adds the nodes of a model, branch, body or function, whose results are `outputs`.
    pub fn add_nodes<'n>(&mut self, nodes: &[NodeProto], outputs: impl Iterator<Item = &'n str>) {
        let mut names = Names { read: outputs.collect(), written: HashSet::new() };
        for node in nodes {
            read_by(node, &mut names.read);
            names.written.extend(node.output.iter().map(String::as_str));
        }
        let prefix = self.call.as_ref().map(|call| call.prefix.clone()).unwrap_or_default();
        for index in execution_order(nodes) {
            let proto = &nodes[index];
            let name = if proto.name.is_empty() { format!("{}_{index}", proto.op_type) } else { proto.name.clone() };
            let name = prefix.clone() + &name;
            let values = match self.add_node(proto, &name, &names) {
                Ok(values) => values,
                Err(error) => {
                    let (op, opset) = (proto.op_type.clone(), self.opset);
                    self.faults.push(Fault::Node { node: name, op, opset, error });
                    None
                }
            };
            let mut values = values.map(Vec::into_iter);
            for name in &proto.output {
                let value = values.as_mut().and_then(Iterator::next);
                if !name.is_empty() {
                    self.define(name, value.map(|v| Value { label: name.clone(), ..v }));
                }
            }
        }
    }

    /// The outputs of one node; `None` if one of its inputs has a fault.
    fn add_node(&mut self, proto: &NodeProto, name: &str, names: &Names) -> Result<Option<Vec<Value>>, NodeFault> {
        let function = self.functions.called(proto);
        if function.is_none() && !is_own(proto) {
            return Err(NodeFault::Domain { domain: proto.domain.clone() });
        }
        if proto.output.is_empty() {
            return Err(NodeFault::Unsupported { reason: "has no output" });
        }
        let mut inputs = Vec::with_capacity(proto.input.len());
        for (input, value) in proto.input.iter().enumerate() {
            match self.find(value) {
                _ if value.is_empty() => inputs.push(None),
                Some(Some(value)) => inputs.push(Some(value.clone())),
                Some(None) => return Ok(None),
                None if self.call.as_ref().is_some_and(|call| call.omitted.contains(value)) => inputs.push(None),
                None if names.written.contains(value.as_str()) => {
                    return Err(NodeFault::Cycle { input, value: value.clone() });
                }
                None => return Err(NodeFault::UnknownValue { input, value: value.clone() }),
            }
        }
        let call = self.call.clone();
        let attributes = Attributes::read(&proto.attribute, self.external, call.as_deref())?;
        if self.depth > 0 {
            self.spend_elements(attributes.elements())?;
        }
        let kept = |name: &String| if names.read.contains(name.as_str()) { name.clone() } else { String::new() };
        let outputs: Vec<String> = proto.output.iter().map(kept).collect();
        let (total, called) = (outputs.len(), function.is_some());
        let values = match function {
            Some(function) => self.call(function, attributes, inputs, name)?,
            None => {
                let node = OnnxNode { op: proto.op_type.clone(), attributes, inputs, outputs, name: name.into() };
                self.convert(node)?
            }
        };
        let Some(values) = values else { return Ok(None) };
        if let Some(output) = (values.len()..total).find(|&i| called || !kept(&proto.output[i]).is_empty()) {
            return Err(NodeFault::Outputs { output, expected: values.len() });
        }
        Ok(Some(values))
    }

    /// Evaluates a node whose inputs are known, else adds it to the graph; `None` if a branch has a fault.
    pub fn convert(&mut self, mut node: OnnxNode) -> Result<Option<Vec<Value>>, NodeFault> {
        match node.op.as_str() {
            "Constant" => {
                let element = node.attributes.element("value");
                let value = constant_value(&mut node.attributes)?;
                node.reject_unknown_attributes()?;
                return Ok(Some(vec![Value { element, ..Value::known("", vec![value; self.probes.len()]) }]));
            }
            "Shape" | "Size" => return self.shape(node).map(Some),
            "If" => return self.branch(node),
            "Loop" => return self.repeat(node),
            op if sequence::OPERATORS.contains(&op) => return self.sequence(node),
            "Identity" if node.input(0)?.sequence.is_some() => return Ok(Some(vec![node.input(0)?.clone()])),
            _ => {}
        }
        if node.inputs.iter().flatten().any(|value| value.sequence.is_some()) {
            return Err(NodeFault::Unsupported { reason: "reads a sequence, which only operators of sequences can" });
        }
        self.inputs_to_attributes(&mut node)?;
        let element = element::of_outputs(&node);
        let typed = |values: Vec<Value>| {
            let kept = |value: Value| Value { element: element.or(value.element), ..value };
            values.into_iter().map(kept).collect()
        };
        if let Some(values) = self.fold(&node)? {
            return Ok(Some(typed(values)));
        }
        rewrite::convert(self, node).map(typed).map(Some)
    }

    /// The first output of one of ONNX's operators on tensors, which stands for a part of another.
    pub fn part(
        &mut self,
        op: &str,
        attributes: Attributes,
        inputs: Vec<Option<Value>>,
        name: &str,
    ) -> Result<Value, NodeFault> {
        let node = OnnxNode { op: op.into(), attributes, inputs, outputs: vec![String::new()], name: name.into() };
        self.convert(node)?.and_then(|values| values.into_iter().next()).ok_or(NodeFault::UnknownOperator)
    }

    /// Turns inputs into attributes where the graph's operator has attributes.
    fn inputs_to_attributes(&mut self, node: &mut OnnxNode) -> Result<(), NodeFault> {
        let entries = attribute_inputs::entries(&node.op, self.opset);
        for entry in entries {
            let Some(value) = node.inputs.get_mut(entry.input).and_then(Option::take) else { continue };
            let known = value.known.ok_or(NodeFault::Unknown { name: entry.attribute })?;
            if node.attributes.has(entry.attribute) {
                return Err(invalid(entry.attribute, "is also given as an input"));
            }
            node.attributes.set(entry.attribute, Attribute::Input(known));
        }
        let is_attribute = |index: usize| entries.iter().any(|e| e.input == index);
        let mut index = 0;
        node.inputs.retain(|_| {
            index += 1;
            !is_attribute(index - 1)
        });
        while matches!(node.inputs.last(), Some(None)) {
            node.inputs.pop();
        }
        Ok(())
    }

    fn fold(&mut self, node: &OnnxNode) -> Result<Option<Vec<Value>>, NodeFault> {
        let known: Option<Vec<Option<&PerProbe>>> =
            node.inputs.iter().map(|v| v.as_ref().map_or(Some(None), |v| v.known.as_ref().map(Some))).collect();
        let Some(known) = known else { return Ok(None) };
        let varies = |known: &PerProbe| known.iter().any(|array| !Rc::ptr_eq(array, &known[0]));
        let by_size = |attribute: &Attribute| matches!(attribute, Attribute::Input(known) if varies(known));
        let once = !known.iter().flatten().any(|known| varies(known)) && !node.attributes.0.values().any(by_size);
        let dequantized = node.op == "DequantizeLinear";
        let mut probes: Vec<Vec<Rc<Array>>> = Vec::new();
        for probe in 0..self.probes.len() {
            if once && probe > 0 {
                probes.push(probes[0].clone());
                continue;
            }
            let inputs: Vec<_> = known.iter().map(|v| v.map(|v| v[probe].clone())).collect();
            let outputs = node.outputs.len();
            let op = node.op.as_str();
            let node = fold::BoundNode { op, attributes: &node.attributes, inputs: &inputs, probe, outputs };
            let Some(values) = fold::evaluate(&node)? else { return Ok(None) };
            let elements: usize = values.iter().map(|v| v.len()).sum();
            let budget = if dequantized { &mut self.weight_budget } else { &mut self.budget };
            let Some(left) = budget.checked_sub(elements) else { return Ok(None) };
            *budget = left;
            probes.push(values);
        }
        let count = probes.iter().map(Vec::len).min().unwrap_or(0);
        let depth = node.inputs.iter().flatten().filter_map(|v| v.producer.as_ref()).map(|o| o.depth + 1).max();
        let weight = dequantized && node.input(0)?.weight;
        let value = |output: usize| {
            let value = share(Value::known("", probes.iter().map(|p| p[output].clone()).collect()));
            let varies = value.known.as_ref().is_some_and(|known| !is_constant(known));
            let depth = depth.unwrap_or(0);
            let producer =
                (varies && depth < MAX_PRODUCERS).then(|| Rc::new(Producer { node: node.clone(), output, depth }));
            Value { producer, weight, ..value }
        };
        Ok(Some((0..count).map(value).collect()))
    }

    fn shape(&mut self, mut node: OnnxNode) -> Result<Vec<Value>, NodeFault> {
        let (start, end) = (node.attributes.take_int("start", 0)?, node.attributes.take_int("end", i64::MAX)?);
        node.reject_unknown_attributes()?;
        let value = node.input(0)?;
        let known = value.shapes().into_iter().map(|dims| {
            if node.op == "Size" {
                return Rc::new(Array::ints(&[], vec![dims.iter().fold(1, |n: i64, &d| n.wrapping_mul(d))]));
            }
            let rank = dims.len() as i64;
            let clamp = |at: i64| (if at < 0 { at.saturating_add(rank) } else { at }).clamp(0, rank) as usize;
            let part = dims.get(clamp(start)..clamp(end)).unwrap_or_default().to_vec();
            Rc::new(Array::ints(&[part.len()], part))
        });
        Ok(vec![share(Value::known("", known.collect()))])
    }
}

/// Shares one array if all probe sizes have equal ones.
fn share(value: Value) -> Value {
    let Some(known) = &value.known else { return value };
    let same = is_constant(known);
    if same { Value { known: Some(vec![known[0].clone(); known.len()]), ..value } } else { value }
}
