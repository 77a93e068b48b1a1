//! Targets: images and layers of them, sheets of sprites, skies with their light, and pictures as inputs.

use bevy::light::{EnvironmentMapLight, Skybox};
use bevy::prelude::*;
use bevy::render::render_resource::{Extent3d, TextureDimension, TextureFormat};
use bevy::time::TimeUpdateStrategy;
use bevy_imagine::prelude::*;
use burn::backend::Flex;
use half::f16;
use imagine_graph::{
    Add, Card, ColorSpace, Dim, Graph, InputKind, Mul, OutputKind, RandomUniform, Recurrence, Relu, Request, Size,
    SizeRule, Tensor, ValidGenerator,
};

use crate::stage::Stage;

const FILE: &str = "noise.generator.safetensors";

pub fn run(stage: &mut Stage, noise: &ValidGenerator) {
    an_image_is_made_behind_a_reserved_handle(stage);
    layers_are_filled_one_by_one(stage);
    a_sheet_holds_the_images_of_a_batch(stage, noise);
    a_sky_lights_what_it_surrounds(stage);
    a_picture_is_an_input(stage);
    a_living_result_goes_on(stage);
}

fn synthesis(stage: &Stage, size: UVec2, seed: u64) -> Synthesis {
    let generator = stage.app.world().resource::<AssetServer>().load(FILE);
    Synthesis::new(generator).with_size(size).with_seed(seed)
}

fn spawn<B: Bundle>(stage: &mut Stage, bundle: B) -> Entity {
    let entity = stage.app.world_mut().spawn(bundle).id();
    stage.settle();
    assert_eq!(stage.told(), ["finished"]);
    entity
}

fn an_image_is_made_behind_a_reserved_handle(stage: &mut Stage) {
    let handle = stage.app.world().resource::<Assets<Image>>().reserve_handle();
    let target = ImageTarget { output: "height".into(), mips: true, ..ImageTarget::new(handle.clone()) };
    let request = synthesis(stage, UVec2::new(16, 8), 1);
    let entity = spawn(stage, (request, target));
    let levels = stage.read(&handle);
    assert_eq!(levels.iter().map(|(w, h, _)| (*w, *h)).collect::<Vec<_>>(), [(16, 8), (8, 4), (4, 2), (2, 1), (1, 1)]);
    assert!(levels[0].2.chunks(4).all(|t| t[0] == t[1] && t[1] == t[2] && t[3] == 255), "a height is grey");
    // Another size makes the image anew behind the same handle.
    stage.app.world_mut().get_mut::<Synthesis>(entity).unwrap().size = UVec2::new(4, 12);
    stage.app.update();
    stage.settle();
    assert_eq!(stage.told(), ["finished"]);
    assert_eq!((stage.read(&handle)[0].0, stage.read(&handle)[0].1), (4, 12));
    stage.app.world_mut().despawn(entity);
}

fn layers_are_filled_one_by_one(stage: &mut Stage) {
    let size = UVec2::splat(8);
    let image = ImageTarget::color_layers(size, 3, false);
    let handle = stage.app.world_mut().resource_mut::<Assets<Image>>().add(image);
    let mut expected = Vec::new();
    let mut entities = Vec::new();
    for layer in 0..3 {
        let request = synthesis(stage, size, 70 + u64::from(layer));
        let target = ImageTarget { output: "color".into(), layer, ..ImageTarget::new(handle.clone()) };
        entities.push(spawn(stage, (request.clone(), target)));
        // The same by itself.
        let alone = spawn(stage, (request, ImageTarget { output: "color".into(), ..default() }));
        let textures = stage.app.world().get::<SynthesisTextures>(alone).unwrap();
        expected.push(stage.read(&textures.get(TextureRole::Image).unwrap().clone()));
        entities.push(alone);
    }
    for (layer, expected) in (0..).zip(&expected) {
        assert_eq!(stage.read_layer(&handle, layer), *expected, "layer {layer}");
    }
    let request = synthesis(stage, size, 1);
    let beyond = ImageTarget { layer: 3, ..ImageTarget::new(handle) };
    entities.push(stage.app.world_mut().spawn((request, beyond)).id());
    stage.settle();
    let told = stage.told();
    assert!(told.len() == 1 && told[0].contains("it has 3 layers of 8x8"), "{told:?}");
    entities.into_iter().for_each(|entity| _ = stage.app.world_mut().despawn(entity));
}

fn a_sheet_holds_the_images_of_a_batch(stage: &mut Stage, noise: &ValidGenerator) {
    let [width, height] = [12usize, 10];
    let request = synthesis(stage, UVec2::new(12, 10), 9);
    let entity = spawn(stage, (request, SpriteTarget::sheet(3, 2)));
    let sprite = stage.app.world().get::<Sprite>(entity).unwrap().clone();
    let layouts = stage.app.world().resource::<Assets<TextureAtlasLayout>>();
    let layout = layouts.get(&sprite.texture_atlas.unwrap().layout).unwrap().clone();
    assert_eq!((layout.textures.len(), layout.size), (6, UVec2::new(36, 20)));
    let (sheet_width, _, texels) = stage.read(&sprite.image).swap_remove(0);
    let request = Request::new(Size::new(height, width).with_batch(6), 9);
    let generated = imagine_burn::generate::<Flex>(noise, &request, &default()).unwrap();
    let planes = generated.outputs[0].1.as_f32().unwrap();
    for (variant, rect) in layout.textures.iter().enumerate() {
        for y in 0..height {
            for x in 0..width {
                let at = (rect.min.y as usize + y) * sheet_width as usize + rect.min.x as usize + x;
                for channel in 0..3 {
                    let plane = (variant * 3 + channel) * width * height;
                    let expected = planes[plane + y * width + x] * 255.0;
                    let found = f32::from(texels[at * 4 + channel]);
                    assert!((found - expected).abs() <= 1.0, "variant {variant} at {x}, {y}: {found} {expected}");
                }
            }
        }
    }
    // The atlas keeps its index when the request changes.
    stage.app.world_mut().get_mut::<Sprite>(entity).unwrap().texture_atlas.as_mut().unwrap().index = 4;
    stage.app.world_mut().get_mut::<Synthesis>(entity).unwrap().seed = 10;
    stage.app.update();
    stage.settle();
    assert_eq!(stage.told(), ["finished"]);
    assert_eq!(stage.app.world().get::<Sprite>(entity).unwrap().texture_atlas.as_ref().unwrap().index, 4);
    stage.app.world_mut().despawn(entity);
}

fn a_sky_lights_what_it_surrounds(stage: &mut Stage) {
    // A sky of one radiance: every direction gets the same light, whatever the roughness.
    let radiance = [0.5f32, 2.0, 300.0];
    let mut graph = Graph::default();
    graph.push("random", RandomUniform { shape: Dim::nchw(3), low: 0.0, high: 1e-30, ..default() }, []);
    graph.weight("sky", Tensor::f32([1, 3, 1, 1], radiance));
    graph.push("radiance", Add {}, ["random", "sky"]);
    graph.output("radiance", OutputKind::Radiance);
    let generator = add(stage, "even sky", graph);
    let request = Synthesis::new(generator).with_size(UVec2::splat(16));
    let entity = spawn(stage, (request, SkyTarget { brightness: 500.0, light: true }));
    let world = stage.app.world();
    let (skybox, light) = (world.get::<Skybox>(entity).unwrap(), world.get::<EnvironmentMapLight>(entity).unwrap());
    assert_eq!((skybox.brightness, light.intensity), (500.0, 500.0));
    let maps = [skybox.image.clone().unwrap(), light.diffuse_map.clone(), light.specular_map.clone()];
    for (map, levels) in maps.iter().zip([5, 1, 5]) {
        for face in 0..6 {
            let found = stage.read_layer(map, face);
            assert_eq!(found.len(), levels);
            for (_, _, bytes) in found {
                let numbers: Vec<f32> = bytes.chunks(2).map(|b| f16::from_le_bytes([b[0], b[1]]).to_f32()).collect();
                for texel in numbers.chunks(4) {
                    let close = |i: usize| (texel[i] / radiance[i] - 1.0).abs() < 0.003;
                    assert!((0..3).all(close), "{texel:?} on face {face}");
                }
            }
        }
    }
    stage.app.world_mut().entity_mut(entity).remove::<Synthesis>();
    stage.app.update();
    assert!(stage.app.world().get::<Skybox>(entity).is_none());
    stage.app.world_mut().despawn(entity);
}

fn a_picture_is_an_input(stage: &mut Stage) {
    let mut graph = Graph::default();
    graph.input("photo", InputKind::Image(ColorSpace::Srgb), Dim::nchw(3));
    graph.weight("half", Tensor::f32([1, 1, 1, 1], [0.5]));
    graph.push("darker", Mul {}, ["photo", "half"]);
    graph.output("darker", OutputKind::BaseColor);
    let generator = add(stage, "darker", graph);
    // Two columns, black and white, as four by four texels; asked for at two by two.
    let texel = |i: usize| if i % 4 < 2 { [0, 0, 0, 255] } else { [200, 100, 50, 255] };
    let data: Vec<u8> = (0..16).flat_map(texel).collect();
    let extent = Extent3d { width: 4, height: 4, depth_or_array_layers: 1 };
    let image = Image::new(extent, TextureDimension::D2, data, TextureFormat::Rgba8UnormSrgb, default());
    let picture = stage.app.world_mut().resource_mut::<Assets<Image>>().add(image);
    let request = Synthesis::new(generator).with_size(UVec2::splat(2)).with_image("photo", picture.clone());
    let entity = spawn(stage, (request, ImageTarget::default()));
    let shown = |stage: &Stage| {
        let textures = stage.app.world().get::<SynthesisTextures>(entity).unwrap();
        stage.read(&textures.get(TextureRole::Image).unwrap().clone()).swap_remove(0).2
    };
    let near = |found: &[u8], expected: [u8; 3]| (0..3).all(|i| found[i].abs_diff(expected[i]) <= 1);
    let texels = shown(stage);
    assert!(near(&texels[0..4], [0; 3]) && near(&texels[4..8], [100, 50, 25]), "{texels:?}");
    // A changed picture is used at once.
    let mut images = stage.app.world_mut().resource_mut::<Assets<Image>>();
    images.get_mut(&picture).unwrap().data = Some([[100, 100, 100, 255]; 16].concat());
    (0..2).for_each(|_| stage.app.update());
    stage.settle();
    assert_eq!(stage.told(), ["finished"]);
    let texels = shown(stage);
    assert!(near(&texels[0..4], [50; 3]), "{texels:?}");
    stage.app.world_mut().despawn(entity);
}

/// A state that fades by a hundredth a step.
fn fading() -> imagine_graph::Generator {
    let state = || Dim::nchw(3);
    let mut init = Graph::default();
    init.push("first", RandomUniform { low: 0.9, shape: state(), stream: 1000, ..default() }, []);
    init.output("first", OutputKind::State);
    let mut step = Graph::default();
    step.input("state", InputKind::State, state());
    step.weight("rate", Tensor::f32([1, 1, 1, 1], [0.99]));
    step.push("next", Mul {}, ["state", "rate"]);
    step.output("next", OutputKind::State);
    let mut output = Graph::default();
    output.input("state", InputKind::State, state());
    output.push("color", Relu {}, ["state"]);
    output.output("color", OutputKind::BaseColor);
    let recurrence = Some(Recurrence { init, step, steps: 4, step_rate: 50.0 });
    let card = Card { title: "Fading".into(), license: "CC0-1.0".into(), ..default() };
    imagine_graph::Generator { output, recurrence, size: SizeRule::default(), card }
}

fn a_living_result_goes_on(stage: &mut Stage) {
    let generator = Generator::new("fading", &fading()).unwrap();
    let generator = stage.app.world_mut().resource_mut::<Assets<Generator>>().add(generator);
    let request = Synthesis::new(generator).with_size(UVec2::splat(8));
    let image = stage.app.world().resource::<Assets<Image>>().reserve_handle();
    let entity = spawn(stage, (request.clone(), ImageTarget::new(image.clone()), Living::default()));
    let brightness = |stage: &Stage| stage.read(&image)[0].2[0];
    let first = brightness(stage);
    // 40 ms a frame at 50 steps a second are two steps a frame.
    let frame = std::time::Duration::from_millis(40);
    stage.app.insert_resource(TimeUpdateStrategy::ManualDuration(frame));
    (0..60).for_each(|_| stage.app.update());
    let later = brightness(stage);
    assert!(later < first / 10 * 9, "{first} has faded to {later} only");
    assert!(stage.told().is_empty(), "it is finished once");
    // Without the component it stays as it is: as one that never lived.
    stage.app.world_mut().entity_mut(entity).remove::<Living>();
    stage.app.update();
    stage.settle();
    assert_eq!(stage.told(), ["finished"]);
    (0..5).for_each(|_| stage.app.update());
    assert_eq!(brightness(stage), first);
    stage.app.world_mut().despawn(entity);
    stage.app.insert_resource(TimeUpdateStrategy::Automatic);
    // A generator without steps cannot live.
    let still = synthesis(stage, UVec2::splat(8), 1);
    let still = stage.app.world_mut().spawn((still, ImageTarget::default(), Living::default())).id();
    stage.settle();
    let told = stage.told();
    assert!(told.len() == 1 && told[0].contains("not recurrent"), "{told:?}");
    stage.app.world_mut().despawn(still);
}

fn add(stage: &mut Stage, name: &str, output: Graph) -> Handle<Generator> {
    let card = Card { title: name.into(), license: "CC0-1.0".into(), ..default() };
    let generator = imagine_graph::Generator { output, recurrence: None, size: SizeRule::default(), card };
    let generator = Generator::new(name, &generator).unwrap();
    stage.app.world_mut().resource_mut::<Assets<Generator>>().add(generator)
}
