//! What targets show when a request failed: a magenta checker, made in code.

use bevy::asset::RenderAssetUsages;
use bevy::image::{ImageAddressMode, ImageSampler, ImageSamplerDescriptor};
use bevy::prelude::*;
use bevy::render::render_resource::{Extent3d, TextureDimension, TextureFormat};

/// The one placeholder texture of an app, made when it is first needed.
#[derive(Resource, Debug, Default)]
pub(crate) struct Placeholder {
    image: Option<Handle<Image>>,
}

impl Placeholder {
    /// Shows the checker instead of all maps.
    pub fn show(
        &mut self,
        material: &Handle<StandardMaterial>,
        materials: &mut Assets<StandardMaterial>,
        images: &mut Assets<Image>,
    ) {
        let image = self.image(images);
        let Some(mut material) = materials.get_mut(material) else { return };
        material.base_color_texture = Some(image);
        material.normal_map_texture = None;
        material.metallic_roughness_texture = None;
        material.occlusion_texture = None;
        material.depth_map = None;
        material.emissive_texture = None;
    }

    /// The checker.
    pub fn image(&mut self, images: &mut Assets<Image>) -> Handle<Image> {
        self.image.get_or_insert_with(|| images.add(checker())).clone()
    }

    /// Puts the checker behind a handle of the game's own, unless other requests fill layers of that image.
    pub fn fill(image: &Handle<Image>, images: &mut Assets<Image>) {
        let layers = images.get(image).map_or(1, |found| found.texture_descriptor.size.depth_or_array_layers);
        if layers == 1 {
            // A handle whose asset was dropped meanwhile shows nothing anyway.
            let _ = images.insert(image.id(), checker());
        }
    }

    /// Takes the checker away.
    pub fn clear(&self, material: &mut StandardMaterial) {
        if self.image.is_some() && material.base_color_texture == self.image {
            material.base_color_texture = None;
        }
    }
}

/// Eight by eight fields of one texel each.
fn checker() -> Image {
    let texel = |i: usize| if (i % 8 + i / 8).is_multiple_of(2) { [255, 0, 255, 255] } else { [16, 0, 16, 255] };
    let data: Vec<u8> = (0..64).flat_map(texel).collect();
    let size = Extent3d { width: 8, height: 8, depth_or_array_layers: 1 };
    let format = TextureFormat::Rgba8UnormSrgb;
    let mut image = Image::new(size, TextureDimension::D2, data, format, RenderAssetUsages::default());
    image.sampler = ImageSampler::Descriptor(ImageSamplerDescriptor {
        address_mode_u: ImageAddressMode::Repeat,
        address_mode_v: ImageAddressMode::Repeat,
        ..ImageSamplerDescriptor::nearest()
    });
    image
}
