//! You will see a wall of bricks with a sign painted on it and holes shot into it; click to add more.
//!
//! Each decal edits all maps of the material that the wall shows, on the GPU: bricks stay visible through paint, holes have depth.

use bevy::asset::RenderAssetUsages;
use bevy::prelude::*;
use bevy::render::render_resource::{Extent3d, TextureDimension, TextureFormat};
use bevy_imagine::default_generators::RED_BRICKS;
use bevy_imagine::edit::{EditGenerators, Extent, Insert, OutputKind, maps_of};
use bevy_imagine::prelude::*;
use imagine_examples::{Arguments, parse_arguments};

/// Metres and texels of the wall.
const WALL: Vec2 = Vec2::new(4.0, 3.0);
const TEXELS: UVec2 = UVec2::new(1024, 768);
/// Texels along a decal.
const SIDE: usize = 192;
/// Where decals are at first: kind, place on the wall from the upper left, width in widths of the wall, degrees.
const FIRST: [(Decal, [f32; 2], f32, f32); 6] = [
    (Decal::Sign, [0.32, 0.46], 0.34, 6.0),
    (Decal::Hole, [0.62, 0.32], 0.055, 0.0),
    (Decal::Hole, [0.71, 0.43], 0.05, 80.0),
    (Decal::Hole, [0.80, 0.36], 0.06, -160.0),
    (Decal::Hole, [0.66, 0.61], 0.045, 140.0),
    (Decal::Hole, [0.47, 0.30], 0.05, -60.0),
];

#[derive(Clone, Copy, PartialEq)]
enum Decal {
    /// Paint: colours with alpha.
    Sign,
    /// Colours, normals and heights.
    Hole,
}

/// Pictures of the decals.
#[derive(Resource)]
struct Pictures {
    sign: Handle<Image>,
    hole: Handle<Image>,
    /// Normals of the hole, and its height as alpha.
    hole_shape: Handle<Image>,
}

/// Decals that are still to come.
#[derive(Resource, Default)]
struct Coming(Vec<(Decal, [f32; 2], f32, f32)>);

fn main() -> anyhow::Result<()> {
    let arguments: Arguments = parse_arguments();
    let mut app = arguments.app("decals");
    app.init_resource::<Pictures>()
        .insert_resource(Coming(FIRST.into_iter().rev().collect()))
        .add_systems(Startup, spawn)
        .add_systems(Update, (shoot, paste).chain());
    arguments.run(app, "decals")
}

fn spawn(mut commands: Commands, assets: Res<AssetServer>, mut meshes: ResMut<Assets<Mesh>>) -> Result {
    let wall = Rectangle::from_size(WALL).mesh().build().with_generated_tangents()?;
    commands.spawn((
        Mesh3d(meshes.add(wall)),
        Synthesis::new(assets.load(RED_BRICKS)).with_size(TEXELS).with_seed(4),
        MaterialTarget::default(),
    ));
    commands.spawn((Camera3d::default(), Transform::from_xyz(0.5, 0.1, 3.3).looking_at(Vec3::ZERO, Vec3::Y)));
    let sun = DirectionalLight { illuminance: 7_000.0, ..default() };
    commands.spawn((sun, Transform::from_xyz(-4.0, 3.0, 2.5).looking_at(Vec3::ZERO, Vec3::Y)));
    commands.insert_resource(GlobalAmbientLight { brightness: 250.0, ..default() });
    Ok(())
}

/// Adds a hole where the wall is clicked.
fn shoot(
    buttons: Res<ButtonInput<MouseButton>>,
    windows: Query<&Window>,
    cameras: Query<(&Camera, &GlobalTransform)>,
    mut coming: ResMut<Coming>,
    time: Res<Time>,
) {
    let (Ok((camera, at)), Ok(window)) = (cameras.single(), windows.single()) else { return };
    let cursor = window.cursor_position().filter(|_| buttons.just_pressed(MouseButton::Left));
    let Some(ray) = cursor.and_then(|cursor| camera.viewport_to_world(at, cursor).ok()) else { return };
    let Some(hit) = ray.plane_intersection_point(Vec3::ZERO, InfinitePlane3d::new(Vec3::Z)) else { return };
    let place = (hit.truncate() * Vec2::new(1.0, -1.0) / WALL + 0.5).clamp(Vec2::ZERO, Vec2::ONE);
    coming.0.insert(0, (Decal::Hole, place.to_array(), 0.05, (37.0 * time.elapsed_secs()) % 180.0));
}

/// Edits the material that the wall shows, once it is complete: its textures are the edit's images.
fn paste(
    mut walls: Query<(&mut Synthesis, &SynthesisStatus, &MeshMaterial3d<StandardMaterial>)>,
    materials: Res<Assets<StandardMaterial>>,
    pictures: Res<Pictures>,
    mut edits: EditGenerators,
    mut coming: ResMut<Coming>,
) {
    for (mut wall, status, material) in &mut walls {
        let Some(material) = materials.get(&material.0).filter(|_| *status == SynthesisStatus::Finished) else {
            continue;
        };
        let Some((decal, [x, y], scale, rotation)) = coming.0.pop() else { return };
        let maps = maps_of(material);
        let wanted: &[OutputKind] = match decal {
            Decal::Sign => &[OutputKind::BaseColor],
            Decal::Hole => &[OutputKind::BaseColor, OutputKind::Normal, OutputKind::Height],
        };
        let object_maps: Vec<_> = wanted.iter().copied().filter(|kind| maps.contains(kind)).collect();
        let color = if decal == Decal::Sign { &pictures.sign } else { &pictures.hole };
        let (width, height) = (TEXELS.x as usize, TEXELS.y as usize);
        let mut edit = Synthesis::default()
            .with_size(TEXELS)
            .with_material(material)
            .with_image("object", color.clone())
            .with_image("object_alpha", ImageSource::new(color.clone(), ImageChannels::Alpha))
            .with_control("x", x)
            .with_control("y", y)
            .with_control("scale", scale)
            .with_control("rotation", rotation)
            // A sign keeps its colours, and a hole is as dark as the wall is bright.
            .with_control("blend", 0.0)
            .with_control("light", if decal == Decal::Sign { 0.2 } else { 0.0 });
        if object_maps.contains(&OutputKind::Normal) {
            edit = edit.with_image("object_normal", pictures.hole_shape.clone()).with_control("relief", 0.4);
        }
        if object_maps.contains(&OutputKind::Height) {
            let height = ImageSource::new(pictures.hole_shape.clone(), ImageChannels::Alpha);
            edit = edit.with_image("object_height", height);
        }
        let insert = Insert { maps, object_maps, ..Insert::new(Extent { height, width }, Extent::splat(SIDE)) };
        edit.generator = edits.add(insert);
        *wall = edit;
    }
}

impl FromWorld for Pictures {
    fn from_world(world: &mut World) -> Self {
        let mut images = world.resource_mut::<Assets<Image>>();
        Self {
            sign: images.add(drawn(TextureFormat::Rgba8UnormSrgb, sign)),
            hole: images.add(drawn(TextureFormat::Rgba8UnormSrgb, hole)),
            hole_shape: images.add(drawn(TextureFormat::Rgba8Unorm, hole_shape)),
        }
    }
}

/// A square image of a function of places from -1 to 1, y up.
fn drawn(format: TextureFormat, color: impl Fn(Vec2) -> Vec4) -> Image {
    let place = |at: usize| 2.0 * (at as f32 + 0.5) / SIDE as f32 - 1.0;
    let texel = |i: usize| color(Vec2::new(place(i % SIDE), -place(i / SIDE))).to_array();
    let bytes = (0..SIDE * SIDE).flat_map(texel).map(|v| (v.clamp(0.0, 1.0) * 255.0).round() as u8).collect();
    let extent = Extent3d { width: SIDE as u32, height: SIDE as u32, depth_or_array_layers: 1 };
    Image::new(extent, TextureDimension::D2, bytes, format, RenderAssetUsages::default())
}

/// From 0 to 1 over about two texels around `inside` = 0, positive inside.
fn edge(inside: f32) -> f32 {
    (0.5 + inside * SIDE as f32 / 4.0).clamp(0.0, 1.0)
}

/// Where the function of a place is a wobbling circle's radius.
fn wobble(place: Vec2) -> f32 {
    let angle = place.to_angle();
    1.0 + 0.08 * (3.0 * angle + 1.0).sin() + 0.05 * (7.0 * angle).sin() + 0.03 * (13.0 * angle + 2.0).sin()
}

/// A round sign with a bar, its paint thin in places.
fn sign(place: Vec2) -> Vec4 {
    let radius = place.length();
    let disc = edge(0.95 - radius);
    let bar = edge(0.13 - place.y.abs()) * edge(0.6 - place.x.abs());
    let ring = edge(radius - 0.78);
    let white = bar.max(ring);
    let paint = Vec3::new(0.72, 0.10, 0.08).lerp(Vec3::new(0.92, 0.90, 0.85), white);
    let worn =
        (9.0 * place.x + 4.0 * (5.0 * place.y).sin()).sin() * (11.0 * place.y + 3.0 * (7.0 * place.x).sin()).sin();
    paint.extend(disc * (0.93 - 0.35 * (worn - 0.55).max(0.0)))
}

/// A dark hole with a crushed rim.
fn hole(place: Vec2) -> Vec4 {
    let radius = place.length() * wobble(place);
    let color = Vec3::splat(0.05).lerp(Vec3::new(0.78, 0.62, 0.52), ((radius - 0.28) / 0.14).clamp(0.0, 1.0));
    color.extend(((0.85 - radius) / 0.35).clamp(0.0, 1.0) * if radius < 0.5 { 1.0 } else { 0.8 })
}

/// Normals of a bowl, and its height.
fn hole_shape(place: Vec2) -> Vec4 {
    let depth = |at: Vec2| -0.5 * ((0.62 - at.length() * wobble(at)) / 0.4).clamp(0.0, 1.0);
    let step = 2.0 / SIDE as f32;
    let slope = |by: Vec2| (depth(place + by) - depth(place - by)) / (2.0 * step);
    let normal = Vec3::new(-slope(Vec2::X * step), -slope(Vec2::Y * step), 1.0).normalize();
    (0.5 + 0.5 * normal).extend(0.5 + depth(place))
}
