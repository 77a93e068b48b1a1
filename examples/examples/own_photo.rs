//! You will see a ball, a wall and a floor of one material, and the only picture that it was made of: a photograph, or your own with `--photo FILE`.
//!
//! The photograph is made to tile, a network makes normals, height, roughness and occlusion of it, and the result is endless: no stone repeats.

use std::f32::consts::FRAC_PI_2;
use std::path::PathBuf;

use bevy::asset::RenderAssetUsages;
use bevy::prelude::*;
use bevy_imagine::by_example::{ExampleGenerators, ExampleImages, ExemplarOptions};
use bevy_imagine::prelude::*;
use clap::Parser;
use imagine_examples::{ASSETS, Arguments, parse_arguments};

/// The default photograph, in the assets.
const PHOTO: &str = "photographs/stones.jpg";
/// Most texels along a side of the material's exemplar.
const EXEMPLAR: u32 = 512;
/// Metres and texels of the wall and of the floor.
const SIDE: f32 = 4.0;
const TEXELS: u32 = 1024;

#[derive(Parser, Resource, Clone)]
struct OwnPhoto {
    /// A photograph of a surface, taken from the front: png or jpg.
    #[arg(long)]
    photo: Option<PathBuf>,
    /// How deep the relief is: 0 is level, 1 as the network finds it, at most 4.
    #[arg(long, default_value_t = 2.0)]
    relief: f32,
    #[command(flatten)]
    common: Arguments,
}

fn main() -> anyhow::Result<()> {
    let arguments: OwnPhoto = parse_arguments();
    let mut app = arguments.common.app("own photo");
    app.insert_resource(arguments.clone()).add_systems(Startup, (spawn, spawn_view));
    arguments.common.run(app, "own_photo")
}

fn spawn(
    mut commands: Commands,
    arguments: Res<OwnPhoto>,
    mut generators: ExampleGenerators,
    mut images: ResMut<Assets<Image>>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<StandardMaterial>>,
) -> Result {
    let path = arguments.photo.clone().unwrap_or_else(|| PathBuf::from(ASSETS).join(PHOTO));
    let picture = image::open(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let proportions = picture.width() as f32 / picture.height() as f32;
    let photo = images.add(Image::from_dynamic(picture.to_rgb8().into(), true, RenderAssetUsages::default()));

    // One call: the handle can be used at once, and the requests wait for it.
    let generator = generators.add(ExampleImages {
        options: ExemplarOptions { side: EXEMPLAR, ..default() },
        photograph_relief: Some(arguments.relief),
        ..ExampleImages::from_photograph("own photo", photo.clone())
    });

    let plane = meshes.add(Plane3d::default().mesh().size(SIDE, SIDE).build().with_generated_tangents()?);
    let ball = meshes.add(Sphere::new(0.7).mesh().uv(64, 32).with_generated_tangents()?);
    let wall = Transform::from_xyz(0.0, SIDE / 2.0, -SIDE / 2.0).looking_to(Vec3::NEG_Y, Vec3::Z);
    // The poles of Bevy's ball are in front and behind.
    let upright = Transform::from_rotation(Quat::from_rotation_x(-FRAC_PI_2));
    for (seed, mesh, at, size) in [
        (1, plane.clone(), Transform::default(), UVec2::splat(TEXELS)),
        (2, plane, wall, UVec2::splat(TEXELS)),
        // Twice as wide as high, like the ball's surface.
        (3, ball, upright.with_translation(Vec3::new(0.75, 0.7, -0.5)), UVec2::new(TEXELS, TEXELS / 2)),
    ] {
        let request = Synthesis::new(generator.clone()).with_size(size).with_seed(seed);
        commands.spawn((Mesh3d(mesh), at, request, MaterialTarget::default()));
    }

    // The photograph stands on the floor.
    let size = Vec2::new(proportions, 1.0) * 1.1 / proportions.max(1.0);
    let frame = materials.add(StandardMaterial { base_color_texture: Some(photo), unlit: true, ..default() });
    let at = Transform::from_xyz(-0.85, size.y / 2.0, -0.2).with_rotation(Quat::from_rotation_y(0.25));
    commands.spawn((Mesh3d(meshes.add(Rectangle::from_size(size))), MeshMaterial3d(frame), at));
    Ok(())
}

fn spawn_view(mut commands: Commands) {
    let ambient = AmbientLight { brightness: 180.0, ..default() };
    let camera = Transform::from_xyz(0.0, 1.5, 2.9).looking_at(Vec3::new(0.0, 0.75, -0.5), Vec3::Y);
    commands.spawn((Camera3d::default(), camera, ambient));
    let sun = DirectionalLight { illuminance: 5_500.0, shadow_maps_enabled: true, ..default() };
    commands.spawn((sun, Transform::from_xyz(-3.0, 2.5, 2.0).looking_at(Vec3::ZERO, Vec3::Y)));
}
