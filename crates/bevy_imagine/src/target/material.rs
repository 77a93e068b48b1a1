//! The maps of a `StandardMaterial`: which outputs of a generator they are made from, their textures, their place in the
//! material.

use std::sync::Arc;

use bevy::asset::RenderAssetUsages;
use bevy::image::{ImageAddressMode, ImageSampler, ImageSamplerDescriptor};
use bevy::prelude::*;
use bevy::render::render_resource::{Extent3d, TextureDimension, TextureFormat};
use imagine_graph::{ColorSpace, GraphOutput, OutputKind};
use imagine_wgpu::present::{HeightBorder, Mip, Pack};

use crate::component::ImagineMaterial;
use crate::memory::{Allocation, ImagineMemory};

/// A map of a material.
#[derive(Reflect, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MapKind {
    /// Colour and coverage, sRGB.
    BaseColor,
    /// Tangent-space normal.
    Normal,
    /// Occlusion in red, roughness in green, metalness in blue.
    OcclusionRoughnessMetallic,
    /// 1 - height.
    Depth,
    /// Emitted colour, sRGB.
    Emissive,
}

/// How a map is made from a generator's outputs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MapPlan {
    pub kind: MapKind,
    pub source: MapSource,
    /// How texels are averaged into smaller levels.
    pub mip: Mip,
    /// Parts of [`MapKind::OcclusionRoughnessMetallic`] that the generator has.
    pub has_occlusion: bool,
    pub has_surface: bool,
}

/// Which pass makes level 0 of a map, and from which outputs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum MapSource {
    /// `present/pack`; indices of the outputs at bindings 1, 2, 3.
    Pack(Pack, [Option<usize>; 3]),
    /// `present/normal_from_height`; index of the height output.
    NormalFromHeight { height: usize, strength: f32, border: HeightBorder },
}

/// The textures that a finished request shows. Clone the handles to use them elsewhere.
#[derive(Component, Reflect, Clone, Debug)]
#[reflect(opaque, Component)]
pub struct MaterialMaps {
    size: UVec2,
    maps: Vec<(MapPlan, Handle<Image>)>,
    _memory: Arc<Allocation>,
}

/// The maps that a generator with `outputs` makes for a material.
pub(crate) fn plan_maps(outputs: &[GraphOutput], tiles: bool, material: &ImagineMaterial) -> Vec<MapPlan> {
    let find = |kind: OutputKind| outputs.iter().position(|output| output.kind == kind);
    let encode_srgb = |index: usize| outputs[index].color_space == ColorSpace::Linear;
    let plan = |kind, source, mip| MapPlan { kind, source, mip, has_occlusion: false, has_surface: false };
    let mut plans = Vec::new();
    if let Some(color) = find(OutputKind::BaseColor) {
        let alpha = find(OutputKind::Alpha);
        let pack = Pack::Color { alpha: alpha.is_some(), encode_srgb: encode_srgb(color) };
        plans.push(plan(MapKind::BaseColor, MapSource::Pack(pack, [Some(color), alpha, None]), Mip::Srgb));
    }
    if let Some(normal) = find(OutputKind::Normal) {
        plans.push(plan(MapKind::Normal, MapSource::Pack(Pack::Normal, [Some(normal), None, None]), Mip::Normal));
    } else if let Some(height) = find(OutputKind::Height) {
        let border = if tiles { HeightBorder::Wrap } else { HeightBorder::Edge };
        let source = MapSource::NormalFromHeight { height, strength: material.normal_strength, border };
        plans.push(plan(MapKind::Normal, source, Mip::Normal));
    }
    let surface = [OutputKind::Occlusion, OutputKind::Roughness, OutputKind::Metallic].map(find);
    if surface.iter().any(Option::is_some) {
        let [occlusion, roughness, metallic] = surface.map(|index| index.is_some());
        let source = MapSource::Pack(Pack::Material { occlusion, roughness, metallic }, surface);
        let has_surface = roughness || metallic;
        let plan = plan(MapKind::OcclusionRoughnessMetallic, source, Mip::Linear);
        plans.push(MapPlan { has_occlusion: occlusion, has_surface, ..plan });
    }
    if let Some(height) = find(OutputKind::Height).filter(|_| material.parallax) {
        let source = MapSource::Pack(Pack::Height { depth: true }, [Some(height), None, None]);
        plans.push(plan(MapKind::Depth, source, Mip::Linear));
    }
    if let Some(emissive) = find(OutputKind::Emissive) {
        let pack = Pack::Color { alpha: false, encode_srgb: encode_srgb(emissive) };
        plans.push(plan(MapKind::Emissive, MapSource::Pack(pack, [Some(emissive), None, None]), Mip::Srgb));
    }
    plans
}

impl MapKind {
    /// Format of its texture.
    fn format(self) -> TextureFormat {
        match self {
            MapKind::BaseColor | MapKind::Emissive => TextureFormat::Rgba8UnormSrgb,
            _ => TextureFormat::Rgba8Unorm,
        }
    }
}

impl MaterialMaps {
    /// The texture of a map, if the generator makes it.
    pub fn get(&self, kind: MapKind) -> Option<&Handle<Image>> {
        self.maps.iter().find(|(plan, _)| plan.kind == kind).map(|(_, image)| image)
    }

    /// Width and height in texels.
    pub fn size(&self) -> UVec2 {
        self.size
    }

    /// Empty textures for `plans`.
    pub(crate) fn new(size: UVec2, plans: &[MapPlan], images: &mut Assets<Image>, memory: &ImagineMemory) -> Self {
        let bytes = texture_bytes(size) * plans.len() as u64;
        let maps = plans.iter().map(|plan| (plan.clone(), images.add(empty(size, plan.kind.format())))).collect();
        Self { size, maps, _memory: Arc::new(memory.allocate(bytes)) }
    }

    /// The same textures.
    pub(crate) fn share(&self) -> Self {
        self.clone()
    }

    /// Whether the textures can take what `plans` make at `size`.
    pub(crate) fn fit(&self, size: UVec2, plans: &[MapPlan]) -> bool {
        let shape = |plan: &MapPlan| (plan.kind, plan.has_occlusion, plan.has_surface);
        self.size == size && self.maps.iter().map(|(plan, _)| shape(plan)).eq(plans.iter().map(shape))
    }

    /// Ids of the textures, in the order of the plans.
    pub(crate) fn ids(&self) -> Vec<AssetId<Image>> {
        self.maps.iter().map(|(_, image)| image.id()).collect()
    }

    /// Puts the textures into the material, which is touched only if they are not there already.
    pub(crate) fn show(&self, material: &Handle<StandardMaterial>, materials: &mut Assets<StandardMaterial>) {
        let shown = |material: &StandardMaterial| self.maps.iter().all(|(plan, image)| plan.is_in(image, material));
        if materials.get(material).is_some_and(shown) {
            return;
        }
        let Some(mut material) = materials.get_mut(material) else { return };
        for (plan, image) in &self.maps {
            plan.put(Some(image), &mut material);
        }
        if self.get(MapKind::OcclusionRoughnessMetallic).is_some() {
            material.perceptual_roughness = 1.0;
            material.metallic = 1.0;
        }
        if self.get(MapKind::Emissive).is_some() && material.emissive == LinearRgba::BLACK {
            material.emissive = LinearRgba::WHITE;
        }
    }

    /// Takes the textures out of the material again.
    pub(crate) fn clear(&self, material: &mut StandardMaterial) {
        for (plan, image) in &self.maps {
            if plan.is_in(image, material) {
                plan.put(None, material);
            }
        }
    }
}

impl MapPlan {
    /// Whether `image` is in this map's place.
    fn is_in(&self, image: &Handle<Image>, material: &StandardMaterial) -> bool {
        let place = match self.kind {
            MapKind::BaseColor => &material.base_color_texture,
            MapKind::Normal => &material.normal_map_texture,
            MapKind::OcclusionRoughnessMetallic if self.has_surface => &material.metallic_roughness_texture,
            MapKind::OcclusionRoughnessMetallic => &material.occlusion_texture,
            MapKind::Depth => &material.depth_map,
            MapKind::Emissive => &material.emissive_texture,
        };
        place.as_ref() == Some(image)
    }

    /// Puts `image` into this map's place.
    fn put(&self, image: Option<&Handle<Image>>, material: &mut StandardMaterial) {
        let image = image.cloned();
        match self.kind {
            MapKind::BaseColor => material.base_color_texture = image,
            MapKind::Normal => material.normal_map_texture = image,
            MapKind::OcclusionRoughnessMetallic => {
                if self.has_occlusion {
                    material.occlusion_texture = image.clone();
                }
                if self.has_surface {
                    material.metallic_roughness_texture = image;
                }
            }
            MapKind::Depth => material.depth_map = image,
            MapKind::Emissive => material.emissive_texture = image,
        }
    }
}

/// Number of levels of a texture down to one texel.
pub(crate) fn mip_levels(size: UVec2) -> u32 {
    size.max_element().max(1).ilog2() + 1
}

/// Bytes of an rgba8 texture with all its levels.
pub(crate) fn texture_bytes(size: UVec2) -> u64 {
    let level = |i: u32| (u64::from(size.x >> i)).max(1) * u64::from(size.y >> i).max(1) * 4;
    (0..mip_levels(size)).map(level).sum()
}

/// A texture with room for all levels, which repeats.
fn empty(size: UVec2, format: TextureFormat) -> Image {
    let extent = Extent3d { width: size.x, height: size.y, depth_or_array_layers: 1 };
    let mut image = Image::new_uninit(extent, TextureDimension::D2, format, RenderAssetUsages::RENDER_WORLD);
    image.texture_descriptor.label = Some("imagine map");
    image.texture_descriptor.mip_level_count = mip_levels(size);
    image.sampler = ImageSampler::Descriptor(ImageSamplerDescriptor {
        address_mode_u: ImageAddressMode::Repeat,
        address_mode_v: ImageAddressMode::Repeat,
        anisotropy_clamp: 8,
        ..ImageSamplerDescriptor::linear()
    });
    image
}
