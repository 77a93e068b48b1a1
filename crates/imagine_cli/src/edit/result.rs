//! The files of one result.

use anyhow::{Context, bail};
use imagine_graph::file::{make_folder, replace};
use imagine_graph::{Generated, GraphOutput, OutputKind, Tensor};

use super::place::Place;
use super::source::Source;
use super::task::Edit;
use crate::cutout::with_alpha;
use crate::export::Export;
use crate::file_format::{Depth, FileFormat};
use crate::files::write_folder;
use crate::ktx2_file::Compression;
use crate::recipe::Recipe;

/// How results are written.
#[derive(Clone, Debug)]
pub struct Writing {
    /// Bits of a channel; as in the source if `None`.
    pub depth: Option<Depth>,
    /// How KTX2 files are compressed.
    pub compressions: Vec<Compression>,
}

impl Writing {
    /// Writes what an edit made of `source`; returns the paths.
    pub fn write(
        &self,
        place: &Place,
        source: &Source,
        edit: &Edit,
        made: Generated,
        recipe: &Recipe,
    ) -> anyhow::Result<Vec<String>> {
        let shown = |path: &std::path::Path| path.display().to_string();
        match place {
            Place::File(path, format) => {
                let (output, image) = one_picture(source, made, *format)?;
                let bytes = self.encode(Some(*format), source, edit, &output, image, recipe)?.1;
                if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
                    make_folder(folder)?;
                }
                replace(path, &bytes)?;
                Ok(vec![shown(path)])
            }
            Place::Folder(folder, format) => {
                let mut files = Vec::new();
                for (output, image) in made.outputs {
                    let (extension, bytes) = self.encode(*format, source, edit, &output, image, recipe)?;
                    files.push((format!("{}.{extension}", output.kind.name()), bytes));
                }
                Ok(write_folder(folder, &files)?.iter().map(|path| shown(path)).collect())
            }
        }
    }

    fn encode(
        &self,
        format: Option<FileFormat>,
        source: &Source,
        edit: &Edit,
        output: &GraphOutput,
        image: Tensor,
        recipe: &Recipe,
    ) -> anyhow::Result<(&'static str, Vec<u8>)> {
        let mut export = Export { format, compressions: self.compressions.clone(), ..Export::default() };
        export.carried.clone_from(&source.carried);
        let format = export.check(output)?;
        let own = source.maps.iter().find(|map| map.kind == output.kind).map(|map| map.depth);
        export.depth = match self.depth {
            Some(depth) => Some(depth),
            None => own.filter(|depth| format.depth(output, Some(*depth)).is_ok()),
        };
        let recipe = Recipe { output: output.name.clone(), alpha: image.shape.get(1) == Some(&4), ..recipe.clone() };
        let files = export.encode(output, &[image], &recipe).with_context(|| edit.name.to_string())?;
        files.into_iter().next().context("no file was made")
    }
}

/// The result of a picture as one picture: with its alpha, and grey if it was.
fn one_picture(source: &Source, made: Generated, format: FileFormat) -> anyhow::Result<(GraphOutput, Tensor)> {
    let is_transparent = made.outputs.iter().any(|(output, _)| output.kind == OutputKind::Alpha);
    if is_transparent && matches!(format, FileFormat::Jpg | FileFormat::Ktx2) {
        bail!("{} files have no alpha, and this picture has: use png, webp, tif or exr", format.extension());
    }
    let made = if is_transparent { with_alpha(made)? } else { made };
    let color = made.outputs.into_iter().find(|(output, _)| output.kind == OutputKind::BaseColor);
    let (output, image) = color.context("the edit made no base colour")?;
    let image = if source.is_grey { grey(&image).context("expected a colour")? } else { image };
    Ok((output, image))
}

/// The mean of the channels.
fn grey(image: &Tensor) -> Option<Tensor> {
    let (values, &[1, 3, height, width]) = (image.as_f32()?, image.shape.as_slice()) else { return None };
    let area = height * width;
    let mean = |at: usize| (values[at] + values[area + at] + values[2 * area + at]) / 3.0;
    Some(Tensor::f32([1, 1, height, width], (0..area).map(mean).collect::<Vec<_>>()))
}
