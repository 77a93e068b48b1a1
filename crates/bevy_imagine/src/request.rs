//! What a game asks for and is told: the request component, its controls, its status and its events.

use std::collections::BTreeMap;

use bevy::prelude::*;

use crate::asset::Generator;
use crate::error::SynthesisError;
use crate::synthesis::SynthesisJob;

/// Asks a generator for an image. A target on the same entity says where it goes: [`MaterialTarget`](crate::MaterialTarget),
/// [`ImageTarget`](crate::ImageTarget), [`SpriteTarget`](crate::SpriteTarget), [`SkyTarget`](crate::SkyTarget), or several of them.
///
/// A changed component is synthesised again; the old picture stays until the new one is whole. Requests that ask for the
/// same thing share the work and the textures. Removing the component or despawning the entity gives back everything.
#[derive(Component, Reflect, Clone, Debug, PartialEq)]
#[reflect(Component, Default, Clone, PartialEq)]
#[require(SynthesisStatus, SynthesisJob)]
pub struct Synthesis {
    /// The network. No default: without one, nothing happens.
    pub generator: Handle<Generator>,
    /// Width and height in texels of one image, within the generator's size rule and the device's limit. Default 256 x 256.
    pub size: UVec2,
    /// Chooses one of many results. Default 0.
    pub seed: u64,
    /// Steps of a recurrent generator, at most 1,000,000; `None` (the default) is the file's own number.
    pub steps: Option<u32>,
    /// Values of the generator's controls by name; those left out take the file's default.
    pub controls: BTreeMap<String, Control>,
    /// Pictures for the generator's image and mask inputs by name, resized to what the input needs. A changed image is
    /// used at once; of a camera's render target, [`SynthesisRefresh`] takes the present picture.
    pub images: BTreeMap<String, Handle<Image>>,
    /// Requests of higher priority come first; among equals those on screen, then the nearest to a camera. Default 0.
    pub priority: i32,
}

/// Value of a control.
#[derive(Reflect, Clone, Debug, PartialEq)]
#[reflect(Clone, PartialEq)]
pub enum Control {
    /// Of a range; of a choice, the option's index.
    Number(f32),
    /// Of a colour.
    Color(LinearRgba),
    /// The name of an option, words for a prompt, or another value as text: a number, `#rrggbb`.
    Text(String),
}

/// Beside a [`Synthesis`] of a recurrent generator: the result goes on changing, step by step, inside the frame budget.
#[derive(Component, Reflect, Clone, Copy, Debug, Default, PartialEq)]
#[reflect(Component, Default, Clone, PartialEq)]
pub struct Living {
    /// Steps a second, at most 1000; `None` (the default) is the file's own rate. Where the budget does not allow as many, there are fewer.
    pub steps_per_second: Option<f32>,
}

/// Where a request stands. Set by the plugin; read it.
#[derive(Component, Reflect, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[reflect(Component, Default, Clone, PartialEq)]
pub enum SynthesisStatus {
    /// The generator is loading.
    #[default]
    Waiting,
    /// Shaders compile or passes run.
    Running,
    /// The target shows what was asked for.
    Finished,
    /// The target shows the placeholder.
    Failed,
}

/// Triggered on an entity when its targets show the whole result.
#[derive(EntityEvent, Clone, Debug)]
pub struct SynthesisFinished {
    /// The entity with the request.
    pub entity: Entity,
}

/// Triggered on an entity when its request cannot be fulfilled. The target shows a magenta checker until the request or its
/// generator changes.
#[derive(EntityEvent, Clone, Debug)]
pub struct SynthesisFailed {
    /// The entity with the request.
    pub entity: Entity,
    /// Why.
    pub error: SynthesisError,
}

/// Trigger it on an entity to synthesise again though nothing has changed, as after a camera has drawn another picture.
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
    /// A request with everything but the generator at its default.
    pub fn new(generator: Handle<Generator>) -> Self {
        Self { generator, ..default() }
    }

    /// The same with another size.
    pub fn with_size(self, size: UVec2) -> Self {
        Self { size, ..self }
    }

    /// The same with another seed.
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// The same with a control set.
    pub fn with_control(mut self, name: impl Into<String>, value: impl Into<Control>) -> Self {
        self.controls.insert(name.into(), value.into());
        self
    }

    /// The same with a picture for an image or mask input.
    pub fn with_image(mut self, name: impl Into<String>, image: Handle<Image>) -> Self {
        self.images.insert(name.into(), image);
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
