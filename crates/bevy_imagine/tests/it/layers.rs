//! Layers, from a file and from handles.

use bevy::math::DVec2;
use bevy::prelude::*;
use bevy_imagine::prelude::*;
use bevy_imagine::{Biomes, mesh_mask};

use crate::generators::noise;
use crate::harness::{LAYERS, NOISE, TestApp, exact_material, with_app};

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
        let from_file = app.finished((file, exact_material()));
        let made = layers(app);
        let from_handles = app.finished((made, request(), exact_material()));
        let shown = |entity| app.texture(entity, TextureRole::BaseColor);
        assert_eq!(shown(from_file), shown(from_handles), "equal layers share one result");

        let ground = Synthesis { generator: load(app, NOISE), ..request() };
        let ground = app.finished((ground, exact_material()));
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
        let entity = app.finished((made, Synthesis::default().with_size(SIZE), exact_material()));
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

#[test]
fn biomes_weigh_layers_over_a_world() {
    with_app(|app| {
        let part = Generator::new("noise", &noise().generator).unwrap();
        let layer = |name: &str| Layer { name: name.into(), ..Layer::new(part.clone()) };
        let layers = vec![layer("ground"), Layer { tint: [0.0, 0.0, 1.0], follow: 0.0, ..layer("water") }];
        let generator = Generator::of_layers("shore", &imagine_graph::MaterialLayers { layers }).unwrap();
        let shore = |place: DVec2, weights: &mut [f32]| {
            weights[1] = (place.x / 64.0).clamp(0.0, 1.0) as f32;
            weights[0] = 1.0 - weights[1];
        };
        let fields = Biomes::of_layers(["water"], shore).fields(&generator, 1.0).unwrap();
        assert!(Biomes::of_layers(["ice"], shore).fields(&generator, 1.0).unwrap().inputs() == ["ice.amount"]);
        let generator = app.add(generator);
        let patch = |app: &mut TestApp, x: i32, width: u32| {
            let patch = WorldPatch { fields: Some(fields.clone()), ..WorldPatch::new(IVec2::new(x, 7)) };
            let request = Synthesis::new(generator.clone()).with_size(UVec2::new(width, 32)).with_seed(4);
            let entity = app.finished((request, patch, exact_material()));
            color(app, entity)
        };
        let (left, right, whole) = (patch(app, -64, 96), patch(app, 32, 96), patch(app, -64, 192));
        let joined: Vec<u8> =
            left.chunks(96 * 4).zip(right.chunks(96 * 4)).flat_map(|(l, r)| [l, r].concat()).collect();
        assert!(joined == whole, "patches meet");
        let column = |x: usize| (0..32).map(move |y| 4 * (192 * y + x));
        assert!(column(20).all(|at| whole[at..at + 2] != [0, 0]), "no water on land");
        assert!(column(170).all(|at| whole[at..at + 2] == [0, 0]), "nothing but water in the sea");
        let wet = column(96).filter(|at| whole[*at..*at + 2] == [0, 0]).count();
        assert!((1..32).contains(&wet), "a shore: {wet} of 32 texels are wet");
    });
}

#[test]
fn a_painted_image_is_a_mask() {
    with_app(|app| {
        let plane = Rectangle::new(2.0, 2.0).mesh().build();
        let right = mesh_mask(&plane, SIZE, |point| f32::from(point.position.x > 0.0)).unwrap();
        let right = app.app.world_mut().resource_mut::<Assets<Image>>().add(right);
        let layer = |name: &str| Layer { name: name.into(), ..Layer::new(load(app, NOISE)) };
        let paint = Layer { mask: Mask::Input("paint".into()), tint: [0.0; 3], follow: 0.0, ..layer("paint") };
        let layers = MaterialLayers::new([layer("ground"), paint]);
        let request = Synthesis::default().with_size(SIZE).with_image("paint", right);
        let entity = app.finished((layers, request, exact_material()));
        let made = color(app, entity);
        let is_black = |index: usize| made[4 * index..4 * index + 3] == [0; 3];
        let side = SIZE.x as usize;
        assert!(
            (0..side * side).all(|index| is_black(index) == (index % side >= side / 2)),
            "the right half is painted"
        );
    });
}
