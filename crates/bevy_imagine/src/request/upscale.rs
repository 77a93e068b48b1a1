//! An upscaler beside a request.

use bevy::prelude::*;

use super::component::Synthesis;
use crate::asset::{Generator, UpscaleWith, UpscaledGenerators};

/// Beside a [`Synthesis`]: what its generator makes is enlarged, in the same job and budget. The size of the request is that of the
/// result, so a size of 1024 x 1024 with [`UpscaleWith::Network`] by 4 generates 256 x 256 texels: a sixteenth of the work. Seeds and controls
/// give what they give without it. The network enlarges all maps; normals keep unit length.
///
/// The component sets the request's generator. A change of it, or of its generator, makes the result again.
///
/// ```no_run
/// use bevy::prelude::*;
/// use bevy_imagine::prelude::*;
///
/// fn spawn(mut commands: Commands, assets: Res<AssetServer>) {
///     let bricks = assets.load("materials/red_bricks.generator.safetensors");
///     let upscale = Upscale::new(bricks, UpscaleWith::Network(2));
///     commands.spawn((upscale, Synthesis::default().with_size(UVec2::splat(1024)), MaterialTarget::default()));
/// }
/// ```
#[derive(Component, Reflect, Clone, Debug, Default, PartialEq)]
#[reflect(Component, Default, Clone, PartialEq)]
#[require(Synthesis)]
pub struct Upscale {
    /// What makes the small textures.
    pub generator: Handle<Generator>,
    /// What enlarges them.
    pub with: UpscaleWith,
}

impl Upscale {
    /// The textures of `generator`, enlarged.
    pub fn new(generator: Handle<Generator>, with: UpscaleWith) -> Self {
        Self { generator, with }
    }

    fn reads(&self, modified: &[AssetId<Generator>]) -> bool {
        let network = if let UpscaleWith::File(handle) = &self.with { Some(handle) } else { None };
        network.into_iter().chain([&self.generator]).any(|handle| modified.contains(&handle.id()))
    }
}

/// Gives the requests beside new and changed upscalers their generator.
pub(crate) fn add_upscalers(
    mut requests: Query<(Ref<Upscale>, &mut Synthesis)>,
    mut events: MessageReader<AssetEvent<Generator>>,
    mut generators: UpscaledGenerators,
) {
    let modified = events.read().filter_map(|event| match event {
        AssetEvent::Modified { id } => Some(*id),
        _ => None,
    });
    let modified: Vec<AssetId<Generator>> = modified.collect();
    for (upscale, mut request) in &mut requests {
        if upscale.is_changed() || upscale.reads(&modified) {
            request.generator = generators.after(upscale.generator.clone(), upscale.with.clone());
        }
    }
}
