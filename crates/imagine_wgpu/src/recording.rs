//! A recording: the passes of a run as plain data, which can be printed, compared, cut anywhere and encoded later.

use std::fmt;
use std::sync::Arc;

use crate::analysis::cost::Cost;
use crate::analysis::slices::GridSlice;
use crate::kernel::{PipelineKey, RandomStream, ShaderDef};

/// A kernel call whose values have a place in memory. Its slices and all steps share it.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedCall {
    /// Index among all calls of its plan.
    pub id: usize,
    /// For people and GPU debuggers.
    pub label: String,
    /// The pipeline it needs.
    pub pipeline: PipelineKey,
    /// The params uniform; its dispatch params are zero.
    pub params: Vec<u8>,
    /// The random numbers it draws, if any.
    pub random: Option<RandomStream>,
    /// The bytes of bindings 1, 2, ..
    pub bindings: Vec<Region>,
    /// Number of workgroups along x, y and z.
    pub workgroups: [u32; 3],
    /// Its cost.
    pub cost: Cost,
}

/// A byte range of a session's buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Region {
    /// Which buffer.
    pub buffer: BufferId,
    /// First byte.
    pub offset: u64,
    /// Number of bytes.
    pub bytes: u64,
}

/// A buffer of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BufferId {
    /// A slab of the arena: inputs, states, intermediates and outputs.
    Arena(usize),
    /// Weights in their natural layout.
    Constants(usize),
    /// Weights packed for a kernel.
    Packed(usize),
    /// A large weight, shared among sessions.
    Shared(usize),
}

/// One dispatch: a call or a slice of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Pass {
    /// The call.
    pub call: Arc<PlannedCall>,
    /// Its workgroups.
    pub grid: GridSlice,
    /// Step of a recurrent network, which random numbers depend on.
    pub step: u32,
}

/// Passes in the order in which they run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recording {
    /// The passes.
    pub passes: Vec<Pass>,
}

impl Pass {
    /// Cost of this slice: its share of the call's cost by workgroups.
    pub fn cost(&self) -> Cost {
        let whole = GridSlice::whole(self.call.workgroups).count().max(1);
        let share = |cost: u64| (u128::from(cost) * u128::from(self.grid.count()) / u128::from(whole)) as u64;
        Cost { flop: share(self.call.cost.flop), bytes: share(self.call.cost.bytes) }
    }
}

impl Recording {
    /// The passes of `calls` at `step`, none with more than `limit` workgroups along an axis.
    pub(crate) fn of_calls(calls: &[Arc<PlannedCall>], step: u32, limit: u32) -> Self {
        let slices = |call: &Arc<PlannedCall>| GridSlice::whole(call.workgroups).within(limit.max(1));
        let passes =
            calls.iter().flat_map(|call| slices(call).into_iter().map(|grid| Pass { call: call.clone(), grid, step }));
        Self { passes: passes.collect() }
    }

    /// Cost of all passes.
    pub fn cost(&self) -> Cost {
        self.passes.iter().map(Pass::cost).sum()
    }

    /// Whether there are no passes.
    pub fn is_empty(&self) -> bool {
        self.passes.is_empty()
    }

    /// Appends the passes of `other`.
    pub fn append(&mut self, other: Recording) {
        self.passes.extend(other.passes);
    }

    /// Removes passes of at most `budget` from the front and cuts the last of them if needed, down to single workgroups.
    /// `price` is the cost of a pass or slice in the budget's unit. With `force` at least one workgroup is taken, so that a loop
    /// ends.
    pub fn take_front(&mut self, budget: u64, force: bool, price: impl Fn(&Pass) -> u64) -> Recording {
        let mut front: Vec<Pass> = Vec::new();
        let mut left = budget;
        let mut taken = 0;
        let mut rest = Vec::new();
        for pass in &self.passes {
            let cost = price(pass);
            if cost <= left {
                left -= cost;
            } else {
                let slice = |grid| Pass { grid, ..pass.clone() };
                let price = |grid| price(&slice(grid));
                let (fitting, later) = pass.grid.cut_to(left, force && front.is_empty(), &price);
                taken += usize::from(fitting.is_some());
                front.extend(fitting.map(slice));
                rest = later.into_iter().map(slice).collect();
                break;
            }
            taken += 1;
            front.push(pass.clone());
        }
        self.passes.splice(..taken, rest);
        Recording { passes: front }
    }

    /// Cuts into recordings of at most `budget` [`Cost::work`] each, or of one workgroup where that is more.
    pub fn split(mut self, budget: u64) -> Vec<Recording> {
        let mut parts = Vec::new();
        while !self.is_empty() {
            parts.push(self.take_front(budget, true, |pass| pass.cost().work()));
        }
        parts
    }
}

impl fmt::Display for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for pass in &self.passes {
            writeln!(f, "{pass}")?;
        }
        let Cost { flop, bytes } = self.cost();
        write!(f, "{} passes, {flop} FLOP, {bytes} bytes", self.passes.len())
    }
}

impl fmt::Display for Pass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let call = &self.call;
        write!(f, "{}: {}", call.label, call.pipeline.shader)?;
        for (name, def) in &call.pipeline.defs {
            match def {
                ShaderDef::Bool(_) => write!(f, " {name}")?,
                ShaderDef::UInt(value) => write!(f, " {name}={value}")?,
                ShaderDef::Module(_) => write!(f, " {name}")?,
            }
        }
        let Cost { flop, bytes } = self.cost();
        write!(
            f,
            ", step {}, workgroups {:?} from {:?}, {flop} FLOP, {bytes} bytes,",
            self.step, self.grid.workgroups, self.grid.base
        )?;
        call.bindings.iter().try_for_each(|region| write!(f, " {region}"))
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, index) = match self.buffer {
            BufferId::Arena(index) => ("arena", index),
            BufferId::Constants(index) => ("constants", index),
            BufferId::Packed(index) => ("packed", index),
            BufferId::Shared(index) => ("shared", index),
        };
        write!(f, "{name}{index}[{}+{}]", self.offset, self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::BindingLayout;

    fn recording(grids: &[[u32; 3]]) -> Recording {
        let calls: Vec<_> = grids
            .iter()
            .enumerate()
            .map(|(id, &workgroups)| {
                Arc::new(PlannedCall {
                    id,
                    label: format!("call {id}"),
                    pipeline: PipelineKey { shader: "ops/unary", defs: Vec::new(), layout: BindingLayout::Reflected },
                    params: Vec::new(),
                    random: None,
                    bindings: Vec::new(),
                    workgroups,
                    cost: Cost { flop: 100 * GridSlice::whole(workgroups).count(), bytes: 0 },
                })
            })
            .collect();
        Recording::of_calls(&calls, 3, 65_535)
    }

    /// Every workgroup of every call, in the order in which they run.
    fn workgroups(recordings: &[Recording]) -> Vec<(usize, [u32; 3])> {
        let passes = recordings.iter().flat_map(|r| &r.passes);
        passes
            .flat_map(|pass| {
                let [x, y, z] = pass.grid.workgroups;
                let at = move |i: u32| [i % x, i / x % y, i / x / y];
                (0..x * y * z).map(move |i| (pass.call.id, [0, 1, 2].map(|axis| at(i)[axis] + pass.grid.base[axis])))
            })
            .collect()
    }

    #[test]
    fn cutting_keeps_every_workgroup_and_the_budget() {
        let whole = recording(&[[7, 1, 1], [3, 5, 1], [2, 3, 4]]);
        for budget in [1, 250, 700, 1000, 1_000_000] {
            let parts = whole.clone().split(budget);
            let mut expected = workgroups(std::slice::from_ref(&whole));
            let mut found = workgroups(&parts);
            expected.sort();
            found.sort();
            assert_eq!(found, expected, "budget {budget}");
            assert!(budget < 100 || parts.iter().all(|part| part.cost().work() <= budget), "budget {budget}");
        }
    }

    #[test]
    fn what_does_not_fit_stays_unless_forced() {
        let whole = recording(&[[7, 1, 1], [3, 5, 1]]);
        let price = |pass: &Pass| pass.cost().work();
        let mut rest = whole.clone();
        assert!(rest.take_front(99, false, price).is_empty());
        assert_eq!(rest, whole);
        assert_eq!(rest.take_front(99, true, price).cost().work(), 100);
        // 700 for the first call and one workgroup of the second, whose layers of 300 do not fit.
        assert_eq!(rest.take_front(700, false, price).cost().work(), 700);
        let found = workgroups(&[rest]);
        assert_eq!(found.len(), 14);
        assert_eq!(found.iter().collect::<std::collections::HashSet<_>>().len(), 14);
    }

    #[test]
    fn a_grid_beyond_the_limit_is_cut() {
        let whole = recording(&[[200_000, 1, 1]]);
        let sizes: Vec<_> = whole.passes.iter().map(|pass| (pass.grid.base[0], pass.grid.workgroups[0])).collect();
        assert_eq!(sizes, [(0, 65_535), (65_535, 65_535), (131_070, 65_535), (196_605, 3_395)]);
    }
}
