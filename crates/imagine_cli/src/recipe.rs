//! The recipe in an exported file: everything needed to generate it again.
//!
//! It contains no date, path or host, so that equal requests give equal bytes.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use clap::ValueEnum;
use imagine_graph::file::LoadedGenerator;
use imagine_graph::generators::Origin;
use imagine_graph::{Request, Size, generators};
use imagine_png::{MAX_RECIPE_BYTES, Source, xmp_with_recipe};
use serde::{Deserialize, Serialize};

use crate::arguments::{Executor, name, parse_size, with_faces};

/// How to generate one picture again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// SHA-256 in hexadecimal of the generator file, or of what `imagine import` writes for the ONNX file.
    pub generator_sha256: String,
    /// Whether its outputs are texels of an exemplar, rearranged.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_example: bool,
    /// Whether all layers are formulas.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub formulas: bool,
    /// Name of the output shown.
    pub output: String,
    /// Whether the alpha output is the picture's alpha channel.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub alpha: bool,
    /// Random seed.
    pub seed: u64,
    /// Width and height in pixels, as `256x128`.
    pub size: String,
    /// Steps of a recurrent generator; 0 for others.
    pub steps: u32,
    /// Inputs that were set, as typed.
    pub controls: BTreeMap<String, String>,
    /// SHA-256 in hexadecimal of the picture files given for inputs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub images: BTreeMap<String, String>,
    /// Whether it is a face of a cubemap.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cube: bool,
    /// Patch `[x, y]` of an endless world.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patch: Option<[i64; 2]>,
    /// Stops by which HDR was brightened before tone mapping.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exposure: Option<f32>,
    /// The command that changed a picture, as in `upscale`, in place of one that generated it. It cannot be repeated from the recipe.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edit: Option<String>,
    /// What an edited picture is marked as.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<EditMark>,
    /// `gpu` or `cpu`.
    pub executor: String,
    /// Version of the program.
    pub version: String,
}

/// What an edited picture is marked as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EditMark {
    /// The same picture, only better: sharper, larger.
    Enhanced,
    /// Partly made by a trained network.
    Composite,
    /// Pieces of pictures, arranged without training.
    Rearranged,
}

impl From<EditMark> for Source {
    fn from(mark: EditMark) -> Self {
        match mark {
            EditMark::Enhanced => Source::Enhanced,
            EditMark::Composite => Source::CompositeWithNetwork,
            EditMark::Rearranged => Source::Exemplar,
        }
    }
}

impl Recipe {
    /// A recipe for `request` to `loaded`; output name and inputs are still empty.
    pub fn new(loaded: &LoadedGenerator, request: &Request, steps: u32, executor: Executor) -> Self {
        Self {
            generator_sha256: loaded.hash.clone(),
            by_example: generators::origin(loaded) == Origin::Exemplar,
            formulas: generators::origin(loaded) == Origin::Formula && !generators::is_built_in(&loaded.hash),
            output: String::new(),
            alpha: false,
            seed: request.seed,
            size: format!("{}x{}", request.size.width, request.size.height),
            steps,
            controls: BTreeMap::new(),
            images: BTreeMap::new(),
            cube: request.size.batch > 1,
            patch: None,
            exposure: None,
            edit: None,
            mark: None,
            executor: name(executor),
            version: env!("CARGO_PKG_VERSION").into(),
        }
    }

    /// The recipe as JSON.
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).expect("texts and numbers serialise")
    }

    /// The kind of source that made the picture.
    pub fn source(&self) -> Source {
        match (self.mark, self.by_example) {
            (Some(mark), _) => mark.into(),
            (None, true) => Source::Exemplar,
            (None, false) if self.formulas || generators::is_built_in(&self.generator_sha256) => Source::Formula,
            (None, false) => Source::TrainedNetwork,
        }
    }

    /// Source and recipe as an XMP packet.
    pub fn xmp(&self) -> String {
        xmp_with_recipe(self.source(), &self.to_text())
    }

    /// Reads JSON of unknown origin.
    pub fn from_text(text: &str) -> anyhow::Result<Self> {
        ensure!(text.len() <= MAX_RECIPE_BYTES, "the recipe is larger than {MAX_RECIPE_BYTES} bytes");
        let recipe: Self = serde_json::from_str(text).context("cannot read the recipe")?;
        let hash = &recipe.generator_sha256;
        ensure!(hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit()), "the recipe has no valid SHA-256");
        recipe.size()?;
        recipe.executor()?;
        Ok(recipe)
    }

    /// Size of the request.
    pub fn size(&self) -> anyhow::Result<Size> {
        let size = parse_size(&self.size);
        let size = size.map_err(|reason| anyhow::anyhow!("the recipe has size {:?}: {reason}", self.size))?;
        Ok(with_faces(size, self.cube))
    }

    /// Where it was generated.
    pub fn executor(&self) -> anyhow::Result<Executor> {
        let known = Executor::from_str(&self.executor, false);
        known.map_err(|_| anyhow::anyhow!("the recipe has an unknown executor {:?}", self.executor))
    }
}
