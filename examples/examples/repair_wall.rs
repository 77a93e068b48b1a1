//! You will see a wall with graffiti, and beside it the same wall after they are removed; click on the left one to remove more.
//!
//! The removal is an edit of all maps of the material: bricks continue where the paint was, with their colour, relief and roughness.

use bevy::asset::RenderAssetUsages;
use bevy::prelude::*;
use bevy::render::render_resource::{Extent3d, TextureDimension, TextureFormat};
use bevy_imagine::default_generators::RED_BRICKS;
use bevy_imagine::edit::{EditGenerators, Extent, Insert, OutputKind, Repair, maps_of};
use bevy_imagine::prelude::*;
use imagine_examples::{Arguments, parse_arguments};

/// Metres and texels of a wall; both walls are square.
const SIDE: f32 = 2.4;
const TEXELS: usize = 768;
/// Texels along the graffiti.
const PAINT_TEXELS: usize = 256;
/// Centre of the graffiti and their width, in widths of the wall.
const CENTER: Vec2 = Vec2::new(0.5, 0.48);
const SCALE: f32 = 0.5;
/// Radius of what a click removes, in widths of the wall.
const CLICK: f32 = 0.07;

/// What is still to be done with a wall, the next one last.
#[derive(Component)]
struct Work(Vec<Step>);

enum Step {
    /// Paint the graffiti.
    Spray,
    /// Remove what lies under a mask.
    Clean(Handle<Image>),
}

fn main() -> anyhow::Result<()> {
    let arguments: Arguments = parse_arguments();
    let mut app = arguments.app("repair_wall");
    app.add_systems(Startup, spawn).add_systems(Update, (click, work).chain());
    arguments.run(app, "repair_wall")
}

fn spawn(
    mut commands: Commands,
    assets: Res<AssetServer>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut images: ResMut<Assets<Image>>,
) -> Result {
    let painted = images.add(mask(|place| graffiti((place - CENTER) * Vec2::new(2.0, -2.0) / SCALE).w > 0.02));
    let wall = meshes.add(Rectangle::new(SIDE, SIDE).mesh().build().with_generated_tangents()?);
    for (x, work) in [(-0.52, vec![Step::Spray]), (0.52, vec![Step::Clean(painted), Step::Spray])] {
        commands.spawn((
            Mesh3d(wall.clone()),
            Transform::from_xyz(x * SIDE, 0.0, 0.0),
            Synthesis::new(assets.load(RED_BRICKS)).with_size(UVec2::splat(TEXELS as u32)).with_seed(11),
            MaterialTarget::default(),
            Work(work),
        ));
    }
    commands.spawn((Camera3d::default(), Transform::from_xyz(0.0, 0.0, 3.55)));
    let sun = DirectionalLight { illuminance: 7_000.0, ..default() };
    commands.spawn((sun, Transform::from_xyz(-4.0, 3.0, 3.0).looking_at(Vec3::ZERO, Vec3::Y)));
    commands.insert_resource(GlobalAmbientLight { brightness: 250.0, ..default() });
    Ok(())
}

/// Removes what lies around a click on a wall.
fn click(
    buttons: Res<ButtonInput<MouseButton>>,
    windows: Query<&Window>,
    cameras: Query<(&Camera, &GlobalTransform)>,
    mut walls: Query<(&GlobalTransform, &mut Work)>,
    mut images: ResMut<Assets<Image>>,
) {
    let (Ok((camera, at)), Ok(window)) = (cameras.single(), windows.single()) else { return };
    let cursor = window.cursor_position().filter(|_| buttons.just_pressed(MouseButton::Left));
    let Some(ray) = cursor.and_then(|cursor| camera.viewport_to_world(at, cursor).ok()) else { return };
    let Some(hit) = ray.plane_intersection_point(Vec3::ZERO, InfinitePlane3d::new(Vec3::Z)) else { return };
    for (wall, mut work) in &mut walls {
        let place = (hit - wall.translation()).truncate() * Vec2::new(1.0, -1.0) / SIDE + 0.5;
        if place.min_element() >= 0.0 && place.max_element() <= 1.0 {
            work.0.insert(0, Step::Clean(images.add(mask(|at| at.distance(place) < CLICK))));
        }
    }
}

/// Does the next step with each wall that is complete: its textures are the images of the edit.
fn work(
    mut walls: Query<(&mut Synthesis, &mut Work, &SynthesisStatus, &MeshMaterial3d<StandardMaterial>)>,
    materials: Res<Assets<StandardMaterial>>,
    mut images: ResMut<Assets<Image>>,
    mut edits: EditGenerators,
) {
    for (mut wall, mut work, status, material) in &mut walls {
        let complete = materials.get(&material.0).filter(|_| *status == SynthesisStatus::Finished);
        let (Some(material), false) = (complete, work.0.is_empty()) else { continue };
        let (size, maps) = (Extent::splat(TEXELS), maps_of(material));
        let edit = Synthesis::default().with_size(UVec2::splat(TEXELS as u32)).with_material(material);
        *wall = match work.0.pop() {
            Some(Step::Spray) => {
                let paint = images.add(drawn(PAINT_TEXELS, |at| graffiti(2.0 * Vec2::new(at.x - 0.5, 0.5 - at.y))));
                let object_maps = vec![OutputKind::BaseColor];
                let insert = Insert { maps, object_maps, ..Insert::new(size, Extent::splat(PAINT_TEXELS)) };
                Synthesis { generator: edits.add(insert), ..edit }
                    .with_image("object", paint.clone())
                    .with_image("object_alpha", ImageSource::new(paint, ImageChannels::Alpha))
                    .with_control("x", CENTER.x)
                    .with_control("y", CENTER.y)
                    .with_control("scale", SCALE)
                    .with_control("blend", 0.0)
                    .with_control("light", 0.0)
            }
            Some(Step::Clean(mask)) => {
                let repair = Repair { maps, tiles: true, ..Repair::new(size) };
                Synthesis { generator: edits.add(repair), ..edit }.with_image("mask", mask)
            }
            None => continue,
        };
    }
}

/// An image of a function of places from 0 to 1, y down.
fn drawn(side: usize, color: impl Fn(Vec2) -> Vec4) -> Image {
    let place = |at: usize| (at as f32 + 0.5) / side as f32;
    let texel = |i: usize| color(Vec2::new(place(i % side), place(i / side))).to_array();
    let bytes = (0..side * side).flat_map(texel).map(|v| (v.clamp(0.0, 1.0) * 255.0).round() as u8).collect();
    let extent = Extent3d { width: side as u32, height: side as u32, depth_or_array_layers: 1 };
    Image::new(extent, TextureDimension::D2, bytes, TextureFormat::Rgba8UnormSrgb, RenderAssetUsages::default())
}

/// The mask of the places where `is_inside`.
fn mask(is_inside: impl Fn(Vec2) -> bool) -> Image {
    drawn(TEXELS, |at| Vec3::splat(f32::from(u8::from(is_inside(at)))).extend(1.0))
}

/// A face in spray paint, with drops that ran down; places from -1 to 1, y up.
fn graffiti(at: Vec2) -> Vec4 {
    // How much a line covers at this distance from its middle.
    let line = |distance: f32, width: f32| (1.6 - distance.abs() / width * 1.2).clamp(0.0, 1.0);
    let ring = line(at.length() - 0.72, 0.075);
    let eye = |x: f32| line((at - Vec2::new(x, 0.24)).length(), 0.12);
    let angle = at.to_angle();
    let is_below = if (-2.7..-0.44).contains(&angle) { 1.0 } else { 0.0 };
    let mouth = line(at.length() - 0.42, 0.07) * is_below;
    let drop = |x: f32, from: f32, to: f32| if (to..from).contains(&at.y) { line(at.x - x, 0.028) } else { 0.0 };
    let drops =
        drop(-0.28, 0.2, -0.1).max(drop(0.31, 0.2, -0.22)).max(drop(-0.12, -0.7, -0.93)).max(drop(0.4, -0.6, -0.86));
    let cover = ring.max(eye(-0.28)).max(eye(0.28)).max(mouth).max(drops);
    Vec3::new(0.12, 0.34, 0.78).extend(0.94 * cover)
}
