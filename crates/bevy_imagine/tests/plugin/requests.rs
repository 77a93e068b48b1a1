//! Requests: equal ones share, changed ones part, refused ones say why, none leaves anything behind.

use bevy::prelude::*;
use bevy_imagine::prelude::*;
use bevy_imagine::{ExportPng, ImagineStats, SynthesisRecipe, SynthesisTextures};

use crate::stage::Stage;

const FILE: &str = "noise.generator.safetensors";
const SIZE: UVec2 = UVec2::new(24, 16);

pub fn run(stage: &mut Stage) {
    equal_requests_share_until_one_changes(stage);
    mistakes_are_told(stage);
    a_target_may_be_missing_or_too_much(stage);
    nothing_is_left_of_many(stage);
    warming_up_is_told(stage);
    an_export_is_marked_and_can_be_made_again(stage);
    assert!(stage.app.world().resource::<ImagineStats>().get().queue == 0);
}

fn equal_requests_share_until_one_changes(stage: &mut Stage) {
    let before = stage.held_bytes();
    let one = stage.request(FILE, SIZE, 40);
    stage.settle();
    let bytes_of_one = stage.held_bytes() - before;
    let two = stage.request(FILE, SIZE, 40);
    stage.settle();
    assert_eq!(stage.told(), ["finished", "finished"]);
    assert_eq!(stage.held_bytes() - before, bytes_of_one, "the second holds nothing of its own");
    let color = stage.map(one, TextureRole::BaseColor);
    assert_eq!(stage.map(two, TextureRole::BaseColor), color);
    let texels = stage.read(&color);

    stage.app.world_mut().get_mut::<Synthesis>(two).unwrap().seed = 41;
    stage.app.update();
    stage.settle();
    let other = stage.map(two, TextureRole::BaseColor);
    assert_ne!(other, color, "what others show is not written again");
    assert_eq!(stage.read(&color), texels);
    assert_ne!(stage.read(&other), texels);

    // Back again while the first is gone: made anew, the same to the byte.
    stage.app.world_mut().despawn(one);
    stage.app.world_mut().get_mut::<Synthesis>(two).unwrap().seed = 40;
    stage.app.update();
    stage.settle();
    assert_eq!(stage.map(two, TextureRole::BaseColor), other, "its own textures are written again");
    assert_eq!(stage.read(&other), texels);
    stage.app.world_mut().despawn(two);
    stage.app.update();
    assert_eq!(stage.held_bytes(), before);
    stage.told();
}

fn mistakes_are_told(stage: &mut Stage) {
    let generator = stage.app.world().resource::<AssetServer>().load(FILE);
    let good = Synthesis::new(generator).with_size(SIZE);
    let mistakes = [
        (good.clone().with_control("wetness", 0.5), "no input \"wetness\""),
        (good.clone().with_control("tint", 2.0), "0 to 1"),
        (good.clone().with_control("tint", "much"), "a number"),
        (good.clone().with_image("photo", Handle::default()), "no image or mask input \"photo\""),
        (Synthesis { steps: Some(3), ..good.clone() }, "not recurrent"),
    ];
    for (request, message) in mistakes {
        let entity = stage.app.world_mut().spawn((request, MaterialTarget::default())).id();
        stage.settle();
        let told = stage.told();
        assert!(told.len() == 1 && told[0].contains(message), "{message}: {told:?}");
        stage.app.world_mut().despawn(entity);
    }
    // A control that is right changes the picture.
    let half = stage.app.world_mut().spawn((good.with_control("tint", 0.0), MaterialTarget::default())).id();
    stage.settle();
    assert_eq!(stage.told(), ["finished"]);
    let texels = &stage.read(&stage.map(half, TextureRole::BaseColor))[0].2;
    assert!(texels.chunks(4).all(|texel| texel[..3] == [0; 3]), "tint 0 is black");
    stage.app.world_mut().despawn(half);
}

fn a_target_may_be_missing_or_too_much(stage: &mut Stage) {
    let generator = stage.app.world().resource::<AssetServer>().load(FILE);
    let request = Synthesis::new(generator).with_size(SIZE);
    let world = stage.app.world_mut();
    let none = world.spawn(request.clone()).id();
    stage.settle();
    let sky = stage.app.world_mut().spawn((request.clone(), SkyTarget::default())).id();
    stage.settle();
    let both = (request.clone(), MaterialTarget::default(), SpriteTarget::sheet(2, 1));
    let both = stage.app.world_mut().spawn(both).id();
    stage.settle();
    let output = ImageTarget { output: "metalness".into(), ..default() };
    let output = stage.app.world_mut().spawn((request, output)).id();
    stage.settle();
    let told = stage.told();
    let expected =
        ["add a MaterialTarget", "no output \"radiance\" for a sky", "need [1, 2] images", "no output \"metalness\""];
    assert_eq!(told.len(), expected.len(), "{told:?}");
    for (told, expected) in told.iter().zip(expected) {
        assert!(told.contains(expected), "{told:?} says not {expected:?}");
    }
    [none, sky, both, output].into_iter().for_each(|entity| _ = stage.app.world_mut().despawn(entity));
}

fn an_export_is_marked_and_can_be_made_again(stage: &mut Stage) {
    let folder = tempfile::tempdir().unwrap();
    let entity = stage.request(FILE, SIZE, 77);
    stage.settle();
    stage.told();
    let export = ExportPng { entity, folder: folder.path().join("new"), name: "noise".into() };
    stage.app.world_mut().trigger(export);
    let file = |name: &str| std::fs::read(folder.path().join("new").join(name));
    for _ in 0..300 {
        stage.app.update();
        std::thread::sleep(std::time::Duration::from_millis(1));
        if file("noise_base_color.png").is_ok() && file("noise_normal.png").is_ok() {
            break;
        }
    }
    let bytes = file("noise_base_color.png").unwrap();
    let recipe = SynthesisRecipe::from_ron(&imagine_png::recipe(&bytes).unwrap()).unwrap();
    assert_eq!((recipe.generator.as_str(), recipe.size, recipe.seed), (FILE, SIZE.into(), 77));
    let marking = b"digitalsourcetype/trainedAlgorithmicMedia";
    assert!(bytes.windows(marking.len()).any(|part| part == marking));
    let assets = stage.app.world().resource::<AssetServer>();
    assert_eq!(recipe.synthesis(assets), *stage.app.world().get::<Synthesis>(entity).unwrap());
    let decoded =
        Image::from_buffer(&bytes, bevy::image::ImageType::Extension("png"), default(), true, default(), default());
    let texels = &stage.read(&stage.map(entity, TextureRole::BaseColor))[0].2;
    assert_eq!(decoded.unwrap().data.as_ref(), Some(texels));
    stage.app.world_mut().despawn(entity);
}

/// Distinct requests, spawned and despawned, some of them in the middle of their work.
fn nothing_is_left_of_many(stage: &mut Stage) {
    let before = stage.held_bytes();
    for round in 0..30 {
        let entity = stage.request(FILE, SIZE, 100 + round);
        if round % 3 == 0 {
            stage.settle();
        } else {
            (0..round % 3).for_each(|_| stage.app.update());
        }
        stage.app.world_mut().despawn(entity);
    }
    (0..3).for_each(|_| stage.app.update());
    assert_eq!(stage.held_bytes(), before);
    let textures = stage.app.world_mut().query::<&SynthesisTextures>().iter(stage.app.world()).count();
    assert_eq!(textures, stage.requests().len());
    stage.told();
}

fn warming_up_is_told(stage: &mut Stage) {
    #[derive(Resource, Default)]
    struct Warm(Vec<bool>);
    stage.app.init_resource::<Warm>();
    stage.app.add_observer(|event: On<WarmUpFinished>, mut warm: ResMut<Warm>| warm.0.push(event.result.is_ok()));
    for file in [FILE, "bad.generator.safetensors"] {
        let generator = stage.app.world().resource::<AssetServer>().load(file);
        stage.app.world_mut().trigger(WarmUp { generator });
        for _ in 0..200 {
            stage.app.update();
            std::thread::sleep(std::time::Duration::from_millis(1));
            if stage.app.world().resource::<Warm>().0.len() == if file == FILE { 1 } else { 2 } {
                break;
            }
        }
    }
    assert_eq!(stage.app.world().resource::<Warm>().0, [true, false]);
}
