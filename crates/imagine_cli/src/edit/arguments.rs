//! The arguments of all commands that edit pictures.

use std::path::PathBuf;

use clap::Args;

use crate::arguments::{Executor, MapArguments};
use crate::file_format::{Depth, FileFormat};
use crate::ktx2_file::Compression;

/// What is edited, where, and how it is written.
#[derive(Args, Clone, Debug)]
pub struct EditArguments {
    /// Pictures (png, jpg, webp, tif, exr or hdr), folders of pictures, or folders with the maps of a material, which are edited together.
    #[arg(required = true, value_name = "IN")]
    pub(super) inputs: Vec<PathBuf>,
    /// A file ending in .png, .jpg, .webp, .tif, .exr or .ktx2 for one picture, else a folder. Pictures keep their names in it, a material's
    /// maps are base_color, normal and so on; a folder of pictures and each of several materials get a folder of their own.
    #[arg(long)]
    pub(super) out: PathBuf,
    /// Take every picture of a folder by itself, also where their names are those of a material's maps.
    #[arg(long)]
    pub(super) each: bool,
    /// Where to run.
    #[arg(long, value_enum, default_value = "gpu")]
    pub(super) backend: Executor,
    /// Limit in MiB of GPU memory, weights excluded. Larger pictures are computed in tiles, with identical results, if the edit looks at a
    /// bounded part of the picture.
    #[arg(long, value_name = "MIB", default_value_t = 512, value_parser = clap::value_parser!(u64).range(1..=1 << 20))]
    pub(super) memory: u64,
    /// Format of the files in a folder; by default that of the picture, and png for the maps of a material.
    #[arg(long, value_enum)]
    pub(super) format: Option<FileFormat>,
    /// Bits of a channel: 8 or 16 in png and tif, 16 (half floats) or 32 (floats) in exr. By default as in the picture.
    #[arg(long, value_enum, value_name = "BITS")]
    pub(super) depth: Option<Depth>,
    /// Compress KTX2 files: bc, zstd, or both as bc,zstd.
    #[arg(long, value_enum, value_delimiter = ',')]
    pub(super) compress: Vec<Compression>,
    #[command(flatten)]
    pub(super) maps: MapArguments,
    /// Print JSON, and no progress.
    #[arg(long)]
    pub(super) json: bool,
}
