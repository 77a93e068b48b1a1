//! The textures of one result: how each is made and what shape it has.

use bevy::asset::RenderAssetUsages;
use bevy::image::{ImageAddressMode, ImageSampler, ImageSamplerDescriptor};
use bevy::prelude::*;
use bevy::render::render_resource::{
    Extent3d, TextureDimension, TextureFormat, TextureUsages, TextureViewDescriptor, TextureViewDimension,
};
use imagine_wgpu::texture_io::{BatchLayout, EnvironmentFilter, HeightBorder, MipFilter, Pack};

use crate::memory::{Allocation, ImagineMemory};

/// What a texture is for.
#[derive(Reflect, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TextureRole {
    /// Of a material: colour and coverage, sRGB.
    BaseColor,
    /// Of a material: tangent-space normal.
    Normal,
    /// Of a material: occlusion in red, roughness in green, metalness in blue.
    OcclusionRoughnessMetallic,
    /// Of a material: 1 - height.
    Depth,
    /// Of a material: emitted colour, sRGB.
    Emissive,
    /// An image by itself.
    Image,
    /// Sprites, side by side.
    Sprites,
    /// A cubemap of radiance.
    Sky,
    /// A cubemap of the light that matt surfaces get from the sky.
    SkyDiffuse,
    /// A cubemap of what glossy surfaces mirror of the sky, one level a roughness.
    SkySpecular,
}

/// How a texture is made.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TexturePlan {
    pub role: TextureRole,
    pub source: TextureSource,
    /// How texels are averaged into smaller levels, where there are any and the source does not make them itself.
    pub mip: MipFilter,
    pub shape: TextureShape,
}

/// Which passes make a texture, and from what.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum TextureSource {
    /// `texture_io/pack`; indices of the outputs at bindings 1, 2, 3.
    Pack(Pack, [Option<usize>; 3], BatchLayout),
    /// `texture_io/normal_from_height`; index of the height output.
    NormalFromHeight { height: usize, strength: f32, border: HeightBorder },
    /// `texture_io/environment` for every level; index of the sky among the textures.
    Environment { sky: usize, light: EnvironmentLight },
}

/// Which environment map is filtered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EnvironmentLight {
    Diffuse,
    /// Roughness rises from 0 on the first level to 1 on the last.
    Specular,
}

/// Size and kind of a texture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TextureShape {
    pub size: UVec2,
    pub layers: u32,
    pub levels: u32,
    pub is_cube: bool,
    pub format: TextureFormat,
    pub sampling: Sampling,
}

/// How a texture is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sampling {
    /// Smooth, and it repeats.
    Repeat,
    /// Smooth, also seen at an angle, and the border goes on.
    Edge,
    /// Smooth, and it ends at its border.
    Clamp,
    /// Texel by texel.
    Nearest,
}

/// Where a finished texture is copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Destination {
    pub image: AssetId<Image>,
    pub first_layer: u32,
}

/// The textures of one result.
#[derive(Debug)]
pub(crate) struct Textures {
    pub list: Vec<(TexturePlan, Handle<Image>)>,
    _memory: Allocation,
}

impl EnvironmentLight {
    /// What level `level` of `levels` holds.
    pub fn at(self, level: u32, levels: u32) -> EnvironmentFilter {
        match self {
            EnvironmentLight::Diffuse => EnvironmentFilter::Diffuse,
            EnvironmentLight::Specular => EnvironmentFilter::Specular(level as f32 / (levels - 1).max(1) as f32),
        }
    }
}

impl Textures {
    /// Empty textures for `plans`; the game's own image stands for the first plan if there is one.
    pub fn new(
        plans: Vec<TexturePlan>,
        own: Option<Handle<Image>>,
        images: &mut Assets<Image>,
        memory: &ImagineMemory,
    ) -> Self {
        let memory = memory.allocate(plans.iter().map(|plan| plan.shape.bytes()).sum());
        let mut own = own;
        let list = plans.into_iter().map(|plan| {
            let image = match (plan.role, own.take()) {
                (TextureRole::Image, Some(image)) => image,
                (_, kept) => {
                    own = kept;
                    images.add(plan.shape.empty())
                }
            };
            (plan, image)
        });
        Self { list: list.collect(), _memory: memory }
    }

    /// The texture of a role, if there is one.
    pub fn get(&self, role: TextureRole) -> Option<&Handle<Image>> {
        self.list.iter().find(|(plan, _)| plan.role == role).map(|(_, image)| image)
    }

    /// Whether the textures can take what `plans` make.
    pub fn fit(&self, plans: &[TexturePlan]) -> bool {
        let shape = |plan: &TexturePlan| (plan.role, plan.shape);
        self.list.iter().map(|(plan, _)| shape(plan)).eq(plans.iter().map(shape))
    }
}

impl TextureShape {
    /// A 2-D texture with all its levels.
    pub fn flat(size: UVec2, format: TextureFormat, sampling: Sampling) -> Self {
        Self { size, layers: 1, levels: mip_levels(size), is_cube: false, format, sampling }
    }

    /// A cubemap of radiance with faces of `side` texels.
    pub fn cube(side: u32, levels: u32) -> Self {
        let format = TextureFormat::Rgba16Float;
        Self { size: UVec2::splat(side), layers: 6, levels, is_cube: true, format, sampling: Sampling::Clamp }
    }

    /// Bytes of all levels and layers.
    pub fn bytes(&self) -> u64 {
        let side = |length: u32, level: u32| u64::from(length.checked_shr(level).unwrap_or(0)).max(1);
        let texels: u64 = (0..self.levels).map(|level| side(self.size.x, level) * side(self.size.y, level)).sum();
        let texel = if self.format == TextureFormat::Rgba16Float { 8 } else { 4 };
        texels.saturating_mul(texel * u64::from(self.layers))
    }

    /// The format in which passes write: storage textures cannot be sRGB. Copies between the two keep the bytes.
    pub fn storage_format(&self) -> TextureFormat {
        self.format.remove_srgb_suffix()
    }

    /// A texture with room for all levels.
    pub fn empty(&self) -> Image {
        let extent = Extent3d { width: self.size.x, height: self.size.y, depth_or_array_layers: self.layers };
        let usages = RenderAssetUsages::RENDER_WORLD;
        let mut image = Image::new_uninit(extent, TextureDimension::D2, self.format, usages);
        image.texture_descriptor.label = Some("imagine texture");
        image.texture_descriptor.mip_level_count = self.levels;
        image.texture_descriptor.usage |= TextureUsages::COPY_DST | TextureUsages::COPY_SRC;
        if self.is_cube {
            let dimension = Some(TextureViewDimension::Cube);
            image.texture_view_descriptor = Some(TextureViewDescriptor { dimension, ..default() });
        }
        image.sampler = self.sampling.sampler();
        image
    }
}

impl Sampling {
    fn sampler(self) -> ImageSampler {
        let linear = ImageSamplerDescriptor::linear();
        ImageSampler::Descriptor(match self {
            Sampling::Nearest => ImageSamplerDescriptor::nearest(),
            Sampling::Clamp => linear,
            Sampling::Edge => ImageSamplerDescriptor { anisotropy_clamp: 8, ..linear },
            Sampling::Repeat => ImageSamplerDescriptor {
                address_mode_u: ImageAddressMode::Repeat,
                address_mode_v: ImageAddressMode::Repeat,
                anisotropy_clamp: 8,
                ..linear
            },
        })
    }
}

/// Number of levels of a texture down to one texel.
pub(crate) fn mip_levels(size: UVec2) -> u32 {
    size.max_element().max(1).ilog2() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_count_every_level_and_layer() {
        let flat = TextureShape::flat(UVec2::new(5, 2), TextureFormat::Rgba8Unorm, Sampling::Repeat);
        assert_eq!((flat.levels, flat.bytes()), (3, (10 + 2 + 1) * 4));
        assert_eq!(TextureShape::cube(2, 2).bytes(), (4 + 1) * 6 * 8);
    }
}
