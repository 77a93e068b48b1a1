//! A target: one output as an image, which may be a layer of a larger one.

use bevy::prelude::*;
use bevy::render::render_resource::TextureFormat;
use imagine_graph::OutputKind;
use imagine_wgpu::texture_io::{BatchLayout, MipFilter, Pack};

use super::PlanContext;
use super::textures::{Sampling, TexturePlan, TextureRole, TextureShape, TextureSource, mip_levels};
use crate::error::SynthesisError;

/// One output of the result becomes an image.
///
/// Colour is `Rgba8UnormSrgb` (with the generator's alpha, if it has one), radiance `Rgba16Float`, everything else `Rgba8Unorm`:
/// one channel as grey, normals as `0.5 + 0.5 n`.
#[derive(Component, Reflect, Clone, Debug, Default, PartialEq)]
#[reflect(Component, Default, Clone, PartialEq)]
pub struct ImageTarget {
    /// The image to fill. `Assets::reserve_handle` gives one that the plugin then makes; an image that exists is filled if it
    /// fits, and made anew behind the same handle if it does not and has one layer. With the default handle the plugin
    /// makes an image of its own: see [`SynthesisTextures`](crate::SynthesisTextures).
    pub image: Handle<Image>,
    /// Name of the output; the first that an image can show if empty.
    pub output: String,
    /// The layer to fill, of an image with several. Default 0.
    pub layer: u32,
    /// Whether the image has mip levels. Default off.
    pub mips: bool,
}

impl ImageTarget {
    /// Fills `image`.
    pub fn new(image: Handle<Image>) -> Self {
        Self { image, ..default() }
    }

    /// An empty image of `layers` layers for requests that fill a layer of colour each, for a texture array.
    pub fn color_layers(size: UVec2, layers: u32, mips: bool) -> Image {
        let flat = TextureShape::flat(size, TextureFormat::Rgba8UnormSrgb, Sampling::Repeat);
        let levels = if mips { flat.levels } else { 1 };
        TextureShape { layers: layers.max(1), levels, ..flat }.empty()
    }

    /// Whether the game gave an image of its own.
    pub(crate) fn is_own(&self) -> bool {
        self.image != Handle::default()
    }

    pub(super) fn plan(&self, context: &PlanContext) -> Result<TexturePlan, SynthesisError> {
        let showable = |kind| !matches!(kind, OutputKind::State | OutputKind::Tensor | OutputKind::Alpha);
        let named = |name: &str| if self.output.is_empty() { true } else { name == self.output };
        let found = context.outputs.iter().position(|output| named(&output.name) && showable(output.kind));
        let index = found.ok_or_else(|| context.missing("an image", &self.output))?;
        let kind = context.outputs[index].kind;
        let (what, mip) = match kind {
            OutputKind::BaseColor | OutputKind::Emissive => {
                let alpha = context.find(OutputKind::Alpha).is_some() && kind == OutputKind::BaseColor;
                (Pack::Color { alpha, encode_srgb: context.is_linear(index) }, MipFilter::Srgb)
            }
            OutputKind::Normal => (Pack::Normal, MipFilter::Normal),
            OutputKind::Radiance => (Pack::Radiance, MipFilter::Radiance),
            _ => (Pack::Gray { inverted: false }, MipFilter::Linear),
        };
        let format = match what {
            Pack::Color { .. } => TextureFormat::Rgba8UnormSrgb,
            Pack::Radiance => TextureFormat::Rgba16Float,
            _ => TextureFormat::Rgba8Unorm,
        };
        let alpha = context.find(OutputKind::Alpha).filter(|_| matches!(what, Pack::Color { alpha: true, .. }));
        let sampling = if context.tiles { Sampling::Repeat } else { Sampling::Clamp };
        let levels = if self.mips { mip_levels(context.size) } else { 1 };
        let shape = TextureShape { levels, ..TextureShape::flat(context.size, format, sampling) };
        let source = TextureSource::Pack(what, [Some(index), alpha, None], BatchLayout::Layers);
        Ok(TexturePlan { role: TextureRole::Image, source, mip, shape })
    }

    /// Makes the game's own image ready to take `plan`: left as it is where it fits, made anew where it may be.
    pub(crate) fn prepare(&self, plan: &TexturePlan, images: &mut Assets<Image>) -> Result<(), SynthesisError> {
        let wanted = plan.shape;
        let Some(found) = images.get(&self.image) else {
            return match (self.layer, images.insert(self.image.id(), wanted.empty())) {
                (0, Ok(())) => Ok(()),
                _ => Err(SynthesisError::Image { reason: "it does not exist, and only layer 0 can be made".into() }),
            };
        };
        let descriptor = &found.texture_descriptor;
        let extent = UVec2::new(descriptor.size.width, descriptor.size.height);
        let layers = descriptor.size.depth_or_array_layers;
        let fits = extent == wanted.size
            && descriptor.format.remove_srgb_suffix() == wanted.storage_format()
            && descriptor.mip_level_count == wanted.levels
            && self.layer < layers;
        if fits {
            return Ok(());
        }
        if layers == 1 && self.layer == 0 {
            // The handle is the game's: it exists, so that the insertion cannot fail.
            let _ = images.insert(self.image.id(), wanted.empty());
            return Ok(());
        }
        Err(SynthesisError::Image {
            reason: format!(
                "it has {layers} layers of {}x{} {:?} with {} levels; layer {} of {}x{} {:?} with {} levels is needed",
                extent.x,
                extent.y,
                descriptor.format,
                descriptor.mip_level_count,
                self.layer,
                wanted.size.x,
                wanted.size.y,
                wanted.format,
                wanted.levels
            ),
        })
    }
}
