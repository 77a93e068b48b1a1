//! Generators with an upscaler behind them, and upscalers of images, made on a background thread.

use std::sync::Arc;

use async_channel::Receiver;
use bevy::asset::{AssetLoadError, LoadState};
use bevy::ecs::system::SystemParam;
use bevy::prelude::*;
use bevy::tasks::AsyncComputeTaskPool;
use imagine_edit::upscale::{UpscaleError, Upscaler};
use imagine_graph::OutputKind;

use super::generator::Generator;
use super::pending::Pending;

/// How textures are enlarged.
#[derive(Reflect, Clone, Debug, PartialEq)]
#[reflect(Default, Clone, PartialEq)]
pub enum UpscaleWith {
    /// The small network in the program, by a factor of 2 or 4.
    Network(u32),
    /// Pixel art by a factor of 2, 3 or 4: every texel is a copy of a texel.
    PixelArt(u32),
    /// A network from a file, by its own factor.
    File(Handle<Generator>),
}

impl Default for UpscaleWith {
    fn default() -> Self {
        Self::Network(2)
    }
}

/// Why no generator was made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UpscaledError {
    /// A generator did not load.
    #[error("the {what} did not load: {error}")]
    Load {
        /// The generator to be enlarged, or the network.
        what: &'static str,
        /// What went wrong.
        error: Arc<AssetLoadError>,
    },
    /// A handle has no generator: it was never loaded, or it was removed.
    #[error("the handle of the {what} has no generator")]
    NoGenerator {
        /// The generator to be enlarged, or the network.
        what: &'static str,
    },
    /// The generator cannot be enlarged, or there is no such upscaler.
    #[error(transparent)]
    Upscale(#[from] UpscaleError),
    /// The app ended before the generators were there.
    #[error("the app ended before the generators were there")]
    Ended,
}

/// Makes generators that enlarge. Handles can be used at once; a fault fails their requests.
///
/// ```no_run
/// use bevy::prelude::*;
/// use bevy_imagine::prelude::*;
/// use bevy_imagine::target::OutputKind;
///
/// /// A texture of 256 x 256 texels, shown with 1024 x 1024.
/// fn sharpen(mut commands: Commands, assets: Res<AssetServer>, mut generators: UpscaledGenerators) {
///     let generator = generators.of_maps([OutputKind::BaseColor], true, UpscaleWith::Network(4));
///     let request = Synthesis::new(generator).with_image("image", assets.load("crate.png"));
///     commands.spawn((request.with_size(UVec2::splat(1024)), MaterialTarget::default()));
/// }
/// ```
#[derive(SystemParam)]
pub struct UpscaledGenerators<'w> {
    server: Res<'w, AssetServer>,
    pending: ResMut<'w, PendingUpscaled>,
}

impl UpscaledGenerators<'_> {
    /// `generator` with enlarged results: its sizes are those of `generator` times the factor. [`Upscale`](crate::Upscale) does it beside a
    /// request.
    pub fn after(&mut self, generator: Handle<Generator>, with: UpscaleWith) -> Handle<Generator> {
        self.add(Wanted { what: What::After(generator), with })
    }

    /// A generator that enlarges images: a base colour for the input `image`, normals for `image_normal`, and so on. If it `wraps`, they
    /// continue at the opposite border.
    pub fn of_maps(
        &mut self,
        maps: impl IntoIterator<Item = OutputKind>,
        wraps: bool,
        with: UpscaleWith,
    ) -> Handle<Generator> {
        self.add(Wanted { what: What::Maps(maps.into_iter().collect(), wraps), with })
    }

    fn add(&mut self, wanted: Wanted) -> Handle<Generator> {
        self.server.add_async(make(self.pending.0.add(wanted)))
    }
}

/// What is to be made.
#[derive(Clone, Debug)]
struct Wanted {
    what: What,
    with: UpscaleWith,
}

#[derive(Clone, Debug)]
enum What {
    After(Handle<Generator>),
    Maps(Vec<OutputKind>, bool),
}

/// What the work needs: the generator to be enlarged, the network of a file.
type Found = Result<(Wanted, Option<Generator>, Option<Generator>), UpscaledError>;

/// What waits for generators that are loading.
#[derive(Resource, Default)]
pub(super) struct PendingUpscaled(Pending<Wanted, Found>);

/// Sends the generators to their tasks once all of them are loaded.
pub(super) fn send_upscaled(
    mut pending: ResMut<PendingUpscaled>,
    generators: Res<Assets<Generator>>,
    server: Res<AssetServer>,
) {
    if !pending.0.is_empty() {
        pending.0.send(|wanted| collect(wanted, &generators, &server));
    }
}

/// The generators that `wanted` needs; `None` while one is loading.
fn collect(wanted: &Wanted, generators: &Assets<Generator>, server: &AssetServer) -> Option<Found> {
    let before = if let What::After(handle) = &wanted.what { Some(handle) } else { None };
    let network = if let UpscaleWith::File(handle) = &wanted.with { Some(handle) } else { None };
    let mut found = [None, None];
    for ((handle, what), place) in [(before, "generator"), (network, "network")].into_iter().zip(&mut found) {
        let Some(handle) = handle else { continue };
        if let Some(generator) = generators.get(handle) {
            *place = Some(generator.clone());
            continue;
        }
        return match server.load_state(handle) {
            LoadState::Failed(error) => Some(Err(UpscaledError::Load { what, error })),
            LoadState::NotLoaded => Some(Err(UpscaledError::NoGenerator { what })),
            LoadState::Loading | LoadState::Loaded => None,
        };
    }
    let [before, network] = found;
    Some(Ok((wanted.clone(), before, network)))
}

/// Waits for the generators, then makes one of them on a background thread.
async fn make(found: Receiver<Found>) -> Result<Generator, UpscaledError> {
    let (wanted, before, network) = found.recv().await.map_err(|_| UpscaledError::Ended)??;
    AsyncComputeTaskPool::get().spawn(async move { enlarged(&wanted, before, network) }).await
}

fn enlarged(
    wanted: &Wanted,
    before: Option<Generator>,
    network: Option<Generator>,
) -> Result<Generator, UpscaledError> {
    let upscaler = match (&wanted.with, network) {
        (UpscaleWith::PixelArt(factor), _) => Upscaler::pixel_art(*factor as usize)?,
        (_, Some(network)) => Upscaler::from_generator(network.loaded())?,
        (UpscaleWith::Network(factor), None) => Upscaler::small(*factor as usize)?,
        (UpscaleWith::File(_), None) => return Err(UpscaledError::NoGenerator { what: "network" }),
    };
    let made = match (&wanted.what, before) {
        (What::Maps(maps, wraps), _) => upscaler.of_maps(maps, *wraps)?,
        (What::After(_), Some(before)) => upscaler.after(before.loaded())?,
        (What::After(_), None) => return Err(UpscaledError::NoGenerator { what: "generator" }),
    };
    Ok(made.into())
}
