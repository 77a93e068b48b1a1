//! Generators by example, made while the app runs (feature `by_example`): pictures that the app holds become a generator, without a file. One
//! photograph of a surface is enough for a material: it is made to tile, and a network makes its maps.
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
//!
//!     let floor = ExampleImages::from_photograph("floor", assets.load("photograph_of_a_floor.png"));
//!     commands.spawn((Synthesis::new(generators.add(floor)), MaterialTarget::default()));
//! }
//! ```

use std::sync::Arc;

use async_channel::Receiver;
use bevy::asset::{AssetLoadError, LoadState};
use bevy::ecs::system::SystemParam;
use bevy::image::IntoDynamicImageError;
use bevy::prelude::*;
use bevy::tasks::AsyncComputeTaskPool;
use image::DynamicImage;
pub use imagine_exemplar::ExemplarOptions;
use imagine_exemplar::{Exemplar, ExemplarError, Photograph, PhotographError};
use imagine_graph::{Card, OutputKind};

use super::generator::{Generator, GeneratorError};
use super::pending::Pending;

/// Pictures that belong together: the maps of a material, or one picture.
#[derive(Clone, Debug)]
pub struct ExampleImages {
    /// Name of the generator, for messages and its card.
    pub name: String,
    /// What each picture is: base colour and emissive in sRGB, normals +Y up. They may differ in size, not in proportions. Their pixels must stay in
    /// main memory ([`RenderAssetUsages::MAIN_WORLD`](bevy::asset::RenderAssetUsages), Bevy's default), uncompressed.
    pub maps: Vec<(OutputKind, Handle<Image>)>,
    /// Size, and whether they tile.
    pub options: ExemplarOptions,
    /// If set, the only picture is a photograph, of which the maps of a material are made with relief of this depth: 0 is level, 1 as the network
    /// finds it, at most 4. Default `None`.
    pub photograph_relief: Option<f32>,
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
            photograph_relief: None,
            card: Card::default(),
        }
    }

    /// A photograph of a surface, taken from the front: it is made to tile if its edges do not fit, and base colour without shading, normals, height,
    /// roughness and occlusion are made of it.
    pub fn from_photograph(name: impl Into<String>, photograph: Handle<Image>) -> Self {
        Self { photograph_relief: Some(1.0), ..Self::new(name, photograph) }
    }

    /// The same with one more map.
    pub fn with(mut self, kind: OutputKind, image: Handle<Image>) -> Self {
        self.maps.push((kind, image));
        self
    }
}

/// Why pictures did not become a generator.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExampleError {
    /// A picture did not load.
    #[error("{generator}: the picture for {} did not load: {error}", map.name())]
    Image {
        /// Name of the generator.
        generator: String,
        /// What the picture is.
        map: OutputKind,
        /// What went wrong.
        error: Arc<AssetLoadError>,
    },
    /// A handle has no picture: it was never loaded, or it was removed.
    #[error("{generator}: the handle for {} has no picture", map.name())]
    NoImage {
        /// Name of the generator.
        generator: String,
        /// What the picture would be.
        map: OutputKind,
    },
    /// The pixels of a picture are on the GPU only.
    #[error("{generator}: the pixels of the picture for {} are on the GPU only; load it with RenderAssetUsages::MAIN_WORLD", map.name())]
    OnGpu {
        /// Name of the generator.
        generator: String,
        /// What the picture is.
        map: OutputKind,
    },
    /// The pixels of a picture cannot be read.
    #[error("{generator}: the pixels of the picture for {} cannot be read: {error}; load it uncompressed", map.name())]
    Pixels {
        /// Name of the generator.
        generator: String,
        /// What the picture is.
        map: OutputKind,
        /// What went wrong.
        error: IntoDynamicImageError,
    },
    /// The pictures do not make an exemplar.
    #[error("{generator}: {error}")]
    Exemplar {
        /// Name of the generator.
        generator: String,
        /// What went wrong.
        error: ExemplarError,
    },
    /// A photograph does not make an exemplar.
    #[error("{generator}: {error}")]
    Photograph {
        /// Name of the generator.
        generator: String,
        /// What went wrong.
        error: Box<PhotographError>,
    },
    /// A photograph, and another map that would be made of it.
    #[error("{generator}: {} beside a photograph, of which all maps are made: leave out this map, or set photograph_relief to None", map.name())]
    MapOfPhotograph {
        /// Name of the generator.
        generator: String,
        /// What the picture is.
        map: OutputKind,
    },
    /// The exemplar does not make an asset.
    #[error("{generator}: {error}")]
    Generator {
        /// Name of the generator.
        generator: String,
        /// What went wrong.
        error: Box<GeneratorError>,
    },
    /// The threads for the work cannot be started.
    #[error("{generator}: {error}")]
    Threads {
        /// Name of the generator.
        generator: String,
        /// What went wrong.
        error: rayon::ThreadPoolBuildError,
    },
    /// The app ended before the pictures were there.
    #[error("the app ended before the pictures of a generator by example were there")]
    Ended,
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
        self.server.add_async(make(self.pending.0.add(images)))
    }
}

/// Everything that the work needs.
struct Example {
    name: String,
    pictures: Vec<(OutputKind, DynamicImage)>,
    options: ExemplarOptions,
    photograph_relief: Option<f32>,
    card: Card,
}

type Found = Result<Example, ExampleError>;

/// Examples whose pictures are still loading.
#[derive(Resource, Default)]
pub(super) struct PendingExamples(Pending<ExampleImages, Found>);

/// Sends the pictures of an example to its task once all of them are loaded.
pub(super) fn send_examples(
    mut pending: ResMut<PendingExamples>,
    images: Option<Res<Assets<Image>>>,
    server: Res<AssetServer>,
) {
    // Tools without pictures have no such resource.
    let Some(images) = images.filter(|_| !pending.0.is_empty()) else { return };
    pending.0.send(|example| collect(example, &images, &server));
}

/// The pictures of `example`; `None` while one is loading. Pixels are copied only once all of them are there.
fn collect(example: &ExampleImages, images: &Assets<Image>, server: &AssetServer) -> Option<Found> {
    let mut loaded = Vec::new();
    for (map, handle) in &example.maps {
        if let Some(image) = images.get(handle) {
            loaded.push((*map, image));
            continue;
        }
        let (generator, map) = (example.name.clone(), *map);
        return match server.load_state(handle) {
            LoadState::Failed(error) => Some(Err(ExampleError::Image { generator, map, error })),
            LoadState::NotLoaded => Some(Err(ExampleError::NoImage { generator, map })),
            LoadState::Loading | LoadState::Loaded => None,
        };
    }
    let copies = loaded.into_iter().map(|(map, image)| Ok((map, copy(&example.name, map, image)?)));
    let ExampleImages { name, options, photograph_relief, card, .. } = example.clone();
    let of_pictures = |pictures| Example { name, pictures, options, photograph_relief, card };
    Some(copies.collect::<Result<_, _>>().map(of_pictures))
}

/// The pixels of `image`.
fn copy(generator: &str, map: OutputKind, image: &Image) -> Result<DynamicImage, ExampleError> {
    if image.data.is_none() {
        return Err(ExampleError::OnGpu { generator: generator.into(), map });
    }
    let mut image = image.clone();
    // The bytes are the same; Bevy converts the sRGB formats only.
    let descriptor = &mut image.texture_descriptor;
    descriptor.format = descriptor.format.add_srgb_suffix();
    image.try_into_dynamic().map_err(|error| ExampleError::Pixels { generator: generator.into(), map, error })
}

/// Waits for the pictures, then makes the generator on background threads.
async fn make(pictures: Receiver<Found>) -> Result<Generator, ExampleError> {
    let example = pictures.recv().await.map_err(|_| ExampleError::Ended)??;
    AsyncComputeTaskPool::get().spawn(async move { on_half_the_cores(&example) }).await
}

/// Synthesis divides its work among rayon's threads; in a game the other half is for the frame.
fn on_half_the_cores(example: &Example) -> Result<Generator, ExampleError> {
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
    let threads = rayon::ThreadPoolBuilder::new().num_threads((cores / 2).max(1)).build();
    let threads = threads.map_err(|error| ExampleError::Threads { generator: example.name.clone(), error })?;
    threads.install(|| synthesize(example))
}

fn synthesize(example: &Example) -> Result<Generator, ExampleError> {
    let Example { name, card, .. } = example;
    let mut card = card.clone();
    if card.title.is_empty() {
        card.title = name.clone();
    }
    let made = exemplar(example)?.generator(card, |_| ());
    let made = made.map_err(|error| ExampleError::Exemplar { generator: name.clone(), error })?;
    let made = Generator::new(name.clone(), &made.generator);
    made.map_err(|error| ExampleError::Generator { generator: name.clone(), error: error.into() })
}

/// The pictures as an exemplar.
fn exemplar(Example { name, pictures, options, photograph_relief, .. }: &Example) -> Result<Exemplar, ExampleError> {
    let generator = || name.clone();
    match (photograph_relief, &pictures[..]) {
        (Some(relief), [(_, picture)]) => {
            let photograph = Photograph { relief: *relief, ..Photograph::new(picture.clone()) };
            let made = photograph.exemplar(options);
            made.map_err(|error| ExampleError::Photograph { generator: generator(), error: error.into() })
        }
        (Some(_), [_, (map, _), ..]) => Err(ExampleError::MapOfPhotograph { generator: generator(), map: *map }),
        _ => Exemplar::from_maps(pictures, options)
            .map_err(|error| ExampleError::Exemplar { generator: generator(), error }),
    }
}
