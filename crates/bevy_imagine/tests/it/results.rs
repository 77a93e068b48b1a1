//! Results as materials: level 0 is what burn computes, smaller levels are averaged in linear light, failures show.

use bevy::prelude::*;
use bevy_imagine::prelude::*;
use burn::backend::Flex;
use imagine_graph::{Request, Size};

use crate::generators::noise;
use crate::harness::{BAD, MEMORY_BUDGET, NOISE, SMALL_BUDGET, TestApp, with_app};

/// Odd, so that mips have uneven weights.
const SIZE: UVec2 = UVec2::new(37, 22);

#[test]
fn a_material_shows_what_burn_computes() {
    with_app(|app| {
        app.set_budget(SMALL_BUDGET);
        let entity = app.request(SIZE, 5);
        app.expect_finished();
        let color = app.texture(entity, TextureRole::BaseColor);
        let levels = app.read(&color);
        assert_eq!(levels.len(), 6);
        assert_close(&levels[0].2, &expected_color(5), 1.0, "level 0");
        for pair in levels.windows(2) {
            let label = format!("level of {}x{}", pair[1].0, pair[1].1);
            assert_close(&pair[1].2, &smaller(&pair[0]), 1.5, &label);
        }
        for (_, _, texels) in app.read(&app.texture(entity, TextureRole::Normal)) {
            for texel in texels.chunks(4) {
                let normal = Vec3::from_slice(&texel.iter().map(|&v| f32::from(v) / 127.5 - 1.0).collect::<Vec<_>>());
                assert!((normal.length() - 1.0).abs() < 0.02, "{normal} is not of unit length");
            }
        }
        let material = app.material(entity);
        assert_eq!(material.base_color_texture.as_ref(), Some(&color));
        assert!(material.metallic_roughness_texture.is_some() && material.occlusion_texture.is_none());
    });
}

#[test]
fn a_changed_request_keeps_its_handles() {
    with_app(|app| {
        let entity = app.request(SIZE, 5);
        app.expect_finished();
        let color = app.texture(entity, TextureRole::BaseColor);
        app.get_mut::<Synthesis>(entity).seed = 6;
        app.expect_finished();
        assert_eq!(app.texture(entity, TextureRole::BaseColor), color);
        assert_close(&app.read(&color)[0].2, &expected_color(6), 1.0, "level 0 of another seed");
    });
}

#[test]
fn a_failed_request_shows_the_placeholder_and_says_why() {
    with_app(|app| {
        let size = UVec2::splat(64);
        let budget = format!("of the budget of {MEMORY_BUDGET}");
        let bad = [
            (BAD, size, BAD),
            ("missing.generator.safetensors", size, "missing.generator.safetensors"),
            (NOISE, UVec2::new(64, 0), "size 64x0"),
            (NOISE, UVec2::splat(1 << 20), "exceeds the limit of this device"),
            (NOISE, UVec2::splat(4096), budget.as_str()),
        ];
        for (file, size, message) in bad {
            let generator = app.app.world().resource::<AssetServer>().load(file);
            let entity = app.spawn((Synthesis::new(generator).with_size(size), MaterialTarget::default()));
            expect_failure(app, entity, message);
            app.despawn(entity);
        }
    });
}

fn expect_failure(app: &mut TestApp, entity: Entity, message: &str) {
    app.settle();
    let events = app.events();
    assert!(events.len() == 1 && events[0].contains(message), "{message:?} is not in {events:?}");
    let placeholder = app.material(entity).base_color_texture.expect("a placeholder");
    let images = app.app.world().resource::<Assets<Image>>();
    assert_eq!(images.get(&placeholder).unwrap().data.as_ref().unwrap()[..4], [255, 0, 255, 255]);
}

#[test]
fn a_corrected_request_recovers() {
    with_app(|app| {
        let entity = app.request(UVec2::splat(1 << 20), 0);
        expect_failure(app, entity, "exceeds the limit");
        let placeholder = app.material(entity).base_color_texture;
        app.get_mut::<Synthesis>(entity).size = UVec2::splat(64);
        app.expect_finished();
        assert_ne!(app.material(entity).base_color_texture, placeholder);
    });
}

#[test]
fn a_despawned_request_releases_its_material() {
    with_app(|app| {
        let finished = app.request(SIZE, 0);
        app.expect_finished();
        assert!(app.held_bytes() > 0);
        app.set_budget(SMALL_BUDGET);
        let running = app.request(UVec2::splat(128), 1);
        app.update(1);
        let material = app.get::<MeshMaterial3d<StandardMaterial>>(finished).0.clone();
        [finished, running].into_iter().for_each(|entity| app.despawn(entity));
        app.update(5);
        assert_eq!(app.held_bytes(), 0);
        let materials = app.app.world().resource::<Assets<StandardMaterial>>();
        assert_eq!(materials.get(&material).unwrap().base_color_texture, None);
    });
}

/// Texels of level 0 of the colour map as burn computes it.
fn expected_color(seed: u64) -> Vec<f32> {
    let request = Request::new(Size::new(SIZE.y as usize, SIZE.x as usize), seed);
    let generated = imagine_burn::generate::<Flex>(&noise(), &request, &default()).unwrap();
    let planes = generated.outputs[0].1.as_f32().unwrap();
    let count = SIZE.element_product() as usize;
    (0..count).flat_map(|i| [planes[i], planes[i + count], planes[i + 2 * count], 1.0].map(|v| v * 255.0)).collect()
}

/// The level below `level`: colour averaged in linear light, weighted by the area that each texel covers.
fn smaller((width, height, texels): &(u32, u32, Vec<u8>)) -> Vec<f32> {
    let (w, h) = ((width / 2).max(1), (height / 2).max(1));
    // Overlap of texel `from` of `length` with texel `to` of `half`, in units of the larger texel.
    let covered = |from: u32, to: u32, length: u32, half: u32| {
        let scale = length as f32 / half as f32;
        ((to + 1) as f32 * scale).min((from + 1) as f32) - (to as f32 * scale).max(from as f32)
    };
    let mut result = Vec::new();
    for y in 0..h {
        for x in 0..w {
            let (mut sum, mut total) = ([0.0; 4], 0.0);
            for v in 0..*height {
                for u in 0..*width {
                    let weight = covered(u, x, *width, w).max(0.0) * covered(v, y, *height, h).max(0.0);
                    if weight > 0.0 {
                        let texel = &texels[((v * width + u) * 4) as usize..][..4];
                        let linear = Color::srgba_u8(texel[0], texel[1], texel[2], texel[3]).to_linear();
                        let linear = linear.to_f32_array();
                        (0..4).for_each(|c| sum[c] += weight * linear[c]);
                        total += weight;
                    }
                }
            }
            let mean = LinearRgba::from_f32_array(sum.map(|v| v / total));
            result.extend(Srgba::from(mean).to_f32_array().map(|v| v * 255.0));
        }
    }
    result
}

fn assert_close(found: &[u8], expected: &[f32], tolerance: f32, label: &str) {
    assert_eq!(found.len(), expected.len(), "{label}");
    let difference = |(f, e): (&u8, &f32)| (f32::from(*f) - e).abs();
    let worst = found.iter().zip(expected).map(difference).enumerate().max_by(|a, b| a.1.total_cmp(&b.1));
    let (index, worst) = worst.expect("there are texels");
    assert!(worst <= tolerance, "{label}: number {index} is {}, expected {}", found[index], expected[index]);
}
