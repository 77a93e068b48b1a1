//! An app without a window: runs frame by frame and saves pictures.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use bevy::app::PluginsState;
use bevy::asset::RenderAssetUsages;
use bevy::camera::RenderTarget;
use bevy::prelude::*;
use bevy::render::render_resource::{Extent3d, PollType, TextureDimension, TextureFormat, TextureUsages};
use bevy::render::renderer::RenderDevice;
use bevy::render::view::screenshot::{Screenshot, save_to_disk};
use bevy::time::TimeUpdateStrategy;
use bevy_imagine::prelude::*;

use crate::progress::Progress;
use crate::{percentiles, span_times};

/// Size of windows and pictures in pixels.
pub(crate) const SIZE: UVec2 = UVec2::new(1280, 720);
/// Time of the scene from one timed frame to the next.
const SIXTIETH: Duration = Duration::from_nanos(16_666_667);
/// Frames after which unfinished requests are an error.
const PATIENCE: u32 = 100_000;
/// Frames in which a finished request may lead to another.
const NEXT: u32 = 3;
/// Frames after which a missing picture is an error.
const PICTURE_PATIENCE: u32 = 100;

/// An app whose cameras draw into an image.
pub struct Headless {
    app: App,
    picture: Handle<Image>,
    /// Times of frames that run until requests are finished, if they are wanted.
    settling: Option<FrameTimes>,
}

/// Milliseconds of frames, and of the plugin's spans in them.
#[derive(Default)]
pub struct FrameTimes {
    frames: Vec<f32>,
    spans: BTreeMap<&'static str, Vec<f32>>,
}

impl FrameTimes {
    /// Adds the frame that began then and ends now.
    fn push(&mut self, begin: Instant) {
        self.frames.push(1e3 * begin.elapsed().as_secs_f32());
        for (name, time) in span_times::take() {
            self.spans.entry(name).or_default().push(time);
        }
    }
}

impl fmt::Display for FrameTimes {
    /// Percentiles of frames, then those of spans in the frames that have them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} frames | {}", self.frames.len(), percentiles(self.frames.clone()))?;
        for (name, times) in &self.spans {
            write!(f, "\n{name}, in {} frames | {}", times.len(), percentiles(times.clone()))?;
        }
        Ok(())
    }
}

/// Whether all worlds have their generators, without which they request no patches; an error if one cannot be loaded.
fn worlds_are_loaded(world: &mut World) -> anyhow::Result<bool> {
    let wanted: Vec<_> = world.query::<&WorldPatches>().iter(world).map(|world| world.generator.clone()).collect();
    let failed = wanted.iter().find(|handle| world.resource::<AssetServer>().load_state(*handle).is_failed());
    if let Some(failed) = failed {
        bail!("{failed:?} cannot be loaded; the log says why");
    }
    let generators = world.resource::<Assets<Generator>>();
    Ok(wanted.iter().all(|handle| generators.contains(handle)))
}

impl Headless {
    /// Starts `app` and redirects its cameras to an image, except those that already draw into one.
    pub fn new(mut app: App) -> Self {
        while app.plugins_state() == PluginsState::Adding {
            bevy::tasks::tick_global_task_pools_on_main_thread();
        }
        app.finish();
        app.cleanup();
        let extent = Extent3d { width: SIZE.x, height: SIZE.y, depth_or_array_layers: 1 };
        let format = TextureFormat::Rgba8UnormSrgb;
        let mut image = Image::new_uninit(extent, TextureDimension::D2, format, RenderAssetUsages::RENDER_WORLD);
        image.texture_descriptor.usage |= TextureUsages::RENDER_ATTACHMENT;
        let picture = app.world_mut().resource_mut::<Assets<Image>>().add(image);
        let target = picture.clone();
        app.add_observer(move |added: On<Add, Camera>, mut commands: Commands, targets: Query<&RenderTarget>| {
            if !matches!(targets.get(added.entity), Ok(RenderTarget::Image(_))) {
                commands.entity(added.entity).insert(RenderTarget::Image(target.clone().into()));
            }
        });
        Self { app, picture, settling: None }
    }

    /// The world, to change the scene between frames.
    pub fn world(&mut self) -> &mut World {
        self.app.world_mut()
    }

    /// As [`Self::settle`]; takes the times of the frames.
    pub fn time_settling(&mut self) -> anyhow::Result<FrameTimes> {
        self.settling = Some(FrameTimes::default());
        span_times::take();
        self.settle()?;
        Ok(self.settling.take().unwrap_or_default())
    }

    /// Runs frames without drawing until every request is finished, also those that finished ones lead to; an error if one fails.
    pub fn settle(&mut self) -> anyhow::Result<()> {
        self.wait(1);
        self.draw(false);
        let result = self.generate();
        self.draw(true);
        result
    }

    fn generate(&mut self) -> anyhow::Result<()> {
        let progress = Progress::start();
        let mut finished = 0;
        for _ in 0..PATIENCE {
            let world = self.app.world_mut();
            progress.update(world);
            let statuses: Vec<_> = world.query::<&SynthesisStatus>().iter(world).copied().collect();
            if statuses.contains(&SynthesisStatus::Failed) {
                bail!("a request failed; the log says why");
            }
            let is_finished = statuses.iter().all(|status| *status == SynthesisStatus::Finished);
            finished = if is_finished && worlds_are_loaded(world)? { finished + 1 } else { 0 };
            if finished > NEXT {
                return Ok(());
            }
            let begin = Instant::now();
            self.wait(1);
            if let Some(times) = &mut self.settling {
                times.push(begin);
            }
        }
        bail!("a request is unfinished after {PATIENCE} frames")
    }

    /// Switches all cameras on or off.
    fn draw(&mut self, is_active: bool) {
        let world = self.app.world_mut();
        world.query::<&mut Camera>().iter_mut(world).for_each(|mut camera| camera.is_active = is_active);
    }

    /// Runs `frames` frames.
    pub fn wait(&mut self, frames: u32) {
        (0..frames).for_each(|_| self.app.update());
    }

    /// Runs `frames` frames, waiting for the GPU after each, and takes their times. The scene's time goes on by a sixtieth of a second, however long they
    /// take: on a slow adapter a camera does not leave the world behind.
    pub fn time(&mut self, frames: u32) -> anyhow::Result<FrameTimes> {
        let device = self.app.world().resource::<RenderDevice>().clone();
        let mut times = FrameTimes::default();
        self.app.insert_resource(TimeUpdateStrategy::ManualDuration(SIXTIETH));
        span_times::take();
        for _ in 0..frames {
            let begin = Instant::now();
            self.app.update();
            device.poll(PollType::wait_indefinitely())?;
            times.push(begin);
        }
        self.app.insert_resource(TimeUpdateStrategy::Automatic);
        Ok(times)
    }

    /// Saves the next frame as a PNG file and says where.
    pub fn save(&mut self, path: &Path) -> anyhow::Result<()> {
        let folder = path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).with_context(|| format!("cannot create folder {}", folder.display()))?;
        // Changes of the scene reach the GPU a frame late.
        self.wait(2);
        let screenshot = Screenshot::image(self.picture.clone());
        let target = path.to_path_buf();
        let entity = self.app.world_mut().spawn(screenshot).observe(save_to_disk(target)).id();
        for _ in 0..PICTURE_PATIENCE {
            self.wait(1);
            if self.app.world().get_entity(entity).is_err() {
                anyhow::ensure!(path.is_file(), "cannot write {}", path.display());
                println!("saved {}", path.display());
                return Ok(());
            }
        }
        bail!("no picture for {} after {PICTURE_PATIENCE} frames", path.display())
    }
}
