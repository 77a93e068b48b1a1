//! You will see endless hills: sand, grass, rock and snow that blend, from one network, made around a camera that flies on.
//! `--trained` takes the network that learnt materials from pictures instead of the one that is built of noise.

use std::collections::BTreeMap;

use bevy::light::CascadeShadowConfigBuilder;
use bevy::math::DVec2;
use bevy::pbr::{DistanceFog, FogFalloff};
use bevy::prelude::*;
use bevy_imagine::prelude::*;
use bevy_imagine::{Biomes, FractalNoise, controls, generators};
use clap::Parser;
use imagine_examples::Arguments;

/// World units that the camera flies a second, and its height above the ground.
const SPEED: f32 = 12.0;
const EYE: f32 = 16.0;
/// Height of the water.
const SEA: f32 = -6.0;
/// Degrees from the way of flight to the sun, and from the horizon.
const AZIMUTH: f32 = 292.0;
const ELEVATION: f32 = 24.0;
const SUNLIGHT: Color = Color::srgb(1.0, 0.88, 0.72);
const HAZE: Color = Color::srgb(0.66, 0.73, 0.82);
/// World units from the camera to the peak that it flies to at first.
const DISTANCE: f64 = 330.0;

/// Arguments of this example.
#[derive(Parser)]
struct Terrain {
    #[command(flatten)]
    all: Arguments,
    /// Materials that were learnt from pictures.
    #[arg(long)]
    trained: bool,
}

/// The network of the ground, and its controls: the same everywhere, and of shore, meadow, steppe, cliffs below the snow and in it, and snow.
#[derive(Resource)]
struct GroundMaterial {
    generator: Handle<Generator>,
    seed: u64,
    controls: BTreeMap<String, Control>,
    biomes: Vec<BTreeMap<String, Control>>,
    /// Shares of biomes are raised to this power: colours may mix anywhere, of materials only borders should.
    sharpness: f32,
}

fn main() -> anyhow::Result<()> {
    let arguments = Terrain::parse();
    let mut app = arguments.all.app("terrain");
    let world = app.world_mut();
    let material = if arguments.trained { GroundMaterial::trained(world) } else { GroundMaterial::built(world) };
    app.insert_resource(material).add_systems(Startup, spawn).add_systems(Update, fly);
    arguments.all.run(app, "terrain")
}

impl GroundMaterial {
    /// Noise in colours, built in code.
    fn built(world: &mut World) -> Self {
        let generator = Generator::from(generators::load("noise_material").expect("it is built in"));
        let material = |[a, b, coat_color]: [Color; 3], coat: f32, coat_roughness: f32, ridges: f32| {
            let mut all = controls([("coat", coat), ("coat_roughness", coat_roughness), ("ridges", ridges)]);
            all.extend(controls([("color_a", a), ("color_b", b), ("coat_color", coat_color)]));
            all
        };
        let (lush, dry) = (Color::srgb(0.27, 0.33, 0.13), Color::srgb(0.47, 0.42, 0.22));
        let white = Color::srgb(0.93, 0.95, 0.98);
        let sand = [Color::srgb(0.78, 0.69, 0.53), Color::srgb(0.64, 0.55, 0.41)];
        let soil = [Color::srgb(0.40, 0.33, 0.22), Color::srgb(0.25, 0.21, 0.14)];
        let rock = [Color::srgb(0.50, 0.46, 0.42), Color::srgb(0.25, 0.235, 0.225)];
        Self {
            generator: world.resource_mut::<Assets<Generator>>().add(generator),
            seed: 5,
            controls: controls([("relief", 0.8), ("mottle", 0.8), ("detail", 0.62), ("scale", 0.9), ("veins", 0.05)]),
            biomes: vec![
                material([sand[0], sand[1], lush], 0.02, 0.95, 0.2),
                material([soil[0], soil[1], lush], 0.88, 0.95, 0.6),
                material([soil[0], soil[1], dry], 0.72, 0.95, 0.6),
                material([rock[0], rock[1], lush], 0.08, 0.95, 1.0),
                material([rock[0], rock[1], white], 0.14, 0.6, 1.0),
                material([rock[0], rock[1], white], 0.97, 0.55, 0.5),
            ],
            sharpness: 1.0,
        }
    }

    /// Kinds of materials that were learnt from pictures.
    fn trained(world: &mut World) -> Self {
        let kinds = ["sand", "grass", "grass=0.6,dirt=0.4", "moss_rock", "rock", "snow"];
        Self {
            generator: world.resource::<AssetServer>().load("generators/materials.generator.safetensors"),
            seed: 11,
            controls: BTreeMap::new(),
            biomes: kinds.map(|kind| controls([("kind", kind)])).to_vec(),
            sharpness: 6.0,
        }
    }
}

/// Hills under mountain ridges, with plains between them.
fn height() -> WorldHeight {
    let hills = FractalNoise { seed: 4, size: 160.0, octaves: 5, persistence: 0.42 }.function();
    let ridges = FractalNoise { seed: 9, size: 520.0, octaves: 7, persistence: 0.45 }.function();
    let regions = FractalNoise { seed: 2, size: 900.0, octaves: 2, ..default() }.function();
    WorldHeight::new(move |at| {
        let mountain = (regions(at) * 1.9 + 0.42).clamp(0.0, 1.0).powi(2);
        let ridge = (1.0 - (ridges(at) * 2.2).abs()).max(0.0).powi(2);
        (14.0 * hills(at) + 150.0 * mountain * ridge) as f32
    })
}

/// How much of each biome is where.
fn biomes(material: &GroundMaterial, ground: &WorldHeight) -> WorldBiomes {
    let (ground, sharpness) = (ground.clone(), material.sharpness);
    let wander = FractalNoise { seed: 21, size: 60.0, octaves: 4, ..default() }.function();
    let step = |from: f32, to: f32, at: f32| ((at - from) / (to - from)).clamp(0.0, 1.0);
    WorldBiomes(Biomes::new(material.biomes.clone(), move |at: DVec2, shares: &mut [f32]| {
        let wander = wander(at) as f32;
        let height = ground.at(at) + 7.0 * wander;
        let steep = step(0.88, 0.74, ground.normal(at, 2.0).y + 0.05 * wander);
        let (land, high) = (step(SEA + 1.0, SEA + 4.5, height), step(44.0, 62.0, height));
        let dry = step(-0.25, 0.25, wander + 0.012 * height - 0.2);
        let (flat, cliff) = (land * (1.0 - steep), land * steep);
        let (meadow, snow) = (flat * (1.0 - high), flat * high);
        let all = [1.0 - land, meadow * (1.0 - dry), meadow * dry, cliff * (1.0 - high), cliff * high, snow];
        shares.copy_from_slice(&all.map(|share| share.powf(sharpness)));
    }))
}

/// A place with a view of the highest peak around, and the direction to it.
fn viewpoint(ground: &WorldHeight) -> (DVec2, DVec2) {
    let places = (-40..=40).flat_map(|x| (-40..=40).map(move |z| DVec2::new(f64::from(x), f64::from(z)) * 25.0));
    let peak = places.max_by(|a, b| ground.at(*a).total_cmp(&ground.at(*b))).unwrap_or_default();
    let around = (0..48).map(|i| DVec2::from_angle(f64::from(i) * std::f64::consts::TAU / 48.0));
    // Low ground, but not the sea.
    let low = |way: &DVec2| (ground.at(peak - *way * DISTANCE) - SEA - 4.0).abs();
    let way = around.min_by(|a, b| low(a).total_cmp(&low(b))).unwrap_or(DVec2::X);
    (peak - way * DISTANCE, way)
}

fn spawn(
    mut commands: Commands,
    material: Res<GroundMaterial>,
    mut generators: ResMut<Assets<Generator>>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<StandardMaterial>>,
) -> Result {
    let sky = generators.add(Generator::from(generators::load("cloudy_sky").ok_or("built in")?));
    let ground = height();
    let world = WorldPatches {
        seed: material.seed,
        patch_size: 32.0,
        levels: 5,
        detail: 0.75,
        cells: 48,
        controls: material.controls.clone(),
        ..WorldPatches::new(material.generator.clone())
    };
    commands.spawn((world, biomes(&material, &ground), ground.clone()));

    let (eye, way) = viewpoint(&ground);
    let way = Vec3::new(way.x as f32, 0.0, way.y as f32);
    let azimuth = (way.x.atan2(-way.z).to_degrees() + AZIMUTH).rem_euclid(360.0);
    let sky = Synthesis::new(sky).with_size(UVec2::splat(512)).with_seed(8).with_control("ground", HAZE);
    let sky = sky.with_control("azimuth", azimuth).with_control("elevation", ELEVATION).with_control("haze", 0.3);
    let fog = DistanceFog {
        color: HAZE,
        directional_light_color: SUNLIGHT.with_alpha(0.4),
        directional_light_exponent: 10.0,
        falloff: FogFalloff::from_visibility_colors(2_000.0, HAZE, HAZE),
    };
    let eye = Transform::from_xyz(eye.x as f32, EYE, eye.y as f32).looking_to(way - 0.02 * Vec3::Y, Vec3::Y);
    commands.spawn((Camera3d::default(), eye, fog, sky, SkyTarget { brightness: 900.0, ..default() }, ground));
    let (azimuth, elevation) = (azimuth.to_radians(), ELEVATION.to_radians());
    let sun = Vec3::new(azimuth.sin() * elevation.cos(), elevation.sin(), -azimuth.cos() * elevation.cos());
    let light = DirectionalLight { illuminance: 10_000.0, color: SUNLIGHT, shadow_maps_enabled: true, ..default() };
    let cascades = CascadeShadowConfigBuilder { maximum_distance: 600.0, ..default() }.build();
    commands.spawn((light, cascades, Transform::default().looking_to(-sun, Vec3::Y)));
    let water = StandardMaterial { base_color: Color::srgb(0.04, 0.09, 0.10), perceptual_roughness: 0.15, ..default() };
    let water = (Mesh3d(meshes.add(Plane3d::default().mesh().size(2e4, 2e4))), MeshMaterial3d(materials.add(water)));
    commands.spawn((water, Transform::from_xyz(0.0, SEA, 0.0)));
    Ok(())
}

/// The camera flies on over the ground.
fn fly(mut cameras: Query<(&mut Transform, &WorldHeight, &Camera), Without<WorldPatches>>, time: Res<Time>) {
    for (mut at, ground, camera) in &mut cameras {
        if camera.is_active {
            let forward = at.forward().with_y(0.0).normalize_or_zero();
            at.translation += SPEED * time.delta_secs() * forward;
        }
        let wanted = ground.at(at.translation.xz().as_dvec2()).max(SEA) + EYE;
        let rate = if camera.is_active { (2.0 * time.delta_secs()).min(1.0) } else { 1.0 };
        at.translation.y += (wanted - at.translation.y) * rate;
    }
}
