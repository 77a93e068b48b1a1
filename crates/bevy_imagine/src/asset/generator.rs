//! A generator as an asset: a validated network that requests share.

use std::sync::Arc;

use bevy::prelude::*;
use imagine_graph::file::{LoadError, LoadedGenerator};
use imagine_graph::generators::{self, Origin};
use imagine_graph::{Card, LayersError, MaterialLayers, ValidGenerator};

/// A validated generator network, ready to run. Clones share it; generators are equal if their hashes are.
#[derive(Asset, TypePath, Clone, Debug)]
pub struct Generator {
    loaded: Arc<LoadedGenerator>,
}

impl Generator {
    /// Wraps a generator built in code, for `Assets<Generator>::add`. Messages call it `name`.
    pub fn new(name: impl Into<String>, generator: &imagine_graph::Generator) -> Result<Self, GeneratorError> {
        let bytes = imagine_graph::file::write(generator, imagine_graph::file::WeightFormat::F32)?;
        let name = name.into();
        Ok(imagine_graph::file::from_bytes(&format!("{name}.generator.safetensors"), &bytes)?.into())
    }

    /// The generator of `layers`, called `name`. Weights are shared with the layers' generators.
    pub fn of_layers(name: &str, layers: &MaterialLayers<Generator>) -> Result<Self, LayersError> {
        let layers = layers.clone().try_map(|generator| Ok::<_, LayersError>(generator.loaded))?;
        Ok(layers.merge(name)?.into())
    }

    /// The generator that shows the same pieces in the same places with `2^halvings` times fewer rows and columns, for what is far away; at its coarsest
    /// level it stays. `None` if it, or one of its layers, is not by example. Takes milliseconds: call it on a background thread.
    pub fn coarser(&self, halvings: u32) -> Option<Self> {
        self.loaded.coarser(halvings).map(Into::into)
    }

    /// Whether [`Self::coarser`] gives a generator.
    pub fn has_coarser(&self) -> bool {
        self.loaded.has_coarser()
    }

    /// Name for messages: the file name without folder and extension.
    pub fn name(&self) -> &str {
        &self.loaded.name
    }

    /// SHA-256 of the file's bytes, 64 hexadecimal digits.
    pub fn hash(&self) -> &str {
        &self.loaded.hash
    }

    /// Where its images come from.
    pub fn origin(&self) -> Origin {
        generators::origin(&self.loaded)
    }

    /// The model card.
    pub fn card(&self) -> &Card {
        &self.network().generator.card
    }

    /// The generator with its name, hash and parts.
    pub(crate) fn loaded(&self) -> &Arc<LoadedGenerator> {
        &self.loaded
    }

    /// The network.
    pub fn network(&self) -> &ValidGenerator {
        &self.loaded.generator
    }
}

impl PartialEq for Generator {
    fn eq(&self, other: &Self) -> bool {
        self.hash() == other.hash()
    }
}

/// Why a graph built in code cannot become a generator.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GeneratorError {
    /// It cannot be written as a file.
    #[error(transparent)]
    Write(#[from] imagine_graph::file::SaveError),
    /// It is not valid.
    #[error(transparent)]
    Load(#[from] LoadError),
}

impl From<LoadedGenerator> for Generator {
    fn from(loaded: LoadedGenerator) -> Self {
        Arc::new(loaded).into()
    }
}

impl From<Arc<LoadedGenerator>> for Generator {
    fn from(loaded: Arc<LoadedGenerator>) -> Self {
        Self { loaded }
    }
}
