//! `If` with a known condition, and `Loop` with a known number of iterations: the branch, or every iteration, becomes part of
//! the graph.

use std::rc::Rc;

use crate::array::{Array, Elements};
use crate::attributes::{Attribute, Attributes, is_constant};
use crate::error::NodeFault;
use crate::importer::Importer;
use crate::proto::GraphProto;
use crate::value::{OnnxNode, Scope, Value};

/// Maximum iterations of one loop.
const MAX_ITERATIONS: i64 = 1 << 12;

type Result<T> = std::result::Result<T, NodeFault>;

impl Importer<'_> {
    /// The outputs of the branch that the known condition of an `If` selects; `None` if the branch has a fault.
    pub fn branch(&mut self, mut node: OnnxNode) -> Result<Option<Vec<Value>>> {
        let condition = truth(node.input(0)?, "cond")?;
        let branches = [node.attributes.take("else_branch"), node.attributes.take("then_branch")];
        node.reject_unknown_attributes()?;
        let [Some(Attribute::Graph(no)), Some(Attribute::Graph(yes))] = branches else {
            return Err(NodeFault::Unsupported { reason: "needs a then_branch and an else_branch" });
        };
        self.body(if condition { &yes } else { &no }, Vec::new())
    }

    /// The outputs of a `Loop`; `None` if its body has a fault.
    pub fn repeat(&mut self, mut node: OnnxNode) -> Result<Option<Vec<Value>>> {
        let given = |index: usize| node.inputs.get(index).and_then(Option::as_ref);
        let count = given(0).map(trip_count).transpose()?.unwrap_or(i64::MAX);
        let mut goes_on = given(1).map_or(Ok(true), |value| truth(value, "cond"))?;
        let carried: Option<Vec<Value>> = node.inputs.iter().skip(2).cloned().collect();
        let mut carried = carried.ok_or(NodeFault::Unsupported { reason: "has too few inputs" })?;
        let Some(Attribute::Graph(body)) = node.attributes.take("body") else {
            return Err(NodeFault::Unsupported { reason: "needs a body" });
        };
        node.reject_unknown_attributes()?;
        if body.input.len() != carried.len() + 2 || body.output.len() < carried.len() + 1 {
            return Err(NodeFault::Unsupported { reason: "has a body with other inputs and outputs than the loop" });
        }
        let mut lists: Vec<Vec<Value>> = vec![Vec::new(); body.output.len() - carried.len() - 1];
        let mut iteration = 0;
        while iteration < count && goes_on {
            if iteration == MAX_ITERATIONS {
                return Err(NodeFault::Unsupported { reason: "has more than 4096 iterations" });
            }
            let mut inputs = vec![self.constant("", Array::ints(&[], vec![iteration])), self.truth()];
            inputs.append(&mut carried);
            self.spend(body.node.len())?;
            let Some(mut outputs) = self.body(&body, inputs)? else { return Ok(None) };
            let rest = outputs.split_off(1);
            goes_on = truth(&outputs[0], "cond")?;
            carried = rest;
            let made = carried.split_off(node.inputs.len() - 2);
            lists.iter_mut().zip(made).for_each(|(list, value)| list.push(value));
            iteration += 1;
        }
        for list in lists {
            carried.push(self.stack(list, &node.name)?);
        }
        Ok(Some(carried))
    }

    /// The outputs of a branch or body with these inputs; `None` if it has a fault.
    fn body(&mut self, graph: &GraphProto, inputs: Vec<Value>) -> Result<Option<Vec<Value>>> {
        let before = self.faults.len();
        self.enter()?;
        self.scopes.push(Scope::new());
        for (info, value) in graph.input.iter().zip(inputs) {
            self.define(&info.name, Some(Value { label: info.name.clone(), ..value }));
        }
        self.define_initializers(graph);
        self.add_nodes(&graph.node, graph.output.iter().map(|output| output.name.as_str()));
        let outputs: Vec<_> = graph.output.iter().map(|o| self.find(&o.name).cloned()).collect();
        self.scopes.pop();
        self.leave();
        if self.faults.len() > before {
            return Ok(None);
        }
        let outputs: Option<Option<Vec<Value>>> = outputs.into_iter().collect();
        let unwritten = NodeFault::Unsupported { reason: "has a branch or body with an output that no node writes" };
        outputs.flatten().map(Some).ok_or(unwritten)
    }

    /// The values of all iterations along a new first axis.
    fn stack(&mut self, list: Vec<Value>, name: &str) -> Result<Value> {
        if list.is_empty() {
            return Err(NodeFault::Unsupported { reason: "makes lists in no iteration" });
        }
        let mut rows = Vec::with_capacity(list.len());
        for value in list {
            let axes = Attributes::one("axes", Attribute::Ints(vec![0]));
            rows.push(Some(self.part("Unsqueeze", axes, vec![Some(value)], name)?));
        }
        self.part("Concat", Attributes::one("axis", Attribute::Int(0)), rows, name)
    }
}

/// A truth value that is the same at every size.
fn truth(value: &Value, name: &'static str) -> Result<bool> {
    let known = value.known.as_ref().ok_or(NodeFault::Unknown { name })?;
    let Elements::Bool(elements) = &known[0].elements else {
        return Err(NodeFault::Unsupported { reason: "has a condition that is not a truth value" });
    };
    match elements[..] {
        [truth] if is_constant(known) => Ok(truth),
        _ => Err(NodeFault::Unsupported {
            reason: "takes different branches at different sizes: fix the size with `dims` (--dim x/2=256 --dim x/3=256)",
        }),
    }
}

/// The number of iterations.
fn trip_count(value: &Value) -> Result<i64> {
    let known: &Vec<Rc<Array>> = value.known.as_ref().ok_or(NodeFault::Unknown { name: "M" })?;
    match known[0].as_ints() {
        Some(&[count]) if is_constant(known) => Ok(count),
        _ => Err(NodeFault::Unsupported {
            reason: "has another number of iterations at every size: fix the size with `dims` (--dim x/2=256 --dim x/3=256)",
        }),
    }
}
