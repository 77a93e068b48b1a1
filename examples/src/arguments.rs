//! The arguments of every example, and the app that they ask for.

use std::path::{Path, PathBuf};

use anyhow::bail;
use bevy::log::{DEFAULT_FILTER, Level, LogPlugin};
use bevy::prelude::*;
use bevy::render::RenderPlugin;
use bevy::render::pipelined_rendering::PipelinedRenderingPlugin;
use bevy::render::settings::{Backends, WgpuSettings};
use bevy::render::view::screenshot::{Screenshot, save_to_disk};
use bevy::window::ExitCondition;
use bevy::winit::WinitPlugin;
use bevy_imagine::prelude::*;
use imagine_wgpu::headless::quiet_without_display;

use crate::headless::{Headless, SIZE};
use crate::span_times::{self, SpanTimes};

/// The `assets` folder of the workspace.
pub const ASSETS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../assets");
/// GPU milliseconds a frame for synthesis without a window, where frames need not be smooth.
const HEADLESS_BUDGET: f32 = 1_000.0;
/// Frames from the last finished request to the picture: materials reach the GPU a frame late.
const SETTLED: u32 = 2;

/// Parses the command line. Call it first in `main`.
pub fn parse_arguments<P: clap::Parser>() -> P {
    // SAFETY: the first thing in `main`, so no other thread runs yet.
    unsafe { quiet_without_display() };
    P::parse()
}

/// Arguments of every example.
#[derive(clap::Parser, Clone, Debug)]
pub struct Arguments {
    /// Renders into an image instead of a window, and saves it.
    #[arg(long)]
    pub headless: bool,
    /// Frames to show once everything is generated. Without it a window stays open. Headless, their times are printed.
    #[arg(long)]
    pub frames: Option<u32>,
    /// Saves the last frame as a PNG file. Default without a window: out/NAME.png.
    #[arg(long)]
    pub screenshot: Option<PathBuf>,
    /// GPU milliseconds a frame for synthesis. Default: 2 in a window, 1000 without one.
    #[arg(long)]
    pub budget_ms: Option<f32>,
}

impl Arguments {
    /// `DefaultPlugins` and `ImaginePlugin`, in a window with `title` or without one. The log holds warnings and errors only,
    /// unless `RUST_LOG` says otherwise.
    pub fn app(&self, title: &str) -> App {
        let window = Window { title: title.into(), resolution: SIZE.into(), ..default() };
        let window = WindowPlugin {
            primary_window: (!self.headless).then_some(window),
            exit_condition: if self.headless { ExitCondition::DontExit } else { ExitCondition::OnPrimaryClosed },
            ..default()
        };
        // Without a window, OpenGL would search for a display and log that there is none.
        let backends = if self.headless { Backends::PRIMARY } else { Backends::all() };
        let backends = Some(Backends::from_env().unwrap_or(backends));
        // Without a window a software adapter is good enough.
        let quiet = if self.headless { "bevy_render::renderer=error" } else { "" };
        let timed = if self.headless && self.frames.is_some() { span_times::FILTER } else { "" };
        let filter = format!("{DEFAULT_FILTER}{timed}{quiet}");
        let plugins = DefaultPlugins
            .set(window)
            .set(LogPlugin { level: Level::WARN, filter, custom_layer: |_| Some(Box::new(SpanTimes)), ..default() })
            .set(AssetPlugin { file_path: ASSETS.into(), ..default() })
            .set(RenderPlugin {
                render_creation: WgpuSettings { backends, ..default() }.into(),
                // Frames that are timed compile in the background, as those of a game do.
                synchronous_pipeline_compilation: self.headless && self.frames.is_none(),
                ..default()
            });
        let mut app = App::new();
        if self.headless {
            app.add_plugins(plugins.disable::<WinitPlugin>().disable::<PipelinedRenderingPlugin>());
        } else {
            app.add_plugins(plugins);
        }
        let usual = if self.headless { HEADLESS_BUDGET } else { ImaginePlugin::default().frame_budget_ms };
        app.add_plugins(ImaginePlugin { frame_budget_ms: self.budget_ms.unwrap_or(usual), ..default() });
        app
    }

    /// Runs `app` until its window closes; without a window, until everything is generated and the picture `name` is saved.
    pub fn run(&self, mut app: App, name: &str) -> anyhow::Result<()> {
        if self.headless {
            let mut headless = Headless::new(app);
            match self.frames {
                Some(_) => {
                    let times = headless.time_settling()?;
                    println!(
                        "milliseconds, p50, p99, p99.9, max, until everything was generated, without drawing: {times}"
                    );
                }
                None => headless.settle()?,
            }
            return self.finish(&mut headless, name);
        }
        app.insert_resource(Ending { frames: self.frames, screenshot: self.screenshot.clone() });
        app.add_systems(Update, end);
        match app.run() {
            AppExit::Success => Ok(()),
            AppExit::Error(code) => bail!("the app ended with code {code}"),
        }
    }

    /// Runs the frames that were asked for and saves the picture `name`.
    pub fn finish(&self, headless: &mut Headless, name: &str) -> anyhow::Result<()> {
        if let Some(frames) = self.frames {
            println!("afterwards, as above: {}", headless.time(frames)?);
        }
        headless.save(&self.picture(name))
    }

    /// Where to save the picture `name`.
    pub fn picture(&self, name: &str) -> PathBuf {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("out");
        self.screenshot.clone().unwrap_or_else(|| folder.join(format!("{name}.png")))
    }
}

/// When an app in a window ends by itself.
#[derive(Resource)]
struct Ending {
    frames: Option<u32>,
    screenshot: Option<PathBuf>,
}

/// Counts frames once every request is finished, saves the picture, and ends the app.
fn end(
    mut commands: Commands,
    ending: Res<Ending>,
    requests: Query<&SynthesisStatus>,
    screenshots: Query<(), With<Screenshot>>,
    mut exit: MessageWriter<AppExit>,
    mut shown: Local<u32>,
) {
    let Some(frames) = ending.frames.or(ending.screenshot.as_ref().map(|_| SETTLED)) else { return };
    if requests.iter().any(|status| matches!(status, SynthesisStatus::Waiting | SynthesisStatus::Running)) {
        return;
    }
    *shown += 1;
    if *shown == frames.max(1)
        && let Some(path) = &ending.screenshot
    {
        commands.spawn(Screenshot::primary_window()).observe(save_to_disk(path.clone()));
    } else if *shown > frames && screenshots.is_empty() {
        exit.write(AppExit::Success);
    }
}
