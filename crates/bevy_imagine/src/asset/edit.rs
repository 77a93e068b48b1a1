//! Edits of images and materials while the game runs: an object is inserted, a hole repaired, a wall restyled. An edit is a generator for images of one size;
//! a [`Synthesis`](crate::Synthesis) of it reads images and writes its target, within the frame budget and without reading anything back.
//!
//! ```no_run
//! use bevy::prelude::*;
//! use bevy_imagine::edit::{EditGenerators, Extent, Insert};
//! use bevy_imagine::prelude::*;
//!
//! fn paste(mut commands: Commands, mut edits: EditGenerators, assets: Res<AssetServer>, images: Res<Assets<Image>>) {
//!     let (wall, poster) = (Extent::splat(512), Extent { height: 128, width: 96 });
//!     let pasted = images.reserve_handle();
//!     commands.spawn((
//!         Synthesis::new(edits.add(Insert::new(wall, poster)))
//!             .with_size(UVec2::splat(512))
//!             .with_image("image", assets.load("wall.png"))
//!             .with_image("object", assets.load("poster.png"))
//!             .with_image("object_alpha", ImageSource::new(assets.load("poster.png"), ImageChannels::Alpha))
//!             .with_control("scale", 0.2),
//!         ImageTarget::new(pasted),
//!     ));
//! }
//! ```
//!
//! The target may be an input: what is shown changes in place, and each [`SynthesisRefresh`](crate::SynthesisRefresh) edits it once more.

use bevy::ecs::system::SystemParam;
use bevy::prelude::*;
use bevy::tasks::AsyncComputeTaskPool;
pub use imagine_edit::{Edit, EditError, Insert, Repair, Tile, input_name};
pub use imagine_graph::{Extent, OutputKind};

use super::generator::Generator;
use crate::image_source::material_images;

/// Makes generators of edits.
#[derive(SystemParam)]
pub struct EditGenerators<'w> {
    server: Res<'w, AssetServer>,
    made: ResMut<'w, MadeEdits>,
}

/// Edits whose generators were made.
#[derive(Resource, Default)]
pub(super) struct MadeEdits(Vec<(Edit, AssetId<Generator>)>);

/// Why an edit did not become a generator.
#[derive(Debug, thiserror::Error)]
#[error("{edit}: {error}")]
pub struct EditGeneratorError {
    /// Name of the edit.
    pub edit: &'static str,
    /// What went wrong.
    pub error: EditError,
}

impl EditGenerators<'_> {
    /// The generator of `edit`, which is loaded like one from a file: the handle can be used at once, and a fault fails its requests. Its graph is built on
    /// a background thread. An edit that is in use has one generator.
    pub fn add(&mut self, edit: impl Into<Edit>) -> Handle<Generator> {
        let edit = edit.into();
        self.made.0.retain(|(_, id)| self.server.get_id_handle(*id).is_some());
        let known = self.made.0.iter().find(|(known, _)| *known == edit);
        if let Some(handle) = known.and_then(|(_, id)| self.server.get_id_handle(*id)) {
            return handle;
        }
        let wanted = edit.clone();
        let handle = self.server.add_async(AsyncComputeTaskPool::get().spawn(async move { make(&wanted) }));
        self.made.0.push((edit, handle.id()));
        handle
    }
}

/// The maps that `material` has, in the order of [`OutputKind::MAPS`]: what an edit of it is made for. See
/// [`Synthesis::with_material`](crate::Synthesis::with_material).
pub fn maps_of(material: &StandardMaterial) -> Vec<OutputKind> {
    let given: Vec<_> = material_images(material).into_iter().map(|(kind, _)| kind).collect();
    OutputKind::MAPS.into_iter().filter(|kind| given.contains(kind)).collect()
}

fn make(edit: &Edit) -> Result<Generator, EditGeneratorError> {
    let loaded = edit.loaded().map_err(|error| EditGeneratorError { edit: edit.name(), error })?;
    Ok(loaded.into())
}
