//! You will see a ball and, beside it, the editor panel: sliders, variations and the model card of its material.

use bevy::prelude::*;
use bevy_egui::{EguiGlobalSettings, EguiPlugin, PrimaryEguiContext};
use bevy_imagine::generators;
use bevy_imagine::prelude::*;
use bevy_imagine_editor::{ImagineEditorPlugin, Variations};
use imagine_examples::{Arguments, parse_arguments};

const TEXELS: u32 = 512;
const CONTROLS: [(&str, f32); 3] = [("coat", 0.55), ("metalness", 0.9), ("base_roughness", 0.35)];

fn main() -> anyhow::Result<()> {
    let arguments: Arguments = parse_arguments();
    let mut app = arguments.app("editor panel");
    app.add_plugins((EguiPlugin::default(), ImagineEditorPlugin::default()));
    // The panel is drawn by the camera with `PrimaryEguiContext`, so it shows in pictures too.
    app.insert_resource(EguiGlobalSettings { auto_create_primary_context: false, ..default() });
    app.add_systems(Startup, spawn).add_observer(show_variations);
    arguments.run(app, "editor_panel")
}

fn spawn(
    mut commands: Commands,
    mut generators: ResMut<Assets<Generator>>,
    mut meshes: ResMut<Assets<Mesh>>,
) -> Result {
    let noise = generators::load("noise_material").ok_or("noise_material is built in")?;
    let synthesis = Synthesis::new(generators.add(Generator::from(noise))).with_size(UVec2::splat(TEXELS)).with_seed(4);
    let synthesis =
        CONTROLS.into_iter().fold(synthesis, |synthesis, (name, value)| synthesis.with_control(name, value));
    let ball = meshes.add(Sphere::new(1.15).mesh().uv(96, 48).with_generated_tangents()?);
    let place = Transform::from_xyz(1.95, 0.0, 0.0).with_rotation(Quat::from_rotation_x(-1.5));
    commands.spawn((Name::new("ball"), Mesh3d(ball), place, synthesis, MaterialTarget::default()));
    let view = Transform::from_xyz(0.0, 0.8, 5.0).looking_at(Vec3::ZERO, Vec3::Y);
    commands.spawn((Camera3d::default(), view, PrimaryEguiContext));
    commands.spawn((DirectionalLight::default(), Transform::from_xyz(-2.0, 3.0, 3.0).looking_at(Vec3::ZERO, Vec3::Y)));
    Ok(())
}

/// Opens the variations once the ball is finished, as the panel's button does.
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
