//! Passes that turn tensors into textures, as plain data: `shaders/present`, whose README section has the bindings.
//!
//! Every pass has one invocation a texel, [`WORKGROUP`] of them along x, and begins its params with a zeroed [`Head`]:
//! who plays it may cut it along y and set `head.base` to the first workgroup.

use crate::kernel::{Def, Head, WORKGROUP};
use crate::params::{ParamsLayout, params};

/// One presentation pass.
#[derive(Clone, Debug, PartialEq)]
pub struct PresentCall {
    /// Path of the shader below `shaders/`, without `.wgsl`.
    pub shader: &'static str,
    /// Shader defs that choose the variant, sorted by name.
    pub defs: Vec<(&'static str, Def)>,
    /// The params uniform, binding 0.
    pub params: Vec<u8>,
    /// Number of workgroups along x, y and z.
    pub workgroups: [u32; 3],
}

/// What is packed into a texture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pack {
    /// Colour `[3, H, W]` at binding 1.
    Color {
        /// Whether coverage `[1, H, W]` is at binding 2; 1 everywhere if not.
        alpha: bool,
        /// Whether the tensor holds linear light, which is then encoded as sRGB.
        encode_srgb: bool,
    },
    /// A normal `[3, H, W]` of -1 to 1 at binding 1.
    Normal,
    /// Occlusion, roughness and metalness, `[1, H, W]` each, for red, green and blue.
    Material {
        /// Whether occlusion is at binding 1; 1 everywhere if not.
        occlusion: bool,
        /// Whether roughness is at binding 2; 1 everywhere if not.
        roughness: bool,
        /// Whether metalness is at binding 3; 0 everywhere if not.
        metallic: bool,
    },
    /// Height `[1, H, W]` at binding 1.
    Height {
        /// Whether 1 - height is stored, as Bevy's depth map wants.
        depth: bool,
    },
}

/// How texels are averaged into the next mip level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mip {
    /// As the numbers they are.
    Linear,
    /// Colour as linear light, stored as sRGB.
    Srgb,
    /// As directions, which are made unit length again.
    Normal,
}

/// What height is assumed beyond the border of a height map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HeightBorder {
    /// That of the opposite side: the texture tiles.
    Wrap,
    /// That of the border.
    Edge,
}

/// The params uniforms of the passes, for the test that compares them with the shaders.
pub const LAYOUTS: &[ParamsLayout] = &[PackParams::LAYOUT, MipParams::LAYOUT, NormalParams::LAYOUT];

params! {
    struct PackParams for "present/pack" {
        head: Head,
        size: [u32; 2],
        unused: [u32; 2],
        fallback: [f32; 4],
    }
}

params! {
    struct MipParams for "present/mip" {
        head: Head,
        size: [u32; 2],
        above_size: [u32; 2],
    }
}

params! {
    struct NormalParams for "present/normal_from_height" {
        head: Head,
        size: [u32; 2],
        strength: f32,
        unused: f32,
    }
}

/// Packs tensors of `size` (`[width, height]`) into an `rgba8unorm` texture at binding 4.
pub fn pack(what: Pack, size: [u32; 2]) -> PresentCall {
    let (defs, fallback) = match what {
        Pack::Color { alpha, encode_srgb } => {
            (vec![("COLOR", true), ("ALPHA", alpha), ("ENCODE_SRGB", encode_srgb)], [1.0; 4])
        }
        Pack::Normal => (vec![("NORMAL", true)], [1.0; 4]),
        Pack::Material { occlusion, roughness, metallic } => {
            (vec![("OCCLUSION", occlusion), ("ROUGHNESS", roughness), ("METALLIC", metallic)], [1.0, 1.0, 0.0, 1.0])
        }
        Pack::Height { depth } => (vec![("HEIGHT", true), ("DEPTH", depth)], [1.0; 4]),
    };
    let params = PackParams { size, fallback, ..PackParams::default() };
    call(PackParams::SHADER, &defs, bytemuck::bytes_of(&params), size)
}

/// Makes one mip level, an `rgba8unorm` view at binding 2, from the one above of `above_size` (`[width, height]`), an
/// `rgba8unorm` view at binding 1.
pub fn mip(kind: Mip, above_size: [u32; 2]) -> PresentCall {
    let size = above_size.map(|side| (side / 2).max(1));
    let params = MipParams { size, above_size, ..MipParams::default() };
    let defs = [("SRGB", kind == Mip::Srgb), ("NORMAL", kind == Mip::Normal)];
    call(MipParams::SHADER, &defs, bytemuck::bytes_of(&params), size)
}

/// Makes a normal map, an `rgba8unorm` texture at binding 2, from the height `[1, H, W]` at binding 1.
///
/// `size` is `[width, height]`; `strength` says how many pixels the height difference between 0 and 1 is.
pub fn normal_from_height(size: [u32; 2], strength: f32, border: HeightBorder) -> PresentCall {
    let params = NormalParams { size, strength, ..NormalParams::default() };
    let defs = [("BORDER_WRAP", border == HeightBorder::Wrap), ("BORDER_EDGE", border == HeightBorder::Edge)];
    call(NormalParams::SHADER, &defs, bytemuck::bytes_of(&params), size)
}

/// One call of every variant, for tests and for warming pipelines.
pub fn variants() -> Vec<PresentCall> {
    let size = [4, 4];
    let flags = [false, true];
    let mut calls = vec![pack(Pack::Normal, size)];
    for a in flags {
        calls.push(pack(Pack::Height { depth: a }, size));
        for b in flags {
            calls.push(pack(Pack::Color { alpha: a, encode_srgb: b }, size));
            for c in flags {
                calls.push(pack(Pack::Material { occlusion: a, roughness: b, metallic: c }, size));
            }
        }
    }
    calls.extend([Mip::Linear, Mip::Srgb, Mip::Normal].map(|kind| mip(kind, size)));
    calls.extend([HeightBorder::Wrap, HeightBorder::Edge].map(|border| normal_from_height(size, 1.0, border)));
    calls
}

fn call(shader: &'static str, flags: &[(&'static str, bool)], params: &[u8], [width, height]: [u32; 2]) -> PresentCall {
    let mut defs: Vec<_> = flags.iter().filter(|(_, on)| *on).map(|(name, _)| (*name, Def::Bool(true))).collect();
    defs.sort();
    PresentCall { shader, defs, params: params.to_vec(), workgroups: [width.div_ceil(WORKGROUP), height, 1] }
}
