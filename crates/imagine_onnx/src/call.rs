//! Calls of functions: a call becomes the nodes of the function.

use std::collections::HashSet;
use std::rc::Rc;

use crate::attributes::{Attributes, Call};
use crate::error::NodeFault;
use crate::functions::{own_domain, own_version};
use crate::importer::Importer;
use crate::proto::FunctionProto;
use crate::value::{Scope, Value};

/// Maximum bytes of the calls' names in front of a node's name.
const MAX_PREFIX: usize = 100;

type Result<T> = std::result::Result<T, NodeFault>;

impl<'a> Importer<'a> {
    /// The outputs of a call; `None` if the function has a fault.
    pub fn call(
        &mut self,
        function: &'a FunctionProto,
        attributes: Attributes,
        inputs: Vec<Option<Value>>,
        name: &str,
    ) -> Result<Option<Vec<Value>>> {
        let key = [own_domain(&function.domain), function.name.as_str(), function.overload.as_str()];
        if self.functions.faulty.contains(&key) {
            return Ok(None);
        }
        if inputs.len() > function.input.len() {
            return Err(NodeFault::Unsupported { reason: "has more inputs than the function" });
        }
        self.spend(function.node.len())?;
        let mut call = Call { parameters: attributes.0, prefix: prefix(name), omitted: HashSet::new() };
        for default in Attributes::read(&function.attribute_proto, self.external, None)?.0 {
            call.parameters.entry(default.0).or_insert(default.1);
        }
        let mut scope = Scope::new();
        let mut given = inputs.into_iter();
        for input in &function.input {
            match given.next().flatten() {
                Some(value) => drop(scope.insert(input.clone(), Some(value))),
                None => drop(call.omitted.insert(input.clone())),
            }
        }
        self.enter()?;
        let before = self.faults.len();
        let opset = self.opset;
        self.opset = own_version(&function.opset_import).unwrap_or(opset);
        // A function sees nothing of the graph that calls it. The outermost scope is the graph's, which keeps its names.
        let scopes = std::mem::replace(&mut self.scopes, vec![Scope::new(), scope]);
        let outer = self.call.replace(Rc::new(call));
        self.add_nodes(&function.node, function.output.iter().map(String::as_str));
        let outputs: Vec<_> = function.output.iter().map(|name| self.find(name).cloned().flatten()).collect();
        self.call = outer;
        self.scopes = scopes;
        self.opset = opset;
        self.leave();
        if self.faults.len() > before {
            self.functions.faulty.insert(key);
            return Ok(None);
        }
        let outputs: Option<Vec<Value>> = outputs.into_iter().collect();
        let unwritten = NodeFault::Unsupported { reason: "calls a function with an output that no node writes" };
        outputs.map(Some).ok_or(unwritten)
    }
}

/// The name of a call and a slash, shortened at the front.
fn prefix(name: &str) -> String {
    let mut start = name.len().saturating_sub(MAX_PREFIX);
    while !name.is_char_boundary(start) {
        start += 1;
    }
    format!("{}/", &name[start..])
}
