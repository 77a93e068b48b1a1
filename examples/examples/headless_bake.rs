//! You will find the maps of three materials as PNG files in a folder: no window, no camera, nothing drawn.

use std::path::PathBuf;
use std::time::SystemTime;

use bevy::app::ScheduleRunnerPlugin;
use bevy::log::{Level, LogPlugin};
use bevy::prelude::*;
use bevy::window::ExitCondition;
use bevy::winit::WinitPlugin;
use bevy_imagine::ExportPng;
use bevy_imagine::prelude::*;
use clap::Parser;
use imagine_examples::{ASSETS, Arguments, parse_arguments};

const GENERATORS: [&str; 3] = ["mossy_bricks", "stone_wall", "veined_slate"];
/// Files of each material: base colour, normal, and occlusion with roughness.
const MAPS: usize = 3;

/// Bakes materials.
#[derive(Parser, Resource, Clone)]
struct Options {
    /// Folder for the files.
    #[arg(long, default_value = "out/bake")]
    folder: PathBuf,
    /// Texels along a side.
    #[arg(long, default_value_t = 256)]
    size: u32,
    /// Every example takes these. Nothing is drawn here, so they change nothing.
    #[command(flatten)]
    _arguments: Arguments,
}

/// When the program started: older files in the folder do not count.
#[derive(Resource)]
struct Start(SystemTime);

fn main() {
    let options: Options = parse_arguments();
    let window = WindowPlugin { primary_window: None, exit_condition: ExitCondition::DontExit, ..default() };
    let assets = AssetPlugin { file_path: ASSETS.into(), ..default() };
    let log = LogPlugin { level: Level::WARN, ..default() };
    App::new()
        .add_plugins(DefaultPlugins.set(window).set(assets).set(log).disable::<WinitPlugin>())
        .add_plugins((ScheduleRunnerPlugin::default(), ImaginePlugin { frame_budget_ms: 500.0, ..default() }))
        .insert_resource(options)
        .insert_resource(Start(SystemTime::now()))
        .add_systems(Startup, spawn)
        .add_systems(Update, exit_when_written)
        .add_observer(export)
        .run();
}

fn spawn(mut commands: Commands, assets: Res<AssetServer>, options: Res<Options>) {
    for name in GENERATORS {
        let generator = assets.load(format!("generators/{name}.generator.safetensors"));
        let synthesis = Synthesis::new(generator).with_size(UVec2::splat(options.size));
        // Files hold what the network made, not what blocks show of it.
        commands.spawn((Name::new(name), synthesis, MaterialTarget { compress: false, ..default() }));
    }
}

fn export(finished: On<SynthesisFinished>, mut commands: Commands, names: Query<&Name>, options: Res<Options>) {
    let name = names.get(finished.entity).map(ToString::to_string).unwrap_or_default();
    println!("{name} is generated");
    commands.trigger(ExportPng { entity: finished.entity, folder: options.folder.clone(), name });
}

fn exit_when_written(options: Res<Options>, start: Res<Start>, mut exit: MessageWriter<AppExit>) {
    let is_new = |file: &std::fs::DirEntry| {
        let modified = file.metadata().and_then(|metadata| metadata.modified());
        file.path().extension().is_some_and(|extension| extension == "png")
            && modified.is_ok_and(|time| time >= start.0)
    };
    let files = std::fs::read_dir(&options.folder).into_iter().flatten().flatten();
    if files.filter(is_new).count() >= GENERATORS.len() * MAPS {
        println!("saved {} maps in {}", GENERATORS.len() * MAPS, options.folder.display());
        exit.write(AppExit::Success);
    }
}
