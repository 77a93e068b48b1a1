//! `imagine bench`: our passes against burn-wgpu and burn-flex on the same machine, interleaved in one process.
//!
//! Images and tensors that the network reads are noise.
//! Upload and download are left out on both sides. burn draws random numbers on the CPU, so its graphs get them as
//! inputs that lie on its device before the clock starts: burn is not made to pay for them at all, our kernels are.
//! FLOP are those of the graph as it is written, the same for both.

mod peer;

use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, bail, ensure};
use burn::backend::{Flex, Wgpu};
use clap::{Args, ValueEnum};
use imagine_graph::{Request, ValidGenerator};
use imagine_wgpu::headless::Gpu;
use imagine_wgpu::{Fusion, Plan, PlanOptions, RunSeed, Session};
use serde_json::{Value, json};

use self::peer::Peer;
use super::{open_gpu, print};
use crate::arguments::{Asked, Bits};

/// Arguments of `imagine bench`.
#[derive(Args, Clone, Debug)]
pub struct Bench {
    #[command(flatten)]
    asked: Asked,
    /// Steps of a recurrent generator in a run.
    #[arg(long)]
    steps: Option<u32>,
    /// Measured runs; the median counts, and the fastest is told too, which says more on a machine with other work.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    runs: u32,
    /// Runs before the clock starts, autotune among them.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
    warm: u32,
    /// Leaves out the time to the first image of a cold process.
    #[arg(long)]
    no_cold: bool,
    /// Measures our passes alone.
    #[arg(long)]
    ours_alone: bool,
    /// How numbers lie in the GPU's memory between our passes.
    #[arg(long, value_enum, default_value = "f32")]
    precision: Bits,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

/// Who makes the first image of a cold process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Maker {
    /// Our passes.
    Ours,
    /// burn-wgpu.
    BurnWgpu,
}

/// Arguments of the hidden command that `bench` starts.
#[derive(Args, Clone, Debug)]
pub struct FirstImage {
    #[command(flatten)]
    asked: Asked,
    #[arg(long)]
    steps: Option<u32>,
    #[arg(long, value_enum)]
    by: Maker,
}

impl Bench {
    /// Measures and prints.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let (loaded, request) = self.asked.load_with_noise(self.steps)?;
        let steps = loaded.generator.resolve(&request)?.steps;
        let gpu = open_gpu()?.with_precision(self.precision.precision())?;
        let options = PlanOptions { fusion: Fusion::Off, ..gpu.options() };
        let unfused = Plan::new(&loaded.generator, request.size, options)?;
        let flop = unfused.whole(steps).cost().flop;
        let mut ours = Ours::new(&gpu, &loaded.generator, &request)?;
        let times = self.interleave(&loaded.generator, &request, &mut ours)?;
        let [ours_ms, theirs_ms, flex_ms] = times.clone().map(median);
        let [ours_best, theirs_best, flex_best] = times.map(least);
        let ours_cold = (!self.no_cold).then(|| self.cold(Maker::Ours)).transpose()?;
        let theirs_cold = (!self.no_cold && !self.ours_alone).then(|| self.cold(Maker::BurnWgpu)).transpose()?;
        let rate = |ms: Option<f64>| ms.map(|ms| flop as f64 / (ms * 1e6));
        let ratio = |theirs: Option<f64>, ours: Option<f64>| Some(theirs? / ours?);
        let per_step = |ms: Option<f64>| ms.filter(|_| steps > 0).map(|ms| ms / f64::from(steps));
        let report = json!({
            "name": loaded.name,
            "size": format!("{}x{}", request.size.width, request.size.height),
            "steps": steps,
            "runs": self.runs,
            "adapter": gpu.adapter.get_info().name,
            "precision": self.precision.name(),
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
        print(self.json, &report, &text(&report));
        Ok(ExitCode::SUCCESS)
    }

    /// Times of ours, burn-wgpu and burn-flex in milliseconds, one run of each in turn; of ours alone if asked.
    fn interleave(
        &self,
        generator: &ValidGenerator,
        request: &Request,
        ours: &mut Ours,
    ) -> anyhow::Result<[Vec<f64>; 3]> {
        let mut peers = match self.ours_alone {
            true => None,
            false => Some((Peer::<Wgpu>::new(generator, request)?, Peer::<Flex>::new(generator, request)?)),
        };
        for _ in 0..self.warm {
            ours.run()?;
            if let Some((theirs, flex)) = &mut peers {
                theirs.run()?;
                flex.run()?;
            }
        }
        let mut times = [const { Vec::new() }; 3];
        for _ in 0..self.runs {
            times[0].push(time(|| ours.run())?);
            if let Some((theirs, flex)) = &mut peers {
                times[1].push(time(|| theirs.run())?);
                times[2].push(time(|| flex.run())?);
            }
        }
        Ok(times)
    }

    /// Milliseconds from the start of a process that makes one image to its end.
    fn cold(&self, by: Maker) -> anyhow::Result<f64> {
        let by = by.to_possible_value().context("every maker has a name")?;
        let size = self.asked.size;
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("first-image").arg(&self.asked.file).args(["--by", by.get_name()]);
        command.arg("--size").arg(format!("{}x{}", size.width, size.height));
        if self.asked.cube {
            command.arg("--cube");
        }
        command.arg("--seed").arg(self.asked.seed.to_string());
        for (name, value) in &self.asked.set {
            command.arg("--set").arg(format!("{name}={value}"));
        }
        if let Some(steps) = self.steps {
            command.arg("--steps").arg(steps.to_string());
        }
        time(|| {
            let output = command.output()?;
            ensure!(output.status.success(), "cold process: {}", String::from_utf8_lossy(&output.stderr));
            Ok(())
        })
    }
}

impl FirstImage {
    /// Makes one image and reads it back.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let (loaded, request) = self.asked.load_with_noise(self.steps)?;
        let outputs = match self.by {
            Maker::Ours => open_gpu()?.generate(&loaded.generator, &request)?.outputs.len(),
            Maker::BurnWgpu => peer::first_image(&loaded.generator, &request)?,
        };
        if outputs == 0 {
            bail!("the generator has no output");
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Our passes, everything uploaded and compiled.
struct Ours<'a> {
    gpu: &'a Gpu,
    plan: Arc<Plan>,
    session: Session,
    run: RunSeed,
    steps: u32,
}

impl<'a> Ours<'a> {
    fn new(gpu: &'a Gpu, generator: &ValidGenerator, request: &Request) -> anyhow::Result<Self> {
        let resolved = generator.resolve(request)?;
        let plan = Arc::new(Plan::new(generator, request.size, gpu.options())?);
        let session = super::session(gpu, plan.clone(), &resolved)?;
        let run = RunSeed { seed: request.seed, lattice: request.lattice };
        Ok(Self { gpu, plan, session, run, steps: resolved.steps })
    }

    fn run(&mut self) -> anyhow::Result<()> {
        self.gpu.play(&mut self.session, self.plan.whole(self.steps), self.run)?;
        Ok(self.gpu.wait()?)
    }
}

/// Milliseconds that `work` takes.
fn time(work: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<f64> {
    let start = Instant::now();
    work()?;
    Ok(start.elapsed().as_secs_f64() * 1e3)
}

/// `None` of no times.
fn median(mut times: Vec<f64>) -> Option<f64> {
    times.sort_by(f64::total_cmp);
    let middle = times.len() / 2;
    match times.len() {
        0 => None,
        count if count % 2 == 1 => Some(times[middle]),
        _ => Some((times[middle - 1] + times[middle]) / 2.0),
    }
}

/// `None` of no times.
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
    fn the_middle_counts() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median(vec![]), None);
    }
}
