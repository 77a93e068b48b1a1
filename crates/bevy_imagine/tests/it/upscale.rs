//! Enlarged results: behind a generator, of images, and as pixel art.

use bevy::asset::RenderAssetUsages;
use bevy::prelude::*;
use bevy::render::render_resource::{Extent3d, TextureDimension, TextureFormat};
use bevy_imagine::prelude::*;
use bevy_imagine::target::OutputKind;

use crate::harness::{NOISE, TestApp, exact_material, with_app};

const SMALL: UVec2 = UVec2::splat(32);

fn noise(app: &TestApp) -> Handle<Generator> {
    app.app.world().resource::<AssetServer>().load(NOISE)
}

fn color(app: &TestApp, entity: Entity) -> Vec<u8> {
    app.texels(entity, TextureRole::BaseColor)
}

/// Means of blocks of `factor` x `factor` texels, four channels.
fn reduced(texels: &[u8], side: usize, factor: usize) -> Vec<f32> {
    let mut means = vec![0.0; side * side * 4 / (factor * factor)];
    for (at, value) in texels.iter().enumerate() {
        let (y, x, channel) = (at / 4 / side / factor, at / 4 % side / factor, at % 4);
        means[(y * (side / factor) + x) * 4 + channel] += f32::from(*value) / (factor * factor) as f32;
    }
    means
}

#[test]
fn a_request_is_enlarged_and_shows_the_same() {
    with_app(|app| {
        let generator = noise(app);
        let small = Synthesis::new(generator.clone()).with_size(SMALL).with_seed(3);
        let small = app.finished((small, exact_material()));
        let small = color(app, small);
        let large = (
            Upscale::new(generator, UpscaleWith::Network(2)),
            Synthesis::default().with_size(2 * SMALL).with_seed(3),
            exact_material(),
        );
        let entity = app.finished(large);
        let large = color(app, entity);
        assert_eq!(large.len(), 4 * small.len());
        let means = reduced(&large, 64, 2);
        let differences = means.iter().zip(&small).map(|(mean, texel)| (mean - f32::from(*texel)).abs());
        let mean = differences.sum::<f32>() / small.len() as f32;
        assert!(mean < 6.0, "blocks differ from the texels by {mean} on average");

        app.get_mut::<Upscale>(entity).with = UpscaleWith::PixelArt(2);
        app.expect_finished();
        assert_ne!(color(app, entity), large, "a change makes it again");
    });
}

/// A sprite with three colours, an edge of alpha and nothing between.
fn sprite(app: &mut TestApp) -> (Handle<Image>, Vec<[u8; 4]>) {
    let side = 16;
    let texel = |at: usize| match ((at / side).abs_diff(7) + (at % side).abs_diff(8), at % 3) {
        (8.., _) => [0, 0, 0, 0],
        (5..8, _) => [200, 40, 30, 255],
        (_, 0) => [250, 220, 90, 255],
        _ => [30, 60, 120, 255],
    };
    let texels: Vec<[u8; 4]> = (0..side * side).map(texel).collect();
    let extent = Extent3d { width: side as u32, height: side as u32, depth_or_array_layers: 1 };
    let format = TextureFormat::Rgba8UnormSrgb;
    let image = Image::new(extent, TextureDimension::D2, texels.concat(), format, RenderAssetUsages::default());
    (app.app.world_mut().resource_mut::<Assets<Image>>().add(image), texels)
}

fn of_maps(app: &mut TestApp, maps: Vec<OutputKind>, with: UpscaleWith) -> Handle<Generator> {
    let system = move |mut generators: UpscaledGenerators| generators.of_maps(maps.clone(), false, with.clone());
    let mut system = IntoSystem::into_system(system);
    system.initialize(app.app.world_mut());
    system.run((), app.app.world_mut()).unwrap()
}

#[test]
fn pixel_art_of_an_image_has_its_colours_only() {
    with_app(|app| {
        let (image, texels) = sprite(app);
        for factor in [2, 3, 4] {
            let generator = of_maps(app, vec![OutputKind::BaseColor], UpscaleWith::PixelArt(factor));
            let size = UVec2::splat(16 * factor);
            let request = Synthesis::new(generator).with_size(size).with_image("image", image.clone());
            let entity = app.finished((request, exact_material()));
            for texel in color(app, entity).chunks(4) {
                let is_known =
                    texels.iter().any(|known| known[..3].iter().zip(texel).all(|(a, b)| a.abs_diff(*b) <= 1));
                assert!(is_known, "x{factor}: {texel:?}");
            }
        }
    });
}

#[test]
fn faults_are_told() {
    with_app(|app| {
        let lost: Handle<Generator> = app.app.world().resource::<AssetServer>().load("lost.generator.safetensors");
        for (upscale, part) in [
            (Upscale::new(noise(app), UpscaleWith::Network(3)), "factor 3: this upscaler has 2, 4"),
            (Upscale::new(noise(app), UpscaleWith::File(noise(app))), "is no upscaler"),
            (Upscale::new(lost, UpscaleWith::default()), "the generator did not load"),
        ] {
            let entity = app.spawn((upscale, Synthesis::default().with_size(2 * SMALL), MaterialTarget::default()));
            app.settle();
            app.despawn(entity);
            let told = app.events().join(" ");
            assert!(told.contains(part), "{told}");
        }
    });
}
