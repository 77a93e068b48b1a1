//! You will see a scene and, beside it, a sketch of it that a network from an ONNX file draws in every frame.

use bevy::camera::RenderTarget;
use bevy::camera::visibility::RenderLayers;
use bevy::prelude::*;
use bevy::render::render_resource::TextureFormat;
use bevy_imagine::prelude::*;
use imagine_examples::{Arguments, Headless, parse_arguments};

/// The file `sketch.onnx.ron` beside it gives the roles of its inputs and outputs.
const NETWORK: &str = "onnx/sketch.onnx";
const MATERIALS: [&str; 3] = ["mossy_bricks", "stone_wall", "veined_slate"];
/// Pixels along the picture and the sketch.
const SIDE: u32 = 512;
/// Frames from finished materials to a sketch of them.
const SKETCHED: u32 = 4;
/// The layer of the scene. The camera of the screen does not see it.
const SCENE: RenderLayers = RenderLayers::layer(1);

fn main() -> anyhow::Result<()> {
    let arguments: Arguments = parse_arguments();
    let mut app = arguments.app("ONNX file");
    app.add_systems(Startup, (spawn_scene, spawn_screen).chain());
    if !arguments.headless {
        app.add_systems(Update, turn);
        return arguments.run(app, "onnx_file");
    }
    let mut headless = Headless::new(app);
    headless.settle()?;
    // The camera of the scene draws the materials before they are sketched.
    headless.wait(SKETCHED);
    arguments.finish(&mut headless, "onnx_file")
}

/// The picture that the camera of the scene takes.
#[derive(Resource)]
struct Photo(Handle<Image>);

#[derive(Component)]
struct Turning;

fn spawn_scene(
    mut commands: Commands,
    assets: Res<AssetServer>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut images: ResMut<Assets<Image>>,
) -> Result {
    let photo = images.add(Image::new_target_texture(SIDE, SIDE, TextureFormat::Rgba8UnormSrgb, None));
    let view = Transform::from_xyz(0.0, 1.8, 7.0).looking_at(Vec3::new(0.0, 0.1, 0.0), Vec3::Y);
    commands.spawn((
        Camera3d::default(),
        Camera { order: -1, ..default() },
        RenderTarget::Image(photo.clone().into()),
        view,
        SCENE,
    ));
    commands.insert_resource(Photo(photo));
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
        let place = Transform::from_xyz(1.75 * (index as f32 - 1.0), 0.0, 0.0);
        commands.spawn((Mesh3d(shape), place, synthesis, MaterialTarget::default(), Turning, SCENE));
    }
    Ok(())
}

fn spawn_screen(mut commands: Commands, assets: Res<AssetServer>, images: Res<Assets<Image>>, photo: Res<Photo>) {
    commands.spawn(Camera2d);
    let sketch = images.reserve_handle();
    let synthesis =
        Synthesis::new(assets.load(NETWORK)).with_size(UVec2::splat(SIDE)).with_image("photo", photo.0.clone());
    commands.spawn((synthesis, EveryFrame, ImageTarget::new(sketch.clone())));
    for (image, x) in [(photo.0.clone(), -270.0), (sketch, 270.0)] {
        commands.spawn((Sprite::from_image(image), Transform::from_xyz(x, 0.0, 0.0)));
    }
}

fn turn(time: Res<Time>, mut shapes: Query<&mut Transform, With<Turning>>) {
    shapes.iter_mut().for_each(|mut shape| shape.rotate_y(0.4 * time.delta_secs()));
}
