//! The plan as plain data, and the recordings it gives.
//!
//! A plan of a recurrent generator holds three lists of calls over one arena: `init` makes the first state, `step` the
//! next, `output` the outputs. The state has two regions: step `n` reads region `n % 2` and writes the other, so the number of
//! steps tells where the state is. All values except inputs and states share memory by liveness, also across the
//! three lists; outputs stay valid until the next step.

use std::sync::Arc;

use imagine_graph::{GraphOutput, InputKind, Size, TensorType};

use super::weights::SharedWeight;
use crate::recording::{PlannedCall, Recording, Region};

/// Kernel calls and memory of one generator at one size.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The size it was made for.
    pub size: Size,
    /// Inputs that [`crate::Session::set_input`] takes, other than the state.
    pub inputs: Vec<PlannedInput>,
    /// Outputs in the generator's order.
    pub outputs: Vec<PlannedOutput>,
    /// The state of a recurrent generator.
    pub state: Option<PlannedState>,
    /// Bytes of every slab of the arena.
    pub arena: Vec<u64>,
    /// Contents of the buffers of weights in their natural layout.
    pub constants: Vec<Vec<u8>>,
    /// Contents of the buffers of packed weights.
    pub packed: Vec<Vec<u8>>,
    /// Large weights, whose buffers sessions share.
    pub shared: Vec<SharedWeight>,
    /// Number of calls; their ids are smaller.
    pub call_count: usize,
    pub(super) init: Vec<Arc<PlannedCall>>,
    /// Of even and of odd steps.
    pub(super) step: [Vec<Arc<PlannedCall>>; 2],
    /// After an even and after an odd number of steps.
    pub(super) output: [Vec<Arc<PlannedCall>>; 2],
    /// Maximum number of workgroups along one axis of a dispatch.
    pub(super) workgroups: u32,
}

/// An input of a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedInput {
    /// Name in the generator file.
    pub name: String,
    /// Meaning.
    pub kind: InputKind,
    /// Element type and shape.
    pub value_type: TensorType,
    /// Where its bytes are.
    pub region: Region,
}

/// An output of a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedOutput {
    /// Name and meaning.
    pub output: GraphOutput,
    /// Element type and shape.
    pub value_type: TensorType,
    /// Where its bytes are after an even and after an odd number of steps.
    pub regions: [Region; 2],
}

/// The state of a recurrent plan.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedState {
    /// Element type and shape.
    pub value_type: TensorType,
    /// Where its bytes are after an even and after an odd number of steps.
    pub regions: [Region; 2],
}

impl Plan {
    /// Makes the first state; empty if the generator is not recurrent.
    pub fn init(&self) -> Recording {
        Recording::of_calls(&self.init, 0, self.workgroups)
    }

    /// Makes `count` more steps after `done`.
    pub fn steps(&self, done: u32, count: u32) -> Recording {
        let mut recording = Recording::default();
        for step in done..done.saturating_add(count) {
            recording.append(Recording::of_calls(&self.step[step as usize % 2], step, self.workgroups));
        }
        recording
    }

    /// Makes the outputs after `done` steps (0 if the generator is not recurrent).
    pub fn output(&self, done: u32) -> Recording {
        Recording::of_calls(&self.output[done as usize % 2], done, self.workgroups)
    }

    /// Everything from the first state to the outputs after `steps` steps.
    pub fn whole(&self, steps: u32) -> Recording {
        let mut recording = self.init();
        recording.append(self.steps(0, steps));
        recording.append(self.output(steps));
        recording
    }

    /// Bytes of the buffers that every session of it has for itself: arena and small weights.
    pub fn bytes(&self) -> u64 {
        let weights = self.constants.iter().chain(&self.packed).map(|data| data.len() as u64);
        self.arena.iter().copied().chain(weights).sum()
    }

    /// Bytes of the buffers that it shares with other plans of the same weights.
    pub fn shared_bytes(&self) -> u64 {
        self.shared.iter().map(SharedWeight::bytes).sum()
    }
}
