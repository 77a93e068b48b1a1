//! What an exported picture says about how it was made, in an `imagine` text chunk, so that it can be made again.
//!
//! No date, no path and no host: equal requests give equal bytes.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use imagine_graph::file::LoadedGenerator;
use imagine_graph::{Request, Size};
use imagine_png::MAX_RECIPE_BYTES;
use serde::{Deserialize, Serialize};

use crate::arguments::{Executor, parse_size, with_faces};

/// How one picture was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// SHA-256 of the generator file, or of the one that `imagine import` makes of the ONNX file, in hexadecimal.
    pub generator_sha256: String,
    /// Name of the output that the picture shows.
    pub output: String,
    /// Seed.
    pub seed: u64,
    /// Width and height in pixels, as `256x128`.
    pub size: String,
    /// Steps of a recurrent generator, else 0.
    pub steps: u32,
    /// Inputs that were set, as texts.
    pub controls: BTreeMap<String, String>,
    /// SHA-256 of the picture files that inputs were set to, in hexadecimal.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub images: BTreeMap<String, String>,
    /// Whether the size is that of six faces of a cubemap.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cube: bool,
    /// Patch of an endless world, `[x, y]`, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patch: Option<[i64; 2]>,
    /// Stops by which HDR was made brighter to show it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exposure: Option<f32>,
    /// `gpu` or `cpu`.
    pub executor: String,
    /// Version of the program.
    pub version: String,
}

impl Recipe {
    /// The recipe of what `request` asks of `loaded`, without the output's name and without inputs.
    pub fn new(loaded: &LoadedGenerator, request: &Request, steps: u32, executor: Executor) -> Self {
        Self {
            generator_sha256: loaded.hash.clone(),
            output: String::new(),
            seed: request.seed,
            size: format!("{}x{}", request.size.width, request.size.height),
            steps,
            controls: BTreeMap::new(),
            images: BTreeMap::new(),
            cube: request.size.batch > 1,
            patch: None,
            exposure: None,
            executor: executor.name().into(),
            version: env!("CARGO_PKG_VERSION").into(),
        }
    }

    /// The text of the chunk.
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).expect("texts and numbers can always be written")
    }

    /// Reads the text of a chunk.
    pub fn from_text(text: &str) -> anyhow::Result<Self> {
        ensure!(text.len() <= MAX_RECIPE_BYTES, "its recipe is larger than {MAX_RECIPE_BYTES} bytes");
        let recipe: Self = serde_json::from_str(text).context("its recipe cannot be read")?;
        let hash = &recipe.generator_sha256;
        ensure!(hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit()), "its recipe holds no SHA-256");
        recipe.size()?;
        recipe.executor()?;
        Ok(recipe)
    }

    /// The picture's size.
    pub fn size(&self) -> anyhow::Result<Size> {
        let size = parse_size(&self.size);
        let size = size.map_err(|reason| anyhow::anyhow!("its recipe has size {:?}: {reason}", self.size))?;
        Ok(with_faces(size, self.cube))
    }

    /// Where it was made.
    pub fn executor(&self) -> anyhow::Result<Executor> {
        let known = [Executor::Gpu, Executor::Cpu].into_iter().find(|executor| executor.name() == self.executor);
        known.with_context(|| format!("its recipe names an unknown executor {:?}", self.executor))
    }
}
