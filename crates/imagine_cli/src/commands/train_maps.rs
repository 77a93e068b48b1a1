//! `imagine train maps`: trains a network that makes the maps of a material from a photograph.
//!
//! Ctrl-C, SIGTERM and SIGHUP stop after the current update and write a resume set; `--resume` continues.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use burn::tensor::backend::AutodiffBackend;
use clap::Args;
use imagine_train::maps::{MapsOptions, MaterialSet, train};

use super::note;
use super::training::{TrainArguments, TrainBackend, with_backend};

/// Arguments of `imagine train maps`.
#[derive(Args, Clone, Debug)]
pub struct TrainMaps {
    /// Folders with PBR sets, at any depth: a folder each, with a base colour and normals, and height, roughness and occlusion if there are any.
    #[arg(required = true)]
    data: Vec<PathBuf>,
    /// A text file whose lines begin with the name of a set to hold out: it is measured, not learned from. Default: one set in six, chosen by
    /// the hash of its name.
    #[arg(long, value_name = "LIST")]
    held_out: Option<PathBuf>,
    #[command(flatten)]
    common: TrainArguments,
    #[command(flatten)]
    options: MapsOptions,
}

impl TrainMaps {
    /// Trains and writes the generator file.
    pub fn run(&self) -> anyhow::Result<ExitCode> {
        let folder = self.common.check_files()?;
        self.options.check()?;
        let set = MaterialSet::read(&self.data, self.options.crop, self.held_out.as_deref())?;
        set.notes.iter().for_each(|text| note(format_args!("note: {text}")));
        note(format_args!("{} PBR sets to learn from, {} held back", set.trained.len(), set.held_back.len()));
        with_backend!(self.common.backend, self.train(set, &folder))
    }

    fn train<A: AutodiffBackend>(
        &self,
        set: MaterialSet,
        folder: &Path,
        device: &A::Device,
    ) -> anyhow::Result<ExitCode> {
        self.common.run_keeping_best(self.options.updates, folder, |card, report| {
            train::<A>(Arc::new(set), &self.options, card, folder, device, report)
        })
    }
}
