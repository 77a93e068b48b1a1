//! You will read how much GPU memory is held after ten requests and after a thousand, by two counts: it does not grow.

use bevy::prelude::*;
use bevy::render::renderer::RenderDevice;
use bevy_imagine::prelude::*;
use bevy_imagine::{ImagineMemory, generators};
use clap::Parser;
use imagine_examples::{Arguments, Headless, parse_arguments};

/// How the labels of the plugin's GPU resources begin; the others are Bevy's.
const OURS: [&str; 6] = ["imagine texture", "imagine scratch", "imagine blocks", "arena", "weights", "params"];
/// Texels along a result.
const SIDE: u32 = 64;
/// GPU milliseconds a frame where requests are finished, and where they are dropped in the middle of their work.
const ENOUGH: f32 = 200.0;
const LITTLE: f32 = 1.0;
/// Most frames of a request that is finished, and of one that is dropped.
const WHOLE: u32 = 400;
const HALF: u32 = 3;

#[derive(Parser)]
struct Options {
    #[command(flatten)]
    arguments: Arguments,
    /// Requests of the long runs.
    #[arg(long, default_value_t = 1000)]
    requests: u64,
}

/// Bytes on the GPU.
struct Held {
    /// By the plugin's own count.
    counted: u64,
    /// By the allocator's report: the plugin's, and all. 0 if the device makes no report.
    ours: u64,
    all: u64,
}

fn main() -> anyhow::Result<()> {
    let options: Options = parse_arguments();
    let arguments = Arguments { headless: true, ..options.arguments };
    let mut headless = Headless::new(arguments.app("memory"));
    let noise = Generator::from(generators::load("noise_material").expect("it is built in"));
    let noise = headless.world().resource_mut::<Assets<Generator>>().add(noise);
    let kept = spawn(&mut headless, &noise, 0);
    headless.settle()?;
    println!("requests | plugin's count | plugin's by the allocator's report | everything on the device");
    print("one that stays", &held(&mut headless));
    let runs = [("all equal", WHOLE, false), ("all different", WHOLE, true), ("dropped while running", HALF, true)];
    for (name, frames, distinct) in runs {
        let milliseconds = if frames == HALF { LITTLE } else { ENOUGH };
        headless.world().insert_resource(ImagineBudget { milliseconds });
        for count in [10, options.requests] {
            let mut finished = 0;
            for round in 0..count {
                let entity = spawn(&mut headless, &noise, if distinct { 1 + round } else { 1 });
                for _ in 0..frames {
                    headless.wait(1);
                    if headless.world().get(entity) == Some(&SynthesisStatus::Finished) {
                        finished += 1;
                        break;
                    }
                }
                headless.world().despawn(entity);
            }
            print(&format!("{count}, {name}, {finished} finished"), &held(&mut headless));
        }
    }
    headless.world().despawn(kept);
    print("none", &held(&mut headless));
    Ok(())
}

fn spawn(headless: &mut Headless, generator: &Handle<Generator>, seed: u64) -> Entity {
    let synthesis = Synthesis::new(generator.clone()).with_size(UVec2::splat(SIDE)).with_seed(seed);
    headless.world().spawn((synthesis, MaterialTarget::default())).id()
}

/// What is held once everything that was dropped is freed.
fn held(headless: &mut Headless) -> Held {
    headless.wait(10);
    let world = headless.world();
    let counted = world.resource::<ImagineMemory>().bytes();
    let Some(report) = world.resource::<RenderDevice>().wgpu_device().generate_allocator_report() else {
        return Held { counted, ours: 0, all: 0 };
    };
    let is_ours = |name: &str| OURS.iter().any(|label| name.starts_with(label));
    let ours = report.allocations.iter().filter(|found| is_ours(&found.name)).map(|found| found.size).sum();
    Held { counted, ours, all: report.total_allocated_bytes }
}

fn print(name: &str, held: &Held) {
    println!("{name} | {} | {} | {}", held.counted, held.ours, held.all);
}
