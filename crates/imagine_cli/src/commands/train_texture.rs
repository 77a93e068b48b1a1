//! `imagine train texture`: a living texture from one picture or one material folder.
//!
//! Ctrl-C stops after the update under way, with a checkpoint; `--resume` goes on from there.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::anyhow;
use burn::tensor::backend::AutodiffBackend;
use clap::Args;
use imagine_graph::{Generator, file};
use imagine_train::architecture::automaton::Automaton;
use imagine_train::data::{Exemplar, ExemplarOptions};
use imagine_train::trainer::{Event, Progress, TextureOptions, train_texture};
use indicatif::HumanDuration;
use serde_json::json;

use super::print;
use super::training::{
    CardArguments, Format, Interruption, Log, TrainBackend, check_files, option_arguments, with_backend,
};

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
    /// Updates between two lines of progress on stdout; none if left out.
    #[arg(long)]
    log_every: Option<u32>,
    /// Pixels along the exemplar's shorter side after scaling.
    #[arg(long, default_value_t = ExemplarOptions::default().side)]
    side: u32,
    /// A living texture to begin with, in place of random weights; its numbers of channels, hidden channels and
    /// grain are taken over.
    #[arg(long, value_name = "GENERATOR")]
    from: Option<PathBuf>,
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
    /// Fewest and most steps of a rollout.
    #[arg(long, num_args = 2, default_values_t = TextureOptions::default().rollout)]
    rollout: Vec<u32>,
    /// Prints JSON at the end, and no progress.
    #[arg(long)]
    json: bool,
}

option_arguments! {
    TextureOptions {
        /// Chooses all random numbers of the training.
        seed: u64,
        /// Updates of the weights.
        updates: u32,
        /// Channels of a cell, a multiple of 4.
        channels: usize,
        /// Width of the hidden layer, a multiple of 4.
        hidden: usize,
        /// How many of the channels keep the noise that a state begins with.
        grain: usize,
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
        ..TextureOptions::default()
    }
}

impl TrainTexture {
    /// Trains and writes the generator file.
    pub fn run(&self) -> anyhow::Result<ExitCode> {
        let holds_checkpoint = |folder: &Path| folder.join("training.safetensors").exists();
        let folder = check_files(&self.out, self.folder.as_deref(), self.resume, holds_checkpoint)?;
        let exemplar = ExemplarOptions { side: self.side, tiles: !self.no_tiles };
        let exemplar = Exemplar::load(&self.exemplar, &exemplar)?;
        let start = self.from.as_deref().map(file::load).transpose()?;
        let rollout = [self.rollout[0], self.rollout[1]];
        let mut options = TextureOptions { rollout, ..self.options.options() };
        if let Some(start) = &start {
            let automaton = Automaton::of(&start.generator.generator)
                .map_err(|reason| anyhow!("--from {}: {reason}", start.name))?;
            (options.channels, options.hidden) = (automaton.channels, automaton.hidden);
            options.grain = automaton.grain;
        }
        let start = start.as_ref().map(|start| &start.generator.generator);
        with_backend!(self.backend, self.train(&exemplar, &options, start, &folder))
    }

    fn train<A: AutodiffBackend>(
        &self,
        exemplar: &Exemplar,
        options: &TextureOptions,
        start: Option<&Generator>,
        folder: &Path,
        device: &A::Device,
    ) -> anyhow::Result<ExitCode> {
        let interruption = Interruption::listen()?;
        let mut log = Log::new(options.updates, self.json, self.log_every);
        let card = self.card.card();
        let generator = train_texture::<A>(exemplar, options, start, &card, Some(folder), device, |event| {
            show(&mut log, &event);
            interruption.flow()
        })?;
        if let Some(code) = log.finish(options.updates, folder) {
            return Ok(code);
        }
        file::save(&self.out, &generator, self.format.into())?;
        let loss = generator.card.metrics.get("training_loss");
        let report = json!({ "out": self.out.display().to_string(), "updates": log.update, "training_loss": loss });
        print(self.json, &report, &format!("wrote {}", self.out.display()));
        Ok(ExitCode::SUCCESS)
    }
}

fn show(log: &mut Log, event: &Event) {
    match event {
        Event::Updated(progress) => log.updated(progress.update, message(progress)),
        Event::Resumed(update) => log.resumed(*update),
        Event::WentBack { update, rate_scale } => {
            log.line(format!("the loss was no number: back to update {update}, learning rate x {rate_scale}"));
        }
        Event::Saved(_) => {}
        Event::Previewed(path) => log.line(format!("preview {}", path.display())),
    }
}

fn message(progress: &Progress) -> String {
    let Progress { transport, sliced, rate, .. } = progress;
    let left = HumanDuration(Duration::from_secs(progress.remaining.as_secs()));
    format!("transport {transport:.4} sliced {sliced:.4} {rate:.2}/s, {left} left")
}
