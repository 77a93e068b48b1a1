//! Time of every pass of a generator, each submitted and waited for alone; the fastest of several runs counts.
//!
//! ```text
//! cargo run --release -p imagine_wgpu --example profile -- NAME.generator.safetensors WIDTH HEIGHT
//! ```

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use imagine_graph::{DType, Size, Tensor, file};
use imagine_wgpu::headless::Gpu;
use imagine_wgpu::{BoundsChecks, Plan, Recording, RunSeed, Session};

/// Measured runs.
const RUNS: usize = 5;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, width, height] = arguments.as_slice() else { return Err("FILE WIDTH HEIGHT expected".into()) };
    let loaded = file::load(Path::new(path))?;
    let size = Size::new(height.parse()?, width.parse()?);
    let gpu = Gpu::new(BoundsChecks::On)?;
    let plan = Arc::new(Plan::new(&loaded.generator, size, gpu.options())?);
    let mut session = Session::new(&gpu.device, plan.clone());
    for input in plan.inputs.iter().filter(|input| input.value_type.dtype == DType::F32) {
        let values: Vec<f32> = (0..input.value_type.elements()).map(|i| (i % 97) as f32 / 97.0).collect();
        session.set_input(&gpu.queue, &input.name, &Tensor::f32(input.value_type.shape.clone(), values))?;
    }
    let recording = plan.whole(loaded.generator.recurrence.iter().len() as u32);
    let mut fastest = vec![f64::INFINITY; recording.passes.len()];
    let mut together = f64::INFINITY;
    for _ in 0..RUNS {
        for (pass, fastest) in recording.passes.iter().zip(&mut fastest) {
            let start = Instant::now();
            gpu.play(&mut session, Recording { passes: vec![pass.clone()] }, RunSeed::default())?;
            gpu.wait()?;
            *fastest = fastest.min(start.elapsed().as_secs_f64());
        }
        let start = Instant::now();
        gpu.play(&mut session, recording.clone(), RunSeed::default())?;
        gpu.wait()?;
        together = together.min(start.elapsed().as_secs_f64());
    }
    for (pass, seconds) in recording.passes.iter().zip(&fastest) {
        let defs: Vec<&str> = pass.call.pipeline.defs.iter().map(|(name, _)| *name).collect();
        println!(
            "{:8.2} ms {:6.1} GFLOP/s  {}: {} {}",
            seconds * 1e3,
            pass.cost().flop as f64 / seconds / 1e9,
            pass.call.label,
            pass.call.pipeline.shader,
            defs.join(" ")
        );
    }
    println!("{:8.2} ms one by one, {:.2} ms together", fastest.iter().sum::<f64>() * 1e3, together * 1e3);
    Ok(())
}
