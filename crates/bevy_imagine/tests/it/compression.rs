//! Block-compressed textures: which there are, what they show, what they take, and where there are none.

use bevy::image::{CompressedImageFormats, ImageType};
use bevy::prelude::*;
use bevy::render::render_resource::TextureFormat;
use bevy::render::settings::WgpuFeatures;
use bevy_imagine::edit::{Extent, Insert, OutputKind};
use bevy_imagine::prelude::*;
use bevy_imagine::{ExportKtx2, ExportPng};

use crate::edits::{edit, image};
use crate::export::wait_for;
use crate::generators::still;
use crate::harness::{SMALL_BUDGET, TestApp, exact_material, has_adapter, with_app};
use crate::memory::our_allocations;

const SIZE: UVec2 = UVec2::new(128, 64);
const LEVELS: usize = 8;
const ROLES: [(TextureRole, TextureFormat, usize); 4] = [
    (TextureRole::BaseColor, TextureFormat::Bc7RgbaUnormSrgb, 3),
    (TextureRole::Normal, TextureFormat::Bc5RgUnorm, 2),
    (TextureRole::OcclusionRoughnessMetallic, TextureFormat::Bc7RgbaUnorm, 3),
    (TextureRole::Depth, TextureFormat::Bc4RUnorm, 1),
];

fn request(app: &mut TestApp, size: UVec2) -> Synthesis {
    Synthesis::new(app.built_in("noise_material")).with_size(size).with_seed(3)
}

fn parallax() -> MaterialTarget {
    MaterialTarget { parallax: true, ..default() }
}

/// Decibels over the first `channels` channels.
fn psnr(a: &[u8], b: &[u8], channels: usize) -> f64 {
    let texels = || a.chunks(4).zip(b.chunks(4));
    let squares = texels().flat_map(|(a, b)| (0..channels).map(|c| f64::from(a[c].abs_diff(b[c])).powi(2)));
    10.0 * (255.0f64.powi(2) / (squares.sum::<f64>() / (texels().count() * channels) as f64)).log10()
}

#[test]
fn a_material_is_in_blocks_and_shows_the_same() {
    with_app(|app| {
        // Each frame records a part of a request.
        app.set_budget(3.0);
        let request = request(app, SIZE);
        let exact = app.finished((request.clone(), MaterialTarget { compress: false, ..parallax() }));
        let before = app.held_bytes();
        let entity = app.finished((request.clone(), parallax()));
        let blocks: u64 =
            [(32, 16), (16, 8), (8, 4), (4, 2), (2, 1), (1, 1), (1, 1), (1, 1)].map(|(w, h)| w * h).iter().sum();
        assert_eq!(app.held_bytes() - before, blocks * (16 + 16 + 16 + 8), "apart: other results, other textures");
        for (role, format, channels) in ROLES {
            assert_eq!(app.format(&app.texture(entity, role)), format, "{role:?}");
            let (shown, texels) = (app.levels(entity, role), app.levels(exact, role));
            assert_eq!((shown.len(), texels.len()), (LEVELS, LEVELS));
            for ((width, height, shown), (.., texels)) in shown.iter().zip(&texels) {
                let found = psnr(shown, texels, channels);
                assert!(found > 34.0, "{role:?} {width}x{height}: {found:.1} dB");
            }
        }
        let material = app.material(entity);
        let shown = [material.base_color_texture, material.normal_map_texture, material.metallic_roughness_texture];
        let shown = shown.into_iter().chain([material.depth_map]);
        assert!(shown.zip(ROLES).all(|(slot, (role, ..))| slot == Some(app.texture(entity, role))));

        let same = app.finished((request.clone(), parallax()));
        assert_eq!(app.texture(same, TextureRole::BaseColor), app.texture(entity, TextureRole::BaseColor), "shared");
        // Alone and again: written in place, the same to the byte.
        let bytes = app.read(&app.texture(entity, TextureRole::BaseColor));
        [same, exact].into_iter().for_each(|entity| app.despawn(entity));
        let handle = app.texture(entity, TextureRole::BaseColor);
        for seed in [4, 3] {
            app.get_mut::<Synthesis>(entity).seed = seed;
            app.expect_finished();
            assert_eq!(app.texture(entity, TextureRole::BaseColor), handle);
            assert_eq!(app.read(&handle) == bytes, seed == 3);
        }
    });
}

#[test]
fn roughness_without_metal_is_in_two_channels() {
    with_app(|app| {
        let request = Synthesis::new(app.noise()).with_size(UVec2::splat(32));
        let [shown, exact] = [MaterialTarget::default(), exact_material()].map(|target| {
            let entity = app.finished((request.clone(), target));
            let role = TextureRole::OcclusionRoughnessMetallic;
            assert_eq!(app.material(entity).metallic_roughness_texture, Some(app.texture(entity, role)));
            (app.format(&app.texture(entity, role)), app.levels(entity, role))
        });
        assert_eq!((shown.0, exact.0), (TextureFormat::Bc5RgUnorm, TextureFormat::Rgba8Unorm));
        // Occlusion and metal are what they are without a map.
        let texels = |levels: &[(u32, u32, Vec<u8>)]| levels[0].2.chunks(4).map(|t| [t[0], t[2]]).collect::<Vec<_>>();
        assert!(texels(&shown.1).iter().all(|texel| *texel == [255, 0]) && texels(&shown.1) == texels(&exact.1));
        // White noise is hard for ramps of 8.
        let found = psnr(&shown.1[0].2, &exact.1[0].2, 2);
        assert!(found > 30.0, "{found:.1} dB");
    });
}

#[test]
fn work_in_progress_is_counted_and_freed() {
    with_app(|app| {
        let request = request(app, UVec2::splat(256));
        // The shaders are compiled and the plan is made.
        let first = app.finished((request.clone().with_seed(8), MaterialTarget::default()));
        app.set_budget(SMALL_BUDGET);
        let entity = app.spawn((request, MaterialTarget::default()));
        app.update(4);
        let sum = |found: &[(String, u64)]| found.iter().map(|(_, bytes)| bytes).sum::<u64>();
        let Some(found) = our_allocations(app) else { return };
        assert_eq!(found.iter().filter(|(name, _)| name == "imagine blocks").count(), 3, "{found:?}");
        let (counted, allocated) = (app.held_bytes(), sum(&found));
        assert!(counted <= allocated && allocated < counted * 5 / 4, "{counted} counted, {allocated} allocated");
        app.set_budget(crate::harness::LARGE_BUDGET);
        app.expect_finished();
        app.update(4);
        let left = our_allocations(app).unwrap();
        assert!(left.iter().all(|(name, _)| name == "imagine texture"), "{left:?}");
        [first, entity].into_iter().for_each(|entity| app.despawn(entity));
    });
}

#[test]
fn sizes_that_are_no_multiple_of_four_and_living_results_stay_as_they_are() {
    with_app(|app| {
        for size in [UVec2::new(62, 64), UVec2::new(64, 33)] {
            let request = Synthesis::new(app.noise()).with_size(size);
            let entity = app.finished((request, MaterialTarget::default()));
            let format = app.format(&app.texture(entity, TextureRole::BaseColor));
            assert_eq!(format, TextureFormat::Rgba8UnormSrgb, "{size}");
        }
        let generator = app.add(still());
        let request = Synthesis::new(generator).with_size(UVec2::splat(16));
        let entity = app.finished((request.clone(), MaterialTarget::default(), Living::default()));
        let color = app.texture(entity, TextureRole::BaseColor);
        assert_eq!(app.format(&color), TextureFormat::Rgba8UnormSrgb, "it evolves");
        app.app.world_mut().entity_mut(entity).remove::<Living>();
        app.expect_finished();
        let color = app.texture(entity, TextureRole::BaseColor);
        assert_eq!(app.format(&color), TextureFormat::Bc7RgbaUnormSrgb, "it rests");
    });
}

#[test]
fn a_device_without_blocks_gets_texels() {
    if !has_adapter() {
        return;
    }
    let mut app = TestApp::on_device(WgpuFeatures::TEXTURE_COMPRESSION_BC, |_| {});
    let request = request(&mut app, SIZE);
    let entity = app.finished((request, parallax()));
    for (role, compressed, _) in ROLES {
        let format = app.format(&app.texture(entity, role));
        let expected = if compressed.is_srgb() { TextureFormat::Rgba8UnormSrgb } else { TextureFormat::Rgba8Unorm };
        assert_eq!(format, expected, "{role:?}");
    }
}

#[test]
fn patches_of_a_world_are_in_blocks() {
    with_app(|app| {
        let request = request(app, UVec2::splat(32));
        let mut patch = |mip: u32, target: MaterialTarget| {
            let entity = app.finished((request.clone(), WorldPatch { mip, ..default() }, target));
            (app.format(&app.texture(entity, TextureRole::Normal)), app.levels(entity, TextureRole::Normal))
        };
        for mip in [0, 1] {
            let (format, shown) = patch(mip, MaterialTarget::default());
            assert_eq!(format, TextureFormat::Bc5RgUnorm);
            for ((_, _, shown), (.., texels)) in shown.iter().zip(patch(mip, exact_material()).1) {
                let found = psnr(shown, &texels, 2);
                assert!(found > 34.0, "mip {mip}: {found:.1} dB");
            }
        }
    });
}

#[test]
fn layers_of_an_image_are_compressed_one_by_one() {
    with_app(|app| {
        let size = UVec2::splat(64);
        let mut array = ImageTarget::color_layers(size, 2, true);
        array.texture_descriptor.format = TextureFormat::Bc7RgbaUnormSrgb;
        let handle = app.app.world_mut().resource_mut::<Assets<Image>>().add(array);
        for layer in [1, 0] {
            let request = request(app, size).with_seed(layer.into());
            let target = ImageTarget { output: "base_color".into(), mips: true, compress: true, ..default() };
            app.finished((request.clone(), ImageTarget { image: handle.clone(), layer, ..target.clone() }));
            let alone = app.finished((request, target));
            let expected = app.read(&app.texture(alone, TextureRole::Image));
            assert_eq!(app.read_layer(&handle, layer), expected, "layer {layer}");
        }
    });
}

#[test]
fn normals_in_blocks_are_read_with_three_channels() {
    with_app(|app| {
        let request = request(app, SIZE);
        let [shown, exact] = [MaterialTarget::default(), exact_material()].map(|target| {
            let entity = app.finished((request.clone(), target));
            (app.material(entity), app.levels(entity, TextureRole::Normal).swap_remove(0).2)
        });
        let extent = Extent { height: SIZE.y as usize, width: SIZE.x as usize };
        let maps = vec![OutputKind::BaseColor, OutputKind::Normal];
        let generator = edit(app, Insert { maps, ..Insert::new(extent, Extent::splat(4)) });
        let nothing = image(app, 4, [0; 4], TextureFormat::Rgba8UnormSrgb);
        let request = Synthesis::new(generator)
            .with_size(SIZE)
            .with_image("image", shown.0.base_color_texture.unwrap())
            .with_image("image_normal", shown.0.normal_map_texture.unwrap())
            .with_image("object", nothing.clone())
            .with_image("object_alpha", nothing);
        let entity = app.finished((request, ImageTarget { output: "normal".into(), ..default() }));
        let found = psnr(&app.texels(entity, TextureRole::Image), &exact.1, 3);
        assert!(found > 34.0, "{found:.1} dB");
    });
}

#[test]
fn files_hold_the_blocks_or_what_they_show() {
    with_app(|app| {
        let folder = tempfile::tempdir().unwrap();
        let request = request(app, SIZE);
        let entity = app.finished((request.clone(), parallax()));
        let exact = app.finished((request, MaterialTarget { compress: false, ..parallax() }));
        app.trigger(ExportKtx2 { entity, folder: folder.path().into(), name: "blocks".into() });
        app.trigger(ExportPng { entity, folder: folder.path().into(), name: "shown".into() });
        app.trigger(ExportPng { entity: exact, folder: folder.path().into(), name: "exact".into() });
        for (role, format, channels) in ROLES {
            let name = match role {
                TextureRole::BaseColor => "base_color",
                TextureRole::Normal => "normal",
                TextureRole::Depth => "depth",
                _ => "occlusion_roughness_metallic",
            };
            let [ktx2, shown] =
                wait_for(app, folder.path(), [&format!("blocks_{name}.ktx2"), &format!("shown_{name}.png")]);
            let is_srgb = role == TextureRole::BaseColor;
            let image = decode(&ktx2, "ktx2", is_srgb);
            let descriptor = &image.texture_descriptor;
            assert_eq!((descriptor.format, descriptor.mip_level_count), (format, LEVELS as u32), "{name}");
            let levels = app.read(&app.texture(entity, role));
            let bytes: Vec<u8> = levels.into_iter().flat_map(|(.., bytes)| bytes).collect();
            assert_eq!(image.data.unwrap(), bytes, "{name}");

            let [exact] = wait_for(app, folder.path(), [&format!("exact_{name}.png")]);
            let [shown, exact] = [shown, exact].map(|bytes| decode(&bytes, "png", is_srgb));
            assert_eq!(shown.texture_descriptor.format, exact.texture_descriptor.format);
            let found = match role {
                TextureRole::Depth => words_psnr(&shown.data.unwrap(), &exact.data.unwrap()),
                _ => psnr(&shown.data.unwrap(), &exact.data.unwrap(), 3.max(channels)),
            };
            assert!(found > 34.0, "{name}: {found:.1} dB");
        }
    });
}

fn words_psnr(a: &[u8], b: &[u8]) -> f64 {
    let words =
        |bytes: &[u8]| bytes.chunks(2).map(|w| f64::from(u16::from_ne_bytes([w[0], w[1]])) / 65_535.0).collect();
    let (a, b): (Vec<f64>, Vec<f64>) = (words(a), words(b));
    let mean = a.iter().zip(&b).map(|(a, b)| (a - b).powi(2)).sum::<f64>() / a.len() as f64;
    -10.0 * mean.log10()
}

fn decode(bytes: &[u8], extension: &str, is_srgb: bool) -> Image {
    let formats = CompressedImageFormats::BC;
    Image::from_buffer(bytes, ImageType::Extension(extension), formats, is_srgb, default(), default()).unwrap()
}
