//! `imagine generate`: pictures from a generator file or an ONNX file, or from the recipe in a picture.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail, ensure};
use burn::backend::Flex;
use clap::Args;
use imagine_graph::file::{self, EXTENSION, LoadedGenerator};
use imagine_graph::{Generated, GraphOutput, OutputKind, Request, Size, Tensor, generators};
use imagine_wgpu::PlanOptions;
use serde_json::json;

use super::{open_gpu, print};
use crate::arguments::{Executor, controls, parse_patch, parse_set, parse_size, set_inputs, with_faces};
use crate::hdr;
use crate::input_picture::{InputPicture, read_pictures, set_pictures};
use crate::ktx2_file;
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
    /// Generator file, ONNX file with its roles in FILE.onnx.ron or as arguments, or the name of a generator built in code
    /// (see `imagine generators`). With --from it may be left out: then it is looked for, by its hash, among generator files
    /// beside the picture, here and in ./assets/generators, and among those built in code.
    #[arg(required_unless_present = "from")]
    file: Option<PathBuf>,
    #[command(flatten)]
    roles: RoleArguments,
    /// Width x height of what is made, in pixels, as in 256x128. If left out, what fits the first picture of --image, else
    /// about 256x256.
    #[arg(long, value_parser = parse_size, value_name = "WxH")]
    size: Option<Size>,
    /// Makes the six square faces of a cubemap, for generators of directions: +X, -X, +Y, -Y, +Z, -Z.
    #[arg(long)]
    cube: bool,
    /// Makes patch X,Y of an endless world, whose patches have the size that is asked for and meet without a seam.
    #[arg(long, value_parser = parse_patch, value_name = "X,Y", allow_hyphen_values = true, conflicts_with_all = ["cube", "image"])]
    patch: Option<[i64; 2]>,
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
    /// Most MiB of the GPU's memory for everything but weights. An image that needs more is made in tiles, which changes no bit, if
    /// the network sees only a part of the image from each pixel.
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u64).range(1..=1 << 20))]
    memory: Option<u64>,
    /// Makes the picture again that this PNG file shows, from the recipe in it.
    #[arg(long, value_name = "PNG", conflicts_with_all = ["size", "cube", "patch", "seed", "set", "steps", "backend", "preview"])]
    from: Option<PathBuf>,
    /// Also shows HDR radiance as a tone-mapped PNG, this many stops brighter.
    #[arg(long, value_name = "STOPS", num_args = 0..=1, require_equals = true, default_missing_value = "0")]
    preview: Option<f32>,
    /// Writes KTX2 files with all mips instead of PNG and Radiance files; a cubemap is one file.
    #[arg(long)]
    ktx2: bool,
    /// A file ending in .png, .hdr or .ktx2 for a single picture, else a folder that gets one file for each: PNG files,
    /// Radiance files for HDR, or KTX2 files with --ktx2.
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
    /// The patch of a world, `[x, y]`.
    patch: Option<[i64; 2]>,
    executor: Executor,
    /// The only output wanted; all if `None`.
    only: Option<String>,
    /// Stops by which HDR is made brighter to show it, if it is shown.
    exposure: Option<f32>,
    /// Whether HDR is written as it is.
    keeps_hdr: bool,
    /// Whether KTX2 files are written.
    ktx2: bool,
}

impl Generate {
    /// Makes the pictures.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let mut order = match &self.from {
            Some(png) => self.order_from(png)?,
            None => self.order()?,
        };
        order.ktx2 = self.ktx2 || self.ends_in("ktx2");
        let wanted = wanted(&order)?;
        let is_file = ["png", "hdr", "ktx2"].iter().any(|end| self.ends_in(end)) && !self.out.is_dir();
        ensure!(!(is_file && self.ktx2) || self.ends_in("ktx2"), "--ktx2 writes no {}", self.out.display());
        if is_file && (wanted.len() > 1 || (order.request.size.batch > 1 && !order.ktx2)) {
            let names: Vec<_> = wanted.iter().map(|output| &output.name).collect();
            bail!("--out is one file, but there are several pictures of outputs {names:?}: give a folder");
        }
        let generated = generate(&order.loaded, &order.request, order.executor, self.memory)?;
        let files = encode(&order, &wanted, &generated)?;
        ensure!(!is_file || files.len() == 1, "--out is one file, but HDR and its preview are two: give a folder");
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
        ensure!(self.preview.is_none_or(f32::is_finite), "--preview: a number of stops expected");
        let loaded = load(self.file.as_deref().context("a generator file is needed")?, &self.roles)?;
        let pictures = read_pictures(&loaded.generator, &self.image)?;
        let size = match (self.size, pictures.first()) {
            (Some(size), _) => Some(size),
            (None, Some(picture)) => picture.size_made()?,
            (None, None) => None,
        };
        let size = size.unwrap_or_else(|| loaded.generator.generator.size.nearest(DEFAULT_SIZE));
        let request = Request { steps: self.steps, ..request(with_faces(size, self.cube), self.seed, self.patch)? };
        let is_png = self.ends_in("png");
        let order = Order {
            controls: controls(&self.set),
            patch: self.patch,
            executor: self.backend,
            exposure: if is_png { Some(self.preview.unwrap_or(0.0)) } else { self.preview },
            keeps_hdr: !is_png,
            ..Order::new(loaded, request)
        };
        let from_picture = self.size.is_none() && !pictures.is_empty();
        let told = |error: anyhow::Error| match from_picture {
            true => error.context("the size is that of the picture; --size WxH scales it"),
            false => error,
        };
        order.with(&pictures).map_err(told)
    }

    fn ends_in(&self, extension: &str) -> bool {
        self.out.extension().is_some_and(|found| found.eq_ignore_ascii_case(extension))
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
        let request = Request { steps: Some(recipe.steps), ..request(recipe.size()?, recipe.seed, recipe.patch)? };
        let executor = recipe.executor()?;
        let order = Order {
            controls: recipe.controls,
            patch: recipe.patch,
            executor,
            only: Some(recipe.output),
            exposure: recipe.exposure,
            ..Order::new(loaded, request)
        };
        let order = order.with(&pictures)?;
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
    /// All outputs of `request` on the CPU, without controls and pictures, HDR not written.
    fn new(loaded: LoadedGenerator, request: Request) -> Self {
        let (controls, images) = (BTreeMap::new(), BTreeMap::new());
        Self {
            loaded,
            request,
            controls,
            images,
            patch: None,
            executor: Executor::Cpu,
            only: None,
            exposure: None,
            keeps_hdr: false,
            ktx2: false,
        }
    }

    /// With the values of its inputs.
    fn with(mut self, pictures: &[InputPicture]) -> anyhow::Result<Self> {
        set_inputs(&mut self.request, &self.loaded.generator, self.controls.clone())?;
        self.images = set_pictures(&mut self.request, &self.loaded.generator, pictures)?;
        // The executors check it too, but only after a device was opened.
        self.loaded.generator.check(&self.request).with_context(|| self.loaded.name.clone())?;
        Ok(self)
    }
}

/// The request for a tiling image, or for a patch of a world.
fn request(size: Size, seed: u64, patch: Option<[i64; 2]>) -> anyhow::Result<Request> {
    Ok(match patch {
        Some([x, y]) => Request::patch(size, seed, [y, x])?,
        None => Request::new(size, seed),
    })
}

/// Fulfils a request on the CPU, or on the GPU within `memory` MiB.
fn generate(
    loaded: &LoadedGenerator,
    request: &Request,
    executor: Executor,
    memory: Option<u64>,
) -> anyhow::Result<Generated> {
    match executor {
        Executor::Gpu => {
            let gpu = open_gpu()?;
            let arena_bytes = memory.map_or(u64::MAX, |mib| mib << 20);
            let gpu = gpu.with_options(PlanOptions { arena_bytes, ..gpu.options() });
            Ok(gpu.generate(&loaded.generator, request)?)
        }
        Executor::Cpu => Ok(imagine_burn::generate::<Flex>(&loaded.generator, request, &Default::default())?),
    }
}

/// The outputs to write.
fn wanted(order: &Order) -> anyhow::Result<Vec<GraphOutput>> {
    let all = &order.loaded.generator.generator.output.outputs;
    let named = |output: &&GraphOutput| order.only.as_ref().is_none_or(|only| *only == output.name);
    let is_picture = |output: &&GraphOutput| can_show(output) || output.kind == OutputKind::Radiance;
    let wanted: Vec<GraphOutput> = all.iter().filter(named).filter(is_picture).cloned().collect();
    ensure!(!wanted.is_empty(), "{}: no output that a picture can show", order.loaded.name);
    Ok(wanted)
}

fn encode(order: &Order, wanted: &[GraphOutput], generated: &Generated) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let steps = order.loaded.generator.check(&order.request)?.steps;
    let mut recipe = Recipe::new(&order.loaded, &order.request, steps, order.executor);
    (recipe.controls, recipe.images) = (order.controls.clone(), order.images.clone());
    recipe.patch = order.patch;
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    for (output, tensor) in generated.outputs.iter().filter(|(output, _)| wanted.contains(output)) {
        recipe.output.clone_from(&output.name);
        let images = images(tensor)?;
        if order.ktx2 {
            add(&mut files, &file_name(&output.name), "ktx2", ktx2_file::encode(output, &images, &recipe)?);
            continue;
        }
        for (index, image) in images.iter().enumerate() {
            let face = FACES.get(index).filter(|_| images.len() > 1).copied().unwrap_or_default();
            let name = format!("{}{face}", file_name(&output.name));
            if output.kind != OutputKind::Radiance {
                add(&mut files, &name, "png", png_file::encode(&picture(output, image)?, &recipe)?);
                continue;
            }
            if order.keeps_hdr {
                add(&mut files, &name, "hdr", hdr::encode(output, image, &recipe)?);
            }
            if let Some(stops) = order.exposure {
                recipe.exposure = Some(stops);
                add(&mut files, &name, "png", png_file::encode(&hdr::tone_map(output, image, stops)?, &recipe)?);
                recipe.exposure = None;
            }
        }
    }
    Ok(files)
}

/// The faces of a cubemap in the order of the batch, as ends of file names.
const FACES: [&str; 6] = ["_px", "_nx", "_py", "_ny", "_pz", "_nz"];

/// The images of a batch, each as a batch of one.
fn images(tensor: &Tensor) -> anyhow::Result<Vec<Tensor>> {
    let (Some(values), [batch, rest @ ..]) = (tensor.as_f32(), tensor.shape.as_slice()) else {
        bail!("floats expected, found {}", tensor.tensor_type());
    };
    let shape: Vec<usize> = [&[1], rest].concat();
    let count = values.len() / (*batch).max(1);
    Ok(values.chunks(count.max(1)).map(|image| Tensor::f32(shape.clone(), image)).collect())
}

/// Adds a file under a name that no other has.
fn add(files: &mut Vec<(String, Vec<u8>)>, name: &str, extension: &str, bytes: Vec<u8>) {
    let mut file = format!("{name}.{extension}");
    if files.iter().any(|(other, _)| *other == file) {
        file = format!("{}_{file}", files.len());
    }
    files.push((file, bytes));
}

/// A file name without extension for an output, whose name comes from a stranger's file: no folder, nothing hidden, nothing special.
fn file_name(output: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || c == '_' || c == '-' { c } else { '_' };
    output.chars().take(60).map(safe).collect()
}

/// The generator with this hash: a file beside `png`, in the current folder or in its `assets/generators`, or built in code.
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
    let mut built = generators::ALL.iter().filter_map(|(name, _)| generators::load(name));
    if let Some(found) = built.find(|built| built.hash.eq_ignore_ascii_case(hash)) {
        return Ok(found);
    }
    bail!("no generator file with SHA-256 {hash} beside the picture, here or in assets/generators: name it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strangers_output_name_stays_in_the_folder() {
        assert_eq!(file_name("base_color"), "base_color");
        assert_eq!(file_name("../../etc/x.y"), "______etc_x_y");
        assert_eq!(file_name(&"x".repeat(300)).len(), 60);
    }
}
