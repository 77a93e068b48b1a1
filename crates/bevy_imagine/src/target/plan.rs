//! Plans of textures: which outputs a texture shows, its shape, and which image it fills. Plain data; the render world makes it.

use bevy::prelude::*;
use bevy::render::render_resource::TextureFormat;
use imagine_graph::{ColorSpace, GraphOutput, OutputKind};
use imagine_wgpu::texture_io::{BLOCK_SIDE, BatchLayout, Blocks, EnvironmentFilter, HeightBorder, MipFilter, Pack};

use crate::asset::Generator;
use crate::error::SynthesisError;

/// What a texture is for.
#[derive(Reflect, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TextureRole {
    /// Material: colour and alpha, sRGB.
    BaseColor,
    /// Material: tangent-space normal.
    Normal,
    /// Material: occlusion in red, roughness in green, metalness in blue.
    OcclusionRoughnessMetallic,
    /// Material: 1 - height in red; with 16 bits in green (upper byte) and blue (lower byte) of level 0.
    Depth,
    /// Material: emitted colour, sRGB.
    Emissive,
    /// An image by itself.
    Image,
    /// Beside the image of a height: the height with 16 bits, in green (upper byte) and blue (lower byte).
    Height,
    /// Sprites side by side.
    Sprites,
    /// A cubemap of radiance.
    Sky,
    /// A cubemap of the irradiance from the sky, for diffuse surfaces.
    SkyDiffuse,
    /// A cubemap of prefiltered radiance for glossy surfaces, one mip level for each roughness.
    SkySpecular,
    /// A texture of a game's own [`Target`](super::Target). Exported files carry the name.
    Custom(&'static str),
}

/// A texture that a target needs. [`PlanContext::texture`] makes one.
#[derive(Clone, Debug, PartialEq)]
pub struct TexturePlan {
    pub(crate) role: TextureRole,
    pub(crate) source: TextureSource,
    /// How texels are averaged into smaller levels, unless the source makes these itself.
    pub(crate) mip: MipFilter,
    pub(crate) shape: TextureShape,
    /// Image and layer of the game's own that the texture goes to.
    pub(crate) image: Option<(Handle<Image>, u32)>,
    /// Width and height in metres of what the texture shows, if the generator's card says it.
    pub(crate) metres: Option<Vec2>,
}

/// The passes that make a texture, and their inputs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum TextureSource {
    /// Packs the outputs at bindings 1, 2, 3.
    Pack(Pack, [Option<OutputIndex>; 3], BatchLayout),
    /// Derives normals from heights; `strength` is the difference between heights 0 and 1 in texels.
    NormalFromHeight { height: OutputIndex, strength: f32, border: HeightBorder },
    /// Filters the sky among the textures before this one, level by level.
    Environment(EnvironmentLight),
}

/// Kind of environment map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EnvironmentLight {
    Diffuse,
    /// Roughness rises from 0 on the first level to 1 on the last.
    Specular,
}

/// Size and format of a texture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TextureShape {
    pub size: UVec2,
    pub layers: u32,
    pub levels: u32,
    pub is_cube: bool,
    pub format: TextureFormat,
    pub sampling: Sampling,
}

/// Sampler of a texture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sampling {
    /// Linear and anisotropic; repeats.
    Repeat,
    /// Linear and anisotropic; clamps to the edge.
    Edge,
    /// Linear; clamps to the edge.
    Clamp,
    /// Nearest; clamps to the edge.
    Nearest,
}

/// Image and first layer that a finished texture is copied to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Destination {
    pub image: AssetId<Image>,
    pub first_layer: u32,
}

/// An output of a generator, found by a [`PlanContext`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputIndex(pub(crate) usize);

/// A generator and a request, as targets see them while they plan.
pub struct PlanContext<'a> {
    generator: &'a str,
    outputs: &'a [GraphOutput],
    size: UVec2,
    texels_per_metre: Option<f32>,
    tiles: bool,
    is_patch: bool,
    has_blocks: bool,
}

impl<'a> PlanContext<'a> {
    /// `has_blocks`: whether textures may be block-compressed.
    pub(crate) fn new(generator: &'a Generator, size: UVec2, is_patch: bool, has_blocks: bool) -> Self {
        let network = generator.network();
        let tiles = network.generator.size.tiles && !is_patch;
        let texels_per_metre = network.generator.card.texel_density();
        let outputs = &network.output.graph().outputs;
        Self { generator: generator.name(), outputs, size, texels_per_metre, tiles, is_patch, has_blocks }
    }

    /// Name of the generator, for messages.
    pub fn generator(&self) -> &str {
        self.generator
    }

    /// Width and height of one image in texels.
    pub fn size(&self) -> UVec2 {
        self.size
    }

    /// Whether opposite edges of the image meet.
    pub fn tiles(&self) -> bool {
        self.tiles
    }

    /// Whether the result is a [`WorldPatch`](crate::WorldPatch), which has neighbours beyond its edges.
    pub fn is_patch(&self) -> bool {
        self.is_patch
    }

    /// The texture compressed in blocks of 4x4 texels, which take a quarter of the memory or less: BC7 for colours, BC5 for normals (shaders compute z) and
    /// for occlusion with roughness, BC4 for one channel. It stays as it is on devices without `TEXTURE_COMPRESSION_BC`, if a side is no multiple of 4, if
    /// the result is [`Living`](crate::Living), and if it holds radiance.
    pub fn compressed(&self, mut plan: TexturePlan) -> TexturePlan {
        let fits = plan.shape.size.to_array().iter().all(|side| side.is_multiple_of(BLOCK_SIDE));
        if let Some(blocks) = plan.source.blocks().filter(|_| self.has_blocks && fits) {
            plan.shape.format = match blocks {
                Blocks::Color { .. } if plan.shape.format.is_srgb() => TextureFormat::Bc7RgbaUnormSrgb,
                Blocks::Color { .. } | Blocks::Packed => TextureFormat::Bc7RgbaUnorm,
                Blocks::Normal | Blocks::Pair => TextureFormat::Bc5RgUnorm,
                Blocks::Single => TextureFormat::Bc4RUnorm,
            };
        }
        plan
    }

    /// The first output of a kind.
    pub fn find(&self, kind: OutputKind) -> Option<OutputIndex> {
        self.outputs.iter().position(|output| output.kind == kind).map(OutputIndex)
    }

    /// The first output of a kind; without one, an error that names `target`, for example "a sprite".
    pub fn require(&self, kind: OutputKind, target: &'static str) -> Result<OutputIndex, SynthesisError> {
        self.find(kind).ok_or_else(|| self.missing(target, kind.name()))
    }

    /// The output called `name` that an image can show; the first such output if `name` is empty.
    pub fn named(&self, name: &str, target: &'static str) -> Result<OutputIndex, SynthesisError> {
        let shows = |kind| !matches!(kind, OutputKind::State | OutputKind::Tensor | OutputKind::Alpha);
        let is_wanted = |output: &GraphOutput| (name.is_empty() || name == output.name) && shows(output.kind);
        self.outputs.iter().position(is_wanted).map(OutputIndex).ok_or_else(|| self.missing(target, name))
    }

    /// An output as a texture with all mip levels.
    ///
    /// Base and emissive colour are `Rgba8UnormSrgb`, base colour with the generator's alpha if it has one; radiance is
    /// `Rgba16Float`. Everything else is `Rgba8Unorm`: normals as `0.5 + 0.5 n`, other outputs as grey. The sampler repeats
    /// if the image tiles and clamps otherwise.
    pub fn texture(&self, role: TextureRole, output: OutputIndex) -> TexturePlan {
        let GraphOutput { kind, color_space, .. } = self.outputs[output.0];
        let encode_srgb = color_space == ColorSpace::Linear;
        let alpha = self.find(OutputKind::Alpha).filter(|_| kind == OutputKind::BaseColor);
        let (pack, mip) = match kind {
            OutputKind::BaseColor | OutputKind::Emissive => {
                (Pack::Color { alpha: alpha.is_some(), encode_srgb }, MipFilter::Srgb)
            }
            OutputKind::Normal => (Pack::Normal, MipFilter::Normal),
            OutputKind::Radiance => (Pack::Radiance, MipFilter::Radiance),
            _ => (Pack::Gray, MipFilter::Linear),
        };
        self.packed(role, pack, [Some(output), alpha, None], mip)
    }

    pub(super) fn packed(
        &self,
        role: TextureRole,
        pack: Pack,
        outputs: [Option<OutputIndex>; 3],
        mip: MipFilter,
    ) -> TexturePlan {
        self.plan(role, TextureSource::Pack(pack, outputs, BatchLayout::Layers), mip)
    }

    /// A texture of the size, sampling and format that suit the context and `mip`.
    pub(super) fn plan(&self, role: TextureRole, source: TextureSource, mip: MipFilter) -> TexturePlan {
        let sampling = if self.tiles { Sampling::Repeat } else { Sampling::Clamp };
        let format = match mip {
            MipFilter::Srgb => TextureFormat::Rgba8UnormSrgb,
            MipFilter::Radiance => TextureFormat::Rgba16Float,
            MipFilter::Normal | MipFilter::Linear | MipFilter::Roughness => TextureFormat::Rgba8Unorm,
        };
        let metres = self.texels_per_metre.map(|texels| self.size.as_vec2() / texels);
        TexturePlan { role, source, mip, shape: TextureShape::flat(self.size, format, sampling), image: None, metres }
    }

    /// A height with 16 bits, for export.
    pub(super) fn height(&self, height: OutputIndex) -> TexturePlan {
        let pack = Pack::Deep { inverted: false };
        let plan = self.packed(TextureRole::Height, pack, [Some(height), None, None], MipFilter::Linear);
        plan.without_mips().with_sampling(Sampling::Nearest)
    }

    /// Kind of an output.
    pub(super) fn kind(&self, output: OutputIndex) -> OutputKind {
        self.outputs[output.0].kind
    }

    pub(super) fn missing(&self, target: &'static str, wanted: &str) -> SynthesisError {
        let found = self.outputs.iter().map(|output| format!("{} ({})", output.name, output.kind.name())).collect();
        let generator = self.generator.to_string();
        SynthesisError::MissingOutput { generator, target, wanted: wanted.to_string(), found }
    }
}

impl TexturePlan {
    /// Whether level 0 has 16 bits in green and blue.
    pub(crate) fn is_deep(&self) -> bool {
        matches!(self.source, TextureSource::Pack(Pack::Deep { .. }, ..))
    }

    /// What its blocks hold, if it is block-compressed.
    pub(crate) fn blocks(&self) -> Option<Blocks> {
        self.source.blocks().filter(|_| self.shape.format.is_compressed())
    }

    /// Sets the sampler.
    pub fn with_sampling(mut self, sampling: Sampling) -> Self {
        self.shape.sampling = sampling;
        self
    }

    /// Keeps level 0 only.
    pub fn without_mips(mut self) -> Self {
        self.shape.levels = 1;
        self
    }

    /// Fills a layer of the game's own image instead of a new one. An image that does not exist is created behind the
    /// handle; one that does not fit is replaced if it has one layer, and an error otherwise.
    pub fn into_image(mut self, image: Handle<Image>, layer: u32) -> Self {
        self.image = Some((image, layer));
        self
    }
}

impl TextureSource {
    /// What blocks of it hold, if there are such blocks.
    fn blocks(&self) -> Option<Blocks> {
        match *self {
            TextureSource::NormalFromHeight { .. } => Some(Blocks::Normal),
            TextureSource::Pack(pack, ..) => match pack {
                Pack::Color { alpha, .. } => Some(Blocks::Color { alpha }),
                Pack::Normal => Some(Blocks::Normal),
                Pack::Material { metallic: true, .. } => Some(Blocks::Packed),
                Pack::Material { occlusion: true, roughness: false, .. } => Some(Blocks::Single),
                // Blue of BC5 is 0: no metal.
                Pack::Material { .. } => Some(Blocks::Pair),
                Pack::Gray => Some(Blocks::Color { alpha: false }),
                Pack::Deep { .. } => Some(Blocks::Single),
                Pack::Radiance => None,
            },
            TextureSource::Environment(_) => None,
        }
    }
}

impl EnvironmentLight {
    /// Content of level `level` of `levels`.
    pub fn at(self, level: u32, levels: u32) -> EnvironmentFilter {
        match self {
            EnvironmentLight::Diffuse => EnvironmentFilter::Diffuse,
            EnvironmentLight::Specular => EnvironmentFilter::Specular(level as f32 / (levels - 1).max(1) as f32),
        }
    }
}

impl TextureShape {
    /// A 2-D texture with all mip levels.
    pub fn flat(size: UVec2, format: TextureFormat, sampling: Sampling) -> Self {
        Self { size, layers: 1, levels: mip_levels(size), is_cube: false, format, sampling }
    }

    /// A cubemap of radiance with faces of `side` texels and all mip levels.
    pub fn cube(side: u32) -> Self {
        let flat = Self::flat(UVec2::splat(side), TextureFormat::Rgba16Float, Sampling::Clamp);
        Self { layers: 6, is_cube: true, ..flat }
    }

    /// Bytes of all levels and layers.
    pub fn bytes(&self) -> u64 {
        let (width, height) = self.format.block_dimensions();
        let blocks = |length: u32, level: u32, side: u32| {
            u64::from(length.checked_shr(level).unwrap_or(0).max(1).div_ceil(side))
        };
        let level = |level: u32| blocks(self.size.x, level, width) * blocks(self.size.y, level, height);
        let all: u64 = (0..self.levels).map(level).sum();
        let block = self.format.block_copy_size(None).expect("the format has colours");
        all.saturating_mul(u64::from(block) * u64::from(self.layers))
    }

    /// The format that passes write: storage textures are neither sRGB nor block-compressed.
    pub fn storage_format(&self) -> TextureFormat {
        if self.format.is_compressed() { TextureFormat::Rgba8Unorm } else { self.format.remove_srgb_suffix() }
    }

    /// The texture that passes write.
    pub fn scratch(&self) -> Self {
        Self { format: self.storage_format(), ..*self }
    }
}

/// Levels of a texture down to one texel.
fn mip_levels(size: UVec2) -> u32 {
    size.max_element().max(1).ilog2() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_count_every_level_and_layer() {
        let flat = TextureShape::flat(UVec2::new(5, 2), TextureFormat::Rgba8Unorm, Sampling::Repeat);
        assert_eq!((flat.levels, flat.bytes()), (3, (10 + 2 + 1) * 4));
        assert_eq!(TextureShape::cube(2).bytes(), (4 + 1) * 6 * 8);
        let blocks = |format| TextureShape { format, ..TextureShape::flat(UVec2::new(8, 4), format, Sampling::Repeat) };
        // Levels of 8x4, 4x2, 2x1 and 1x1 texels.
        assert_eq!(blocks(TextureFormat::Bc7RgbaUnormSrgb).bytes(), (2 + 1 + 1 + 1) * 16);
        assert_eq!(blocks(TextureFormat::Bc4RUnorm).bytes(), (2 + 1 + 1 + 1) * 8);
        assert_eq!(blocks(TextureFormat::Bc5RgUnorm).scratch().bytes(), (32 + 8 + 2 + 1) * 4);
    }
}
