//! An egui panel that shows what every [`Synthesis`] asks for and where it comes from, inside a running game.
//!
//! ```no_run
//! use bevy::prelude::*;
//! use bevy_imagine::prelude::*;
//! use bevy_imagine_editor::ImagineEditorPlugin;
//!
//! App::new().add_plugins((DefaultPlugins, ImaginePlugin::default(), ImagineEditorPlugin)).run();
//! ```
//!
//! The panel sets seed and size; the plugin synthesises again when they change. It draws in the primary egui context.

use bevy::prelude::*;
use bevy_egui::{EguiContexts, EguiPlugin, EguiPrimaryContextPass, egui};
use bevy_imagine::prelude::*;

/// Adds the panel, and [`EguiPlugin`] if it is not there.
#[derive(Clone, Copy, Debug, Default)]
pub struct ImagineEditorPlugin;

impl Plugin for ImagineEditorPlugin {
    fn build(&self, app: &mut App) {
        if !app.is_plugin_added::<EguiPlugin>() {
            app.add_plugins(EguiPlugin::default());
        }
        app.add_systems(EguiPrimaryContextPass, show_panel);
    }
}

/// Shows one section for every request.
fn show_panel(
    mut contexts: EguiContexts,
    mut requests: Query<(Entity, Option<&Name>, &mut Synthesis, &SynthesisStatus)>,
    generators: Res<Assets<Generator>>,
) {
    // Without a camera there is no context to draw in.
    let Ok(context) = contexts.ctx_mut() else { return };
    egui::Window::new("imagine").show(context, |ui| {
        for (entity, name, mut request, status) in &mut requests {
            let title = name.map_or_else(|| entity.to_string(), |name| name.to_string());
            egui::CollapsingHeader::new(format!("{title} ({status:?})")).id_salt(entity).show(ui, |ui| {
                show_request(ui, &mut request);
                if let Some(generator) = generators.get(&request.generator) {
                    show_card(ui, generator);
                }
            });
        }
    });
}

/// Seed and size. The component is touched only where a value changed, because a touch means another synthesis.
fn show_request(ui: &mut egui::Ui, request: &mut Mut<Synthesis>) {
    let (mut seed, mut size) = (request.seed, request.size);
    ui.horizontal(|ui| {
        ui.label("seed");
        ui.add(egui::DragValue::new(&mut seed));
        ui.label("size");
        ui.add(egui::DragValue::new(&mut size.x).range(1..=8192).update_while_editing(false));
        ui.add(egui::DragValue::new(&mut size.y).range(1..=8192).update_while_editing(false));
    });
    if seed != request.seed || size != request.size {
        request.seed = seed;
        request.size = size;
    }
}

fn show_card(ui: &mut egui::Ui, generator: &Generator) {
    let card = generator.card();
    let data: Vec<_> = card.training_data.iter().map(|d| format!("{} ({}, {})", d.name, d.license, d.source)).collect();
    let parameters: usize = generator.network().graphs().map(|graph| graph.graph().parameters()).sum();
    let rows = [
        ("title", card.title.clone()),
        ("licence", card.license.clone()),
        ("trained on", data.join("\n")),
        ("recipe", card.recipe.clone()),
        ("date", card.date.clone()),
        ("parameters", parameters.to_string()),
        ("file", generator.hash().to_string()),
    ];
    egui::Grid::new(generator.hash()).num_columns(2).show(ui, |ui| {
        for (name, value) in rows {
            ui.label(name);
            ui.label(value);
            ui.end_row();
        }
    });
}
