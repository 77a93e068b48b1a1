//! The state of an import: the graph so far, the values in scope and the faults.

use std::collections::HashMap;
use std::rc::Rc;

use imagine_graph::Graph;

use crate::array::{Array, Elements};
use crate::attributes::Call;
use crate::error::{Fault, NodeFault};
use crate::external::ExternalData;
use crate::functions::Functions;
use crate::probe_sizes::ProbeSizes;
use crate::proto::GraphProto;
use crate::tensor;
use crate::unique_names::UniqueNames;
use crate::value::{Scope, Value};

/// Maximum elements of all evaluated values together.
const FOLD_BUDGET: usize = 1 << 24;

/// Maximum nodes of all calls and iterations together.
const STEPS: usize = 1 << 16;

/// Maximum depth of branches, bodies and functions in each other.
const MAX_DEPTH: usize = 48;

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
    /// Elements that may still be dequantized at import time.
    pub weight_budget: usize,
    /// Nodes that calls and iterations may still add.
    steps: usize,
    /// Number of branches, bodies and functions around the nodes that are being added.
    pub depth: usize,
    pub functions: Functions<'a>,
    /// The call whose nodes are being added.
    pub call: Option<Rc<Call>>,
    /// Quantized values as floats, by their name in the graph.
    pub quantized: HashMap<String, Value>,
    /// Number of random nodes so far.
    pub streams: u32,
}

impl<'a> Importer<'a> {
    pub fn new(probes: ProbeSizes, opset: i64, external: ExternalData<'a>, functions: Functions<'a>) -> Self {
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
            weight_budget: FOLD_BUDGET,
            steps: STEPS,
            depth: 0,
            functions,
            call: None,
            quantized: HashMap::new(),
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
                Ok((array, element)) => {
                    // Weights count once, those of the body of a loop in every iteration.
                    if self.depth == 0 {
                        self.weight_budget += array.len();
                    } else if let Err(error) = self.spend_elements(array.len()) {
                        self.faults.push(Fault::Output { output: proto.name.clone(), reason: error.to_string() });
                    }
                    Some(Value { weight: true, element: Some(element), ..self.constant(&proto.name, array) })
                }
                Err(error) => {
                    self.faults.push(Fault::Initializer { name: proto.name.clone(), error });
                    None
                }
            };
            self.define(&proto.name, value);
        }
    }

    /// Enters a branch, body or function.
    pub fn enter(&mut self) -> Result<(), NodeFault> {
        if self.depth == MAX_DEPTH {
            return Err(NodeFault::Unsupported {
                reason: "is nested too deeply: branches, loops and functions may be 48 deep, and no function may call itself",
            });
        }
        self.depth += 1;
        Ok(())
    }

    /// Leaves what [`Self::enter`] entered.
    pub fn leave(&mut self) {
        self.depth -= 1;
    }

    /// Accounts for `nodes` of a call or an iteration.
    pub fn spend(&mut self, nodes: usize) -> Result<(), NodeFault> {
        let reason = "brings the nodes of all calls and iterations above 65536";
        self.steps = self.steps.checked_sub(nodes).ok_or(NodeFault::Unsupported { reason })?;
        Ok(())
    }

    /// Accounts for constants inside a call, branch or iteration.
    pub fn spend_elements(&mut self, elements: usize) -> Result<(), NodeFault> {
        let reason = "brings the constants of branches, calls and iterations and the tensors of sequences above 16777216 elements";
        self.budget = self.budget.checked_sub(elements).ok_or(NodeFault::Unsupported { reason })?;
        Ok(())
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
