//! Embedded living textures: three lines make a material in an app that has no asset folder.

use bevy::prelude::*;
use bevy_imagine::asset::{GeneratorAssetLabel, ImagineAssetPlugin, ModelCard};
use bevy_imagine::default_generators::{ALL, STONE_WALL};
use bevy_imagine::prelude::*;

use crate::stage::{self, Stage};

#[test]
fn three_lines_work_without_files() {
    if !stage::has_adapter() {
        return;
    }
    let nothing = tempfile::tempdir().unwrap();
    let mut stage = Stage::new(&nothing.path().join("no such folder"));
    let assets = stage.app.world().resource::<AssetServer>().clone();
    // Fewer steps than the file asks for, and a small size, for the time that the test takes.
    let synthesis =
        Synthesis { steps: Some(24), ..Synthesis::new(assets.load(STONE_WALL)) }.with_size(UVec2::splat(48));
    let entity = stage.app.world_mut().spawn((synthesis, MaterialTarget::default())).id();
    stage.settle();
    assert_eq!(stage.told(), ["finished"]);
    let texels = stage.read(&stage.map(entity, TextureRole::BaseColor)).swap_remove(0).2;
    let reds = || texels.chunks(4).map(|texel| texel[0]);
    let (darkest, brightest) = (reds().min().unwrap(), reds().max().unwrap());
    assert!(brightest - darkest > 40, "a wall has joints: reds go from {darkest} to {brightest}");
}

#[test]
fn every_embedded_file_is_a_generator_that_says_where_it_comes_from() {
    let mut app = App::new();
    app.add_plugins((TaskPoolPlugin::default(), AssetPlugin::default(), ImagineAssetPlugin));
    let assets = app.world().resource::<AssetServer>().clone();
    let cards: Vec<Handle<ModelCard>> = ALL.map(|path| assets.load(GeneratorAssetLabel::Card.from_asset(path))).into();
    for _ in 0..2000 {
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
