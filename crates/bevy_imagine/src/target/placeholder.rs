//! The placeholder that targets show when a request failed: a magenta checker.

use bevy::asset::RenderAssetUsages;
use bevy::image::{ImageAddressMode, ImageSampler, ImageSamplerDescriptor};
use bevy::prelude::*;
use bevy::render::render_resource::{Extent3d, TextureDimension, TextureFormat};

/// The placeholder texture of an app, created when it is first needed.
#[derive(Resource, Debug, Default)]
pub(crate) struct Placeholder(Option<Handle<Image>>);

impl Placeholder {
    pub fn get_or_create(&mut self, images: &mut Assets<Image>) -> Handle<Image> {
        self.0.get_or_insert_with(|| images.add(checker())).clone()
    }

    pub fn get(&self) -> Option<&Handle<Image>> {
        self.0.as_ref()
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
