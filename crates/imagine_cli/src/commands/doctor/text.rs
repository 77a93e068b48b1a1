//! The report as text.

use std::fmt::Write;

use imagine_wgpu::headless::AdapterSurvey;

use super::machine::{Disk, Machine};
use crate::output::bytes;

/// The machine, its adapters and the advice.
pub fn text(machine: &Machine, adapters: &[AdapterSurvey], advice: &[String]) -> String {
    let mut text = String::new();
    let build = if machine.is_debug_build { "debug build" } else { "release build" };
    let mut line = |name: &str, value: String| {
        let _ = writeln!(text, "{}", format!("{name:<13}{value}").trim_end());
    };
    line("imagine", format!("{}, {build}", machine.version));
    line("system", machine.system.clone());
    let cores = format!("{} cores", machine.cores);
    line("processor", [&[cores.as_str()], machine.processor_features.as_slice()].concat().join(", "));
    line("memory", machine.memory.map_or("unknown".into(), bytes));
    line("training on", machine.train_backends.join(", "));
    if adapters.is_empty() {
        line("adapters", "none".into());
    }
    adapters.iter().for_each(|found| about(found, &mut line));
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

/// The lines of an adapter.
fn about(found: &AdapterSurvey, line: &mut impl FnMut(&str, String)) {
    let chosen = if found.is_chosen { ", used by default" } else { "" };
    line("adapter", format!("{} ({}, {}{chosen})", found.name, found.backend, found.kind));
    line("", ["driver", &found.driver, &found.driver_version].join(" ").replace("  ", " "));
    if let Some(fault) = &found.fault {
        line("", format!("cannot be used: {fault}"));
        return;
    }
    let has = |has: bool| if has { "yes" } else { "no" };
    let (half, subgroups, timestamps) = (has(found.has_half), has(found.has_subgroups), has(found.has_timestamps));
    line("", format!("16-bit floats {half}, subgroups {subgroups}, GPU timestamps {timestamps}"));
    let [buffer, binding, workgroup] =
        [found.max_buffer, found.max_binding, found.max_workgroup_memory.into()].map(bytes);
    let side = found.max_texture_side;
    line("", format!("buffers up to {buffer}, bindings up to {binding}, textures up to {side} a side"));
    line("", format!("workgroups up to {} invocations with {workgroup}", found.max_workgroup_size));
}
