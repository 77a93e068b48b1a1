//! The built-in targets: images and layers of them, sheets of sprites, skies with their light; image inputs and living results.

use bevy::light::{EnvironmentMapLight, Skybox};
use bevy::prelude::*;
use bevy::render::render_resource::{Extent3d, TextureDimension, TextureFormat};
use bevy::time::TimeUpdateStrategy;
use bevy_imagine::prelude::*;
use burn::backend::Flex;
use half::f16;
use imagine_graph::{Add, ColorSpace, Dim, Graph, InputKind, Mul, OutputKind, RandomUniform, Request, Size, Tensor};

use crate::generators::{fading, from_graph, noise};
use crate::harness::{TestApp, with_app};

fn synthesis(app: &TestApp, size: UVec2, seed: u64) -> Synthesis {
    Synthesis::new(app.noise()).with_size(size).with_seed(seed)
}

#[test]
fn an_image_appears_behind_a_reserved_handle() {
    with_app(|app| {
        let handle = app.app.world().resource::<Assets<Image>>().reserve_handle();
        let target = ImageTarget { output: "height".into(), mips: true, ..ImageTarget::new(handle.clone()) };
        let entity = app.finished((synthesis(app, UVec2::new(16, 8), 1), target));
        let levels = app.read(&handle);
        let sizes: Vec<_> = levels.iter().map(|(width, height, _)| (*width, *height)).collect();
        assert_eq!(sizes, [(16, 8), (8, 4), (4, 2), (2, 1), (1, 1)]);
        assert!(levels[0].2.chunks(4).all(|t| t[0] == t[1] && t[1] == t[2] && t[3] == 255), "a height is grey");
        // Another size replaces the image behind the same handle.
        app.get_mut::<Synthesis>(entity).size = UVec2::new(4, 12);
        app.expect_finished();
        let (width, height, _) = app.read(&handle)[0];
        assert_eq!((width, height), (4, 12));
    });
}

#[test]
fn requests_fill_the_layers_of_an_array() {
    with_app(|app| {
        let size = UVec2::splat(8);
        let image = ImageTarget::color_layers(size, 3, false);
        let handle = app.app.world_mut().resource_mut::<Assets<Image>>().add(image);
        let mut expected = Vec::new();
        for layer in 0..3 {
            let request = synthesis(app, size, 70 + u64::from(layer));
            let target = ImageTarget { output: "color".into(), layer, ..ImageTarget::new(handle.clone()) };
            app.finished((request.clone(), target));
            let alone = app.finished((request, ImageTarget { output: "color".into(), ..default() }));
            expected.push(app.read(&app.texture(alone, TextureRole::Image)));
        }
        for (layer, expected) in (0..).zip(&expected) {
            assert_eq!(app.read_layer(&handle, layer), *expected, "layer {layer}");
        }
        app.spawn((synthesis(app, size, 1), ImageTarget { layer: 3, ..ImageTarget::new(handle) }));
        app.settle();
        let events = app.events();
        assert!(events.len() == 1 && events[0].contains("it has 3 layers of 8x8"), "{events:?}");
    });
}

#[test]
fn a_sheet_holds_the_images_of_a_batch() {
    with_app(|app| {
        let [width, height] = [12usize, 10];
        let entity = app.finished((synthesis(app, UVec2::new(12, 10), 9), SpriteTarget::sheet(3, 2)));
        let sprite = app.get::<Sprite>(entity).clone();
        let layouts = app.app.world().resource::<Assets<TextureAtlasLayout>>();
        let layout = layouts.get(&sprite.texture_atlas.unwrap().layout).unwrap().clone();
        assert_eq!((layout.textures.len(), layout.size), (6, UVec2::new(36, 20)));
        let (sheet_width, _, texels) = app.read(&sprite.image).swap_remove(0);
        let request = Request::new(Size::new(height, width).with_batch(6), 9);
        let generated = imagine_burn::generate::<Flex>(&noise(), &request, &default()).unwrap();
        let planes = generated.outputs[0].1.as_f32().unwrap();
        for (variant, rect) in layout.textures.iter().enumerate() {
            for pixel in 0..width * height {
                let (x, y) = (pixel % width, pixel / width);
                let at = (rect.min.y as usize + y) * sheet_width as usize + rect.min.x as usize + x;
                for channel in 0..3 {
                    let expected = planes[(variant * 3 + channel) * width * height + pixel] * 255.0;
                    let found = f32::from(texels[at * 4 + channel]);
                    assert!((found - expected).abs() <= 1.0, "variant {variant} at {x}, {y}: {found} {expected}");
                }
            }
        }
    });
}

#[test]
fn an_atlas_keeps_its_index() {
    with_app(|app| {
        let entity = app.finished((synthesis(app, UVec2::new(12, 10), 9), SpriteTarget::sheet(3, 2)));
        app.get_mut::<Sprite>(entity).texture_atlas.as_mut().unwrap().index = 4;
        app.get_mut::<Synthesis>(entity).seed = 10;
        app.expect_finished();
        assert_eq!(app.get::<Sprite>(entity).texture_atlas.as_ref().unwrap().index, 4);
    });
}

#[test]
fn a_sky_lights_its_scene() {
    with_app(|app| {
        // The same radiance everywhere gives the same light in every direction, for every roughness.
        let radiance = [0.5f32, 2.0, 300.0];
        let mut graph = Graph::default();
        graph.push("random", RandomUniform { shape: Dim::nchw(3), low: 0.0, high: 1e-30, ..default() }, []);
        graph.weight("sky", Tensor::f32([1, 3, 1, 1], radiance));
        graph.push("radiance", Add {}, ["random", "sky"]);
        graph.output("radiance", OutputKind::Radiance);
        let generator = app.add(from_graph("even sky", graph));
        let request = Synthesis::new(generator).with_size(UVec2::splat(16));
        let entity = app.finished((request, SkyTarget { brightness: 500.0, light: true }));
        let (skybox, light) = (app.get::<Skybox>(entity), app.get::<EnvironmentMapLight>(entity));
        assert_eq!((skybox.brightness, light.intensity), (500.0, 500.0));
        let maps = [skybox.image.clone().unwrap(), light.diffuse_map.clone(), light.specular_map.clone()];
        for (map, levels) in maps.iter().zip([5, 1, 5]) {
            for face in 0..6 {
                let found = app.read_layer(map, face);
                assert_eq!(found.len(), levels);
                for (_, _, bytes) in found {
                    let half = |b: &[u8]| f16::from_le_bytes([b[0], b[1]]).to_f32();
                    let numbers: Vec<f32> = bytes.chunks(2).map(half).collect();
                    for texel in numbers.chunks(4) {
                        let close = |i: usize| (texel[i] / radiance[i] - 1.0).abs() < 0.003;
                        assert!((0..3).all(close), "{texel:?} on face {face}");
                    }
                }
            }
        }
        app.app.world_mut().entity_mut(entity).remove::<Synthesis>();
        app.update(1);
        assert!(!app.has::<Skybox>(entity));
    });
}

#[test]
fn an_image_is_an_input_and_a_change_of_it_is_noticed() {
    with_app(|app| {
        let mut graph = Graph::default();
        graph.input("photo", InputKind::Image(ColorSpace::Srgb), Dim::nchw(3));
        graph.weight("half", Tensor::f32([1, 1, 1, 1], [0.5]));
        graph.push("darker", Mul {}, ["photo", "half"]);
        graph.output("darker", OutputKind::BaseColor);
        let generator = app.add(from_graph("darker", graph));
        // Two columns, black and coloured, as four by four texels; two by two are synthesised.
        let texel = |i: usize| if i % 4 < 2 { [0, 0, 0, 255] } else { [200, 100, 50, 255] };
        let data: Vec<u8> = (0..16).flat_map(texel).collect();
        let extent = Extent3d { width: 4, height: 4, depth_or_array_layers: 1 };
        let image = Image::new(extent, TextureDimension::D2, data, TextureFormat::Rgba8UnormSrgb, default());
        let photo = app.app.world_mut().resource_mut::<Assets<Image>>().add(image);
        let request = Synthesis::new(generator).with_size(UVec2::splat(2)).with_image("photo", photo.clone());
        let entity = app.finished((request, ImageTarget::default()));
        let near = |found: &[u8], expected: [u8; 3]| (0..3).all(|i| found[i].abs_diff(expected[i]) <= 1);
        let texels = app.texels(entity, TextureRole::Image);
        assert!(near(&texels[0..4], [0; 3]) && near(&texels[4..8], [100, 50, 25]), "{texels:?}");
        let mut images = app.app.world_mut().resource_mut::<Assets<Image>>();
        images.get_mut(&photo).unwrap().data = Some([[100, 100, 100, 255]; 16].concat());
        app.update(1);
        app.expect_finished();
        let texels = app.texels(entity, TextureRole::Image);
        assert!(near(&texels[0..4], [50; 3]), "{texels:?}");
    });
}

#[test]
fn a_living_result_evolves_until_living_is_removed() {
    with_app(|app| {
        let per_frame =
            |milliseconds| TimeUpdateStrategy::ManualDuration(std::time::Duration::from_millis(milliseconds));
        app.app.insert_resource(per_frame(0));
        let request = Synthesis::new(app.add(fading())).with_size(UVec2::splat(8));
        let image = app.app.world().resource::<Assets<Image>>().reserve_handle();
        let entity = app.finished((request, ImageTarget::new(image.clone()), Living::default()));
        let brightness = |app: &TestApp| app.read(&image)[0].2[0];
        let first = brightness(app);
        // 40 ms per frame at 50 steps per second are two steps per frame.
        app.app.insert_resource(per_frame(40));
        app.update(60);
        let later = brightness(app);
        assert!(later < first / 10 * 9, "{first} has faded to {later} only");
        assert!(app.events().is_empty(), "it is finished once");
        app.app.world_mut().entity_mut(entity).remove::<Living>();
        app.expect_finished();
        app.update(5);
        assert_eq!(brightness(app), first, "as if it had never lived");
    });
}

#[test]
fn living_needs_a_recurrent_generator() {
    with_app(|app| {
        app.spawn((synthesis(app, UVec2::splat(8), 1), ImageTarget::default(), Living::default()));
        app.settle();
        let events = app.events();
        assert!(events.len() == 1 && events[0].contains("not recurrent"), "{events:?}");
    });
}
