//! `imagine material`: one photograph of a surface becomes an endless material: it is made to tile, maps are made of it, and a generator by
//! example of those.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, bail, ensure};
use clap::Args;
use image::{DynamicImage, GrayImage, RgbImage};
use imagine_edit::input_name;
use imagine_exemplar::{Exemplar, ExemplarOptions};
use imagine_graph::file::{check_folder, make_folder};
use imagine_graph::{Extent, GraphOutput, OutputKind, Request, Size, Tensor};

use super::edited::read_one;
use super::maps::{map_maker, maps_of};
use super::train_exemplar::{ExemplarFile, write_png};
use crate::arguments::Executor;
use crate::edit::{Machine, Source};

/// Sides are cut to multiples of this before a photograph is made to tile.
const TILE_MULTIPLE: usize = 16;

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
    /// The network that makes maps: a generator file of `imagine train maps`, or an ONNX file with roles.
    #[arg(long, value_name = "FILE")]
    network: PathBuf,
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
        let maker = map_maker(&self.network)?;
        let begin = Instant::now();
        let shown = || self.photograph.display().to_string();
        let source = read_one(&self.photograph)?;
        // Twice the side of the exemplar at most, and less where pixels can be averaged.
        let source = source.reduced(source.size[0].max(source.size[1]) / self.file.side.max(1) as usize);
        let machine = Machine::open(self.backend, self.memory)?;
        let tiles = self.tiles || !self.no_tiles && tiles(&source)?;
        let (source, wraps) = match (tiles, self.no_tiles) {
            (true, _) => {
                let fits = source.size.iter().all(|side| side.is_multiple_of(TILE_MULTIPLE));
                (source, fits)
            }
            (false, true) => (source, false),
            (false, false) => {
                self.file.tell(begin, "making it tile");
                (tiled(&source, &machine).with_context(shown)?, true)
            }
        };
        self.file.tell(begin, "making maps");
        let edit = maps_of(&source, &maker, wraps).with_context(shown)?;
        let request = Request { inputs: edit.inputs, ..Request::new(edit.size, 0) };
        let made = machine.generate(&edit.loaded.generator, &request, |_, _| ()).with_context(shown)?;
        let [width, height] = source.size;
        let mut pictures = Vec::new();
        for (output, values) in &made.outputs {
            pictures.push((output.kind, picture(output, values, [width, height])?));
        }
        if let Some(folder) = &self.maps {
            make_folder(folder)?;
            for (kind, picture) in &pictures {
                write_png(&folder.join(format!("{}.png", kind.name())), &picture.to_rgb8())?;
            }
        }
        let options = ExemplarOptions {
            side: self.file.side,
            tiles: Some(tiles || wraps),
            normal: None,
            metres: self.file.metres,
        };
        let exemplar = Exemplar::from_maps(&pictures, &options).with_context(shown)?;
        self.file.make(&exemplar, begin)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Whether the edges of the base colour tell that it tiles.
fn tiles(source: &Source) -> anyhow::Result<bool> {
    let color = source.maps.iter().find(|map| map.kind == OutputKind::BaseColor).context("there is no colour")?;
    let [width, height] = source.size;
    let picture = DynamicImage::ImageRgb8(rgb(&color.values, [width, height], |value| value)?);
    let options = ExemplarOptions { side: 1024, tiles: None, normal: None, metres: None };
    Ok(Exemplar::from_maps(&[(OutputKind::BaseColor, picture)], &options)?.tiles())
}

/// The source, made to tile.
fn tiled(source: &Source, machine: &Machine) -> anyhow::Result<Source> {
    let size = source.size.map(|side| side / TILE_MULTIPLE * TILE_MULTIPLE);
    ensure!(
        size.iter().all(|side| *side >= 64),
        "{}x{} pixels: at least 64 a side are needed",
        source.size[0],
        source.size[1]
    );
    let mut source = source.cropped(size);
    source.maps.retain(|map| map.kind == OutputKind::BaseColor);
    let tile = imagine_edit::Tile::new(Extent { height: size[1], width: size[0] });
    let loaded = imagine_edit::Edit::from(tile).loaded()?;
    let map = source.maps.first_mut().context("there is no colour")?;
    let inputs = [(input_name("image", OutputKind::BaseColor), map.values.clone())].into();
    let request = Request { inputs, ..Request::new(Size::new(size[1], size[0]), 0) };
    let made = machine.generate(&loaded.generator, &request, |_, _| ())?;
    map.values = made.outputs.into_iter().next().context("nothing was made")?.1;
    Ok(source)
}

/// A map as a picture of 8 bits a channel; the upper left of the given size.
fn picture(output: &GraphOutput, values: &Tensor, size: [usize; 2]) -> anyhow::Result<DynamicImage> {
    Ok(match output.kind {
        OutputKind::Normal => rgb(values, size, |value| 0.5 + 0.5 * value)?.into(),
        OutputKind::BaseColor | OutputKind::Emissive => rgb(values, size, |value| value)?.into(),
        _ => {
            let colors = rgb(values, size, |value| value)?;
            let grey = |x, y| image::Luma([colors.get_pixel(x, y).0[0]]);
            GrayImage::from_fn(colors.width(), colors.height(), grey).into()
        }
    })
}

/// The first three channels of an image, or the only one three times.
fn rgb(values: &Tensor, [width, height]: [usize; 2], stored: impl Fn(f32) -> f32) -> anyhow::Result<RgbImage> {
    let (Some(elements), &[1, channels, rows, columns]) = (values.as_f32(), values.shape.as_slice()) else {
        bail!("expected an image");
    };
    ensure!(channels > 0 && rows >= height && columns >= width, "an image of {columns}x{rows} pixels is too small");
    let byte = |channel: usize, at: usize| {
        let value = elements[channel.min(channels - 1) * rows * columns + at];
        (stored(value).clamp(0.0, 1.0) * 255.0).round() as u8
    };
    let pixel = |x: u32, y: u32| image::Rgb([0, 1, 2].map(|channel| byte(channel, y as usize * columns + x as usize)));
    Ok(RgbImage::from_fn(width as u32, height as u32, pixel))
}
