//! `imagine train texture`: trains a living texture on one picture or one material folder.
//!
//! Ctrl-C, SIGTERM and SIGHUP stop after the current update and write a resume set; `--resume` continues.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, anyhow};
use burn::tensor::backend::AutodiffBackend;
use clap::Args;
use imagine_exemplar::folder::find_maps;
use imagine_graph::{Generator, file};
use imagine_train::data::only_trained;
use imagine_train::living::{Automaton, Event, Exemplar, ExemplarOptions, Progress, TextureOptions, train};
use serde_json::json;

use super::training::{Format, Interruption, Log, TrainArguments, TrainBackend, resumable, time_left, with_backend};
use super::{note, print};
use crate::arguments::MapArguments;
use crate::room::check_room;

/// Arguments of `imagine train texture`.
#[derive(Args, Clone, Debug)]
pub struct TrainTexture {
    /// A picture, or a folder of maps (png, jpg, webp, tif, exr or hdr), named as ambientCG, Poly Haven, Substance and others do:
    /// color or albedo, normal, roughness or gloss, height, ao, metallic, or packed as arm or orm.
    exemplar: PathBuf,
    #[command(flatten)]
    maps: MapArguments,
    /// Pixels along the exemplar's shorter side after scaling.
    #[arg(long, default_value_t = ExemplarOptions::default().side)]
    side: u32,
    /// A living texture to start from, in place of random weights. It sets --channels, --hidden and --grain.
    #[arg(long, value_name = "GENERATOR")]
    from: Option<PathBuf>,
    /// The exemplar does not tile.
    #[arg(long)]
    no_tiles: bool,
    /// How weights are stored.
    #[arg(long, value_enum, default_value = "f32")]
    format: Format,
    #[command(flatten)]
    common: TrainArguments,
    #[command(flatten)]
    options: TextureOptions,
}

impl TrainTexture {
    /// Trains and writes the generator file.
    pub fn run(&self) -> anyhow::Result<ExitCode> {
        let folder = self.common.check_files()?;
        let normal = self.maps.normal(&self.exemplar)?;
        let exemplar = ExemplarOptions { side: self.side, tiles: !self.no_tiles, normal };
        if self.exemplar.is_dir() {
            note(only_trained(find_maps(&self.exemplar)?).to_string().trim_end());
        }
        let exemplar = Exemplar::load(&self.exemplar, &exemplar)?;
        exemplar.notes.iter().for_each(|text| note(format_args!("note: {text}")));
        let start = self.from.as_deref().map(file::load).transpose()?;
        let mut options = self.options.clone();
        if let Some(start) = &start {
            let automaton = Automaton::of(&start.generator.generator)
                .map_err(|reason| anyhow!("--from {}: {reason}", start.name))?;
            (options.channels, options.hidden) = (automaton.channels, automaton.hidden);
            options.grain = automaton.grain;
        }
        let start = start.as_ref().map(|start| &start.generator.generator);
        with_backend!(self.common.backend, self.train(&exemplar, &options, start, &folder))
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
        let mut log = self.common.log(options.updates);
        let card = self.common.card.card();
        let mut room = Ok(());
        let generator = train::<A>(exemplar, options, start, &card, Some(folder), device, |event| {
            if let Event::Planned { bytes } = event {
                room = check_room(folder, bytes);
            }
            show(&mut log, &event);
            if room.is_ok() { interruption.flow() } else { ControlFlow::Break(()) }
        })
        .map_err(|error| resumable(error, folder))?;
        room.context("--folder")?;
        if let Some(code) = log.finish(folder) {
            return Ok(code);
        }
        let out = &self.common.out;
        file::save(out, &generator, self.format.into())?;
        let loss = generator.card.metrics.get("training_loss");
        let report = json!({ "out": out.display().to_string(), "updates": log.update, "training_loss": loss });
        print(self.common.json, &report, &format!("wrote {}", out.display()))?;
        Ok(ExitCode::SUCCESS)
    }
}

fn show(log: &mut Log, event: &Event) {
    match event {
        Event::Updated(Progress { update, transport, sliced, rate, remaining, .. }) => {
            let left = time_left(*remaining);
            log.updated(*update, format!("transport {transport:.4} sliced {sliced:.4} {rate:.2}/s, {left}"));
        }
        Event::Resumed(update) => log.resumed(*update),
        Event::Reverted { update, rate_scale } => {
            log.line(format!("the loss was not finite: back to update {update}, learning rate x {rate_scale}"));
        }
        Event::Planned { .. } | Event::Saved(_) => {}
        Event::Previewed(path) => log.line(format!("preview {}", path.display())),
    }
}
