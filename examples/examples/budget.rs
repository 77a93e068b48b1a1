//! You will read what synthesis takes of every frame while two hundred requests wait, at several budgets; then what requests
//! at rest cost the main thread.

use std::time::{Duration, Instant};

use bevy::prelude::*;
use bevy_imagine::prelude::*;
use bevy_imagine::{ImagineStats, generators};
use clap::Parser;
use imagine_examples::{Arguments, Pictures, spread};

/// GPU milliseconds a frame.
const BUDGETS: [f32; 4] = [0.5, 1.0, 2.0, 4.0];
/// Requests that wait, and texels along their sides.
const REQUESTS: u64 = 200;
const SIDE: u32 = 512;
/// Requests that are finished and rest, and frames that are measured with them.
const IDLE: [u64; 3] = [0, 100, 1000];
const FRAMES: usize = 400;

#[derive(Parser)]
struct Options {
    #[command(flatten)]
    arguments: Arguments,
    /// Frames measured at every budget.
    #[arg(long, default_value_t = 400)]
    measured_frames: usize,
    /// Measures requests at rest only.
    #[arg(long)]
    rest: bool,
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let arguments = Arguments { headless: true, ..options.arguments };
    let mut pictures = Pictures::new(arguments.app("budget"));
    let noise = Generator::from(generators::load("noise_material").expect("it is built in"));
    let noise = pictures.world().resource_mut::<Assets<Generator>>().add(noise);
    // Compiled before anything is measured.
    request(&mut pictures, &noise, 0, 64);
    pictures.settle()?;

    println!("budget ms | planned p50, p99, p99.9, max | measured p50, p99, p99.9, max");
    for milliseconds in BUDGETS.into_iter().filter(|_| !options.rest) {
        clear(&mut pictures);
        (0..REQUESTS).for_each(|seed| request(&mut pictures, &noise, seed, SIDE));
        pictures.world().insert_resource(ImagineBudget { milliseconds });
        pictures.wait(20);
        let (mut planned, mut measured) = (Vec::new(), Vec::new());
        for _ in 0..options.measured_frames {
            pictures.wait(1);
            let stats = pictures.world().resource::<ImagineStats>().get();
            planned.push(stats.planned_ms);
            measured.extend(stats.measured_ms);
        }
        println!("{milliseconds} | {} | {}", spread(planned), spread(measured));
    }

    clear(&mut pictures);
    pictures.world().insert_resource(ImagineBudget { milliseconds: 5_000.0 });
    println!(
        "at rest | ms a frame, fastest tenth and of the processor: requests | materials like theirs, without requests"
    );
    for count in IDLE {
        (0..count).for_each(|_| request(&mut pictures, &noise, 1, 64));
        pictures.settle()?;
        let requests = frame(&mut pictures);
        let materials = copy_materials(pictures.world());
        clear(&mut pictures);
        let plain: Vec<Entity> = materials.into_iter().map(|material| pictures.world().spawn(material).id()).collect();
        println!("{count} | {requests} | {}", frame(&mut pictures));
        plain.into_iter().for_each(|entity| _ = pictures.world().despawn(entity));
    }
    Ok(())
}

/// What Bevy itself has to do with for every request: a material with its own textures.
fn copy_materials(world: &mut World) -> Vec<MeshMaterial3d<StandardMaterial>> {
    let mut handles = world.query_filtered::<&MeshMaterial3d<StandardMaterial>, With<Synthesis>>();
    let handles: Vec<_> = handles.iter(world).map(|material| material.0.clone()).collect();
    let mut materials = world.resource_mut::<Assets<StandardMaterial>>();
    let copy = |handle: &Handle<StandardMaterial>| materials.get(handle).cloned().unwrap_or_default();
    let copies: Vec<StandardMaterial> = handles.iter().map(copy).collect();
    copies.into_iter().map(|material| MeshMaterial3d(materials.add(material))).collect()
}

/// Milliseconds of a frame without synthesis: of the clock, which nine in ten exceed, because what else the machine does only
/// adds to it; and of the processor, the mean.
fn frame(pictures: &mut Pictures) -> String {
    pictures.wait(20);
    let before = processor_time();
    let mut frames: Vec<Duration> = (0..FRAMES).map(|_| time(|| pictures.wait(1))).collect();
    let spent = processor_time().zip(before).map(|(after, before)| after.saturating_sub(before));
    frames.sort();
    let clock = frames[frames.len() / 10].as_secs_f64() * 1e3;
    let processor = spent.map_or("-".into(), |spent| format!("{:.3}", spent.as_secs_f64() * 1e3 / FRAMES as f64));
    format!("{clock:.3}, {processor}")
}

/// What all threads have taken of the processors, by Linux's scheduler.
fn processor_time() -> Option<Duration> {
    let threads = std::fs::read_dir("/proc/self/task").ok()?.flatten();
    let text = threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("schedstat")).ok());
    let nanoseconds = text.filter_map(|text| text.split(' ').next()?.parse::<u64>().ok()).sum();
    Some(Duration::from_nanos(nanoseconds))
}

fn request(pictures: &mut Pictures, generator: &Handle<Generator>, seed: u64, side: u32) {
    let synthesis = Synthesis::new(generator.clone()).with_size(UVec2::splat(side)).with_seed(seed);
    pictures.world().spawn((synthesis, MaterialTarget::default()));
}

fn clear(pictures: &mut Pictures) {
    let world = pictures.world();
    let all: Vec<Entity> = world.query_filtered::<Entity, With<Synthesis>>().iter(world).collect();
    all.into_iter().for_each(|entity| _ = world.despawn(entity));
    pictures.wait(3);
}

fn time(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}
