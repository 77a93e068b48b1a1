//! How much disk and memory generated pictures take at least.

use std::path::Path;

use anyhow::Context;
use imagine_graph::file::LoadedGenerator;
use imagine_graph::{GraphOutput, Request};

use crate::arguments::Executor;
use crate::export::Export;
use crate::room::{check_memory, check_room};

/// Fails if the disk of `out` cannot hold the pictures of the outputs `wanted`, or the memory what they are made from: inputs and
/// outputs as floats, of which the CPU's executor has copies.
pub fn check_estimates(
    out: &Path,
    loaded: &LoadedGenerator,
    request: &Request,
    executor: Executor,
    wanted: &[GraphOutput],
    export: &Export,
) -> anyhow::Result<()> {
    let graph = &loaded.generator.output;
    let bound = graph.bind(request.size)?;
    let mut file_bytes = 0u64;
    let mut floats: u64 = request.inputs.values().map(|input| input.len() as u64).sum();
    for (output, value) in graph.graph().outputs.iter().zip(graph.outputs()) {
        let shape = &bound.value_type(*value).shape;
        let samples = shape.iter().fold(1u64, |count, side| count.saturating_mul(*side as u64));
        if wanted.contains(output) {
            file_bytes = file_bytes.saturating_add(export.least_bytes(output, samples)?);
        }
        floats = floats.saturating_add(samples);
    }
    check_room(out, file_bytes).context("--out")?;
    let copies = if executor == Executor::Cpu { 2 } else { 1 };
    check_memory(floats.saturating_mul(4 * copies))
}
