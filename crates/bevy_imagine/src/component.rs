//! What a game asks for and is told: the request component, its status and its events.

use bevy::prelude::*;

use crate::asset::Generator;
use crate::error::SynthesisError;
use crate::synthesis::Synthesis;

/// Asks for a material: the generator's maps fill the [`StandardMaterial`] of the same entity.
///
/// An entity whose [`MeshMaterial3d`] is left at its default gets a material of its own. A material that is given is filled
/// and keeps its other settings, such as `uv_transform` and colours; it should belong to one request only. Maps multiply
/// the material's colour; `perceptual_roughness`, `metallic` and `emissive` are set to full where there is a map for them.
/// Normal and depth maps need a mesh with tangents.
#[derive(Component, Reflect, Clone, Debug, PartialEq)]
#[reflect(Component, Default, Clone, PartialEq)]
#[require(MeshMaterial3d<StandardMaterial>, SynthesisStatus, Synthesis)]
pub struct ImagineMaterial {
    /// The network. No default: without one, nothing happens.
    pub generator: Handle<Generator>,
    /// Width and height in texels, within the generator's size rule and the device's limit. Default 256 x 256.
    pub size: UVec2,
    /// Chooses one of many results. Default 0.
    pub seed: u64,
    /// Steps of a recurrent generator, at most 1,000,000; `None` (the default) is the file's own number.
    pub steps: Option<u32>,
    /// Height difference between 0 and 1 in texels, for a normal map made from height where a generator has no normals of
    /// its own. Default 8.
    pub normal_strength: f32,
    /// Whether a height output becomes the depth map, for parallax mapping, which costs many texture samples a pixel.
    /// `StandardMaterial::parallax_depth_scale` says how deep. Default off.
    pub parallax: bool,
}

impl Default for ImagineMaterial {
    fn default() -> Self {
        Self {
            generator: Handle::default(),
            size: UVec2::splat(256),
            seed: 0,
            steps: None,
            normal_strength: 8.0,
            parallax: false,
        }
    }
}

/// Where a request stands. Set by the plugin; read it.
#[derive(Component, Reflect, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[reflect(Component, Default, Clone, PartialEq)]
pub enum SynthesisStatus {
    /// The generator is loading.
    #[default]
    Waiting,
    /// Shaders compile or passes run.
    Running,
    /// The material shows what was asked for.
    Finished,
    /// The material shows the placeholder.
    Failed,
}

/// Triggered on an entity when its material is whole.
#[derive(EntityEvent, Clone, Debug)]
pub struct SynthesisFinished {
    /// The entity with the request.
    pub entity: Entity,
}

/// Triggered on an entity when its request cannot be fulfilled. The material shows a magenta checker until the request or its
/// generator changes.
#[derive(EntityEvent, Clone, Debug)]
pub struct SynthesisFailed {
    /// The entity with the request.
    pub entity: Entity,
    /// Why.
    pub error: SynthesisError,
}
