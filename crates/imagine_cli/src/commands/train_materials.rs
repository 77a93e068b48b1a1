//! `imagine train materials`: trains a generator of PBR materials in kinds.
//!
//! Ctrl-C, SIGTERM and SIGHUP stop after the current update and write a resume set; `--resume` continues.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use burn::tensor::backend::AutodiffBackend;
use clap::Args;
use imagine_train::material::{MaterialOptions, MaterialSet, train};

use super::material_data;
use super::training::{TrainArguments, TrainBackend, with_backend};
use crate::arguments::MapArguments;

/// Arguments of `imagine train materials`.
#[derive(Args, Clone, Debug)]
pub struct TrainMaterials {
    /// A folder of materials (color, normal, height, roughness, ao, metallic as png, jpg, webp, tif, exr or hdr), or a pack that
    /// `imagine pack --materials` made of one.
    data: PathBuf,
    #[command(flatten)]
    maps: MapArguments,
    #[command(flatten)]
    common: TrainArguments,
    #[command(flatten)]
    options: MaterialOptions,
}

impl TrainMaterials {
    /// Trains and writes the generator file.
    pub fn run(&self) -> anyhow::Result<ExitCode> {
        let folder = self.common.check_files()?;
        let set = material_data::read(&self.data, &self.maps)?;
        with_backend!(self.common.backend, self.train(set, &folder))
    }

    fn train<A: AutodiffBackend>(
        &self,
        set: MaterialSet,
        folder: &Path,
        device: &A::Device,
    ) -> anyhow::Result<ExitCode> {
        self.common.run_keeping_best(self.options.gan.updates, folder, |card, report| {
            train::<A>(set, &self.options, card, folder, device, report)
        })
    }
}
