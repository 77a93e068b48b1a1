//! Images for inputs of networks: which image, and which of its channels.

use bevy::prelude::*;
use imagine_graph::OutputKind;

/// An image for an input, and which of its channels are read.
#[derive(Reflect, Clone, Debug, PartialEq)]
#[reflect(Clone, PartialEq)]
pub struct ImageSource {
    /// The image.
    pub image: Handle<Image>,
    /// The channels.
    pub channels: ImageChannels,
}

/// The channels of an image that an input reads.
#[derive(Reflect, Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[reflect(Default, Clone, PartialEq)]
pub enum ImageChannels {
    /// All of them. An input with one channel gets the luminance, a mask the red.
    #[default]
    All,
    /// Red, as occlusion in Bevy's materials.
    Red,
    /// Green, as roughness in Bevy's materials.
    Green,
    /// Blue, as metalness in Bevy's materials.
    Blue,
    /// Alpha.
    Alpha,
    /// 1 minus red: a height from a depth map.
    InvertedRed,
}

/// The maps that `material` has, as Bevy reads them.
pub fn material_images(material: &StandardMaterial) -> Vec<(OutputKind, ImageSource)> {
    let StandardMaterial { base_color_texture, normal_map_texture, occlusion_texture, emissive_texture, .. } = material;
    let StandardMaterial { metallic_roughness_texture, depth_map, .. } = material;
    let slots = [
        (OutputKind::BaseColor, base_color_texture, ImageChannels::All),
        (OutputKind::Normal, normal_map_texture, ImageChannels::All),
        (OutputKind::Height, depth_map, ImageChannels::InvertedRed),
        (OutputKind::Roughness, metallic_roughness_texture, ImageChannels::Green),
        (OutputKind::Metallic, metallic_roughness_texture, ImageChannels::Blue),
        (OutputKind::Occlusion, occlusion_texture, ImageChannels::Red),
        (OutputKind::Emissive, emissive_texture, ImageChannels::All),
    ];
    let given = slots.into_iter().filter_map(|(kind, image, channels)| {
        let image = image.clone()?;
        Some((kind, ImageSource { image, channels }))
    });
    given.collect()
}

impl ImageSource {
    /// Some channels of an image.
    pub fn new(image: Handle<Image>, channels: ImageChannels) -> Self {
        Self { image, channels }
    }
}

impl From<Handle<Image>> for ImageSource {
    fn from(image: Handle<Image>) -> Self {
        Self { image, channels: ImageChannels::All }
    }
}
