//! `imagine compare`: the GPU's results against the CPU's. Image and tensor inputs are noise.
//!
//! A recurrent generator runs twice. Teacher-forced, the GPU starts every step from the reference's state: the largest
//! difference is the error of the kernels. Free-running, each executor continues from its own state: the outputs differ as
//! much as a person would see, and the growth factor per step is above 1 if the generator is chaotic.

use std::fmt::Write;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, ensure};
use clap::Args;
use imagine_cpu::{Network, Options, Value as CpuValue};
use imagine_graph::rng::RandomState;
use imagine_graph::{InputKind, OutputKind, ResolvedRequest, Tensor, ValidGenerator, ValidGraph};
use imagine_wgpu::Plan;
use imagine_wgpu::headless::Gpu;
use serde_json::{Value, json};

use super::print;
use crate::arguments::{Precision, RequestArguments, name};
use crate::gpu::{GpuSession, open_gpu};

/// Largest difference of one teacher-forced step.
const STEP_TOLERANCE: f32 = 1e-5;
/// Largest difference of the outputs: one level of an 8-bit image. HDR radiance v is compared as `ln(1 + v)`.
const OUTPUT_TOLERANCE: f32 = 1.0 / 255.0;
/// Default number of steps of a recurrent generator.
const STEPS: u32 = 64;

/// Arguments of `imagine compare`.
#[derive(Args, Clone, Debug)]
pub struct Compare {
    #[command(flatten)]
    request: RequestArguments,
    /// Steps of a recurrent generator; 64 by default.
    #[arg(long)]
    steps: Option<u32>,
    /// Storage of values between GPU passes.
    #[arg(long, value_enum, default_value = "f32")]
    precision: Precision,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// The largest difference of two tensors and where it is.
#[derive(Clone, Debug, Default, PartialEq)]
struct Difference {
    largest: f32,
    at: Vec<usize>,
}

/// Differences of a recurrent generator's states.
#[derive(Debug, Default)]
struct StateDifferences {
    /// The largest difference of a teacher-forced step, and the index of that step.
    forced: Difference,
    forced_index: u32,
    /// Largest difference after each free-running step.
    free: Vec<f32>,
}

impl Compare {
    /// Compares; exit code 1 if a difference is above its tolerance.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let (loaded, mut request) = self.request.load_with_noise(self.steps)?;
        request.steps = self.steps.or(loaded.generator.recurrence.is_some().then_some(STEPS));
        let resolved = loaded.generator.resolve(&request)?;
        let gpu = open_gpu()?.with_precision(self.precision.into())?;
        let (states, ours, reference) = run_both(&gpu, &loaded.generator, &resolved)?;

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
        let max_step_diff = states.as_ref().map(|states| states.forced.largest);
        // NaN compares false, so it fails.
        let passes = max_abs_diff <= OUTPUT_TOLERANCE && max_step_diff.is_none_or(|d| d <= STEP_TOLERANCE);
        let report = json!({
            "name": loaded.name,
            "size": format!("{}x{}", request.size.width, request.size.height),
            "seed": request.seed,
            "steps": resolved.steps,
            "adapter": gpu.adapter.get_info().name,
            "precision": name(self.precision),
            "max_abs_diff": max_abs_diff,
            "tolerance": OUTPUT_TOLERANCE,
            "max_step_diff": max_step_diff,
            "max_step_diff_at": states.as_ref().map(|s| json!({ "step": s.forced_index, "element": s.forced.at })),
            "step_tolerance": STEP_TOLERANCE,
            "growth_per_step": states.as_ref().and_then(|states| growth(&states.free)),
            "outputs": outputs,
            "passes": passes,
        });
        print(self.json, &report, &text(&report))?;
        Ok(if passes { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// State differences of a recurrent generator, and the outputs of the GPU (with names) and of the reference.
fn run_both(
    gpu: &Gpu,
    generator: &ValidGenerator,
    resolved: &ResolvedRequest,
) -> anyhow::Result<(Option<StateDifferences>, Vec<(String, Tensor)>, Vec<Tensor>)> {
    let reference = Reference { resolved };
    let plan = Arc::new(Plan::new(generator, resolved.request.size, gpu.options())?);
    let mut ours = GpuSession::new(gpu, plan.clone(), resolved)?;
    let mut state = None;
    let mut differences = None;
    if let Some(recurrence) = &generator.recurrence {
        let (found, last) = run_steps(&reference, &recurrence.init, &recurrence.step, &mut ours)?;
        differences = Some(found);
        state = Some(last);
    }
    let outputs = reference.run(&generator.output, state.as_ref(), resolved.steps)?;
    let outputs = outputs.into_iter().map(CpuValue::into_tensor).collect();
    ours.play(plan.output(resolved.steps))?;
    let made = gpu.collect(&ours.session, resolved.steps)?.outputs;
    Ok((differences, made.into_iter().map(|(output, tensor)| (output.name, tensor)).collect(), outputs))
}

/// Runs all steps on the reference, on `free`, and, from the reference's states, on a session of its own.
fn run_steps(
    reference: &Reference,
    init: &ValidGraph,
    step: &ValidGraph,
    free: &mut GpuSession,
) -> anyhow::Result<(StateDifferences, CpuValue)> {
    let plan = free.session.plan().clone();
    let mut forced = GpuSession::new(free.gpu, plan.clone(), reference.resolved)?;
    let network = Network::new(step, &Options::default());
    let mut state = reference.run(init, None, 0)?.remove(0);
    free.play(plan.init())?;
    let first = difference(&read_state(free, 0)?, &state.clone().into_tensor())?;
    let mut found = StateDifferences { forced: first, ..StateDifferences::default() };
    for index in 0..reference.resolved.steps {
        forced.session.set_state(&forced.gpu.queue, index, &state.clone().into_tensor())?;
        forced.play(plan.steps(index, 1))?;
        free.play(plan.steps(index, 1))?;
        state = reference.run_network(&network, Some(&state), index)?.remove(0);
        let expected = state.clone().into_tensor();
        let difference_of_step = difference(&read_state(&forced, index + 1)?, &expected)?;
        if difference_of_step.largest > found.forced.largest {
            (found.forced, found.forced_index) = (difference_of_step, index);
        }
        found.free.push(difference(&read_state(free, index + 1)?, &expected)?.largest);
    }
    Ok((found, state))
}

/// The state after `done` steps.
fn read_state(run: &GpuSession, done: u32) -> anyhow::Result<Tensor> {
    let state = run.session.plan().state.as_ref().context("a recurrent generator has a state")?;
    let wanted = [(state.regions[done as usize % 2], state.value_type.clone())];
    Ok(run.gpu.read(&run.session, &wanted)?.remove(0))
}

/// The CPU reference with the inputs of a request.
struct Reference<'a> {
    resolved: &'a ResolvedRequest,
}

impl Reference<'_> {
    fn run(&self, graph: &ValidGraph, state: Option<&CpuValue>, step: u32) -> anyhow::Result<Vec<CpuValue>> {
        self.run_network(&Network::new(graph, &Options::default()), state, step)
    }

    fn run_network(&self, network: &Network, state: Option<&CpuValue>, step: u32) -> anyhow::Result<Vec<CpuValue>> {
        let request = &self.resolved.request;
        let mut inputs = Vec::new();
        for input in &network.graph().graph().inputs {
            inputs.push(match input.kind {
                InputKind::State => state.cloned().context("a graph reads a state before there is one")?,
                _ => CpuValue::from(&self.resolved.inputs[&input.name]),
            });
        }
        let random = RandomState { seed: request.seed, step, domain: request.domain };
        Ok(network.run(inputs, request.size, random)?)
    }
}

/// The largest absolute difference; NaN counts as infinite.
fn difference(ours: &Tensor, reference: &Tensor) -> anyhow::Result<Difference> {
    let (Some(a), Some(b)) = (ours.as_f32(), reference.as_f32()) else {
        ensure!(ours == reference, "integer or boolean outputs differ");
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

/// HDR radiance as `ln(1 + v)`: bright values may differ in proportion.
fn compressed(radiance: &Tensor) -> anyhow::Result<Tensor> {
    let values = radiance.as_f32().context("radiance must be floats")?;
    Ok(Tensor::f32(
        radiance.shape.clone(),
        values.iter().map(|&v| if v > 0.0 { v.ln_1p() } else { v }).collect::<Vec<_>>(),
    ))
}

/// Coordinates of the element at `index` in row-major order.
fn coordinate(mut index: usize, shape: &[usize]) -> Vec<usize> {
    let mut at = vec![0; shape.len()];
    for (coordinate, length) in at.iter_mut().zip(shape).rev() {
        (*coordinate, index) = (index % length.max(&1), index / length.max(&1));
    }
    at
}

/// Geometric mean of the growth per step, from the first difference above zero to the last.
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
    let _ = writeln!(text, "{}", if report["passes"] == true { "within the tolerance" } else { "ABOVE THE TOLERANCE" });
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_difference_is_located() {
        let a = Tensor::f32([1, 2, 2], [0.0, 1.0, 2.0, 3.0]);
        let b = Tensor::f32([1, 2, 2], [0.0, 1.5, 2.0, 3.25]);
        assert_eq!(difference(&a, &b).unwrap(), Difference { largest: 0.5, at: vec![0, 0, 1] });
        let c = Tensor::f32([1, 2, 2], [0.0, 1.5, f32::NAN, 3.25]);
        assert_eq!(difference(&a, &c).unwrap(), Difference { largest: f32::INFINITY, at: vec![0, 1, 0] });
    }

    #[test]
    fn growth_is_a_factor_per_step() {
        assert_eq!(growth(&[0.0, 1.0, 2.0, 4.0]), Some(2.0));
        assert_eq!(growth(&[0.0, 0.0]), None);
        assert_eq!(growth(&[1.0]), None);
    }
}
