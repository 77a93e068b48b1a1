//! `imagine train style`: trains a small network that paints what a camera sees, on pictures that are painted by example first.
//!
//! Ctrl-C, SIGTERM and SIGHUP stop after the current picture or update; `--resume` continues the updates, and painted pictures are kept.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, ensure};
use burn::tensor::backend::AutodiffBackend;
use clap::Args;
use image::{Rgb, RgbImage};
use imagine_edit::{InStyle, Restyle, input_name};
use imagine_graph::file::{LoadedGenerator, check_folder, hash, make_folder};
use imagine_graph::{Card, Extent, OutputKind, Provenance, Request, Size, Tensor};
use imagine_train::core::write_png;
use imagine_train::data::TrainingPicture;
use imagine_train::style::{PairedPicture, StyleOptions, StyleSet, train};

use super::note;
use super::restyle::style;
use super::training::{TrainArguments, TrainBackend, with_backend};
use crate::arguments::Executor;
use crate::edit::{Machine, Source, find, part};

/// Sides of the squares that pictures are cut into.
const SQUARE: usize = 256;
/// Squares along a sheet, at most. The squares of a sheet are painted as one picture: the tones of a painting depend on those of the whole picture, which a
/// network does not see.
const SHEET: usize = 6;
/// GPU memory of a sheet that is painted, in MiB.
const MEMORY: u64 = 2048;

/// Arguments of `imagine train style`.
#[derive(Args, Clone, Debug)]
pub struct TrainStyle {
    /// The style: a generator by example, or the name of one in assets/styles. `imagine train exemplar PAINTING` makes one in seconds.
    #[arg(value_name = "NAME|FILE")]
    style: PathBuf,
    /// Folders of pictures like those that the camera will see; repeat it for several.
    #[arg(long, required = true)]
    data: Vec<PathBuf>,
    /// Where pictures are painted.
    #[arg(long, value_enum, default_value = "cpu")]
    paint: Executor,
    #[command(flatten)]
    common: TrainArguments,
    #[command(flatten)]
    options: StyleOptions,
}

impl TrainStyle {
    /// Paints, trains and writes the generator file.
    pub fn run(&self) -> anyhow::Result<ExitCode> {
        let folder = self.common.check_files()?;
        self.options.check()?;
        let style = Arc::new(style(&self.style)?);
        let pairs = self.pairs(&style, &folder)?;
        let set = StyleSet::new(pairs, self.options.crop)?;
        note(format_args!("{} pictures to learn from, {} held back", set.trained.len(), set.held_back.len()));
        let style = &style.generator.generator.card.training_data;
        with_backend!(self.common.backend, self.train(set, style, &folder))
    }

    fn train<A: AutodiffBackend>(
        &self,
        set: StyleSet,
        style: &[Provenance],
        folder: &Path,
        device: &A::Device,
    ) -> anyhow::Result<ExitCode> {
        self.common.run_keeping_best(self.options.updates, folder, |card, report| {
            // The painting, after the pictures.
            let training_data = [&card.training_data, style].concat();
            let card = Card { training_data, ..card.clone() };
            train::<A>(Arc::new(set), &self.options, &card, folder, device, report)
        })
    }

    /// Squares of all pictures, painted, those of a picture together; sheets that an earlier run has painted are read.
    fn pairs(&self, style: &Arc<LoadedGenerator>, folder: &Path) -> anyhow::Result<Vec<Vec<PairedPicture>>> {
        let (mut squares, mut of_picture) = (Vec::new(), Vec::new());
        for one in find(&self.data, true)? {
            let cut = squares_of(&one.read(None)?)?;
            if cut.is_empty() {
                note(format_args!(
                    "note: {} is left out: its sides have to be at least {SQUARE} pixels",
                    one.path().display()
                ));
            } else {
                of_picture.push(cut.len());
                squares.extend(cut);
            }
        }
        let painted = folder.join("painted");
        check_folder(&painted)?;
        make_folder(&painted)?;
        let machine = Machine::open(self.paint, MEMORY)?;
        let sheets = squares.len().div_ceil(SHEET * SHEET);
        let mut pairs: Vec<Option<PairedPicture>> = squares.iter().map(|_| None).collect();
        for number in 0..sheets {
            // Squares of one picture lie on different sheets.
            let listed: Vec<usize> = (number..squares.len()).step_by(sheets).collect();
            let across = listed.len().isqrt() + usize::from(listed.len().isqrt().pow(2) < listed.len());
            let sheet = sheet(&listed.iter().map(|index| &squares[*index]).collect::<Vec<_>>(), across);
            let name = format!("{}_{}", &hash(sheet.as_raw())[..16], &style.hash[..8]);
            let files = ["content", "painted"].map(|what| painted.join(format!("{name}_{what}.png")));
            if !files.iter().all(|file| file.exists()) {
                note(format_args!("painting {} of {sheets}: {} squares", number + 1, listed.len()));
                write_png(&files[0], &sheet)?;
                write_png(&files[1], &paint(&machine, style, &sheet)?)?;
            }
            let [content, painted] = files.map(|file| TrainingPicture::read(&file));
            let (content, painted) = (content?, painted?);
            for (cell, index) in listed.into_iter().enumerate() {
                let corner = [cell / across, cell % across].map(|at| at * SQUARE);
                let [content, painted] = [&content, &painted].map(|of| of.cropped(corner, [SQUARE; 2]));
                pairs[index] = Some(PairedPicture { content, painted });
            }
        }
        let mut pairs = pairs.into_iter().flatten();
        Ok(of_picture.into_iter().map(|count| pairs.by_ref().take(count).collect()).collect())
    }
}

/// Squares of a picture: its middle, and the middle of each quarter at twice the resolution if there is that much.
fn squares_of(source: &Source) -> anyhow::Result<Vec<RgbImage>> {
    let base = |source: &Source| {
        let color = source.maps.iter().find(|map| map.kind == OutputKind::BaseColor);
        color.map(|map| map.values.clone()).context("no base colour")
    };
    let factor = source.size[0].min(source.size[1]) / SQUARE;
    if factor == 0 {
        return Ok(Vec::new());
    }
    let mut squares = vec![picture(&base(&source.reduced(factor).cropped([SQUARE; 2]))?)?];
    if factor >= 2 {
        let larger = source.reduced(factor / 2);
        let [width, height] = larger.size;
        let color = base(&larger)?;
        for [row, column] in [[1, 1], [1, 3], [3, 1], [3, 3]] {
            let middle = [height * row / 4, width * column / 4];
            squares.push(picture(&part(&color, middle.map(|at| at - SQUARE / 2), [SQUARE; 2]))?);
        }
    }
    Ok(squares)
}

/// Squares side by side, `across` in a row and as many rows; the first ones again where there are too few.
fn sheet(squares: &[&RgbImage], across: usize) -> RgbImage {
    let side = (across * SQUARE) as u32;
    let mut sheet = RgbImage::new(side, side);
    for cell in 0..across * across {
        let [x, y] = [cell % across, cell / across].map(|at| (at * SQUARE) as i64);
        image::imageops::replace(&mut sheet, squares[cell % squares.len()], x, y);
    }
    sheet
}

/// A sheet in the style.
fn paint(machine: &Machine, style: &Arc<LoadedGenerator>, sheet: &RgbImage) -> anyhow::Result<RgbImage> {
    let side = sheet.width() as usize;
    let planes = (0..3).flat_map(|channel| sheet.pixels().map(move |pixel| f32::from(pixel.0[channel]) / 255.0));
    let color = Tensor::f32([1, 3, side, side], planes.collect::<Vec<_>>());
    let options = Restyle::new(Extent::splat(side));
    let loaded = imagine_edit::Edit::from(InStyle { style: style.clone(), options }).loaded()?;
    let inputs = BTreeMap::from([(input_name("image", OutputKind::BaseColor), color)]);
    let request = Request { inputs, ..Request::new(Size::new(side, side), 0) };
    let made = machine.generate(&loaded.generator, &request, |_, _| ())?;
    let (_, made) = made.outputs.into_iter().next().context("the style made nothing")?;
    picture(&made)
}

/// Bytes of an image of three channels.
fn picture(image: &Tensor) -> anyhow::Result<RgbImage> {
    let values = image.as_f32().context("expected floats")?;
    let &[1, 3, height, width] = image.shape.as_slice() else { anyhow::bail!("expected three channels") };
    ensure!(values.len() == 3 * height * width, "expected {height} x {width} pixels");
    let byte =
        |channel: usize, at: usize| (values[channel * height * width + at].clamp(0.0, 1.0) * 255.0).round() as u8;
    let pixel = |x: u32, y: u32| Rgb([0, 1, 2].map(|channel| byte(channel, y as usize * width + x as usize)));
    Ok(RgbImage::from_fn(width as u32, height as u32, pixel))
}
