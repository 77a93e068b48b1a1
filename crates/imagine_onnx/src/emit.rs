//! Adds operators to the graph: converts attributes, materialises known inputs, infers types at every probe size.

use imagine_graph::{Dim, Inputs, Node, Op};
use serde_json::{Map, Value as Json, json};

use crate::attribute_inputs::{self, Kind};
use crate::attributes::{Attribute, Attributes, PerProbe, invalid, is_constant};
use crate::error::NodeFault;
use crate::importer::Importer;
use crate::value::{OnnxNode, Value};

const MAX_NAME: usize = 200;

type Result<T> = std::result::Result<T, NodeFault>;

impl Importer<'_> {
    /// Adds a node under its own name with its own attributes.
    pub fn emit_node(&mut self, node: OnnxNode) -> Result<Vec<Value>> {
        if !Op::ALL.iter().any(|info| info.name == node.op) {
            return Err(NodeFault::UnknownOperator);
        }
        let mut attributes = Map::new();
        for (name, attribute) in &node.attributes.0 {
            attributes.insert(name.clone(), self.to_json(&node.op, name, attribute)?);
        }
        let op = Op::from_attributes(&node.op, attributes.into()).map_err(|reason| NodeFault::Attributes { reason })?;
        self.emit_op(op, &node.inputs, &node.outputs, &node.name)
    }

    /// Adds an operator with one internal output.
    pub fn intermediate(&mut self, op: impl Into<Op>, inputs: &[&Value], name: &str) -> Result<Value> {
        let inputs: Vec<_> = inputs.iter().map(|v| Some((*v).clone())).collect();
        let values = self.emit_op(op.into(), &inputs, &[String::new()], name)?;
        values.into_iter().next().ok_or(NodeFault::Unsupported { reason: "has no output" })
    }

    /// Adds `op`; outputs without a name get one.
    pub fn emit_op(&mut self, op: Op, inputs: &[Option<Value>], outputs: &[String], name: &str) -> Result<Vec<Value>> {
        for value in inputs.iter().flatten() {
            // Shape rules hold only for tensors that a graph can have.
            if let Some(found) = value.types.iter().find(|found| found.shape.contains(&0)) {
                return Err(NodeFault::Size { value: value.label.clone(), shape: found.shape.clone() });
            }
        }
        let mut types = Vec::new();
        for (probe, &size) in self.probes.0.iter().enumerate() {
            let found: Vec<_> = inputs.iter().map(|v| v.as_ref().map(|v| &v.types[probe])).collect();
            let inferred = op.infer(&Inputs { types: &found, size });
            let (batch, height, width) = (size.batch, size.height, size.width);
            types.push(inferred.map_err(|error| NodeFault::Shape { error, batch, height, width })?);
        }
        let count = types[0].len();
        let mut names = Vec::with_capacity(inputs.len());
        for value in inputs {
            names.push(value.as_ref().map_or(Ok(String::new()), |v| self.materialize(v))?);
        }
        let node_name = self.node_names.fresh(name);
        let mut values = Vec::with_capacity(count);
        for index in 0..count {
            let label = outputs.get(index).cloned().unwrap_or_default();
            let name = if label.is_empty() {
                self.value_names.fresh(&format!("{node_name}.{index}"))
            } else {
                self.claim(&label)
            };
            let types = types.iter().map(|t| t[index].clone()).collect();
            values.push(Value::in_graph(&label, types, name));
        }
        let outputs = values.iter().filter_map(|v| v.name.clone()).collect();
        self.graph.nodes.push(Node { name: node_name, op, inputs: names, outputs });
        Ok(values)
    }

    /// The graph's name for the model's value `label`.
    pub fn claim(&mut self, label: &str) -> String {
        // Names of the model's values are reserved; a branch may reuse one.
        let fits = label.len() <= MAX_NAME && !label.contains(char::is_control);
        let own = self.scopes.len() == 1 && fits && self.value_names.claim(label);
        if own { label.into() } else { self.value_names.fresh(label) }
    }

    /// An attribute as the graph's operator takes it: ONNX stores truth values as integers.
    fn to_json(&self, op: &str, name: &str, attribute: &Attribute) -> Result<Json> {
        let accepts = |json: &Json| Op::from_attributes(op, json!({ name: json })).is_ok();
        Ok(match attribute {
            Attribute::Float(value) if value.is_finite() => json!(value),
            Attribute::Floats(values) if values.iter().all(|v| v.is_finite()) => json!(values),
            Attribute::Float(_) | Attribute::Floats(_) => return Err(invalid(name, "is infinite")),
            Attribute::Int(value) => {
                let flag = json!(*value != 0);
                let number = json!(value);
                if (*value == 0 || *value == 1) && !accepts(&number) && accepts(&flag) { flag } else { number }
            }
            Attribute::Text(text) => json!(text),
            Attribute::Ints(values) => json!(values),
            Attribute::Input(known) => self.constant_to_json(op, name, known)?,
            Attribute::Texts | Attribute::Tensor(..) | Attribute::Graph(_) => {
                return Err(invalid(name, "is not known"));
            }
        })
    }

    fn constant_to_json(&self, op: &str, name: &str, known: &PerProbe) -> Result<Json> {
        let kind = attribute_inputs::kind(op, name);
        let same = is_constant(known);
        let floats = known[0].to_floats();
        let one = |values: usize| if values == 1 { Ok(()) } else { Err(invalid(name, "must be one number")) };
        match kind {
            Kind::Float | Kind::Floats if !same => {
                let values: Vec<_> = known.iter().map(|array| array.to_floats()).collect();
                Err(self.probes.inexpressible(name, values))
            }
            Kind::Float => one(floats.len()).and_then(|()| self.to_json(op, name, &Attribute::Float(floats[0]))),
            Kind::Floats => self.to_json(op, name, &Attribute::Floats(floats)),
            Kind::Int => {
                let ints = self.ints(name, known)?;
                one(ints[0].len())?;
                if same { Ok(json!(ints[0][0])) } else { Err(self.probes.inexpressible(name, ints)) }
            }
            Kind::Ints | Kind::Dims if same => Ok(json!(self.ints(name, known)?[0])),
            Kind::Ints | Kind::Dims => {
                let dims = self.dims(name, &self.ints(name, known)?)?;
                serde_json::to_value(dims).map_err(|_| self.probes.inexpressible(name, known))
            }
        }
    }

    fn ints(&self, name: &str, known: &PerProbe) -> Result<Vec<Vec<i64>>> {
        let attributes = Attributes::one(name, Attribute::Input(known.clone()));
        (0..known.len()).map(|probe| Ok(attributes.ints(name, probe)?.unwrap_or_default())).collect()
    }

    /// The dimensions that are `lists[p]` at probe `p`.
    pub fn dims(&self, name: &str, lists: &[Vec<i64>]) -> Result<Vec<Dim>> {
        if lists.iter().any(|list| list.len() != lists[0].len()) {
            return Err(self.probes.inexpressible(name, lists));
        }
        let dim = |axis: usize| {
            let values: Option<Vec<usize>> = lists.iter().map(|list| usize::try_from(list[axis]).ok()).collect();
            values.and_then(|values| self.probes.dim(&values))
        };
        (0..lists[0].len()).map(|axis| dim(axis).ok_or_else(|| self.probes.inexpressible(name, lists))).collect()
    }

    /// The shape of `value` as dimensions.
    pub fn shape_of(&self, value: &Value) -> Result<Vec<Dim>> {
        self.dims("shape", &value.shapes())
    }
}
