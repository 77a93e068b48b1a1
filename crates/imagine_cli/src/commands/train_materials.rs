//! `imagine train materials`: a generator of PBR materials in kinds, from a folder of materials or a pack.
//!
//! Ctrl-C stops after the update under way, with a resume set; `--resume` goes on from there.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use burn::tensor::backend::AutodiffBackend;
use clap::Args;
use imagine_train::data::MaterialSet;
use imagine_train::trainer::{MaterialEvent, MaterialOptions, MaterialProgress, train_materials};
use indicatif::HumanDuration;
use serde_json::json;

use super::print;
use super::training::{CardArguments, Interruption, Log, TrainBackend, check_files, option_arguments, with_backend};

/// Arguments of `imagine train materials`.
#[derive(Args, Clone, Debug)]
pub struct TrainMaterials {
    /// A folder of materials (color, normal, height, roughness, ao, metallic as png or jpg), or what `imagine pack --materials`
    /// made of one.
    data: PathBuf,
    /// Generator file to write, ending in .generator.safetensors: the best by distance to held-back strips, 16-bit floats.
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
    MaterialOptions {
        /// Chooses all random numbers of the training.
        seed: u64,
        /// Updates of the weights.
        updates: u32,
        /// Channels of the generator at half the texels; cells have 4 times as many.
        width: usize,
        /// Channels of the critic at half the texels; its deepest layer has 4 times as many.
        critic_width: usize,
        /// Side of the crops in texels, a multiple of 32.
        crop: usize,
        /// Cells around a generated crop that the critic does not see.
        margin: usize,
        /// Pairs of a real and a generated crop in a batch.
        batch: usize,
        /// Batches whose gradients are added up for one update.
        accumulate: usize,
        /// Crops of one exemplar and scale that follow each other in a batch, among which generated ones find theirs.
        group: usize,
        /// Size of the gradient of patch statistics at generated crops, against that of the critic; 0 leaves it out.
        texture: f32,
        /// Most patches of a pyramid level that are compared.
        patches: usize,
        /// Updates before the critic enters; until then the generator learns from patch statistics alone.
        critic_from: u32,
        /// Learning rate of the generator.
        generator_rate: f32,
        /// Learning rate of the critic.
        critic_rate: f32,
        /// Updates until the learning rates are at their full height.
        warm_up: u32,
        /// Updates at the end over which the learning rates fall to nothing.
        cool_down: u32,
        /// Weight of the gradient penalties for a crop of 64 by 64; it grows with the crop's area.
        penalty: f32,
        /// The penalties enter every so many updates.
        penalty_every: u32,
        /// Crops over which the running mean of weights halves.
        average_images: f32,
        /// Updates between two checkpoints.
        checkpoint_every: u32,
        /// Updates between two contact sheets.
        preview_every: u32,
    }
}

impl TrainMaterials {
    /// Trains and writes the generator file.
    pub fn run(&self) -> anyhow::Result<ExitCode> {
        let holds_set = |folder: &Path| ["resume", "resume.old"].iter().any(|name| folder.join(name).is_dir());
        let folder = check_files(&self.out, self.folder.as_deref(), self.resume, holds_set)?;
        let set = MaterialSet::read(&self.data)?;
        with_backend!(self.backend, self.train(set, &folder))
    }

    fn train<A: AutodiffBackend>(
        &self,
        set: MaterialSet,
        folder: &Path,
        device: &A::Device,
    ) -> anyhow::Result<ExitCode> {
        let options = self.options.options();
        let interruption = Interruption::listen()?;
        let mut log = Log::new(options.updates, self.json, self.log_every);
        let card = self.card.card();
        train_materials::<A>(set, &options, &card, folder, device, |event| {
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

fn show(log: &mut Log, event: &MaterialEvent) {
    match event {
        MaterialEvent::Updated(progress) => log.updated(progress.update, message(progress)),
        MaterialEvent::Resumed(update) => log.resumed(*update),
        MaterialEvent::Saved { distance, best, .. } => {
            log.line(format!("{} distance {distance:.4}{}", log.update, if *best { ", the best so far" } else { "" }));
        }
        MaterialEvent::Previewed(path) => log.line(format!("sheet {}", path.display())),
    }
}

fn message(progress: &MaterialProgress) -> String {
    let MaterialProgress { loss, lead, penalty, texture, overfit, rate, .. } = progress;
    let left = HumanDuration(Duration::from_secs(progress.remaining.as_secs()));
    format!(
        "loss {loss:.3} lead {lead:.2} penalty {penalty:.3} texture {texture:.2} overfit {overfit:.2} {rate:.1} crops/s, {left} left"
    )
}
