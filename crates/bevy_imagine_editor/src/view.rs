//! One request in the panel: status, controls, seed, size and export.

use bevy::prelude::*;
use bevy_egui::egui::{self, RichText};
use bevy_imagine::asset::Generator;
use bevy_imagine::prelude::*;
use bevy_imagine::{ExportPng, SynthesisRecipe};
use imagine_graph::Size;

use crate::editor::{ImagineEditor, PanelResources};
use crate::variations::Variations;
use crate::{card, controls, theme};

/// Sides in the list, in texels.
const SIZES: [u32; 6] = [64, 128, 256, 512, 1024, 2048];
/// Largest side in texels.
const LARGEST: u32 = 8192;

/// The view of one request.
pub(crate) struct View<'a, 'w, 's> {
    pub editor: &'a mut ImagineEditor,
    pub resources: &'a PanelResources<'a>,
    pub commands: &'a mut Commands<'w, 's>,
    pub entity: Entity,
    /// Whether variations of the request exist.
    pub has_variations: bool,
}

impl View<'_, '_, '_> {
    /// Shows everything. Changes go into `request`.
    pub fn show(&mut self, ui: &mut egui::Ui, request: &mut Synthesis, status: SynthesisStatus) {
        let generator = self.resources.generators.get(&request.generator);
        self.show_head(ui, request, generator, status);
        if let Some(generator) = generator.filter(|generator| controls::has_controls(generator)) {
            theme::section(ui, "Look", "controls of the generator", |ui| {
                controls::show_controls(ui, request, generator)
            });
        }
        theme::section(ui, "Seed", "same look, another pattern", |ui| {
            self.show_seed(ui, request);
            self.show_variations(ui);
        });
        theme::section(ui, "Size", "texels", |ui| show_size(ui, request, generator));
        theme::section(ui, "Export", "", |ui| self.show_exports(ui, request, status));
        ui.collapsing("GPU time and memory", |ui| card::show_costs(ui, &self.resources.stats, &self.resources.memory));
        if let Some(generator) = generator {
            ui.collapsing("About this generator", |ui| card::show_card(ui, generator));
        }
    }

    /// Title, status, undo and redo.
    fn show_head(
        &mut self,
        ui: &mut egui::Ui,
        request: &mut Synthesis,
        generator: Option<&Generator>,
        status: SynthesisStatus,
    ) {
        let title = generator.map_or("Loading...", |generator| match generator.card().title.as_str() {
            "" => generator.name(),
            title => title,
        });
        ui.horizontal(|ui| {
            ui.label(RichText::new(title).heading());
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                let history = self.editor.histories.entry(self.entity).or_default();
                let redo = ui.add_enabled(history.can_redo(), egui::Button::new("Redo"));
                let undo = ui.add_enabled(history.can_undo(), egui::Button::new("Undo"));
                let undone = undo.clicked().then(|| history.undo()).flatten();
                let redone = redo.clicked().then(|| history.redo()).flatten();
                if let Some(state) = undone.or(redone) {
                    *request = state;
                }
            });
        });
        match status {
            SynthesisStatus::Finished => _ = ui.label(theme::faint("✔ Finished").color(theme::GOOD)),
            SynthesisStatus::Failed => {
                let why = self.editor.failures.get(&self.entity).map_or("Failed", String::as_str);
                ui.add(egui::Label::new(RichText::new(format!("⚠ {why}")).color(theme::BAD)).wrap());
            }
            SynthesisStatus::Running => _ = ui.label(theme::faint("• Generating...").color(theme::ACCENT)),
            SynthesisStatus::Waiting => _ = ui.label(theme::faint("• Loading the generator...").color(theme::ACCENT)),
        }
    }

    fn show_seed(&mut self, ui: &mut egui::Ui, request: &mut Synthesis) {
        ui.horizontal(|ui| {
            let free = !self.editor.lock_seed;
            let dice = ui.add_enabled(free, theme::primary_button("🎲 New seed"));
            if dice.on_hover_text("Another image with the same look").clicked() {
                // Far from the neighbouring seeds, which the variations use.
                request.seed =
                    request.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407) >> 32;
            }
            let value = ui.add_enabled(free, egui::DragValue::new(&mut request.seed));
            value.on_hover_text("The same seed gives the same image");
            ui.checkbox(&mut self.editor.lock_seed, "Lock")
                .on_hover_text("Keep this seed; variations change the controls instead");
        });
    }

    fn show_variations(&mut self, ui: &mut egui::Ui) {
        let text = if self.has_variations { "Nine more" } else { "Show nine variations" };
        let hint = match self.editor.lock_seed {
            true => "Nine images with other controls",
            false => "Nine images with other seeds",
        };
        if ui.button(text).on_hover_text(hint).clicked() {
            self.commands.trigger(Variations { entity: self.entity, keep_seed: self.editor.lock_seed });
        }
    }

    fn show_exports(&mut self, ui: &mut egui::Ui, request: &Synthesis, status: SynthesisStatus) {
        ui.horizontal(|ui| {
            let done = status == SynthesisStatus::Finished;
            let export = ui.add_enabled(done, egui::Button::new("💾 Export PNG"));
            if export.on_hover_text("One file per map, marked as generated, with the recipe inside").clicked() {
                let generator = self.resources.generators.get(&request.generator);
                let name = format!("{}_{}", generator.map_or("image", Generator::name), request.seed);
                let folder = self.editor.export_folder.clone();
                self.editor.notice = format!("Writing to {}", folder.join(&name).display());
                self.commands.trigger(ExportPng { entity: self.entity, folder, name });
            }
            let copy = ui.button("📋 Copy recipe").on_hover_text("The request as RON text");
            if copy.clicked()
                && let Ok(text) = SynthesisRecipe::of(request).to_ron()
            {
                info!("recipe: {text}");
                ui.ctx().copy_text(text);
                self.editor.notice = "Copied to the clipboard and the log".into();
            }
        });
        if !self.editor.notice.is_empty() {
            ui.label(theme::faint(&self.editor.notice));
        }
    }
}

/// Width and height, from a list or any size that the generator supports.
fn show_size(ui: &mut egui::Ui, request: &mut Synthesis, generator: Option<&Generator>) {
    let mut size = request.size;
    ui.horizontal(|ui| {
        let shown = if size.x == size.y { size.x.to_string() } else { "Custom".into() };
        egui::ComboBox::from_id_salt("size").selected_text(shown).width(74.0).show_ui(ui, |ui| {
            for side in SIZES {
                ui.selectable_value(&mut size, UVec2::splat(side), side.to_string());
            }
        });
        ui.add(egui::DragValue::new(&mut size.x).range(1..=LARGEST).update_while_editing(false)).on_hover_text("Width");
        ui.label("×");
        ui.add(egui::DragValue::new(&mut size.y).range(1..=LARGEST).update_while_editing(false))
            .on_hover_text("Height");
    });
    if size != request.size {
        let rule = generator.map(|generator| generator.network().generator.size);
        let asked = Size::new(size.y as usize, size.x as usize);
        let nearest = rule.map_or(asked, |rule| rule.nearest(asked));
        request.size = UVec2::new(nearest.width as u32, nearest.height as u32);
    }
}
