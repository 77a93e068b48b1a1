//! You will read what the GPU's allocator and the plugin's own count hold after ten requests and after a thousand: the same.

use bevy::prelude::*;
use bevy::render::renderer::RenderDevice;
use bevy_imagine::prelude::*;
use bevy_imagine::{ImagineMemory, generators};
use clap::Parser;
use imagine_examples::{Arguments, Pictures};

/// Beginnings of the labels of what is made for a request; the rest is Bevy's.
const OURS: [&str; 5] = ["imagine texture", "imagine scratch", "arena", "weights", "params"];
/// Texels along a result.
const SIDE: u32 = 64;
/// GPU milliseconds a frame where requests are to be finished, and where they are given up in the middle of a slice.
const ENOUGH: f32 = 200.0;
const LITTLE: f32 = 1.0;
/// Frames that a request gets at most, and those that it gets where it is given up.
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
    /// By the plugin's count.
    counted: u64,
    /// By the allocator's report: ours, and all; 0 where the device makes no report.
    ours: u64,
    all: u64,
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let arguments = Arguments { headless: true, ..options.arguments };
    let mut pictures = Pictures::new(arguments.app("memory"));
    let noise = Generator::from(generators::load("noise_material").expect("it is built in"));
    let noise = pictures.world().resource_mut::<Assets<Generator>>().add(noise);
    let kept = spawn(&mut pictures, &noise, 0);
    pictures.settle()?;
    println!("requests | counted | ours by the allocator's report | all of the device");
    print("one that stays", &held(&mut pictures));
    let runs = [("the same again and again", WHOLE, false), ("all different", WHOLE, true), ("given up", HALF, true)];
    for (name, frames, distinct) in runs {
        let milliseconds = if frames == HALF { LITTLE } else { ENOUGH };
        pictures.world().insert_resource(ImagineBudget { milliseconds });
        for count in [10, options.requests] {
            let mut finished = 0;
            for round in 0..count {
                let entity = spawn(&mut pictures, &noise, if distinct { 1 + round } else { 1 });
                for _ in 0..frames {
                    pictures.wait(1);
                    if pictures.world().get(entity) == Some(&SynthesisStatus::Finished) {
                        finished += 1;
                        break;
                    }
                }
                pictures.world().despawn(entity);
            }
            print(&format!("{count}, {name}, {finished} finished"), &held(&mut pictures));
        }
    }
    pictures.world().despawn(kept);
    print("none", &held(&mut pictures));
    Ok(())
}

fn spawn(pictures: &mut Pictures, generator: &Handle<Generator>, seed: u64) -> Entity {
    let synthesis = Synthesis::new(generator.clone()).with_size(UVec2::splat(SIDE)).with_seed(seed);
    pictures.world().spawn((synthesis, MaterialTarget::default())).id()
}

/// What is held once everything that was dropped is freed.
fn held(pictures: &mut Pictures) -> Held {
    pictures.wait(10);
    let world = pictures.world();
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
