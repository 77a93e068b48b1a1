//! The textures of a finished request, for games that use them elsewhere.

use std::sync::Arc;

use bevy::prelude::*;

use crate::target::{TextureRole, Textures};

/// The textures that a finished request shows. Clone the handles to use them elsewhere; requests that ask for the same
/// thing have the same handles.
#[derive(Component, Reflect, Clone, Debug)]
#[reflect(opaque, Component)]
pub struct SynthesisTextures(pub(crate) Arc<Textures>);

impl SynthesisTextures {
    /// The texture of a role, if the targets and the generator make it.
    pub fn get(&self, role: TextureRole) -> Option<&Handle<Image>> {
        self.0.get(role)
    }

    /// All textures.
    pub fn iter(&self) -> impl Iterator<Item = (TextureRole, &Handle<Image>)> {
        self.0.list.iter().map(|(plan, image)| (plan.role, image))
    }
}
