//! You will read what the maps of a material take on the GPU with and without block compression, and compression's share of the GPU's time.

use bevy::prelude::*;
use bevy_imagine::default_generators::RED_BRICKS;
use bevy_imagine::prelude::*;
use bevy_imagine::{ImagineMemory, ImagineStats, SoftwareCompression, generators};
use clap::Parser;
use imagine_examples::{Arguments, Headless, parse_arguments};

/// GPU milliseconds a frame: a request takes a few frames.
const BUDGET: f32 = 200.0;
/// Frames until the last timestamps are read.
const LATE: u32 = 10;

#[derive(Parser)]
struct Options {
    #[command(flatten)]
    arguments: Arguments,
    /// Texels along a map.
    #[arg(long, default_value_t = 1024)]
    side: u32,
}

fn main() -> anyhow::Result<()> {
    let Options { arguments, side } = parse_arguments();
    let arguments = Arguments { headless: true, ..arguments };
    println!("material | maps | MiB held | GPU, ms | of it compression");
    for name in ["red bricks by example", "noise formula"] {
        for compress in [false, true] {
            let mut headless = Headless::new(arguments.app("compression"));
            headless.world().insert_resource(ImagineBudget { milliseconds: BUDGET });
            headless.world().insert_resource(SoftwareCompression(true));
            let generator = match name {
                "noise formula" => {
                    let noise = Generator::from(generators::load("noise_material").expect("it is built in"));
                    headless.world().resource_mut::<Assets<Generator>>().add(noise)
                }
                _ => headless.world().resource::<AssetServer>().load(RED_BRICKS),
            };
            let synthesis = Synthesis::new(generator).with_size(UVec2::splat(side));
            headless.world().spawn((synthesis, MaterialTarget { compress, parallax: true, ..default() }));
            headless.settle()?;
            headless.wait(LATE);
            let world = headless.world();
            let held = world.resource::<ImagineMemory>().bytes();
            let times = world.resource::<ImagineStats>().shaders();
            let sum = |is_wanted: fn(&str) -> bool| -> f64 {
                times.iter().filter(|(shader, _)| is_wanted(shader)).map(|(_, time)| time).sum()
            };
            let (all, blocks) = (sum(|_| true), sum(|shader| shader.starts_with("texture_io/block")));
            let maps = if compress { "blocks" } else { "texels" };
            let mebibytes = held as f64 / f64::from(1 << 20);
            println!("{name} | {maps} | {mebibytes:.2} | {all:.0} | {:.1} %", 100.0 * blocks / all.max(1e-9));
        }
    }
    Ok(())
}
