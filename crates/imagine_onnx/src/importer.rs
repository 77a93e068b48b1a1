//! The state of an import: the graph so far, the values in scope and the faults.

use std::collections::HashMap;
use std::rc::Rc;

use imagine_graph::Graph;

use crate::array::{Array, Elements};
use crate::error::Fault;
use crate::external::ExternalData;
use crate::probe_sizes::ProbeSizes;
use crate::proto::GraphProto;
use crate::tensor;
use crate::unique_names::UniqueNames;
use crate::value::{Scope, Value};

/// Maximum elements of all evaluated values together.
const FOLD_BUDGET: usize = 1 << 24;

/// An import in progress.
pub(crate) struct Importer<'a> {
    pub probes: ProbeSizes,
    pub opset: i64,
    pub external: ExternalData<'a>,
    pub graph: Graph,
    /// Names of values in the graph.
    pub value_names: UniqueNames,
    /// Names of nodes in the graph.
    pub node_names: UniqueNames,
    /// Graph names of known values, by the address of their elements at the first probe size.
    pub materialized: HashMap<usize, (Rc<Array>, String)>,
    pub faults: Vec<Fault>,
    pub scopes: Vec<Scope>,
    /// Elements that may still be evaluated.
    pub budget: usize,
    /// Number of random nodes so far.
    pub streams: u32,
}

impl<'a> Importer<'a> {
    pub fn new(probes: ProbeSizes, opset: i64, external: ExternalData<'a>) -> Self {
        Self {
            probes,
            opset,
            external,
            graph: Graph::default(),
            value_names: UniqueNames::default(),
            node_names: UniqueNames::default(),
            materialized: HashMap::new(),
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
    pub fn define_initializers(&mut self, graph: &GraphProto) {
        for proto in &graph.initializer {
            let value = match tensor::read(proto, self.external) {
                Ok((array, _)) => Some(Value { weight: true, ..self.constant(&proto.name, array) }),
                Err(error) => {
                    self.faults.push(Fault::Initializer { name: proto.name.clone(), error });
                    None
                }
            };
            self.define(&proto.name, value);
        }
    }

    /// A known value that is the same at every probe size.
    pub fn constant(&self, label: &str, array: Array) -> Value {
        Value::constant(label, array, self.probes.len())
    }

    /// A constant of floats.
    pub fn floats(&self, shape: &[usize], values: Vec<f32>) -> Value {
        self.constant("", Array { shape: shape.to_vec(), elements: Elements::Float(values) })
    }

    /// The constant `true`.
    pub fn truth(&self) -> Value {
        self.constant("", Array { shape: Vec::new(), elements: Elements::Bool(vec![true]) })
    }
}
