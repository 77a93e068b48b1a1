//! What the training commands share: backends, arguments, progress, the file of the result.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use clap::{Args, ValueEnum};
use imagine_graph::Card;
use imagine_graph::file::{EXTENSION, WeightFormat, check_folder, replace};
use imagine_train::core::{Event, Progress, Saved, check_unlocked, is_resumable};
use imagine_train::maps::MapsFigures;
use imagine_train::restore::RestoreFigures;
use imagine_train::upscale::UpscaleFigures;
use imagine_train::{CheckpointError, TrainError, gan, style};
use indicatif::{HumanDuration, ProgressBar, ProgressStyle};
use serde_json::json;

use super::card::{CardArguments, check_out};
use super::interruption::INTERRUPTED;
pub use super::interruption::Interruption;
use super::{note, print, say};
use crate::room::check_room;

/// Where a training runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TrainBackend {
    /// burn-flex on the CPU.
    Flex,
    /// burn-wgpu.
    #[cfg(feature = "wgpu-backend")]
    Wgpu,
    /// libtorch, on the first GPU if there is one.
    #[cfg(feature = "tch")]
    Tch,
    /// CUDA.
    #[cfg(feature = "cuda")]
    Cuda,
}

/// Calls a method that is generic over the autodiff backend, with the chosen one and a device of it as the last argument.
macro_rules! with_backend {
    ($backend:expr, $this:ident . $method:ident($($argument:expr),*)) => {{
        use burn::backend::Autodiff;
        match $backend {
            TrainBackend::Flex => $this.$method::<Autodiff<burn::backend::Flex>>($($argument,)* &Default::default()),
            #[cfg(feature = "wgpu-backend")]
            TrainBackend::Wgpu => {
                crate::gpu::check_burn_wgpu("--backend flex trains on the CPU")?;
                $this.$method::<Autodiff<burn::backend::Wgpu>>($($argument,)* &Default::default())
            }
            #[cfg(feature = "tch")]
            TrainBackend::Tch => {
                let device = crate::commands::training::libtorch_device();
                $this.$method::<Autodiff<burn::backend::LibTorch>>($($argument,)* &device)
            }
            #[cfg(feature = "cuda")]
            TrainBackend::Cuda => $this.$method::<Autodiff<burn::backend::Cuda>>($($argument,)* &Default::default()),
        }
    }};
}
pub(super) use with_backend;

/// The first GPU, or the CPU if libtorch finds none.
#[cfg(feature = "tch")]
pub(super) fn libtorch_device() -> burn::backend::libtorch::LibTorchDevice {
    if tch::Cuda::is_available() { tch::Device::Cuda(0).into() } else { tch::Device::Cpu.into() }
}

/// How weights are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// 32-bit floats.
    F32,
    /// 16-bit floats.
    F16,
    /// 8-bit integers with scales.
    U8,
}

impl From<Format> for WeightFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::F32 => WeightFormat::F32,
            Format::F16 => WeightFormat::F16,
            Format::U8 => WeightFormat::U8,
        }
    }
}

/// Arguments of every training.
#[derive(Args, Clone, Debug)]
pub struct TrainArguments {
    /// Generator file to write, ending in .generator.safetensors. Sprites and upscalers: the best checkpoint on held-back data, with
    /// 16-bit floats.
    #[arg(long)]
    pub out: PathBuf,
    /// Folder of the resume set and previews; `<out>.training` by default.
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Continue from the resume set in the folder.
    #[arg(long)]
    resume: bool,
    /// Where to train.
    #[arg(long, value_enum, default_value = "flex")]
    pub backend: TrainBackend,
    /// Updates between two lines of progress on stdout, in place of a progress bar.
    #[arg(long)]
    log_every: Option<u32>,
    /// Print JSON at the end, and no progress.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub card: CardArguments,
}

impl TrainArguments {
    /// Checks before hours of training whether the result can be written; returns the folder of the resume set.
    pub fn check_files(&self) -> anyhow::Result<PathBuf> {
        let base = check_out(&self.out)?;
        let folder = self.folder.clone().unwrap_or_else(|| format!("{base}.training").into());
        check_folder(&folder).context("--folder")?;
        check_unlocked(&folder)?;
        match (is_resumable(&folder), self.resume) {
            (true, false) => bail!(
                "{}: holds a resume set of an earlier training: --resume continues it, another --folder begins a new one",
                folder.display()
            ),
            (false, true) => bail!(
                "{}: holds no resume set, so there is nothing to continue: leave --resume out, or give its --folder",
                folder.display()
            ),
            _ => Ok(folder),
        }
    }

    /// The log of a training of `updates`.
    pub fn log(&self, updates: u32) -> Log {
        Log::new(updates, self.json, self.log_every)
    }

    /// Runs a training of `updates` that keeps its best generator in `folder`, and writes that to `out`.
    pub fn run_keeping_best<P: Show, S: Show>(
        &self,
        updates: u32,
        folder: &Path,
        train: impl FnOnce(&Card, &mut dyn FnMut(Event<P, S>) -> ControlFlow<()>) -> Result<(), TrainError>,
    ) -> anyhow::Result<ExitCode> {
        let interruption = Interruption::listen()?;
        let mut log = self.log(updates);
        let mut room = Ok(());
        train(&self.card.card(), &mut |event| {
            match event {
                Event::Resumed(update) => log.resumed(update),
                Event::Planned { bytes } => room = check_room(folder, bytes),
                Event::Updated(progress) => progress.show(&mut log),
                Event::Saved(saved) => saved.show(&mut log),
                Event::Previewed(path) => log.line(format!("sheet {}", path.display())),
            }
            if room.is_ok() { interruption.flow() } else { ControlFlow::Break(()) }
        })
        .map_err(|error| resumable(error, folder))?;
        room.context("--folder")?;
        if let Some(code) = log.finish(folder) {
            return Ok(code);
        }
        let (best, out) = (folder.join(format!("best{EXTENSION}")), &self.out);
        let generator = std::fs::read(&best).with_context(|| format!("cannot read {}", best.display()))?;
        replace(out, &generator).with_context(|| format!("the finished generator is {}", best.display()))?;
        let report = json!({ "out": out.display().to_string(), "updates": log.update });
        print(self.json, &report, &format!("wrote {}", out.display()))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// What a training reports, for people.
pub trait Show {
    /// Tells the person.
    fn show(&self, log: &mut Log);
}

impl Show for gan::Progress {
    fn show(&self, log: &mut Log) {
        let Self { update, loss, lead, penalty, overfit, figure: (name, value), unit, rate, remaining, .. } = self;
        let left = time_left(*remaining);
        log.updated(
            *update,
            format!(
                "loss {loss:.3} lead {lead:.2} penalty {penalty:.3} {name} {value:.2} overfit {overfit:.2} \
                 {rate:.1} {unit}/s, {left}"
            ),
        );
    }
}

impl Show for gan::Saved {
    fn show(&self, log: &mut Log) {
        log.line(format!("{} distance {:.4}{}", log.update, self.distance, if self.best { BEST } else { "" }));
    }
}

impl Show for Progress {
    fn show(&self, log: &mut Log) {
        let Self { update, loss, rate, remaining, .. } = self;
        let left = time_left(*remaining);
        log.updated(*update, format!("loss {loss:.4} {rate:.2} updates/s, {left}"));
    }
}

impl Show for Saved<UpscaleFigures> {
    fn show(&self, log: &mut Log) {
        let UpscaleFigures { network, bicubic, lanczos } = self.figures;
        let best = if self.best { BEST } else { "" };
        let update = log.update;
        log.line(format!("{update} PSNR-Y {network:.3} dB, bicubic {bicubic:.3}, Lanczos {lanczos:.3}{best}"));
    }
}

impl Show for Saved<RestoreFigures> {
    fn show(&self, log: &mut Log) {
        let ([damaged, restored], clean) = (self.figures.means(), self.figures.clean());
        let (update, best) = (log.update, if self.best { BEST } else { "" });
        log.line(format!("{update} PSNR {restored:.3} dB, damaged {damaged:.3}; clean pictures {clean:.2}{best}"));
    }
}

impl Show for Saved<MapsFigures> {
    fn show(&self, log: &mut Log) {
        let MapsFigures { normal, normal_scaled, normal_sobel, slopes, height, roughness, color, .. } = self.figures;
        let (update, best) = (log.update, if self.best { BEST } else { "" });
        log.line(format!(
            "{update} normals {normal:.2} degrees, scaled {normal_scaled:.2}, Sobel {normal_sobel:.2}; correlation of slopes {slopes:.3}; errors: \
             height {height:.3}, roughness {roughness:.4}, colour {color:.4}{best}"
        ));
    }
}

impl Show for style::Saved {
    fn show(&self, log: &mut Log) {
        let Self { difference, texture, flicker, best } = self;
        let (update, best) = (log.update, if *best { BEST } else { "" });
        log.line(format!("{update} difference {difference:.4}, texture {texture:.4}, flicker {flicker:.2}{best}"));
    }
}

/// The end of the line about a checkpoint whose generator was kept.
const BEST: &str = ", the best so far";

/// The time to the end, for progress messages.
pub fn time_left(remaining: Duration) -> String {
    format!("{} left", HumanDuration(Duration::from_secs(remaining.as_secs())))
}

/// The error of a training, with the way to continue it if there is one.
pub fn resumable(error: TrainError, folder: &Path) -> anyhow::Error {
    match is_resumable(folder) && matches!(error, TrainError::Checkpoint(CheckpointError::Write(_))) {
        true => anyhow!("{error}; --resume then continues from {}", folder.display()),
        false => error.into(),
    }
}

/// A progress bar of `updates`.
fn progress_bar(updates: u32, hidden: bool) -> ProgressBar {
    let bar = if hidden { ProgressBar::hidden() } else { ProgressBar::new(updates.into()) };
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

/// A progress bar or, with `log_every`, lines on stdout.
pub struct Log {
    bar: ProgressBar,
    updates: u32,
    log_every: Option<u32>,
    /// Updates done.
    pub update: u32,
}

impl Log {
    /// A log of a training of `updates`; the bar is hidden if `hidden` or with lines.
    fn new(updates: u32, hidden: bool, log_every: Option<u32>) -> Self {
        Self { bar: progress_bar(updates, hidden || log_every.is_some()), updates, log_every, update: 0 }
    }

    /// An update is done.
    pub fn updated(&mut self, update: u32, text: String) {
        self.update = update;
        self.bar.set_position(update.into());
        if self.log_every.is_some_and(|every| update.is_multiple_of(every.max(1))) {
            say(&format!("{update} {text}"));
        }
        self.bar.set_message(text);
    }

    /// Prints a line.
    pub fn line(&self, line: String) {
        if self.log_every.is_some() {
            say(&line);
        } else {
            self.bar.println(line);
        }
    }

    /// A resume set of `update` was found.
    pub fn resumed(&mut self, update: u32) {
        self.update = update;
        self.line(format!("resumed at update {update}"));
    }

    /// Ends the log. After an interruption it says how to continue and returns the exit code.
    pub fn finish(&self, folder: &Path) -> Option<ExitCode> {
        self.bar.finish_and_clear();
        (self.update < self.updates).then(|| {
            note(format_args!("interrupted at update {}; --resume continues from {}", self.update, folder.display()));
            ExitCode::from(INTERRUPTED)
        })
    }
}
