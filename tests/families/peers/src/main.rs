//! Times tract and rten on ONNX files with one input of a fixed shape, such as those of `speed.py`, on one thread:
//!
//! ```text
//! cargo run --release --manifest-path tests/families/peers/Cargo.toml -- RUNS FILE...
//! ```
//!
//! It prints the fastest run in milliseconds after two runs that do not count.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use rten::{Model, RunOptions, ThreadPool};
use rten_tensor::NdTensor;
use tract_onnx::prelude::*;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let runs: usize = arguments.next().context("expected the number of runs")?.parse()?;
    for file in arguments {
        let file = Path::new(&file);
        let show = |time: anyhow::Result<f64>| time.map_or_else(|error| format!("{error:#}"), |ms| format!("{ms:.2} ms"));
        println!("{}: tract {}, rten {}", file.display(), show(tract(file, runs)), show(rten(file, runs)));
    }
    Ok(())
}

fn tract(file: &Path, runs: usize) -> anyhow::Result<f64> {
    let model = tract_onnx::onnx().model_for_path(file)?.into_optimized()?.into_runnable()?;
    let shape = model.model().input_fact(0)?.shape.as_concrete().context("the shape is open")?.to_vec();
    let input = Tensor::from_shape(&shape, &noise(shape.iter().product()))?;
    fastest(runs, || model.run(tvec!(input.clone().into())).map(drop))
}

fn rten(file: &Path, runs: usize) -> anyhow::Result<f64> {
    let model = Model::load_file(file)?;
    let node = *model.input_ids().first().context("there is no input")?;
    let info = model.node_info(node).context("the input is unknown")?;
    let shape = info.shape().context("the shape is unknown")?;
    let shape: Vec<usize> = shape.iter().map(|side| side.to_string().parse()).collect::<Result<_, _>>()?;
    let shape: [usize; 4] = shape.try_into().ok().context("the input is no image")?;
    let input = NdTensor::from_data(shape, noise(shape.iter().product()));
    let pool = Arc::new(ThreadPool::with_num_threads(1));
    fastest(runs, || {
        let options = RunOptions::default().with_thread_pool(Some(pool.clone()));
        model.run_one(input.view().into(), Some(options)).map(drop).map_err(Into::into)
    })
}

fn noise(count: usize) -> Vec<f32> {
    (0..count).map(|i| (i * 7919 % 997) as f32 / 997.0).collect()
}

/// The fastest run in milliseconds.
fn fastest(runs: usize, mut run: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<f64> {
    let mut best = f64::INFINITY;
    for index in 0..runs + 2 {
        let start = Instant::now();
        run()?;
        if index >= 2 {
            best = best.min(start.elapsed().as_secs_f64() * 1e3);
        }
    }
    Ok(best)
}
