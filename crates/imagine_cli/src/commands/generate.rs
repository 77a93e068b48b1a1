//! `imagine generate`: pictures from a generator file or an ONNX file, or from the recipe in a picture.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail, ensure};
use burn::backend::Flex;
use clap::Args;
use imagine_graph::file::{self, EXTENSION, LoadedGenerator};
use imagine_graph::{Generated, GraphOutput, Request, Size};
use serde_json::json;

use super::{open_gpu, print};
use crate::arguments::{Executor, controls, parse_set, parse_size, set_inputs};
use crate::input_picture::{InputPicture, read_pictures, set_pictures};
use crate::network_file::{RoleArguments, load};
use crate::output_files::{write_file, write_folder};
use crate::picture::{can_show, picture};
use crate::png_file;
use crate::recipe::Recipe;

/// What is made if nothing says a size, or the nearest size that there is.
const DEFAULT_SIZE: Size = Size { batch: 1, height: 256, width: 256 };

/// Arguments of `imagine generate`.
#[derive(Args, Clone, Debug)]
pub struct Generate {
    /// Generator file, or ONNX file with its roles in FILE.onnx.ron or as arguments. With --from it may be left out: then
    /// it is looked for among generator files, by its hash, beside the picture, here and in ./assets/generators.
    #[arg(required_unless_present = "from")]
    file: Option<PathBuf>,
    #[command(flatten)]
    roles: RoleArguments,
    /// Width x height of what is made, in pixels, as in 256x128. If left out, what fits the first picture of --image, else
    /// about 256x256.
    #[arg(long, value_parser = parse_size, value_name = "WxH")]
    size: Option<Size>,
    /// Picture (png or jpg) for the image input, or NAME=FILE for one of several images and masks; may be repeated. It is
    /// scaled where --size or another picture asks for it.
    #[arg(long, value_name = "[NAME=]FILE")]
    image: Vec<String>,
    /// Chooses one of many results.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Value of an input; may be repeated.
    #[arg(long, value_parser = parse_set, value_name = "NAME=VALUE")]
    set: Vec<(String, String)>,
    /// Steps of a recurrent generator; the file's own number if left out.
    #[arg(long)]
    steps: Option<u32>,
    /// Where to run.
    #[arg(long, value_enum, default_value = "gpu")]
    backend: Executor,
    /// Makes the picture again that this PNG file shows, from the recipe in it.
    #[arg(long, value_name = "PNG", conflicts_with_all = ["size", "seed", "set", "steps", "backend"])]
    from: Option<PathBuf>,
    /// A file ending in .png for a single output, else a folder that gets one PNG file for each output.
    #[arg(long)]
    out: PathBuf,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

/// What has to be made.
struct Order {
    loaded: LoadedGenerator,
    request: Request,
    controls: BTreeMap<String, String>,
    /// SHA-256 of the files of pictures that were given, by input.
    images: BTreeMap<String, String>,
    executor: Executor,
    /// The only output wanted; all if `None`.
    only: Option<String>,
}

impl Generate {
    /// Makes the pictures.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let order = match &self.from {
            Some(png) => self.order_from(png)?,
            None => self.order()?,
        };
        let wanted = wanted(&order)?;
        let is_file = self.out.extension().is_some_and(|e| e.eq_ignore_ascii_case("png")) && !self.out.is_dir();
        if is_file && wanted.len() > 1 {
            let names: Vec<_> = wanted.iter().map(|output| &output.name).collect();
            bail!("--out is one file, but the generator has several outputs {names:?}: give a folder");
        }
        let generated = generate(&order.loaded, &order.request, order.executor)?;
        let files = encode(&order, &wanted, &generated)?;
        let written = match is_file {
            true => {
                write_file(&self.out, &files[0].1)?;
                vec![self.out.clone()]
            }
            false => write_folder(&self.out, &files)?,
        };
        let written: Vec<String> = written.iter().map(|path| path.display().to_string()).collect();
        let report = json!({ "files": written, "generator_sha256": order.loaded.hash, "seed": order.request.seed });
        print(self.json, &report, &written.join("\n"));
        Ok(ExitCode::SUCCESS)
    }

    fn order(&self) -> anyhow::Result<Order> {
        let loaded = load(self.file.as_deref().context("a generator file is needed")?, &self.roles)?;
        let pictures = read_pictures(&loaded.generator, &self.image)?;
        let size = match (self.size, pictures.first()) {
            (Some(size), _) => Some(size),
            (None, Some(picture)) => picture.size_made()?,
            (None, None) => None,
        };
        let size = size.unwrap_or_else(|| loaded.generator.generator.size.nearest(DEFAULT_SIZE));
        let request = Request { steps: self.steps, ..Request::new(size, self.seed) };
        let (controls, executor) = (controls(&self.set), self.backend);
        let order = Order { loaded, request, controls, images: BTreeMap::new(), executor, only: None };
        let from_picture = self.size.is_none() && !pictures.is_empty();
        let told = |error: anyhow::Error| match from_picture {
            true => error.context("the size is that of the picture; --size WxH scales it"),
            false => error,
        };
        order.with(&pictures).map_err(told)
    }

    fn order_from(&self, png: &Path) -> anyhow::Result<Order> {
        let recipe = png_file::read_recipe(png)?;
        let loaded = match &self.file {
            Some(file) => load(file, &self.roles)?,
            None => find_generator(png, &recipe.generator_sha256)?,
        };
        let (found, expected) = (&loaded.hash, &recipe.generator_sha256);
        ensure!(
            found.eq_ignore_ascii_case(expected),
            "{}: made by another generator file, or with other roles (SHA-256 {expected}, not {found})",
            png.display()
        );
        let pictures = read_pictures(&loaded.generator, &self.image)?;
        let request = Request { steps: Some(recipe.steps), ..Request::new(recipe.size()?, recipe.seed) };
        let executor = recipe.executor()?;
        let (controls, only) = (recipe.controls, Some(recipe.output));
        let order = Order { loaded, request, controls, images: BTreeMap::new(), executor, only }.with(&pictures)?;
        ensure!(
            order.images == recipe.images,
            "{}: made from other pictures (SHA-256 {:?}, not {:?}): give them with --image",
            png.display(),
            recipe.images,
            order.images
        );
        Ok(order)
    }
}

impl Order {
    /// With the values of its inputs.
    fn with(mut self, pictures: &[InputPicture]) -> anyhow::Result<Self> {
        set_inputs(&mut self.request, &self.loaded.generator, self.controls.clone())?;
        self.images = set_pictures(&mut self.request, &self.loaded.generator, pictures)?;
        // The executors check it too, but only after a device was opened.
        self.loaded.generator.resolve(&self.request).with_context(|| self.loaded.name.clone())?;
        Ok(self)
    }
}

/// Fulfils a request on the GPU or on the CPU.
pub fn generate(loaded: &LoadedGenerator, request: &Request, executor: Executor) -> anyhow::Result<Generated> {
    match executor {
        Executor::Gpu => Ok(open_gpu()?.generate(&loaded.generator, request)?),
        Executor::Cpu => Ok(imagine_burn::generate::<Flex>(&loaded.generator, request, &Default::default())?),
    }
}

/// The outputs to write.
fn wanted(order: &Order) -> anyhow::Result<Vec<GraphOutput>> {
    let all = &order.loaded.generator.generator.output.outputs;
    let named = |output: &&GraphOutput| order.only.as_ref().is_none_or(|only| *only == output.name);
    let wanted: Vec<GraphOutput> = all.iter().filter(named).filter(|output| can_show(output)).cloned().collect();
    ensure!(!wanted.is_empty(), "{}: no output that an 8-bit picture can show", order.loaded.name);
    Ok(wanted)
}

fn encode(order: &Order, wanted: &[GraphOutput], generated: &Generated) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let steps = order.loaded.generator.resolve(&order.request)?.steps;
    let mut recipe = Recipe::new(&order.loaded, &order.request, steps, order.executor);
    (recipe.controls, recipe.images) = (order.controls.clone(), order.images.clone());
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    for (output, tensor) in generated.outputs.iter().filter(|(output, _)| wanted.contains(output)) {
        recipe.output.clone_from(&output.name);
        let mut name = file_name(&output.name);
        if files.iter().any(|(other, _)| *other == name) {
            name = format!("{}_{name}", files.len());
        }
        files.push((name, png_file::encode(&picture(output, tensor)?, &recipe)?));
    }
    Ok(files)
}

/// A file name for an output, whose name comes from a stranger's file: no folder, nothing hidden, nothing special.
fn file_name(output: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || c == '_' || c == '-' { c } else { '_' };
    let name: String = output.chars().take(60).map(safe).collect();
    format!("{name}.png")
}

/// The generator file with this hash beside `png`, in the current folder or in its `assets/generators`.
fn find_generator(png: &Path, hash: &str) -> anyhow::Result<LoadedGenerator> {
    let beside = png.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folders = [beside, Path::new("."), Path::new("assets/generators")];
    for entry in folders.iter().filter_map(|folder| folder.read_dir().ok()).flatten().flatten() {
        let path = entry.path();
        if path.to_string_lossy().ends_with(EXTENSION)
            && let Ok(loaded) = file::load(&path)
            && loaded.hash.eq_ignore_ascii_case(hash)
        {
            return Ok(loaded);
        }
    }
    bail!("no generator file with SHA-256 {hash} beside the picture, here or in assets/generators: name it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strangers_output_name_stays_in_the_folder() {
        assert_eq!(file_name("base_color"), "base_color.png");
        assert_eq!(file_name("../../etc/x.y"), "______etc_x_y.png");
        assert_eq!(file_name(&"x".repeat(300)).len(), 64);
    }
}
