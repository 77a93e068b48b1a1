//! `imagine train upscale`: trains a network that enlarges pictures.
//!
//! Ctrl-C, SIGTERM and SIGHUP stop after the current update and write a resume set; `--resume` continues.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use burn::tensor::backend::AutodiffBackend;
use clap::Args;
use imagine_train::data::PictureSet;
use imagine_train::upscale::{UpscaleOptions, train};

use super::note;
use super::training::{TrainArguments, TrainBackend, with_backend};

/// Arguments of `imagine train upscale`.
#[derive(Args, Clone, Debug)]
pub struct TrainUpscale {
    /// Folders of pictures (png, jpg, webp, tif, exr or hdr), searched with the folders inside them: your game's textures and art. Of PBR
    /// sets the colour maps are used.
    #[arg(required = true)]
    data: Vec<PathBuf>,
    /// A text file whose lines begin with the SHA-256 of a picture to hold out: it is measured, not learned from. Default: one picture in
    /// ten, chosen by its hash.
    #[arg(long, value_name = "LIST")]
    held_out: Option<PathBuf>,
    /// Folder of another training of the same network and size, with any factor, to start from in place of random weights.
    #[arg(long, value_name = "TRAINING")]
    from: Option<PathBuf>,
    #[command(flatten)]
    common: TrainArguments,
    #[command(flatten)]
    options: UpscaleOptions,
}

impl TrainUpscale {
    /// Trains and writes the generator file.
    pub fn run(&self) -> anyhow::Result<ExitCode> {
        let folder = self.common.check_files()?;
        self.options.check()?;
        let set = PictureSet::read(&self.data, self.options.crop, self.held_out.as_deref())?;
        set.notes.iter().for_each(|text| note(format_args!("note: {text}")));
        note(format_args!("{} pictures to learn from, {} held back", set.trained.len(), set.held_back.len()));
        with_backend!(self.common.backend, self.train(set, &folder))
    }

    fn train<A: AutodiffBackend>(
        &self,
        set: PictureSet,
        folder: &Path,
        device: &A::Device,
    ) -> anyhow::Result<ExitCode> {
        self.common.run_keeping_best(self.options.updates, folder, |card, report| {
            train::<A>(Arc::new(set), &self.options, self.from.as_deref(), card, folder, device, report)
        })
    }
}
