//! Functions that a model defines, and the domain and version of operators.

use std::collections::{HashMap, HashSet};

use crate::proto::{FunctionProto, ModelProto, NodeProto, OperatorSetIdProto};

/// The functions of a model.
#[derive(Default)]
pub(crate) struct Functions<'a> {
    by_name: HashMap<[&'a str; 3], &'a FunctionProto>,
    /// Functions whose faults are already listed.
    pub faulty: HashSet<[&'a str; 3]>,
}

impl<'a> Functions<'a> {
    pub fn of(model: &'a ModelProto) -> Self {
        let named = |function: &'a FunctionProto| {
            ([own_domain(&function.domain), function.name.as_str(), function.overload.as_str()], function)
        };
        Self { by_name: model.functions.iter().map(named).collect(), faulty: HashSet::new() }
    }

    /// The function that `node` calls, if it calls one.
    pub fn called(&self, node: &NodeProto) -> Option<&'a FunctionProto> {
        let key = [own_domain(&node.domain), node.op_type.as_str(), node.overload.as_str()];
        self.by_name.get(&key).copied()
    }
}

/// The domain, empty for ONNX's own operators.
pub(crate) fn own_domain(domain: &str) -> &str {
    if domain == "ai.onnx" { "" } else { domain }
}

/// The version of ONNX's own operators among `sets`.
pub(crate) fn own_version(sets: &[OperatorSetIdProto]) -> Option<i64> {
    sets.iter().filter(|set| own_domain(&set.domain).is_empty()).map(|set| set.version).max()
}
