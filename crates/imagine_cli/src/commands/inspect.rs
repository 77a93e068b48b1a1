//! `imagine inspect`: inputs, outputs, model card, and cost at a given size. Runs nothing and needs no GPU.

use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use imagine_graph::file::LoadedGenerator;
use imagine_graph::{Dim, Extent, OutputSupport, Size, Support, ValidGenerator, Window};
use imagine_wgpu::{Plan, PlanOptions, Recording};
use serde_json::{Value, json};

use super::print;
use crate::arguments::{default_size, parse_size};
use crate::network_file::{RoleArguments, load};

/// Arguments of `imagine inspect`.
#[derive(Args, Clone, Debug)]
pub struct Inspect {
    /// Generator file, ONNX file (roles in FILE.onnx.ron or as arguments), or the name of a built-in generator (see `imagine
    /// generators`).
    file: PathBuf,
    #[command(flatten)]
    roles: RoleArguments,
    /// Width x height in pixels at which to count cost, for example 256x128. Default: the size nearest to 256x256.
    #[arg(long, value_parser = parse_size, value_name = "WxH")]
    size: Option<Size>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Inspect {
    /// Prints the report.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let loaded = load(&self.file, &self.roles)?;
        let size = self.size.unwrap_or_else(|| default_size(&loaded.generator));
        let plan = Plan::new(&loaded.generator, size, PlanOptions::default())?;
        let report = report(&loaded, &plan)?;
        print(self.json, &report, &text(&loaded, &report))?;
        Ok(ExitCode::SUCCESS)
    }
}

fn report(loaded: &LoadedGenerator, plan: &Plan) -> anyhow::Result<Value> {
    let generator = &loaded.generator.generator;
    let inputs: Vec<Value> = loaded.generator.inputs().iter().map(|input| json!(input)).collect();
    let parameters: usize = loaded.generator.graphs().map(|graph| graph.graph().parameters()).sum();
    let parts: Vec<Value> = [("init", plan.init()), ("step", plan.steps(0, 1)), ("output", plan.output(0))]
        .iter()
        .filter(|(_, recording)| !recording.is_empty())
        .map(|(name, recording)| part(name, recording))
        .collect();
    Ok(json!({
        "name": loaded.name,
        "sha256": loaded.hash,
        "parameters": parameters,
        "inputs": inputs,
        "outputs": generator.output.outputs,
        "size_rule": generator.size,
        "steps": generator.recurrence.as_ref().map(|r| r.steps),
        "step_rate": generator.recurrence.as_ref().map(|r| r.step_rate),
        "card": generator.card,
        "support": support(&loaded.generator, plan.size)?,
        "size": format!("{}x{}", plan.size.width, plan.size.height),
        "parts": parts,
        "arena_bytes": plan.arena.iter().sum::<u64>(),
        "total_bytes": plan.bytes() + plan.shared_bytes(),
    }))
}

fn part(name: &str, recording: &Recording) -> Value {
    let cost = recording.cost();
    let pass = |pass: &imagine_wgpu::Pass| {
        let cost = pass.cost();
        json!({ "label": pass.call.label, "shader": pass.call.pipeline.shader, "flop": cost.flop, "bytes": cost.bytes })
    };
    let passes: Vec<Value> = recording.passes.iter().map(pass).collect();
    json!({ "part": name, "flop": cost.flop, "bytes": cost.bytes, "passes": passes })
}

/// Receptive fields: which source pixels an output pixel of each graph depends on.
fn support(generator: &ValidGenerator, size: Size) -> anyhow::Result<Vec<String>> {
    // Outputs that read the same are told together.
    let mut reads_of: Vec<(String, Vec<String>)> = Vec::new();
    for graph in generator.graphs() {
        for OutputSupport { output, source, support } in graph.bind(size)?.support() {
            let reads = match support {
                Support::Local { windows } => {
                    format!("rows {}, columns {}", window(windows.height), window(windows.width))
                }
                Support::Global { node, reads } => format!("global: node {node:?} reads all of {reads}"),
            };
            let reads = format!("{source}: {reads}");
            match reads_of.iter_mut().find(|(known, _)| *known == reads) {
                Some((_, outputs)) => outputs.push(output.to_string()),
                None => reads_of.push((reads, vec![output.to_string()])),
            }
        }
    }
    Ok(reads_of.into_iter().map(|(reads, outputs)| format!("{} <- {reads}", outputs.join(", "))).collect())
}

fn window(window: Window) -> String {
    let Window { stride, repeat, low, high } = window;
    let scale = if (stride, repeat) == (1, 1) { String::new() } else { format!(" at {stride}/{repeat}") };
    format!("{low:+}..{high:+}{scale}")
}

fn text(loaded: &LoadedGenerator, report: &Value) -> String {
    let mut text = String::new();
    // Writing into a String cannot fail.
    let _ = describe(&mut text, loaded, report);
    text
}

fn describe(text: &mut String, loaded: &LoadedGenerator, report: &Value) -> std::fmt::Result {
    let generator = &loaded.generator.generator;
    let card = &generator.card;
    writeln!(text, "{}: {}", loaded.name, if card.title.is_empty() { "(no title)" } else { &card.title })?;
    writeln!(text, "  sha256      {}", loaded.hash)?;
    writeln!(text, "  licence     {}", if card.license.is_empty() { "(none given)" } else { &card.license })?;
    for data in &card.training_data {
        writeln!(text, "  trained on  {} ({}) {}", data.name, data.license, data.source)?;
    }
    writeln!(text, "  parameters  {}", report["parameters"])?;
    if let Some(parts) = imagine_exemplar::describe(generator) {
        let (width, height) = (parts.width, parts.height);
        writeln!(text, "  by example  {width}x{height} texels, {} levels, {} passes", parts.levels, parts.passes)?;
    }
    let Extent { height: rows, width: columns } = generator.size.multiple;
    let tiles = if generator.size.tiles { ", tiles" } else { "" };
    writeln!(text, "  sizes       multiples of {columns}x{rows}{tiles}")?;
    if let Some(recurrence) = &generator.recurrence {
        writeln!(text, "  recurrent   {} steps, {} a second live", recurrence.steps, recurrence.step_rate)?;
    }
    for line in report["support"].as_array().into_iter().flatten() {
        writeln!(text, "  support     {}", line.as_str().unwrap_or_default())?;
    }
    for input in loaded.generator.inputs() {
        writeln!(text, "  input       {} ({}) {}", input.name, input.kind.name(), shape(&input.shape))?;
    }
    for output in &generator.output.outputs {
        writeln!(
            text,
            "  output      {} ({}), {:?}, {:?}",
            output.name,
            output.kind.name(),
            output.range,
            output.color_space
        )?;
    }
    for (name, value) in &card.metrics {
        writeln!(text, "  metric      {name} {value}")?;
    }
    writeln!(text, "at {}:", report["size"].as_str().unwrap_or_default())?;
    for part in report["parts"].as_array().into_iter().flatten() {
        let name = part["part"].as_str().unwrap_or_default();
        writeln!(text, "  {name:6} {:>14} FLOP {:>14} bytes", part["flop"], part["bytes"])?;
        for pass in part["passes"].as_array().into_iter().flatten() {
            let label = pass["label"].as_str().unwrap_or_default();
            writeln!(text, "         {:>14} FLOP {:>14} bytes  {label}", pass["flop"], pass["bytes"])?;
        }
    }
    writeln!(text, "  arena  {} bytes, with weights {} bytes", report["arena_bytes"], report["total_bytes"])
}

fn shape(dims: &[Dim]) -> String {
    let dims: Vec<String> = dims.iter().map(|dim| dim.to_string()).collect();
    format!("[{}]", dims.join(", "))
}
