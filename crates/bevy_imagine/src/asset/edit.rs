//! Edits of images and materials while the game runs: an object is inserted, a hole repaired, a wall restyled, a photograph becomes a material. An edit is a generator for images of one size;
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

use std::sync::Arc;

use async_channel::Receiver;
use bevy::asset::{AssetLoadError, LoadState};
use bevy::ecs::system::SystemParam;
use bevy::prelude::*;
use bevy::tasks::AsyncComputeTaskPool;
use imagine_edit::InStyle;
pub use imagine_edit::{
    Edit, EditError, Insert, MakeMaps, Repair, Restore, Restyle, RestyleMaterial, Tile, input_name,
};
pub use imagine_graph::{Extent, OutputKind};

use super::generator::Generator;
use super::pending::Pending;
use crate::image_source::material_images;

/// Makes generators of edits.
#[derive(SystemParam)]
pub struct EditGenerators<'w> {
    server: Res<'w, AssetServer>,
    made: ResMut<'w, MadeEdits>,
    pending: ResMut<'w, PendingStyles>,
}

/// What is to be done with a style.
#[derive(Clone, Debug)]
enum Wanted {
    Picture(Restyle),
    Material(RestyleMaterial),
}

type Styled = Result<(Generator, Wanted), EditGeneratorError>;

/// Edits whose styles are still loading.
#[derive(Resource, Default)]
pub(super) struct PendingStyles(Pending<(Handle<Generator>, Wanted), Styled>);

/// Edits whose generators were made.
#[derive(Resource, Default)]
pub(super) struct MadeEdits(Vec<(Edit, AssetId<Generator>)>);

/// Why an edit did not become a generator.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EditGeneratorError {
    /// The edit cannot be made.
    #[error("{edit}: {error}")]
    Edit {
        /// Name of the edit.
        edit: &'static str,
        /// What went wrong.
        error: EditError,
    },
    /// The style did not load.
    #[error("restyle: the style did not load: {0}")]
    Load(Arc<AssetLoadError>),
    /// The handle of the style has no generator.
    #[error("restyle: the handle of the style has no generator: it was never loaded, or it was removed")]
    NoStyle,
    /// The app ended before the style was there.
    #[error("the app ended before the style was there")]
    Ended,
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

    /// The generator that paints pictures in `style`, a generator by example such as those of `assets/styles`. Each call makes one: keep the handle.
    pub fn restyle(&mut self, style: Handle<Generator>, options: Restyle) -> Handle<Generator> {
        self.server.add_async(styled(self.pending.0.add((style, Wanted::Picture(options)))))
    }

    /// The generator that makes materials of others, in `style`: a generator by example with a height. Each call makes one: keep the handle.
    pub fn restyle_material(&mut self, style: Handle<Generator>, options: RestyleMaterial) -> Handle<Generator> {
        self.server.add_async(styled(self.pending.0.add((style, Wanted::Material(options)))))
    }
}

/// Sends styles to their tasks once they are loaded.
pub(super) fn send_styles(
    mut pending: ResMut<PendingStyles>,
    generators: Res<Assets<Generator>>,
    server: Res<AssetServer>,
) {
    if pending.0.is_empty() {
        return;
    }
    pending.0.send(|(style, wanted)| match (generators.get(style), server.load_state(style)) {
        (Some(style), _) => Some(Ok((style.clone(), wanted.clone()))),
        (None, LoadState::Failed(error)) => Some(Err(EditGeneratorError::Load(error))),
        (None, LoadState::NotLoaded) => Some(Err(EditGeneratorError::NoStyle)),
        (None, LoadState::Loading | LoadState::Loaded) => None,
    });
}

/// Waits for the style, then makes the generator on a background thread.
async fn styled(style: Receiver<Styled>) -> Result<Generator, EditGeneratorError> {
    let (style, wanted) = style.recv().await.map_err(|_| EditGeneratorError::Ended)??;
    let style = style.loaded().clone();
    let edit = match wanted {
        Wanted::Picture(options) => Edit::from(InStyle { style, options }),
        Wanted::Material(options) => InStyle { style, options }.into(),
    };
    AsyncComputeTaskPool::get().spawn(async move { make(&edit) }).await
}

/// The maps that `material` has, in the order of [`OutputKind::MAPS`]: what an edit of it is made for. See
/// [`Synthesis::with_material`](crate::Synthesis::with_material).
pub fn maps_of(material: &StandardMaterial) -> Vec<OutputKind> {
    let given: Vec<_> = material_images(material).into_iter().map(|(kind, _)| kind).collect();
    OutputKind::MAPS.into_iter().filter(|kind| given.contains(kind)).collect()
}

fn make(edit: &Edit) -> Result<Generator, EditGeneratorError> {
    let loaded = edit.loaded().map_err(|error| EditGeneratorError::Edit { edit: edit.name(), error })?;
    Ok(loaded.into())
}
