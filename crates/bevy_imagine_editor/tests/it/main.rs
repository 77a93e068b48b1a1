//! The panel without a window, drawn into an image and operated with a pointer.
//!
//! Tests share one app; each starts with a fresh request. Without an adapter they are skipped, or fail if
//! `IMAGINE_REQUIRE_GPU` is 1. `IMAGINE_PICTURES=FOLDER` keeps the screenshots.

mod harness;
#[path = "../../../bevy_imagine/tests/it/shared.rs"]
mod shared;

use bevy::prelude::*;
use bevy_imagine::prelude::*;
use bevy_imagine_editor::{ImagineEditor, Variation};
use harness::{Panel, with_panel};
use imagine_graph::InputKind;

/// A control of the noise material that changes its colours much.
const SLIDER: &str = "coat";

#[test]
fn every_control_has_a_label() {
    with_panel(|panel| {
        let texts: Vec<String> = panel.texts().into_iter().map(|text| text.text).collect();
        let has = |wanted: &str| texts.iter().any(|text| text.contains(wanted));
        let labels = ["Imagine", "Look", "New seed", "Lock", "Show nine variations", "Undo", "Redo", "Size"];
        for wanted in labels.into_iter().chain(["Export PNG", "Finished", "GPU time", "About this generator"]) {
            assert!(has(wanted), "no {wanted:?} among {texts:?}");
        }
        let generator = panel.generator();
        assert!(has(&generator.card().title), "the title of the card: {texts:?}");
        for input in generator.network().inputs() {
            if matches!(input.kind, InputKind::Range { .. } | InputKind::Choice { .. } | InputKind::Color { .. }) {
                let words = input.name.replace('_', " ").to_lowercase();
                assert!(texts.iter().any(|text| text.to_lowercase() == words), "no {words:?} among {texts:?}");
            }
        }
        let picture = panel.picture("panel");
        assert!(picture.colors(panel.window()) > 200, "the panel is drawn");
        assert!(picture.colors(panel.result()) > 60, "the result is drawn");
    });
}

/// Drags the slider from its rail far to the right.
fn drag_slider(panel: &mut Panel) {
    let label = panel.text(SLIDER).rect;
    let at = |x: f32| [label.left() + x, label.center().y].into();
    panel.drag(at(135.0), at(190.0));
}

#[test]
fn dragging_a_slider_changes_the_result() {
    with_panel(|panel| {
        let before = panel.picture("before");
        drag_slider(panel);
        let request = panel.request();
        let Some(Control::Number(value)) = request.controls.get(SLIDER) else { panic!("{:?}", request.controls) };
        assert!((0.2..0.95).contains(value), "{value}");
        panel.settle();
        let after = panel.picture("after");
        assert!(before.difference(&after, panel.result()) > 2.0, "the result follows the slider");
        assert!(before.difference(&after, panel.row(SLIDER)) > 0.5, "the handle has moved");
    });
}

#[test]
fn undo_reverts_a_whole_drag_and_redo_restores_it() {
    with_panel(|panel| {
        drag_slider(panel);
        panel.settle();
        let changed = panel.request();
        panel.click("Undo");
        assert!(!panel.request().controls.contains_key(SLIDER), "{:?}", panel.request().controls);
        panel.settle();
        panel.click("Redo");
        assert_eq!(panel.request(), changed);
    });
}

#[test]
fn a_click_picks_one_of_nine_different_variations() {
    with_panel(|panel| {
        panel.click("Show nine variations");
        panel.settle();
        let picture = panel.picture("variations");
        let places = panel.images();
        assert_eq!(places.len(), 9);
        for (index, place) in places.iter().enumerate() {
            assert!(picture.colors(*place) > 50, "variation {index} is drawn");
            for other in &places[..index] {
                assert!(picture.distance(*place, *other) > 2.0, "variation {index} differs");
            }
        }
        let world = panel.app.world_mut();
        let mut variations = world.query::<(&Variation, &Synthesis)>();
        let picked = variations.iter(world).find(|(variation, _)| variation.index == 4).unwrap().1.clone();
        panel.click_at(places[4].center());
        assert_eq!(panel.request().seed, picked.seed);
    });
}

#[test]
fn a_failure_shows_its_message() {
    with_panel(|panel| {
        panel.request_mut().controls.insert("moisture".into(), 1.0.into());
        panel.settle();
        let message = panel.text("no input \"moisture\"");
        assert!(message.text.contains("scale"), "it lists the inputs: {:?}", message.text);
    });
}

#[test]
fn a_hidden_panel_draws_nothing() {
    with_panel(|panel| {
        panel.app.world_mut().resource_mut::<ImagineEditor>().visible = false;
        panel.settle();
        assert_eq!(panel.texts().len(), 0);
        assert!(panel.picture("hidden").colors(panel.window()) < 20);
    });
}
