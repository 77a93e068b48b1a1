//! Widgets for a generator's inputs.

use bevy::prelude::*;
use bevy_egui::egui;
use bevy_imagine::asset::Generator;
use bevy_imagine::prelude::*;
use imagine_graph::{GraphInput, InputKind};

use crate::theme;

/// Widths in points: the column of names, the number next to a slider, the reset button.
const NAME: f32 = 106.0;
const NUMBER: f32 = 46.0;
const RESET: f32 = 22.0;

/// Whether the generator has an input with a widget.
pub(crate) fn has_controls(generator: &Generator) -> bool {
    generator.network().inputs().into_iter().any(|input| default_of(input).is_some())
}

/// Shows a widget for each input that has one. Changes go into `request`.
pub(crate) fn show_controls(ui: &mut egui::Ui, request: &mut Synthesis, generator: &Generator) {
    for input in generator.network().inputs() {
        let Some(mut control) = current_value(request, input) else { continue };
        ui.horizontal(|ui| {
            let name = title(&input.name);
            let size = egui::vec2(NAME, ui.spacing().interact_size.y);
            ui.allocate_ui_with_layout(size, egui::Layout::left_to_right(egui::Align::Center), |ui| {
                ui.set_width(NAME);
                ui.add(egui::Label::new(&name).truncate()).on_hover_text(hint(&input.kind));
            });
            if show_control(ui, input, &mut control) {
                request.controls.insert(input.name.clone(), control);
            }
            if request.controls.contains_key(&input.name) {
                let reset = ui.add_sized([RESET, ui.spacing().interact_size.y], egui::Button::new("⟲").frame(false));
                if reset.on_hover_text(format!("Reset {name}")).clicked() {
                    request.controls.remove(&input.name);
                }
            }
        });
    }
}

/// Turns `base_roughness` into "Base roughness".
pub(crate) fn title(name: &str) -> String {
    let words = name.replace('_', " ");
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// Tooltip with the range of an input.
fn hint(kind: &InputKind) -> String {
    match kind {
        InputKind::Range { min, max, default } => format!("{min} to {max}, default {default}"),
        InputKind::Choice { options, .. } => format!("One of {}", options.join(", ")),
        InputKind::Color { .. } => "A colour".into(),
        InputKind::Prompt { .. } => "A description in words".into(),
        _ => String::new(),
    }
}

/// The default of an input; `None` if it has no widget.
fn default_of(input: &GraphInput) -> Option<Control> {
    Some(match &input.kind {
        InputKind::Range { default, .. } => Control::Number(*default),
        InputKind::Choice { options, default } => Control::Text(options.get(*default)?.clone()),
        InputKind::Color { default: [red, green, blue] } => Control::Color(LinearRgba::rgb(*red, *green, *blue)),
        InputKind::Prompt { default, .. } => Control::Text(default.clone()),
        _ => return None,
    })
}

/// The value of an input in the request, or its default.
fn current_value(request: &Synthesis, input: &GraphInput) -> Option<Control> {
    let default = default_of(input)?;
    Some(request.controls.get(&input.name).cloned().unwrap_or(default))
}

fn show_control(ui: &mut egui::Ui, input: &GraphInput, control: &mut Control) -> bool {
    let width = (ui.available_width() - RESET - ui.spacing().item_spacing.x).max(40.0);
    match (&input.kind, control) {
        (InputKind::Range { min, max, .. }, Control::Number(number)) => {
            ui.spacing_mut().slider_width = (width - NUMBER - ui.spacing().item_spacing.x).max(20.0);
            let slider = ui.add(egui::Slider::new(number, *min..=*max).show_value(false));
            let speed = f64::from(max - min) / 200.0;
            let value = egui::DragValue::new(number).range(*min..=*max).speed(speed).max_decimals(2);
            ui.add_sized([NUMBER, ui.spacing().interact_size.y], value).changed() | slider.changed()
        }
        (InputKind::Choice { options, .. }, control) => show_choice(ui, &input.name, options, control, width),
        (InputKind::Color { .. }, Control::Color(color)) => {
            ui.spacing_mut().interact_size.x = width;
            let mut rgb = color.to_f32_array_no_alpha();
            let changed = ui.color_edit_button_rgb(&mut rgb).changed();
            *color = LinearRgba::rgb(rgb[0], rgb[1], rgb[2]);
            changed
        }
        // Also values that the game has set as text.
        (_, Control::Text(text)) => ui.add(egui::TextEdit::singleline(text).desired_width(width)).changed(),
        _ => {
            ui.label(theme::faint("Set by the game"));
            false
        }
    }
}

fn show_choice(ui: &mut egui::Ui, name: &str, options: &[String], control: &mut Control, width: f32) -> bool {
    let before = match &*control {
        Control::Text(text) => text.clone(),
        Control::Number(index) => options.get(*index as usize).cloned().unwrap_or_default(),
        Control::Color(_) => String::new(),
    };
    let mut chosen = before.clone();
    egui::ComboBox::from_id_salt(name).selected_text(&chosen).width(width).show_ui(ui, |ui| {
        for option in options {
            ui.selectable_value(&mut chosen, option.clone(), option);
        }
    });
    let changed = chosen != before;
    *control = Control::Text(chosen);
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widgets_show_set_values_or_defaults() {
        let input = |kind| GraphInput { name: "i".into(), kind, dtype: imagine_graph::DType::F32, shape: Vec::new() };
        let range = input(InputKind::Range { min: 0.0, max: 2.0, default: 0.5 });
        let choice = input(InputKind::Choice { options: vec!["moss".into(), "sand".into()], default: 1 });
        let prompt = input(InputKind::Prompt { buckets: 64, default: "a fish".into() });
        let mut request = Synthesis::default();
        assert_eq!(current_value(&request, &range), Some(Control::Number(0.5)));
        assert_eq!(current_value(&request, &choice), Some(Control::Text("sand".into())));
        assert_eq!(current_value(&request, &prompt), Some(Control::Text("a fish".into())));
        assert_eq!(current_value(&request, &input(InputKind::Mask)), None);
        request.controls.insert("i".into(), Control::Number(2.0));
        assert_eq!(current_value(&request, &range), Some(Control::Number(2.0)));
    }

    #[test]
    fn titles_are_capitalised_words() {
        assert_eq!(title("base_roughness"), "Base roughness");
        assert_eq!((title("é_b"), title("")), ("É b".into(), String::new()));
    }
}
