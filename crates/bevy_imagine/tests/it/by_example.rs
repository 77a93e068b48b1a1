//! Pictures of the app become generators by example.

use std::collections::HashSet;

use bevy::asset::RenderAssetUsages;
use bevy::ecs::system::RunSystemOnce;
use bevy::prelude::*;
use bevy::render::RenderApp;
use bevy::render::render_resource::{Extent3d, TextureDimension, TextureFormat};
use bevy::render::renderer::RenderDevice;
use bevy_imagine::by_example::{ExampleGenerators, ExampleImages};
use bevy_imagine::prelude::*;
use bevy_imagine::target::OutputKind;
use imagine_graph::rng;

use crate::harness::{TestApp, with_app};

const SIDE: u32 = 64;

/// Spots of many colours, which tile.
fn spots() -> Vec<u8> {
    let texel = |index: u32| {
        let (y, x) = (index / SIDE, index % SIDE);
        let apart = |a: u32, b: u32| {
            let d = a.abs_diff(b % SIDE);
            d.min(SIDE - d)
        };
        let distance = |k: u32| {
            let [row, column, ..] = rng::cell(k, 0, 0, 3);
            apart(y, row).pow(2) + apart(x, column).pow(2)
        };
        let (distance, spot) = (0..30).map(|k| (distance(k), k)).min().unwrap();
        let [red, green, blue, _] = rng::cell(spot, 1, 0, 3).map(|word| (word >> 24) as u8);
        let shade = 255 - 4 * distance.min(50) as u8;
        [red, green, blue].map(|v| (u16::from(v) * u16::from(shade) / 255) as u8)
    };
    (0..SIDE * SIDE).map(texel).flat_map(|[red, green, blue]| [red, green, blue, 255]).collect()
}

fn picture(usage: RenderAssetUsages) -> Image {
    let size = Extent3d { width: SIDE, height: SIDE, depth_or_array_layers: 1 };
    Image::new(size, TextureDimension::D2, spots(), TextureFormat::Rgba8UnormSrgb, usage)
}

/// The generator of a picture that the app has.
fn generator(app: &mut TestApp, color: Handle<Image>, more: Vec<(OutputKind, Handle<Image>)>) -> Handle<Generator> {
    let add = move |mut generators: ExampleGenerators| {
        let images = ExampleImages::new("spots", color.clone());
        generators.add(more.iter().cloned().fold(images, |images, (kind, image)| images.with(kind, image)))
    };
    app.app.world_mut().run_system_once(add).unwrap()
}

fn add_image(app: &mut TestApp, image: Image) -> Handle<Image> {
    app.app.world_mut().resource_mut::<Assets<Image>>().add(image)
}

/// Buffers of shared weights on the device.
fn shared_weights(app: &TestApp) -> Option<usize> {
    let device = app.app.sub_app(RenderApp).world().resource::<RenderDevice>().wgpu_device();
    device.poll(wgpu::PollType::wait_indefinitely()).unwrap();
    let report = device.generate_allocator_report()?;
    Some(report.allocations.iter().filter(|found| found.name.starts_with("shared weights")).count())
}

#[test]
fn a_picture_is_rearranged_while_the_app_runs() {
    with_app(|app| {
        let color = add_image(app, picture(RenderAssetUsages::default()));
        let generator = generator(app, color, Vec::new());
        let request = |seed| Synthesis::new(generator.clone()).with_size(UVec2::splat(2 * SIDE)).with_seed(seed);
        let first = app.finished((request(1), ImageTarget::default()));
        let colors: HashSet<Vec<u8>> = spots().chunks(4).map(<[u8]>::to_vec).collect();
        let made = app.texels(first, TextureRole::Image);
        assert!(made.chunks(4).all(|texel| colors.contains(texel)), "a texel that the picture does not have");

        let uploaded = shared_weights(app);
        app.update(3);
        let counted = app.held_bytes();
        let second = app.finished((request(2), ImageTarget::default()));
        assert_ne!(app.texels(second, TextureRole::Image), made);
        assert_eq!(shared_weights(app), uploaded, "weights are uploaded once");
        app.update(3);
        assert_eq!(app.held_bytes() - counted, made.len() as u64, "a second result takes its texture alone");
    });
}

/// Requests one after the other. A thousand were run once and left as little.
const RUNS: u64 = 100;

#[test]
fn many_requests_leave_no_byte() {
    with_app(|app| {
        let color = add_image(app, picture(RenderAssetUsages::default()));
        let generator = generator(app, color, Vec::new());
        let run = |app: &mut TestApp, seed| {
            let request = Synthesis::new(generator.clone()).with_size(UVec2::splat(SIDE)).with_seed(seed);
            let entity = app.finished((request, ImageTarget::default()));
            app.despawn(entity);
        };
        run(app, 0);
        app.update(4);
        let (held, uploaded) = (app.held_bytes(), shared_weights(app));
        for seed in 1..=RUNS {
            run(app, seed);
        }
        app.update(4);
        assert_eq!((app.held_bytes(), shared_weights(app)), (held, uploaded));
    });
}

#[test]
fn a_world_patch_of_a_picture_continues_its_neighbour() {
    with_app(|app| {
        let color = add_image(app, picture(RenderAssetUsages::default()));
        let generator = generator(app, color, Vec::new());
        let mut patch = |x: i32, width: u32| {
            let request = Synthesis::new(generator.clone()).with_size(UVec2::new(width, 48)).with_seed(4);
            let entity = app.finished((request, WorldPatch::new(IVec2::new(x, 7)), ImageTarget::default()));
            app.texels(entity, TextureRole::Image)
        };
        let (left, right, both) = (patch(-5, 40), patch(35, 40), patch(-5, 80));
        let row = |texels: &[u8], width: usize, y: usize| texels[4 * width * y..4 * width * (y + 1)].to_vec();
        for y in 0..48 {
            assert_eq!([row(&left, 40, y), row(&right, 40, y)].concat(), row(&both, 80, y), "row {y}");
        }
    });
}

#[test]
fn pixels_on_the_gpu_only_are_reported() {
    with_app(|app| {
        let color = add_image(app, picture(RenderAssetUsages::RENDER_WORLD));
        app.update(3);
        let generator = generator(app, color, Vec::new());
        app.spawn((Synthesis::new(generator), ImageTarget::default()));
        app.settle();
        let events = app.events();
        assert!(events.len() == 1 && events[0].contains("RenderAssetUsages::MAIN_WORLD"), "{events:?}");
    });
}

#[test]
fn maps_of_another_shape_are_reported() {
    with_app(|app| {
        let color = add_image(app, picture(RenderAssetUsages::default()));
        let size = Extent3d { width: 8, height: 16, depth_or_array_layers: 1 };
        let usage = RenderAssetUsages::default();
        let wide = Image::new_fill(size, TextureDimension::D2, &[9, 9, 9, 255], TextureFormat::Rgba8Unorm, usage);
        let rough = add_image(app, wide);
        let generator = generator(app, color, vec![(OutputKind::Roughness, rough)]);
        app.spawn((Synthesis::new(generator), ImageTarget::default()));
        app.settle();
        let events = app.events();
        assert!(events.len() == 1 && events[0].contains("spots"), "{events:?}");
    });
}

#[test]
fn a_photograph_becomes_a_material() {
    with_app(|app| {
        let photo = add_image(app, picture(RenderAssetUsages::default()));
        let material = |app: &mut TestApp, relief: f32| {
            let photo = photo.clone();
            let add = move |mut generators: ExampleGenerators| {
                let images = ExampleImages::from_photograph("spots", photo.clone());
                generators.add(ExampleImages { photograph_relief: Some(relief), ..images })
            };
            let generator = app.app.world_mut().run_system_once(add).unwrap();
            let request = Synthesis::new(generator).with_size(UVec2::splat(2 * SIDE));
            app.finished((request, MaterialTarget::default()))
        };
        let (level, deep) = (material(app, 0.0), material(app, 2.0));
        let normals = |app: &TestApp, entity| app.texels(entity, TextureRole::Normal);
        let bent = |texels: Vec<u8>| texels.chunks(4).filter(|texel| texel[0].abs_diff(128) > 12).count();
        assert_eq!(bent(normals(app, level)), 0);
        assert!(bent(normals(app, deep)) > 500, "{}", bent(normals(app, deep)));
        assert!(!app.texels(deep, TextureRole::BaseColor).is_empty());
    });
}

#[test]
fn a_map_beside_a_photograph_is_reported() {
    with_app(|app| {
        let photo = add_image(app, picture(RenderAssetUsages::default()));
        let add = move |mut generators: ExampleGenerators| {
            let images = ExampleImages::from_photograph("spots", photo.clone());
            generators.add(images.with(OutputKind::Roughness, photo.clone()))
        };
        let generator = app.app.world_mut().run_system_once(add).unwrap();
        app.spawn((Synthesis::new(generator), MaterialTarget::default()));
        app.settle();
        let events = app.events();
        assert!(events.len() == 1 && events[0].contains("roughness beside a photograph"), "{events:?}");
    });
}
