//! `imagine doctor`: what this machine has for generators and trainings, what will be slow, and what to install.
//!
//! It works without a GPU, and what it finds missing is no error: the exit code is 0.

mod advice;
mod machine;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::process::ExitCode;

use clap::Args;
use imagine_wgpu::headless::{AdapterSurvey, survey};
use serde_json::{Value, json};

use self::machine::{Disk, Machine};
use super::print;

/// Arguments of `imagine doctor`.
#[derive(Args, Clone, Debug)]
pub struct Doctor {
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Doctor {
    /// Looks and prints.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let (machine, adapters) = (Machine::look(), survey());
        let advice = advice::advice(&machine, &adapters);
        let report = report(&machine, &adapters, &advice);
        print(self.json, &report, &text(&machine, &adapters, &advice))?;
        Ok(ExitCode::SUCCESS)
    }
}

fn report(machine: &Machine, adapters: &[AdapterSurvey], advice: &[String]) -> Value {
    let adapter = |found: &AdapterSurvey| {
        json!({
            "name": found.name,
            "backend": found.backend,
            "kind": found.kind,
            "driver": found.driver,
            "driver_version": found.driver_version,
            "vendor": found.vendor,
            "chosen": found.is_chosen,
            "fault": found.fault,
            "shader_f16": found.has_half,
            "subgroups": found.has_subgroups,
            "timestamps": found.has_timestamps,
            "max_buffer_bytes": found.max_buffer,
            "max_binding_bytes": found.max_binding,
            "max_texture_side": found.max_texture_side,
            "max_workgroup_memory_bytes": found.max_workgroup_memory,
            "max_workgroup_size": found.max_workgroup_size,
        })
    };
    let disk = |disk: &Disk| {
        let Disk { what, path, free, fault } = disk;
        json!({ "what": what, "path": path.display().to_string(), "free_bytes": free, "fault": fault })
    };
    json!({
        "version": machine.version,
        "debug_build": machine.is_debug_build,
        "train_backends": machine.train_backends,
        "system": machine.system,
        "cores": machine.cores,
        "processor_features": machine.processor_features,
        "memory_bytes": machine.memory,
        "graphics_hardware": machine.graphics_hardware,
        "adapters": adapters.iter().map(adapter).collect::<Vec<_>>(),
        "disks": machine.disks.iter().map(disk).collect::<Vec<_>>(),
        "environment": machine.environment.iter().cloned().collect::<BTreeMap<_, _>>(),
        "advice": advice,
    })
}

fn text(machine: &Machine, adapters: &[AdapterSurvey], advice: &[String]) -> String {
    let mut text = String::new();
    let build = if machine.is_debug_build { "debug build" } else { "release build" };
    let mut line = |name: &str, value: String| {
        let _ = writeln!(text, "{name:<13}{value}");
    };
    line("imagine", format!("{}, {build}", machine.version));
    line("system", machine.system.clone());
    let features = machine.processor_features.join(", ");
    line("processor", format!("{} cores{}{features}", machine.cores, if features.is_empty() { "" } else { ", " }));
    line("memory", machine.memory.map_or("unknown".into(), bytes));
    line("training on", machine.train_backends.join(", "));
    if adapters.is_empty() {
        line("adapters", "none".into());
    }
    for found in adapters {
        let chosen = if found.is_chosen { ", used by default" } else { "" };
        line("adapter", format!("{} ({}, {}{chosen})", found.name, found.backend, found.kind));
        line("", ["driver", &found.driver, &found.driver_version].join(" ").replace("  ", " "));
        if let Some(fault) = &found.fault {
            line("", format!("cannot be used: {fault}"));
            continue;
        }
        let has = |has: bool| if has { "yes" } else { "no" };
        let (half, subgroups, timestamps) = (has(found.has_half), has(found.has_subgroups), has(found.has_timestamps));
        line("", format!("16-bit floats {half}, subgroups {subgroups}, GPU timestamps {timestamps}"));
        line(
            "",
            format!(
                "buffers up to {}, bindings up to {}, textures up to {} a side",
                bytes(found.max_buffer),
                bytes(found.max_binding),
                found.max_texture_side
            ),
        );
        line(
            "",
            format!(
                "workgroups up to {} invocations with {}",
                found.max_workgroup_size,
                bytes(found.max_workgroup_memory.into())
            ),
        );
    }
    for Disk { what, path, free, fault } in &machine.disks {
        let free = free.map_or("unknown space".into(), bytes);
        let fault = fault.as_ref().map(|fault| format!("; {fault}")).unwrap_or_default();
        line("disk", format!("{free} free in {} ({what}){fault}", path.display()));
    }
    for (name, value) in &machine.environment {
        line("environment", format!("{name}={value}"));
    }
    text.push('\n');
    for advice in advice {
        let _ = writeln!(text, "- {advice}");
    }
    if advice.is_empty() {
        text += "Nothing is missing.\n";
    }
    text
}

/// A number of bytes in words.
fn bytes(count: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match UNITS.into_iter().find(|(unit, _)| count >= *unit) {
        Some((unit, name)) => {
            let number = format!("{:.1}", count as f64 / unit as f64);
            format!("{} {name}", number.strip_suffix(".0").unwrap_or(&number))
        }
        None => format!("{count} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_a_unit() {
        let found = [0, 1023, 1024, 1536, 128 << 20, 5 << 30].map(bytes);
        assert_eq!(found, ["0 bytes", "1023 bytes", "1 KiB", "1.5 KiB", "128 MiB", "5 GiB"]);
    }
}
