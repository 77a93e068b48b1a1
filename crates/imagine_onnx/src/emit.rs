//! Adds operators to the graph: attributes in the graph's spelling, known values as data, types at every probe.

use std::rc::Rc;

use imagine_graph::{DType, Dim, Inputs, MAX_ELEMENTS, Node, Op, Tensor};
use serde_json::{Map, Value as Json, json};

use crate::array::{Array, Elements};
use crate::attributes::{Attribute, Attributes, Known, bad};
use crate::convert::{Call, Importer, Value};
use crate::error::NodeFault;
use crate::table::{self, Kind};

const MAX_NAME: usize = 200;

type Result<T> = std::result::Result<T, NodeFault>;

impl Importer<'_> {
    /// Adds the operator of `call` as it is.
    pub fn emit(&mut self, call: Call) -> Result<Vec<Value>> {
        if !Op::ALL.iter().any(|info| info.name == call.op) {
            return Err(NodeFault::UnknownOperator);
        }
        let mut attributes = Map::new();
        for (name, attribute) in &call.attributes.0 {
            attributes.insert(name.clone(), self.spell(&call.op, name, attribute)?);
        }
        let op = Op::from_attributes(&call.op, attributes.into()).map_err(|reason| NodeFault::Attributes { reason })?;
        self.push(op, &call.inputs, &call.outputs, &call.node)
    }

    /// Adds one operator in between, without attributes, whose output nobody else sees.
    pub fn between(&mut self, op: impl Into<Op>, inputs: &[&Value], node: &str) -> Result<Value> {
        let inputs: Vec<_> = inputs.iter().map(|v| Some((*v).clone())).collect();
        let values = self.push(op.into(), &inputs, &[String::new()], node)?;
        values.into_iter().next().ok_or(NodeFault::Form { reason: "has no output" })
    }

    /// Adds `op`; an output without a name gets one.
    pub fn push(&mut self, op: Op, inputs: &[Option<Value>], outputs: &[String], node: &str) -> Result<Vec<Value>> {
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
            names.push(value.as_ref().map_or(Ok(String::new()), |v| self.place(v))?);
        }
        let node = self.nodes.fresh(node);
        let mut values = Vec::with_capacity(count);
        for index in 0..count {
            let label = outputs.get(index).cloned().unwrap_or_default();
            let name =
                if label.is_empty() { self.values.fresh(&format!("{node}.{index}")) } else { self.claim(&label) };
            let types = types.iter().map(|t| t[index].clone()).collect();
            values.push(Value { label, types, known: None, name: Some(name), weight: false });
        }
        let outputs = values.iter().filter_map(|v| v.name.clone()).collect();
        self.graph.nodes.push(Node { name: node, op, inputs: names, outputs });
        Ok(values)
    }

    /// The name in the graph of a value of the model called `label`.
    fn claim(&mut self, label: &str) -> String {
        // Names of the model's own values are reserved; a branch may use one again.
        let own = self.scopes.len() == 1 && label.len() <= MAX_NAME && !label.contains(char::is_control);
        if own { label.into() } else { self.values.fresh(label) }
    }

    /// An attribute in the spelling of the graph's operator: ONNX has integers for truth values and element types.
    fn spell(&self, op: &str, name: &str, attribute: &Attribute) -> Result<Json> {
        let accepts = |json: &Json| Op::from_attributes(op, json!({ name: json })).is_ok();
        Ok(match attribute {
            Attribute::Float(value) if value.is_finite() => json!(value),
            Attribute::Floats(values) if values.iter().all(|v| v.is_finite()) => json!(values),
            Attribute::Float(_) | Attribute::Floats(_) => return Err(bad(name, "is infinite")),
            Attribute::Int(value) => {
                let flag = json!(*value != 0);
                let number = json!(value);
                if (*value == 0 || *value == 1) && !accepts(&number) && accepts(&flag) { flag } else { number }
            }
            Attribute::Text(text) => json!(text),
            Attribute::Ints(values) => json!(values),
            Attribute::Known(known) => self.spell_known(op, name, known)?,
            Attribute::Texts | Attribute::Tensor(_) | Attribute::Graph(_) => {
                return Err(bad(name, "is not known"));
            }
        })
    }

    fn spell_known(&self, op: &str, name: &str, known: &Known) -> Result<Json> {
        let kind = table::kind(op, name);
        let same = known.iter().all(|array| array == &known[0]);
        let floats = known[0].to_floats();
        let one = |values: usize| if values == 1 { Ok(()) } else { Err(bad(name, "must be one number")) };
        match kind {
            Kind::Float | Kind::Floats if !same => {
                let values: Vec<_> = known.iter().map(|array| array.to_floats()).collect();
                Err(self.probes.unfit(name, values))
            }
            Kind::Float => one(floats.len()).and_then(|()| self.spell(op, name, &Attribute::Float(floats[0]))),
            Kind::Floats => self.spell(op, name, &Attribute::Floats(floats)),
            Kind::Int => {
                let ints = self.ints(name, known)?;
                one(ints[0].len())?;
                if same { Ok(json!(ints[0][0])) } else { Err(self.probes.unfit(name, ints)) }
            }
            Kind::Ints | Kind::Dims if same => Ok(json!(self.ints(name, known)?[0])),
            Kind::Ints | Kind::Dims => {
                let dims = self.dims(name, &self.ints(name, known)?)?;
                serde_json::to_value(dims).map_err(|_| self.probes.unfit(name, known))
            }
        }
    }

    fn ints(&self, name: &str, known: &Known) -> Result<Vec<Vec<i64>>> {
        let attributes = Attributes([(name.to_string(), Attribute::Known(known.clone()))].into());
        (0..known.len()).map(|probe| Ok(attributes.ints(name, probe)?.unwrap_or_default())).collect()
    }

    /// The dimensions that are `lists[p]` at probe `p`.
    pub fn dims(&self, name: &str, lists: &[Vec<i64>]) -> Result<Vec<Dim>> {
        if lists.iter().any(|list| list.len() != lists[0].len()) {
            return Err(self.probes.unfit(name, lists));
        }
        let dim = |axis: usize| {
            let values: Option<Vec<usize>> = lists.iter().map(|list| usize::try_from(list[axis]).ok()).collect();
            values.and_then(|values| self.probes.dim(&values))
        };
        (0..lists[0].len()).map(|axis| dim(axis).ok_or_else(|| self.probes.unfit(name, lists))).collect()
    }

    /// The shape of `value` as dimensions.
    pub fn shape_of(&self, value: &Value) -> Result<Vec<Dim>> {
        let lists: Vec<Vec<i64>> = value.types.iter().map(|t| t.shape.iter().map(|&d| d as i64).collect()).collect();
        self.dims("shape", &lists)
    }

    /// The name of `value` in the graph, which it becomes part of if it was only known so far.
    pub fn place(&mut self, value: &Value) -> Result<String> {
        if let Some(name) = &value.name {
            return Ok(name.clone());
        }
        let known = value.known.as_ref().ok_or_else(|| NodeFault::SizeData { value: value.label.clone() })?;
        let address = Rc::as_ptr(&known[0]) as usize;
        if let Some((_, name)) = self.placed.get(&address) {
            return Ok(name.clone());
        }
        let name = if known.iter().all(|array| array == &known[0]) {
            self.place_constant(value, &known[0])?
        } else {
            self.place_varying(value, known)?
        };
        self.placed.insert(address, (known[0].clone(), name.clone()));
        Ok(name)
    }

    fn place_constant(&mut self, value: &Value, array: &Array) -> Result<String> {
        let tensor = data(value, array)?;
        let float = matches!(array.elements, Elements::Float(_));
        if value.weight && float {
            let name = self.claim(&value.label);
            self.graph.weights.insert(name.clone(), tensor);
            return Ok(name);
        }
        let label = if value.label.is_empty() { "constant" } else { &value.label };
        let name = self.values.fresh(label);
        self.constant(tensor, &name)
    }

    /// Adds a constant called `name`.
    fn constant(&mut self, value: Tensor, name: &str) -> Result<String> {
        let node = self.nodes.fresh(name);
        let op = imagine_graph::Constant { value }.into();
        self.graph.nodes.push(Node { name: node, op, inputs: Vec::new(), outputs: vec![name.into()] });
        Ok(name.into())
    }

    /// A value whose elements depend on the size: one number everywhere, or numbers in steps along one axis.
    fn place_varying(&mut self, value: &Value, known: &Known) -> Result<String> {
        let unknown = || NodeFault::SizeData { value: value.label.clone() };
        let shape = self.shape_of(value).map_err(|_| unknown())?;
        let first = known.iter().find(|array| array.len() > 0).ok_or_else(unknown)?;
        let start = first.pick(Vec::new(), std::iter::once(0));
        let equal = |array: &Rc<Array>| *array.as_ref() == start.pick(array.shape.clone(), (0..array.len()).map(|_| 0));
        let scalar = |array: &Array| Value::known("", vec![Rc::new(array.clone()); known.len()]);
        if known.iter().all(equal) {
            let op = imagine_graph::Expand { shape };
            let value = self.between(op, &[&scalar(&start)], &value.label)?;
            return self.place(&value);
        }
        let step = steps(known).ok_or_else(unknown)?;
        let ones = self.between(imagine_graph::Expand { shape }, &[&scalar(&step.delta)], &value.label)?;
        let op = Op::from_attributes("CumSum", json!({ "axis": 0 })).map_err(|_| unknown())?;
        let sums = self.between(op, &[&ones], &value.label)?;
        let moved = self.between(imagine_graph::Add {}, &[&sums, &scalar(&step.before)], &value.label)?;
        self.place(&moved)
    }

    /// A float constant for the use of a rewritten form.
    pub fn floats(&self, shape: &[usize], values: Vec<f32>) -> Value {
        let array = Array { shape: shape.to_vec(), elements: Elements::Float(values) };
        Value::known("", vec![Rc::new(array); self.probes.0.len()])
    }
}

/// The elements of a constant as a graph holds them.
fn data(value: &Value, array: &Array) -> Result<Tensor> {
    if array.len() > MAX_ELEMENTS || array.shape.contains(&0) {
        return Err(NodeFault::Size { value: value.label.clone(), shape: array.shape.clone() });
    }
    array.to_tensor().map_err(|found| NodeFault::Range { value: value.label.clone(), found })
}

/// `before + delta`, `before + 2 delta`, ..
struct Steps {
    before: Array,
    delta: Array,
}

/// The steps in which the elements of `known` go at every probe, if they do and are exact as a graph computes them.
fn steps(known: &Known) -> Option<Steps> {
    let floats: Vec<Vec<f32>> = known.iter().map(|array| array.to_floats()).collect();
    let longest = floats.iter().max_by_key(|list| list.len())?;
    let (&[start, next, ..], DType::F32 | DType::I32) = (longest.as_slice(), known[0].dtype()) else { return None };
    let (delta, limit) = (next - start, 16_777_216.0);
    let whole = |value: f32| value.fract() == 0.0 && value.abs() < limit;
    let steady = |list: &Vec<f32>| list.iter().enumerate().all(|(i, &v)| v == start + i as f32 * delta && whole(v));
    if known.iter().any(|array| array.shape.len() != 1) || !whole(delta) || !floats.iter().all(steady) {
        return None;
    }
    let number = |value: f32| {
        let ints = Array::ints(&[], vec![value as i64]);
        let floats = Array { shape: Vec::new(), elements: Elements::Float(vec![value]) };
        if known[0].dtype() == DType::I32 { ints } else { floats }
    };
    Some(Steps { before: number(start - delta), delta: number(delta) })
}
