//! `imagine generate`: pictures from a generator file or an ONNX file, or again from the recipe in a picture.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail, ensure};
use clap::Args;
use imagine_graph::file::{self, EXTENSION, LoadedGenerator};
use imagine_graph::{Generated, GraphOutput, OutputKind, PatchIndex, Request, RequestError, Size, Tensor, generators};
use imagine_wgpu::PlanOptions;
use serde_json::json;

use super::print;
use crate::arguments::{Executor, controls, default_size, parse_patch, parse_set, parse_size, set_inputs, with_faces};
use crate::cutout::{is_color_and_alpha, with_alpha};
use crate::estimate::check_estimates;
use crate::export::Export;
use crate::file_format::{Depth, FileFormat};
use crate::files::write_folder;
use crate::gpu::open_gpu;
use crate::input_picture::{InputPicture, read_pictures, set_pictures};
use crate::ktx2_file::Compression;
use crate::layers_file::is_layers;
use crate::network_file::{RoleArguments, load, load_layers};
use crate::picture::can_show;
use crate::recipe::Recipe;
use crate::recipe_file::{self, Found};

/// Arguments of `imagine generate`.
#[derive(Args, Clone, Debug)]
pub struct Generate {
    /// Generator file, file of layers (*.layers.ron), ONNX file (roles in FILE.onnx.ron or as arguments), or the name of a built-in generator (see `imagine
    /// generators`). Optional with --from: the generator is then found by its hash beside the picture, in the current
    /// folder, in ./assets/generators, or among the built-in ones.
    #[arg(required_unless_present = "from")]
    file: Option<PathBuf>,
    #[command(flatten)]
    roles: RoleArguments,
    /// Width x height in pixels, for example 256x128. Default: the size that fits the first --image, or about 256x256.
    #[arg(long, value_parser = parse_size, value_name = "WxH")]
    size: Option<Size>,
    /// Generate the six square faces of a cubemap (+X, -X, +Y, -Y, +Z, -Z); for generators of skies.
    #[arg(long)]
    cube: bool,
    /// Generate patch X,Y of an endless world; patches have the requested size and join without a seam.
    #[arg(long, value_parser = parse_patch, value_name = "X,Y", allow_hyphen_values = true, conflicts_with_all = ["cube", "image"])]
    patch: Option<[i64; 2]>,
    /// Picture (png, jpg, webp, tif, exr or hdr) for the image input, or NAME=FILE for one of several images and masks; may be repeated. It is
    /// scaled if --size or another picture requires it.
    #[arg(long, value_name = "[NAME=]FILE")]
    image: Vec<String>,
    /// Random seed.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Value of an input; may be repeated.
    #[arg(long, value_parser = parse_set, value_name = "NAME=VALUE")]
    set: Vec<(String, String)>,
    /// Steps of a recurrent generator; the generator's own number by default.
    #[arg(long)]
    steps: Option<u32>,
    /// Where to run.
    #[arg(long, value_enum, default_value = "gpu")]
    backend: Executor,
    /// Limit in MiB of GPU memory, weights excluded. Larger images are computed in tiles, with identical results, if the
    /// receptive field of the network is bounded.
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u64).range(1..=1 << 20))]
    memory: Option<u64>,
    /// Generate the picture in this file again, from the recipe in it (png, jpg, webp, tif, exr, hdr or ktx2).
    #[arg(long, value_name = "PICTURE", conflicts_with_all = ["size", "cube", "patch", "seed", "set", "steps", "backend", "preview"])]
    from: Option<PathBuf>,
    /// Also write HDR radiance as a tone-mapped PNG, brightened by this many stops.
    #[arg(long, value_name = "STOPS", num_args = 0..=1, require_equals = true, default_missing_value = "0")]
    preview: Option<f32>,
    /// Write KTX2 files with all mip levels instead of PNG and Radiance files; a cubemap is one file. The same as --format ktx2.
    #[arg(long, conflicts_with = "format")]
    ktx2: bool,
    /// Format of the files in a folder: by default PNG, and Radiance for HDR. png, jpg, webp and tif show HDR tone-mapped.
    #[arg(long, value_enum)]
    format: Option<FileFormat>,
    /// Bits of a channel: 8 or 16 in png and tif, 16 (half floats) or 32 (floats) in exr. By default 8, but 16 for heights and in exr.
    #[arg(long, value_enum, value_name = "BITS")]
    depth: Option<Depth>,
    /// Compress KTX2 files: bc (BC7 for colours, BC5 for normals, BC4 for single values, BC6H for HDR), zstd, or both as bc,zstd.
    #[arg(long, value_enum, value_delimiter = ',')]
    compress: Vec<Compression>,
    /// A file ending in .png, .jpg, .webp, .tif, .exr, .hdr or .ktx2 for a single picture, else a folder for one file per output.
    #[arg(long)]
    out: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What to generate and how to write it.
struct Job {
    loaded: LoadedGenerator,
    request: Request,
    controls: BTreeMap<String, String>,
    /// SHA-256 of the picture files, by input.
    images: BTreeMap<String, String>,
    /// Patch `[x, y]` of a world.
    patch: Option<[i64; 2]>,
    executor: Executor,
    /// The only output to write; all if `None`.
    only: Option<String>,
    /// Whether the alpha output becomes the alpha channel of the picture.
    alpha: bool,
    export: Export,
}

impl Generate {
    /// Generates and writes the pictures.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let mut job = match &self.from {
            Some(png) => self.job_from(png)?,
            None => self.job()?,
        };
        let file_format = FileFormat::of(&self.out)?;
        let format = self.format.or(self.ktx2.then_some(FileFormat::Ktx2));
        if let (Some(named), Some(wanted)) = (file_format, format) {
            ensure!(
                named == wanted,
                "--out {}: a file of this name is {}, not {}; end the name in .{}, or give a folder",
                self.out.display(),
                named.extension(),
                wanted.extension(),
                wanted.extension()
            );
        }
        job.export.format = file_format.or(format);
        if !self.compress.is_empty() || job.export.format != Some(FileFormat::Ktx2) {
            job.export.compressions.clone_from(&self.compress);
        }
        let mut wanted = wanted(&job)?;
        // The depth of the picture that is made again holds for formats that have it.
        let format = job.export.format.unwrap_or(FileFormat::Png);
        let fits = |depth: &Depth| wanted.iter().all(|output| format.depth(output, Some(*depth)).is_ok());
        job.export.depth = self.depth.or(job.export.depth.filter(fits));
        let is_file = file_format.is_some();
        let holds_alpha = |format| !matches!(format, FileFormat::Jpg | FileFormat::Hdr | FileFormat::Ktx2);
        let is_cutout = file_format.is_some_and(holds_alpha) && is_color_and_alpha(&wanted);
        self.check_out(&job, &wanted, file_format, is_cutout)?;
        let steps = job.loaded.generator.check(&job.request)?.steps;
        let mut generated = generate(&job.loaded, &job.request, job.executor, self.memory)?;
        // Large pictures are gigabytes.
        job.request.inputs.clear();
        if is_cutout {
            job.alpha = true;
            generated = with_alpha(generated)?;
            wanted.retain(|output| output.kind == OutputKind::BaseColor);
        }
        let files = encode(&job, steps, &wanted, &generated)?;
        ensure!(
            !is_file || files.len() == 1,
            "--out is one file, but HDR and its preview are two files: give a folder"
        );
        let written = match is_file {
            true => {
                file::replace(&self.out, &files[0].1)?;
                vec![self.out.clone()]
            }
            false => write_folder(&self.out, &files)?,
        };
        let written: Vec<String> = written.iter().map(|path| path.display().to_string()).collect();
        let report = json!({ "files": written, "generator_sha256": job.loaded.hash, "seed": job.request.seed });
        print(self.json, &report, &written.join("\n"))?;
        Ok(ExitCode::SUCCESS)
    }

    /// Whether `--out` can take the pictures; asked before anything is computed.
    fn check_out(
        &self,
        job: &Job,
        wanted: &[GraphOutput],
        file_format: Option<FileFormat>,
        is_cutout: bool,
    ) -> anyhow::Result<()> {
        let is_one = |format| job.request.size.batch == 1 || format == FileFormat::Ktx2;
        if file_format.is_some_and(|format| (!is_cutout && wanted.len() > 1) || !is_one(format)) {
            let names: Vec<_> = wanted.iter().map(|output| &output.name).collect();
            let count = wanted.len() * job.request.size.batch;
            bail!("--out is one file, but the outputs {names:?} are {count} pictures: give a folder");
        }
        let is_file = file_format.is_some();
        if is_file { file::check_place(&self.out) } else { file::check_folder(&self.out) }.context("--out")?;
        wanted.iter().try_for_each(|output| job.export.check(output).map(drop))?;
        check_estimates(&self.out, &job.loaded, &job.request, job.executor, wanted, &job.export)
    }

    fn job(&self) -> anyhow::Result<Job> {
        ensure!(self.preview.is_none_or(f32::is_finite), "--preview must be a finite number of stops");
        let loaded = load(self.file.as_deref().context("no generator file was given")?, &self.roles)?;
        let pictures = read_pictures(&loaded.generator, &self.image)?;
        let size = match (self.size, pictures.first()) {
            (Some(size), _) => size,
            (None, Some(picture)) => picture.output_size(&loaded.generator)?,
            (None, None) => default_size(&loaded.generator),
        };
        let request = Request { steps: self.steps, ..request(with_faces(size, self.cube), self.seed, self.patch)? };
        let job = Job {
            controls: controls(&self.set),
            patch: self.patch,
            executor: self.backend,
            export: Export { exposure: self.preview, ..Export::default() },
            ..Job::new(loaded, request)
        };
        let from_picture = self.size.is_none() && !pictures.is_empty();
        let explain = |error: anyhow::Error| match (from_picture, error.downcast_ref()) {
            (true, _) => error.context("the size follows from the picture; --size WxH scales the picture"),
            (false, Some(RequestError::Graph(_))) => {
                error.context("the network cannot make this size; give another --size WxH")
            }
            (false, Some(RequestError::Sphere { .. })) => {
                error.context("a sky needs --cube, or a --size twice as wide as high")
            }
            (false, _) => error,
        };
        job.with_inputs(&pictures).map_err(explain)
    }

    fn job_from(&self, png: &Path) -> anyhow::Result<Job> {
        let Found { recipe, depth, compressions } = recipe_file::read(png)?;
        if let Some(edit) = &recipe.edit {
            bail!("{}: was changed by `imagine {edit}`, not generated: run that again on its source", png.display());
        }
        let loaded = match &self.file {
            Some(file) => load(file, &self.roles)?,
            None => find_generator(png, &recipe.generator_sha256)?,
        };
        let (found, expected) = (&loaded.hash, &recipe.generator_sha256);
        ensure!(
            found.eq_ignore_ascii_case(expected),
            "{}: was made by another generator file, or with other roles (SHA-256 {expected}, not {found})",
            png.display()
        );
        let pictures = read_pictures(&loaded.generator, &self.image)?;
        let request = Request { steps: Some(recipe.steps), ..request(recipe.size()?, recipe.seed, recipe.patch)? };
        let executor = recipe.executor()?;
        let job = Job {
            controls: recipe.controls,
            patch: recipe.patch,
            executor,
            only: Some(recipe.output),
            alpha: recipe.alpha,
            export: Export {
                exposure: recipe.exposure,
                is_shown: recipe.exposure.is_some(),
                depth,
                compressions,
                ..Export::default()
            },
            ..Job::new(loaded, request)
        };
        let job = job.with_inputs(&pictures)?;
        ensure!(
            job.images == recipe.images,
            "{}: was made from other pictures (SHA-256 {:?}, not {:?}); give those with --image",
            png.display(),
            recipe.images,
            job.images
        );
        Ok(job)
    }
}

impl Job {
    /// A job for `request` on the CPU: all outputs; inputs are still unset.
    fn new(loaded: LoadedGenerator, request: Request) -> Self {
        Self {
            loaded,
            request,
            controls: BTreeMap::new(),
            images: BTreeMap::new(),
            patch: None,
            executor: Executor::Cpu,
            only: None,
            alpha: false,
            export: Export::default(),
        }
    }

    /// Sets the request's inputs and checks it.
    fn with_inputs(mut self, pictures: &[InputPicture]) -> anyhow::Result<Self> {
        set_inputs(&mut self.request, &self.loaded.generator, self.controls.clone())?;
        self.images = set_pictures(&mut self.request, &self.loaded.generator, pictures)?;
        // Executors check the request too, but only after opening a device.
        self.loaded.generator.check(&self.request).with_context(|| self.loaded.name.clone())?;
        Ok(self)
    }
}

/// A request for an image, or for a patch of a world.
fn request(size: Size, seed: u64, patch: Option<[i64; 2]>) -> anyhow::Result<Request> {
    Ok(match patch {
        Some([x, y]) => Request::patch(size, seed, PatchIndex { y, x })?,
        None => Request::new(size, seed),
    })
}

/// Runs a request on the CPU, or on the GPU within `memory` MiB.
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
        Executor::Cpu => Ok(imagine_cpu::generate(&loaded.generator, request, &imagine_cpu::Options::default())?),
    }
}

/// The outputs that files can show.
fn wanted(job: &Job) -> anyhow::Result<Vec<GraphOutput>> {
    let all = &job.loaded.generator.generator.output.outputs;
    let named = |output: &&GraphOutput| {
        let is_alpha = job.alpha && output.kind == OutputKind::Alpha;
        is_alpha || job.only.as_ref().is_none_or(|only| *only == output.name)
    };
    let is_picture = |output: &&GraphOutput| can_show(output) || output.kind == OutputKind::Radiance;
    let wanted: Vec<GraphOutput> = all.iter().filter(named).filter(is_picture).cloned().collect();
    ensure!(!wanted.is_empty(), "{}: {}", job.loaded.name, no_picture(&job.loaded, job.request.size));
    Ok(wanted)
}

/// Why no output is a picture, and what to type.
fn no_picture(loaded: &LoadedGenerator, size: Size) -> String {
    let graph = &loaded.generator.output;
    let shape = |index: usize| {
        let bound = graph.bind(size).ok()?;
        Some(bound.value_type(graph.outputs()[index]).shape.clone())
    };
    let names = graph.graph().outputs.iter().enumerate();
    let maps = names.filter_map(|(index, output)| Some((&output.name, shape(index)?)));
    let told = maps.map(|(name, shape)| match shape[..] {
        [_, channels, ..] if shape.len() == 4 => format!("output {name:?} has {channels} channels"),
        _ => format!("output {name:?} has shape {shape:?}"),
    });
    let told: Vec<String> = told.collect();
    let first = graph.graph().outputs.first().map(|output| output.name.as_str()).unwrap_or_default();
    format!(
        "has no output that a picture can show: {}. Say which channels are which map, as in --output {first}/0..3=base_color \
         --output {first}/3=alpha",
        told.join(", ")
    )
}

fn encode(
    job: &Job,
    steps: u32,
    wanted: &[GraphOutput],
    generated: &Generated,
) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let mut recipe = Recipe::new(&job.loaded, &job.request, steps, job.executor);
    (recipe.controls, recipe.images) = (job.controls.clone(), job.images.clone());
    (recipe.patch, recipe.alpha) = (job.patch, job.alpha);
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    for (output, tensor) in generated.outputs.iter().filter(|(output, _)| wanted.contains(output)) {
        recipe.output.clone_from(&output.name);
        let images = images(tensor)?;
        let is_whole = job.export.format == Some(FileFormat::Ktx2);
        let parts: Vec<&[Tensor]> = if is_whole { vec![&images] } else { images.chunks(1).collect() };
        for (index, part) in parts.iter().enumerate() {
            let face = FACES.get(index).filter(|_| parts.len() > 1).copied().unwrap_or_default();
            for (extension, bytes) in job.export.encode(output, part, &recipe)? {
                add(&mut files, &format!("{}{face}", file_name(&output.name)), extension, bytes);
            }
        }
    }
    Ok(files)
}

/// Suffixes of file names for the faces of a cubemap, in the order of the batch.
const FACES: [&str; 6] = ["_px", "_nx", "_py", "_ny", "_pz", "_nz"];

/// Splits a batch into batches of one.
fn images(tensor: &Tensor) -> anyhow::Result<Vec<Tensor>> {
    let (Some(values), [batch, rest @ ..]) = (tensor.as_f32(), tensor.shape.as_slice()) else {
        bail!("expected floats, found {}", tensor.tensor_type());
    };
    let shape: Vec<usize> = [&[1], rest].concat();
    let count = values.len() / (*batch).max(1);
    Ok(values.chunks(count.max(1)).map(|image| Tensor::f32(shape.clone(), image)).collect())
}

/// Adds a file under a unique name.
fn add(files: &mut Vec<(String, Vec<u8>)>, name: &str, extension: &str, bytes: Vec<u8>) {
    let mut file = format!("{name}.{extension}");
    if files.iter().any(|(other, _)| *other == file) {
        file = format!("{}_{file}", files.len());
    }
    files.push((file, bytes));
}

/// A safe file name without extension: output names come from files of unknown origin.
fn file_name(output: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || c == '_' || c == '-' { c } else { '_' };
    output.chars().take(60).map(safe).collect()
}

/// Finds the generator with this hash beside `png`, in the current folder, in `assets/generators`, or among the built-in ones.
fn find_generator(png: &Path, hash: &str) -> anyhow::Result<LoadedGenerator> {
    let beside = png.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folders = [beside, Path::new("."), Path::new("assets/generators")];
    for entry in folders.iter().filter_map(|folder| folder.read_dir().ok()).flatten().flatten() {
        let path = entry.path();
        let loaded = match path.to_string_lossy() {
            name if name.ends_with(EXTENSION) => file::load(&path).ok(),
            _ if is_layers(&path) => load_layers(&path).ok(),
            _ => None,
        };
        if let Some(loaded) = loaded
            && loaded.hash.eq_ignore_ascii_case(hash)
        {
            return Ok(loaded);
        }
    }
    let mut built_in = generators::names().filter_map(generators::load);
    if let Some(found) = built_in.find(|loaded| loaded.hash.eq_ignore_ascii_case(hash)) {
        return Ok(found);
    }
    bail!(
        "no generator file with SHA-256 {hash} beside the picture, in the current folder or in assets/generators: give the file as an argument"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_output_names_stay_in_the_folder() {
        assert_eq!(file_name("base_color"), "base_color");
        assert_eq!(file_name("../../etc/x.y"), "______etc_x_y");
        assert_eq!(file_name(&"x".repeat(300)).len(), 60);
    }
}
