//! Colours and spacing of the panel. The game's egui style stays unchanged.

use bevy_egui::egui::{self, Color32, CornerRadius, FontFamily, FontId, Frame, Margin, RichText, Stroke, TextStyle};

/// Main actions and the current variation.
pub(crate) const ACCENT: Color32 = Color32::from_rgb(240, 150, 70);
/// Finished results.
pub(crate) const GOOD: Color32 = Color32::from_rgb(120, 200, 120);
/// Failed requests.
pub(crate) const BAD: Color32 = Color32::from_rgb(240, 110, 110);

const WINDOW: Color32 = Color32::from_rgba_premultiplied(22, 23, 27, 244);
const SECTION: Color32 = Color32::from_rgb(32, 34, 40);
const WIDGET: Color32 = Color32::from_rgb(52, 55, 64);
const HOVERED: Color32 = Color32::from_rgb(68, 72, 84);
const TEXT: Color32 = Color32::from_rgb(222, 224, 230);
const FAINT: Color32 = Color32::from_rgb(150, 154, 166);

/// Height of buttons and sliders in points.
const ROW: f32 = 22.0;

/// The frame of the window.
pub(crate) fn window_frame() -> Frame {
    Frame::NONE
        .fill(WINDOW)
        .stroke(Stroke::new(1.0, WIDGET))
        .corner_radius(CornerRadius::same(8))
        .inner_margin(Margin::same(10))
}

/// The frame of the window title.
pub(crate) fn title_frame() -> Frame {
    Frame::NONE.inner_margin(Margin::symmetric(10, 6))
}

/// Applies the style to `ui` and its children.
pub(crate) fn apply(ui: &mut egui::Ui) {
    let style = ui.style_mut();
    style.text_styles.insert(TextStyle::Heading, FontId::new(18.0, FontFamily::Proportional));
    style.text_styles.insert(TextStyle::Body, FontId::new(13.5, FontFamily::Proportional));
    style.text_styles.insert(TextStyle::Button, FontId::new(13.5, FontFamily::Proportional));
    style.text_styles.insert(TextStyle::Small, FontId::new(11.5, FontFamily::Proportional));
    style.spacing.item_spacing = egui::vec2(6.0, 5.0);
    style.spacing.button_padding = egui::vec2(9.0, 3.0);
    style.spacing.interact_size.y = ROW;
    let visuals = &mut style.visuals;
    visuals.override_text_color = Some(TEXT);
    visuals.slider_trailing_fill = true;
    visuals.selection.bg_fill = ACCENT.gamma_multiply(0.75);
    visuals.selection.stroke = Stroke::new(1.0, Color32::WHITE);
    visuals.widgets.inactive.bg_fill = WIDGET;
    visuals.widgets.inactive.weak_bg_fill = WIDGET;
    visuals.widgets.inactive.bg_stroke = Stroke::new(1.0, HOVERED);
    visuals.widgets.hovered.bg_fill = HOVERED;
    visuals.widgets.hovered.weak_bg_fill = HOVERED;
    visuals.widgets.noninteractive.bg_stroke = Stroke::new(1.0, WIDGET);
    for state in [&mut visuals.widgets.inactive, &mut visuals.widgets.hovered, &mut visuals.widgets.active] {
        state.corner_radius = CornerRadius::same(5);
    }
}

/// A titled section with a short hint.
pub(crate) fn section<R>(ui: &mut egui::Ui, title: &str, hint: &str, add: impl FnOnce(&mut egui::Ui) -> R) -> R {
    let frame = Frame::NONE.fill(SECTION).corner_radius(CornerRadius::same(6)).inner_margin(Margin::symmetric(10, 8));
    frame
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.horizontal(|ui| {
                ui.label(RichText::new(title).strong());
                ui.label(faint(hint));
            });
            add(ui)
        })
        .inner
}

/// Secondary text.
pub(crate) fn faint(text: impl Into<String>) -> RichText {
    RichText::new(text).small().color(FAINT)
}

/// A button for the main action.
pub(crate) fn primary_button(text: &str) -> egui::Button<'_> {
    egui::Button::new(RichText::new(text).color(Color32::BLACK).strong()).fill(ACCENT)
}
