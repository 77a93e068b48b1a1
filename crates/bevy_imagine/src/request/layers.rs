//! Layers beside a request.

use bevy::prelude::*;
use imagine_graph::Layer;

use super::component::Synthesis;
use crate::asset::{Generator, LayerGenerators};

/// Beside a [`Synthesis`]: its generator is made of these layers, the lowest first. The request's controls are `LAYER.amount` and
/// `LAYER.CONTROL`. Equal layers of any entities share one result.
///
/// The work begins when all generators are loaded, and takes no time in the frame. A change of the component, or of a
/// generator, makes the layers again; the old result stays until the new one is complete.
///
/// ```no_run
/// use bevy::prelude::*;
/// use bevy_imagine::prelude::*;
///
/// fn spawn(mut commands: Commands, assets: Res<AssetServer>) {
///     let load = |name: &str| assets.load(format!("materials/{name}.generator.safetensors"));
///     let moss = Layer::new(load("moss")).with_mask(Mask::Cavity { radius: 9.0, from: 0.05, to: -0.08 });
///     let layers = MaterialLayers::new([Layer::new(load("red_bricks")), moss]);
///     commands.spawn((layers, Synthesis::default().with_size(UVec2::splat(512)), MaterialTarget::default()));
/// }
/// ```
#[derive(Component, Clone, Debug, PartialEq)]
#[require(Synthesis)]
pub struct MaterialLayers {
    /// The layers; at most 8.
    pub layers: Vec<Layer<Handle<Generator>>>,
}

impl MaterialLayers {
    /// These layers, the lowest first.
    pub fn new(layers: impl IntoIterator<Item = Layer<Handle<Generator>>>) -> Self {
        Self { layers: layers.into_iter().collect() }
    }

    fn reads(&self, generators: &[AssetId<Generator>]) -> bool {
        let own = self.layers.iter().filter_map(|layer| layer.generator.as_ref());
        own.map(Handle::id).any(|id| generators.contains(&id))
    }
}

/// Gives the requests beside new and changed layers their generator.
pub(crate) fn merge_layers(
    mut requests: Query<(Entity, Ref<MaterialLayers>, &mut Synthesis)>,
    mut events: MessageReader<AssetEvent<Generator>>,
    mut generators: LayerGenerators,
) {
    let modified = events.read().filter_map(|event| match event {
        AssetEvent::Modified { id } => Some(*id),
        _ => None,
    });
    let modified: Vec<AssetId<Generator>> = modified.collect();
    for (entity, layers, mut request) in &mut requests {
        if layers.is_changed() || layers.reads(&modified) {
            let layers = imagine_graph::MaterialLayers { layers: layers.layers.clone() };
            request.generator = generators.add(format!("layers of {entity}"), layers);
        }
    }
}
