//! You will read what a headset would feel: two eyes at 90 Hz, with and without a hundred materials that stream in.

use std::time::{Duration, Instant};

use bevy::camera::{RenderTarget, Viewport};
use bevy::prelude::*;
use bevy::render::render_resource::TextureFormat;
use bevy::render::renderer::RenderAdapterInfo;
use bevy_imagine::prelude::*;
use bevy_imagine::{ImagineStats, generators};
use clap::Parser;
use imagine_examples::{Arguments, Pictures};
use wgpu::DeviceType;

/// GPU milliseconds a frame for synthesis, and the time of a frame.
const BUDGET: f32 = 2.0;
const FRAME: Duration = Duration::from_micros(11_111);
/// Materials that stream in, and texels along their sides.
const MATERIALS: u64 = 100;
const SIDE: u32 = 256;
/// Pixels along an eye of a headset, and along one that a software adapter can draw ninety times a second.
const EYE: u32 = 1440;
const SOFTWARE_EYE: u32 = 64;
/// Distance between the eyes in metres.
const APART: f32 = 0.064;
/// Upper ends of the histogram's bins, in milliseconds.
const BINS: [f32; 7] = [2.0, 4.0, 6.0, 8.0, 11.2, 16.0, 22.3];

#[derive(Parser)]
struct Options {
    #[command(flatten)]
    arguments: Arguments,
    /// Frames measured with and without synthesis.
    #[arg(long, default_value_t = 450)]
    measured_frames: usize,
    /// Pixels along an eye; 1440 on a GPU and 64 on a software adapter if left out.
    #[arg(long)]
    eye: Option<u32>,
}

/// Pixels along an eye, if a person has chosen.
#[derive(Resource)]
struct Eye(Option<u32>);

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let arguments = Arguments { headless: true, ..options.arguments };
    let mut app = arguments.app("vr");
    app.insert_resource(Eye(options.eye)).add_systems(Startup, spawn_eyes);
    let mut pictures = Pictures::new(app);
    pictures.wait(30);
    let noise = Generator::from(generators::load("noise_material").expect("it is built in"));
    let noise = pictures.world().resource_mut::<Assets<Generator>>().add(noise);
    pictures.world().trigger(WarmUp { generator: noise.clone() });
    pictures.wait(5);
    println!("milliseconds a frame | {} | more", BINS.map(|bin| format!("to {bin}")).join(" | "));
    println!("without | {}", histogram(&frames(&mut pictures, options.measured_frames)));
    pictures.world().insert_resource(ImagineBudget { milliseconds: BUDGET });
    spawn_materials(pictures.world(), &noise)?;
    println!("with | {}", histogram(&frames(&mut pictures, options.measured_frames)));
    let world = pictures.world();
    let all: Vec<_> = world.query::<&SynthesisStatus>().iter(world).copied().collect();
    let finished = all.iter().filter(|status| **status == SynthesisStatus::Finished).count();
    let stats = world.resource::<ImagineStats>().get();
    println!("{finished} of {} materials made, {} waiting", all.len(), stats.queue);
    Ok(())
}

/// Two cameras side by side in one picture: nothing in the plugin knows how many there are.
fn spawn_eyes(
    mut commands: Commands,
    mut images: ResMut<Assets<Image>>,
    eye: Res<Eye>,
    adapter: Res<RenderAdapterInfo>,
) {
    let fitting = if adapter.device_type == DeviceType::Cpu { SOFTWARE_EYE } else { EYE };
    let size = UVec2::splat(eye.0.unwrap_or(fitting).clamp(1, 4096));
    println!("{} on {}: two eyes of {}x{}", adapter.driver, adapter.name, size.x, size.y);
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

fn spawn_materials(world: &mut World, generator: &Handle<Generator>) -> anyhow::Result<()> {
    let tile = Plane3d::new(Vec3::Z, Vec2::splat(0.45)).mesh().build().with_generated_tangents()?;
    let tile = world.resource_mut::<Assets<Mesh>>().add(tile);
    for index in 0..MATERIALS {
        let place = Transform::from_xyz((index % 10) as f32 - 4.5, (index / 10) as f32 - 3.0, -2.0);
        let synthesis = Synthesis::new(generator.clone()).with_size(UVec2::splat(SIDE)).with_seed(index);
        world.spawn((Mesh3d(tile.clone()), place, synthesis, MaterialTarget::default()));
    }
    Ok(())
}

/// Milliseconds of every frame, paced as a headset would.
fn frames(pictures: &mut Pictures, count: usize) -> Vec<f32> {
    let mut next = Instant::now();
    let frame = |_| {
        let start = Instant::now();
        pictures.wait(1);
        let spent = start.elapsed();
        next = (next + FRAME).max(Instant::now());
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
        spent.as_secs_f32() * 1e3
    };
    (0..count).map(frame).collect()
}

fn histogram(frames: &[f32]) -> String {
    let mut counts = [0; BINS.len() + 1];
    for frame in frames {
        counts[BINS.iter().position(|bin| frame <= bin).unwrap_or(BINS.len())] += 1;
    }
    counts.map(|count| count.to_string()).join(" | ")
}
