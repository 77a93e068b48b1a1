//! `imagine bench`: our passes against burn-wgpu and burn-flex on the same machine, interleaved in one process.
//!
//! Image and tensor inputs are noise. Upload and download are not timed. burn draws random numbers on the CPU, so its
//! graphs get them as inputs, uploaded before the clock starts: our kernels pay for random numbers, burn does not.
//! FLOP are counted on the unfused graph, the same for all.

mod baseline;

use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{bail, ensure};
use burn::backend::{Flex, Wgpu};
use clap::{Args, ValueEnum};
use imagine_graph::{Request, ValidGenerator};
use imagine_wgpu::{Fusion, Plan, PlanOptions};
use serde_json::{Value, json};

use self::baseline::Baseline;
use super::print;
use crate::arguments::{Precision, RequestArguments, name};
use crate::gpu::{GpuSession, check_burn_wgpu, open_gpu};

/// Arguments of `imagine bench`.
#[derive(Args, Clone, Debug)]
pub struct Bench {
    #[command(flatten)]
    request: RequestArguments,
    /// Steps of a recurrent generator per run.
    #[arg(long)]
    steps: Option<u32>,
    /// Timed runs. Median and fastest are reported; on a busy machine the fastest says more.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    runs: u32,
    /// Runs before the clock starts, which include burn's autotuning.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
    warm: u32,
    /// Skip the time to the first image of a new process.
    #[arg(long)]
    no_cold: bool,
    /// Measure our passes only.
    #[arg(long)]
    ours_alone: bool,
    /// Storage of values between our GPU passes.
    #[arg(long, value_enum, default_value = "f32")]
    precision: Precision,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What generates the first image of a new process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Implementation {
    /// Our passes.
    Ours,
    /// burn-wgpu.
    BurnWgpu,
}

/// Arguments of the hidden command that `bench` runs as a new process.
#[derive(Args, Clone, Debug)]
pub struct FirstImage {
    #[command(flatten)]
    request: RequestArguments,
    #[arg(long)]
    steps: Option<u32>,
    #[arg(long, value_enum)]
    by: Implementation,
}

impl Bench {
    /// Measures and prints.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let (loaded, request) = self.request.load_with_noise(self.steps)?;
        let resolved = loaded.generator.resolve(&request)?;
        let steps = resolved.steps;
        let gpu = open_gpu()?.with_precision(self.precision.into())?;
        if !self.ours_alone {
            check_burn_wgpu("--ours-alone measures without it")?;
        }
        let unfused = Plan::new(&loaded.generator, request.size, PlanOptions { fusion: Fusion::Off, ..gpu.options() })?;
        let flop = unfused.whole(steps).cost().flop;
        let plan = Arc::new(Plan::new(&loaded.generator, request.size, gpu.options())?);
        let mut ours = GpuSession::new(&gpu, plan, &resolved)?;
        let times = self.interleave(&loaded.generator, &request, || run(&mut ours, steps))?;
        let [ours_ms, theirs_ms, flex_ms] = times.clone().map(median);
        let [ours_best, theirs_best, flex_best] = times.map(least);
        let ours_cold = (!self.no_cold).then(|| self.cold(Implementation::Ours)).transpose()?;
        let theirs_cold =
            (!self.no_cold && !self.ours_alone).then(|| self.cold(Implementation::BurnWgpu)).transpose()?;
        let rate = |ms: Option<f64>| ms.map(|ms| flop as f64 / (ms * 1e6));
        let ratio = |theirs: Option<f64>, ours: Option<f64>| Some(theirs? / ours?);
        let per_step = |ms: Option<f64>| ms.filter(|_| steps > 0).map(|ms| ms / f64::from(steps));
        let report = json!({
            "name": loaded.name,
            "size": format!("{}x{}", request.size.width, request.size.height),
            "steps": steps,
            "runs": self.runs,
            "adapter": gpu.adapter.get_info().name,
            "precision": name(self.precision),
            "flop": flop,
            "ours_ms": ours_ms,
            "burn_wgpu_ms": theirs_ms,
            "burn_flex_ms": flex_ms,
            "ratio": ratio(theirs_ms, ours_ms),
            "ours_fastest_ms": ours_best,
            "burn_wgpu_fastest_ms": theirs_best,
            "burn_flex_fastest_ms": flex_best,
            "fastest_ratio": ratio(theirs_best, ours_best),
            "ours_step_ms": per_step(ours_ms),
            "burn_wgpu_step_ms": per_step(theirs_ms),
            "burn_flex_step_ms": per_step(flex_ms),
            "ours_gflops": rate(ours_ms),
            "burn_wgpu_gflops": rate(theirs_ms),
            "burn_flex_gflops": rate(flex_ms),
            "ours_fastest_gflops": rate(ours_best),
            "burn_wgpu_fastest_gflops": rate(theirs_best),
            "burn_flex_fastest_gflops": rate(flex_best),
            "ours_first_image_ms": ours_cold,
            "burn_wgpu_first_image_ms": theirs_cold,
        });
        print(self.json, &report, &text(&report))?;
        Ok(ExitCode::SUCCESS)
    }

    /// Milliseconds of our runs, of burn-wgpu's and of burn-flex's, one of each in turn.
    fn interleave(
        &self,
        generator: &ValidGenerator,
        request: &Request,
        mut ours: impl FnMut() -> anyhow::Result<()>,
    ) -> anyhow::Result<[Vec<f64>; 3]> {
        let mut baselines = match self.ours_alone {
            true => None,
            false => Some((Baseline::<Wgpu>::new(generator, request)?, Baseline::<Flex>::new(generator, request)?)),
        };
        for _ in 0..self.warm {
            ours()?;
            if let Some((theirs, flex)) = &mut baselines {
                theirs.run()?;
                flex.run()?;
            }
        }
        let mut times = [const { Vec::new() }; 3];
        for _ in 0..self.runs {
            times[0].push(time(&mut ours)?);
            if let Some((theirs, flex)) = &mut baselines {
                times[1].push(time(|| theirs.run())?);
                times[2].push(time(|| flex.run())?);
            }
        }
        Ok(times)
    }

    /// Milliseconds from the start to the end of a process that generates one image.
    fn cold(&self, by: Implementation) -> anyhow::Result<f64> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("first-image").arg(&self.request.file).args(["--by", &name(by)]);
        command.args(self.request.roles.arguments());
        if let Some(size) = self.request.size {
            command.arg("--size").arg(format!("{}x{}", size.width, size.height));
        }
        if self.request.cube {
            command.arg("--cube");
        }
        command.arg("--seed").arg(self.request.seed.to_string());
        for (input, value) in &self.request.set {
            command.arg("--set").arg(format!("{input}={value}"));
        }
        if let Some(steps) = self.steps {
            command.arg("--steps").arg(steps.to_string());
        }
        time(|| {
            let output = command.output()?;
            ensure!(
                output.status.success(),
                "the process for the first image failed: {}",
                String::from_utf8_lossy(&output.stderr)
            );
            Ok(())
        })
    }
}

impl FirstImage {
    /// Generates one image and reads it back.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let (loaded, request) = self.request.load_with_noise(self.steps)?;
        let outputs = match self.by {
            Implementation::Ours => open_gpu()?.generate(&loaded.generator, &request)?.outputs.len(),
            Implementation::BurnWgpu => {
                check_burn_wgpu("--ours-alone measures without it")?;
                baseline::first_image(&loaded.generator, &request)?
            }
        };
        if outputs == 0 {
            bail!("the generator has no output");
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Generates one image on the GPU and waits for it.
fn run(session: &mut GpuSession, steps: u32) -> anyhow::Result<()> {
    session.play(session.session.plan().whole(steps))?;
    Ok(session.gpu.wait()?)
}

/// Runs `work`; its time in milliseconds.
fn time(work: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<f64> {
    let start = Instant::now();
    work()?;
    Ok(start.elapsed().as_secs_f64() * 1e3)
}

/// The median; `None` without times.
fn median(mut times: Vec<f64>) -> Option<f64> {
    times.sort_by(f64::total_cmp);
    let middle = times.len() / 2;
    match times.len() {
        0 => None,
        count if count % 2 == 1 => Some(times[middle]),
        _ => Some((times[middle - 1] + times[middle]) / 2.0),
    }
}

/// The smallest; `None` without times.
fn least(times: Vec<f64>) -> Option<f64> {
    times.into_iter().min_by(f64::total_cmp)
}

fn text(report: &Value) -> String {
    let number = |key: &str| report[key].as_f64().map_or("-".into(), |value| format!("{value:.2}"));
    let line = |title: &str, who: &str| {
        let keys = ["ms", "step_ms", "gflops", "fastest_ms", "fastest_gflops", "first_image_ms"];
        let [ms, step, gflops, fastest, best, cold] = keys.map(|key| number(&format!("{who}_{key}")));
        format!(
            "  {title:10} {ms:>10} ms {step:>9} ms/step {gflops:>8} GFLOP/s  fastest {fastest:>10} ms {best:>8} GFLOP/s  \
             first image {cold:>9} ms\n"
        )
    };
    let [name, size, adapter, precision] =
        ["name", "size", "adapter", "precision"].map(|key| report[key].as_str().unwrap_or_default());
    let (steps, runs) = (&report["steps"], &report["runs"]);
    let head = format!("{name} at {size}, {steps} steps, ours in {precision}, median of {runs} runs, {adapter}\n");
    if report["ratio"].is_null() {
        return head + line("ours", "ours").trim_end();
    }
    let lines = [("ours", "ours"), ("burn-wgpu", "burn_wgpu"), ("burn-flex", "burn_flex")];
    let lines: String = lines.map(|(title, who)| line(title, who)).concat();
    let ratios = format!("  burn-wgpu over ours: {}, of the fastest {}", number("ratio"), number("fastest_ratio"));
    head + &lines + &ratios
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_or_the_mean_of_the_two_middles() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median(vec![]), None);
    }
}
