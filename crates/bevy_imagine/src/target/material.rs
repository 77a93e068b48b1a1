//! A target: the maps of a `StandardMaterial`.

use bevy::ecs::system::SystemParamItem;
use bevy::ecs::system::lifetimeless::{SQuery, SResMut};
use bevy::math::Affine2;
use bevy::prelude::*;
use imagine_graph::OutputKind;
use imagine_wgpu::texture_io::{HeightBorder, MipFilter, Pack};

use super::plan::{PlanContext, Sampling, TexturePlan, TextureRole, TextureSource};
use super::registry::Target;
use super::textures::SynthesisTextures;
use crate::error::SynthesisError;

/// The result fills the [`StandardMaterial`] on the same entity.
///
/// An entity whose [`MeshMaterial3d`] is left at its default gets a new material. An existing material is filled and keeps its
/// other settings, such as `uv_transform` and colours; do not share it between requests. Maps multiply the colour of the
/// material; `perceptual_roughness`, `metallic` and `emissive` are set to 1 where there is a map for them. Normal and depth
/// maps need a mesh with tangents.
#[derive(Component, Reflect, Clone, Debug, PartialEq)]
#[reflect(Component, Default, Clone, PartialEq)]
#[require(MeshMaterial3d<StandardMaterial>)]
pub struct MaterialTarget {
    /// For generators with a height but no normal output: the difference between heights 0 and 1 in texels. Default 8.
    pub normal_strength: f32,
    /// Whether a height output becomes the depth map for parallax mapping, which costs many texture samples per pixel.
    /// `StandardMaterial::parallax_depth_scale` sets the depth. Default off.
    pub parallax: bool,
    /// Metres that texture coordinates from 0 to 1 cover on the mesh. If the generator's card says how large its surface is
    /// ([`SynthesisTextures::metres`]), `StandardMaterial::uv_transform` then shows it in its real size. Default: `uv_transform` stays.
    pub surface: Option<Vec2>,
    /// Whether the maps are block-compressed (BC7, BC5, BC4) on GPUs that can read them, to a quarter of the memory: see
    /// [`PlanContext::compressed`]. Default on.
    pub compress: bool,
}

impl Default for MaterialTarget {
    fn default() -> Self {
        Self { normal_strength: 8.0, parallax: false, surface: None, compress: true }
    }
}

impl Target for MaterialTarget {
    type Param = (SQuery<&'static mut MeshMaterial3d<StandardMaterial>>, SResMut<Assets<StandardMaterial>>);

    fn plan(&self, context: &PlanContext) -> Result<Vec<TexturePlan>, SynthesisError> {
        let find = |kind| context.find(kind);
        let mut plans = Vec::new();
        if let Some(color) = find(OutputKind::BaseColor) {
            plans.push(context.texture(TextureRole::BaseColor, color));
        }
        if let Some(normal) = find(OutputKind::Normal) {
            plans.push(context.texture(TextureRole::Normal, normal));
        } else if let Some(height) = find(OutputKind::Height) {
            let border = if context.tiles() { HeightBorder::Wrap } else { HeightBorder::Edge };
            let source = TextureSource::NormalFromHeight { height, strength: self.normal_strength, border };
            plans.push(context.plan(TextureRole::Normal, source, MipFilter::Normal));
        }
        let surface = [OutputKind::Occlusion, OutputKind::Roughness, OutputKind::Metallic].map(find);
        if surface.iter().any(Option::is_some) {
            let [occlusion, roughness, metallic] = surface.map(|index| index.is_some());
            let pack = Pack::Material { occlusion, roughness, metallic };
            // After the normals, whose variance makes smaller levels rougher.
            let mip = if roughness { MipFilter::Roughness } else { MipFilter::Linear };
            plans.push(context.packed(TextureRole::OcclusionRoughnessMetallic, pack, surface, mip));
        }
        if let Some(emissive) = find(OutputKind::Emissive) {
            plans.push(context.texture(TextureRole::Emissive, emissive));
        }
        // A depth map alone is not a material.
        if plans.is_empty() {
            return Err(context.missing("a material", ""));
        }
        if let Some(height) = find(OutputKind::Height).filter(|_| self.parallax) {
            let pack = Pack::Deep { inverted: true };
            plans.push(context.packed(TextureRole::Depth, pack, [Some(height), None, None], MipFilter::Linear));
        }
        let sampling = if context.is_patch() { Sampling::Edge } else { Sampling::Repeat };
        let finished = |plan: TexturePlan| {
            let plan = plan.with_sampling(sampling);
            if self.compress { context.compressed(plan) } else { plan }
        };
        Ok(plans.into_iter().map(finished).collect())
    }

    fn show(&self, entity: Entity, textures: &SynthesisTextures, param: &mut SystemParamItem<Self::Param>) {
        let Some(handle) = material_of(entity, param) else { return };
        let scale = self.surface.zip(textures.metres()).map(|(surface, metres)| Affine2::from_scale(surface / metres));
        // A material that shows the maps already is not touched.
        let is_shown = |material: &StandardMaterial| {
            if scale.is_some_and(|scale| scale != material.uv_transform) {
                return false;
            }
            let mut material = material.clone();
            let shows = |(plan, image): &(TexturePlan, _)| {
                slots(plan, &mut material).iter().all(|slot| slot.as_ref() == Some(image))
            };
            textures.plans().all(shows)
        };
        let materials = &mut param.1;
        if materials.get(&handle).is_some_and(is_shown) {
            return;
        }
        let Some(mut material) = materials.get_mut(&handle) else { return };
        for (plan, image) in textures.plans() {
            slots(plan, &mut material).into_iter().for_each(|slot| *slot = Some(image.clone()));
        }
        if let Some(scale) = scale {
            material.uv_transform = scale;
        }
        if textures.get(TextureRole::OcclusionRoughnessMetallic).is_some() {
            material.perceptual_roughness = 1.0;
            material.metallic = 1.0;
        }
        if textures.get(TextureRole::Emissive).is_some() && material.emissive == LinearRgba::BLACK {
            material.emissive = LinearRgba::WHITE;
        }
    }

    fn fail(&self, entity: Entity, placeholder: &Handle<Image>, param: &mut SystemParamItem<Self::Param>) {
        let Some(handle) = material_of(entity, param) else { return };
        let Some(mut material) = param.1.get_mut(&handle) else { return };
        all_slots(&mut material).into_iter().for_each(|slot| *slot = None);
        material.base_color_texture = Some(placeholder.clone());
    }

    fn clear(&self, entity: Entity, images: &[Handle<Image>], param: &mut SystemParamItem<Self::Param>) {
        let Some(mut material) = param.0.get(entity).ok().and_then(|handle| param.1.get_mut(&handle.0)) else { return };
        for slot in all_slots(&mut material) {
            slot.take_if(|shown| images.contains(shown));
        }
    }
}

/// The material of an entity, a new one if it was left at its default.
fn material_of(
    entity: Entity,
    (handles, materials): &mut SystemParamItem<<MaterialTarget as Target>::Param>,
) -> Option<Handle<StandardMaterial>> {
    let mut handle = handles.get_mut(entity).ok()?;
    if handle.0 == Handle::default() {
        handle.0 = materials.add(StandardMaterial::default());
    }
    Some(handle.0.clone())
}

/// The slots of a material that show the texture of `plan`.
fn slots<'a>(plan: &TexturePlan, material: &'a mut StandardMaterial) -> Vec<&'a mut Option<Handle<Image>>> {
    match (plan.role, &plan.source) {
        (TextureRole::BaseColor, _) => vec![&mut material.base_color_texture],
        (TextureRole::Normal, _) => vec![&mut material.normal_map_texture],
        (TextureRole::Depth, _) => vec![&mut material.depth_map],
        (TextureRole::Emissive, _) => vec![&mut material.emissive_texture],
        (_, &TextureSource::Pack(Pack::Material { occlusion, roughness, metallic }, ..)) => {
            let mut slots = Vec::new();
            if occlusion {
                slots.push(&mut material.occlusion_texture);
            }
            if roughness || metallic {
                slots.push(&mut material.metallic_roughness_texture);
            }
            slots
        }
        _ => Vec::new(),
    }
}

fn all_slots(material: &mut StandardMaterial) -> [&mut Option<Handle<Image>>; 6] {
    [
        &mut material.base_color_texture,
        &mut material.normal_map_texture,
        &mut material.metallic_roughness_texture,
        &mut material.occlusion_texture,
        &mut material.depth_map,
        &mut material.emissive_texture,
    ]
}
