//! What the training commands share: where to train, the card, the files, Ctrl-C.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, bail, ensure};
use clap::{Args, ValueEnum};
use imagine_graph::file::{EXTENSION, WeightFormat};
use imagine_graph::{Card, Provenance};
use indicatif::{ProgressBar, ProgressStyle};

use super::say;

/// Where a training runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TrainBackend {
    /// burn-flex on the CPU.
    Flex,
    /// burn-wgpu.
    #[cfg(feature = "wgpu-backend")]
    Wgpu,
    /// libtorch, on its first GPU if it finds one.
    #[cfg(feature = "tch")]
    Tch,
    /// CUDA.
    #[cfg(feature = "cuda")]
    Cuda,
}

/// Calls a method that is generic over the differentiable backend with the one that was asked for, and a device of it as the last
/// argument.
macro_rules! with_backend {
    ($backend:expr, $this:ident . $method:ident($($argument:expr),*)) => {{
        use burn::backend::Autodiff;
        match $backend {
            TrainBackend::Flex => $this.$method::<Autodiff<burn::backend::Flex>>($($argument,)* &Default::default()),
            #[cfg(feature = "wgpu-backend")]
            TrainBackend::Wgpu => $this.$method::<Autodiff<burn::backend::Wgpu>>($($argument,)* &Default::default()),
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

/// The first GPU, or the processor where libtorch finds none.
#[cfg(feature = "tch")]
pub(super) fn libtorch_device() -> burn::backend::libtorch::LibTorchDevice {
    if tch::Cuda::is_available() { tch::Device::Cuda(0).into() } else { tch::Device::Cpu.into() }
}

/// Makes `OptionArguments`: a trainer's options as arguments, under their own names and with their own defaults. Options that are
/// not listed come from the expression behind `..`.
macro_rules! option_arguments {
    ($options:ident { $($(#[doc = $doc:literal])* $name:ident: $type:ty,)* $(..$rest:expr)? }) => {
        /// The trainer's options.
        #[derive(Args, Clone, Debug)]
        struct OptionArguments {
            $($(#[doc = $doc])* #[arg(long, default_value_t = $options::default().$name)] $name: $type,)*
        }

        impl OptionArguments {
            fn options(&self) -> $options {
                $options { $($name: self.$name,)* $(..$rest)? }
            }
        }
    };
}
pub(super) use option_arguments;

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

/// What goes into the card.
#[derive(Args, Clone, Debug)]
pub struct CardArguments {
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

impl CardArguments {
    /// The card as far as it is known before training.
    pub fn card(&self) -> Card {
        let card = self.clone();
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

/// Finds out before hours of training whether the result can be written; returns the folder of checkpoints, in which
/// `holds_checkpoint` says whether one is there.
pub fn check_files(
    out: &Path,
    folder: Option<&Path>,
    resume: bool,
    holds_checkpoint: impl Fn(&Path) -> bool,
) -> anyhow::Result<PathBuf> {
    let text = out.to_string_lossy();
    let base = text.strip_suffix(EXTENSION);
    let base = base.with_context(|| format!("--out {text:?}: a name ending in {EXTENSION} expected"))?;
    let parent = out.parent().filter(|parent| !parent.as_os_str().is_empty());
    ensure!(parent.is_none_or(Path::is_dir), "--out {text:?}: its folder does not exist");
    let folder = folder.map_or_else(|| format!("{base}.training").into(), Path::to_path_buf);
    match (holds_checkpoint(&folder), resume) {
        (true, false) => bail!("{}: holds a checkpoint: --resume, or another --folder", folder.display()),
        (false, true) => bail!("{}: holds no checkpoint to resume from", folder.display()),
        _ => Ok(folder),
    }
}

/// Becomes true with Ctrl-C.
pub struct Interruption(Arc<AtomicBool>);

impl Interruption {
    /// Listens from now on.
    pub fn listen() -> anyhow::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let flag = stop.clone();
        ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed)).context("cannot listen for Ctrl-C")?;
        Ok(Self(stop))
    }

    /// Whether Ctrl-C came.
    pub fn flow(&self) -> std::ops::ControlFlow<()> {
        if self.0.load(Ordering::Relaxed) {
            std::ops::ControlFlow::Break(())
        } else {
            std::ops::ControlFlow::Continue(())
        }
    }
}

/// A bar of `updates`, or none.
pub fn progress_bar(updates: u32, hidden: bool) -> ProgressBar {
    let bar = if hidden { ProgressBar::hidden() } else { ProgressBar::new(updates.into()) };
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

/// The progress bar or, with `log_every`, lines on stdout, and where the training stands.
pub struct Log {
    bar: ProgressBar,
    log_every: Option<u32>,
    /// Updates done.
    pub update: u32,
}

impl Log {
    /// Of a training of `updates`; without a bar if it is `hidden` or lines are asked for.
    pub fn new(updates: u32, hidden: bool, log_every: Option<u32>) -> Self {
        Self { bar: progress_bar(updates, hidden || log_every.is_some()), log_every, update: 0 }
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

    /// Something worth a line happened.
    pub fn line(&self, line: String) {
        if self.log_every.is_some() {
            say(&line);
        } else {
            self.bar.println(line);
        }
    }

    /// A checkpoint of `update` was found.
    pub fn resumed(&mut self, update: u32) {
        self.update = update;
        self.line(format!("resumed at update {update}"));
    }

    /// The end of a training of `updates`; the exit code if it was interrupted, after saying how it goes on.
    pub fn finish(&self, updates: u32, folder: &Path) -> Option<ExitCode> {
        self.bar.finish_and_clear();
        (self.update < updates).then(|| {
            eprintln!("interrupted at update {}; --resume goes on from {}", self.update, folder.display());
            ExitCode::from(130)
        })
    }
}
