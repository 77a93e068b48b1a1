//! Exported files: marked, with the recipe inside, and the same texels when loaded again.

use std::path::Path;

use bevy::image::ImageType;
use bevy::prelude::*;
use bevy::render::render_resource::TextureFormat;
use bevy_imagine::prelude::*;
use bevy_imagine::{ExportKtx2, ExportPng, SynthesisRecipe};

use crate::harness::{NOISE, TestApp, exact_material, with_app};

const SIZE: UVec2 = UVec2::new(24, 16);

#[test]
fn png_files_are_marked_and_hold_the_recipe() {
    with_app(|app| {
        let folder = tempfile::tempdir().unwrap();
        let entity = app.request(SIZE, 77);
        app.expect_finished();
        let folder = folder.path().join("new");
        app.trigger(ExportPng { entity, folder: folder.clone(), name: "noise".into() });
        let [bytes, _] = wait_for(app, &folder, ["noise_base_color.png", "noise_normal.png"]);
        let recipe = SynthesisRecipe::from_ron(&imagine_png::recipe(&bytes).unwrap()).unwrap();
        assert_eq!((recipe.generator.as_str(), recipe.size, recipe.seed), (NOISE, SIZE.into(), 77));
        let marking = b"digitalsourcetype/trainedAlgorithmicMedia";
        assert!(bytes.windows(marking.len()).any(|part| part == marking));
        let assets = app.app.world().resource::<AssetServer>();
        assert_eq!(recipe.synthesis(assets), *app.get::<Synthesis>(entity));
        assert_eq!(decode(&bytes, "png", true).data, Some(app.texels(entity, TextureRole::BaseColor)));
    });
}

#[test]
fn ktx2_files_hold_every_level() {
    with_app(|app| {
        let folder = tempfile::tempdir().unwrap();
        let entity = app.request(SIZE, 78);
        app.expect_finished();
        app.trigger(ExportKtx2 { entity, folder: folder.path().into(), name: "noise".into() });
        let [color, normal] = wait_for(app, folder.path(), ["noise_base_color.ktx2", "noise_normal.ktx2"]);
        for (bytes, role, is_srgb) in [(color, TextureRole::BaseColor, true), (normal, TextureRole::Normal, false)] {
            let image = decode(&bytes, "ktx2", is_srgb);
            let descriptor = &image.texture_descriptor;
            assert_eq!(descriptor.format.is_srgb(), is_srgb);
            assert_eq!((descriptor.mip_level_count, descriptor.size.width, descriptor.size.height), (5, 24, 16));
            let levels = app.read(&app.texture(entity, role));
            let all: Vec<u8> = levels.iter().flat_map(|(_, _, texels)| texels.clone()).collect();
            let found = image.data.as_ref().unwrap();
            assert_eq!(found.len(), all.len());
            assert_eq!(found[..levels[0].2.len()], levels[0].2, "{role:?}");
            // The GPU rounds every level before it averages the next, and short mean normals amplify that.
            let tolerance = if is_srgb { 3 } else { 8 };
            let worst = found.iter().zip(&all).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
            assert!(worst <= tolerance, "{role:?} differs by {worst}");
        }
    });
}

#[test]
fn heights_have_sixteen_bits() {
    with_app(|app| {
        let folder = tempfile::tempdir().unwrap();
        let generator = app.built_in("noise_material");
        let request = |seed| Synthesis::new(generator.clone()).with_size(UVec2::splat(64)).with_seed(seed);
        let material = app.finished((request(3), MaterialTarget { parallax: true, ..exact_material() }));
        let image = app.finished((request(3), ImageTarget { output: "height".into(), ..default() }));
        for (entity, name) in [(material, "material"), (image, "height")] {
            app.trigger(ExportPng { entity, folder: folder.path().into(), name: name.into() });
        }
        let files = wait_for(app, folder.path(), ["material_depth.png", "height_image.png"]);
        let [depths, heights] = files.map(|bytes| {
            let picture = decode(&bytes, "png", false);
            assert_eq!(picture.texture_descriptor.format, TextureFormat::R16Uint);
            let words = picture.data.unwrap();
            words.chunks_exact(2).map(|word| u16::from_ne_bytes([word[0], word[1]])).collect::<Vec<u16>>()
        });
        let distinct: std::collections::BTreeSet<u16> = heights.iter().copied().collect();
        assert!(distinct.len() > 600, "{} steps; 8 bits have 256", distinct.len());
        assert!(depths.iter().zip(&heights).all(|(depth, height)| depth.abs_diff(u16::MAX - height) <= 1));
        let shown = app.texels(image, TextureRole::Image);
        let is_near = |(texel, height): (&[u8], &u16)| texel[0].abs_diff((height / 257) as u8) <= 1;
        assert!(shown.chunks(4).zip(&heights).all(is_near));
    });
}

fn decode(bytes: &[u8], extension: &str, is_srgb: bool) -> Image {
    Image::from_buffer(bytes, ImageType::Extension(extension), default(), is_srgb, default(), default()).unwrap()
}

/// Updates until the files are there, and reads them.
pub fn wait_for<const N: usize>(app: &mut TestApp, folder: &Path, names: [&str; N]) -> [Vec<u8>; N] {
    for _ in 0..5000 {
        app.update(1);
        std::thread::sleep(std::time::Duration::from_millis(1));
        if names.iter().all(|name| folder.join(name).exists()) {
            break;
        }
    }
    names.map(|name| std::fs::read(folder.join(name)).unwrap())
}
