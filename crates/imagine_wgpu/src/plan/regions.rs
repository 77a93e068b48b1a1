//! Regions: which bytes of the arena every input, state and computed value gets.

use std::collections::HashMap;

use imagine_graph::{InputKind, ValueId, ValueSource};

use super::error::PlanError;
use super::lowered_graph::LoweredGraph;
use super::options::PlanOptions;
use super::planned::PlannedInput;
use super::weights::{WeightLayout, Weights, tensor_bytes};
use crate::analysis::arena::{self, LiveRange};
use crate::kernel::{KernelCall, Operand};
use crate::ops;
use crate::recording::{BufferId, Region};

/// Which graph of a generator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum GraphRole {
    Init,
    Step,
    Output,
}

/// What needs bytes in the arena.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum ArenaKey {
    /// An input, shared by name among the graphs.
    Input(String),
    /// The state after an even (0) or odd (1) number of steps.
    State(usize),
    /// A value that calls of one graph write.
    Value(GraphRole, ValueId),
}

/// Where the bytes of a value are.
pub(super) enum ValueStorage {
    Arena(ArenaKey),
    /// The state that the graph reads.
    StateRead,
    /// The state that the graph writes.
    StateWritten,
    /// Known at planning time: in the constants.
    Known,
}

/// Live range and name of everything in the arena.
type LiveRanges = Vec<(ArenaKey, LiveRange, String)>;

/// Places the values of all graphs of a generator.
pub(super) struct RegionPlanner<'a> {
    pub graphs: Vec<(GraphRole, LoweredGraph<'a>)>,
    pub regions: HashMap<ArenaKey, Region>,
    is_recurrent: bool,
}

impl<'a> RegionPlanner<'a> {
    pub fn new(graphs: Vec<(GraphRole, LoweredGraph<'a>)>, is_recurrent: bool) -> Self {
        let mut planner = Self { graphs, regions: HashMap::new(), is_recurrent };
        planner.copy_unwritten_states();
        planner
    }

    /// Where the bytes of `value` in the graph `role` are.
    pub fn storage(&self, role: GraphRole, lowered: &LoweredGraph, value: ValueId) -> ValueStorage {
        if lowered.known.contains_key(&value) {
            return ValueStorage::Known;
        }
        let bound = lowered.bound;
        let (root, _) = lowered.place(value);
        if let ValueSource::Input(index) = bound.graph.source(root) {
            let input = &bound.graph.graph().inputs[*index];
            let is_state = self.is_recurrent && input.kind == InputKind::State;
            let key = || ArenaKey::Input(input.name.clone());
            return if is_state { ValueStorage::StateRead } else { ValueStorage::Arena(key()) };
        }
        if role != GraphRole::Output && lowered.roots[bound.graph.outputs()[0].0] == root {
            return ValueStorage::StateWritten;
        }
        ValueStorage::Arena(ArenaKey::Value(role, root))
    }

    /// A next state that is an input, a weight or a view of one has to be copied to where the next step reads it.
    fn copy_unwritten_states(&mut self) {
        for index in 0..self.graphs.len() {
            let (role, lowered) = &self.graphs[index];
            if *role == GraphRole::Output {
                continue;
            }
            let state = lowered.bound.graph.outputs()[0];
            if !matches!(self.storage(*role, lowered, state), ValueStorage::StateWritten) {
                let call = ops::shape::copy("state", state, lowered.bound.value_type(state));
                self.graphs[index].1.calls.push(call);
            }
        }
    }

    /// Every call is one moment, graph after graph. Inputs and states live from start to end.
    fn live_ranges(&self) -> LiveRanges {
        let end = self.graphs.iter().map(|(_, lowered)| lowered.calls.len()).sum::<usize>() + 1;
        let mut found = LiveRanges::new();
        let mut known: HashMap<ArenaKey, usize> = HashMap::new();
        let mut touch = |key: ArenaKey, bytes: u64, name: &str, first: usize, last: usize| {
            let index = *known.entry(key.clone()).or_insert_with(|| {
                found.push((key, LiveRange { bytes, first, last }, name.to_string()));
                found.len() - 1
            });
            let range = &mut found[index].1;
            range.first = range.first.min(first);
            range.last = range.last.max(last);
        };
        let mut moment = 0;
        for (role, lowered) in &self.graphs {
            let bound = lowered.bound;
            for (index, input) in bound.graph.graph().inputs.iter().enumerate() {
                let bytes = lowered.bytes_of(bound.graph.input(index));
                let is_state = self.is_recurrent && input.kind == InputKind::State;
                let states = || vec![ArenaKey::State(0), ArenaKey::State(1)];
                let keys = if is_state { states() } else { vec![ArenaKey::Input(input.name.clone())] };
                keys.into_iter().for_each(|key| touch(key, bytes, &input.name, 0, end));
            }
            let mut touch_value = |value: ValueId, first: usize, last: usize| {
                if let ValueStorage::Arena(key) = self.storage(*role, lowered, value) {
                    let (root, _) = lowered.place(value);
                    touch(key, lowered.bytes_of(root), bound.graph.name(root), first, last);
                }
            };
            for call in &lowered.calls {
                for value in values_read(call).chain(call.outputs.iter().copied()) {
                    touch_value(value, moment, moment);
                }
                moment += 1;
            }
            if *role == GraphRole::Output {
                bound.graph.outputs().iter().for_each(|&value| touch_value(value, moment, end));
            }
        }
        found
    }

    /// Gives everything in the arena its region; returns the bytes of every slab.
    pub fn place(&mut self, options: PlanOptions) -> Result<Vec<u64>, PlanError> {
        let live = self.live_ranges();
        let ranges: Vec<LiveRange> = live.iter().map(|(_, range, _)| *range).collect();
        let limit = options.limits.binding_bytes;
        let arena = arena::place(&ranges, limit).map_err(|index| {
            let (_, LiveRange { bytes, .. }, name) = &live[index];
            PlanError::TooLarge { value: name.clone(), bytes: *bytes, limit }
        })?;
        let bytes = arena.slabs.iter().sum();
        if bytes > options.arena_bytes {
            return Err(PlanError::Arena { bytes, limit: options.arena_bytes });
        }
        for ((key, range, _), place) in live.into_iter().zip(&arena.places) {
            let region = Region { buffer: BufferId::Arena(place.slab), offset: place.offset, bytes: range.bytes };
            self.regions.insert(key, region);
        }
        Ok(arena.slabs)
    }

    /// Adds the known values that calls read or that are outputs to `weights`.
    pub fn place_constants(&self, weights: &mut Weights) -> Result<HashMap<(GraphRole, ValueId), Region>, PlanError> {
        let mut regions = HashMap::new();
        for (role, lowered) in &self.graphs {
            let read = lowered.calls.iter().flat_map(values_read);
            for value in read.chain(lowered.bound.graph.outputs().iter().copied()) {
                let Some(tensor) = lowered.known.get(&value) else { continue };
                if regions.contains_key(&(*role, value)) {
                    continue;
                }
                let graph = lowered.bound.graph;
                let name = graph.name(value);
                let shared = match graph.source(value) {
                    ValueSource::Weight => weights.share(&graph.graph().weights, name)?,
                    _ => None,
                };
                let region = match shared {
                    Some(region) => region,
                    None => weights.add(WeightLayout::Natural, &tensor_bytes(tensor), name)?,
                };
                regions.insert((*role, value), region);
            }
        }
        Ok(regions)
    }

    /// The inputs of all graphs other than the state, each once.
    pub fn inputs(&self) -> Vec<PlannedInput> {
        let mut inputs: Vec<PlannedInput> = Vec::new();
        for (_, lowered) in &self.graphs {
            for (index, input) in lowered.bound.graph.graph().inputs.iter().enumerate() {
                let is_known = inputs.iter().any(|other| other.name == input.name);
                let Some(&region) = self.regions.get(&ArenaKey::Input(input.name.clone())).filter(|_| !is_known) else {
                    continue;
                };
                let value_type = lowered.bound.value_type(lowered.bound.graph.input(index)).clone();
                inputs.push(PlannedInput { name: input.name.clone(), kind: input.kind.clone(), value_type, region });
            }
        }
        inputs
    }
}

fn values_read(call: &KernelCall) -> impl Iterator<Item = ValueId> {
    call.operands.iter().filter_map(|operand| match operand {
        Operand::Value(value) => Some(*value),
        Operand::Packed(_) => None,
    })
}
