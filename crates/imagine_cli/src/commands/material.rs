//! `imagine material`: one photograph of a surface becomes an endless material: it is made to tile, maps are made of it, and a generator by
//! example of those.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, bail};
use clap::Args;
use image::{DynamicImage, RgbImage};
use imagine_exemplar::{ExemplarOptions, Photograph, PhotographStep};
use imagine_graph::file::{check_folder, make_folder};
use imagine_graph::{OutputKind, Request, ValidGenerator};

use super::edited::read_one;
use super::maps::MakerArguments;
use super::train_exemplar::{ExemplarFile, write_png};
use crate::arguments::Executor;
use crate::edit::{Machine, Source};

/// Arguments of `imagine material`.
#[derive(Args, Clone, Debug)]
pub struct MakeMaterial {
    /// A photograph of a surface, taken from the front: png, jpg, webp, tif, exr or hdr.
    photograph: PathBuf,
    /// The photograph tiles already. By default its edges tell.
    #[arg(long)]
    tiles: bool,
    /// Leave the photograph as it is even if it does not tile.
    #[arg(long, conflicts_with = "tiles")]
    no_tiles: bool,
    /// A folder for the maps as pictures, too.
    #[arg(long, value_name = "FOLDER")]
    maps: Option<PathBuf>,
    #[command(flatten)]
    maker: MakerArguments,
    /// Where to run.
    #[arg(long, value_enum, default_value = "gpu")]
    backend: Executor,
    /// Limit in MiB of GPU memory, weights excluded.
    #[arg(long, value_name = "MIB", default_value_t = 512, value_parser = clap::value_parser!(u64).range(1..=1 << 20))]
    memory: u64,
    #[command(flatten)]
    file: ExemplarFile,
}

impl MakeMaterial {
    /// Makes the generator file.
    pub fn run(&self) -> anyhow::Result<ExitCode> {
        self.file.check()?;
        self.maps.as_ref().map_or(Ok(()), check_folder).context("--maps")?;
        let maker = self.maker.maker()?;
        let begin = Instant::now();
        let shown = || self.photograph.display().to_string();
        let picture = color(&read_one(&self.photograph)?)?;
        let machine = Machine::open(self.backend, self.memory)?;
        let tiles = if self.tiles { Some(true) } else { self.no_tiles.then_some(false) };
        let options = ExemplarOptions { side: self.file.side, tiles, normal: None, metres: self.file.metres };
        let photograph = Photograph { picture, maker, relief: self.maker.relief };
        let run = |step, generator: &ValidGenerator, request: &Request| -> anyhow::Result<_> {
            self.file.tell(begin, if step == PhotographStep::Tile { "making it tile" } else { "making maps" });
            machine.generate(generator, request, |_, _| ())
        };
        let maps = photograph.maps(&options, run).with_context(shown)?;
        if let Some(folder) = &self.maps {
            make_folder(folder)?;
            for (kind, picture) in &maps.pictures {
                write_png(&folder.join(format!("{}.png", kind.name())), &picture.to_rgb8())?;
            }
        }
        let exemplar = maps.exemplar(&options).with_context(shown)?;
        self.file.make(&exemplar, begin)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The base colour as a picture.
fn color(source: &Source) -> anyhow::Result<DynamicImage> {
    let color = source.maps.iter().find(|map| map.kind == OutputKind::BaseColor).context("there is no colour")?;
    let (Some(values), &[1, channels, rows, columns]) = (color.values.as_f32(), color.values.shape.as_slice()) else {
        bail!("expected an image");
    };
    let byte = |channel: usize, at: usize| {
        let value = values[channel.min(channels - 1) * rows * columns + at];
        (value.clamp(0.0, 1.0) * 255.0).round() as u8
    };
    let pixel = |x: u32, y: u32| image::Rgb([0, 1, 2].map(|k| byte(k, y as usize * columns + x as usize)));
    Ok(RgbImage::from_fn(columns as u32, rows as u32, pixel).into())
}
