//! The plugin in an app without a window: what it makes is what burn makes, mips are averaged in linear light, failures show
//! and are told, and everything is given back.

mod brush;
#[cfg(feature = "default_generators")]
mod default_generators;
mod device_loss;
mod idle;
mod labels;
mod memory;
mod requests;
mod stage;
mod targets;
mod ui;
mod world;

use bevy::prelude::*;
use bevy_imagine::prelude::*;
use burn::backend::Flex;
use imagine_graph::file::{self, WeightFormat};
use imagine_graph::{
    Card, Dim, Graph, InputKind, Mul, OutputKind, RandomUniform, Request, Size, SizeRule, Tensor, ValidGenerator,
};
use stage::{MEMORY_BUDGET, Stage};

/// Width and height of the requests: odd, so that mips have uneven weights.
const SIZE: UVec2 = UVec2::new(37, 22);

#[test]
fn requests_become_materials_and_give_everything_back() {
    if !stage::has_adapter() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let generator = noise();
    let bytes = file::write(&generator.generator, WeightFormat::F32).unwrap();
    std::fs::write(folder.path().join("noise.generator.safetensors"), bytes).unwrap();
    std::fs::write(folder.path().join("bad.generator.safetensors"), b"no generator").unwrap();
    // One app for all: starting one costs seconds.
    let mut stage = Stage::new(folder.path());
    finished_maps_are_those_of_burn(&mut stage, &generator);
    a_changed_request_keeps_its_handles(&mut stage, &generator);
    failures_show_and_are_told(&mut stage);
    requests::run(&mut stage);
    targets::run(&mut stage, &generator);
    brush::run(&mut stage);
    world::run(&mut stage);
    nothing_is_left(&mut stage);
}

fn finished_maps_are_those_of_burn(stage: &mut Stage, generator: &ValidGenerator) {
    let entity = stage.request("noise.generator.safetensors", SIZE, 5);
    stage.settle();
    assert_eq!(stage.told(), ["finished"]);
    let color = stage.map(entity, TextureRole::BaseColor);
    let levels = stage.read(&color);
    assert_eq!(levels.len(), 6);
    assert_close(&levels[0].2, &expected_color(generator, 5), 1.0, "level 0");
    for pair in levels.windows(2) {
        let label = format!("level of {}x{}", pair[1].0, pair[1].1);
        assert_close(&pair[1].2, &smaller(&pair[0]), 1.5, &label);
    }
    for (_, _, texels) in stage.read(&stage.map(entity, TextureRole::Normal)) {
        for texel in texels.chunks(4) {
            let normal = Vec3::from_slice(&texel.iter().map(|&v| f32::from(v) / 127.5 - 1.0).collect::<Vec<_>>());
            assert!((normal.length() - 1.0).abs() < 0.02, "{normal} is not of unit length");
        }
    }
    let material = stage.material(entity);
    assert_eq!(material.base_color_texture.as_ref(), Some(&color));
    assert!(material.metallic_roughness_texture.is_some() && material.occlusion_texture.is_none());
}

fn a_changed_request_keeps_its_handles(stage: &mut Stage, generator: &ValidGenerator) {
    let entity = stage.only_request();
    let color = stage.map(entity, TextureRole::BaseColor);
    stage.app.world_mut().get_mut::<Synthesis>(entity).unwrap().seed = 6;
    stage.app.update();
    stage.settle();
    assert_eq!(stage.told(), ["finished"]);
    assert_eq!(stage.map(entity, TextureRole::BaseColor), color);
    assert_close(&stage.read(&color)[0].2, &expected_color(generator, 6), 1.0, "level 0 of another seed");
}

fn failures_show_and_are_told(stage: &mut Stage) {
    let one = UVec2::splat(64);
    let budget = format!("of the budget of {MEMORY_BUDGET}");
    let bad = [
        ("bad.generator.safetensors", one, "bad.generator.safetensors"),
        ("missing.generator.safetensors", one, "missing.generator.safetensors"),
        ("noise.generator.safetensors", UVec2::new(64, 0), "size 64x0"),
        ("noise.generator.safetensors", UVec2::splat(1 << 20), "is more than"),
        ("noise.generator.safetensors", UVec2::splat(4096), budget.as_str()),
    ];
    for (file, size, message) in bad {
        let entity = stage.request(file, size, 0);
        stage.settle();
        let told = stage.told();
        assert!(told.len() == 1 && told[0].contains(message), "{file} at {size}: {told:?}");
        let placeholder = stage.material(entity).base_color_texture.expect("a placeholder");
        let images = stage.app.world().resource::<Assets<Image>>();
        assert_eq!(images.get(&placeholder).unwrap().data.as_ref().unwrap()[..4], [255, 0, 255, 255]);
        // A request that is put right recovers.
        let mut request = stage.app.world_mut().get_mut::<Synthesis>(entity).unwrap();
        let (wrong_size, good_file) = (request.size != one, file.starts_with("noise"));
        request.size = one;
        if wrong_size && good_file {
            stage.app.update();
            stage.settle();
            assert_eq!(stage.told(), ["finished"]);
            assert_ne!(stage.material(entity).base_color_texture, Some(placeholder));
        }
        stage.app.world_mut().despawn(entity);
    }
}

fn nothing_is_left(stage: &mut Stage) {
    let entity = stage.only_request();
    assert!(stage.held_bytes() > 0);
    // One in the middle of its work, one finished.
    stage.request("noise.generator.safetensors", UVec2::splat(128), 1);
    stage.app.update();
    let material = stage.app.world().get::<MeshMaterial3d<StandardMaterial>>(entity).unwrap().0.clone();
    let all: Vec<_> = stage.requests();
    for entity in all {
        stage.app.world_mut().despawn(entity);
    }
    (0..5).for_each(|_| stage.app.update());
    assert_eq!(stage.held_bytes(), 0);
    let materials = stage.app.world().resource::<Assets<StandardMaterial>>();
    assert_eq!(materials.get(&material).unwrap().base_color_texture, None);
}

/// Colour, height and roughness that are nothing but random numbers.
fn noise() -> ValidGenerator {
    let mut graph = Graph::default();
    let random = |channels, stream| RandomUniform { shape: Dim::nchw(channels), stream, ..default() };
    graph.push("random", random(3, 0), []);
    graph.weight("dye", Tensor::f32([1, 3, 1, 1], [1.0, 0.5, 0.25]));
    graph.input("tint", InputKind::Range { min: 0.0, max: 1.0, default: 1.0 }, vec![Dim::Fixed(1); 4]);
    graph.push("dyed", Mul {}, ["random", "dye"]);
    graph.push("color", Mul {}, ["dyed", "tint"]);
    graph.push("height", random(1, 1), []);
    graph.push("roughness", random(1, 2), []);
    graph.output("color", OutputKind::BaseColor);
    graph.output("height", OutputKind::Height);
    graph.output("roughness", OutputKind::Roughness);
    let card = Card { title: "Noise".into(), license: "CC0-1.0".into(), ..default() };
    let size = SizeRule { tiles: true, ..default() };
    imagine_graph::Generator { output: graph, recurrence: None, size, card }.validate().unwrap()
}

/// Texels of level 0 of the colour map as burn makes it.
fn expected_color(generator: &ValidGenerator, seed: u64) -> Vec<f32> {
    let request = Request::new(Size::new(SIZE.y as usize, SIZE.x as usize), seed);
    let generated = imagine_burn::generate::<Flex>(generator, &request, &default()).unwrap();
    let planes = generated.outputs[0].1.as_f32().unwrap();
    let count = SIZE.element_product() as usize;
    (0..count).flat_map(|i| [planes[i], planes[i + count], planes[i + 2 * count], 1.0].map(|v| v * 255.0)).collect()
}

/// The level below `level`, colour averaged in linear light by the area that each texel covers.
fn smaller((width, height, texels): &(u32, u32, Vec<u8>)) -> Vec<f32> {
    let (w, h) = ((width / 2).max(1), (height / 2).max(1));
    // How much of texel `from` of `length` the texel `to` of `half` covers, in units of the larger texel.
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
