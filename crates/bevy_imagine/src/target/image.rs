//! A target: one output as an image, which may be a layer of a larger one.

use bevy::ecs::system::SystemParamItem;
use bevy::ecs::system::lifetimeless::SResMut;
use bevy::prelude::*;
use bevy::render::render_resource::TextureFormat;
use imagine_graph::OutputKind;

use super::plan::{PlanContext, Sampling, TexturePlan, TextureRole, TextureShape};
use super::registry::Target;
use super::textures::SynthesisTextures;
use crate::error::SynthesisError;

/// One output of the result becomes an image.
///
/// Colour is `Rgba8UnormSrgb` (with the generator's alpha, if it has one), radiance `Rgba16Float`, everything else `Rgba8Unorm`:
/// normals as `0.5 + 0.5 n`, other outputs as grey. Of a height, [`SynthesisTextures`] has a second texture with 16 bits
/// ([`TextureRole::Height`]), which [`ExportPng`](crate::ExportPng) writes.
#[derive(Component, Reflect, Clone, Debug, Default, PartialEq)]
#[reflect(Component, Default, Clone, PartialEq)]
pub struct ImageTarget {
    /// The image to fill. The plugin creates an image behind a handle from `Assets::reserve_handle`. It fills an existing
    /// image that fits, and replaces one that does not if it has one layer. Default: a new image, found in
    /// [`SynthesisTextures`].
    pub image: Handle<Image>,
    /// Name of the output. Default empty: the first one that an image can show.
    pub output: String,
    /// The layer to fill, in an image with several. Default 0.
    pub layer: u32,
    /// Whether the image has mip levels. Default off.
    pub mips: bool,
    /// Whether the image is block-compressed on GPUs that can read it, to a quarter of the memory: see
    /// [`PlanContext::compressed`]. Default off.
    pub compress: bool,
}

impl ImageTarget {
    /// Fills `image`.
    pub fn new(image: Handle<Image>) -> Self {
        Self { image, ..default() }
    }

    /// An empty texture array of `layers` layers for requests that each fill one layer with colour.
    pub fn color_layers(size: UVec2, layers: u32, mips: bool) -> Image {
        let flat = TextureShape::flat(size, TextureFormat::Rgba8UnormSrgb, Sampling::Repeat);
        let levels = if mips { flat.levels } else { 1 };
        TextureShape { layers: layers.max(1), levels, ..flat }.empty_image()
    }

    /// Whether the game gave an image of its own.
    fn is_own(&self) -> bool {
        self.image != Handle::default()
    }
}

impl Target for ImageTarget {
    type Param = SResMut<Assets<Image>>;

    fn plan(&self, context: &PlanContext) -> Result<Vec<TexturePlan>, SynthesisError> {
        let output = context.named(&self.output, "an image")?;
        let mut plan = context.texture(TextureRole::Image, output);
        if !self.mips {
            plan = plan.without_mips();
        }
        if self.compress {
            plan = context.compressed(plan);
        }
        if self.is_own() {
            plan = plan.into_image(self.image.clone(), self.layer);
        }
        let height = (context.kind(output) == OutputKind::Height).then(|| context.height(output));
        Ok([plan].into_iter().chain(height).collect())
    }

    fn show(&self, _: Entity, _: &SynthesisTextures, _: &mut SystemParamItem<Self::Param>) {}

    fn fail(&self, _: Entity, placeholder: &Handle<Image>, images: &mut SystemParamItem<Self::Param>) {
        let layers = images.get(&self.image).map_or(1, |found| found.texture_descriptor.size.depth_or_array_layers);
        // Other requests may fill the other layers of an array.
        if self.is_own()
            && layers == 1
            && let Some(checker) = images.get(placeholder).cloned()
        {
            // Fails only if the game has dropped the handle, and then nothing shows the image.
            let _ = images.insert(self.image.id(), checker);
        }
    }

    fn clear(&self, _: Entity, _: &[Handle<Image>], _: &mut SystemParamItem<Self::Param>) {}
}
