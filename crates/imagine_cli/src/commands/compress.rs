//! `imagine compress`: stores the texels of a generator by example in fewer bits.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use imagine_exemplar::{BITS, Compression, compress};
use imagine_graph::file::{self, WeightFormat, check_place};
use serde_json::json;

use super::print;
use crate::network_file::{RoleArguments, load};

/// Arguments of `imagine compress`.
#[derive(Args, Clone, Debug)]
pub struct Compress {
    /// Generator file that `imagine train exemplar` wrote.
    file: PathBuf,
    /// Bits a texel, all maps together: 2 is small, 4 is good, 6 is hard to tell from the original.
    #[arg(long, default_value_t = 4.0, value_parser = parse_bits)]
    bits: f64,
    /// Generator file to write, ending in .generator.safetensors; it may be the same.
    #[arg(long)]
    out: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Compress {
    /// Compresses and writes the file.
    pub fn run(&self) -> anyhow::Result<ExitCode> {
        check_place(&self.out).context("--out")?;
        let mut generator = load(&self.file, &RoleArguments::default())?.generator.generator;
        let place = || self.file.display().to_string();
        let compression = compress(&mut generator, self.bits).with_context(place)?;
        let before = std::fs::metadata(&self.file).with_context(place)?.len();
        let bytes = file::write(&generator, WeightFormat::F32)?;
        file::replace(&self.out, &bytes)?;
        let after = bytes.len();
        let Compression { bits, psnr, vectors, .. } = compression;
        let out = self.out.display().to_string();
        let report = json!({
            "out": out, "bytes": after, "bytes_before": before, "bits": bits, "psnr": psnr, "vectors": vectors,
        });
        print(self.json, &report, &format!("{out}: {after} bytes (before: {before}); {}", described(&compression)))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Bits a texel, in the range that compression takes.
pub fn parse_bits(text: &str) -> Result<f64, String> {
    let bits = text.parse().ok().filter(|bits| BITS.contains(bits));
    bits.ok_or_else(|| format!("expected {} to {} bits a texel", BITS.start(), BITS.end()))
}

/// Compression in words.
pub fn described(compression: &Compression) -> String {
    format!("{:.2} bits a texel, {:.1} dB", compression.bits, compression.psnr)
}
