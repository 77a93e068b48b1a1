//! The panel itself: which request, what it asks for, what can be done with it.

use std::collections::HashMap;
use std::path::PathBuf;

use bevy::prelude::*;
use bevy_egui::{EguiContexts, egui};
use bevy_imagine::asset::Generator;
use bevy_imagine::prelude::*;
use bevy_imagine::{ExportPng, ImagineMemory, ImagineStats, SynthesisRecipe};
use imagine_graph::Size;

use crate::history::History;
use crate::variations::{Thumbnail, Variation, Variations, show_thumbnails, thumbnails};
use crate::{card, controls};

/// What the panel shows.
#[derive(Resource, Clone, Debug, Default)]
pub struct ImagineEditor {
    /// The entity whose request is shown; the first one if `None` or gone.
    pub selected: Option<Entity>,
    /// Whether dice and variations leave the seed as it is.
    pub lock_seed: bool,
    /// Folder of exported PNG files.
    pub export_folder: PathBuf,
    pub(crate) histories: HashMap<Entity, History>,
}

/// What the panel reads beside the request.
#[derive(bevy::ecs::system::SystemParam)]
pub(crate) struct Surroundings<'w> {
    generators: Res<'w, Assets<Generator>>,
    stats: Res<'w, ImagineStats>,
    memory: Res<'w, ImagineMemory>,
}

/// Shows the panel.
pub(crate) fn show_panel(
    mut commands: Commands,
    mut contexts: EguiContexts,
    mut editor: ResMut<ImagineEditor>,
    mut requests: Query<(Entity, Option<&Name>, &mut Synthesis, &SynthesisStatus), Without<Variation>>,
    variations: Query<(&Variation, &Synthesis, Option<&SynthesisTextures>)>,
    around: Surroundings,
) {
    let mut names: Vec<_> =
        requests.iter().map(|(e, name, ..)| (e, name.map_or_else(|| e.to_string(), ToString::to_string))).collect();
    names.sort_by(|a, b| a.1.cmp(&b.1).then(a.0.cmp(&b.0)));
    let selected = editor.selected.filter(|selected| names.iter().any(|(entity, _)| entity == selected));
    let selected = selected.or(names.first().map(|(entity, _)| *entity));
    let thumbnails = selected.map(|entity| thumbnails(entity, &variations, &mut contexts)).unwrap_or_default();
    // Without a camera there is no context to draw in.
    let Ok(context) = contexts.ctx_mut() else { return };
    egui::Window::new("imagine").default_size([340.0, 660.0]).vscroll(true).show(context, |ui| {
        let Some(mut chosen) = selected else {
            ui.label("no request: give an entity a Synthesis");
            return;
        };
        let title = names.iter().find(|(entity, _)| *entity == chosen).map(|(_, name)| name.as_str());
        egui::ComboBox::from_label("request").selected_text(title.unwrap_or_default()).show_ui(ui, |ui| {
            names.iter().for_each(|(entity, name)| _ = ui.selectable_value(&mut chosen, *entity, name));
        });
        editor.selected = Some(chosen);
        let Ok((entity, _, mut request, status)) = requests.get_mut(chosen) else { return };
        let mut view =
            View { editor: &mut editor, around: &around, commands: &mut commands, entity, thumbnails: &thumbnails };
        let mut edited = request.clone();
        view.show(ui, &mut edited, *status);
        // The component is touched only where a value changed, because a touch means another synthesis.
        if edited != *request {
            *request = edited;
        }
    });
}

/// One request in the panel.
struct View<'a, 'w, 's> {
    editor: &'a mut ImagineEditor,
    around: &'a Surroundings<'a>,
    commands: &'a mut Commands<'w, 's>,
    entity: Entity,
    thumbnails: &'a [Thumbnail],
}

impl View<'_, '_, '_> {
    fn show(&mut self, ui: &mut egui::Ui, request: &mut Synthesis, status: SynthesisStatus) {
        self.show_history(ui, request, status);
        let generator = self.around.generators.get(&request.generator);
        self.show_seed_and_size(ui, request, generator);
        if let Some(generator) = generator {
            controls::show_controls(ui, request, generator);
        }
        self.show_variations(ui, request);
        self.show_exports(ui, request);
        ui.collapsing("GPU", |ui| card::show_costs(ui, &self.around.stats, &self.around.memory));
        if let Some(generator) = generator {
            ui.collapsing("model card", |ui| card::show_card(ui, generator));
        }
    }

    fn show_history(&mut self, ui: &mut egui::Ui, request: &mut Synthesis, status: SynthesisStatus) {
        let history = self.editor.histories.entry(self.entity).or_default();
        ui.horizontal(|ui| {
            if ui.add_enabled(history.can_undo(), egui::Button::new("undo")).clicked()
                && let Some(state) = history.undo()
            {
                *request = state;
            }
            if ui.add_enabled(history.can_redo(), egui::Button::new("redo")).clicked()
                && let Some(state) = history.redo()
            {
                *request = state;
            }
            ui.label(format!("{status:?}").to_lowercase());
        });
    }

    fn show_seed_and_size(&mut self, ui: &mut egui::Ui, request: &mut Synthesis, generator: Option<&Generator>) {
        ui.horizontal(|ui| {
            ui.label("seed");
            ui.add_enabled(!self.editor.lock_seed, egui::DragValue::new(&mut request.seed));
            if ui.add_enabled(!self.editor.lock_seed, egui::Button::new("dice")).clicked() {
                // Far from its neighbours, which the variations show.
                request.seed =
                    request.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407) >> 32;
            }
            ui.checkbox(&mut self.editor.lock_seed, "lock");
        });
        ui.horizontal(|ui| {
            ui.label("size");
            let mut size = request.size;
            ui.add(egui::DragValue::new(&mut size.x).range(1..=8192).update_while_editing(false));
            ui.add(egui::DragValue::new(&mut size.y).range(1..=8192).update_while_editing(false));
            if size != request.size {
                let rule = generator.map(|generator| generator.network().generator.size);
                let asked = Size::new(size.y as usize, size.x as usize);
                let nearest = rule.map_or(asked, |rule| rule.nearest(asked));
                request.size = UVec2::new(nearest.width as u32, nearest.height as u32);
            }
        });
    }

    fn show_variations(&mut self, ui: &mut egui::Ui, request: &mut Synthesis) {
        ui.horizontal(|ui| {
            if ui.button("variations").clicked() {
                self.commands.trigger(Variations { entity: self.entity, keep_seed: self.editor.lock_seed });
            }
            if !self.thumbnails.is_empty() && ui.button("close").clicked() {
                // Variations of nothing take the present ones away.
                self.commands.trigger(Variations { entity: Entity::PLACEHOLDER, keep_seed: false });
            }
        });
        if let Some(picked) = show_thumbnails(ui, self.thumbnails) {
            request.seed = picked.seed;
            request.controls = picked.controls;
        }
    }

    fn show_exports(&mut self, ui: &mut egui::Ui, request: &Synthesis) {
        ui.horizontal(|ui| {
            if ui.button("copy RON").clicked()
                && let Ok(text) = SynthesisRecipe::of(request).to_ron()
            {
                ui.ctx().copy_text(text);
            }
            if ui.button("export PNG").clicked() {
                let generator = self.around.generators.get(&request.generator);
                let name = format!("{}_{}", generator.map_or("image", Generator::name), request.seed);
                let folder = self.editor.export_folder.clone();
                self.commands.trigger(ExportPng { entity: self.entity, folder, name });
            }
        });
    }
}
