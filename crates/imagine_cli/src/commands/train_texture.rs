//! `imagine train texture`: a living texture from one picture or one material folder.
//!
//! Ctrl-C stops after the update under way, with a checkpoint; `--resume` goes on from there.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use burn::backend::Autodiff;
use burn::tensor::backend::AutodiffBackend;
use clap::{Args, ValueEnum};
use imagine_graph::file::{self, EXTENSION, WeightFormat};
use imagine_graph::{Card, Generator, Provenance};
use imagine_train::data::{Exemplar, ExemplarOptions};
use imagine_train::trainer::{Event, Progress, TextureOptions, train_texture};
use indicatif::{HumanDuration, ProgressBar, ProgressStyle};
use serde_json::json;

use super::print;

/// Where a training runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum TrainBackend {
    /// burn-flex on the CPU.
    Flex,
    /// burn-wgpu.
    #[cfg(feature = "wgpu-backend")]
    Wgpu,
    /// libtorch.
    #[cfg(feature = "tch")]
    Tch,
    /// CUDA.
    #[cfg(feature = "cuda")]
    Cuda,
}

/// How weights are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// 32-bit floats.
    F32,
    /// 16-bit floats.
    F16,
    /// 8-bit integers with scales.
    U8,
}

/// Arguments of `imagine train texture`.
#[derive(Args, Clone, Debug)]
pub struct TrainTexture {
    /// A picture, or a folder with color, normal, roughness, height, ao, metallic as png or jpg.
    exemplar: PathBuf,
    /// Generator file to write, ending in .generator.safetensors.
    #[arg(long)]
    out: PathBuf,
    /// Folder of checkpoints and previews; `<out>.training` if left out.
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Goes on from the checkpoint in the folder.
    #[arg(long)]
    resume: bool,
    /// Where to train.
    #[arg(long, value_enum, default_value = "flex")]
    backend: TrainBackend,
    /// Pixels along the exemplar's shorter side after scaling.
    #[arg(long, default_value_t = ExemplarOptions::default().side)]
    side: u32,
    /// The exemplar's opposite borders do not meet.
    #[arg(long)]
    no_tiles: bool,
    /// How weights are stored.
    #[arg(long, value_enum, default_value = "f32")]
    format: Format,
    #[command(flatten)]
    card: CardArguments,
    #[command(flatten)]
    options: OptionArguments,
    /// Prints JSON at the end, and no progress.
    #[arg(long)]
    json: bool,
}

/// What goes into the card.
#[derive(Args, Clone, Debug)]
struct CardArguments {
    /// Title.
    #[arg(long, default_value = "")]
    title: String,
    /// Licence of the generator, an SPDX expression.
    #[arg(long, default_value = "")]
    license: String,
    /// Name of the training data.
    #[arg(long, default_value = "")]
    data_name: String,
    /// Where the training data was published.
    #[arg(long, default_value = "")]
    data_source: String,
    /// Licence of the training data, an SPDX expression.
    #[arg(long, default_value = "")]
    data_license: String,
    /// Day, YYYY-MM-DD.
    #[arg(long, default_value = "")]
    date: String,
}

macro_rules! option_arguments {
    ($($(#[doc = $doc:literal])* $name:ident: $type:ty,)*) => {
        /// The trainer's options, under their own names and with their own defaults.
        #[derive(Args, Clone, Debug)]
        struct OptionArguments {
            $($(#[doc = $doc])* #[arg(long, default_value_t = TextureOptions::default().$name)] $name: $type,)*
            /// Fewest and most steps of a rollout.
            #[arg(long, num_args = 2, default_values_t = TextureOptions::default().rollout)]
            rollout: Vec<u32>,
        }

        impl OptionArguments {
            fn options(&self) -> TextureOptions {
                let rollout = [self.rollout[0], self.rollout[1]];
                TextureOptions { rollout, $($name: self.$name,)* }
            }
        }
    };
}

option_arguments! {
    /// Chooses all random numbers of the training.
    seed: u64,
    /// Updates of the weights.
    updates: u32,
    /// Channels of a cell, a multiple of 4.
    channels: usize,
    /// Width of the hidden layer, a multiple of 4.
    hidden: usize,
    /// Side of the square torus that is trained on, in cells.
    torus: usize,
    /// States in a batch.
    batch: usize,
    /// States in the pool.
    pool: usize,
    /// A state begins anew every so many updates.
    reseed_every: u32,
    /// Full learning rate.
    learning_rate: f32,
    /// Most pyramid levels of the loss.
    levels: usize,
    /// Most patches compared on a level.
    patches: usize,
    /// Weight of the transport term on the finest level.
    finest_transport: f32,
    /// Weight of the sliced term.
    sliced: f32,
    /// Finest levels that the sliced term is computed on.
    sliced_levels: usize,
    /// Steps that the generator's file asks for.
    steps: u32,
    /// Updates between two checkpoints.
    checkpoint_every: u32,
    /// Updates between two previews.
    preview_every: u32,
}

impl TrainTexture {
    /// Trains and writes the generator file.
    pub fn run(&self) -> anyhow::Result<ExitCode> {
        let folder = self.check()?;
        let exemplar = ExemplarOptions { side: self.side, tiles: !self.no_tiles };
        let exemplar = Exemplar::load(&self.exemplar, &exemplar)?;
        match self.backend {
            TrainBackend::Flex => self.train::<Autodiff<burn::backend::Flex>>(&exemplar, &folder),
            #[cfg(feature = "wgpu-backend")]
            TrainBackend::Wgpu => self.train::<Autodiff<burn::backend::Wgpu>>(&exemplar, &folder),
            #[cfg(feature = "tch")]
            TrainBackend::Tch => self.train::<Autodiff<burn::backend::LibTorch>>(&exemplar, &folder),
            #[cfg(feature = "cuda")]
            TrainBackend::Cuda => self.train::<Autodiff<burn::backend::Cuda>>(&exemplar, &folder),
        }
    }

    /// Finds out before hours of training whether the result can be written; returns the folder of checkpoints.
    fn check(&self) -> anyhow::Result<PathBuf> {
        let out = self.out.to_string_lossy();
        let base = out.strip_suffix(EXTENSION);
        let base = base.with_context(|| format!("--out {out:?}: a name ending in {EXTENSION} expected"))?;
        let parent = self.out.parent().filter(|parent| !parent.as_os_str().is_empty());
        ensure!(parent.is_none_or(Path::is_dir), "--out {out:?}: its folder does not exist");
        let folder = self.folder.clone().unwrap_or_else(|| format!("{base}.training").into());
        let has_checkpoint = folder.join("training.safetensors").exists();
        match (has_checkpoint, self.resume) {
            (true, false) => bail!("{}: holds a checkpoint: --resume, or another --folder", folder.display()),
            (false, true) => bail!("{}: holds no checkpoint to resume from", folder.display()),
            _ => Ok(folder),
        }
    }

    fn train<A: AutodiffBackend>(&self, exemplar: &Exemplar, folder: &Path) -> anyhow::Result<ExitCode> {
        let options = self.options.options();
        let stop = Arc::new(AtomicBool::new(false));
        let flag = stop.clone();
        ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed)).context("cannot listen for Ctrl-C")?;
        let mut display = Display::new(options.updates, self.json);
        let generator =
            train_texture::<A>(exemplar, &options, &self.card(), Some(folder), &Default::default(), |event| {
                display.show(&event);
                if stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            })?;
        display.bar.finish_and_clear();
        if display.update < options.updates {
            eprintln!("interrupted at update {}; --resume goes on from {}", display.update, folder.display());
            return Ok(ExitCode::from(130));
        }
        self.save(&generator)?;
        let loss = generator.card.metrics.get("training_loss");
        let report = json!({ "out": self.out.display().to_string(), "updates": display.update, "training_loss": loss });
        print(self.json, &report, &format!("wrote {}", self.out.display()));
        Ok(ExitCode::SUCCESS)
    }

    fn save(&self, generator: &Generator) -> anyhow::Result<()> {
        let format = match self.format {
            Format::F32 => WeightFormat::F32,
            Format::F16 => WeightFormat::F16,
            Format::U8 => WeightFormat::U8,
        };
        Ok(file::save(&self.out, generator, format)?)
    }

    fn card(&self) -> Card {
        let card = self.card.clone();
        let data = Provenance {
            name: card.data_name,
            source: card.data_source,
            license: card.data_license,
            ..Provenance::default()
        };
        let training_data = vec![data];
        Card { title: card.title, license: card.license, date: card.date, training_data, ..Card::default() }
    }
}

/// The progress bar, and where the training stands.
struct Display {
    bar: ProgressBar,
    update: u32,
}

impl Display {
    fn new(updates: u32, hidden: bool) -> Self {
        let bar = if hidden { ProgressBar::hidden() } else { ProgressBar::new(updates.into()) };
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self { bar, update: 0 }
    }

    fn show(&mut self, event: &Event) {
        match event {
            Event::Updated(progress) => {
                self.update = progress.update;
                self.bar.set_position(progress.update.into());
                self.bar.set_message(message(progress));
            }
            Event::Resumed(update) => {
                self.update = *update;
                self.bar.println(format!("resumed at update {update}"));
            }
            Event::WentBack { update, rate_scale } => {
                self.bar
                    .println(format!("the loss was no number: back to update {update}, learning rate x {rate_scale}"));
            }
            Event::Saved(_) => {}
            Event::Previewed(path) => self.bar.println(format!("preview {}", path.display())),
        }
    }
}

fn message(progress: &Progress) -> String {
    let Progress { transport, sliced, rate, .. } = progress;
    let left = HumanDuration(Duration::from_secs(progress.remaining.as_secs()));
    format!("transport {transport:.4} sliced {sliced:.4} {rate:.2}/s, {left} left")
}
