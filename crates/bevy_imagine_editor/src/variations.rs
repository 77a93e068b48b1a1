//! Nine small results beside one another, to pick one from.

use bevy::prelude::*;
use bevy_egui::{EguiContexts, EguiTextureHandle, egui};
use bevy_imagine::asset::Generator;
use bevy_imagine::prelude::*;
use imagine_graph::{InputKind, Size};

use crate::theme;

/// Texels along a variation, about.
const SIDE: usize = 96;
/// Points along a variation in the panel.
const SHOWN_SIDE: f32 = 104.0;
/// Variations in a row, and points between two of them.
const COLUMNS: usize = 3;
const GAP: f32 = 4.0;
/// How far a control goes from where it is while the seed is locked, as a share of its range.
const SPREAD: f32 = 0.35;

/// Trigger it on a request to have nine variations of it made: other seeds, or other values of its ranges while the seed is
/// to stay.
#[derive(EntityEvent, Clone, Debug)]
pub struct Variations {
    /// The entity with the request.
    pub entity: Entity,
    /// Whether the seed stays.
    pub keep_seed: bool,
}

/// A variation of another entity's request.
#[derive(Component, Clone, Copy, Debug)]
pub struct Variation {
    /// The entity with the request.
    pub of: Entity,
    /// Its number, from 0.
    pub index: usize,
}

/// Makes the variations, and takes away those that were there.
pub(crate) fn start_variations(
    event: On<Variations>,
    mut commands: Commands,
    requests: Query<&Synthesis>,
    generators: Res<Assets<Generator>>,
    old: Query<Entity, With<Variation>>,
) {
    old.iter().for_each(|entity| commands.entity(entity).despawn());
    let Ok(request) = requests.get(event.entity) else { return };
    let Some(generator) = generators.get(&request.generator) else { return };
    let size = generator.network().generator.size.nearest(Size::new(SIDE, SIDE));
    for index in 0..COLUMNS * COLUMNS {
        let mut variation = request.clone();
        variation.size = UVec2::new(size.width as u32, size.height as u32);
        if event.keep_seed {
            vary_controls(&mut variation, generator, index as u64);
        } else {
            variation.seed = request.seed.wrapping_add(1 + index as u64);
        }
        commands.spawn((variation, ImageTarget::default(), Variation { of: event.entity, index }));
    }
}

/// Moves every range somewhere else near by.
fn vary_controls(request: &mut Synthesis, generator: &Generator, index: u64) {
    let key = imagine_graph::rng::key(request.seed ^ (index + 1), 0, 0);
    for (at, input) in generator.network().inputs().into_iter().enumerate() {
        let InputKind::Range { min, max, default } = input.kind else { continue };
        let now = match request.controls.get(&input.name) {
            Some(Control::Number(number)) => *number,
            _ => default,
        };
        let random = imagine_graph::rng::uniform(imagine_graph::rng::cell(at as u32, 0, 0, key)) * 2.0 - 1.0;
        let moved = (now + random * SPREAD * (max - min)).clamp(min, max);
        request.controls.insert(input.name.clone(), Control::Number(moved));
    }
}

/// Takes away variations whose request is gone.
pub(crate) fn close_orphans(
    mut commands: Commands,
    variations: Query<(Entity, &Variation)>,
    requests: Query<(), With<Synthesis>>,
) {
    for (entity, variation) in &variations {
        if !requests.contains(variation.of) {
            commands.entity(entity).despawn();
        }
    }
}

/// One variation as the panel shows it.
pub(crate) struct Thumbnail {
    pub request: Synthesis,
    pub texture: Option<egui::TextureId>,
    index: usize,
}

/// The variations of `entity` in their order.
pub(crate) fn thumbnails(
    entity: Entity,
    variations: &Query<(&Variation, &Synthesis, Option<&SynthesisTextures>)>,
    contexts: &mut EguiContexts,
) -> Vec<Thumbnail> {
    let mut thumbnails: Vec<_> = variations
        .iter()
        .filter(|(variation, ..)| variation.of == entity)
        .map(|(variation, request, textures)| {
            let image = textures.and_then(|textures| textures.get(TextureRole::Image));
            let texture = image.map(|image| {
                let known = contexts.image_id(image.id());
                known.unwrap_or_else(|| contexts.add_image(EguiTextureHandle::Weak(image.id())))
            });
            Thumbnail { request: request.clone(), texture, index: variation.index }
        })
        .collect();
    thumbnails.sort_by_key(|thumbnail| thumbnail.index);
    thumbnails
}

/// Shows the thumbnails, `present` with a frame around it; gives the one that was picked.
pub(crate) fn show_thumbnails(ui: &mut egui::Ui, thumbnails: &[Thumbnail], present: &Synthesis) -> Option<Synthesis> {
    let mut picked = None;
    let side = egui::Vec2::splat(SHOWN_SIDE);
    egui::Grid::new("variations").spacing([GAP, GAP]).show(ui, |ui| {
        for row in thumbnails.chunks(COLUMNS) {
            for thumbnail in row {
                let Some(texture) = thumbnail.texture else {
                    ui.add_sized(side, egui::Spinner::new());
                    continue;
                };
                let response = ui.add(egui::Image::new((texture, side)).sense(egui::Sense::click()));
                let request = &thumbnail.request;
                let is_present = request.seed == present.seed && request.controls == present.controls;
                if is_present || response.hovered() {
                    let color = if is_present { theme::ACCENT } else { egui::Color32::WHITE };
                    let stroke = egui::Stroke::new(2.0, color);
                    ui.painter().rect_stroke(response.rect, 2.0, stroke, egui::StrokeKind::Inside);
                }
                if response.on_hover_text(format!("seed {}: click to use it", request.seed)).clicked() {
                    picked = Some(request.clone());
                }
            }
            ui.end_row();
        }
    });
    picked
}
