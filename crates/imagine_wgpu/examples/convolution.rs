//! Speed of convolutions on this machine, in GFLOP/s, for kernels and sizes of typical generators.
//!
//! ```text
//! cargo run --release -p imagine_wgpu --example convolution
//! ```

use std::sync::Arc;
use std::time::Instant;

use imagine_graph::{Conv, Dim, Graph, InputKind, OutputKind, PadMode, Size, Tensor};
use imagine_wgpu::headless::Gpu;
use imagine_wgpu::{BoundsChecks, Plan, RunSeed, Session};

/// Measured runs; the fastest counts.
const RUNS: usize = 20;

/// Input channels, output channels, kernel side, side of the image.
const LAYERS: [[usize; 4]; 6] =
    [[64, 64, 3, 128], [64, 64, 1, 128], [16, 16, 3, 256], [128, 128, 3, 32], [64, 3, 7, 128], [3, 32, 9, 128]];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let gpu = Gpu::new(BoundsChecks::On)?;
    println!("{}", gpu.adapter.get_info().name);
    for [channels, outputs, kernel, side] in LAYERS {
        let mut graph = Graph::default();
        graph.input("x", InputKind::Tensor, Dim::nchw(channels));
        let shape = [outputs, channels, kernel, kernel];
        graph.weight("w", Tensor::f32(shape, vec![0.01; shape.iter().product()]));
        graph.push("y", Conv::same(kernel, PadMode::Constant), ["x", "w"]);
        graph.output("y", OutputKind::Tensor);
        let plan = Arc::new(Plan::new(&graph.validate()?, Size::new(side, side), gpu.options())?);
        let mut session = Session::new(&gpu.device, plan.clone());
        let mut fastest = f64::INFINITY;
        // Compile the pipeline before the clock starts.
        gpu.play(&mut session, plan.whole(0), RunSeed::default())?;
        gpu.wait()?;
        let before = processor_seconds();
        for _ in 0..RUNS {
            let start = Instant::now();
            gpu.play(&mut session, plan.whole(0), RunSeed::default())?;
            gpu.wait()?;
            fastest = fastest.min(start.elapsed().as_secs_f64());
        }
        let flop = plan.whole(0).cost().flop as f64;
        let spent = before.zip(processor_seconds()).map(|(before, after)| (after - before) / RUNS as f64);
        let spent = spent.map_or(String::new(), |s| format!(", {:6.1} GFLOP/s a core second", flop / s / 1e9));
        println!(
            "{channels:3} -> {outputs:3}, {kernel}x{kernel} at {side}x{side}: {:8.2} ms {:6.1} GFLOP/s{spent}",
            fastest * 1e3,
            flop / fastest / 1e9
        );
    }
    Ok(())
}

/// Processor time of this process with all its threads, if `/proc` has it in hundredths of a second: the cost of a software
/// adapter, independent of other load.
fn processor_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: u64 = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    Some(ticks as f64 / 100.0)
}
