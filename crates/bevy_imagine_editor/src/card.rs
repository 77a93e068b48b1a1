//! Model card and GPU costs.

use bevy_egui::egui;
use bevy_imagine::asset::Generator;
use bevy_imagine::{ImagineMemory, ImagineStats};

/// Number of shaders listed with their times.
const SHADERS: usize = 8;

/// Shows the model card.
pub(crate) fn show_card(ui: &mut egui::Ui, generator: &Generator) {
    let card = generator.card();
    let data: Vec<_> = card.training_data.iter().map(|d| format!("{} ({}, {})", d.name, d.license, d.source)).collect();
    let parameters: usize = generator.network().graphs().map(|graph| graph.graph().parameters()).sum();
    let rows = [
        ("Title", card.title.clone()),
        ("Licence", card.license.clone()),
        ("Training data", if data.is_empty() { "none".into() } else { data.join("\n") }),
        ("Recipe", card.recipe.clone()),
        ("Date", card.date.clone()),
        ("Parameters", parameters.to_string()),
        ("SHA-256", generator.hash().to_string()),
    ];
    egui::Grid::new("card").num_columns(2).show(ui, |ui| {
        for (name, value) in rows.into_iter().filter(|(_, value)| !value.is_empty()) {
            ui.label(name);
            ui.add(egui::Label::new(value).wrap());
            ui.end_row();
        }
    });
}

/// Shows GPU time and memory of synthesis.
pub(crate) fn show_costs(ui: &mut egui::Ui, stats: &ImagineStats, memory: &ImagineMemory) {
    let frame = stats.get();
    let measured = frame.measured_ms.map_or("no timestamps".to_string(), |ms| format!("{ms:.2} ms measured"));
    ui.label(format!("{:.2} ms planned, {measured}, {} in the queue", frame.planned_ms, frame.queue));
    ui.label(format!("{:.1} of {} MiB used", memory.bytes() as f64 / (1 << 20) as f64, memory.budget() >> 20));
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
