//! `imagine bench`: the executors on the same machine, interleaved in one process.
//!
//! Image and tensor inputs are noise. Upload and download are not timed, nor is the preparation of weights. burn draws random numbers on the CPU, so its
//! graphs get them as inputs, uploaded before the clock starts: our executors pay for random numbers, burn does not.
//! FLOP are counted on the unfused graph, the same for all.

#[cfg(feature = "train")]
mod baseline;

use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{bail, ensure};
use clap::{Args, ValueEnum};
use imagine_cpu::PreparedGenerator;
use imagine_graph::ResolvedRequest;
use imagine_graph::file::LoadedGenerator;
use imagine_wgpu::headless::Gpu;
use imagine_wgpu::{DeviceLimits, Fusion, Plan, PlanOptions};
use serde_json::{Map, Value, json};

#[cfg(feature = "train")]
use self::baseline::Baseline;
use super::print;
use crate::arguments::{Precision, RequestArguments, name};
#[cfg(feature = "wgpu-backend")]
use crate::gpu::check_burn_wgpu;
use crate::gpu::{GpuSession, open_gpu};

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
    /// Executors to time, with commas; all that the program was built with by default. Ratios are to the first.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = TimedExecutor::value_variants().iter().copied())]
    executors: Vec<TimedExecutor>,
    /// Storage of values between our GPU passes.
    #[arg(long, value_enum, default_value = "f32")]
    precision: Precision,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What runs the generator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum TimedExecutor {
    /// Our wgpu passes.
    Gpu,
    /// Our CPU executor, on all cores.
    Cpu,
    /// burn-flex, on the CPU.
    #[cfg(feature = "train")]
    BurnFlex,
    /// burn-wgpu, on the same GPU.
    #[cfg(feature = "wgpu-backend")]
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
    by: TimedExecutor,
}

impl Bench {
    /// Measures and prints.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let (loaded, request) = self.request.load_with_noise(self.steps)?;
        let resolved = loaded.generator.resolve(&request)?;
        // Only counted, so no device's limits matter.
        let limits = DeviceLimits { binding_bytes: 1 << 48, workgroups: 1 << 30 };
        let unfused = PlanOptions { fusion: Fusion::Off, limits, ..PlanOptions::default() };
        let flop = Plan::new(&loaded.generator, request.size, unfused)?.whole(resolved.steps).cost().flop;
        let has = |by| self.executors.contains(&by);
        let gpu =
            has(TimedExecutor::Gpu).then(|| Ok::<_, anyhow::Error>(open_gpu()?.with_precision(self.precision.into())?));
        let gpu = gpu.transpose()?;
        let times = self.interleave(self.prepare(&loaded, &resolved, gpu.as_ref())?)?;
        let executors: Map<String, Value> =
            times.iter().map(|one| (name(one.by), one.report(&times[0], flop, resolved.steps))).collect();
        let report = json!({
            "name": loaded.name,
            "size": format!("{}x{}", request.size.width, request.size.height),
            "steps": resolved.steps,
            "runs": self.runs,
            "instruction_set": imagine_cpu::instruction_set(),
            "adapter": gpu.map(|gpu| gpu.adapter.get_info().name),
            "precision": name(self.precision),
            "flop": flop,
            "executors": executors,
        });
        print(self.json, &report, &self.text(&report))?;
        Ok(ExitCode::SUCCESS)
    }

    /// One function for each executor, which generates an image and waits for it.
    fn prepare<'a>(
        &self,
        loaded: &LoadedGenerator,
        resolved: &'a ResolvedRequest,
        gpu: Option<&'a Gpu>,
    ) -> anyhow::Result<Vec<(TimedExecutor, Run<'a>)>> {
        let (generator, request) = (&loaded.generator, &resolved.request);
        let prepare = |by: &TimedExecutor| {
            let run: Run<'a> = match (by, gpu) {
                (TimedExecutor::Gpu, Some(gpu)) => {
                    let plan = Arc::new(Plan::new(generator, request.size, gpu.options())?);
                    let mut session = GpuSession::new(gpu, plan, resolved)?;
                    Box::new(move || {
                        session.play(session.session.plan().whole(resolved.steps))?;
                        Ok(session.gpu.wait()?)
                    })
                }
                (TimedExecutor::Gpu, None) => bail!("no GPU was opened"),
                (TimedExecutor::Cpu, _) => {
                    let prepared =
                        PreparedGenerator::new(Arc::new(generator.clone()), &imagine_cpu::Options::default());
                    Box::new(move || {
                        prepared.generate(request)?;
                        Ok(())
                    })
                }
                #[cfg(feature = "train")]
                (TimedExecutor::BurnFlex, _) => {
                    let mut baseline = Baseline::<burn::backend::Flex>::new(generator, request)?;
                    Box::new(move || baseline.run())
                }
                #[cfg(feature = "wgpu-backend")]
                (TimedExecutor::BurnWgpu, _) => {
                    check_burn_wgpu("--executors leaves it out")?;
                    let mut baseline = Baseline::<burn::backend::Wgpu>::new(generator, request)?;
                    Box::new(move || baseline.run())
                }
            };
            Ok((*by, run))
        };
        self.executors.iter().map(prepare).collect()
    }

    /// Times of all executors, one run of each in turn.
    fn interleave(&self, mut executors: Vec<(TimedExecutor, Run)>) -> anyhow::Result<Vec<Times>> {
        let mut times = vec![Vec::new(); executors.len()];
        for round in 0..self.warm + self.runs {
            for ((_, run), times) in executors.iter_mut().zip(&mut times) {
                let time = time(run)?;
                if round >= self.warm {
                    times.push(time);
                }
            }
        }
        let finish = |((by, _), mut runs): ((TimedExecutor, Run), Vec<f64>)| {
            runs.sort_by(f64::total_cmp);
            let first_image = (!self.no_cold).then(|| self.cold(by)).transpose()?;
            Ok(Times { by, runs, first_image })
        };
        executors.into_iter().zip(times).map(finish).collect()
    }

    /// Milliseconds from the start to the end of a process that generates one image.
    fn cold(&self, by: TimedExecutor) -> anyhow::Result<f64> {
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

    fn text(&self, report: &Value) -> String {
        let [name, size, precision, set] =
            ["name", "size", "precision", "instruction_set"].map(|key| report[key].as_str().unwrap_or_default());
        let on = report["adapter"].as_str().map(|adapter| format!("{adapter} in {precision}, ")).unwrap_or_default();
        let (steps, runs) = (&report["steps"], &report["runs"]);
        let mut text = format!("{name} at {size}, {steps} steps, {runs} runs, {on}CPU with {set}\n");
        text += "  executor    median ms   ms/step  GFLOP/s  fastest ms  GFLOP/s  ratio of fastest  first image ms";
        for by in &self.executors {
            let by = self::name(*by);
            let times = &report["executors"][&by];
            let number = |key: &str| times[key].as_f64().map_or("-".into(), |value| format!("{value:.2}"));
            let keys = ["ms", "step_ms", "gflops", "fastest_ms", "fastest_gflops", "fastest_ratio", "first_image_ms"];
            let [ms, step, gflops, fastest, best, ratio, cold] = keys.map(number);
            text +=
                &format!("\n  {by:10} {ms:>10} {step:>9} {gflops:>8} {fastest:>11} {best:>8} {ratio:>17} {cold:>15}");
        }
        text
    }
}

/// Generates an image and waits for it.
type Run<'a> = Box<dyn FnMut() -> anyhow::Result<()> + 'a>;

/// Times of one executor in milliseconds.
struct Times {
    by: TimedExecutor,
    /// Sorted.
    runs: Vec<f64>,
    /// Of a new process with one image, if that was measured.
    first_image: Option<f64>,
}

impl Times {
    fn report(&self, first: &Self, flop: u64, steps: u32) -> Value {
        let (ms, fastest) = (median(&self.runs), self.runs[0]);
        let gflops = |ms: f64| flop as f64 / (ms * 1e6);
        json!({
            "ms": ms,
            "step_ms": (steps > 0).then(|| ms / f64::from(steps)),
            "gflops": gflops(ms),
            "fastest_ms": fastest,
            "fastest_gflops": gflops(fastest),
            "ratio": ms / median(&first.runs),
            "fastest_ratio": fastest / first.runs[0],
            "first_image_ms": self.first_image,
        })
    }
}

impl FirstImage {
    /// Generates one image and reads it back.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let (loaded, request) = self.request.load_with_noise(self.steps)?;
        let generator = &loaded.generator;
        let generated = match self.by {
            TimedExecutor::Gpu => open_gpu()?.generate(generator, &request)?,
            TimedExecutor::Cpu => imagine_cpu::generate(generator, &request, &imagine_cpu::Options::default())?,
            #[cfg(feature = "train")]
            TimedExecutor::BurnFlex => {
                imagine_burn::generate::<burn::backend::Flex>(generator, &request, &Default::default())?
            }
            #[cfg(feature = "wgpu-backend")]
            TimedExecutor::BurnWgpu => {
                check_burn_wgpu("--executors leaves it out")?;
                imagine_burn::generate::<burn::backend::Wgpu>(generator, &request, &Default::default())?
            }
        };
        ensure!(!generated.outputs.is_empty(), "the generator has no output");
        Ok(ExitCode::SUCCESS)
    }
}

/// Runs `work`; its time in milliseconds.
fn time(work: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<f64> {
    let start = Instant::now();
    work()?;
    Ok(start.elapsed().as_secs_f64() * 1e3)
}

/// The median of sorted times.
fn median(times: &[f64]) -> f64 {
    let middle = times.len() / 2;
    if times.len() % 2 == 1 { times[middle] } else { (times[middle - 1] + times[middle]) / 2.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_or_the_mean_of_the_two_middles() {
        assert_eq!(median(&[1.0, 2.0, 3.0]), 2.0);
        assert_eq!(median(&[1.0, 2.0, 3.0, 4.0]), 2.5);
    }
}
