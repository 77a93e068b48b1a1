//! What the examples share: their arguments, an app in a window or without one, and pictures of it.

#[cfg(doctest)]
mod snippets;

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, bail};
use bevy::app::PluginsState;
use bevy::asset::RenderAssetUsages;
use bevy::camera::RenderTarget;
use bevy::prelude::*;
use bevy::render::RenderPlugin;
use bevy::render::pipelined_rendering::PipelinedRenderingPlugin;
use bevy::render::render_resource::{Extent3d, PollType, TextureDimension, TextureFormat, TextureUsages};
use bevy::render::renderer::RenderDevice;
use bevy::render::view::screenshot::{Screenshot, save_to_disk};
use bevy::window::ExitCondition;
use bevy::winit::WinitPlugin;
use bevy_imagine::prelude::*;

/// Folder of the workspace's assets.
pub const ASSETS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../assets");
/// Folder for pictures that nobody gave a path for.
const PICTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../out");
/// Size of pictures in pixels.
const SIZE: UVec2 = UVec2::new(1280, 720);
/// Frames after which a request is given up.
const PATIENCE: u32 = 20_000;

/// Arguments that all examples take.
#[derive(clap::Parser, Clone, Debug)]
pub struct Arguments {
    /// Frames to show after every material is whole; for ever in a window if left out. Without a window their times are printed.
    #[arg(long)]
    pub frames: Option<u32>,
    /// GPU milliseconds of a frame for synthesis; the plugin's default in a window, as many as it takes without one.
    #[arg(long)]
    pub budget_ms: Option<f32>,
    /// Where to write a picture of the last frame; out/NAME.png if there is no window.
    #[arg(long)]
    pub screenshot: Option<PathBuf>,
    /// Renders into an image instead of a window.
    #[arg(long)]
    pub headless: bool,
}

impl Arguments {
    /// An app with Bevy's plugins, in a window with `title` or without one, and with `ImaginePlugin`.
    pub fn app(&self, title: &str) -> App {
        let mut app = App::new();
        let primary_window =
            (!self.headless).then(|| Window { title: title.into(), resolution: SIZE.into(), ..default() });
        let exit_condition = if self.headless { ExitCondition::DontExit } else { ExitCondition::OnPrimaryClosed };
        let plugins = DefaultPlugins
            .set(WindowPlugin { primary_window, exit_condition, ..default() })
            .set(AssetPlugin { file_path: ASSETS.into(), ..default() })
            .set(RenderPlugin { synchronous_pipeline_compilation: self.headless, ..default() });
        // Nobody waits for a frame without a window, so each may do more work.
        let usual = if self.headless { 5_000.0 } else { ImaginePlugin::default().frame_budget_ms };
        let frame_budget_ms = self.budget_ms.unwrap_or(usual);
        if self.headless {
            app.add_plugins(plugins.disable::<WinitPlugin>().disable::<PipelinedRenderingPlugin>());
        } else {
            app.add_plugins(plugins);
        }
        app.add_plugins(ImaginePlugin { frame_budget_ms, ..default() });
        app
    }

    /// Runs `app` until its window closes, or writes the picture of an app without a window as `name`.
    pub fn run(&self, mut app: App, name: &str) -> anyhow::Result<()> {
        if self.headless {
            let mut pictures = Pictures::new(app);
            pictures.settle()?;
            match self.frames {
                None => pictures.wait(2),
                Some(frames) => println!("ms a frame, p50, p99, p99.9, max: {}", spread(pictures.time(frames)?)),
            }
            return pictures.save(&self.picture(name));
        }
        app.insert_resource(Closing { frames: self.frames, screenshot: self.screenshot.clone() });
        app.add_systems(Update, close_when_done);
        match app.run() {
            AppExit::Success => Ok(()),
            AppExit::Error(code) => bail!("the app ended with code {code}"),
        }
    }

    /// Where to write a picture called `name`.
    pub fn picture(&self, name: &str) -> PathBuf {
        self.screenshot.clone().unwrap_or_else(|| Path::new(PICTURES).join(format!("{name}.png")))
    }
}

/// An app without a window, whose frames are made one by one.
pub struct Pictures {
    app: App,
    target: Handle<Image>,
}

impl Pictures {
    /// Starts `app` and turns its cameras to an image.
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
        let target = app.world_mut().resource_mut::<Assets<Image>>().add(image);
        let camera_target = target.clone();
        app.add_observer(move |added: On<Add, Camera>, mut commands: Commands, targets: Query<&RenderTarget>| {
            if !matches!(targets.get(added.entity), Ok(RenderTarget::Image(_))) {
                commands.entity(added.entity).insert(RenderTarget::Image(camera_target.clone().into()));
            }
        });
        Self { app, target }
    }

    /// The app's world, to change the scene between pictures.
    pub fn world(&mut self) -> &mut World {
        self.app.world_mut()
    }

    /// Makes frames until every request is fulfilled, without drawing any; an error if one failed.
    pub fn settle(&mut self) -> anyhow::Result<()> {
        self.wait(1);
        self.draw(false);
        let result = self.fulfil();
        self.draw(true);
        result
    }

    fn fulfil(&mut self) -> anyhow::Result<()> {
        for _ in 0..PATIENCE {
            let world = self.app.world_mut();
            let open = world.query::<&SynthesisStatus>().iter(world).copied().collect::<Vec<_>>();
            if open.contains(&SynthesisStatus::Failed) {
                bail!("a request failed; the log says why");
            }
            if open.iter().all(|status| *status == SynthesisStatus::Finished) {
                return Ok(());
            }
            self.wait(1);
        }
        bail!("a request was not fulfilled after {PATIENCE} frames")
    }

    /// Switches all cameras on or off.
    fn draw(&mut self, is_active: bool) {
        let world = self.app.world_mut();
        world.query::<&mut Camera>().iter_mut(world).for_each(|mut camera| camera.is_active = is_active);
    }

    /// Makes `frames` frames.
    pub fn wait(&mut self, frames: u32) {
        (0..frames).for_each(|_| self.app.update());
    }

    /// Makes `frames` frames, each when the GPU is done with the last, and returns their milliseconds.
    pub fn time(&mut self, frames: u32) -> anyhow::Result<Vec<f32>> {
        let device = self.app.world().resource::<RenderDevice>().clone();
        let one = |_| {
            let begin = Instant::now();
            self.app.update();
            device.poll(PollType::wait_indefinitely())?;
            Ok(1e3 * begin.elapsed().as_secs_f32())
        };
        (0..frames).map(one).collect()
    }

    /// Writes the next frame to `path`.
    pub fn save(&mut self, path: &Path) -> anyhow::Result<()> {
        let folder = path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make folder {}", folder.display()))?;
        // Material bind groups of the last change are made now; the picture is that of the next frame.
        self.wait(2);
        let screenshot = Screenshot::image(self.target.clone());
        let target = path.to_path_buf();
        let entity = self.app.world_mut().spawn(screenshot).observe(save_to_disk(target)).id();
        for _ in 0..100 {
            self.wait(1);
            if self.app.world().get_entity(entity).is_err() {
                return if path.is_file() { Ok(()) } else { bail!("{} was not written", path.display()) };
            }
        }
        bail!("no picture came for {}", path.display())
    }
}

/// When an app in a window ends by itself.
#[derive(Resource)]
struct Closing {
    frames: Option<u32>,
    screenshot: Option<PathBuf>,
}

/// Counts frames once every material is whole, takes the picture, and ends the app.
fn close_when_done(
    mut commands: Commands,
    closing: Res<Closing>,
    requests: Query<&SynthesisStatus>,
    pictures: Query<(), With<Screenshot>>,
    mut exit: MessageWriter<AppExit>,
    mut shown: Local<u32>,
) {
    let wanted = closing.frames.or(closing.screenshot.as_ref().map(|_| 2));
    let Some(wanted) = wanted else { return };
    if requests.iter().any(|status| matches!(status, SynthesisStatus::Waiting | SynthesisStatus::Running)) {
        return;
    }
    *shown += 1;
    if *shown == wanted.max(1)
        && let Some(path) = &closing.screenshot
    {
        commands.spawn(Screenshot::primary_window()).observe(save_to_disk(path.clone()));
    } else if *shown > wanted && pictures.is_empty() {
        exit.write(AppExit::Success);
    }
}

/// Median, 99th and 99.9th percentile, and largest.
pub fn spread(mut numbers: Vec<f32>) -> String {
    numbers.sort_by(f32::total_cmp);
    let at = |share: f32| numbers.get(((numbers.len() - 1) as f32 * share).round() as usize).copied();
    let shown = [0.5, 0.99, 0.999, 1.0].map(|share| at(share).map_or("-".into(), |n| format!("{n:.2}")));
    shown.join(", ")
}
