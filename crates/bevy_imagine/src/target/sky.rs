//! A target: the sky of a camera, and the light that it sheds.

use bevy::light::{EnvironmentMapLight, Skybox};
use bevy::prelude::*;
use imagine_graph::OutputKind;
use imagine_wgpu::texture_io::{BatchLayout, MipFilter, Pack};

use super::PlanContext;
use super::textures::{EnvironmentLight, TexturePlan, TextureRole, TextureShape, TextureSource, Textures, mip_levels};
use crate::error::SynthesisError;

/// Texels along a face of the diffuse environment map: light of matt surfaces is smooth.
const DIFFUSE_SIDE: u32 = 16;
/// Most texels along a face of the specular environment map.
const SPECULAR_SIDE: u32 = 128;

/// The result becomes the [`Skybox`] of the camera on the same entity, and its [`EnvironmentMapLight`].
///
/// The generator needs a radiance output on the sphere; [`Synthesis::size`](crate::Synthesis::size) is that of a face of the
/// cubemap, as wide as high. The light is filtered by passes of the plugin's own inside the frame budget, once for every sky.
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

impl SkyTarget {
    pub(super) fn plan(&self, context: &PlanContext) -> Result<Vec<TexturePlan>, SynthesisError> {
        let radiance = context.find(OutputKind::Radiance).ok_or_else(|| context.missing("a sky", "radiance"))?;
        let source = TextureSource::Pack(Pack::Radiance, [Some(radiance), None, None], BatchLayout::Layers);
        let side = context.size.x;
        if context.size.y != side {
            return Err(SynthesisError::NotSquare { generator: context.generator.into(), size: context.size });
        }
        let plan = |role, source, shape| TexturePlan { role, source, mip: MipFilter::Radiance, shape };
        let levels = mip_levels(context.size);
        let mut plans = vec![plan(TextureRole::Sky, source, TextureShape::cube(side, levels))];
        if self.light {
            let filtered = |light| TextureSource::Environment { sky: 0, light };
            let diffuse = TextureShape::cube(DIFFUSE_SIDE, 1);
            plans.push(plan(TextureRole::SkyDiffuse, filtered(EnvironmentLight::Diffuse), diffuse));
            let side = side.clamp(1, SPECULAR_SIDE);
            let specular = TextureShape::cube(side, mip_levels(UVec2::splat(side)));
            plans.push(plan(TextureRole::SkySpecular, filtered(EnvironmentLight::Specular), specular));
        }
        Ok(plans)
    }

    /// Gives the camera its sky.
    pub(super) fn show(&self, textures: &Textures, entity: Entity, commands: &mut Commands) {
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

    /// Takes the sky away.
    pub(super) fn clear(entity: Entity, commands: &mut Commands) {
        commands.entity(entity).try_remove::<(Skybox, EnvironmentMapLight)>();
    }
}
