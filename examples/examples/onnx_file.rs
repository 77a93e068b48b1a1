//! You will see what a camera sees, and beside it the drawing that a network from an ONNX file makes of that.

use std::time::Duration;

use bevy::camera::RenderTarget;
use bevy::prelude::*;
use bevy::render::render_resource::TextureFormat;
use bevy::time::common_conditions::on_timer;
use bevy_imagine::prelude::*;
use clap::Parser;
use imagine_examples::Arguments;

/// Its roles are in `sketch.onnx.ron` beside it.
const NETWORK: &str = "onnx/sketch.onnx";
const MATERIALS: [&str; 3] = ["bark", "stone_wall", "veined_slate"];
/// Pixels along the picture and the drawing.
const SIDE: u32 = 512;
/// Layers of the scene in the picture, which the screen's camera does not see.
const SCENE: bevy::camera::visibility::RenderLayers = bevy::camera::visibility::RenderLayers::layer(1);

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let mut app = arguments.app("ONNX file");
    app.add_systems(Startup, (spawn_scene, spawn_screen).chain())
        .add_systems(Update, (turn, draw_again.run_if(on_timer(REDRAWN))));
    arguments.run(app, "onnx_file")
}

/// How often the network draws what the camera sees.
const REDRAWN: Duration = Duration::from_millis(100);

#[derive(Resource)]
struct Seen(Handle<Image>);

#[derive(Component)]
struct Turning;

fn spawn_scene(
    mut commands: Commands,
    assets: Res<AssetServer>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut images: ResMut<Assets<Image>>,
) -> Result {
    let seen = images.add(Image::new_target_texture(SIDE, SIDE, TextureFormat::Rgba8UnormSrgb, None));
    let view = Transform::from_xyz(0.0, 1.6, 5.2).looking_at(Vec3::new(0.0, 0.1, 0.0), Vec3::Y);
    commands.spawn((
        Camera3d::default(),
        Camera { order: -1, ..default() },
        RenderTarget::Image(seen.clone().into()),
        view,
        SCENE,
    ));
    commands.insert_resource(Seen(seen));
    let light = Transform::from_xyz(-2.0, 3.0, 2.0).looking_at(Vec3::ZERO, Vec3::Y);
    commands.spawn((DirectionalLight::default(), light, SCENE));
    let shapes: [Mesh; 3] = [
        Sphere::new(0.8).mesh().uv(64, 32),
        Cuboid::from_length(1.2).mesh().build(),
        Torus::new(0.3, 0.8).mesh().build(),
    ];
    for (index, (name, shape)) in MATERIALS.into_iter().zip(shapes).enumerate() {
        let shape = meshes.add(shape.with_generated_tangents()?);
        let synthesis = Synthesis::new(assets.load(format!("generators/{name}.generator.safetensors")));
        let place = Transform::from_xyz(1.9 * (index as f32 - 1.0), 0.0, 0.0);
        commands.spawn((Mesh3d(shape), place, synthesis, MaterialTarget::default(), Turning, SCENE));
    }
    Ok(())
}

fn spawn_screen(mut commands: Commands, assets: Res<AssetServer>, images: Res<Assets<Image>>, seen: Res<Seen>) {
    commands.spawn(Camera2d);
    let drawing = images.reserve_handle();
    let synthesis =
        Synthesis::new(assets.load(NETWORK)).with_size(UVec2::splat(SIDE)).with_image("photo", seen.0.clone());
    commands.spawn((Name::new("drawing"), synthesis, ImageTarget::new(drawing.clone())));
    for (image, x) in [(seen.0.clone(), -270.0), (drawing, 270.0)] {
        commands.spawn((Sprite::from_image(image), Transform::from_xyz(x, 0.0, 0.0)));
    }
}

fn turn(time: Res<Time>, mut shapes: Query<&mut Transform, With<Turning>>) {
    shapes.iter_mut().for_each(|mut shape| shape.rotate_y(0.4 * time.delta_secs()));
}

/// The camera has drawn another picture: the network draws another one too, as soon as the last is done.
fn draw_again(
    mut commands: Commands,
    drawings: Query<(Entity, &Name, &SynthesisStatus)>,
    shown: Query<&SynthesisTextures, With<Turning>>,
) {
    if shown.iter().count() < MATERIALS.len() {
        return;
    }
    for (entity, name, status) in &drawings {
        if name.as_str() == "drawing" && *status == SynthesisStatus::Finished {
            commands.trigger(SynthesisRefresh { entity });
        }
    }
}
