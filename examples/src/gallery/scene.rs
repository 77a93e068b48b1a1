//! The stage of the gallery: light, steps, exhibits and the camera.

use bevy::asset::RenderAssetUsages;
use bevy::camera::visibility::NoFrustumCulling;
use bevy::core_pipeline::tonemapping::Tonemapping;
use bevy::light::CascadeShadowConfigBuilder;
use bevy::math::Affine2;
use bevy::mesh::{Indices, PrimitiveTopology};
use bevy::prelude::*;
use bevy_imagine::prelude::*;

use super::layout::{FIELD_OF_VIEW, Layout};
use super::{Exhibit, Exhibits};

/// [`FOG`] after tone mapping, so that the ground fades into the sky.
pub(super) const SKY: Color = Color::srgb(0.553, 0.627, 0.706);
const FOG: Color = Color::srgb(0.62, 0.72, 0.83);
/// Repetitions of a texture around a ball and from pole to pole, and of the ground's in a world unit.
const BALL_REPEATS: Vec2 = Vec2::new(3.0, 1.5);
const GROUND_REPEATS: f32 = 0.4;
/// The generator of the ground. Without it, the first one that makes materials.
const GROUND: &str = "cobblestones";
/// Variants along a side of a sheet of sprites.
const SHEET: u32 = 3;
/// Controls that differ from a generator's defaults: generator, control, value.
const CONTROLS: [(&str, &str, &str); 1] = [("sprites", "class", "potion")];
/// From the centre of an exhibit to the camera of its close-up.
const CLOSE_UP: Vec3 = Vec3::new(0.0, 0.5, 7.4);
/// Half the width of the ground.
const WIDTH: f32 = 100.0;
/// Radians that an exhibit turns in a second.
const TURN: f32 = 0.25;

/// An exhibit on its stand: index in the list of exhibits.
#[derive(Component)]
pub struct Stand(usize);

#[derive(Component)]
pub(super) struct Ground;

pub(super) fn spawn_stage(mut commands: Commands, mut images: ResMut<Assets<Image>>) {
    let sky = [Color::srgb(0.55, 0.7, 0.95), Color::srgb(0.75, 0.78, 0.82), Color::srgb(0.32, 0.3, 0.27)];
    let environment = EnvironmentMapLight::hemispherical_gradient(&mut images, sky[0], sky[1], sky[2]);
    commands.spawn((
        Camera3d::default(),
        Projection::Perspective(PerspectiveProjection { fov: FIELD_OF_VIEW, ..default() }),
        Msaa::Sample4,
        // Draws the labels even without a window.
        IsDefaultUiCamera,
        Tonemapping::TonyMcMapface,
        EnvironmentMapLight { intensity: 900.0, ..environment },
        DistanceFog { color: FOG, ..default() },
    ));
    commands.spawn((
        DirectionalLight {
            color: Color::srgb(1.0, 0.95, 0.86),
            illuminance: 7_500.0,
            shadow_maps_enabled: true,
            ..default()
        },
        Transform::from_xyz(-5.0, 6.5, 6.0).looking_at(Vec3::ZERO, Vec3::Y),
    ));
}

pub(super) fn spawn_exhibits(
    mut commands: Commands,
    exhibits: Res<Exhibits>,
    assets: Res<AssetServer>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<StandardMaterial>>,
) -> Result {
    let mut material = |repeats: Vec2| {
        let uv_transform = Affine2::from_scale(repeats);
        MeshMaterial3d(materials.add(StandardMaterial { uv_transform, ..default() }))
    };
    let request = |index: usize, exhibit: &Exhibit| {
        // In the order of their names, so that progress is easy to read.
        let synthesis = Synthesis { priority: -(index as i32), ..Synthesis::new(assets.load(&exhibit.path)) };
        let controls = CONTROLS.into_iter().filter(|(name, ..)| *name == exhibit.name);
        let synthesis = synthesis.with_size(exhibit.size).with_seed(index as u64 + 1);
        controls.fold(synthesis, |synthesis, (_, control, value)| synthesis.with_control(control, value))
    };
    let ball = meshes.add(Sphere::new(1.0).mesh().uv(128, 64).with_generated_tangents()?);
    let board = meshes.add(Rectangle::new(2.0, 2.0));
    let upright = Quat::from_rotation_y(1.0) * Quat::from_rotation_x(-std::f32::consts::FRAC_PI_2);
    for (index, exhibit) in exhibits.0.iter().enumerate() {
        let name = Name::new(exhibit.title.clone());
        let stand = commands.spawn((Stand(index), name, request(index, exhibit))).id();
        if exhibit.is_cut_out {
            let target = SpriteTarget::sheet(SHEET, SHEET);
            commands.entity(stand).insert((Mesh3d(board.clone()), material(Vec2::ONE), target, NoFrustumCulling));
        } else {
            let turned = Transform::from_rotation(upright);
            let target = MaterialTarget::default();
            commands.entity(stand).insert((Mesh3d(ball.clone()), material(BALL_REPEATS), target, turned));
        }
    }
    commands.spawn((Ground, Mesh3d::default(), MeshMaterial3d::<StandardMaterial>(materials.add(Color::WHITE))));
    Ok(())
}

/// Puts a sheet of sprites on its board, and the material of the ground on the ground.
pub(super) fn show(
    finished: On<SynthesisFinished>,
    exhibits: Res<Exhibits>,
    stands: Query<(&Stand, &MeshMaterial3d<StandardMaterial>, Option<&Sprite>)>,
    ground: Single<&MeshMaterial3d<StandardMaterial>, With<Ground>>,
    mut materials: ResMut<Assets<StandardMaterial>>,
) {
    let Ok((stand, handle, sprite)) = stands.get(finished.entity) else { return };
    let Some(material) = materials.get(handle) else { return };
    let mut material = material.clone();
    if let Some(sprite) = sprite {
        material.base_color_texture = Some(sprite.image.clone());
        material.alpha_mode = AlphaMode::Mask(0.5);
        material.perceptual_roughness = 1.0;
        (material.cull_mode, material.double_sided) = (None, true);
        _ = materials.insert(handle.id(), material);
    } else if ground_exhibit(&exhibits.0) == Some(stand.0) {
        material.uv_transform = Affine2::from_scale(Vec2::splat(GROUND_REPEATS));
        _ = materials.insert(ground.id(), material);
    }
}

/// The exhibit whose material the ground shows.
fn ground_exhibit(exhibits: &[Exhibit]) -> Option<usize> {
    let material = |name: Option<&str>| {
        exhibits.iter().position(|exhibit| !exhibit.is_cut_out && name.is_none_or(|name| exhibit.name == name))
    };
    material(Some(GROUND)).or_else(|| material(None))
}

/// Arranges everything again when the aspect ratio of the picture changes.
pub(super) fn arrange(
    mut commands: Commands,
    exhibits: Res<Exhibits>,
    camera: Single<(&Camera, &mut Transform, &mut DistanceFog)>,
    mut stands: Query<(&Stand, &mut Transform), Without<Camera>>,
    mut ground: Single<&mut Mesh3d, With<Ground>>,
    sun: Single<Entity, With<DirectionalLight>>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut arranged: Local<Option<f32>>,
) -> Result {
    let (camera, mut view, mut fog) = camera.into_inner();
    let Some(aspect) = camera.logical_viewport_size().map(|picture| picture.x / picture.y) else { return Ok(()) };
    if arranged.replace(aspect) == Some(aspect) {
        return Ok(());
    }
    let layout = Layout::new(exhibits.0.len(), aspect);
    for (stand, mut place) in &mut stands {
        place.translation = layout.places[stand.0];
    }
    *view = Transform::from_translation(layout.eye).looking_to(Layout::forward(), Vec3::Y);
    let depth = layout.farthest();
    fog.falloff = FogFalloff::Linear { start: 1.15 * depth, end: 3.0 * depth };
    ground.0 = meshes.add(steps(&layout.profile())?);
    let shadows =
        CascadeShadowConfigBuilder { first_cascade_far_bound: depth, maximum_distance: 2.0 * depth, ..default() };
    commands.entity(*sun).insert(shadows.build());
    Ok(())
}

/// A strip along `profile`, pairs of z and y, whose texture runs on from step to step.
fn steps(profile: &[Vec2]) -> Result<Mesh> {
    let (mut positions, mut normals, mut uvs, mut indices) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut distance = 0.0;
    for ends in profile.windows(2) {
        let along = ends[1] - ends[0];
        let normal = Vec3::new(0.0, -along.x, along.y).normalize();
        let first = positions.len() as u32;
        for (end, v) in [(ends[0], distance), (ends[1], distance + along.length())] {
            for x in [-WIDTH, WIDTH] {
                positions.push([x, end.y, end.x]);
                normals.push(normal.to_array());
                uvs.push([x, -v]);
            }
        }
        indices.extend([0, 1, 2, 2, 1, 3].map(|corner| first + corner));
        distance += along.length();
    }
    let mesh = Mesh::new(PrimitiveTopology::TriangleList, RenderAssetUsages::default())
        .with_inserted_attribute(Mesh::ATTRIBUTE_POSITION, positions)
        .with_inserted_attribute(Mesh::ATTRIBUTE_NORMAL, normals)
        .with_inserted_attribute(Mesh::ATTRIBUTE_UV_0, uvs)
        .with_inserted_indices(Indices::U32(indices));
    Ok(mesh.with_generated_tangents()?)
}

/// Turns the camera to an exhibit.
pub fn look_at(world: &mut World, exhibit: usize) {
    let mut stands = world.query::<(&Stand, &Transform)>();
    let place = stands.iter(world).find(|(stand, _)| stand.0 == exhibit).map(|(_, at)| at.translation);
    let Some(place) = place else { return };
    let mut cameras = world.query_filtered::<&mut Transform, With<Camera3d>>();
    for mut camera in cameras.iter_mut(world) {
        *camera = Transform::from_translation(place + CLOSE_UP).looking_at(place, Vec3::Y);
    }
}

/// Turns every exhibit slowly.
pub fn turn(time: Res<Time>, mut stands: Query<&mut Transform, With<Stand>>) {
    stands.iter_mut().for_each(|mut stand| stand.rotate_y(TURN * time.delta_secs()));
}
