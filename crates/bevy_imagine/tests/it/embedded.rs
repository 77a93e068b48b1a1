//! Embedded generators work without asset files.

use bevy::prelude::*;
use bevy_imagine::asset::{GeneratorAssetLabel, ImagineAssetPlugin, ModelCard};
use bevy_imagine::default_generators::{ALL, RED_BRICKS};
use bevy_imagine::prelude::*;

use crate::harness::{exact_material, with_app};

#[test]
fn an_embedded_generator_makes_a_material() {
    with_app(|app| {
        let generator = app.app.world().resource::<AssetServer>().load(RED_BRICKS);
        let synthesis = Synthesis::new(generator).with_size(UVec2::splat(64));
        let target = MaterialTarget { surface: Some(Vec2::splat(2.0)), ..exact_material() };
        let entity = app.finished((synthesis, target));
        // 64 of 1024 texels show 0.125 of the exemplar's 2 metres.
        let scale = app.material(entity).uv_transform;
        assert!((scale.matrix2.x_axis.x - 16.0).abs() < 0.5, "{scale:?}");
        let texels = app.texels(entity, TextureRole::BaseColor);
        let reds = || texels.chunks(4).map(|texel| texel[0]);
        let (darkest, brightest) = (reds().min().unwrap(), reds().max().unwrap());
        assert!(brightest - darkest > 40, "a wall has joints: reds go from {darkest} to {brightest}");
    });
}

#[test]
fn every_embedded_generator_has_a_card_with_licence_and_training_data() {
    let mut app = App::new();
    let no_files = AssetPlugin { file_path: "no such folder".into(), ..default() };
    app.add_plugins((TaskPoolPlugin::default(), no_files, ImagineAssetPlugin));
    let assets = app.world().resource::<AssetServer>().clone();
    let cards: Vec<Handle<ModelCard>> = ALL.map(|path| assets.load(GeneratorAssetLabel::Card.from_asset(path))).into();
    for _ in 0..60_000 {
        app.update();
        if cards.iter().all(|card| assets.is_loaded_with_dependencies(card)) {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    for card in cards {
        let card = app.world().resource::<Assets<ModelCard>>().get(&card).expect("it is loaded");
        assert!(!card.license.is_empty() && !card.training_data.is_empty(), "{card:?}");
    }
}
