//! The attributes of one node. Code that handles an attribute takes it out; the operator gets the rest and refuses unknown
//! ones, so no attribute is ever ignored.

use std::collections::{BTreeMap, HashSet};
use std::rc::Rc;

use imagine_graph::DType;

use crate::array::{Array, Elements};
use crate::error::NodeFault;
use crate::external::ExternalData;
use crate::proto::{AttributeProto, GraphProto};
use crate::tensor::{self, ElementType};

/// A known value, at every probe size.
pub(crate) type PerProbe = Vec<Rc<Array>>;

/// Whether `known` is the same at every probe size. An array with NaN equals itself.
pub(crate) fn is_constant(known: &PerProbe) -> bool {
    known.iter().all(|array| Rc::ptr_eq(array, &known[0]) || array == &known[0])
}

/// The value of an attribute.
#[derive(Clone, Debug)]
pub(crate) enum Attribute {
    Float(f32),
    Int(i64),
    Text(String),
    Floats(Vec<f32>),
    Ints(Vec<i64>),
    Texts,
    Tensor(Rc<Array>, ElementType),
    Graph(Rc<GraphProto>),
    /// An input that the graph's operator has as an attribute.
    Input(PerProbe),
}

/// The call whose nodes are being added.
#[derive(Default)]
pub(crate) struct Call {
    /// The function's parameters.
    pub parameters: BTreeMap<String, Attribute>,
    /// Names of inputs that the call omits.
    pub omitted: HashSet<String>,
    /// What precedes names of nodes.
    pub prefix: String,
}

/// The attributes of one node by ONNX name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Attributes(pub BTreeMap<String, Attribute>);

pub(crate) fn invalid(name: &str, reason: impl Into<String>) -> NodeFault {
    NodeFault::Attribute { name: name.into(), reason: reason.into() }
}

/// The axis counted from the front.
pub(crate) fn axis_from_front(name: &str, axis: i64, rank: usize) -> Result<usize, NodeFault> {
    let counted = if axis < 0 { axis.saturating_add(rank as i64) } else { axis };
    let counted = usize::try_from(counted).ok().filter(|&axis| axis < rank);
    counted.ok_or_else(|| invalid(name, format!("must lie in -{rank}..{rank}")))
}

impl Attributes {
    /// One attribute.
    pub fn one(name: &str, value: Attribute) -> Self {
        Self([(name.to_string(), value)].into())
    }

    /// Reads attributes; inside a function, they may name parameters of `call`.
    pub fn read(protos: &[AttributeProto], external: ExternalData, call: Option<&Call>) -> Result<Self, NodeFault> {
        let mut attributes = BTreeMap::new();
        for proto in protos {
            let value = match (proto.ref_attr_name.as_str(), call) {
                ("", _) => read(proto, external)?,
                (_, None) => return Err(invalid(&proto.name, "refers to a parameter, but is not inside a function")),
                (name, Some(call)) => match call.parameters.get(name) {
                    Some(value) => value.clone(),
                    // Without a value the attribute has its own default.
                    None => continue,
                },
            };
            if attributes.insert(proto.name.clone(), value).is_some() {
                return Err(invalid(&proto.name, "is given twice"));
            }
        }
        Ok(Self(attributes))
    }

    /// Elements of all tensors.
    pub fn elements(&self) -> usize {
        let count = |attribute: &Attribute| if let Attribute::Tensor(array, _) = attribute { array.len() } else { 0 };
        self.0.values().map(count).sum()
    }

    /// Element type of tensor `name`.
    pub fn element(&self, name: &str) -> Option<ElementType> {
        if let Some(Attribute::Tensor(_, element)) = self.0.get(name) { Some(*element) } else { None }
    }

    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub fn set(&mut self, name: &str, value: Attribute) {
        self.0.insert(name.into(), value);
    }

    pub fn take(&mut self, name: &str) -> Option<Attribute> {
        self.0.remove(name)
    }

    pub fn take_int(&mut self, name: &str, default: i64) -> Result<i64, NodeFault> {
        match self.take(name) {
            None => Ok(default),
            Some(Attribute::Int(value)) => Ok(value),
            Some(_) => Err(invalid(name, "must be an integer")),
        }
    }

    /// The element type whose ONNX code is the integer `name`.
    pub fn take_dtype(&mut self, name: &str) -> Result<Option<DType>, NodeFault> {
        let code = match self.take(name) {
            None => return Ok(None),
            Some(Attribute::Int(code)) => code,
            Some(_) => return Err(invalid(name, "must be an integer")),
        };
        let found = i32::try_from(code).ok().and_then(ElementType::from_code).map(ElementType::dtype);
        found.map(Some).ok_or_else(|| invalid(name, format!("is element type {code}, which is not supported")))
    }

    pub fn take_float(&mut self, name: &str, default: f32) -> Result<f32, NodeFault> {
        match self.take(name) {
            None => Ok(default),
            Some(Attribute::Float(value)) => Ok(value),
            Some(_) => Err(invalid(name, "must be a float")),
        }
    }

    pub fn take_text(&mut self, name: &str, default: &str) -> Result<String, NodeFault> {
        match self.take(name) {
            None => Ok(default.into()),
            Some(Attribute::Text(value)) => Ok(value),
            Some(_) => Err(invalid(name, "must be a string")),
        }
    }

    /// The integers of `name` at probe `probe`; one integer counts as a list.
    pub fn ints(&self, name: &str, probe: usize) -> Result<Option<Vec<i64>>, NodeFault> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Attribute::Int(value)) => Ok(Some(vec![*value])),
            Some(Attribute::Ints(values)) => Ok(Some(values.clone())),
            // Some exporters store an empty list with another element type.
            Some(Attribute::Input(known)) if known[probe].len() == 0 => Ok(Some(Vec::new())),
            Some(Attribute::Input(known)) => match known[probe].as_ints() {
                Some(values) => Ok(Some(values.to_vec())),
                None => Err(invalid(name, "must be integers")),
            },
            Some(_) => Err(invalid(name, "must be integers")),
        }
    }

    /// The single integer of `name` at probe `probe`.
    pub fn int(&self, name: &str, probe: usize) -> Result<Option<i64>, NodeFault> {
        match self.ints(name, probe)?.as_deref() {
            None => Ok(None),
            Some([value]) => Ok(Some(*value)),
            Some(_) => Err(invalid(name, "must be one integer")),
        }
    }
}

fn read(proto: &AttributeProto, external: ExternalData) -> Result<Attribute, NodeFault> {
    let name = proto.name.as_str();
    let reject_nan = |values: &[f32]| match values.iter().find(|v| v.is_nan()) {
        Some(_) => Err(invalid(name, "is NaN")),
        None => Ok(()),
    };
    Ok(match proto.kind {
        1 => {
            reject_nan(&[proto.f])?;
            Attribute::Float(proto.f)
        }
        2 => Attribute::Int(proto.i),
        3 => match String::from_utf8(proto.s.clone()) {
            Ok(text) => Attribute::Text(text),
            Err(_) => return Err(invalid(name, "is not UTF-8")),
        },
        4 => {
            let tensor = proto.t.as_ref().ok_or_else(|| invalid(name, "has no tensor"))?;
            let (array, element) =
                tensor::read(tensor, external).map_err(|error| NodeFault::Tensor { name: name.into(), error })?;
            Attribute::Tensor(Rc::new(array), element)
        }
        5 => {
            let graph = proto.g.as_ref().ok_or_else(|| invalid(name, "has no graph"))?;
            Attribute::Graph(Rc::new(graph.as_ref().clone()))
        }
        6 => {
            reject_nan(&proto.floats)?;
            Attribute::Floats(proto.floats.clone())
        }
        7 => Attribute::Ints(proto.ints.clone()),
        8 => Attribute::Texts,
        kind => return Err(invalid(name, format!("is of kind {kind}, which is not supported"))),
    })
}

/// The value of a `Constant` node.
pub(crate) fn constant_value(attributes: &mut Attributes) -> Result<Rc<Array>, NodeFault> {
    let array = |shape: &[usize], elements| Rc::new(Array { shape: shape.to_vec(), elements });
    let Some((name, value)) = attributes.0.pop_first() else {
        return Err(NodeFault::Unsupported { reason: "has no value" });
    };
    match (name.as_str(), value) {
        ("value", Attribute::Tensor(tensor, _)) => Ok(tensor),
        ("value_float", Attribute::Float(v)) => Ok(array(&[], Elements::Float(vec![v]))),
        ("value_int", Attribute::Int(v)) => Ok(array(&[], Elements::Int(vec![v]))),
        ("value_floats", Attribute::Floats(v)) => Ok(array(&[v.len()], Elements::Float(v))),
        ("value_ints", Attribute::Ints(v)) => Ok(array(&[v.len()], Elements::Int(v))),
        _ => Err(invalid(&name, "is not a value that a graph can hold")),
    }
}
