//! Where a generator comes from, and what synthesis costs.

use bevy_egui::egui;
use bevy_imagine::asset::Generator;
use bevy_imagine::{ImagineMemory, ImagineStats};

/// Shaders whose time is shown.
const SHADERS: usize = 8;

/// The model card.
pub(crate) fn show_card(ui: &mut egui::Ui, generator: &Generator) {
    let card = generator.card();
    let data: Vec<_> = card.training_data.iter().map(|d| format!("{} ({}, {})", d.name, d.license, d.source)).collect();
    let parameters: usize = generator.network().graphs().map(|graph| graph.graph().parameters()).sum();
    let rows = [
        ("title", card.title.clone()),
        ("licence", card.license.clone()),
        ("trained on", if data.is_empty() { "nothing".into() } else { data.join("\n") }),
        ("recipe", card.recipe.clone()),
        ("date", card.date.clone()),
        ("parameters", parameters.to_string()),
        ("file", generator.hash().to_string()),
    ];
    egui::Grid::new("card").num_columns(2).show(ui, |ui| {
        for (name, value) in rows.into_iter().filter(|(_, value)| !value.is_empty()) {
            ui.label(name);
            ui.add(egui::Label::new(value).wrap());
            ui.end_row();
        }
    });
}

/// What synthesis takes of the GPU.
pub(crate) fn show_costs(ui: &mut egui::Ui, stats: &ImagineStats, memory: &ImagineMemory) {
    let frame = stats.get();
    let measured = frame.measured_ms.map_or("not measured".to_string(), |ms| format!("{ms:.2} ms measured"));
    ui.label(format!("{:.2} ms planned, {measured}, {} waiting", frame.planned_ms, frame.queue));
    ui.label(format!("{:.1} of {} MiB", memory.bytes() as f64 / (1 << 20) as f64, memory.budget() >> 20));
    let shaders = stats.shaders();
    let total: f64 = shaders.iter().map(|(_, time)| time).sum();
    egui::Grid::new("costs").num_columns(3).striped(true).show(ui, |ui| {
        for (shader, time) in shaders.into_iter().take(SHADERS) {
            ui.label(shader);
            ui.label(format!("{time:.1} ms"));
            ui.label(format!("{:.0} %", 100.0 * time / total.max(f64::MIN_POSITIVE)));
            ui.end_row();
        }
    });
}
