//! Walks the nodes of a model in order: evaluates what is known, and adds the rest to the graph.

use std::collections::HashSet;
use std::rc::Rc;

use crate::array::{Array, Elements};
use crate::attribute_inputs;
use crate::attributes::{Attribute, Attributes, PerProbe, constant_value, invalid, is_constant};
use crate::error::{Fault, NodeFault};
use crate::fold;
use crate::importer::Importer;
use crate::proto::{GraphProto, NodeProto};
use crate::rewrite;
use crate::value::{OnnxNode, Producer, Scope, Value};

/// Maximum chain of evaluated nodes that is added to the graph when its result is read as data.
const MAX_PRODUCERS: usize = 64;

impl Importer<'_> {
    /// Adds the nodes of a model or branch.
    pub fn add_nodes(&mut self, graph: &GraphProto) {
        let mut read: HashSet<&str> = graph.output.iter().map(|o| o.name.as_str()).collect();
        for node in &graph.node {
            read.extend(node.input.iter().map(String::as_str));
            read_in_branches(node, &mut read);
        }
        let mut written: HashSet<&str> = HashSet::new();
        for node in &graph.node {
            written.extend(node.output.iter().map(String::as_str));
        }
        for (index, proto) in graph.node.iter().enumerate() {
            let name = if proto.name.is_empty() { format!("{}_{index}", proto.op_type) } else { proto.name.clone() };
            let values = match self.add_node(proto, &name, &read, &written) {
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
    fn add_node(
        &mut self,
        proto: &NodeProto,
        name: &str,
        read: &HashSet<&str>,
        written: &HashSet<&str>,
    ) -> Result<Option<Vec<Value>>, NodeFault> {
        if !matches!(proto.domain.as_str(), "" | "ai.onnx") {
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
                None if written.contains(value.as_str()) => {
                    return Err(NodeFault::Order { input, value: value.clone() });
                }
                None => return Err(NodeFault::UnknownValue { input, value: value.clone() }),
            }
        }
        let attributes = Attributes::read(&proto.attribute, self.external)?;
        let kept = |name: &String| if read.contains(name.as_str()) { name.clone() } else { String::new() };
        let outputs: Vec<String> = proto.output.iter().map(kept).collect();
        let node = OnnxNode { op: proto.op_type.clone(), attributes, inputs, outputs, name: name.into() };
        let total = node.outputs.len();
        let Some(values) = self.convert(node)? else { return Ok(None) };
        if let Some(output) = (values.len()..total).find(|&i| !kept(&proto.output[i]).is_empty()) {
            return Err(NodeFault::Outputs { output, expected: values.len() });
        }
        Ok(Some(values))
    }

    /// Evaluates a node whose inputs are known, else adds it to the graph; `None` if a branch has a fault.
    fn convert(&mut self, mut node: OnnxNode) -> Result<Option<Vec<Value>>, NodeFault> {
        match node.op.as_str() {
            "Constant" => {
                let value = constant_value(&mut node.attributes)?;
                node.reject_unknown_attributes()?;
                return Ok(Some(vec![Value::known("", vec![value; self.probes.len()])]));
            }
            "Shape" | "Size" => return self.shape(node).map(Some),
            "If" => return self.branch(node),
            _ => {}
        }
        self.inputs_to_attributes(&mut node)?;
        if let Some(values) = self.fold(&node)? {
            return Ok(Some(values));
        }
        rewrite::convert(self, node).map(Some)
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
        let mut probes: Vec<Vec<Rc<Array>>> = Vec::new();
        for probe in 0..self.probes.len() {
            let inputs: Vec<_> = known.iter().map(|v| v.map(|v| v[probe].clone())).collect();
            let outputs = node.outputs.len();
            let op = node.op.as_str();
            let node = fold::BoundNode { op, attributes: &node.attributes, inputs: &inputs, probe, outputs };
            let Some(values) = fold::evaluate(&node)? else { return Ok(None) };
            let elements: usize = values.iter().map(|v| v.len()).sum();
            let Some(left) = self.budget.checked_sub(elements) else { return Ok(None) };
            self.budget = left;
            probes.push(values);
        }
        let count = probes.iter().map(Vec::len).min().unwrap_or(0);
        let depth = node.inputs.iter().flatten().filter_map(|v| v.producer.as_ref()).map(|o| o.depth + 1).max();
        let value = |output: usize| {
            let value = share(Value::known("", probes.iter().map(|p| p[output].clone()).collect()));
            let varies = value.known.as_ref().is_some_and(|known| !is_constant(known));
            let depth = depth.unwrap_or(0);
            let producer =
                (varies && depth < MAX_PRODUCERS).then(|| Rc::new(Producer { node: node.clone(), output, depth }));
            Value { producer, ..value }
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

    /// The outputs of the branch that the known condition of an `If` selects.
    fn branch(&mut self, mut node: OnnxNode) -> Result<Option<Vec<Value>>, NodeFault> {
        let known = node.input(0)?.known.clone().ok_or(NodeFault::Unknown { name: "cond" })?;
        let conditions: Vec<_> = known.iter().map(|array| array.elements.clone()).collect();
        let Elements::Bool(condition) = &conditions[0] else {
            return Err(NodeFault::Unsupported { reason: "has a condition that is not a truth value" });
        };
        if conditions.iter().any(|c| *c != conditions[0]) || condition.len() != 1 {
            let reason = "takes different branches at different sizes: fix dimensions in `Options::dims`";
            return Err(NodeFault::Unsupported { reason });
        }
        let branches = [node.attributes.take("else_branch"), node.attributes.take("then_branch")];
        node.reject_unknown_attributes()?;
        let [Some(Attribute::Graph(no)), Some(Attribute::Graph(yes))] = branches else {
            return Err(NodeFault::Unsupported { reason: "needs a then_branch and an else_branch" });
        };
        let graph = if condition[0] { yes } else { no };
        let before = self.faults.len();
        self.scopes.push(Scope::new());
        self.define_initializers(&graph);
        self.add_nodes(&graph);
        let outputs: Vec<_> = graph.output.iter().map(|o| self.find(&o.name).cloned()).collect();
        self.scopes.pop();
        let outputs: Option<Option<Vec<Value>>> = outputs.into_iter().collect();
        match outputs.flatten() {
            Some(values) => Ok(Some(values)),
            None if self.faults.len() > before => Ok(None),
            None => Err(NodeFault::Unsupported { reason: "has a branch with an output that no node writes" }),
        }
    }
}

/// Shares one array if all probe sizes have equal ones.
fn share(value: Value) -> Value {
    let Some(known) = &value.known else { return value };
    let same = is_constant(known);
    if same { Value { known: Some(vec![known[0].clone(); known.len()]), ..value } } else { value }
}

fn read_in_branches<'a>(node: &'a NodeProto, read: &mut HashSet<&'a str>) {
    for graph in node.attribute.iter().filter_map(|a| a.g.as_deref()) {
        read.extend(graph.output.iter().map(|o| o.name.as_str()));
        for inner in &graph.node {
            read.extend(inner.input.iter().map(String::as_str));
            read_in_branches(inner, read);
        }
    }
}
