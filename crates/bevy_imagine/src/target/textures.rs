//! The textures of one result: images that Bevy holds, new ones or the game's own, and their share of the memory budget.

use std::sync::Arc;

use bevy::asset::RenderAssetUsages;
use bevy::image::{ImageAddressMode, ImageSampler, ImageSamplerDescriptor};
use bevy::prelude::*;
use bevy::render::render_resource::{
    Extent3d, TextureDimension, TextureUsages, TextureViewDescriptor, TextureViewDimension,
};

use super::plan::{Destination, Sampling, TexturePlan, TextureRole, TextureShape};
use crate::error::SynthesisError;
use crate::memory::{Allocation, ImagineMemory};

/// The textures that a finished request shows. Clone the handles to use them elsewhere; equal requests share them.
#[derive(Component, Reflect, Clone, Debug)]
#[reflect(opaque, Component)]
pub struct SynthesisTextures(Arc<Textures>);

#[derive(Debug)]
struct Textures {
    list: Vec<(TexturePlan, Handle<Image>)>,
    _memory: Allocation,
}

impl SynthesisTextures {
    /// The texture of a role, if the targets and the generator make one.
    pub fn get(&self, role: TextureRole) -> Option<&Handle<Image>> {
        self.iter().find(|(known, _)| *known == role).map(|(_, image)| image)
    }

    /// All textures.
    pub fn iter(&self) -> impl Iterator<Item = (TextureRole, &Handle<Image>)> {
        self.0.list.iter().map(|(plan, image)| (plan.role, image))
    }

    /// Width and height in metres of the surface that the textures show once; `None` if the generator's card does not say how large it is.
    pub fn metres(&self) -> Option<Vec2> {
        self.plans().find_map(|(plan, _)| plan.metres)
    }

    /// Empty textures for `plans`, or an error if they exceed the memory budget or the game's own image does not fit.
    /// `generator` is its name, for messages.
    pub(crate) fn new(
        plans: Vec<TexturePlan>,
        generator: &str,
        images: &mut Assets<Image>,
        memory: &ImagineMemory,
    ) -> Result<Self, SynthesisError> {
        let bytes = plans.iter().map(|plan| plan.shape.bytes()).sum();
        let memory = memory.try_allocate(bytes).map_err(|error| error.of(generator))?;
        let image = |plan: TexturePlan| {
            let image = match &plan.image {
                Some((image, layer)) => prepare_own(image, *layer, &plan.shape, images).map(|()| image.clone())?,
                None => images.add(plan.shape.empty_image()),
            };
            Ok((plan, image))
        };
        let list = plans.into_iter().map(image).collect::<Result<_, SynthesisError>>()?;
        Ok(Self(Arc::new(Textures { list, _memory: memory })))
    }

    pub(crate) fn plans(&self) -> impl Iterator<Item = &(TexturePlan, Handle<Image>)> {
        self.0.list.iter()
    }

    pub(crate) fn destinations(&self) -> Vec<Destination> {
        let destination = |(plan, image): &(TexturePlan, Handle<Image>)| Destination {
            image: image.id(),
            first_layer: plan.image.as_ref().map_or(0, |(_, layer)| *layer),
        };
        self.plans().map(destination).collect()
    }

    /// Whether the plugin's own textures can hold `plans`.
    pub(crate) fn fit(&self, plans: &[TexturePlan]) -> bool {
        let shape = |plan: &TexturePlan| (plan.role, plan.shape);
        self.plans().all(|(plan, _)| plan.image.is_none())
            && plans.iter().all(|plan| plan.image.is_none())
            && self.plans().map(|(plan, _)| shape(plan)).eq(plans.iter().map(shape))
    }
}

/// Makes the game's own image ready for a texture of shape `wanted`: keeps one that fits, replaces one that has a single layer.
fn prepare_own(
    image: &Handle<Image>,
    layer: u32,
    wanted: &TextureShape,
    images: &mut Assets<Image>,
) -> Result<(), SynthesisError> {
    let Some(found) = images.get(image) else {
        return match (layer, images.insert(image.id(), wanted.empty_image())) {
            (0, Ok(())) => Ok(()),
            _ => Err(SynthesisError::Image { reason: "it does not exist, and only layer 0 can be created".into() }),
        };
    };
    let descriptor = &found.texture_descriptor;
    let extent = UVec2::new(descriptor.size.width, descriptor.size.height);
    let layers = descriptor.size.depth_or_array_layers;
    let fits = extent == wanted.size
        && descriptor.format.remove_srgb_suffix() == wanted.format.remove_srgb_suffix()
        && descriptor.mip_level_count == wanted.levels
        && layer < layers;
    if fits {
        return Ok(());
    }
    if layers == 1 && layer == 0 {
        // The game holds the handle, so the insertion cannot fail.
        let _ = images.insert(image.id(), wanted.empty_image());
        return Ok(());
    }
    Err(SynthesisError::Image {
        reason: format!(
            "it has {layers} layers of {}x{} {:?} with {} levels; layer {layer} of {}x{} {:?} with {} levels is needed",
            extent.x,
            extent.y,
            descriptor.format,
            descriptor.mip_level_count,
            wanted.size.x,
            wanted.size.y,
            wanted.format,
            wanted.levels
        ),
    })
}

impl TextureShape {
    /// An uninitialised image with all levels.
    pub fn empty_image(&self) -> Image {
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
