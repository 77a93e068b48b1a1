//! Layers of generators that the app has loaded: a generator of them, made on a background thread.

use std::sync::Arc;

use async_channel::Receiver;
use bevy::asset::{AssetLoadError, LoadState};
use bevy::ecs::system::SystemParam;
use bevy::prelude::*;
use bevy::tasks::AsyncComputeTaskPool;
use imagine_graph::{LayersError, MaterialLayers};

use super::generator::Generator;
use super::pending::Pending;

/// Why layers did not become a generator.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MaterialLayersError {
    /// A layer's generator did not load.
    #[error("{name}: the generator of layer {layer} did not load: {error}")]
    Load {
        /// Name of the layers.
        name: String,
        /// Number of the layer, from 1, the lowest.
        layer: usize,
        /// What went wrong.
        error: Arc<AssetLoadError>,
    },
    /// A handle has no generator: it was never loaded, or it was removed.
    #[error("{name}: the handle of layer {layer} has no generator")]
    NoGenerator {
        /// Name of the layers.
        name: String,
        /// Number of the layer, from 1, the lowest.
        layer: usize,
    },
    /// The layers do not fit together.
    #[error("{name}: {error}")]
    Layers {
        /// Name of the layers.
        name: String,
        /// What is wrong.
        error: LayersError,
    },
    /// The app ended before the generators were there.
    #[error("the app ended before the generators of layers were there")]
    Ended,
}

/// Makes generators of layers, for targets and worlds; beside a request, [`MaterialLayers`](crate::MaterialLayers) does it.
#[derive(SystemParam)]
pub struct LayerGenerators<'w> {
    server: Res<'w, AssetServer>,
    pending: ResMut<'w, PendingLayers>,
}

impl LayerGenerators<'_> {
    /// A generator of `layers`, which is loaded like one from a file: the handle can be used at once, and a fault fails its requests.
    pub fn add(&mut self, name: impl Into<String>, layers: MaterialLayers<Handle<Generator>>) -> Handle<Generator> {
        self.server.add_async(merge(self.pending.0.add((name.into(), layers))))
    }
}

type Found = Result<(String, MaterialLayers<Generator>), MaterialLayersError>;

/// Layers whose generators are still loading.
#[derive(Resource, Default)]
pub(super) struct PendingLayers(Pending<(String, MaterialLayers<Handle<Generator>>), Found>);

/// Sends the generators of layers to their task once all of them are loaded.
pub(super) fn send_layers(
    mut pending: ResMut<PendingLayers>,
    generators: Res<Assets<Generator>>,
    server: Res<AssetServer>,
) {
    if !pending.0.is_empty() {
        pending.0.send(|(name, layers)| collect(name, layers, &generators, &server));
    }
}

/// The generators of `layers`; `None` while one is loading.
fn collect(
    name: &str,
    layers: &MaterialLayers<Handle<Generator>>,
    generators: &Assets<Generator>,
    server: &AssetServer,
) -> Option<Found> {
    let mut found = Vec::new();
    for (index, layer) in layers.layers.iter().enumerate() {
        let Some(handle) = &layer.generator else {
            found.push(layer.with_generator(None));
            continue;
        };
        if let Some(generator) = generators.get(handle) {
            found.push(layer.with_generator(Some(generator.clone())));
            continue;
        }
        let (name, layer) = (name.to_string(), index + 1);
        return match server.load_state(handle) {
            LoadState::Failed(error) => Some(Err(MaterialLayersError::Load { name, layer, error })),
            LoadState::NotLoaded => Some(Err(MaterialLayersError::NoGenerator { name, layer })),
            LoadState::Loading | LoadState::Loaded => None,
        };
    }
    Some(Ok((name.into(), MaterialLayers { layers: found })))
}

/// Waits for the generators, then makes one of them on a background thread.
async fn merge(layers: Receiver<Found>) -> Result<Generator, MaterialLayersError> {
    let (name, layers) = layers.recv().await.map_err(|_| MaterialLayersError::Ended)??;
    let made = AsyncComputeTaskPool::get().spawn(async move {
        Generator::of_layers(&name, &layers).map_err(|error| MaterialLayersError::Layers { name, error })
    });
    made.await
}
