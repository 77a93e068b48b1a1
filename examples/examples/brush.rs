//! You will see a wall, the same wall just after it was damaged and painted, and a third one that has grown over the damage.
//!
//! In a window, hold the left mouse button to damage a wall and the right one to paint it.

use bevy::prelude::*;
use bevy_imagine::prelude::*;
use imagine_examples::{Arguments, Headless, parse_arguments};

const GENERATOR: &str = "generators/mossy_bricks.generator.safetensors";
/// Texels along a wall, and steps before it is first shown.
const TEXELS: u32 = 128;
const STEPS: u32 = 96;
/// Width and height of a wall in world units.
const SIDE: f32 = 2.0;
/// Radius of a stroke with the mouse, as a fraction of the wall.
const RADIUS: f32 = 0.12;
const PAINT: Color = Color::srgb(0.85, 0.75, 0.1);
/// Frames in which the third wall of the picture regrows, up to eight steps each.
const FRAMES: u32 = 24;
/// The damage in the picture: centre and radius in UV space.
const DAMAGE: [(Vec2, f32); 4] = [
    (Vec2::new(0.30, 0.30), 0.16),
    (Vec2::new(0.45, 0.42), 0.14),
    (Vec2::new(0.60, 0.55), 0.12),
    (Vec2::new(0.02, 0.75), 0.15),
];
/// The paint in the picture.
const PAINTED: [Vec2; 3] = [Vec2::new(0.70, 0.20), Vec2::new(0.78, 0.27), Vec2::new(0.86, 0.34)];

fn main() -> anyhow::Result<()> {
    let arguments: Arguments = parse_arguments();
    let mut app = arguments.app("brush");
    app.insert_resource(Still(arguments.headless)).add_systems(Startup, spawn);
    if !arguments.headless {
        app.add_systems(Update, paint);
        return arguments.run(app, "brush");
    }
    let mut headless = Headless::new(app);
    headless.settle()?;
    damage_and_paint(headless.world());
    headless.wait(FRAMES);
    arguments.finish(&mut headless, "brush")
}

/// The part of a wall in the picture.
#[derive(Component, Clone, Copy, PartialEq)]
enum Wall {
    Intact,
    Damaged,
    Regrown,
}

/// Whether the first two walls stand still, for the picture.
#[derive(Resource)]
struct Still(bool);

fn spawn(
    mut commands: Commands,
    assets: Res<AssetServer>,
    mut meshes: ResMut<Assets<Mesh>>,
    still: Res<Still>,
) -> Result {
    let mesh = meshes.add(Rectangle::new(SIDE, SIDE).mesh().build().with_generated_tangents()?);
    for (index, wall) in [Wall::Intact, Wall::Damaged, Wall::Regrown].into_iter().enumerate() {
        let place = Transform::from_xyz((SIDE + 0.1) * (index as f32 - 1.0), 0.0, 0.0);
        let synthesis = Synthesis { steps: Some(STEPS), ..Synthesis::new(assets.load(GENERATOR)) };
        let synthesis = synthesis.with_size(UVec2::splat(TEXELS)).with_seed(3);
        let rate = if wall == Wall::Regrown { 1000.0 } else { 0.0 };
        let living = Living { steps_per_second: still.0.then_some(rate) };
        commands.spawn((Mesh3d(mesh.clone()), place, synthesis, MaterialTarget::default(), living, wall));
    }
    commands.spawn((Camera3d::default(), Transform::from_xyz(0.0, 0.0, 4.6).looking_at(Vec3::ZERO, Vec3::Y)));
    let sun = DirectionalLight { illuminance: 9_000.0, ..default() };
    commands.spawn((sun, Transform::from_xyz(-2.0, 2.0, 4.0).looking_at(Vec3::ZERO, Vec3::Y)));
    Ok(())
}

/// The strokes of the picture.
fn damage_and_paint(world: &mut World) {
    let mut walls = world.query::<(Entity, &Wall)>();
    let walls = walls.iter(world).filter(|(_, wall)| **wall != Wall::Intact);
    let walls: Vec<Entity> = walls.map(|(entity, _)| entity).collect();
    for wall in walls {
        for (uv, radius) in DAMAGE {
            world.trigger(BrushStroke::new(wall, uv, radius));
        }
        for uv in PAINTED {
            world.trigger(BrushStroke::new(wall, uv, 0.07).with_brush(Brush::Paint(PAINT)));
        }
    }
}

/// A stroke where the mouse points.
fn paint(
    mut commands: Commands,
    buttons: Res<ButtonInput<MouseButton>>,
    windows: Query<&Window>,
    cameras: Query<(&Camera, &GlobalTransform)>,
    walls: Query<(Entity, &GlobalTransform), With<Wall>>,
) {
    let brush = match (buttons.pressed(MouseButton::Left), buttons.pressed(MouseButton::Right)) {
        (true, _) => Brush::Damage,
        (_, true) => Brush::Paint(PAINT),
        _ => return,
    };
    let (Ok(window), Ok((camera, at))) = (windows.single(), cameras.single()) else { return };
    let Some(ray) = window.cursor_position().and_then(|cursor| camera.viewport_to_world(at, cursor).ok()) else {
        return;
    };
    for (wall, at) in &walls {
        let Some(hit) = ray.plane_intersection_point(at.translation(), InfinitePlane3d::new(Vec3::Z)) else { continue };
        let uv = (hit - at.translation()).truncate() / SIDE * Vec2::new(1.0, -1.0) + 0.5;
        if uv.min_element() >= 0.0 && uv.max_element() < 1.0 {
            commands.trigger(BrushStroke::new(wall, uv, RADIUS).with_brush(brush.clone()));
        }
    }
}
