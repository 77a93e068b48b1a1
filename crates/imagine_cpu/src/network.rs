//! A graph with its weights in the executor's form, run step by step.

use std::sync::{Arc, Mutex};

use imagine_graph::rng::RandomState;
use imagine_graph::{BoundGraph, Size, TensorType, ValidGraph, ValueId, ValueSource};

use crate::buffers::Buffers;
use crate::context::{Context, Prepared};
use crate::fusion::{Plan, Step};
use crate::ops;
use crate::options::Options;
use crate::value::Value;
use imagine_graph::RunError;

/// Sizes whose plans a network keeps.
const MOST_PLANS: usize = 4;

/// A graph that can be run on the CPU.
///
/// Weights are brought into the order in which loops read them when it is made, and what follows from the size at the first run of each
/// size: run the same network again rather than make a new one. Clones share both, and memory.
#[derive(Clone, Debug)]
pub struct Network {
    graph: Arc<ValidGraph>,
    /// By value; `None` where a value is no weight.
    weights: Arc<Vec<Option<Value>>>,
    /// By node.
    prepared: Arc<Vec<Option<Prepared>>>,
    /// The latest last.
    plans: Arc<Mutex<Vec<Arc<SizedPlan>>>>,
    options: Options,
    buffers: Arc<Buffers>,
}

/// What follows from a size and a number of threads.
#[derive(Debug)]
struct SizedPlan {
    size: Size,
    threads: usize,
    /// By value.
    types: Vec<TensorType>,
    plan: Plan,
    /// By value: the last step that reads it; `None` for outputs and values without a reader.
    last_readers: Vec<Option<usize>>,
}

impl Network {
    /// The network of `graph`.
    pub fn new(graph: &ValidGraph, options: &Options) -> Self {
        let values = (0..graph.value_count()).map(ValueId);
        let weights: Vec<Option<Value>> = values.map(|value| graph.weight(value).map(Value::from)).collect();
        let mut levels = ops::Levels::default();
        let prepared = graph.nodes().iter().map(|node| {
            let known = |value: &Option<ValueId>| value.and_then(|value| weights[value.0].as_ref());
            ops::prepare(&node.op, &node.inputs.iter().map(known).collect::<Vec<_>>(), &mut levels)
        });
        Self {
            prepared: Arc::new(prepared.collect()),
            graph: Arc::new(graph.clone()),
            weights: Arc::new(weights),
            plans: Arc::default(),
            options: options.clone(),
            buffers: Arc::default(),
        }
    }

    /// The graph.
    pub fn graph(&self) -> &ValidGraph {
        &self.graph
    }

    /// Runs the graph. Inputs and outputs are in the graph's order.
    pub fn run(&self, inputs: Vec<Value>, size: Size, random: RandomState) -> Result<Vec<Value>, RunError> {
        let plan = self.plan(size)?;
        let last = |value: ValueId, step: usize| plan.last_readers[value.0] == Some(step);
        let values = self.interpret(&plan, inputs, random, last)?;
        Ok(self.graph.outputs().iter().map(|v| values[v.0].clone().expect("outputs are kept")).collect())
    }

    /// Runs the graph node by node and returns every value, indexed by [`ValueId`].
    pub fn trace(&self, inputs: Vec<Value>, size: Size, random: RandomState) -> Result<Vec<Value>, RunError> {
        let bound = self.graph.bind(size)?;
        let plan = self.sized(&bound, Plan::unfused(&bound), 0);
        let values = self.interpret(&plan, inputs, random, |_, _| false)?;
        Ok(values.into_iter().map(|v| v.expect("nodes run in order")).collect())
    }

    /// The plan for a size, which is kept for further runs.
    fn plan(&self, size: Size) -> Result<Arc<SizedPlan>, RunError> {
        let threads = self.options.install(rayon::current_num_threads);
        let fits = |plan: &Arc<SizedPlan>| plan.size == size && plan.threads == threads;
        let mut plans = self.plans.lock().expect("no holder panics");
        if let Some(plan) = plans.iter().find(|plan| fits(plan)) {
            return Ok(plan.clone());
        }
        let bound = self.graph.bind(size)?;
        let plan = Arc::new(self.sized(&bound, Plan::new(&bound, &self.prepared, threads), threads));
        if plans.len() == MOST_PLANS {
            plans.remove(0);
        }
        plans.push(plan.clone());
        Ok(plan)
    }

    fn sized(&self, bound: &BoundGraph, plan: Plan, threads: usize) -> SizedPlan {
        let types = (0..self.graph.value_count()).map(|value| bound.value_type(ValueId(value)).clone()).collect();
        let mut last_readers = vec![None; self.graph.value_count()];
        for (index, step) in plan.steps.iter().enumerate() {
            let mut read = |value: ValueId| last_readers[value.0] = Some(index);
            match step {
                Step::Node(node) => self.graph.nodes()[*node].inputs.iter().flatten().for_each(|value| read(*value)),
                Step::Group(group) => group.inputs.iter().for_each(|value| read(*value)),
            }
        }
        self.graph.outputs().iter().for_each(|value| last_readers[value.0] = None);
        SizedPlan { size: bound.size, threads, types, plan, last_readers }
    }

    /// Runs the steps in order. A value is given up at the step for which `is_last` is true.
    fn interpret(
        &self,
        plan: &SizedPlan,
        inputs: Vec<Value>,
        random: RandomState,
        is_last: impl Fn(ValueId, usize) -> bool + Send + Sync,
    ) -> Result<Vec<Option<Value>>, RunError> {
        let graph = &self.graph;
        check_inputs(graph, &plan.types, &inputs)?;
        let mut given = inputs.into_iter();
        let mut values: Vec<Option<Value>> = (0..graph.value_count())
            .map(|value| match graph.source(ValueId(value)) {
                ValueSource::Input(_) => given.next(),
                ValueSource::Weight => self.weights[value].clone(),
                ValueSource::Node(_) => None,
            })
            .collect();
        self.options.install(|| {
            for (index, step) in plan.plan.steps.iter().enumerate() {
                match step {
                    Step::Node(node) => self.run_node(*node, plan, random, &mut values, |value| is_last(value, index)),
                    Step::Group(group) => {
                        for (value, result) in group.run(&values, random, &self.buffers) {
                            values[value.0] = Some(result);
                        }
                        for value in group.inputs.iter().filter(|value| is_last(**value, index)) {
                            values[value.0].take().into_iter().for_each(|value| value.recycle(&self.buffers));
                        }
                    }
                }
            }
        });
        Ok(values)
    }

    fn run_node(
        &self,
        index: usize,
        plan: &SizedPlan,
        random: RandomState,
        values: &mut [Option<Value>],
        is_last: impl Fn(ValueId) -> bool,
    ) {
        let node = &self.graph.nodes()[index];
        let inputs = node.inputs.iter().map(|value| value.and_then(|value| values[value.0].clone())).collect();
        for value in node.inputs.iter().flatten().filter(|value| is_last(**value)) {
            values[value.0] = None;
        }
        let outputs = node.outputs.iter().map(|value| plan.types[value.0].clone()).collect();
        let prepared = self.prepared[index].as_ref();
        let context = Context { outputs, size: plan.size, random, buffers: &self.buffers, prepared };
        for (value, result) in node.outputs.iter().zip(ops::run(&node.op, inputs, &context)) {
            values[value.0] = Some(result);
        }
    }
}

fn check_inputs(graph: &ValidGraph, types: &[TensorType], inputs: &[Value]) -> Result<(), RunError> {
    let expected = &graph.graph().inputs;
    if expected.len() != inputs.len() {
        let names = expected.iter().map(|i| i.name.clone()).collect();
        return Err(RunError::InputCount { expected: expected.len(), found: inputs.len(), names });
    }
    for (index, value) in inputs.iter().enumerate() {
        let (expected, found) = (&types[graph.input(index).0], value.tensor_type());
        if *expected != found {
            let name = graph.graph().inputs[index].name.clone();
            return Err(RunError::Input { name, expected: expected.clone(), found });
        }
    }
    Ok(())
}
