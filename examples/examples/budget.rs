//! You will read how many milliseconds of each frame synthesis takes at several budgets, and what finished requests cost.

use std::time::{Duration, Instant};

use bevy::prelude::*;
use bevy_imagine::prelude::*;
use bevy_imagine::{ImagineStats, generators};
use clap::Parser;
use imagine_examples::{Arguments, Headless, parse_arguments, percentiles};

/// GPU milliseconds a frame.
const BUDGETS: [f32; 4] = [0.5, 1.0, 2.0, 4.0];
/// Requests that wait, and texels along their sides.
const REQUESTS: u64 = 200;
const SIDE: u32 = 512;
/// Frames measured with each number of finished requests.
const IDLE_FRAMES: usize = 400;

#[derive(Parser)]
struct Options {
    #[command(flatten)]
    arguments: Arguments,
    /// Frames measured at each budget.
    #[arg(long, default_value_t = 400)]
    measured_frames: usize,
    /// Measures finished requests only.
    #[arg(long)]
    rest: bool,
    /// Numbers of finished requests whose cost is measured.
    #[arg(long, value_delimiter = ',', default_values_t = [0, 100, 1000])]
    at_rest: Vec<u64>,
}

fn main() -> anyhow::Result<()> {
    let options: Options = parse_arguments();
    let arguments = Arguments { headless: true, ..options.arguments };
    let mut headless = Headless::new(arguments.app("budget"));
    let noise = Generator::from(generators::load("noise_material").expect("it is built in"));
    let noise = headless.world().resource_mut::<Assets<Generator>>().add(noise);
    // Compiles all shaders before anything is measured.
    request(&mut headless, &noise, 0, 64);
    headless.settle()?;
    if !options.rest {
        measure_budgets(&mut headless, &noise, options.measured_frames);
    }
    measure_idle(&mut headless, &noise, &options.at_rest)
}

/// Planned and measured milliseconds while many requests wait.
fn measure_budgets(headless: &mut Headless, noise: &Handle<Generator>, frames: usize) {
    println!("budget ms | planned p50, p99, p99.9, max | measured p50, p99, p99.9, max");
    for milliseconds in BUDGETS {
        clear(headless);
        (0..REQUESTS).for_each(|seed| request(headless, noise, seed, SIDE));
        headless.world().insert_resource(ImagineBudget { milliseconds });
        headless.wait(20);
        let (mut planned, mut measured) = (Vec::new(), Vec::new());
        for _ in 0..frames {
            headless.wait(1);
            let stats = headless.world().resource::<ImagineStats>().get();
            planned.push(stats.planned_ms);
            measured.extend(stats.measured_ms);
        }
        println!("{milliseconds} | {} | {}", percentiles(planned), percentiles(measured));
    }
}

/// Milliseconds of a frame with finished requests, and with the same materials but no requests.
fn measure_idle(headless: &mut Headless, noise: &Handle<Generator>, counts: &[u64]) -> anyhow::Result<()> {
    clear(headless);
    headless.world().insert_resource(ImagineBudget { milliseconds: 5_000.0 });
    println!(
        "finished requests | ms a frame: p10 of the clock, mean of the processor | the same materials, no requests"
    );
    for &count in counts {
        (0..count).for_each(|_| request(headless, noise, 1, 64));
        headless.settle()?;
        let requests = frame(headless);
        let materials = copy_materials(headless.world());
        clear(headless);
        let plain: Vec<Entity> = materials.into_iter().map(|material| headless.world().spawn(material).id()).collect();
        println!("{count} | {requests} | {}", frame(headless));
        plain.into_iter().for_each(|entity| _ = headless.world().despawn(entity));
    }
    Ok(())
}

/// A copy of each request's material: Bevy's own work for it goes on when the request is gone.
fn copy_materials(world: &mut World) -> Vec<MeshMaterial3d<StandardMaterial>> {
    let mut handles = world.query_filtered::<&MeshMaterial3d<StandardMaterial>, With<Synthesis>>();
    let handles: Vec<_> = handles.iter(world).map(|material| material.0.clone()).collect();
    let mut materials = world.resource_mut::<Assets<StandardMaterial>>();
    let copy = |handle: &Handle<StandardMaterial>| materials.get(handle).cloned().unwrap_or_default();
    let copies: Vec<StandardMaterial> = handles.iter().map(copy).collect();
    copies.into_iter().map(|material| MeshMaterial3d(materials.add(material))).collect()
}

/// Milliseconds of a frame without synthesis: the 10th percentile by the clock, since other programs only add to it, and the
/// mean processor time.
fn frame(headless: &mut Headless) -> String {
    headless.wait(20);
    let before = processor_time();
    let time = |_| {
        let start = Instant::now();
        headless.wait(1);
        start.elapsed()
    };
    let mut frames: Vec<Duration> = (0..IDLE_FRAMES).map(time).collect();
    let spent = processor_time().zip(before).map(|(after, before)| after.saturating_sub(before));
    frames.sort();
    let clock = frames[frames.len() / 10].as_secs_f64() * 1e3;
    let processor = spent.map_or("-".into(), |spent| format!("{:.3}", spent.as_secs_f64() * 1e3 / IDLE_FRAMES as f64));
    format!("{clock:.3}, {processor}")
}

/// Processor time of all threads, by Linux's scheduler.
fn processor_time() -> Option<Duration> {
    let threads = std::fs::read_dir("/proc/self/task").ok()?.flatten();
    let text = threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("schedstat")).ok());
    let nanoseconds = text.filter_map(|text| text.split(' ').next()?.parse::<u64>().ok()).sum();
    Some(Duration::from_nanos(nanoseconds))
}

fn request(headless: &mut Headless, generator: &Handle<Generator>, seed: u64, side: u32) {
    let synthesis = Synthesis::new(generator.clone()).with_size(UVec2::splat(side)).with_seed(seed);
    headless.world().spawn((synthesis, MaterialTarget::default()));
}

fn clear(headless: &mut Headless) {
    let world = headless.world();
    let all: Vec<Entity> = world.query_filtered::<Entity, With<Synthesis>>().iter(world).collect();
    all.into_iter().for_each(|entity| _ = world.despawn(entity));
    headless.wait(3);
}
