//! The plugin in an app without a window: what it makes is what burn makes, mips are averaged in linear light, failures show
//! and are told, and everything is given back.

use std::path::Path;
use std::sync::{Arc, Mutex};

use bevy::app::PluginsState;
use bevy::prelude::*;
use bevy::render::pipelined_rendering::PipelinedRenderingPlugin;
use bevy::render::render_asset::RenderAssets;
use bevy::render::renderer::{RenderDevice, RenderQueue};
use bevy::render::texture::GpuImage;
use bevy::render::{RenderApp, RenderPlugin};
use bevy::window::ExitCondition;
use bevy::winit::WinitPlugin;
use bevy_imagine::ImagineMemory;
use bevy_imagine::prelude::*;
use burn::backend::Flex;
use imagine_graph::file::{self, WeightFormat};
use imagine_graph::{
    Card, Dim, Graph, Mul, OutputKind, RandomUniform, Request, Size, SizeRule, Tensor, ValidGenerator,
};
use imagine_wgpu::BoundsChecks;
use imagine_wgpu::headless::Gpu;

/// Width and height of the requests: odd, so that mips have uneven weights.
const SIZE: UVec2 = UVec2::new(37, 22);

#[test]
fn requests_become_materials_and_give_everything_back() {
    if let Err(error) = Gpu::new(BoundsChecks::On) {
        assert!(std::env::var("IMAGINE_REQUIRE_GPU").as_deref() != Ok("1"), "no adapter: {error}");
        eprintln!("skipped, because there is no adapter: {error}");
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
    nothing_is_left(&mut stage);
}

fn finished_maps_are_those_of_burn(stage: &mut Stage, generator: &ValidGenerator) {
    let entity = stage.request("noise.generator.safetensors", SIZE, 5);
    stage.settle();
    assert_eq!(stage.told(), ["finished"]);
    let color = stage.map(entity, MapKind::BaseColor);
    let levels = stage.read(&color);
    assert_eq!(levels.len(), 6);
    assert_close(&levels[0].2, &expected_color(generator, 5), 1.0, "level 0");
    for pair in levels.windows(2) {
        let label = format!("level of {}x{}", pair[1].0, pair[1].1);
        assert_close(&pair[1].2, &smaller(&pair[0]), 1.5, &label);
    }
    for (_, _, texels) in stage.read(&stage.map(entity, MapKind::Normal)) {
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
    let color = stage.map(entity, MapKind::BaseColor);
    stage.app.world_mut().get_mut::<ImagineMaterial>(entity).unwrap().seed = 6;
    stage.app.update();
    stage.settle();
    assert_eq!(stage.told(), ["finished"]);
    assert_eq!(stage.map(entity, MapKind::BaseColor), color);
    assert_close(&stage.read(&color)[0].2, &expected_color(generator, 6), 1.0, "level 0 of another seed");
}

fn failures_show_and_are_told(stage: &mut Stage) {
    let one = UVec2::splat(64);
    let bad = [
        ("bad.generator.safetensors", one, "bad.generator.safetensors"),
        ("missing.generator.safetensors", one, "missing.generator.safetensors"),
        ("noise.generator.safetensors", UVec2::new(64, 0), "size 64x0"),
        ("noise.generator.safetensors", UVec2::splat(1 << 20), "is more than"),
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
        let mut request = stage.app.world_mut().get_mut::<ImagineMaterial>(entity).unwrap();
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
    graph.weight("tint", Tensor::f32([1, 3, 1, 1], [1.0, 0.5, 0.25]));
    graph.push("color", Mul {}, ["random", "tint"]);
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

/// An app without a window, and what its events told.
struct Stage {
    app: App,
    told: Arc<Mutex<Vec<String>>>,
}

impl Stage {
    fn new(assets: &Path) -> Self {
        let mut app = App::new();
        let file_path = assets.to_string_lossy().into_owned();
        let plugins = DefaultPlugins
            .set(WindowPlugin { primary_window: None, exit_condition: ExitCondition::DontExit, ..default() })
            .set(AssetPlugin { file_path, watch_for_changes_override: Some(false), ..default() })
            .set(RenderPlugin { synchronous_pipeline_compilation: true, ..default() })
            .disable::<WinitPlugin>()
            .disable::<PipelinedRenderingPlugin>();
        app.add_plugins((plugins, ImaginePlugin { frame_budget_ms: 0.01 }));
        let told = Arc::new(Mutex::new(Vec::new()));
        let (finished, failed) = (told.clone(), told.clone());
        app.add_observer(move |_: On<SynthesisFinished>| finished.lock().unwrap().push("finished".to_string()));
        app.add_observer(move |event: On<SynthesisFailed>| failed.lock().unwrap().push(event.error.to_string()));
        while app.plugins_state() == PluginsState::Adding {
            bevy::tasks::tick_global_task_pools_on_main_thread();
        }
        app.finish();
        app.cleanup();
        Self { app, told }
    }

    fn request(&mut self, file: &str, size: UVec2, seed: u64) -> Entity {
        let generator = self.app.world().resource::<AssetServer>().load(file.to_string());
        self.app.world_mut().spawn(ImagineMaterial { generator, size, seed, ..default() }).id()
    }

    fn requests(&mut self) -> Vec<Entity> {
        let world = self.app.world_mut();
        world.query_filtered::<Entity, With<ImagineMaterial>>().iter(world).collect()
    }

    fn only_request(&mut self) -> Entity {
        let requests = self.requests();
        assert_eq!(requests.len(), 1);
        requests[0]
    }

    /// Updates until no request is open.
    fn settle(&mut self) {
        for _ in 0..2000 {
            self.app.update();
            let world = self.app.world_mut();
            let done = |s: &SynthesisStatus| matches!(s, SynthesisStatus::Finished | SynthesisStatus::Failed);
            if world.query::<&SynthesisStatus>().iter(world).all(done) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        panic!("a request is still open after 2000 frames");
    }

    /// What events told since the last call.
    fn told(&self) -> Vec<String> {
        std::mem::take(&mut *self.told.lock().unwrap())
    }

    fn map(&self, entity: Entity, kind: MapKind) -> Handle<Image> {
        self.app.world().get::<MaterialMaps>(entity).unwrap().get(kind).unwrap().clone()
    }

    fn material(&self, entity: Entity) -> StandardMaterial {
        let world = self.app.world();
        let handle = &world.get::<MeshMaterial3d<StandardMaterial>>(entity).unwrap().0;
        world.resource::<Assets<StandardMaterial>>().get(handle).unwrap().clone()
    }

    fn held_bytes(&self) -> u64 {
        self.app.world().resource::<ImagineMemory>().bytes()
    }

    /// Width, height and bytes of every level of a texture.
    fn read(&self, image: &Handle<Image>) -> Vec<(u32, u32, Vec<u8>)> {
        let world = self.app.sub_app(RenderApp).world();
        let device = world.resource::<RenderDevice>().wgpu_device();
        let texture = &world.resource::<RenderAssets<GpuImage>>().get(image).unwrap().texture;
        let level = |mip_level: u32| {
            let side = |length: u32| (length >> mip_level).max(1);
            let (width, height) = (side(texture.width()), side(texture.height()));
            let stride = (width * 4).next_multiple_of(256);
            let buffer = device.create_buffer(&wgpu::BufferDescriptor {
                label: None,
                size: u64::from(stride * height),
                usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
                mapped_at_creation: false,
            });
            let mut encoder = device.create_command_encoder(&default());
            let layout = wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(stride), rows_per_image: None };
            encoder.copy_texture_to_buffer(
                wgpu::TexelCopyTextureInfo { mip_level, ..texture.as_image_copy() },
                wgpu::TexelCopyBufferInfo { buffer: &buffer, layout },
                wgpu::Extent3d { width, height, depth_or_array_layers: 1 },
            );
            world.resource::<RenderQueue>().submit([encoder.finish()]);
            buffer.map_async(wgpu::MapMode::Read, .., |_| {});
            device.poll(wgpu::PollType::wait_indefinitely()).unwrap();
            let rows = buffer.get_mapped_range(..);
            let texels = rows.chunks(stride as usize).flat_map(|row| &row[..width as usize * 4]).copied().collect();
            (width, height, texels)
        };
        (0..texture.mip_level_count()).map(level).collect()
    }
}
