//! Labels of the gallery, as Bevy's user interface lays them out. No GPU is needed.

use bevy::log::LogPlugin;
use bevy::prelude::*;
use bevy::render::RenderPlugin;
use bevy::render::settings::WgpuSettings;
use bevy::ui::UiGlobalTransform;
use bevy::window::ExitCondition;
use bevy::winit::WinitPlugin;
use bevy_imagine::asset::ImagineAssetPlugin;
use imagine_examples::gallery::layout::overlap;
use imagine_examples::gallery::{self, Exhibit, ExhibitLabel, GalleryPlugin};
use imagine_examples::{ASSETS, Headless};

/// Frames after which labels stand still: the layout follows the picture, labels the layout, text the labels.
const FRAMES: u32 = 6;
/// Size of the picture.
const PICTURE: Rect = Rect { min: Vec2::ZERO, max: Vec2::new(1280.0, 720.0) };

fn show(exhibits: Vec<Exhibit>) -> Headless {
    let no_gpu = WgpuSettings { backends: None, ..default() };
    let plugins = DefaultPlugins
        .set(WindowPlugin { primary_window: None, exit_condition: ExitCondition::DontExit, ..default() })
        .set(AssetPlugin { file_path: ASSETS.into(), ..default() })
        .set(RenderPlugin { render_creation: no_gpu.into(), ..default() })
        .disable::<LogPlugin>()
        .disable::<WinitPlugin>();
    let mut app = App::new();
    app.add_plugins((plugins, ImagineAssetPlugin, GalleryPlugin { exhibits }));
    let mut headless = Headless::new(app);
    headless.wait(FRAMES);
    headless
}

/// Exhibit and rectangle of each label that is shown.
fn labels(headless: &mut Headless) -> Vec<(usize, Rect)> {
    let world = headless.world();
    let mut labels = world.query::<(&ExhibitLabel, &ComputedNode, &UiGlobalTransform, &InheritedVisibility)>();
    let shown = labels.iter(world).filter(|(.., visibility)| visibility.get());
    let rect = |(label, node, at, _): (&ExhibitLabel, &ComputedNode, &UiGlobalTransform, _)| {
        (label.exhibit, Rect::from_center_size(at.translation, node.size()))
    };
    shown.map(rect).collect()
}

fn assert_apart_and_inside(labels: &[(usize, Rect)]) {
    for (index, (_, label)) in labels.iter().enumerate() {
        assert!(label.width() > 0.0 && label.height() > 0.0, "{label:?}");
        assert!(PICTURE.contains(label.min) && PICTURE.contains(label.max), "{label:?}");
        labels[..index].iter().for_each(|(_, other)| assert!(!overlap(*label, *other), "{label:?} on {other:?}"));
    }
}

#[test]
fn every_label_of_the_demo_is_shown_apart_and_inside_the_picture() {
    let exhibits = gallery::exhibits(None).unwrap();
    for count in [1, exhibits.len(), 40] {
        let exhibits: Vec<Exhibit> = exhibits.iter().cloned().cycle().take(count).collect();
        let labels = labels(&mut show(exhibits));
        assert_eq!(labels.len(), count);
        assert_apart_and_inside(&labels);
    }
}

#[test]
fn a_close_up_shows_the_label_of_its_exhibit() {
    let exhibits = gallery::exhibits(None).unwrap();
    let count = exhibits.len();
    let mut headless = show(exhibits);
    for exhibit in 0..count {
        gallery::look_at(headless.world(), exhibit);
        headless.wait(FRAMES);
        let labels = labels(&mut headless);
        assert!(labels.iter().any(|(shown, _)| *shown == exhibit), "{exhibit}: {labels:?}");
        assert_apart_and_inside(&labels);
    }
}
