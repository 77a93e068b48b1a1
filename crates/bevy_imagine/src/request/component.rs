//! The request component with its controls, and the events that a game triggers and observes.

use std::collections::BTreeMap;

use bevy::prelude::*;

use imagine_edit::input_name;

use super::state::{RequestState, SynthesisStatus};
use crate::asset::Generator;
use crate::error::SynthesisError;
use crate::image_source::{ImageSource, material_images};

/// Requests an image from a generator. A target on the same entity says where it goes: [`MaterialTarget`](crate::MaterialTarget),
/// [`ImageTarget`](crate::ImageTarget), [`SpriteTarget`](crate::SpriteTarget), [`SkyTarget`](crate::SkyTarget), a
/// [`Target`](crate::target::Target) of the game's own, or several of them.
///
/// A changed component is synthesised again; the old image stays until the new one is complete. Equal requests share work and
/// textures. Removing the component or despawning the entity releases everything.
#[derive(Component, Reflect, Clone, Debug, PartialEq)]
#[reflect(Component, Default, Clone, PartialEq)]
#[require(SynthesisStatus, RequestState)]
pub struct Synthesis {
    /// The network. Without one, nothing happens.
    pub generator: Handle<Generator>,
    /// Width and height of one image in texels, within the generator's size rule and the device limit. Default 256 x 256.
    pub size: UVec2,
    /// Selects one of many results. Default 0.
    pub seed: u64,
    /// Steps of a recurrent generator, at most 1,000,000. Default `None`: the number in the file.
    pub steps: Option<u32>,
    /// Values of the generator's controls by name. Missing ones take the default in the file.
    pub controls: BTreeMap<String, Control>,
    /// Images for the generator's image and mask inputs by name, resized as needed. A changed image asset is synthesised
    /// again; trigger [`SynthesisRefresh`] after a camera has drawn into a render target, or add [`EveryFrame`].
    pub images: BTreeMap<String, ImageSource>,
    /// Higher priorities go first, then requests on screen, then those nearest to a camera. Default 0.
    pub priority: i32,
}

/// Value of a control.
#[derive(Reflect, Clone, Debug, PartialEq)]
#[reflect(Clone, PartialEq)]
pub enum Control {
    /// The value of a range, or the index of an option.
    Number(f32),
    /// A colour.
    Color(LinearRgba),
    /// The name of an option, a prompt, or any other value as text: a number, `#rrggbb`.
    Text(String),
}

/// Next to a [`Synthesis`] of a recurrent generator: the result keeps evolving, step by step, within the frame budget.
#[derive(Component, Reflect, Clone, Copy, Debug, Default, PartialEq)]
#[reflect(Component, Default, Clone, PartialEq)]
pub struct Living {
    /// Steps per second, 0 to 1000; fewer if the frame budget does not allow them. Default `None`: the rate in the file.
    pub steps_per_second: Option<f32>,
}

/// Next to a [`Synthesis`] with [images](Synthesis::images): the result is computed again in every frame from what the images show, for example the render
/// target of a camera.
///
/// Planning, compilation and allocation happen once, and [`SynthesisFinished`] is triggered once. The result lags one frame behind the camera. If the
/// network exceeds the frame budget, each result takes several frames.
#[derive(Component, Reflect, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[reflect(Component, Default, Clone, PartialEq)]
pub struct EveryFrame;

/// Triggered on an entity when its targets show the complete result.
#[derive(EntityEvent, Clone, Debug)]
pub struct SynthesisFinished {
    /// The entity with the request.
    pub entity: Entity,
}

/// Triggered on an entity when its request fails. The target shows a magenta checker until the request or its generator
/// changes.
#[derive(EntityEvent, Clone, Debug)]
pub struct SynthesisFailed {
    /// The entity with the request.
    pub entity: Entity,
    /// Why.
    pub error: SynthesisError,
}

/// Trigger it on an entity to synthesise again although no component has changed, for example after a camera has drawn a new
/// input image.
#[derive(EntityEvent, Clone, Debug)]
pub struct SynthesisRefresh {
    /// The entity with the request.
    pub entity: Entity,
}

impl Default for Synthesis {
    fn default() -> Self {
        Self {
            generator: Handle::default(),
            size: UVec2::splat(256),
            seed: 0,
            steps: None,
            controls: BTreeMap::new(),
            images: BTreeMap::new(),
            priority: 0,
        }
    }
}

impl Synthesis {
    /// A request for `generator`, everything else at its default.
    pub fn new(generator: Handle<Generator>) -> Self {
        Self { generator, ..default() }
    }

    /// Sets the size.
    pub fn with_size(self, size: UVec2) -> Self {
        Self { size, ..self }
    }

    /// Sets the seed.
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Sets a control.
    pub fn with_control(mut self, name: impl Into<String>, value: impl Into<Control>) -> Self {
        self.controls.insert(name.into(), value.into());
        self
    }

    /// Sets the image for an image or mask input.
    pub fn with_image(mut self, name: impl Into<String>, image: impl Into<ImageSource>) -> Self {
        self.images.insert(name.into(), image.into());
        self
    }

    /// Sets the images of all maps that `material` has: `image`, `image_normal`, `image_roughness`, `image_metallic`, `image_occlusion`,
    /// `image_emissive` and `image_height`, the inputs of [edits](crate::edit). A generator that does not read one of them fails: ask
    /// [`maps_of`](crate::edit::maps_of) for what there is.
    pub fn with_material(mut self, material: &StandardMaterial) -> Self {
        for (kind, source) in material_images(material) {
            self.images.insert(input_name("image", kind), source);
        }
        self
    }
}

impl From<f32> for Control {
    fn from(value: f32) -> Self {
        Control::Number(value)
    }
}

impl From<&str> for Control {
    fn from(value: &str) -> Self {
        Control::Text(value.into())
    }
}

impl From<String> for Control {
    fn from(value: String) -> Self {
        Control::Text(value)
    }
}

impl From<Color> for Control {
    fn from(value: Color) -> Self {
        Control::Color(value.to_linear())
    }
}
