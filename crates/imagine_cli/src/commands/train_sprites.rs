//! `imagine train sprites`: trains a generator of sprites with classes and prompts.
//!
//! Ctrl-C, SIGTERM and SIGHUP stop after the current update and write a resume set; `--resume` continues.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use burn::tensor::backend::AutodiffBackend;
use clap::Args;
use imagine_train::sprite::{SpriteNetworks, SpriteOptions, SpriteSet, train};

use super::training::{TrainArguments, TrainBackend, with_backend};

/// Arguments of `imagine train sprites`.
#[derive(Args, Clone, Debug)]
pub struct TrainSprites {
    /// A folder with a folder of PNG files per class, or a pack that `imagine pack` made of one.
    data: PathBuf,
    /// Class to leave out; may be repeated.
    #[arg(long)]
    leave_out: Vec<String>,
    #[command(flatten)]
    common: TrainArguments,
    #[command(flatten)]
    options: SpriteOptions,
}

impl TrainSprites {
    /// Trains and writes the generator file.
    pub fn run(&self) -> anyhow::Result<ExitCode> {
        let folder = self.common.check_files()?;
        let set = SpriteSet::read(&self.data, &self.leave_out)?;
        with_backend!(self.common.backend, self.train(set, &folder))
    }

    fn train<A: AutodiffBackend>(&self, set: SpriteSet, folder: &Path, device: &A::Device) -> anyhow::Result<ExitCode> {
        let networks = SpriteNetworks::default();
        self.common.run_keeping_best(self.options.gan.updates, folder, |card, report| {
            train::<A>(set, networks, &self.options, card, folder, device, report)
        })
    }
}
