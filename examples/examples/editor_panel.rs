//! You will see a ball and, beside it, the panel with the sliders, variations and model card of its material.

use bevy::prelude::*;
use bevy_egui::{EguiGlobalSettings, EguiPlugin, PrimaryEguiContext};
use bevy_imagine::generators;
use bevy_imagine::prelude::*;
use bevy_imagine_editor::{ImagineEditorPlugin, Variations};
use clap::Parser;
use imagine_examples::Arguments;

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let mut app = arguments.app("editor panel");
    app.add_plugins((EguiPlugin::default(), ImagineEditorPlugin::default()));
    // The panel goes wherever this camera draws, also into a picture.
    app.insert_resource(EguiGlobalSettings { auto_create_primary_context: false, ..default() });
    app.add_systems(Startup, spawn).add_observer(show_variations);
    arguments.run(app, "editor_panel")
}

fn spawn(
    mut commands: Commands,
    mut generators: ResMut<Assets<Generator>>,
    mut meshes: ResMut<Assets<Mesh>>,
) -> Result {
    let noise = generators::load("noise_material").ok_or("the material is built in")?;
    let synthesis = Synthesis::new(generators.add(Generator::from(noise))).with_size(UVec2::splat(512)).with_seed(4);
    let synthesis =
        synthesis.with_control("coat", 0.55).with_control("metalness", 0.9).with_control("base_roughness", 0.35);
    let ball = meshes.add(Sphere::new(1.15).mesh().uv(96, 48).with_generated_tangents()?);
    let place = Transform::from_xyz(1.95, 0.0, 0.0).with_rotation(Quat::from_rotation_x(-1.5));
    commands.spawn((Name::new("ball"), Mesh3d(ball), place, synthesis, MaterialTarget::default()));
    let view = Transform::from_xyz(0.0, 0.8, 5.0).looking_at(Vec3::ZERO, Vec3::Y);
    commands.spawn((Camera3d::default(), view, PrimaryEguiContext));
    commands.spawn((DirectionalLight::default(), Transform::from_xyz(-2.0, 3.0, 3.0).looking_at(Vec3::ZERO, Vec3::Y)));
    Ok(())
}

/// What the panel's button does.
fn show_variations(
    finished: On<SynthesisFinished>,
    mut commands: Commands,
    named: Query<&Name>,
    mut done: Local<bool>,
) {
    if named.contains(finished.entity) && !std::mem::replace(&mut done, true) {
        commands.trigger(Variations { entity: finished.entity, keep_seed: false });
    }
}
