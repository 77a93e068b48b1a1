//! A target: the skybox of a camera and the light from it.

use bevy::ecs::system::SystemParamItem;
use bevy::ecs::system::lifetimeless::SCommands;
use bevy::light::{EnvironmentMapLight, Skybox};
use bevy::prelude::*;
use imagine_graph::OutputKind;
use imagine_wgpu::texture_io::MipFilter;

use super::plan::{EnvironmentLight, PlanContext, TexturePlan, TextureRole, TextureShape, TextureSource};
use super::registry::Target;
use super::textures::SynthesisTextures;
use crate::error::SynthesisError;

/// Texels along a face of the diffuse environment map, which is smooth.
const DIFFUSE_SIDE: u32 = 16;
/// Most texels along a face of the specular environment map.
const SPECULAR_SIDE: u32 = 128;

/// The result becomes the [`Skybox`] of the camera on the same entity, and its [`EnvironmentMapLight`].
///
/// The generator needs a radiance output on the sphere. [`Synthesis::size`](crate::Synthesis::size) is the size of a cubemap
/// face, which is square. The plugin filters the environment maps within the frame budget, once for each sky.
#[derive(Component, Reflect, Clone, Debug, PartialEq)]
#[reflect(Component, Default, Clone, PartialEq)]
pub struct SkyTarget {
    /// Luminance of radiance 1, in cd/m². Default 1000.
    pub brightness: f32,
    /// Whether the sky lights the scene. Default on.
    pub light: bool,
}

impl Default for SkyTarget {
    fn default() -> Self {
        Self { brightness: 1000.0, light: true }
    }
}

impl Target for SkyTarget {
    type Param = SCommands;

    /// The faces of a cubemap.
    fn images(&self) -> u32 {
        6
    }

    fn plan(&self, context: &PlanContext) -> Result<Vec<TexturePlan>, SynthesisError> {
        let generator = || context.generator().to_string();
        if context.is_patch() {
            return Err(SynthesisError::Conflict { generator: generator(), component: "WorldPatch", with: "a sky" });
        }
        let radiance = context.require(OutputKind::Radiance, "a sky")?;
        let UVec2 { x: side, y: height } = context.size();
        if height != side {
            return Err(SynthesisError::NotSquare { generator: generator(), size: context.size() });
        }
        let sky = TexturePlan { shape: TextureShape::cube(side), ..context.texture(TextureRole::Sky, radiance) };
        let filtered = |role, light, side| TexturePlan {
            shape: TextureShape::cube(side),
            ..context.plan(role, TextureSource::Environment(light), MipFilter::Radiance)
        };
        let diffuse = filtered(TextureRole::SkyDiffuse, EnvironmentLight::Diffuse, DIFFUSE_SIDE).without_mips();
        let specular_side = side.clamp(1, SPECULAR_SIDE);
        let specular = filtered(TextureRole::SkySpecular, EnvironmentLight::Specular, specular_side);
        Ok(if self.light { vec![sky, diffuse, specular] } else { vec![sky] })
    }

    fn show(&self, entity: Entity, textures: &SynthesisTextures, commands: &mut SystemParamItem<Self::Param>) {
        let Some(sky) = textures.get(TextureRole::Sky) else { return };
        let skybox = Skybox { image: Some(sky.clone()), brightness: self.brightness, ..default() };
        commands.entity(entity).try_insert(skybox);
        let light = textures.get(TextureRole::SkyDiffuse).zip(textures.get(TextureRole::SkySpecular));
        if let Some((diffuse, specular)) = light {
            let light = EnvironmentMapLight {
                diffuse_map: diffuse.clone(),
                specular_map: specular.clone(),
                intensity: self.brightness,
                ..default()
            };
            commands.entity(entity).try_insert(light);
        }
    }

    fn fail(&self, entity: Entity, _: &Handle<Image>, commands: &mut SystemParamItem<Self::Param>) {
        self.clear(entity, &[], commands);
    }

    fn clear(&self, entity: Entity, _: &[Handle<Image>], commands: &mut SystemParamItem<Self::Param>) {
        commands.entity(entity).try_remove::<(Skybox, EnvironmentMapLight)>();
    }
}
