//! `imagine train sprites`: a generator of sprites with classes and prompts, from a folder of folders or a pack.
//!
//! Ctrl-C stops after the update under way, with a resume set; `--resume` goes on from there.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use burn::tensor::backend::AutodiffBackend;
use clap::Args;
use imagine_train::architecture::sprite::SpriteNetworks;
use imagine_train::data::SpriteSet;
use imagine_train::loss::adversarial::Game;
use imagine_train::trainer::{SpriteEvent, SpriteOptions, SpriteProgress, train_sprites};
use indicatif::HumanDuration;
use serde_json::json;

use super::print;
use super::training::{CardArguments, Interruption, Log, TrainBackend, check_files, option_arguments, with_backend};

/// Arguments of `imagine train sprites`.
#[derive(Args, Clone, Debug)]
pub struct TrainSprites {
    /// A folder whose folders are the classes, or what `imagine pack` made of one.
    data: PathBuf,
    /// Generator file to write, ending in .generator.safetensors: the best by distance to held-back sprites, 16-bit floats.
    #[arg(long)]
    out: PathBuf,
    /// Folder of the resume set and contact sheets; `<out>.training` if left out.
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Goes on from the resume set in the folder.
    #[arg(long)]
    resume: bool,
    /// Where to train.
    #[arg(long, value_enum, default_value = "flex")]
    backend: TrainBackend,
    /// Class to leave out; may be repeated.
    #[arg(long)]
    leave_out: Vec<String>,
    /// Updates between two lines of progress on stdout; none if left out.
    #[arg(long)]
    log_every: Option<u32>,
    #[command(flatten)]
    card: CardArguments,
    #[command(flatten)]
    options: OptionArguments,
    /// Prints JSON at the end, and no progress.
    #[arg(long)]
    json: bool,
}

option_arguments! {
    SpriteOptions {
        /// Chooses all random numbers of the training.
        seed: u64,
        /// Game: relativistic, or hinge with spectral normalisation (with --penalty 0).
        game: Game,
        /// Updates of the weights.
        updates: u32,
        /// Pairs of a real and a generated image in a batch.
        batch: usize,
        /// Batches whose gradients are added up for one update.
        accumulate: usize,
        /// Learning rate of the generator.
        generator_rate: f32,
        /// Learning rate of the critic.
        critic_rate: f32,
        /// Updates until the learning rates are at their full height.
        warm_up: u32,
        /// Updates at the end over which the learning rates fall to nothing.
        cool_down: u32,
        /// Weight of the gradient penalties.
        penalty: f32,
        /// The penalties enter every so many updates.
        penalty_every: u32,
        /// Weight of telling a sprite's words from those of another of its class; 0 is without.
        mismatch: f32,
        /// Share of the real sprites that are shown in another colour, which their prompts then say.
        recolor: f32,
        /// Strength of augmentation, 0 to 0.8, or what adaption starts with.
        augment: f32,
        /// Share of overfitting at which the strength stays; 0 leaves the strength as it is.
        overfit_target: f32,
        /// Images over which the running mean of weights halves.
        average_images: f32,
        /// Updates between two checkpoints.
        checkpoint_every: u32,
        /// Updates between two contact sheets.
        preview_every: u32,
    }
}

impl TrainSprites {
    /// Trains and writes the generator file.
    pub fn run(&self) -> anyhow::Result<ExitCode> {
        let holds_set = |folder: &Path| ["resume", "resume.old"].iter().any(|name| folder.join(name).is_dir());
        let folder = check_files(&self.out, self.folder.as_deref(), self.resume, holds_set)?;
        let set = SpriteSet::read(&self.data, &self.leave_out)?;
        with_backend!(self.backend, self.train(set, &folder))
    }

    fn train<A: AutodiffBackend>(&self, set: SpriteSet, folder: &Path, device: &A::Device) -> anyhow::Result<ExitCode> {
        let options = self.options.options();
        let interruption = Interruption::listen()?;
        let mut log = Log::new(options.updates, self.json, self.log_every);
        let (card, networks) = (self.card.card(), SpriteNetworks::default());
        train_sprites::<A>(set, networks, &options, &card, folder, device, |event| {
            show(&mut log, &event);
            interruption.flow()
        })?;
        if let Some(code) = log.finish(options.updates, folder) {
            return Ok(code);
        }
        let best = folder.join(format!("best{}", imagine_graph::file::EXTENSION));
        std::fs::copy(&best, &self.out)
            .with_context(|| format!("cannot copy {} to {}", best.display(), self.out.display()))?;
        let report = json!({ "out": self.out.display().to_string(), "updates": log.update });
        print(self.json, &report, &format!("wrote {}", self.out.display()));
        Ok(ExitCode::SUCCESS)
    }
}

fn show(log: &mut Log, event: &SpriteEvent) {
    match event {
        SpriteEvent::Updated(progress) => log.updated(progress.update, message(progress)),
        SpriteEvent::Resumed(update) => log.resumed(*update),
        SpriteEvent::Saved { distance, best, .. } => {
            log.line(format!("{} distance {distance:.4}{}", log.update, if *best { ", the best so far" } else { "" }));
        }
        SpriteEvent::Previewed(path) => log.line(format!("sheet {}", path.display())),
    }
}

fn message(progress: &SpriteProgress) -> String {
    let SpriteProgress { loss, lead, penalty, strength, overfit, rate, .. } = progress;
    let left = HumanDuration(Duration::from_secs(progress.remaining.as_secs()));
    format!(
        "loss {loss:.3} lead {lead:.2} penalty {penalty:.3} augment {strength:.2} overfit {overfit:.2} {rate:.1} \
         images/s, {left} left"
    )
}
