//! The commands, one file each.

#[cfg(feature = "wgpu-backend")]
pub mod bench;
pub mod compare;
pub mod evaluate;
pub mod generate;
pub mod generators;
pub mod import;
pub mod inspect;
pub mod onnx_test;
pub mod pack;
pub mod train_materials;
pub mod train_sprites;
pub mod train_texture;
mod training;

use std::io::{self, Write};
use std::sync::Arc;

use anyhow::Context;
use imagine_graph::ResolvedRequest;
use imagine_wgpu::headless::Gpu;
use imagine_wgpu::{BoundsChecks, Plan, Session};
use serde_json::Value;

/// The GPU, with bounds checks for files from outside.
fn open_gpu() -> anyhow::Result<Gpu> {
    Gpu::new(BoundsChecks::On).context("no GPU (`--backend cpu` of `generate` needs none)")
}

/// A session with the inputs of a request uploaded.
fn session(gpu: &Gpu, plan: Arc<Plan>, resolved: &ResolvedRequest) -> anyhow::Result<Session> {
    let session = Session::new(&gpu.device, plan.clone());
    for input in &plan.inputs {
        if let Some(tensor) = resolved.inputs.get(&input.name) {
            session.set_input(&gpu.queue, &input.name, tensor)?;
        }
    }
    Ok(session)
}

/// Prints `json` or `text`.
fn print(as_json: bool, json: &Value, text: &str) {
    match as_json {
        true => say(&format!("{json:#}")),
        false => say(text.trim_end()),
    }
}

/// Writes a line to stdout. That nobody reads it any more, as after `| head`, ends no work.
fn say(line: &str) {
    match writeln!(io::stdout(), "{line}") {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => eprintln!("cannot write to stdout: {error}"),
        _ => {}
    }
}
