//! From a network to a [`Plan`]: lowers its graphs, places their values and binds every call.

use std::collections::HashMap;
use std::sync::Arc;

use imagine_graph::{Size, TensorType, ValidGenerator, ValidGraph, ValueId};

use super::error::PlanError;
use super::lower::lower;
use super::lowered_graph::LoweredGraph;
use super::options::{PlanOptions, Precision};
use super::planned::{Plan, PlannedOutput, PlannedState};
use super::regions::{ArenaKey, GraphRole, RegionPlanner, ValueStorage};
use super::weights::Weights;
use crate::kernel::{BindingLayout, KernelCall, Operand, PipelineKey, StorageAccess};
use crate::recording::{PlannedCall, Region};

/// Storage bindings that every WebGPU device has in one stage.
const MAX_STORAGE_BINDINGS: usize = 8;

/// What [`Plan::new`] plans.
#[derive(Clone, Copy)]
pub enum Network<'a> {
    /// One graph, whose outputs [`Plan::output`] makes at step 0.
    Graph(&'a ValidGraph),
    /// A whole generator.
    Generator(&'a ValidGenerator),
}

impl<'a> From<&'a ValidGraph> for Network<'a> {
    fn from(graph: &'a ValidGraph) -> Self {
        Self::Graph(graph)
    }
}

impl<'a> From<&'a ValidGenerator> for Network<'a> {
    fn from(generator: &'a ValidGenerator) -> Self {
        Self::Generator(generator)
    }
}

impl Plan {
    /// Plans `network` at `size`, the size of the image or, with [`PlanOptions::image_size`], of a window of it.
    pub fn new<'a>(network: impl Into<Network<'a>>, size: Size, options: PlanOptions) -> Result<Self, PlanError> {
        let (output, recurrence) = match network.into() {
            Network::Graph(graph) => (graph, None),
            Network::Generator(generator) => (&generator.output, generator.recurrence.as_ref()),
        };
        let whole = options.image_size.unwrap_or(size);
        let bound_init = recurrence.map(|recurrence| recurrence.init.bind(size)).transpose()?;
        let bound_step = recurrence.map(|recurrence| recurrence.step.bind(size)).transpose()?;
        let bound_output = output.bind(size)?;
        // The error of a step is the next step's input.
        let exact = PlanOptions { precision: Precision::F32, ..options };
        let recurrent = [(GraphRole::Init, &bound_init), (GraphRole::Step, &bound_step)];
        let recurrent = recurrent.into_iter().filter_map(|(role, bound)| Some((role, bound.as_ref()?)));
        let mut graphs: Vec<_> = recurrent.map(|(role, bound)| (role, lower(bound, exact, whole))).collect();
        graphs.push((GraphRole::Output, lower(&bound_output, options, whole)));
        let state = state_type(&graphs)?;
        let mut planner = RegionPlanner::new(graphs, state.is_some());
        let arena = planner.place(options)?;
        let mut weights = Weights::new(options.limits.binding_bytes);
        let constants = planner.place_constants(&mut weights)?;
        let mut binder = CallBinder { planner: &planner, constants, weights, next_id: 0 };
        let init = binder.bind(GraphRole::Init, 1)?;
        let step = [binder.bind(GraphRole::Step, 0)?, binder.bind(GraphRole::Step, 1)?];
        let even = binder.bind(GraphRole::Output, 0)?;
        let output = if state.is_some() { [even, binder.bind(GraphRole::Output, 1)?] } else { [even.clone(), even] };
        let regions = || [0, 1].map(|parity| planner.regions[&ArenaKey::State(parity)]);
        Ok(Plan {
            size,
            inputs: planner.inputs(),
            outputs: binder.outputs(),
            state: state.map(|value_type| PlannedState { value_type, regions: regions() }),
            arena,
            call_count: binder.next_id,
            constants: binder.weights.constants,
            packed: binder.weights.packed,
            shared: binder.weights.shared,
            init,
            step,
            output,
            workgroups: options.limits.workgroups,
        })
    }
}

/// The type of the state, if there is one and all graphs agree on it.
fn state_type(graphs: &[(GraphRole, LoweredGraph)]) -> Result<Option<TensorType>, PlanError> {
    let mut found: Option<TensorType> = None;
    let fail = |reason: String| Err(PlanError::State { reason });
    for (role, lowered) in graphs {
        let bound = lowered.bound;
        let written = (*role != GraphRole::Output).then(|| bound.graph.outputs().first().copied());
        let written = match written {
            Some(None) => return fail(format!("graph {role:?} has no output")),
            other => other.flatten(),
        };
        let read = bound.graph.state_input().filter(|_| graphs.len() > 1);
        for value in written.into_iter().chain(read) {
            let value_type = bound.value_type(value);
            match &found {
                Some(known) if known != value_type => {
                    return fail(format!("{known} in one graph, {value_type} in graph {role:?}"));
                }
                _ => found = Some(value_type.clone()),
            }
        }
    }
    Ok(found)
}

/// Gives calls their bindings.
struct CallBinder<'p, 'a> {
    planner: &'p RegionPlanner<'a>,
    constants: HashMap<(GraphRole, ValueId), Region>,
    weights: Weights,
    next_id: usize,
}

impl CallBinder<'_, '_> {
    /// The calls of the graph `role` when the state that it reads is in region `parity`.
    fn bind(&mut self, role: GraphRole, parity: usize) -> Result<Vec<Arc<PlannedCall>>, PlanError> {
        let Some((_, lowered)) = self.planner.graphs.iter().find(|(found, _)| *found == role) else {
            return Ok(Vec::new());
        };
        lowered.calls.iter().map(|call| self.bind_call(role, lowered, call, parity)).collect()
    }

    fn bind_call(
        &mut self,
        role: GraphRole,
        lowered: &LoweredGraph,
        call: &KernelCall,
        parity: usize,
    ) -> Result<Arc<PlannedCall>, PlanError> {
        let mut bindings = Vec::new();
        let mut access = Vec::new();
        for operand in &call.operands {
            match operand {
                Operand::Value(value) => {
                    access.push(StorageAccess::ReadWrite);
                    bindings.push(self.region(role, lowered, *value, parity));
                }
                Operand::Packed(packed) => {
                    access.push(StorageAccess::Read);
                    bindings.push(self.weights.add_packed(&packed.label, &packed.bytes())?);
                }
            }
        }
        for &value in &call.outputs {
            access.push(StorageAccess::ReadWrite);
            let storage = self.planner.storage(role, lowered, value);
            let is_copied = matches!(storage, ValueStorage::StateRead | ValueStorage::Known);
            let is_state = role != GraphRole::Output && (is_copied || value == lowered.bound.graph.outputs()[0]);
            bindings.push(if is_state {
                self.planner.regions[&ArenaKey::State(1 - parity)]
            } else {
                self.region(role, lowered, value, parity)
            });
        }
        if bindings.len() > MAX_STORAGE_BINDINGS {
            let (label, found) = (call.label.clone(), bindings.len());
            return Err(PlanError::Bindings { label, found, limit: MAX_STORAGE_BINDINGS });
        }
        self.next_id += 1;
        let layout = BindingLayout::Kernel(access);
        Ok(Arc::new(PlannedCall {
            id: self.next_id - 1,
            label: call.label.clone(),
            pipeline: PipelineKey { shader: call.shader, defs: call.defs.clone(), layout },
            params: call.params.clone(),
            random: call.random.clone(),
            bindings,
            workgroups: call.workgroups,
            cost: call.cost,
        }))
    }

    /// The region of a value that is read, or written by a call that computes it.
    fn region(&self, role: GraphRole, lowered: &LoweredGraph, value: ValueId, parity: usize) -> Region {
        let parent = match self.planner.storage(role, lowered, value) {
            ValueStorage::Known => return self.constants[&(role, value)],
            ValueStorage::StateRead => self.planner.regions[&ArenaKey::State(parity)],
            ValueStorage::StateWritten => self.planner.regions[&ArenaKey::State(1 - parity)],
            ValueStorage::Arena(key) => self.planner.regions[&key],
        };
        let offset = parent.offset + lowered.place(value).1;
        Region { offset, bytes: lowered.bytes_of(value), ..parent }
    }

    fn outputs(&self) -> Vec<PlannedOutput> {
        let (_, lowered) = self.planner.graphs.last().expect("there is always an output graph");
        let graph = lowered.bound.graph;
        let outputs = graph.graph().outputs.iter().zip(graph.outputs());
        outputs
            .map(|(output, &value)| PlannedOutput {
                output: output.clone(),
                value_type: lowered.bound.value_type(value).clone(),
                regions: [0, 1].map(|parity| self.region(GraphRole::Output, lowered, value, parity)),
            })
            .collect()
    }
}
