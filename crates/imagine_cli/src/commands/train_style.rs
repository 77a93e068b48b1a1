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
use imagine_edit::{InStyle, Restyle, input_name};
use imagine_graph::file::{LoadedGenerator, check_folder, make_folder};
use imagine_graph::{Extent, OutputKind, Request, Size, Tensor};
use imagine_train::core::write_png;
use imagine_train::data::TrainingPicture;
use imagine_train::style::{PairedPicture, StyleOptions, StyleSet, train};

use super::note;
use super::restyle::style;
use super::training::{TrainArguments, TrainBackend, with_backend};
use crate::arguments::Executor;
use crate::edit::{Machine, Source, find};

/// Longer side of a picture that is painted, at most.
const SIDE: usize = 480;
/// GPU memory of a picture that is painted, in MiB.
const MEMORY: u64 = 512;

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
        with_backend!(self.common.backend, self.train(set, &folder))
    }

    fn train<A: AutodiffBackend>(&self, set: StyleSet, folder: &Path, device: &A::Device) -> anyhow::Result<ExitCode> {
        self.common.run_keeping_best(self.options.updates, folder, |card, report| {
            train::<A>(Arc::new(set), &self.options, card, folder, device, report)
        })
    }

    /// All pictures, painted; those that an earlier run has painted are read.
    fn pairs(&self, style: &Arc<LoadedGenerator>, folder: &Path) -> anyhow::Result<Vec<PairedPicture>> {
        let found = find(&self.data, true)?;
        let painted = folder.join("painted");
        check_folder(&painted)?;
        make_folder(&painted)?;
        let machine = Machine::open(self.paint, MEMORY)?;
        let mut pairs = Vec::new();
        for (index, one) in found.iter().enumerate() {
            let source = one.read(None)?;
            let source = source.reduced(source.size[0].max(source.size[1]).div_ceil(SIDE));
            let [width, height] = source.size.map(|side| side / 2 * 2);
            if width.min(height) < self.options.crop {
                note(format_args!("note: {} is too small and left out", one.path().display()));
                continue;
            }
            let source = source.cropped([width, height]);
            let color = source.maps.iter().find(|map| map.kind == OutputKind::BaseColor).context("no base colour")?;
            // The same picture in the same style is painted once.
            let name = format!("{}_{}", &color.hash[..16], &style.hash[..8]);
            let files = ["content", "painted"].map(|what| painted.join(format!("{name}_{what}.png")));
            if !files.iter().all(|file| file.exists()) {
                note(format_args!("painting {} of {}: {}", index + 1, found.len(), one.path().display()));
                let made = paint(&machine, style, &source, &color.values)?;
                write_png(&files[0], &picture(&color.values)?)?;
                write_png(&files[1], &picture(&made)?)?;
            }
            let [content, painted] = files.map(|file| TrainingPicture::read(&file));
            pairs.push(PairedPicture { content: content?, painted: painted? });
        }
        Ok(pairs)
    }
}

/// The picture in the style.
fn paint(machine: &Machine, style: &Arc<LoadedGenerator>, source: &Source, color: &Tensor) -> anyhow::Result<Tensor> {
    let [width, height] = source.size;
    let options = Restyle::new(Extent { height, width });
    let loaded = imagine_edit::Edit::from(InStyle { style: style.clone(), options }).loaded()?;
    let inputs = BTreeMap::from([(input_name("image", OutputKind::BaseColor), color.clone())]);
    let request = Request { inputs, ..Request::new(Size::new(height, width), 0) };
    let made = machine.generate(&loaded.generator, &request, |_, _| ())?;
    let (_, made) = made.outputs.into_iter().next().context("the style made nothing")?;
    Ok(made)
}

/// Bytes of an image of three channels.
fn picture(image: &Tensor) -> anyhow::Result<image::RgbImage> {
    let values = image.as_f32().context("expected floats")?;
    let &[1, 3, height, width] = image.shape.as_slice() else { anyhow::bail!("expected three channels") };
    ensure!(values.len() == 3 * height * width, "expected {height} x {width} pixels");
    let byte =
        |channel: usize, at: usize| (values[channel * height * width + at].clamp(0.0, 1.0) * 255.0).round() as u8;
    let pixel = |x: u32, y: u32| image::Rgb([0, 1, 2].map(|channel| byte(channel, y as usize * width + x as usize)));
    Ok(image::RgbImage::from_fn(width as u32, height as u32, pixel))
}
