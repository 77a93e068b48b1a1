//! You will read frame times of two eyes at 90 Hz in front of a wall of a hundred tiles, without and with streaming materials.

use std::time::{Duration, Instant};

use bevy::camera::{RenderTarget, Viewport};
use bevy::prelude::*;
use bevy::render::render_resource::TextureFormat;
use bevy::render::renderer::RenderAdapterInfo;
use bevy_imagine::prelude::*;
use bevy_imagine::{ImagineStats, generators};
use clap::Parser;
use imagine_examples::{Arguments, Headless, parse_arguments, percentiles};
use wgpu::DeviceType;

/// Time of a frame at 90 Hz.
const FRAME: Duration = Duration::from_micros(11_111);
/// Materials that stream in, and texels along each.
const MATERIALS: u64 = 100;
const SIDE: u32 = 256;
/// Pixels along an eye.
const EYE: u32 = 1440;
/// Pixels along an eye on a software adapter, which is too slow to draw a hundred materials: there the wall is behind the eyes.
const SOFTWARE_EYE: u32 = 64;
const SOFTWARE_WALL: f32 = 20.0;
const WALL: f32 = -2.0;
/// Metres between the eyes.
const APART: f32 = 0.064;
/// Upper ends of the bins of the histogram, in milliseconds.
const BINS: [f32; 9] = [2.0, 4.0, 6.0, 8.0, 11.2, 16.0, 22.3, 33.4, 44.5];

#[derive(Parser)]
struct Options {
    #[command(flatten)]
    arguments: Arguments,
    /// Frames measured with and without synthesis.
    #[arg(long, default_value_t = 450)]
    measured_frames: usize,
    /// Pixels along an eye. Default: 1440 on a GPU, 64 on a software adapter.
    #[arg(long)]
    eye: Option<u32>,
}

/// Pixels along an eye, if the option is given.
#[derive(Resource)]
struct Eye(Option<u32>);

fn main() -> anyhow::Result<()> {
    let options: Options = parse_arguments();
    let budget = options.arguments.budget_ms.unwrap_or(ImaginePlugin::default().frame_budget_ms);
    let arguments = Arguments { headless: true, ..options.arguments };
    let mut app = arguments.app("vr");
    app.insert_resource(Eye(options.eye)).add_systems(Startup, spawn_eyes);
    let mut headless = Headless::new(app);
    headless.wait(30);
    let noise = Generator::from(generators::load("noise_material").expect("it is built in"));
    let noise = headless.world().resource_mut::<Assets<Generator>>().add(noise);
    headless.world().trigger(WarmUp { generator: noise.clone() });
    headless.wait(5);
    let tiles = spawn_tiles(headless.world())?;
    headless.wait(30);
    println!("frames by milliseconds | {} | more", BINS.map(|bin| format!("to {bin}")).join(" | "));
    let (without, _) = frames(&mut headless, options.measured_frames);
    println!("without | {} | {}", histogram(&without), percentiles(without));
    headless.world().insert_resource(ImagineBudget { milliseconds: budget });
    for (seed, tile) in (0..).zip(tiles) {
        let synthesis = Synthesis::new(noise.clone()).with_size(UVec2::splat(SIDE)).with_seed(seed);
        headless.world().entity_mut(tile).insert((synthesis, MaterialTarget::default()));
    }
    let (with, synthesis) = frames(&mut headless, options.measured_frames);
    println!("with | {} | {}", histogram(&with), percentiles(with));
    println!("synthesis on the GPU: {}", percentiles(synthesis));
    let world = headless.world();
    let all: Vec<_> = world.query::<&SynthesisStatus>().iter(world).copied().collect();
    let finished = all.iter().filter(|status| **status == SynthesisStatus::Finished).count();
    let stats = world.resource::<ImagineStats>().get();
    println!("{finished} of {} materials generated, {} waiting", all.len(), stats.queue);
    Ok(())
}

/// Two cameras side by side in one image. The plugin needs no setting for them.
fn spawn_eyes(
    mut commands: Commands,
    mut images: ResMut<Assets<Image>>,
    eye: Res<Eye>,
    adapter: Res<RenderAdapterInfo>,
) {
    let fitting = if adapter.device_type == DeviceType::Cpu { SOFTWARE_EYE } else { EYE };
    let size = UVec2::splat(eye.0.unwrap_or(fitting).clamp(1, 4096));
    println!("{} ({}): two eyes of {}x{}", adapter.name, adapter.driver, size.x, size.y);
    let target = images.add(Image::new_target_texture(size.x * 2, size.y, TextureFormat::Rgba8UnormSrgb, None));
    for (eye, side) in [-0.5, 0.5].into_iter().enumerate() {
        let viewport =
            Viewport { physical_position: UVec2::new(size.x * eye as u32, 0), physical_size: size, ..default() };
        let camera = Camera { viewport: Some(viewport), order: eye as isize, ..default() };
        let view = Transform::from_xyz(side * APART, 1.7, 6.0);
        commands.spawn((Camera3d::default(), camera, RenderTarget::Image(target.clone().into()), view));
    }
    commands.spawn((DirectionalLight::default(), Transform::from_xyz(1.0, 3.0, 2.0).looking_at(Vec3::ZERO, Vec3::Y)));
}

/// A wall of tiles, each with a blank material of its own.
fn spawn_tiles(world: &mut World) -> anyhow::Result<Vec<Entity>> {
    let tile = Plane3d::new(Vec3::Z, Vec2::splat(0.45)).mesh().build().with_generated_tangents()?;
    let tile = world.resource_mut::<Assets<Mesh>>().add(tile);
    let is_software = world.resource::<RenderAdapterInfo>().device_type == DeviceType::Cpu;
    let depth = if is_software { SOFTWARE_WALL } else { WALL };
    let spawn = |index: u64| {
        let place = Transform::from_xyz((index % 10) as f32 - 4.5, (index / 10) as f32 - 3.0, depth);
        let material = world.resource_mut::<Assets<StandardMaterial>>().add(StandardMaterial::default());
        world.spawn((Mesh3d(tile.clone()), place, MeshMaterial3d(material))).id()
    };
    Ok((0..MATERIALS).map(spawn).collect())
}

/// Milliseconds of every frame at the pace of a headset, and GPU milliseconds of synthesis.
fn frames(headless: &mut Headless, count: usize) -> (Vec<f32>, Vec<f32>) {
    let mut next = Instant::now();
    let (mut whole, mut synthesis) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let start = Instant::now();
        headless.wait(1);
        whole.push(start.elapsed().as_secs_f32() * 1e3);
        synthesis.extend(headless.world().resource::<ImagineStats>().get().measured_ms);
        next = (next + FRAME).max(Instant::now());
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    (whole, synthesis)
}

fn histogram(frames: &[f32]) -> String {
    let mut counts = [0; BINS.len() + 1];
    for frame in frames {
        counts[BINS.iter().position(|bin| frame <= bin).unwrap_or(BINS.len())] += 1;
    }
    counts.map(|count| count.to_string()).join(" | ")
}
