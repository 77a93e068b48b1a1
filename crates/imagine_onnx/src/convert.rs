//! Walks the nodes of a model in their order and adds what they compute to the graph.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use imagine_graph::{Graph, TensorType};

use crate::array::{Array, Elements};
use crate::attributes::{Attribute, Attributes, Known, constant, is_constant};
use crate::error::{Fault, NodeFault};
use crate::external::External;
use crate::fold;
use crate::forms;
use crate::names::Names;
use crate::probe::Probes;
use crate::proto::{GraphProto, NodeProto};
use crate::table;
use crate::tensor;

/// Most elements that all evaluated values may have together.
const FOLD_BUDGET: usize = 1 << 24;

/// Most nodes in a row that are added to the graph after all, where a value that depends on the size is read as data.
const MAX_ORIGINS: usize = 64;

/// A value of the model.
#[derive(Clone, Debug)]
pub(crate) struct Value {
    /// Name in the model.
    pub label: String,
    /// Type at every probe.
    pub types: Vec<TensorType>,
    /// Elements at every probe, if they are known.
    pub known: Option<Known>,
    /// Name in the graph, if the graph has it.
    pub name: Option<String>,
    /// Whether it is a weight of the model.
    pub weight: bool,
    /// What computes it, if it is known and depends on the size.
    pub origin: Option<Rc<Origin>>,
}

/// The node that an evaluated value comes from.
#[derive(Debug)]
pub(crate) struct Origin {
    pub call: Call,
    /// Index of the output.
    pub output: usize,
    /// How many nodes stand in a row behind it.
    depth: usize,
}

impl Value {
    pub fn known(label: &str, arrays: Known) -> Self {
        let types = arrays.iter().map(|a| a.tensor_type()).collect();
        Self { label: label.into(), types, known: Some(arrays), name: None, weight: false, origin: None }
    }

    /// A known value that is the same at every probe.
    pub fn constant(label: &str, array: Array, probes: usize) -> Self {
        Self::known(label, std::iter::repeat_n(Rc::new(array), probes).collect())
    }

    /// Shape at probe `probe`.
    pub fn shape(&self, probe: usize) -> &[usize] {
        &self.types[probe].shape
    }
}

/// A node on its way into the graph.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub op: String,
    pub attributes: Attributes,
    pub inputs: Vec<Option<Value>>,
    /// Names in the model; empty where nobody reads the output.
    pub outputs: Vec<String>,
    /// Name of the node.
    pub node: String,
}

impl Call {
    pub fn input(&self, index: usize) -> Result<&Value, NodeFault> {
        let value = self.inputs.get(index).and_then(Option::as_ref);
        value.ok_or(NodeFault::Form { reason: "has too few inputs" })
    }
}

/// Values by their name in the model; `None` where the node that writes it has a fault.
pub(crate) type Scope = HashMap<String, Option<Value>>;

/// An import under way.
pub(crate) struct Importer<'a> {
    pub probes: Probes,
    pub opset: i64,
    pub external: External<'a>,
    pub graph: Graph,
    /// Names of values in the graph.
    pub values: Names,
    /// Names of nodes in the graph.
    pub nodes: Names,
    /// Known values that the graph has, by the address of their elements at the first probe.
    pub placed: HashMap<usize, (Rc<Array>, String)>,
    pub faults: Vec<Fault>,
    pub scopes: Vec<Scope>,
    /// Elements that may still be evaluated.
    pub budget: usize,
    /// Random nodes so far.
    pub streams: u32,
}

impl<'a> Importer<'a> {
    pub fn new(probes: Probes, opset: i64, external: External<'a>) -> Self {
        Self {
            probes,
            opset,
            external,
            graph: Graph::default(),
            values: Names::default(),
            nodes: Names::default(),
            placed: HashMap::new(),
            faults: Vec::new(),
            scopes: vec![Scope::new()],
            budget: FOLD_BUDGET,
            streams: 0,
        }
    }

    pub fn find(&self, name: &str) -> Option<&Option<Value>> {
        self.scopes.iter().rev().find_map(|scope| scope.get(name))
    }

    /// Adds a value to the innermost scope; its name must be new there.
    pub fn define(&mut self, name: &str, value: Option<Value>) {
        let scope = self.scopes.last_mut().expect("there is a scope");
        if scope.insert(name.into(), value).is_some() {
            self.faults.push(Fault::DuplicateValue { value: name.into() });
        }
    }

    /// Adds the weights of a model or branch.
    pub fn initializers(&mut self, graph: &GraphProto) {
        for proto in &graph.initializer {
            let value = match tensor::read(proto, self.external) {
                Ok((array, _)) => {
                    let array = Rc::new(array);
                    let known = vec![array; self.probes.0.len()];
                    Some(Value { weight: true, ..Value::known(&proto.name, known) })
                }
                Err(error) => {
                    self.faults.push(Fault::Initializer { name: proto.name.clone(), error });
                    None
                }
            };
            self.define(&proto.name, value);
        }
    }

    /// Adds the nodes of a model or branch.
    pub fn add_nodes(&mut self, graph: &GraphProto) {
        let mut read: HashSet<&str> = graph.output.iter().map(|o| o.name.as_str()).collect();
        for node in &graph.node {
            read.extend(node.input.iter().map(String::as_str));
            read_in_branches(node, &mut read);
        }
        let mut written: HashMap<&str, usize> = HashMap::new();
        for (index, node) in graph.node.iter().enumerate() {
            written.extend(node.output.iter().map(|o| (o.as_str(), index)));
        }
        for (index, proto) in graph.node.iter().enumerate() {
            let node = if proto.name.is_empty() { format!("{}_{index}", proto.op_type) } else { proto.name.clone() };
            let values = match self.node(proto, &node, &read, &written) {
                Ok(values) => values,
                Err(error) => {
                    let (op, opset) = (proto.op_type.clone(), self.opset);
                    self.faults.push(Fault::Node { node, op, opset, error });
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

    /// The outputs of one node; `None` where one of its inputs has a fault.
    fn node(
        &mut self,
        proto: &NodeProto,
        node: &str,
        read: &HashSet<&str>,
        written: &HashMap<&str, usize>,
    ) -> Result<Option<Vec<Value>>, NodeFault> {
        if !matches!(proto.domain.as_str(), "" | "ai.onnx") {
            return Err(NodeFault::Domain { domain: proto.domain.clone() });
        }
        if proto.output.is_empty() {
            return Err(NodeFault::Form { reason: "has no output" });
        }
        let mut inputs = Vec::with_capacity(proto.input.len());
        for (input, name) in proto.input.iter().enumerate() {
            match self.find(name) {
                _ if name.is_empty() => inputs.push(None),
                Some(Some(value)) => inputs.push(Some(value.clone())),
                Some(None) => return Ok(None),
                None if written.contains_key(name.as_str()) => {
                    return Err(NodeFault::Order { input, value: name.clone() });
                }
                None => return Err(NodeFault::UnknownValue { input, value: name.clone() }),
            }
        }
        let attributes = Attributes::read(&proto.attribute, self.external)?;
        let kept = |name: &String| if read.contains(name.as_str()) { name.clone() } else { String::new() };
        let outputs: Vec<String> = proto.output.iter().map(kept).collect();
        let call = Call { op: proto.op_type.clone(), attributes, inputs, outputs, node: node.into() };
        let total = call.outputs.len();
        let Some(values) = self.call(call)? else { return Ok(None) };
        if let Some(output) = (values.len()..total).find(|&i| !kept(&proto.output[i]).is_empty()) {
            return Err(NodeFault::Outputs { output, expected: values.len() });
        }
        Ok(Some(values))
    }

    /// The outputs of a call, evaluated if it is known, else added to the graph; `None` where a branch has a fault.
    fn call(&mut self, mut call: Call) -> Result<Option<Vec<Value>>, NodeFault> {
        match call.op.as_str() {
            "Constant" => {
                let value = constant(&mut call.attributes)?;
                self.nothing_left(&call)?;
                return Ok(Some(vec![Value::known("", vec![value; self.probes.0.len()])]));
            }
            "Shape" | "Size" => return self.shape(call).map(Some),
            "If" => return self.branch(call),
            _ => {}
        }
        self.inputs_to_attributes(&mut call)?;
        if let Some(values) = self.fold(&call)? {
            return Ok(Some(values));
        }
        forms::convert(self, call).map(Some)
    }

    /// Moves the inputs that a graph has as attributes among the attributes.
    fn inputs_to_attributes(&mut self, call: &mut Call) -> Result<(), NodeFault> {
        let entries = table::entries(&call.op, self.opset);
        for entry in entries {
            let Some(value) = call.inputs.get_mut(entry.input).and_then(Option::take) else { continue };
            let known = value.known.ok_or(NodeFault::Unknown { name: entry.attribute })?;
            if call.attributes.has(entry.attribute) {
                return Err(crate::attributes::bad(entry.attribute, "is there as an input too"));
            }
            call.attributes.set(entry.attribute, Attribute::Known(known));
        }
        let is_attribute = |index: usize| entries.iter().any(|e| e.input == index);
        let mut index = 0;
        call.inputs.retain(|_| {
            index += 1;
            !is_attribute(index - 1)
        });
        while matches!(call.inputs.last(), Some(None)) {
            call.inputs.pop();
        }
        Ok(())
    }

    fn fold(&mut self, call: &Call) -> Result<Option<Vec<Value>>, NodeFault> {
        let known: Option<Vec<Option<&Known>>> =
            call.inputs.iter().map(|v| v.as_ref().map_or(Some(None), |v| v.known.as_ref().map(Some))).collect();
        let Some(known) = known else { return Ok(None) };
        let mut probes: Vec<Vec<Rc<Array>>> = Vec::new();
        for probe in 0..self.probes.0.len() {
            let inputs: Vec<_> = known.iter().map(|v| v.map(|v| v[probe].clone())).collect();
            let outputs = call.outputs.len();
            let op = call.op.as_str();
            let call = fold::Call { op, attributes: &call.attributes, inputs: &inputs, probe, outputs };
            let Some(values) = fold::evaluate(&call)? else { return Ok(None) };
            let elements: usize = values.iter().map(|v| v.len()).sum();
            let Some(left) = self.budget.checked_sub(elements) else { return Ok(None) };
            self.budget = left;
            probes.push(values);
        }
        let count = probes.iter().map(Vec::len).min().unwrap_or(0);
        let depth = call.inputs.iter().flatten().filter_map(|v| v.origin.as_ref()).map(|o| o.depth + 1).max();
        let value = |output: usize| {
            let value = share(Value::known("", probes.iter().map(|p| p[output].clone()).collect()));
            let varies = value.known.as_ref().is_some_and(|known| !is_constant(known));
            let depth = depth.unwrap_or(0);
            let origin = (varies && depth < MAX_ORIGINS).then(|| Rc::new(Origin { call: call.clone(), output, depth }));
            Value { origin, ..value }
        };
        Ok(Some((0..count).map(value).collect()))
    }

    fn shape(&mut self, mut call: Call) -> Result<Vec<Value>, NodeFault> {
        let (start, end) = (call.attributes.take_int("start", 0)?, call.attributes.take_int("end", i64::MAX)?);
        self.nothing_left(&call)?;
        let value = call.input(0)?;
        let known = value.types.iter().map(|found| {
            let dims: Vec<i64> = found.shape.iter().map(|&d| d as i64).collect();
            if call.op == "Size" {
                return Rc::new(Array::ints(&[], vec![dims.iter().fold(1, |n: i64, &d| n.wrapping_mul(d))]));
            }
            let rank = dims.len() as i64;
            let clamp = |at: i64| (if at < 0 { at.saturating_add(rank) } else { at }).clamp(0, rank) as usize;
            let part = dims.get(clamp(start)..clamp(end)).unwrap_or_default().to_vec();
            Rc::new(Array::ints(&[part.len()], part))
        });
        Ok(vec![share(Value::known("", known.collect()))])
    }

    /// The outputs of the branch of an `If` that its known condition takes.
    fn branch(&mut self, mut call: Call) -> Result<Option<Vec<Value>>, NodeFault> {
        let known = call.input(0)?.known.clone().ok_or(NodeFault::Unknown { name: "cond" })?;
        let conditions: Vec<_> = known.iter().map(|array| array.elements.clone()).collect();
        let Elements::Bool(condition) = &conditions[0] else {
            return Err(NodeFault::Form { reason: "has a condition that is no truth value" });
        };
        if conditions.iter().any(|c| *c != conditions[0]) || condition.len() != 1 {
            let reason = "takes different branches at different sizes: fix dimensions in `Options::dims`";
            return Err(NodeFault::Form { reason });
        }
        let branches = [call.attributes.take("else_branch"), call.attributes.take("then_branch")];
        self.nothing_left(&call)?;
        let [Some(Attribute::Graph(no)), Some(Attribute::Graph(yes))] = branches else {
            return Err(NodeFault::Form { reason: "needs a then_branch and an else_branch" });
        };
        let graph = if condition[0] { yes } else { no };
        let before = self.faults.len();
        self.scopes.push(Scope::new());
        self.initializers(&graph);
        self.add_nodes(&graph);
        let outputs: Vec<_> = graph.output.iter().map(|o| self.find(&o.name).cloned()).collect();
        self.scopes.pop();
        let outputs: Option<Option<Vec<Value>>> = outputs.into_iter().collect();
        match outputs.flatten() {
            Some(values) => Ok(Some(values)),
            None if self.faults.len() > before => Ok(None),
            None => Err(NodeFault::Form { reason: "has a branch with an output that nothing writes" }),
        }
    }

    pub fn nothing_left(&self, call: &Call) -> Result<(), NodeFault> {
        match call.attributes.0.first_key_value() {
            Some((name, _)) => Err(crate::attributes::bad(name, "is not known")),
            None => Ok(()),
        }
    }
}

/// One array for all probes where all are equal.
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
