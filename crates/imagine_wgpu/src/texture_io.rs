//! Passes from tensors to textures and from pictures to tensors, as plain data; `shaders/README.md` lists their bindings.
//!
//! Every pass has one invocation per texel or block, [`crate::WORKGROUP`] of them along x. Its params begin with a zeroed
//! [`crate::DispatchParams`]: the host may cut it along any axis and set `base` to the first workgroup.
//! [`crate::PipelineStore`] compiles it.

mod blocks;
mod pass;

pub use blocks::{BLOCK_SIDE, BlockLevel, Blocks, compress};
pub use pass::TexturePass;
use pass::pass;

use crate::params::params;

/// Which tensors are packed into the channels of a texture, for every image of the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pack {
    /// Colour `[N, 3, H, W]` at binding 1.
    Color {
        /// Whether coverage `[N, 1, H, W]` is at binding 2; 1 everywhere if not.
        alpha: bool,
        /// Whether to encode linear light as sRGB.
        encode_srgb: bool,
    },
    /// A normal `[N, 3, H, W]`, -1 to 1, at binding 1.
    Normal,
    /// Occlusion, roughness and metalness, `[N, 1, H, W]` each, for red, green and blue.
    Material {
        /// Whether occlusion is at binding 1; 1 everywhere if not.
        occlusion: bool,
        /// Whether roughness is at binding 2; 1 everywhere if not.
        roughness: bool,
        /// Whether metalness is at binding 3; 0 everywhere if not.
        metallic: bool,
    },
    /// One channel `[N, 1, H, W]` at binding 1, as grey.
    Gray,
    /// One channel `[N, 1, H, W]` at binding 1, in red, and with 16 bits in green (upper byte) and blue (lower byte).
    Deep {
        /// Whether to store 1 minus the channel, as in Bevy's depth map of a height.
        inverted: bool,
    },
    /// Linear radiance `[N, 3, H, W]` at binding 1, into an `rgba16float` texture.
    Radiance,
}

/// Where the images of a batch go in the texture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BatchLayout {
    /// One layer each.
    Layers,
    /// Side by side on one layer.
    Sheet {
        /// Images in a row, at least 1.
        columns: u32,
    },
}

/// How texels are averaged into the next mip level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MipFilter {
    /// As stored numbers.
    Linear,
    /// Colour as linear light, stored as sRGB.
    Srgb,
    /// As directions, normalised afterwards.
    Normal,
    /// As linear radiance, in `rgba16float` textures.
    Radiance,
    /// Green as perceptual roughness, to which the variance of the normals under a texel is added; the rest as stored numbers.
    Roughness,
}

/// Heights beyond the border of a height map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HeightBorder {
    /// Those of the opposite side: the texture tiles.
    Wrap,
    /// Those of the border.
    Edge,
}

/// Which reflection an environment map is filtered for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum EnvironmentFilter {
    /// Diffuse: radiance weighted by the cosine.
    Diffuse,
    /// Specular at this perceptual roughness, 0 to 1.
    Specular(f32),
}

/// A brush stroke on the state of a cellular automaton.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BrushStroke<'a> {
    /// Centre in cells, x to the right and y down, on the torus.
    pub center: [f32; 2],
    /// Radius in cells.
    pub radius: f32,
    /// Fraction of the radius over which the stroke fades, 0 to 1.
    pub softness: f32,
    /// How far cells move towards the painted values, 0 to 1.
    pub strength: f32,
    /// First painted channel.
    pub first_channel: u32,
    /// Values of the painted channels, at most [`MAX_BRUSH_CHANNELS`].
    pub values: &'a [f32],
    /// Other channels move to random numbers within plus and minus this; `None`: they stay as they are.
    pub amplitude: Option<f32>,
    /// Key of the random numbers.
    pub key: u32,
}

/// Maximum number of channels that a stroke paints.
pub const MAX_BRUSH_CHANNELS: usize = 32;

params! {
    struct PackParams for "texture_io/pack" {
        size: [u32; 2],
        columns: u32,
        unused: u32,
        fallback: [f32; 4],
    }
}

params! {
    struct MipParams for "texture_io/mip" {
        size: [u32; 2],
        above_size: [u32; 2],
    }
}

params! {
    struct NormalParams for "texture_io/normal_from_height" {
        size: [u32; 2],
        strength: f32,
        unused: f32,
    }
}

params! {
    struct EnvironmentParams for "texture_io/environment" {
        side: u32,
        sky_side: u32,
        samples: u32,
        roughness: f32,
    }
}

params! {
    struct UnpackParams for "texture_io/unpack" {
        size: [u32; 2],
        picture_size: [u32; 2],
        channels: u32,
        first: u32,
        unused_a: u32,
        unused_b: u32,
    }
}

params! {
    struct BrushParams for "texture_io/brush" {
        size: [u32; 2],
        center: [f32; 2],
        radius: f32,
        softness: f32,
        strength: f32,
        amplitude: f32,
        channels: u32,
        first: u32,
        count: u32,
        key: u32,
        numbers: [[f32; 4]; 8],
    }
}

/// Packs tensors of `images` images of `size` (`[width, height]`) into a texture at binding 4: `rgba16float` for radiance,
/// else `rgba8unorm`.
pub fn pack(what: Pack, size: [u32; 2], images: u32, layout: BatchLayout) -> TexturePass {
    let (defs, fallback) = match what {
        Pack::Color { alpha, encode_srgb } => {
            (vec![("COLOR", true), ("ALPHA", alpha), ("ENCODE_SRGB", encode_srgb)], [1.0; 4])
        }
        Pack::Normal => (vec![("NORMAL", true)], [1.0; 4]),
        Pack::Material { occlusion, roughness, metallic } => {
            (vec![("OCCLUSION", occlusion), ("ROUGHNESS", roughness), ("METALLIC", metallic)], [1.0, 1.0, 0.0, 1.0])
        }
        Pack::Gray => (vec![("GRAY", true)], [1.0; 4]),
        Pack::Deep { inverted } => (vec![("DEEP", true), ("INVERTED", inverted)], [1.0; 4]),
        Pack::Radiance => (vec![("COLOR", true), ("HALF", true)], [1.0; 4]),
    };
    let columns = match layout {
        BatchLayout::Layers => 0,
        BatchLayout::Sheet { columns } => columns.max(1),
    };
    let params = PackParams { size, columns, fallback, ..PackParams::default() };
    pass(&defs, &params, size, images)
}

/// Makes one mip level (array view at binding 2) from the one above (array view at binding 1) of `above_size`
/// (`[width, height]`); both have `layers` layers. [`MipFilter::Roughness`] takes normals of the level above, too (array view at
/// binding 3, `rgba8unorm`, `0.5 + 0.5 n`).
pub fn mip(kind: MipFilter, above_size: [u32; 2], layers: u32) -> TexturePass {
    let size = above_size.map(|side| (side / 2).max(1));
    let params = MipParams { size, above_size, ..MipParams::default() };
    let defs = [
        ("SRGB", kind == MipFilter::Srgb),
        ("NORMAL", kind == MipFilter::Normal),
        ("HALF", kind == MipFilter::Radiance),
        ("ROUGHNESS", kind == MipFilter::Roughness),
    ];
    pass(&defs, &params, size, layers)
}

/// Makes normal maps, an `rgba8unorm` array texture at binding 2, from the heights `[N, 1, H, W]` at binding 1.
///
/// `size` is `[width, height]`; `strength` is the height difference between 0 and 1 in pixels.
pub fn normal_from_height(size: [u32; 2], images: u32, strength: f32, border: HeightBorder) -> TexturePass {
    let params = NormalParams { size, strength, ..NormalParams::default() };
    let defs = [("BORDER_WRAP", border == HeightBorder::Wrap), ("BORDER_EDGE", border == HeightBorder::Edge)];
    pass(&defs, &params, size, images)
}

/// Filters the cubemap at binding 1 (faces of `sky_side` texels with all mips; linear sampler at binding 2) into one level of
/// `side` texels, an `rgba16float` array view at binding 3.
pub fn environment(what: EnvironmentFilter, side: u32, sky_side: u32, samples: u32) -> TexturePass {
    let roughness = if let EnvironmentFilter::Specular(roughness) = what { roughness.clamp(0.0, 1.0) } else { 0.0 };
    let params = EnvironmentParams { side, sky_side, samples, roughness, ..EnvironmentParams::default() };
    let defs = [("DIFFUSE", what == EnvironmentFilter::Diffuse), ("SPECULAR", what != EnvironmentFilter::Diffuse)];
    pass(&defs, &params, [side; 2], 6)
}

/// What [`unpack`] reads of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PictureChannels {
    /// As many channels as the tensor has, from this one on.
    From(u32),
    /// One channel of red, green and blue.
    Luminance,
    /// One channel, 1 minus red.
    InvertedRed,
    /// Red and green of a unit vector in `0.5 + 0.5 n`, whose z is computed.
    Normal,
}

/// Resizes the picture at binding 1 of `picture_size` (`[width, height]`; linear, clamping sampler at binding 2) into the tensor
/// `[images, channels, H, W]` at binding 3 of `size` (`[width, height]`) with at most four channels. All images of the batch
/// are equal. `encode_srgb` stores sRGB code values.
pub fn unpack(
    size: [u32; 2],
    images: u32,
    channels: u32,
    picture_size: [u32; 2],
    encode_srgb: bool,
    reads: PictureChannels,
) -> TexturePass {
    let first = if let PictureChannels::From(first) = reads { first.min(3) } else { 0 };
    let params = UnpackParams { size, picture_size, channels, first, ..UnpackParams::default() };
    let luminance = reads == PictureChannels::Luminance;
    let inverted = reads == PictureChannels::InvertedRed;
    let normal = reads == PictureChannels::Normal;
    let defs = [("ENCODE_SRGB", encode_srgb), ("LUMINANCE", luminance), ("INVERTED", inverted), ("NORMAL", normal)];
    pass(&defs, &params, size, images)
}

/// Paints on the state `[images, channels, H, W]` at binding 1, of `size` (`[width, height]`).
pub fn brush(stroke: &BrushStroke, size: [u32; 2], images: u32, channels: u32) -> TexturePass {
    let BrushStroke { center, radius, softness, strength, first_channel, amplitude, key, .. } = *stroke;
    let given = &stroke.values[..stroke.values.len().min(MAX_BRUSH_CHANNELS)];
    let mut numbers = [[0.0; 4]; MAX_BRUSH_CHANNELS / 4];
    numbers.as_flattened_mut()[..given.len()].copy_from_slice(given);
    let params = BrushParams {
        size,
        center,
        radius,
        softness,
        strength,
        amplitude: amplitude.unwrap_or(0.0),
        channels,
        first: first_channel,
        count: given.len() as u32,
        key,
        numbers,
        ..BrushParams::default()
    };
    let defs = [("RANDOM", amplitude.is_some())];
    pass(&defs, &params, size, images)
}

/// One pass of every variant, for tests and to compile all pipelines.
pub fn variants() -> Vec<TexturePass> {
    let (size, layers) = ([4, 4], BatchLayout::Layers);
    let flags = [false, true];
    let mut packs = vec![Pack::Normal, Pack::Radiance, Pack::Gray];
    for a in flags {
        packs.push(Pack::Deep { inverted: a });
        for b in flags {
            packs.push(Pack::Color { alpha: a, encode_srgb: b });
            packs.extend(flags.map(|c| Pack::Material { occlusion: a, roughness: b, metallic: c }));
        }
    }
    let mut passes: Vec<_> = packs.into_iter().map(|what| pack(what, size, 1, layers)).collect();
    use MipFilter::{Linear, Normal, Radiance, Roughness, Srgb};
    passes.extend([Linear, Srgb, Normal, Radiance, Roughness].map(|kind| mip(kind, size, 1)));
    passes.extend([HeightBorder::Wrap, HeightBorder::Edge].map(|border| normal_from_height(size, 1, 1.0, border)));
    for encode_srgb in flags {
        use PictureChannels::{From, InvertedRed, Luminance, Normal};
        let reads = [From(0), Luminance, InvertedRed, Normal];
        passes.extend(reads.map(|reads| unpack(size, 1, 3, size, encode_srgb, reads)));
    }
    passes
        .extend([EnvironmentFilter::Diffuse, EnvironmentFilter::Specular(0.5)].map(|what| environment(what, 4, 4, 1)));
    passes.extend(Blocks::ALL.map(|what| compress(what, &what.levels(size, 1, 1)[0])));
    for amplitude in [None, Some(0.1)] {
        let at = BrushStroke {
            center: [1.0; 2],
            radius: 2.0,
            softness: 0.5,
            strength: 1.0,
            first_channel: 0,
            values: &[0.5],
            amplitude,
            key: 0,
        };
        passes.push(brush(&at, size, 1, 4));
    }
    passes
}
