//! The panel: its window, and the selected request.

use bevy::prelude::*;
use bevy_egui::{EguiContexts, egui};
use bevy_imagine::prelude::*;

use crate::editor::{ImagineEditor, PanelResources};
use crate::theme;
use crate::variations::{Thumbnail, Variation, show_thumbnails, thumbnails};
use crate::view::View;

/// Width of the window, and its distance from the screen edges, in points.
const WIDTH: f32 = 356.0;
const EDGE: f32 = 12.0;

/// Shows the panel.
pub(crate) fn show_panel(
    mut commands: Commands,
    mut contexts: EguiContexts,
    mut editor: ResMut<ImagineEditor>,
    mut requests: Query<(Entity, Option<&Name>, &mut Synthesis, &SynthesisStatus), Without<Variation>>,
    variations: Query<(Entity, &Variation, &Synthesis, Option<&SynthesisTextures>)>,
    resources: PanelResources,
) {
    if !editor.visible {
        return;
    }
    let selected = editor.selected.filter(|selected| requests.contains(*selected));
    let selected = selected.or_else(|| requests.iter().map(|(entity, ..)| entity).min());
    let thumbnails = selected.map(|entity| thumbnails(entity, &variations, &mut contexts)).unwrap_or_default();
    // Without a camera there is no context.
    let Ok(context) = contexts.ctx_mut() else { return };
    let height = context.content_rect().height() - 2.0 * EDGE;
    let window = egui::Window::new("Imagine")
        .default_pos([EDGE, EDGE])
        .default_size([WIDTH, height])
        .min_width(WIDTH)
        .frame(theme::window_frame())
        .title_frame(theme::title_frame())
        .vscroll(true);
    window.show(context, |ui| {
        theme::apply(ui);
        let Some(mut chosen) = selected else {
            ui.label("No requests yet. Add a Synthesis and a target to an entity.");
            return;
        };
        choose_request(ui, &mut chosen, &requests);
        editor.selected = Some(chosen);
        let Ok((entity, _, mut request, status)) = requests.get_mut(chosen) else { return };
        let mut edited = request.clone();
        let has_variations = !thumbnails.is_empty();
        let mut view =
            View { editor: &mut editor, resources: &resources, commands: &mut commands, entity, has_variations };
        view.show(ui, &mut edited, *status);
        // Even an equal assignment would start another synthesis.
        if edited != *request {
            *request = edited;
        }
    });
    if let Some(Ok((.., mut request, _))) = selected.map(|entity| requests.get_mut(entity))
        && !thumbnails.is_empty()
        && let Some(picked) = show_variations(context, &thumbnails, &request, &mut commands)
    {
        request.seed = picked.seed;
        request.controls = picked.controls;
    }
}

/// Shows the nine variations in a window, and despawns them when it is closed. Returns the picked one.
fn show_variations(
    context: &mut egui::Context,
    thumbnails: &[Thumbnail],
    request: &Synthesis,
    commands: &mut Commands,
) -> Option<Synthesis> {
    let (mut is_open, mut picked) = (true, None);
    let corner = egui::pos2(2.0 * EDGE + WIDTH + 20.0, context.content_rect().bottom() - EDGE);
    let window = egui::Window::new("Nine variations")
        .open(&mut is_open)
        .pivot(egui::Align2::LEFT_BOTTOM)
        .default_pos(corner)
        .resizable(false)
        .frame(theme::window_frame())
        .title_frame(theme::title_frame());
    window.show(context, |ui| {
        theme::apply(ui);
        ui.label(theme::faint("Click one to use it"));
        picked = show_thumbnails(ui, thumbnails, request);
    });
    if !is_open {
        thumbnails.iter().for_each(|thumbnail| commands.entity(thumbnail.entity).try_despawn());
    }
    picked
}

/// A list of all requests if there are several.
fn choose_request(
    ui: &mut egui::Ui,
    chosen: &mut Entity,
    requests: &Query<(Entity, Option<&Name>, &mut Synthesis, &SynthesisStatus), Without<Variation>>,
) {
    if requests.iter().nth(1).is_none() {
        return;
    }
    let name = |entity: Entity, name: Option<&Name>| name.map_or_else(|| entity.to_string(), ToString::to_string);
    let shown = requests.get(*chosen).map(|(entity, found, ..)| name(entity, found)).unwrap_or_default();
    let width = ui.available_width();
    egui::ComboBox::from_id_salt("request").selected_text(shown).width(width).show_ui(ui, |ui| {
        let mut names: Vec<_> = requests.iter().map(|(entity, found, ..)| (name(entity, found), entity)).collect();
        names.sort();
        for (name, entity) in names {
            ui.selectable_value(chosen, entity, name);
        }
    });
}
