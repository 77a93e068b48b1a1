//! Labeled assets of generator files: loaded without keeping the network, loaded again after a change, and for ONNX files too.

use std::path::Path;

use bevy::prelude::*;
use bevy_imagine::asset::{Generator, GeneratorAssetLabel, GeneratorInterface, ImagineAssetPlugin, ModelCard};
use imagine_graph::file::{WeightFormat, write};
use imagine_graph::{Add, Card, Dim, Graph, InputKind, OutputKind, Provenance, RandomUniform, SizeRule};

const FILE: &str = "moss.generator.safetensors";

#[test]
fn a_card_loads_without_its_network_and_reloads_with_the_file() {
    let folder = tempfile::tempdir().unwrap();
    save(folder.path(), "Moss");
    let mut app = app(folder.path());
    let assets = app.world().resource::<AssetServer>().clone();
    let card: Handle<ModelCard> = assets.load(GeneratorAssetLabel::Card.from_asset(FILE));
    let interface: Handle<GeneratorInterface> = assets.load(format!("{FILE}#Interface"));
    wait(&mut app, |world| world.resource::<Assets<GeneratorInterface>>().get(&interface).is_some());
    let found = app.world().resource::<Assets<ModelCard>>().get(&card).expect("card and interface load together");
    assert_eq!(found.0, described("Moss"));
    let found = app.world().resource::<Assets<GeneratorInterface>>().get(&interface).unwrap();
    assert_eq!(found.inputs.iter().map(|input| input.name.as_str()).collect::<Vec<_>>(), ["wet"]);
    assert_eq!(found.outputs.iter().map(|output| output.kind).collect::<Vec<_>>(), [OutputKind::BaseColor]);
    assert!(found.size.tiles && found.steps.is_none() && found.hash.len() == 64);
    (0..5).for_each(|_| app.update());
    assert!(app.world().resource::<Assets<Generator>>().is_empty(), "nobody holds the network");

    // A reload by hand needs a handle of the root asset.
    let _network: Handle<Generator> = assets.load(FILE);
    wait(&mut app, |world| !world.resource::<Assets<Generator>>().is_empty());
    save(folder.path(), "Wet moss");
    assets.reload(FILE);
    wait(&mut app, |world| world.resource::<Assets<ModelCard>>().get(&card).is_some_and(|c| c.title == "Wet moss"));
}

#[test]
fn an_unknown_label_is_an_error_that_lists_the_known_ones() {
    let folder = tempfile::tempdir().unwrap();
    save(folder.path(), "Moss");
    let mut app = app(folder.path());
    let assets = app.world().resource::<AssetServer>().clone();
    let license: Handle<ModelCard> = assets.load(format!("{FILE}#Licence"));
    wait(&mut app, |_| assets.load_state(&license).is_failed());
    let bevy::asset::LoadState::Failed(error) = assets.load_state(&license) else { unreachable!() };
    let message = error.to_string();
    assert!(["Licence", "Card", "Interface"].iter().all(|label| message.contains(label)), "{message}");
}

#[cfg(feature = "onnx")]
#[test]
fn an_onnx_file_has_labeled_assets() {
    let mut app = app(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets"));
    let assets = app.world().resource::<AssetServer>().clone();
    let card: Handle<ModelCard> = assets.load("onnx/sketch.onnx#Card");
    let interface: Handle<GeneratorInterface> =
        assets.load(GeneratorAssetLabel::Interface.from_asset("onnx/sketch.onnx"));
    wait(&mut app, |world| world.resource::<Assets<GeneratorInterface>>().get(&interface).is_some());
    assert!(app.world().resource::<Assets<ModelCard>>().get(&card).is_some());
    let found = app.world().resource::<Assets<GeneratorInterface>>().get(&interface).unwrap();
    assert_eq!(found.inputs.iter().map(|input| input.name.as_str()).collect::<Vec<_>>(), ["photo"]);
}

/// An app that only loads generators.
fn app(folder: &Path) -> App {
    let mut app = App::new();
    let file_path = folder.to_string_lossy().into_owned();
    let assets = AssetPlugin { file_path, watch_for_changes_override: Some(false), ..default() };
    app.add_plugins((TaskPoolPlugin::default(), assets, ImagineAssetPlugin));
    app
}

fn wait(app: &mut App, done: impl Fn(&World) -> bool) {
    for _ in 0..5000 {
        app.update();
        if done(app.world()) {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    panic!("nothing was loaded after 5000 frames");
}

fn described(title: &str) -> Card {
    let data = Provenance { name: "Ground".into(), license: "CC0-1.0".into(), ..default() };
    Card { title: title.into(), license: "MIT".into(), training_data: vec![data], ..default() }
}

fn save(folder: &Path, title: &str) {
    let mut graph = Graph::default();
    graph.input("wet", InputKind::Range { min: 0.0, max: 1.0, default: 0.5 }, vec![Dim::Fixed(1); 4]);
    graph.push("random", RandomUniform { shape: Dim::nchw(3), ..default() }, []);
    graph.push("color", Add {}, ["random", "wet"]);
    graph.output("color", OutputKind::BaseColor);
    let size = SizeRule { tiles: true, ..default() };
    let generator = imagine_graph::Generator { output: graph, recurrence: None, size, card: described(title) };
    std::fs::write(folder.join(FILE), write(&generator, WeightFormat::F32).unwrap()).unwrap();
}
