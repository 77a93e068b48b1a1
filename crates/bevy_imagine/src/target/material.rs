//! A target: the maps of a `StandardMaterial`.

use bevy::prelude::*;
use bevy::render::render_resource::TextureFormat;
use imagine_graph::OutputKind;
use imagine_wgpu::texture_io::{BatchLayout, HeightBorder, MipFilter, Pack};

use super::PlanContext;
use super::textures::{Sampling, TexturePlan, TextureRole, TextureShape, TextureSource, Textures};

/// The result fills the [`StandardMaterial`] of the same entity.
///
/// An entity whose [`MeshMaterial3d`] is left at its default gets a material of its own. A material that is given is filled
/// and keeps its other settings, such as `uv_transform` and colours; it should belong to one request only. Maps multiply
/// the material's colour; `perceptual_roughness`, `metallic` and `emissive` are set to full where there is a map for them.
/// Normal and depth maps need a mesh with tangents.
#[derive(Component, Reflect, Clone, Debug, PartialEq)]
#[reflect(Component, Default, Clone, PartialEq)]
#[require(MeshMaterial3d<StandardMaterial>)]
pub struct MaterialTarget {
    /// Height difference between 0 and 1 in texels, for a normal map made from height where a generator has no normals of
    /// its own. Default 8.
    pub normal_strength: f32,
    /// Whether a height output becomes the depth map, for parallax mapping, which costs many texture samples a pixel.
    /// `StandardMaterial::parallax_depth_scale` says how deep. Default off.
    pub parallax: bool,
}

impl Default for MaterialTarget {
    fn default() -> Self {
        Self { normal_strength: 8.0, parallax: false }
    }
}

impl MaterialTarget {
    /// The maps that a generator makes for a material; none if it has no output that a material shows.
    pub(super) fn plan(&self, context: &PlanContext) -> Vec<TexturePlan> {
        let find = |kind| context.find(kind);
        let mut plans = Vec::new();
        let mut add = |role, source, mip| plans.push(TexturePlan { role, source, mip, shape: shape(role, context) });
        let pack = |what, outputs| TextureSource::Pack(what, outputs, BatchLayout::Layers);
        if let Some(color) = find(OutputKind::BaseColor) {
            let alpha = find(OutputKind::Alpha);
            let what = Pack::Color { alpha: alpha.is_some(), encode_srgb: context.is_linear(color) };
            add(TextureRole::BaseColor, pack(what, [Some(color), alpha, None]), MipFilter::Srgb);
        }
        if let Some(normal) = find(OutputKind::Normal) {
            add(TextureRole::Normal, pack(Pack::Normal, [Some(normal), None, None]), MipFilter::Normal);
        } else if let Some(height) = find(OutputKind::Height) {
            let border = if context.tiles { HeightBorder::Wrap } else { HeightBorder::Edge };
            let source = TextureSource::NormalFromHeight { height, strength: self.normal_strength, border };
            add(TextureRole::Normal, source, MipFilter::Normal);
        }
        let surface = [OutputKind::Occlusion, OutputKind::Roughness, OutputKind::Metallic].map(find);
        if surface.iter().any(Option::is_some) {
            let [occlusion, roughness, metallic] = surface.map(|index| index.is_some());
            let what = Pack::Material { occlusion, roughness, metallic };
            add(TextureRole::OcclusionRoughnessMetallic, pack(what, surface), MipFilter::Linear);
        }
        if let Some(emissive) = find(OutputKind::Emissive) {
            let what = Pack::Color { alpha: false, encode_srgb: context.is_linear(emissive) };
            add(TextureRole::Emissive, pack(what, [Some(emissive), None, None]), MipFilter::Srgb);
        }
        // A depth alone makes no material.
        if let Some(height) = find(OutputKind::Height).filter(|_| self.parallax) {
            add(TextureRole::Depth, pack(Pack::Gray { inverted: true }, [Some(height), None, None]), MipFilter::Linear);
        }
        plans
    }
}

/// Puts the maps among `textures` into the material, which is touched only if they are not there already.
pub(super) fn show(textures: &Textures, handle: &Handle<StandardMaterial>, materials: &mut Assets<StandardMaterial>) {
    let shown = |material: &StandardMaterial| textures.list.iter().all(|(plan, image)| is_in(plan, image, material));
    if materials.get(handle).is_some_and(shown) {
        return;
    }
    let Some(mut material) = materials.get_mut(handle) else { return };
    for (plan, image) in &textures.list {
        put(plan, Some(image), &mut material);
    }
    if textures.get(TextureRole::OcclusionRoughnessMetallic).is_some() {
        material.perceptual_roughness = 1.0;
        material.metallic = 1.0;
    }
    if textures.get(TextureRole::Emissive).is_some() && material.emissive == LinearRgba::BLACK {
        material.emissive = LinearRgba::WHITE;
    }
}

/// Takes the maps out of the material again.
pub(super) fn clear(textures: &Textures, material: &mut StandardMaterial) {
    for (plan, image) in &textures.list {
        if places(plan, material).iter().any(|place| place.as_ref() == Some(image)) {
            put(plan, None, material);
        }
    }
}

/// Whether `image` is in all its places; true for what is no map.
fn is_in(plan: &TexturePlan, image: &Handle<Image>, material: &StandardMaterial) -> bool {
    places(plan, &mut material.clone()).iter().all(|place| place.as_ref() == Some(image))
}

fn put(plan: &TexturePlan, image: Option<&Handle<Image>>, material: &mut StandardMaterial) {
    for place in places(plan, material) {
        *place = image.cloned();
    }
}

/// Where a map stands in a material.
fn places<'a>(plan: &TexturePlan, material: &'a mut StandardMaterial) -> Vec<&'a mut Option<Handle<Image>>> {
    match (plan.role, &plan.source) {
        (TextureRole::BaseColor, _) => vec![&mut material.base_color_texture],
        (TextureRole::Normal, _) => vec![&mut material.normal_map_texture],
        (TextureRole::Depth, _) => vec![&mut material.depth_map],
        (TextureRole::Emissive, _) => vec![&mut material.emissive_texture],
        (_, &TextureSource::Pack(Pack::Material { occlusion, roughness, metallic }, ..)) => {
            let mut places = Vec::new();
            if occlusion {
                places.push(&mut material.occlusion_texture);
            }
            if roughness || metallic {
                places.push(&mut material.metallic_roughness_texture);
            }
            places
        }
        _ => Vec::new(),
    }
}

fn shape(role: TextureRole, context: &PlanContext) -> TextureShape {
    let format = match role {
        TextureRole::BaseColor | TextureRole::Emissive => TextureFormat::Rgba8UnormSrgb,
        _ => TextureFormat::Rgba8Unorm,
    };
    let sampling = if context.is_patch { Sampling::Edge } else { Sampling::Repeat };
    TextureShape::flat(context.size, format, sampling)
}
