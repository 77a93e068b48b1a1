//! Layers, from a file and from handles.

use bevy::prelude::*;
use bevy_imagine::prelude::*;

use crate::harness::{LAYERS, NOISE, TestApp, with_app};

const SIZE: UVec2 = UVec2::splat(64);

fn load(app: &TestApp, path: &'static str) -> Handle<Generator> {
    app.app.world().resource::<AssetServer>().load(path)
}

/// The layers of [`LAYERS`].
fn layers(app: &TestApp) -> MaterialLayers {
    let layer = |name: &str| Layer { name: name.into(), ..Layer::new(load(app, NOISE)) };
    let mask = Mask::Height { from: 0.2, to: 0.8 };
    MaterialLayers::new([layer("ground"), Layer { mask, tint: [0.5, 1.0, 0.25], ..layer("snow") }])
}

fn color(app: &TestApp, entity: Entity) -> Vec<u8> {
    app.texels(entity, TextureRole::BaseColor)
}

#[test]
fn a_file_and_handles_make_the_same_and_share_it() {
    with_app(|app| {
        let request = || Synthesis::default().with_size(SIZE).with_seed(4);
        let file = Synthesis { generator: load(app, LAYERS), ..request() };
        let from_file = app.finished((file, MaterialTarget::default()));
        let made = layers(app);
        let from_handles = app.finished((made, request(), MaterialTarget::default()));
        let shown = |entity| app.texture(entity, TextureRole::BaseColor);
        assert_eq!(shown(from_file), shown(from_handles), "equal layers share one result");

        let ground = Synthesis { generator: load(app, NOISE), ..request() };
        let ground = app.finished((ground, MaterialTarget::default()));
        let (layered, ground) = (color(app, from_file), color(app, ground));
        let same = layered.chunks(4).zip(ground.chunks(4)).filter(|(a, b)| a == b).count();
        let texels = (SIZE.x * SIZE.y) as usize;
        assert!(same > texels / 20 && same < texels * 19 / 20, "{same} of {texels} texels show the ground");
    });
}

#[test]
fn controls_and_changes_of_layers_make_them_again() {
    with_app(|app| {
        let made = layers(app);
        let entity = app.finished((made, Synthesis::default().with_size(SIZE), MaterialTarget::default()));
        let first = color(app, entity);
        app.get_mut::<Synthesis>(entity).controls.insert("snow.amount".into(), 0.0.into());
        app.expect_finished();
        let bare = color(app, entity);
        assert_ne!(bare, first);
        app.get_mut::<Synthesis>(entity).controls.insert("snow.amount".into(), 1.0.into());
        app.get_mut::<MaterialLayers>(entity).layers[1].tint = [0.0; 3];
        app.expect_finished();
        let black = color(app, entity);
        assert!(black != first && black != bare);
        assert!(black.chunks(4).any(|texel| texel[..3] == [0; 3]));
    });
}

#[test]
fn faults_name_the_file_and_the_reason() {
    with_app(|app| {
        let fault = |app: &mut TestApp, entity| {
            app.settle();
            app.despawn(entity);
            app.events().join(" ")
        };
        for (path, part) in [("lost.layers.ron", "lost.generator.safetensors"), ("bad.layers.ron", "named `paint`")] {
            let request = Synthesis::new(load(app, path));
            let entity = app.spawn((request, MaterialTarget::default()));
            let message = fault(app, entity);
            assert!(message.contains(path) && message.contains(part), "{message}");
        }
        let mut wrong = layers(app);
        wrong.layers[1].width = 0.0;
        let entity = app.spawn((wrong, MaterialTarget::default()));
        let message = fault(app, entity);
        assert!(message.contains("layer 2 (\"snow\"): width is 0"), "{message}");
    });
}
