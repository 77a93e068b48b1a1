//! Widgets made from a generator's inputs.

use bevy::prelude::*;
use bevy_egui::egui;
use bevy_imagine::asset::Generator;
use bevy_imagine::prelude::*;
use imagine_graph::{GraphInput, InputKind};

/// Shows a widget for every input that a person can set. True if one changed `request`.
pub(crate) fn show_controls(ui: &mut egui::Ui, request: &mut Synthesis, generator: &Generator) -> bool {
    let mut changed = false;
    egui::Grid::new("controls").num_columns(2).show(ui, |ui| {
        for input in generator.network().inputs() {
            let Some(mut control) = present(request, input) else { continue };
            ui.label(input.name.replace('_', " "));
            if show_control(ui, input, &mut control) {
                request.controls.insert(input.name.clone(), control);
                changed = true;
            }
            ui.end_row();
        }
    });
    changed
}

/// The value that an input has now; `None` if it is nothing that a widget sets.
fn present(request: &Synthesis, input: &GraphInput) -> Option<Control> {
    let set = request.controls.get(&input.name).cloned();
    let default = match &input.kind {
        InputKind::Range { default, .. } => Control::Number(*default),
        InputKind::Choice { options, default } => Control::Text(options.get(*default)?.clone()),
        InputKind::Color { default: [red, green, blue] } => Control::Color(LinearRgba::rgb(*red, *green, *blue)),
        _ => return None,
    };
    Some(set.unwrap_or(default))
}

fn show_control(ui: &mut egui::Ui, input: &GraphInput, control: &mut Control) -> bool {
    match (&input.kind, control) {
        (InputKind::Range { min, max, .. }, Control::Number(number)) => {
            ui.add(egui::Slider::new(number, *min..=*max)).changed()
        }
        (InputKind::Choice { options, .. }, control) => {
            let shown = match &*control {
                Control::Text(text) => text.clone(),
                Control::Number(index) => options.get(*index as usize).cloned().unwrap_or_default(),
                Control::Color(_) => String::new(),
            };
            let before = shown.clone();
            let mut chosen = shown;
            egui::ComboBox::from_id_salt(&input.name).selected_text(&chosen).show_ui(ui, |ui| {
                for option in options {
                    ui.selectable_value(&mut chosen, option.clone(), option);
                }
            });
            let changed = chosen != before;
            *control = Control::Text(chosen);
            changed
        }
        (InputKind::Color { .. }, Control::Color(color)) => {
            let mut rgb = color.to_f32_array_no_alpha();
            let changed = ui.color_edit_button_rgb(&mut rgb).changed();
            *color = LinearRgba::rgb(rgb[0], rgb[1], rgb[2]);
            changed
        }
        // Set by the game to something else than what the widget shows, as a range to a text.
        (_, Control::Text(text)) => ui.text_edit_singleline(text).changed(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widgets_begin_at_the_defaults_of_the_file_and_keep_what_is_set() {
        let input = |kind| GraphInput { name: "i".into(), kind, dtype: imagine_graph::DType::F32, shape: Vec::new() };
        let range = input(InputKind::Range { min: 0.0, max: 2.0, default: 0.5 });
        let choice = input(InputKind::Choice { options: vec!["moss".into(), "sand".into()], default: 1 });
        let mut request = Synthesis::default();
        assert_eq!(present(&request, &range), Some(Control::Number(0.5)));
        assert_eq!(present(&request, &choice), Some(Control::Text("sand".into())));
        assert_eq!(present(&request, &input(InputKind::Mask)), None);
        request.controls.insert("i".into(), Control::Number(2.0));
        assert_eq!(present(&request, &range), Some(Control::Number(2.0)));
    }
}
