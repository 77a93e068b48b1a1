//! The panel without a window, drawn into an image and worked with a pointer: what it says, what its widgets do, and that the
//! picture changes with them.
//!
//! `IMAGINE_PICTURES=FOLDER` keeps the pictures for a person to look at.

mod stage;

use bevy::prelude::*;
use bevy_imagine::prelude::*;
use bevy_imagine_editor::{ImagineEditor, Variation};
use imagine_graph::InputKind;
use stage::Stage;

/// A control of the noise material that changes its colours much.
const SLIDER: &str = "coat";

#[test]
fn a_person_finds_their_way() {
    if !stage::has_adapter() {
        return;
    }
    let mut stage = Stage::new();
    everything_is_labelled(&mut stage);
    a_dragged_slider_changes_the_picture_once(&mut stage);
    undo_takes_it_back(&mut stage);
    nine_variations_differ_and_one_is_picked(&mut stage);
    a_failure_says_why(&mut stage);
    the_panel_can_be_put_away(&mut stage);
}

fn everything_is_labelled(stage: &mut Stage) {
    stage.settle();
    let texts: Vec<String> = stage.texts().into_iter().map(|text| text.text).collect();
    let has = |wanted: &str| texts.iter().any(|text| text.contains(wanted));
    for wanted in ["Imagine", "Look", "New seed", "Lock", "Show nine variations", "Undo", "Redo", "Size", "Export PNG"]
    {
        assert!(has(wanted), "no {wanted:?} among {texts:?}");
    }
    assert!(has("finished") && has("GPU time") && has("About this generator"), "{texts:?}");
    let generator = stage.generator();
    assert!(has(&generator.card().title), "the title of the card: {texts:?}");
    for input in generator.network().inputs() {
        if matches!(input.kind, InputKind::Range { .. } | InputKind::Choice { .. } | InputKind::Color { .. }) {
            let words = input.name.replace('_', " ").to_lowercase();
            assert!(texts.iter().any(|text| text.to_lowercase() == words), "no {words:?} among {texts:?}");
        }
    }
    let picture = stage.picture("panel");
    assert!(picture.colors(stage.panel()) > 200, "the panel is drawn");
    assert!(picture.colors(stage.result()) > 60, "the result is drawn");
}

fn a_dragged_slider_changes_the_picture_once(stage: &mut Stage) {
    let before = stage.picture("before");
    let label = stage.text(SLIDER);
    let y = label.rect.center().y;
    // Somewhere on the rail, then far to the right.
    let (from, to) = (label.rect.left() + 135.0, label.rect.left() + 190.0);
    stage.drag([from, y].into(), [to, y].into());
    let request = stage.request();
    let Some(Control::Number(value)) = request.controls.get(SLIDER) else { panic!("{:?}", request.controls) };
    assert!((0.2..0.95).contains(value), "{value}");
    stage.settle();
    let after = stage.picture("after");
    assert!(before.difference(&after, stage.result()) > 2.0, "the picture follows the slider");
    assert!(before.difference(&after, stage.row(SLIDER)) > 0.5, "the handle has moved");
}

fn undo_takes_it_back(stage: &mut Stage) {
    let changed = stage.request();
    stage.click("Undo");
    assert!(!stage.request().controls.contains_key(SLIDER), "one drag is one change: {:?}", stage.request().controls);
    stage.settle();
    stage.click("Redo");
    assert_eq!(stage.request(), changed);
    stage.settle();
}

fn nine_variations_differ_and_one_is_picked(stage: &mut Stage) {
    stage.click("Show nine variations");
    stage.settle();
    let picture = stage.picture("variations");
    let places = stage.images();
    assert_eq!(places.len(), 9);
    for (index, place) in places.iter().enumerate() {
        assert!(picture.colors(*place) > 50, "variation {index} is drawn");
        for other in &places[..index] {
            assert!(picture.distance(*place, *other) > 2.0, "variation {index} is one of its own");
        }
    }
    let world = stage.app.world_mut();
    let mut variations = world.query::<(&Variation, &Synthesis)>();
    let picked = variations.iter(world).find(|(variation, _)| variation.index == 4).unwrap().1.clone();
    stage.click_at(places[4].center());
    assert_eq!(stage.request().seed, picked.seed);
    stage.settle();
}

fn a_failure_says_why(stage: &mut Stage) {
    let mut request = stage.request_mut();
    request.controls.insert("moisture".into(), 1.0.into());
    stage.settle();
    let told = stage.text("no input \"moisture\"");
    assert!(told.text.contains("scale"), "it names the inputs that there are: {:?}", told.text);
    stage.request_mut().controls.remove("moisture");
    stage.settle();
}

fn the_panel_can_be_put_away(stage: &mut Stage) {
    stage.app.world_mut().resource_mut::<ImagineEditor>().visible = false;
    stage.settle();
    assert_eq!(stage.texts().len(), 0);
    assert!(stage.picture("away").colors(stage.panel()) < 20);
}
