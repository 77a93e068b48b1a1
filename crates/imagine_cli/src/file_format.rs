//! Formats of exported files: which extension is which, and how many bits a channel can have.

use std::path::Path;

use anyhow::{bail, ensure};
use clap::ValueEnum;
use imagine_graph::{GraphOutput, OutputKind};

/// A format in which pictures are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FileFormat {
    /// PNG, 8 or 16 bits.
    Png,
    /// JPEG, 8 bits, lossy, without alpha.
    #[value(alias = "jpeg")]
    Jpg,
    /// WebP, 8 bits, lossless.
    Webp,
    /// TIFF, 8 or 16 bits.
    #[value(alias = "tiff")]
    Tif,
    /// OpenEXR, half or float; colours and radiance are linear light.
    Exr,
    /// Radiance RGBE, for HDR only.
    Hdr,
    /// KTX2 with all mip levels.
    Ktx2,
}

/// Extensions of pictures and textures that are not written: a folder of such a name is never meant.
const UNKNOWN: [&str; 16] =
    ["avif", "bmp", "dds", "gif", "heic", "heif", "ico", "jp2", "jxl", "ktx", "pdf", "pfm", "ppm", "psd", "svg", "tga"];

/// Bits of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Depth {
    /// 8 bits.
    #[value(name = "8")]
    Eight,
    /// 16 bits; half floats in OpenEXR.
    #[value(name = "16")]
    Sixteen,
    /// 32-bit floats.
    #[value(name = "32")]
    Float,
}

impl FileFormat {
    /// The format that the name of a file asks for; `None` if it is a folder's. Fails if the name is that of a picture of another
    /// format.
    pub fn of(path: &Path) -> anyhow::Result<Option<Self>> {
        let Some(extension) = path.extension().map(|extension| extension.to_string_lossy().to_lowercase()) else {
            return Ok(None);
        };
        if path.is_dir() {
            return Ok(None);
        }
        if UNKNOWN.contains(&&*extension) {
            let known = Self::value_variants().iter().map(|format| format.extension()).collect::<Vec<_>>();
            bail!("{}: {extension} files are not written; end the name in {known:?}, or give a folder", path.display());
        }
        Ok(Self::from_str(&extension, true).ok())
    }

    /// Extension of its files.
    pub fn extension(self) -> &'static str {
        match self {
            FileFormat::Png => "png",
            FileFormat::Jpg => "jpg",
            FileFormat::Webp => "webp",
            FileFormat::Tif => "tif",
            FileFormat::Exr => "exr",
            FileFormat::Hdr => "hdr",
            FileFormat::Ktx2 => "ktx2",
        }
    }

    /// Whether it keeps HDR radiance.
    pub fn keeps_radiance(self) -> bool {
        matches!(self, FileFormat::Exr | FileFormat::Hdr | FileFormat::Ktx2)
    }

    /// Bits of a channel for an output: `wanted`, or 16 for heights where they fit. Fails if the format has no such depth.
    pub fn depth(self, output: &GraphOutput, wanted: Option<Depth>) -> anyhow::Result<Depth> {
        let depths: &[Depth] = match self {
            FileFormat::Png | FileFormat::Tif => &[Depth::Eight, Depth::Sixteen],
            FileFormat::Exr => &[Depth::Sixteen, Depth::Float],
            FileFormat::Jpg | FileFormat::Webp | FileFormat::Hdr | FileFormat::Ktx2 => &[Depth::Eight],
        };
        let Some(wanted) = wanted else {
            let is_deep = output.kind == OutputKind::Height && depths.contains(&Depth::Sixteen);
            return Ok(if is_deep { Depth::Sixteen } else { depths[0] });
        };
        let names = depths.iter().map(|depth| crate::arguments::name(*depth)).collect::<Vec<_>>();
        ensure!(
            depths.contains(&wanted),
            "--depth {}: {} files have {} bits a channel",
            crate::arguments::name(wanted),
            self.extension(),
            names.join(" or ")
        );
        Ok(wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_formats_and_folders() {
        let of = |name: &str| FileFormat::of(Path::new(name));
        for (name, format) in [("a/x.PNG", FileFormat::Png), ("x.jpeg", FileFormat::Jpg), ("x.tiff", FileFormat::Tif)] {
            assert_eq!(of(name).unwrap(), Some(format), "{name}");
        }
        for format in FileFormat::value_variants() {
            assert_eq!(of(&format!("x.{}", format.extension())).unwrap(), Some(*format));
        }
        for folder in ["out", "out/v1.2", "maps.final", "x.", ".png"] {
            assert_eq!(of(folder).unwrap(), None, "{folder}");
        }
        let message = of("out/x.tga").unwrap_err().to_string();
        assert!(message.contains("out/x.tga: tga files are not written") && message.contains("\"png\""), "{message}");
    }

    #[test]
    fn heights_have_sixteen_bits_where_they_fit() {
        let height = GraphOutput::new("h", OutputKind::Height);
        let color = GraphOutput::new("c", OutputKind::BaseColor);
        assert_eq!(FileFormat::Png.depth(&height, None).unwrap(), Depth::Sixteen);
        assert_eq!(FileFormat::Png.depth(&height, Some(Depth::Eight)).unwrap(), Depth::Eight);
        assert_eq!(FileFormat::Png.depth(&color, None).unwrap(), Depth::Eight);
        assert_eq!(FileFormat::Exr.depth(&color, None).unwrap(), Depth::Sixteen);
        assert_eq!(FileFormat::Jpg.depth(&height, None).unwrap(), Depth::Eight);
        let message = FileFormat::Png.depth(&color, Some(Depth::Float)).unwrap_err().to_string();
        assert_eq!(message, "--depth 32: png files have 8 or 16 bits a channel");
    }
}
