//! Generators by example, made while the app runs (feature `by_example`): pictures that the app holds become a generator, without a file.
//!
//! ```no_run
//! use bevy::prelude::*;
//! use bevy_imagine::by_example::{ExampleGenerators, ExampleImages};
//! use bevy_imagine::prelude::*;
//! use bevy_imagine::target::OutputKind;
//!
//! fn spawn(mut commands: Commands, assets: Res<AssetServer>, mut generators: ExampleGenerators) {
//!     let wall = ExampleImages::new("wall", assets.load("wall_color.png"))
//!         .with(OutputKind::Normal, assets.load("wall_normal.png"))
//!         .with(OutputKind::Roughness, assets.load("wall_roughness.png"));
//!     commands.spawn((Synthesis::new(generators.add(wall)), MaterialTarget::default()));
//! }
//! ```

use async_channel::{Receiver, Sender};
use bevy::asset::LoadState;
use bevy::ecs::system::SystemParam;
use bevy::prelude::*;
use bevy::tasks::AsyncComputeTaskPool;
use image::DynamicImage;
pub use imagine_exemplar::ExemplarOptions;
use imagine_exemplar::{Exemplar, ExemplarError};
use imagine_graph::{Card, OutputKind};

use super::generator::{Generator, GeneratorError};

/// Pictures that belong together: the maps of a material, or one picture.
#[derive(Clone, Debug)]
pub struct ExampleImages {
    /// Name of the generator, for messages and its card.
    pub name: String,
    /// What each picture is: base colour and emissive in sRGB, normals +Y up. They may differ in size, not in shape. Their pixels must stay in
    /// main memory ([`RenderAssetUsages::MAIN_WORLD`](bevy::asset::RenderAssetUsages), Bevy's default), uncompressed.
    pub maps: Vec<(OutputKind, Handle<Image>)>,
    /// Size, and whether they tile.
    pub options: ExemplarOptions,
    /// The model card: licence and source of the pictures.
    pub card: Card,
}

impl ExampleImages {
    /// A base colour alone.
    pub fn new(name: impl Into<String>, base_color: Handle<Image>) -> Self {
        Self {
            name: name.into(),
            maps: vec![(OutputKind::BaseColor, base_color)],
            options: ExemplarOptions::default(),
            card: Card::default(),
        }
    }

    /// The same with one more map.
    pub fn with(mut self, kind: OutputKind, image: Handle<Image>) -> Self {
        self.maps.push((kind, image));
        self
    }
}

/// Why pictures did not become a generator.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExampleError {
    /// A picture did not load, or was dropped.
    #[error("{generator}: the picture for {map} did not load: {reason}")]
    Image {
        /// Name of the generator.
        generator: String,
        /// What the picture is.
        map: &'static str,
        /// What went wrong.
        reason: String,
    },
    /// Its pixels cannot be read.
    #[error(
        "{generator}: the pixels of the picture for {map} cannot be read: {reason}; load it uncompressed and with \
         RenderAssetUsages::MAIN_WORLD"
    )]
    Pixels {
        /// Name of the generator.
        generator: String,
        /// What the picture is.
        map: &'static str,
        /// What went wrong.
        reason: String,
    },
    /// They do not make an exemplar.
    #[error("{generator}: {reason}")]
    Exemplar {
        /// Name of the generator.
        generator: String,
        /// What went wrong.
        reason: String,
    },
}

/// Makes generators of pictures.
#[derive(SystemParam)]
pub struct ExampleGenerators<'w> {
    server: Res<'w, AssetServer>,
    pending: ResMut<'w, PendingExamples>,
}

impl ExampleGenerators<'_> {
    /// A generator of `images`, which is loaded like one from a file: the handle can be used at once, and a fault fails its requests. The
    /// work begins when all pictures are there. It takes seconds on half of the machine's cores and no time in the frame.
    pub fn add(&mut self, images: ExampleImages) -> Handle<Generator> {
        let (sender, receiver) = async_channel::bounded(1);
        let handle = self.server.add_async(make(receiver));
        self.pending.0.push((images, sender));
        handle
    }
}

/// Everything that the work needs.
struct Example {
    name: String,
    pictures: Vec<(OutputKind, DynamicImage)>,
    options: ExemplarOptions,
    card: Card,
}

type Found = Result<Example, ExampleError>;

/// Examples whose pictures are still loading.
#[derive(Resource, Default)]
pub(super) struct PendingExamples(Vec<(ExampleImages, Sender<Found>)>);

/// Sends the pictures of an example to its task once all of them are loaded.
pub(super) fn send_examples(
    mut pending: ResMut<PendingExamples>,
    images: Option<Res<Assets<Image>>>,
    server: Res<AssetServer>,
) {
    // Tools without pictures have no such resource.
    let Some(images) = images.filter(|_| !pending.0.is_empty()) else { return };
    pending.0.retain_mut(|(example, sender)| match collect(example, &images, &server) {
        Some(found) => {
            // The task ended if the handle was dropped.
            let _ = sender.try_send(found);
            false
        }
        None => !sender.is_closed(),
    });
}

/// The pictures of `example`; `None` while one is loading.
fn collect(example: &ExampleImages, images: &Assets<Image>, server: &AssetServer) -> Option<Found> {
    let mut pictures = Vec::new();
    for (kind, handle) in &example.maps {
        let (generator, map) = (example.name.clone(), kind.name());
        let Some(image) = images.get(handle) else {
            let reason = match server.load_state(handle) {
                LoadState::Failed(error) => error.to_string(),
                LoadState::NotLoaded => "no such image".into(),
                LoadState::Loading | LoadState::Loaded => return None,
            };
            return Some(Err(ExampleError::Image { generator, map, reason }));
        };
        if image.data.is_none() {
            let reason = "they are on the GPU only".into();
            return Some(Err(ExampleError::Pixels { generator, map, reason }));
        }
        let mut image = image.clone();
        // The bytes are the same; Bevy converts the sRGB formats only.
        let descriptor = &mut image.texture_descriptor;
        descriptor.format = descriptor.format.add_srgb_suffix();
        match image.try_into_dynamic() {
            Ok(picture) => pictures.push((*kind, picture)),
            Err(error) => return Some(Err(ExampleError::Pixels { generator, map, reason: error.to_string() })),
        }
    }
    let ExampleImages { name, options, card, .. } = example.clone();
    Some(Ok(Example { name, pictures, options, card }))
}

/// Waits for the pictures, then makes the generator on background threads.
async fn make(pictures: Receiver<Found>) -> Result<Generator, ExampleError> {
    let dropped = || ExampleError::Exemplar { generator: "by example".into(), reason: "the app ended".into() };
    let example = pictures.recv().await.map_err(|_| dropped())??;
    AsyncComputeTaskPool::get().spawn(async move { on_half_the_cores(example) }).await
}

/// Synthesis divides its work among rayon's threads; in a game the other half is for the frame.
fn on_half_the_cores(example: Example) -> Result<Generator, ExampleError> {
    let fail = |reason: String| ExampleError::Exemplar { generator: example.name.clone(), reason };
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
    let threads = rayon::ThreadPoolBuilder::new().num_threads((cores / 2).max(1)).build();
    let threads = threads.map_err(|error| fail(error.to_string()))?;
    threads.install(|| {
        let mut card = example.card.clone();
        if card.title.is_empty() {
            card.title = example.name.clone();
        }
        let exemplar = Exemplar::from_maps(&example.pictures, &example.options);
        let made = exemplar.and_then(|exemplar| exemplar.generator(card, |_| ()));
        let made = made.map_err(|error: ExemplarError| fail(error.to_string()))?;
        Generator::new(example.name.clone(), &made.generator).map_err(|error: GeneratorError| fail(error.to_string()))
    })
}
