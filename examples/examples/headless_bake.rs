//! You will find the maps of three materials as PNG files in a folder: no window, no camera, nothing drawn.

use std::path::PathBuf;

use bevy::app::ScheduleRunnerPlugin;
use bevy::prelude::*;
use bevy::window::ExitCondition;
use bevy::winit::WinitPlugin;
use bevy_imagine::ExportPng;
use bevy_imagine::prelude::*;
use clap::Parser;
use imagine_examples::ASSETS;

const GENERATORS: [&str; 3] = ["bark", "stone_wall", "veined_slate"];
const MAPS: usize = 3;

/// Bakes materials.
#[derive(Parser, Resource, Clone)]
struct Arguments {
    /// Folder for the files.
    #[arg(long, default_value = "out/bake")]
    folder: PathBuf,
    /// Texels along a side.
    #[arg(long, default_value_t = 256)]
    size: u32,
    /// What all other examples take and this one does not need.
    #[arg(long, hide = true)]
    headless: bool,
}

fn main() {
    let window = WindowPlugin { primary_window: None, exit_condition: ExitCondition::DontExit, ..default() };
    let assets = AssetPlugin { file_path: ASSETS.into(), ..default() };
    App::new()
        .add_plugins(DefaultPlugins.set(window).set(assets).disable::<WinitPlugin>())
        .add_plugins((ScheduleRunnerPlugin::default(), ImaginePlugin { frame_budget_ms: 500.0, ..default() }))
        .insert_resource(Arguments::parse())
        .add_systems(Startup, spawn)
        .add_systems(Update, leave_when_written)
        .add_observer(export)
        .run();
}

fn spawn(mut commands: Commands, assets: Res<AssetServer>, arguments: Res<Arguments>) {
    for name in GENERATORS {
        let generator = assets.load(format!("generators/{name}.generator.safetensors"));
        let synthesis = Synthesis::new(generator).with_size(UVec2::splat(arguments.size));
        commands.spawn((Name::new(name), synthesis, MaterialTarget::default()));
    }
}

fn export(finished: On<SynthesisFinished>, mut commands: Commands, names: Query<&Name>, arguments: Res<Arguments>) {
    let name = names.get(finished.entity).map(ToString::to_string).unwrap_or_default();
    commands.trigger(ExportPng { entity: finished.entity, folder: arguments.folder.clone(), name });
}

fn leave_when_written(arguments: Res<Arguments>, mut exit: MessageWriter<AppExit>) {
    let files = std::fs::read_dir(&arguments.folder).into_iter().flatten().flatten();
    let written = files.filter(|file| file.path().extension().is_some_and(|extension| extension == "png")).count();
    if written >= GENERATORS.len() * MAPS {
        exit.write(AppExit::Success);
    }
}
