//! From lowered graphs to a plan: every value gets a region, every call its bindings.

use std::collections::HashMap;
use std::sync::Arc;

use imagine_graph::{BoundGraph, InputKind, Size, Tensor, TensorData, ValidGraph, ValueId, ValueSource};

use super::fuse::{self, LoweredGraph};
use super::{Fusion, Limits, Plan, PlanError, PlannedInput, PlannedOutput, PlannedState, Precision};
use crate::arena::{self, ALIGNMENT, Lifetime};
use crate::kernel::{KernelCall, Operand};
use crate::ops;
use crate::recording::{Access, Call, Memory, PipelineKey, Region};

/// Storage bindings that every WebGPU device has in one stage.
const MAX_STORAGE_BINDINGS: usize = 8;

/// Which of the graphs of a generator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Part {
    Init,
    Step,
    Output,
}

/// Something that needs bytes in the arena.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Tenant {
    /// An input, shared by name among the graphs.
    Input(String),
    /// The state after an even (0) or odd (1) number of steps.
    State(usize),
    /// A value that calls of one graph write.
    Value(Part, ValueId),
}

/// Where the bytes of a value come from.
enum Home {
    Tenant(Tenant),
    /// The state that the graph reads.
    StateRead,
    /// The state that the graph writes.
    StateWritten,
    Known,
}

pub(super) fn plan(
    output: &ValidGraph,
    recurrence: Option<[&ValidGraph; 2]>,
    [size, whole]: [Size; 2],
    limits: Limits,
    fusion: Fusion,
) -> Result<Plan, PlanError> {
    let bound_init = recurrence.map(|[init, _]| init.bind(size)).transpose()?;
    let bound_step = recurrence.map(|[_, step]| step.bind(size)).transpose()?;
    let bound_output = output.bind(size)?;
    let mut parts = Vec::new();
    for (part, bound) in [(Part::Init, &bound_init), (Part::Step, &bound_step)] {
        if let Some(bound) = bound {
            // The error of a step is what the next one starts from.
            let exact = Limits { precision: Precision::F32, ..limits };
            parts.push((part, fuse::lower(bound, fusion, exact, whole)?));
        }
    }
    parts.push((Part::Output, fuse::lower(&bound_output, fusion, limits, whole)?));
    let state = state_type(&parts)?;
    let mut planner = Planner { parts, recurrent: state.is_some(), lifetimes: Vec::new(), regions: HashMap::new() };
    planner.copy_states_that_no_call_writes();
    planner.measure_lifetimes();
    let arena = planner.place(limits)?;
    let mut weights = Weights { limit: limits.slab_bytes, constants: Vec::new(), packed: Vec::new() };
    let constants = planner.place_constants(&mut weights)?;
    let mut calls = Placer { planner: &planner, constants, weights, next_id: 0 };
    let init = calls.place(Part::Init, 1)?;
    let step = [calls.place(Part::Step, 0)?, calls.place(Part::Step, 1)?];
    let even = calls.place(Part::Output, 0)?;
    let output_calls = if state.is_some() { [even, calls.place(Part::Output, 1)?] } else { [even.clone(), even] };
    let outputs = calls.outputs();
    Ok(Plan {
        size,
        inputs: planner.inputs(),
        outputs,
        state: state.map(|value_type| PlannedState {
            value_type,
            regions: [0, 1].map(|parity| planner.regions[&Tenant::State(parity)]),
        }),
        arena,
        call_count: calls.next_id,
        constants: calls.weights.constants,
        packed: calls.weights.packed,
        init,
        step,
        output: output_calls,
        limits,
    })
}

/// The type of the state, if there is one and all graphs agree on it.
fn state_type(parts: &[(Part, LoweredGraph)]) -> Result<Option<imagine_graph::TensorType>, PlanError> {
    let mut found: Option<imagine_graph::TensorType> = None;
    let fail = |reason: String| Err(PlanError::State { reason });
    for (part, lowered) in parts {
        let bound = lowered.bound;
        let written = (*part != Part::Output).then(|| bound.graph.outputs().first().copied());
        let written = match written {
            Some(None) => return fail(format!("graph {part:?} has no output")),
            other => other.flatten(),
        };
        let read = state_input(bound).filter(|_| parts.len() > 1);
        for value in written.into_iter().chain(read) {
            let value_type = bound.value_type(value);
            match &found {
                Some(known) if known != value_type => {
                    return fail(format!("it is {known} in one graph and {value_type} in graph {part:?}"));
                }
                _ => found = Some(value_type.clone()),
            }
        }
    }
    Ok(found)
}

fn state_input(bound: &BoundGraph) -> Option<ValueId> {
    let inputs = &bound.graph.graph().inputs;
    inputs.iter().position(|input| input.kind == InputKind::State).map(|index| bound.graph.input(index))
}

struct Planner<'a> {
    parts: Vec<(Part, LoweredGraph<'a>)>,
    recurrent: bool,
    lifetimes: Vec<(Tenant, Lifetime, String)>,
    regions: HashMap<Tenant, Region>,
}

impl Planner<'_> {
    /// Where the bytes of `value` of `part` come from.
    fn home(&self, part: Part, lowered: &LoweredGraph, value: ValueId) -> Home {
        if lowered.known.contains_key(&value) {
            return Home::Known;
        }
        let bound = lowered.bound;
        let (root, _) = lowered.place(value);
        if let ValueSource::Input(index) = bound.graph.source(root) {
            let input = &bound.graph.graph().inputs[*index];
            let is_state = self.recurrent && input.kind == InputKind::State;
            return if is_state { Home::StateRead } else { Home::Tenant(Tenant::Input(input.name.clone())) };
        }
        if part != Part::Output && lowered.roots[bound.graph.outputs()[0].0] == root {
            return Home::StateWritten;
        }
        Home::Tenant(Tenant::Value(part, root))
    }

    /// A next state that is an input or a weight, or a view of one, has to be moved to where the next state is read.
    fn copy_states_that_no_call_writes(&mut self) {
        for index in 0..self.parts.len() {
            let (part, lowered) = &self.parts[index];
            if *part == Part::Output {
                continue;
            }
            let state = lowered.bound.graph.outputs()[0];
            if !matches!(self.home(*part, lowered, state), Home::StateWritten) {
                let call = ops::shape::copy("state", state, lowered.bound.value_type(state));
                self.parts[index].1.calls.push(call);
            }
        }
    }

    /// Every call is one moment, graph after graph.
    fn measure_lifetimes(&mut self) {
        let end = self.parts.iter().map(|(_, lowered)| lowered.calls.len()).sum::<usize>() + 1;
        let mut found: Vec<(Tenant, Lifetime, String)> = Vec::new();
        let mut known: HashMap<Tenant, usize> = HashMap::new();
        let mut touch = |tenant: Tenant, bytes: u64, name: &str, first: usize, last: usize| {
            let index = *known.entry(tenant.clone()).or_insert_with(|| {
                found.push((tenant, Lifetime { bytes, first, last }, name.to_string()));
                found.len() - 1
            });
            let lifetime = &mut found[index].1;
            lifetime.first = lifetime.first.min(first);
            lifetime.last = lifetime.last.max(last);
        };
        let mut moment = 0;
        for (part, lowered) in &self.parts {
            let bound = lowered.bound;
            for (index, input) in bound.graph.graph().inputs.iter().enumerate() {
                let bytes = lowered.bytes_of(bound.graph.input(index));
                if self.recurrent && input.kind == InputKind::State {
                    touch(Tenant::State(0), bytes, &input.name, 0, end);
                    touch(Tenant::State(1), bytes, &input.name, 0, end);
                } else {
                    touch(Tenant::Input(input.name.clone()), bytes, &input.name, 0, end);
                }
            }
            for call in &lowered.calls {
                let read = call.operands.iter().filter_map(|operand| match operand {
                    Operand::Value(value) => Some(*value),
                    Operand::Packed(_) => None,
                });
                for value in read.chain(call.outputs.iter().copied()) {
                    if let Home::Tenant(tenant) = self.home(*part, lowered, value) {
                        let (root, _) = lowered.place(value);
                        touch(tenant, lowered.bytes_of(root), bound.graph.name(root), moment, moment);
                    }
                }
                moment += 1;
            }
            if *part == Part::Output {
                for &value in bound.graph.outputs() {
                    if let Home::Tenant(tenant) = self.home(*part, lowered, value) {
                        let (root, _) = lowered.place(value);
                        touch(tenant, lowered.bytes_of(root), bound.graph.name(root), moment, end);
                    }
                }
            }
        }
        self.lifetimes = found;
    }

    fn place(&mut self, limits: Limits) -> Result<Vec<u64>, PlanError> {
        let lifetimes: Vec<Lifetime> = self.lifetimes.iter().map(|(_, lifetime, _)| *lifetime).collect();
        let arena = arena::place(&lifetimes, limits.slab_bytes).map_err(|index| PlanError::TooLarge {
            value: self.lifetimes[index].2.clone(),
            bytes: self.lifetimes[index].1.bytes,
            limit: limits.slab_bytes,
        })?;
        let bytes = arena.slabs.iter().sum();
        if bytes > limits.arena_bytes {
            return Err(PlanError::Arena { bytes, limit: limits.arena_bytes });
        }
        for ((tenant, lifetime, _), place) in self.lifetimes.iter().zip(&arena.places) {
            let region = Region { memory: Memory::Arena(place.slab), offset: place.offset, bytes: lifetime.bytes };
            self.regions.insert(tenant.clone(), region);
        }
        Ok(arena.slabs)
    }

    /// Uploads the known values that calls read or that are outputs.
    fn place_constants(&self, weights: &mut Weights) -> Result<HashMap<(Part, ValueId), Region>, PlanError> {
        let mut regions = HashMap::new();
        for (part, lowered) in &self.parts {
            let operands = lowered.calls.iter().flat_map(|call| &call.operands).filter_map(|operand| match operand {
                Operand::Value(value) => Some(*value),
                Operand::Packed(_) => None,
            });
            for value in operands.chain(lowered.bound.graph.outputs().iter().copied()) {
                let Some(tensor) = lowered.known.get(&value) else { continue };
                if regions.contains_key(&(*part, value)) {
                    continue;
                }
                let region = weights.add(Kind::Constants, &tensor_bytes(tensor), lowered.bound.graph.name(value))?;
                regions.insert((*part, value), region);
            }
        }
        Ok(regions)
    }

    fn inputs(&self) -> Vec<PlannedInput> {
        let mut inputs: Vec<PlannedInput> = Vec::new();
        for (_, lowered) in &self.parts {
            for (index, input) in lowered.bound.graph.graph().inputs.iter().enumerate() {
                let known = inputs.iter().any(|other| other.name == input.name);
                let Some(&region) = self.regions.get(&Tenant::Input(input.name.clone())).filter(|_| !known) else {
                    continue;
                };
                let value_type = lowered.bound.value_type(lowered.bound.graph.input(index)).clone();
                inputs.push(PlannedInput { name: input.name.clone(), kind: input.kind.clone(), value_type, region });
            }
        }
        inputs
    }
}

/// Which buffers weights go to.
#[derive(Clone, Copy)]
enum Kind {
    Constants,
    Packed,
}

struct Weights {
    limit: u64,
    constants: Vec<Vec<u8>>,
    packed: Vec<Vec<u8>>,
}

impl Weights {
    fn add(&mut self, kind: Kind, data: &[u8], name: &str) -> Result<Region, PlanError> {
        let bytes = data.len() as u64;
        if bytes > self.limit {
            return Err(PlanError::TooLarge { value: name.into(), bytes, limit: self.limit });
        }
        let buffers = match kind {
            Kind::Constants => &mut self.constants,
            Kind::Packed => &mut self.packed,
        };
        let end = |buffer: &Vec<u8>| (buffer.len() as u64).next_multiple_of(ALIGNMENT);
        if buffers.last().is_none_or(|buffer| end(buffer) + bytes > self.limit) {
            buffers.push(Vec::new());
        }
        let index = buffers.len() - 1;
        let buffer = &mut buffers[index];
        let offset = end(buffer);
        buffer.resize(offset as usize, 0);
        buffer.extend_from_slice(data);
        let memory = match kind {
            Kind::Constants => Memory::Constants(index),
            Kind::Packed => Memory::Packed(index),
        };
        Ok(Region { memory, offset, bytes })
    }
}

/// Gives calls their bindings.
struct Placer<'p, 'a> {
    planner: &'p Planner<'a>,
    constants: HashMap<(Part, ValueId), Region>,
    weights: Weights,
    next_id: usize,
}

impl Placer<'_, '_> {
    /// The calls of `part` where the state that it reads lies in region `parity`.
    fn place(&mut self, part: Part, parity: usize) -> Result<Vec<Arc<Call>>, PlanError> {
        let Some((_, lowered)) = self.planner.parts.iter().find(|(p, _)| *p == part) else { return Ok(Vec::new()) };
        lowered.calls.iter().map(|call| self.place_call(part, lowered, call, parity)).collect()
    }

    fn place_call(
        &mut self,
        part: Part,
        lowered: &LoweredGraph,
        call: &KernelCall,
        parity: usize,
    ) -> Result<Arc<Call>, PlanError> {
        let mut bindings = Vec::new();
        let mut access = Vec::new();
        for operand in &call.operands {
            match operand {
                Operand::Value(value) => {
                    access.push(Access::ReadWrite);
                    bindings.push(self.region(part, lowered, *value, parity));
                }
                Operand::Packed(packed) => {
                    access.push(Access::Read);
                    bindings.push(self.packed(&packed.label, &packed.bytes())?);
                }
            }
        }
        for &value in &call.outputs {
            access.push(Access::ReadWrite);
            let copied = matches!(self.planner.home(part, lowered, value), Home::StateRead | Home::Known);
            let state = part != Part::Output && (copied || value == lowered.bound.graph.outputs()[0]);
            bindings.push(if state {
                self.planner.regions[&Tenant::State(1 - parity)]
            } else {
                self.region(part, lowered, value, parity)
            });
        }
        if bindings.len() > MAX_STORAGE_BINDINGS {
            let (label, found) = (call.label.clone(), bindings.len());
            return Err(PlanError::Bindings { label, found, limit: MAX_STORAGE_BINDINGS });
        }
        self.next_id += 1;
        Ok(Arc::new(Call {
            id: self.next_id - 1,
            label: call.label.clone(),
            pipeline: PipelineKey { shader: call.shader, defs: call.defs.clone(), access },
            params: call.params.clone(),
            random: call.random.clone(),
            bindings,
            workgroups: call.workgroups,
            cost: call.cost,
        }))
    }

    /// The region of a value that is read, or written by a call that makes it.
    fn region(&self, part: Part, lowered: &LoweredGraph, value: ValueId, parity: usize) -> Region {
        let home = match self.planner.home(part, lowered, value) {
            Home::Known => return self.constants[&(part, value)],
            Home::StateRead => self.planner.regions[&Tenant::State(parity)],
            Home::StateWritten => self.planner.regions[&Tenant::State(1 - parity)],
            Home::Tenant(tenant) => self.planner.regions[&tenant],
        };
        let offset = home.offset + lowered.place(value).1;
        Region { offset, bytes: lowered.bytes_of(value), ..home }
    }

    /// Packed weights are shared by the two parities of a step, which are lowered once.
    fn packed(&mut self, label: &str, data: &[u8]) -> Result<Region, PlanError> {
        let buffers = self.weights.packed.iter().enumerate();
        let mut places = buffers.flat_map(|(index, buffer)| {
            (0..buffer.len()).step_by(ALIGNMENT as usize).map(move |at| (index, at, &buffer[at..]))
        });
        if let Some((index, at, _)) = places.find(|(_, _, bytes)| bytes.starts_with(data)) {
            return Ok(Region { memory: Memory::Packed(index), offset: at as u64, bytes: data.len() as u64 });
        }
        self.weights.add(Kind::Packed, data, label)
    }

    fn outputs(&self) -> Vec<PlannedOutput> {
        let (_, lowered) = self.planner.parts.last().expect("there is always an output graph");
        let graph = lowered.bound.graph;
        let outputs = graph.graph().outputs.iter().zip(graph.outputs());
        outputs
            .map(|(output, &value)| PlannedOutput {
                output: output.clone(),
                value_type: lowered.bound.value_type(value).clone(),
                regions: [0, 1].map(|parity| self.region(Part::Output, lowered, value, parity)),
            })
            .collect()
    }
}

/// The elements as they lie on the GPU: four bytes each, truth values 0 or 1.
pub(crate) fn tensor_bytes(tensor: &Tensor) -> Vec<u8> {
    match &tensor.data {
        TensorData::F32(values) => bytemuck::cast_slice(values).to_vec(),
        TensorData::I32(values) => bytemuck::cast_slice(values).to_vec(),
        TensorData::Bool(values) => values.iter().flat_map(|&v| u32::from(v).to_ne_bytes()).collect(),
    }
}
