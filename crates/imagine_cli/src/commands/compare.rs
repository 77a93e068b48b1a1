//! `imagine compare`: wgpu against burn-flex, step by step from the same state and after free steps.
//!
//! Images and tensors that the network reads are noise.
//!
//! Three figures of a recurrent generator: the largest difference of one step from the same state (an executor's error),
//! the largest difference of the outputs after all steps, each executor going its own way (what a person would see), and
//! by which factor a difference grows in a step (above 1: chaotic).

use std::fmt::Write;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, ensure};
use burn::backend::Flex;
use clap::Args;
use imagine_burn::{Network, Value as BurnValue};
use imagine_graph::rng::RandomState;
use imagine_graph::{InputKind, OutputKind, Request, ResolvedRequest, Tensor, ValidGenerator, ValidGraph};
use imagine_wgpu::headless::Gpu;
use imagine_wgpu::{Plan, Recording, RunSeed, Session};
use serde_json::{Value, json};

use super::{open_gpu, print};
use crate::arguments::{Asked, Bits, load};

/// Largest difference of one step from the same state.
const STEP_TOLERANCE: f32 = 1e-5;
/// Largest difference of the outputs: one level of an 8-bit picture; of HDR radiance v, of `ln(1 + v)`.
const OUTPUT_TOLERANCE: f32 = 1.0 / 255.0;
/// Free steps if none are asked for.
const STEPS: u32 = 64;

/// Arguments of `imagine compare`.
#[derive(Args, Clone, Debug)]
pub struct Compare {
    #[command(flatten)]
    asked: Asked,
    /// Steps of a recurrent generator.
    #[arg(long)]
    steps: Option<u32>,
    /// How numbers lie in the GPU's memory between our passes.
    #[arg(long, value_enum, default_value = "f32")]
    precision: Bits,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

/// The largest difference of two tensors and where it is.
#[derive(Clone, Debug, Default, PartialEq)]
struct Difference {
    largest: f32,
    at: Vec<usize>,
}

/// What happened on the way of a recurrent generator.
#[derive(Debug, Default)]
struct Way {
    /// The largest difference of a step from the same state, and which.
    step: Difference,
    step_index: u32,
    /// Difference of the states after each step, each executor going its own way.
    free: Vec<f32>,
}

impl Compare {
    /// Compares; code 1 past the tolerance.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let is_recurrent = load(&self.asked.file)?.generator.recurrence.is_some();
        let steps = self.steps.or(is_recurrent.then_some(STEPS));
        let (loaded, request) = self.asked.load_with_noise(steps)?;
        let resolved = loaded.generator.resolve(&request)?;
        let gpu = open_gpu()?.with_precision(self.precision.precision())?;
        let (way, ours, reference) = run_both(&gpu, &loaded.generator, &request, &resolved)?;

        let mut outputs = Vec::new();
        let mut max_abs_diff = 0.0f32;
        for (((name, ours), reference), output) in
            ours.iter().zip(&reference).zip(&loaded.generator.generator.output.outputs)
        {
            let difference = match output.kind {
                OutputKind::Radiance => difference(&compressed(ours)?, &compressed(reference)?)?,
                _ => difference(ours, reference)?,
            };
            max_abs_diff = max_abs_diff.max(difference.largest);
            outputs.push(json!({ "name": name, "max_abs_diff": difference.largest, "at": difference.at }));
        }
        let max_step_diff = way.as_ref().map(|way| way.step.largest);
        // Written so that a difference that is no number fails.
        let passes = max_abs_diff <= OUTPUT_TOLERANCE && max_step_diff.is_none_or(|d| d <= STEP_TOLERANCE);
        let report = json!({
            "name": loaded.name,
            "size": format!("{}x{}", request.size.width, request.size.height),
            "seed": request.seed,
            "steps": resolved.steps,
            "adapter": gpu.adapter.get_info().name,
            "precision": self.precision.name(),
            "max_abs_diff": max_abs_diff,
            "tolerance": OUTPUT_TOLERANCE,
            "max_step_diff": max_step_diff,
            "max_step_diff_at": way.as_ref().map(|way| json!({ "step": way.step_index, "element": way.step.at })),
            "step_tolerance": STEP_TOLERANCE,
            "growth_per_step": way.as_ref().and_then(|way| growth(&way.free)),
            "outputs": outputs,
            "passes": passes,
        });
        print(self.json, &report, &text(&report));
        Ok(if passes { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

type Named = Vec<(String, Tensor)>;

/// The way of a recurrent generator, and the outputs of both executors, ours with names.
fn run_both(
    gpu: &Gpu,
    generator: &ValidGenerator,
    request: &Request,
    resolved: &ResolvedRequest,
) -> anyhow::Result<(Option<Way>, Named, Vec<Tensor>)> {
    let reference = Reference { resolved };
    let plan = Arc::new(Plan::new(generator, request.size, gpu.options())?);
    let mut ours = Ours::new(gpu, plan.clone(), resolved)?;
    let mut state = None;
    let mut way = None;
    if let Some(recurrence) = &generator.recurrence {
        let (found, last) = walk(&reference, &recurrence.init, &recurrence.step, &mut ours)?;
        way = Some(found);
        state = Some(last);
    }
    let outputs = reference.run(&generator.output, state.as_ref(), resolved.steps)?;
    let outputs = outputs.into_iter().map(BurnValue::into_data).collect();
    ours.play(plan.output(resolved.steps))?;
    let made = gpu.collect(&ours.session, resolved.steps)?.outputs;
    Ok((way, made.into_iter().map(|(output, tensor)| (output.name, tensor)).collect(), outputs))
}

/// Lets `ours` go its own way, and judges every step of the reference's way from the same state.
fn walk(
    reference: &Reference,
    init: &ValidGraph,
    step: &ValidGraph,
    ours: &mut Ours,
) -> anyhow::Result<(Way, BurnValue<Flex>)> {
    let plan = ours.session.plan().clone();
    let mut judged = Ours::new(ours.gpu, plan.clone(), reference.resolved)?;
    let network = Network::<Flex>::new(step, &Default::default());
    let mut state = reference.run(init, None, 0)?.remove(0);
    ours.play(plan.init())?;
    let mut way = Way { step: difference(&ours.state(0)?, &state.clone().into_data())?, ..Way::default() };
    for index in 0..reference.resolved.steps {
        judged.session.set_state(&judged.gpu.queue, index, &state.clone().into_data())?;
        judged.play(plan.steps(index, 1))?;
        ours.play(plan.steps(index, 1))?;
        state = reference.run_network(&network, Some(&state), index)?.remove(0);
        let expected = state.clone().into_data();
        let found = difference(&judged.state(index + 1)?, &expected)?;
        if found.largest > way.step.largest {
            (way.step, way.step_index) = (found, index);
        }
        way.free.push(difference(&ours.state(index + 1)?, &expected)?.largest);
    }
    Ok((way, state))
}

/// burn-flex with the inputs of a request.
struct Reference<'a> {
    resolved: &'a ResolvedRequest,
}

impl Reference<'_> {
    fn run(
        &self,
        graph: &ValidGraph,
        state: Option<&BurnValue<Flex>>,
        step: u32,
    ) -> anyhow::Result<Vec<BurnValue<Flex>>> {
        self.run_network(&Network::new(graph, &Default::default()), state, step)
    }

    fn run_network(
        &self,
        network: &Network<Flex>,
        state: Option<&BurnValue<Flex>>,
        step: u32,
    ) -> anyhow::Result<Vec<BurnValue<Flex>>> {
        let request = &self.resolved.request;
        let mut inputs = Vec::new();
        for input in &network.graph().graph().inputs {
            inputs.push(match input.kind {
                InputKind::State => state.cloned().context("a state is read where there is none")?,
                _ => BurnValue::from_data(&self.resolved.inputs[&input.name], &Default::default()),
            });
        }
        let random = RandomState { seed: request.seed, step, lattice: request.lattice };
        Ok(network.run(inputs, request.size, random)?)
    }
}

/// A session on the GPU with the inputs of a request.
struct Ours<'a> {
    gpu: &'a Gpu,
    session: Session,
    run: RunSeed,
}

impl<'a> Ours<'a> {
    fn new(gpu: &'a Gpu, plan: Arc<Plan>, resolved: &ResolvedRequest) -> anyhow::Result<Self> {
        let session = super::session(gpu, plan, resolved)?;
        let request = &resolved.request;
        Ok(Self { gpu, session, run: RunSeed { seed: request.seed, lattice: request.lattice } })
    }

    fn play(&mut self, recording: Recording) -> anyhow::Result<()> {
        Ok(self.gpu.play(&mut self.session, recording, self.run)?)
    }

    fn state(&self, done: u32) -> anyhow::Result<Tensor> {
        let state = self.session.plan().state.as_ref().context("a recurrent generator has a state")?;
        let wanted = [(state.regions[done as usize % 2], state.value_type.clone())];
        Ok(self.gpu.read(&self.session, &wanted)?.remove(0))
    }
}

/// The largest absolute difference; a number that is none counts as largest of all.
fn difference(ours: &Tensor, reference: &Tensor) -> anyhow::Result<Difference> {
    let (Some(a), Some(b)) = (ours.as_f32(), reference.as_f32()) else {
        ensure!(ours == reference, "outputs that are no floats differ");
        return Ok(Difference::default());
    };
    ensure!(ours.shape == reference.shape, "shapes differ: {:?} and {:?}", ours.shape, reference.shape);
    let mut largest = 0.0;
    let mut at = 0;
    for (index, (a, b)) in a.iter().zip(b).enumerate() {
        let difference = (a - b).abs();
        let difference = if difference.is_nan() { f32::INFINITY } else { difference };
        if difference > largest {
            (largest, at) = (difference, index);
        }
    }
    Ok(Difference { largest, at: coordinate(at, &ours.shape) })
}

/// HDR radiance as `ln(1 + v)`: what is bright may differ in proportion.
fn compressed(radiance: &Tensor) -> anyhow::Result<Tensor> {
    let values = radiance.as_f32().context("radiance is floats")?;
    Ok(Tensor::f32(
        radiance.shape.clone(),
        values.iter().map(|&v| if v > 0.0 { v.ln_1p() } else { v }).collect::<Vec<_>>(),
    ))
}

fn coordinate(mut index: usize, shape: &[usize]) -> Vec<usize> {
    let mut at: Vec<usize> = shape
        .iter()
        .rev()
        .map(|&n| {
            let i = index % n;
            index /= n;
            i
        })
        .collect();
    at.reverse();
    at
}

/// Factor by which a difference grows in a step, from the first that is above zero to the last.
fn growth(free: &[f32]) -> Option<f64> {
    let first = free.iter().position(|d| *d > 0.0)?;
    let last = free.len() - 1;
    let ratio = f64::from(*free.last()?) / f64::from(free[first]);
    (last > first && ratio > 0.0).then(|| ratio.powf(1.0 / (last - first) as f64))
}

fn text(report: &Value) -> String {
    let mut text = String::new();
    let name = report["name"].as_str().unwrap_or_default();
    let size = report["size"].as_str().unwrap_or_default();
    let precision = report["precision"].as_str().unwrap_or_default();
    let _ = writeln!(text, "{name} at {size}, seed {}, {} steps, {precision}", report["seed"], report["steps"]);
    for output in report["outputs"].as_array().into_iter().flatten() {
        let output_name = output["name"].as_str().unwrap_or_default();
        let _ = writeln!(text, "  {output_name:12} max_abs_diff {} at {}", output["max_abs_diff"], output["at"]);
    }
    let _ = writeln!(text, "  max_abs_diff  {} (tolerance {})", report["max_abs_diff"], report["tolerance"]);
    if !report["max_step_diff"].is_null() {
        let (found, tolerance) = (&report["max_step_diff"], &report["step_tolerance"]);
        let _ = writeln!(
            text,
            "  max_step_diff {found} (tolerance {tolerance}), growth per step {}",
            report["growth_per_step"]
        );
    }
    let _ = writeln!(text, "{}", if report["passes"] == true { "within the tolerance" } else { "PAST THE TOLERANCE" });
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_difference_has_a_place() {
        let a = Tensor::f32([1, 2, 2], [0.0, 1.0, 2.0, 3.0]);
        let b = Tensor::f32([1, 2, 2], [0.0, 1.5, 2.0, 3.25]);
        assert_eq!(difference(&a, &b).unwrap(), Difference { largest: 0.5, at: vec![0, 0, 1] });
        let c = Tensor::f32([1, 2, 2], [0.0, 1.5, f32::NAN, 3.25]);
        assert_eq!(difference(&a, &c).unwrap(), Difference { largest: f32::INFINITY, at: vec![0, 1, 0] });
    }

    #[test]
    fn growth_is_a_factor_a_step() {
        assert_eq!(growth(&[0.0, 1.0, 2.0, 4.0]), Some(2.0));
        assert_eq!(growth(&[0.0, 0.0]), None);
        assert_eq!(growth(&[1.0]), None);
    }
}
