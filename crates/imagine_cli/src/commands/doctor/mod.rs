//! `imagine doctor`: what this machine has for generators and trainings, what will be slow, and what to install.
//!
//! It works without a GPU, and what it finds missing is no error: the exit code is 0.

mod advice;
mod machine;
mod text;

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::Args;
use imagine_wgpu::headless::{AdapterSurvey, survey};
use serde_json::{Value, json};

use self::machine::{Disk, Machine};
use self::text::text;
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
