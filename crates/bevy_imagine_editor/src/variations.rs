//! Nine small variations of a request, to pick one from.

use bevy::prelude::*;
use bevy_egui::{EguiContexts, EguiTextureHandle, egui};
use bevy_imagine::asset::Generator;
use bevy_imagine::prelude::*;
use imagine_graph::{InputKind, Size};

use crate::theme;

/// Approximate side of a variation in texels.
const SIDE: usize = 96;
/// Side of a variation in the panel, in points.
const SHOWN_SIDE: f32 = 104.0;
/// Variations in a row, and the gap between them in points.
const COLUMNS: usize = 3;
const GAP: f32 = 4.0;
/// Largest change of a control while the seed is locked, as a fraction of its range.
const SPREAD: f32 = 0.35;

/// Trigger it on a request to generate nine variations with other seeds, or with the same seed and other values of the
/// ranges.
#[derive(EntityEvent, Clone, Debug)]
pub struct Variations {
    /// The entity with the request.
    pub entity: Entity,
    /// Whether to keep the seed.
    pub keep_seed: bool,
}

/// Marks a variation of another entity's request.
#[derive(Component, Clone, Copy, Debug)]
pub struct Variation {
    /// The entity with the request.
    pub of: Entity,
    /// Its number, from 0.
    pub index: usize,
}

/// Spawns the variations and despawns existing ones.
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

/// Moves every range by a random amount.
fn vary_controls(request: &mut Synthesis, generator: &Generator, index: u64) {
    let key = imagine_graph::rng::key(request.seed ^ (index + 1), 0, 0);
    for (at, input) in generator.network().inputs().into_iter().enumerate() {
        let InputKind::Range { min, max, default } = input.kind else { continue };
        let current = match request.controls.get(&input.name) {
            Some(Control::Number(number)) => *number,
            _ => default,
        };
        let random = imagine_graph::rng::uniform(imagine_graph::rng::cell(at as u32, 0, 0, key)) * 2.0 - 1.0;
        let moved = (current + random * SPREAD * (max - min)).clamp(min, max);
        request.controls.insert(input.name.clone(), Control::Number(moved));
    }
}

/// Despawns variations whose request is gone.
pub(crate) fn despawn_orphans(
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

/// A variation in the panel.
pub(crate) struct Thumbnail {
    pub entity: Entity,
    pub request: Synthesis,
    pub texture: Option<egui::TextureId>,
    index: usize,
}

/// The variations of `entity`, by index.
pub(crate) fn thumbnails(
    entity: Entity,
    variations: &Query<(Entity, &Variation, &Synthesis, Option<&SynthesisTextures>)>,
    contexts: &mut EguiContexts,
) -> Vec<Thumbnail> {
    let mut thumbnails: Vec<_> = variations
        .iter()
        .filter(|(_, variation, ..)| variation.of == entity)
        .map(|(entity, variation, request, textures)| {
            let image = textures.and_then(|textures| textures.get(TextureRole::Image));
            let texture = image.map(|image| {
                let known = contexts.image_id(image.id());
                known.unwrap_or_else(|| contexts.add_image(EguiTextureHandle::Weak(image.id())))
            });
            Thumbnail { entity, request: request.clone(), texture, index: variation.index }
        })
        .collect();
    thumbnails.sort_by_key(|thumbnail| thumbnail.index);
    thumbnails
}

/// Shows the thumbnails with a frame around `current`. Returns the picked one.
pub(crate) fn show_thumbnails(ui: &mut egui::Ui, thumbnails: &[Thumbnail], current: &Synthesis) -> Option<Synthesis> {
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
                let is_current = request.seed == current.seed && request.controls == current.controls;
                if is_current || response.hovered() {
                    let color = if is_current { theme::ACCENT } else { egui::Color32::WHITE };
                    let stroke = egui::Stroke::new(2.0, color);
                    ui.painter().rect_stroke(response.rect, 2.0, stroke, egui::StrokeKind::Inside);
                }
                if response.on_hover_text(format!("Use seed {}", request.seed)).clicked() {
                    picked = Some(request.clone());
                }
            }
            ui.end_row();
        }
    });
    picked
}
