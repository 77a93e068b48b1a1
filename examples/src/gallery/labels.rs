//! The names in front of the exhibits.

use bevy::prelude::*;
use bevy::ui::UiTransform;

use super::layout::{self, Layout};
use super::{Exhibit, Exhibits};

const BACKGROUND: Color = Color::srgba(0.05, 0.05, 0.06, 0.72);

/// The name of an exhibit.
#[derive(Component, Clone, Copy, Debug)]
pub struct ExhibitLabel {
    /// Index in the list of exhibits.
    pub exhibit: usize,
}

pub(super) fn spawn_labels(mut commands: Commands, exhibits: Res<Exhibits>) {
    for (exhibit, Exhibit { title, .. }) in exhibits.0.iter().enumerate() {
        commands.spawn((
            ExhibitLabel { exhibit },
            Text::new(title),
            TextLayout::no_wrap(),
            BackgroundColor(BACKGROUND),
            Node { position_type: PositionType::Absolute, border_radius: BorderRadius::all(px(4)), ..default() },
            // Positions are those of the label's centre.
            UiTransform::from_translation(Val2::percent(-50.0, -50.0)),
        ));
    }
}

/// Keeps every label in front of its exhibit, and hides those that are out of view.
pub(super) fn place_labels(
    camera: Single<(&Camera, &Transform)>,
    exhibits: Res<Exhibits>,
    mut labels: Query<(&ExhibitLabel, &mut Node, &mut TextFont, &mut Visibility)>,
) {
    let (camera, eye) = *camera;
    let Some(picture) = camera.logical_viewport_size() else { return };
    let layout = Layout::new(exhibits.0.len(), picture.x / picture.y);
    let characters = |exhibit: &Exhibit| exhibit.title.chars().count();
    let font_size = layout.font_size(picture, exhibits.0.iter().map(characters).max().unwrap_or(1));
    let rect = |exhibit: &Exhibit, place: Vec3| {
        let centre = camera.world_to_viewport(&GlobalTransform::from(*eye), place).ok()?;
        Some(Rect::from_center_size(centre, layout::label_size(characters(exhibit), font_size)))
    };
    let places = layout.places.iter().map(|place| Layout::label_place(*place));
    let found: Vec<_> = exhibits.0.iter().zip(places).map(|(exhibit, place)| (place, rect(exhibit, place))).collect();
    let visible = layout::visible(&found, &layout.places, eye.translation, picture);
    for (label, mut node, mut font, mut visibility) in &mut labels {
        *visibility = if visible[label.exhibit] { Visibility::Inherited } else { Visibility::Hidden };
        let Some(rect) = found[label.exhibit].1 else { continue };
        (node.left, node.top) = (px(rect.center().x), px(rect.center().y));
        let [x, y] = (layout::PADDING * font_size).to_array().map(px);
        node.padding = UiRect::axes(x, y);
        font.font_size = FontSize::Px(font_size);
    }
}
