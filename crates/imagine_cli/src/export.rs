//! Which files an output becomes.

use anyhow::{Context, bail};
use imagine_graph::{GraphOutput, OutputKind, Tensor};
use imagine_png::{Carried, Picture};

use crate::file_format::{Depth, FileFormat};
use crate::ktx2_file::Compression;
use crate::picture::picture;
use crate::recipe::Recipe;
use crate::{exr_file, hdr, jpeg_file, ktx2_file, png_file, tiff_file, webp_file};

/// How outputs are written.
#[derive(Clone, Debug, Default)]
pub struct Export {
    /// The format of all files; `None`: PNG, and Radiance for HDR.
    pub format: Option<FileFormat>,
    /// Bits of a channel; `None`: as the format and the output have them.
    pub depth: Option<Depth>,
    /// How KTX2 files are compressed.
    pub compressions: Vec<Compression>,
    /// Stops by which to brighten a tone-mapped picture of HDR, which is then written beside the HDR file.
    pub exposure: Option<f32>,
    /// Whether HDR is only shown, tone-mapped, and not kept.
    pub is_shown: bool,
    /// What is kept of the picture that was edited.
    pub carried: Carried,
}

impl Export {
    /// The format of an output's own file. Fails if it cannot hold the output.
    pub fn check(&self, output: &GraphOutput) -> anyhow::Result<FileFormat> {
        let is_radiance = output.kind == OutputKind::Radiance;
        let format = match self.format {
            Some(format) => format,
            None if is_radiance && !self.is_shown => FileFormat::Hdr,
            None => FileFormat::Png,
        };
        if format == FileFormat::Hdr && !is_radiance {
            bail!(
                "output {:?} is {}, not HDR radiance, which alone a hdr file holds: use png or exr",
                output.name,
                output.kind.name()
            );
        }
        format.depth(output, self.depth).with_context(|| format!("output {:?}", output.name))?;
        let is_tone_mapped = is_radiance && !format.keeps_radiance();
        if is_tone_mapped && self.depth.is_some_and(|depth| depth != Depth::Eight) {
            bail!("output {:?}: tone-mapped pictures have 8 bits a channel; exr keeps all of HDR", output.name);
        }
        if format == FileFormat::Ktx2 && self.exposure.is_some() && !self.is_shown {
            bail!("output {:?}: a preview lies beside hdr and exr files only; leave out --preview", output.name);
        }
        if format != FileFormat::Ktx2 && !self.compressions.is_empty() {
            bail!("--compress is for KTX2 files: add --ktx2, or end the name in .ktx2");
        }
        Ok(format)
    }

    /// Bytes that a file takes at least for so many samples of an output, if it is no plain colour.
    pub fn least_bytes(&self, output: &GraphOutput, samples: u64) -> anyhow::Result<u64> {
        let format = self.check(output)?;
        let bytes = match format.depth(output, self.depth)? {
            Depth::Eight => samples,
            Depth::Sixteen => samples.saturating_mul(2),
            Depth::Float => samples.saturating_mul(4),
        };
        let has = |compression| self.compressions.contains(&compression);
        Ok(match format {
            FileFormat::Jpg => bytes / 64,
            FileFormat::Ktx2 => {
                bytes / if has(Compression::Bc) { 4 } else { 1 } / if has(Compression::Zstd) { 8 } else { 1 }
            }
            FileFormat::Png | FileFormat::Webp | FileFormat::Tif | FileFormat::Exr | FileFormat::Hdr => bytes / 8,
        })
    }

    /// The files of one image, or of all faces of a cubemap: extensions and bytes.
    pub fn encode(
        &self,
        output: &GraphOutput,
        images: &[Tensor],
        recipe: &Recipe,
    ) -> anyhow::Result<Vec<(&'static str, Vec<u8>)>> {
        let format = self.check(output)?;
        let first = images.first().with_context(|| format!("output {:?}: no image", output.name))?;
        if output.kind != OutputKind::Radiance {
            return Ok(vec![(format.extension(), self.map(format, output, images, recipe)?)]);
        }
        if !format.keeps_radiance() {
            return Ok(vec![(format.extension(), tone_mapped(format, output, first, self.exposure, recipe)?)]);
        }
        let bytes = match format {
            FileFormat::Hdr => hdr::encode(output, first, recipe)?,
            _ => self.map(format, output, images, recipe)?,
        };
        let mut files = vec![(format.extension(), bytes)];
        if self.exposure.is_some() && !self.is_shown {
            files.push(("png", tone_mapped(FileFormat::Png, output, first, self.exposure, recipe)?));
        }
        Ok(files)
    }

    fn map(
        &self,
        format: FileFormat,
        output: &GraphOutput,
        images: &[Tensor],
        recipe: &Recipe,
    ) -> anyhow::Result<Vec<u8>> {
        let depth = format.depth(output, self.depth)?;
        match format {
            FileFormat::Ktx2 => ktx2_file::encode(output, images, &self.compressions, recipe),
            FileFormat::Exr => exr_file::encode(output, &images[0], depth, recipe),
            _ => integers(format, &picture(output, &images[0], depth)?, recipe, &self.carried),
        }
    }
}

/// HDR as a picture of 8 bits, brightened by `exposure` stops.
fn tone_mapped(
    format: FileFormat,
    output: &GraphOutput,
    image: &Tensor,
    exposure: Option<f32>,
    recipe: &Recipe,
) -> anyhow::Result<Vec<u8>> {
    let stops = exposure.unwrap_or(0.0);
    let recipe = Recipe { exposure: Some(stops), ..recipe.clone() };
    integers(format, &hdr::tone_map(output, image, stops)?, &recipe, &Carried::default())
}

fn integers(format: FileFormat, picture: &Picture, recipe: &Recipe, carried: &Carried) -> anyhow::Result<Vec<u8>> {
    match format {
        FileFormat::Png => png_file::encode(picture, recipe, carried),
        FileFormat::Jpg => jpeg_file::encode(picture, recipe, carried),
        FileFormat::Webp => webp_file::encode(picture, recipe, carried),
        FileFormat::Tif => tiff_file::encode(picture, recipe, carried),
        FileFormat::Exr | FileFormat::Hdr | FileFormat::Ktx2 => {
            bail!("{} files hold no picture of integers", format.extension())
        }
    }
}
