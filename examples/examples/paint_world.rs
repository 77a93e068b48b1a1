//! You will see a hamlet as a camera sees it, and as three painters would have painted it, in every frame while the camera turns; Space paints with more care.
//!
//! Small networks paint in every frame. With more care, each painting is an edit of the camera's picture: the texels of a style, a generator by example,
//! arranged after its light, directions and colours, which takes some frames.

use bevy::camera::RenderTarget;
use bevy::camera::visibility::RenderLayers;
use bevy::ecs::system::RunSystemOnce;
use bevy::input::common_conditions::input_just_pressed;
use bevy::prelude::*;
use bevy::render::render_resource::TextureFormat;
use bevy_imagine::edit::{EditGenerators, Extent, Restyle};
use bevy_imagine::generators;
use bevy_imagine::prelude::*;
use imagine_examples::{Arguments, Headless, parse_arguments};

const STYLES: [&str; 3] = ["starry_night", "chrysanthemums", "scream"];
/// Pixels of the camera's picture and of the paintings.
const SIZE: UVec2 = UVec2::new(640, 360);
/// Frames from finished materials to paintings of them.
const PAINTED: u32 = 4;
/// The layer of the scene. The camera of the screen does not see it.
const SCENE: RenderLayers = RenderLayers::layer(1);
/// Place and sides of each house, and what its walls are made of.
const HOUSES: [([f32; 3], [f32; 3], &str); 4] = [
    ([-3.6, 0.0, -1.5], [3.0, 2.4, 3.0], "plaster"),
    ([0.6, 0.0, -3.6], [3.4, 3.2, 3.0], "castle_stones"),
    ([4.2, 0.0, -0.6], [2.6, 2.0, 3.2], "red_bricks"),
    ([-0.9, 0.0, -9.0], [2.6, 4.4, 2.6], "sandstone_wall"),
];

fn main() -> anyhow::Result<()> {
    let arguments: Arguments = parse_arguments();
    let mut app = arguments.app("paint the world");
    app.add_systems(Startup, (spawn_scene, spawn_screen).chain());
    if !arguments.headless {
        app.add_systems(Update, (turn, change_way.run_if(input_just_pressed(KeyCode::Space)), paint_again));
        return arguments.run(app, "paint_world");
    }
    let mut headless = Headless::new(app);
    headless.settle()?;
    // The camera of the scene draws the materials before they are painted.
    headless.wait(PAINTED);
    arguments.finish(&mut headless, "paint_world")?;
    headless.world().run_system_once(change_way).map_err(|error| anyhow::anyhow!("{error}"))?;
    headless.settle()?;
    let picture = arguments.picture("paint_world");
    let stem = picture.file_stem().unwrap_or_default().display();
    headless.save(&picture.with_file_name(format!("{stem}_with_care.png")))
}

/// The picture that the camera of the scene takes.
#[derive(Resource)]
struct View(Handle<Image>);

/// A request for a painting, and the generator of the other way to paint it.
#[derive(Component)]
struct Painting {
    other: Handle<Generator>,
}

/// The camera of the scene.
#[derive(Component)]
struct Turning;

fn spawn_scene(
    mut commands: Commands,
    assets: Res<AssetServer>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut images: ResMut<Assets<Image>>,
    mut sky: ResMut<Assets<Generator>>,
) -> Result {
    let view = images.add(Image::new_target_texture(SIZE.x, SIZE.y, TextureFormat::Rgba8UnormSrgb, None));
    let clouds = generators::load("cloudy_sky").ok_or("cloudy_sky is built in")?;
    let clouds = Synthesis::new(sky.add(Generator::from(clouds)))
        .with_size(UVec2::splat(512))
        .with_seed(5)
        .with_control("elevation", 24.0)
        .with_control("azimuth", 300.0);
    commands.spawn((
        Camera3d::default(),
        Camera { order: -1, ..default() },
        RenderTarget::Image(view.clone().into()),
        Transform::from_xyz(0.4, 2.3, 7.2).looking_at(Vec3::new(0.2, 1.5, -2.0), Vec3::Y),
        (clouds, SkyTarget { brightness: 1_000.0, ..default() }),
        SCENE,
        Turning,
    ));
    commands.insert_resource(View(view));
    let sun = DirectionalLight {
        illuminance: 9_000.0,
        color: Color::srgb(1.0, 0.9, 0.76),
        shadow_maps_enabled: true,
        ..default()
    };
    commands.spawn((sun, Transform::from_xyz(-6.0, 5.0, 5.0).looking_at(Vec3::ZERO, Vec3::Y), SCENE));

    spawn_hamlet(&mut commands, &assets, &mut meshes)
}

/// Houses with roofs, bushes, a path and the ground.
fn spawn_hamlet(commands: &mut Commands, assets: &AssetServer, meshes: &mut Assets<Mesh>) -> Result {
    let mut add = |mesh: Mesh, at: Transform, material: &str, surface: Vec2| -> Result {
        let mesh = meshes.add(mesh.with_generated_tangents()?);
        let request = Synthesis::new(assets.load(format!("materials/{material}.generator.safetensors")));
        let target = MaterialTarget { surface: Some(surface), ..default() };
        commands.spawn((Mesh3d(mesh), at, request.with_size(UVec2::splat(512)), target, SCENE));
        Ok(())
    };
    let ground = Plane3d::default().mesh().size(60.0, 60.0).build();
    add(ground, Transform::default(), "moss", Vec2::splat(60.0))?;
    let path = Plane3d::default().mesh().size(1.8, 30.0).build();
    add(path, Transform::from_xyz(-0.9, 0.02, 0.0), "cobblestone_floor", Vec2::new(1.8, 30.0))?;
    for (place, sides, walls) in HOUSES {
        let (place, sides) = (Vec3::from(place), Vec3::from(sides));
        let house = Cuboid::from_size(sides).mesh().build();
        add(house, Transform::from_translation(place + Vec3::Y * sides.y / 2.0), walls, Vec2::splat(sides.x))?;
        // A pyramid with the corners over those of the walls.
        let height = 0.62 * sides.x;
        let roof = Cone::new(1.1 * sides.x.max(sides.z) / std::f32::consts::SQRT_2, height);
        let roof = roof.mesh().resolution(4).build();
        let top = Transform::from_translation(place + Vec3::Y * (sides.y + height / 2.0));
        let turned = top.with_rotation(Quat::from_rotation_y(std::f32::consts::FRAC_PI_4));
        add(roof, turned, "roof_tiles", Vec2::splat(2.0 * sides.x))?;
    }
    for (x, z, radius) in [(-5.6, 1.4, 0.9), (2.4, -0.4, 0.55), (6.2, -3.4, 1.5), (-7.4, -5.0, 1.8), (3.1, 1.8, 0.4)] {
        let bush = Sphere::new(radius).mesh().uv(48, 24);
        add(bush, Transform::from_xyz(x, 0.7 * radius, z), "moss", Vec2::splat(4.0 * radius))?;
    }
    Ok(())
}

/// The view and three paintings of it.
fn spawn_screen(
    mut commands: Commands,
    assets: Res<AssetServer>,
    images: Res<Assets<Image>>,
    view: Res<View>,
    mut edits: EditGenerators,
) {
    commands.spawn(Camera2d);
    let place = |index: usize| {
        let [x, y] = [index % 2, index / 2].map(|at| at as f32 - 0.5);
        Transform::from_xyz(x * SIZE.x as f32, -y * SIZE.y as f32, 0.0)
    };
    commands.spawn((Sprite::from_image(view.0.clone()), place(0)));
    let size = Extent { height: SIZE.y as usize, width: SIZE.x as usize };
    for (index, style) in STYLES.into_iter().enumerate() {
        let exemplar = assets.load(format!("styles/{style}.generator.safetensors"));
        let other = edits.restyle(exemplar, Restyle::new(size));
        let network = assets.load(format!("styles/live/{style}.generator.safetensors"));
        let request = Synthesis::new(network).with_size(SIZE).with_image("image", view.0.clone());
        let painting = images.reserve_handle();
        commands.spawn((Painting { other }, request, EveryFrame, ImageTarget::new(painting.clone())));
        commands.spawn((Sprite::from_image(painting), place(index + 1)));
    }
}

fn turn(time: Res<Time>, mut cameras: Query<&mut Transform, With<Turning>>) {
    for mut camera in &mut cameras {
        let angle = 0.35 * (0.1 * time.elapsed_secs()).sin();
        *camera = Transform::from_translation(Quat::from_rotation_y(angle) * Vec3::new(0.4, 2.3, 7.2))
            .looking_at(Vec3::new(0.2, 1.5, -2.0), Vec3::Y);
    }
}

/// Changes between networks in every frame and painting with care.
fn change_way(mut commands: Commands, mut paintings: Query<(Entity, &mut Painting, &mut Synthesis, Has<EveryFrame>)>) {
    for (entity, mut painting, mut request, is_live) in &mut paintings {
        std::mem::swap(&mut painting.other, &mut request.generator);
        if is_live {
            commands.entity(entity).remove::<EveryFrame>();
        } else {
            commands.entity(entity).insert(EveryFrame);
        }
    }
}

/// With care, paints the present picture once the last painting is finished.
fn paint_again(
    mut commands: Commands,
    paintings: Query<(Entity, &SynthesisStatus), (With<Painting>, Without<EveryFrame>)>,
) {
    for (entity, status) in &paintings {
        if *status == SynthesisStatus::Finished {
            commands.trigger(SynthesisRefresh { entity });
        }
    }
}
