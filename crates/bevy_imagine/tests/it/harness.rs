//! The app that tests share, with helpers to drive it and read it back.

use std::sync::{Arc, Mutex, OnceLock};

use bevy::app::PluginsState;
use bevy::log::{BoxedLayer, LogPlugin};
use bevy::prelude::*;
use bevy::render::diagnostic::RenderDiagnosticsPlugin;
use bevy::render::pipelined_rendering::PipelinedRenderingPlugin;
use bevy::render::render_asset::RenderAssets;
use bevy::render::render_resource::TextureFormat;
use bevy::render::renderer::{RenderDevice, RenderQueue};
use bevy::render::settings::{RenderCreation, WgpuFeatures, WgpuSettings};
use bevy::render::texture::GpuImage;
use bevy::render::{RenderApp, RenderPlugin};
use bevy::time::TimeUpdateStrategy;
use bevy::window::ExitCondition;
use bevy::winit::WinitPlugin;
use bevy_imagine::prelude::*;
use bevy_imagine::{ImagineMemory, SoftwareCompression};
use imagine_graph::file::{self, WeightFormat};
use imagine_wgpu::BoundsChecks;
use imagine_wgpu::headless::Gpu;
use tempfile::TempDir;

use crate::custom_target::NodeTarget;
use crate::generators::noise;
use crate::shared::Shared;
use crate::spans::SpanLayer;

/// GPU memory budget of the app in bytes.
pub const MEMORY_BUDGET: u64 = 64 << 20;
/// Milliseconds per frame, so many that a request takes a few frames.
pub const LARGE_BUDGET: f32 = 500.0;
/// Milliseconds per frame, so few that a request takes many frames.
pub const SMALL_BUDGET: f32 = 0.01;
/// A generator file of [`noise`] in the app's assets.
pub const NOISE: &str = "noise.generator.safetensors";
/// A file that is not a generator.
pub const BAD: &str = "bad.generator.safetensors";

/// A file of layers of [`NOISE`] in the app's assets.
pub const LAYERS: &str = "wall.layers.ron";
const LAYERS_TEXT: &str = r#"(layers: [
    (generator: "noise.generator.safetensors", name: "ground"),
    (generator: "noise.generator.safetensors", name: "snow", mask: Height(from: 0.2, to: 0.8), tint: (0.5, 1.0, 0.25)),
])"#;

/// An app without a window, and the events of its requests.
pub struct TestApp {
    pub app: App,
    events: Arc<Mutex<Vec<String>>>,
    _assets: TempDir,
}

/// Runs `test` in the shared app, which has to hold nothing afterwards.
pub fn with_app(test: impl FnOnce(&mut TestApp) + Send + 'static) {
    static APP: OnceLock<Option<Shared<TestApp>>> = OnceLock::new();
    let reset = |app: &mut TestApp| {
        app.clear();
        assert_eq!(app.held_bytes(), 0, "after the test");
    };
    if let Some(app) = APP.get_or_init(|| has_adapter().then(|| Shared::new(TestApp::new, reset))) {
        app.run(test);
    }
}

/// A material whose textures are not compressed.
pub fn exact_material() -> MaterialTarget {
    MaterialTarget { compress: false, ..default() }
}

/// Whether there is an adapter.
pub fn has_adapter() -> bool {
    Gpu::for_test(BoundsChecks::On).is_some()
}

impl TestApp {
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    /// An app that `configure` changes before it starts.
    pub fn with(configure: impl FnOnce(&mut App)) -> Self {
        Self::on_device(WgpuFeatures::empty(), configure)
    }

    /// As [`Self::with`], on a device without some features.
    pub fn on_device(disabled_features: WgpuFeatures, configure: impl FnOnce(&mut App)) -> Self {
        let settings = WgpuSettings { disabled_features: Some(disabled_features), ..default() };
        let render_creation = RenderCreation::Automatic(Box::new(settings));
        let assets = tempfile::tempdir().unwrap();
        let bytes = file::write(&noise().generator, WeightFormat::F32).unwrap();
        std::fs::write(assets.path().join(NOISE), bytes).unwrap();
        std::fs::write(assets.path().join(BAD), b"no generator").unwrap();
        std::fs::write(assets.path().join(LAYERS), LAYERS_TEXT).unwrap();
        std::fs::write(assets.path().join("lost.layers.ron"), LAYERS_TEXT.replace("noise.", "lost.")).unwrap();
        std::fs::write(assets.path().join("bad.layers.ron"), LAYERS_TEXT.replace("tint", "paint")).unwrap();
        let file_path = assets.path().to_string_lossy().into_owned();
        let plugins = DefaultPlugins
            .set(WindowPlugin { primary_window: None, exit_condition: ExitCondition::DontExit, ..default() })
            .set(AssetPlugin { file_path, watch_for_changes_override: Some(false), ..default() })
            .set(RenderPlugin { synchronous_pipeline_compilation: true, render_creation, ..default() })
            .set(LogPlugin {
                filter: "warn,bevy_imagine=debug".into(),
                custom_layer: |_| Some(Box::new(SpanLayer) as BoxedLayer),
                ..default()
            })
            .disable::<WinitPlugin>()
            .disable::<PipelinedRenderingPlugin>();
        let imagine = ImaginePlugin { frame_budget_ms: LARGE_BUDGET, memory_budget: MEMORY_BUDGET };
        let mut app = App::new();
        app.add_plugins((plugins, RenderDiagnosticsPlugin, imagine)).register_target::<NodeTarget>();
        app.insert_resource(SoftwareCompression(true));
        // A second registration does nothing.
        app.register_target::<NodeTarget>();
        configure(&mut app);
        let events = Arc::new(Mutex::new(Vec::new()));
        let (finished, failed) = (events.clone(), events.clone());
        app.add_observer(move |_: On<SynthesisFinished>| finished.lock().unwrap().push("finished".to_string()));
        app.add_observer(move |event: On<SynthesisFailed>| failed.lock().unwrap().push(event.error.to_string()));
        while app.plugins_state() == PluginsState::Adding {
            bevy::tasks::tick_global_task_pools_on_main_thread();
        }
        app.finish();
        app.cleanup();
        Self { app, events, _assets: assets }
    }

    /// Despawns everything that tests spawn, and resets what they set.
    pub fn clear(&mut self) {
        let world = self.app.world_mut();
        let mut spawned = world.query_filtered::<Entity, AnySpawned>();
        for entity in spawned.iter(world).collect::<Vec<_>>() {
            // Children go with their parents.
            world.try_despawn(entity).ok();
        }
        self.app.insert_resource(TimeUpdateStrategy::Automatic);
        self.set_budget(LARGE_BUDGET);
        self.update(5);
        self.events();
    }

    pub fn update(&mut self, frames: usize) {
        (0..frames).for_each(|_| self.app.update());
    }

    /// Sets the GPU milliseconds per frame.
    pub fn set_budget(&mut self, milliseconds: f32) {
        self.app.insert_resource(ImagineBudget { milliseconds });
    }

    /// A handle of the generator file [`NOISE`].
    pub fn noise(&self) -> Handle<Generator> {
        self.app.world().resource::<AssetServer>().load(NOISE)
    }

    pub fn add(&mut self, generator: Generator) -> Handle<Generator> {
        self.app.world_mut().resource_mut::<Assets<Generator>>().add(generator)
    }

    /// A generator that is built into `bevy_imagine`.
    pub fn built_in(&mut self, name: &str) -> Handle<Generator> {
        self.add(Generator::from(bevy_imagine::generators::load(name).unwrap()))
    }

    pub fn spawn(&mut self, bundle: impl Bundle) -> Entity {
        self.app.world_mut().spawn(bundle).id()
    }

    pub fn despawn(&mut self, entity: Entity) {
        self.app.world_mut().despawn(entity);
    }

    pub fn trigger<'a, E: Event<Trigger<'a>: Default>>(&mut self, event: E) {
        self.app.world_mut().trigger(event);
    }

    pub fn get<T: Component>(&self, entity: Entity) -> &T {
        self.app.world().get(entity).expect("the entity has the component")
    }

    pub fn has<T: Component>(&self, entity: Entity) -> bool {
        self.app.world().get::<T>(entity).is_some()
    }

    pub fn get_mut<T: Component<Mutability = bevy::ecs::component::Mutable>>(&mut self, entity: Entity) -> Mut<'_, T> {
        self.app.world_mut().get_mut(entity).expect("the entity has the component")
    }

    /// A request for the noise file that becomes a material of exact texels.
    pub fn request(&mut self, size: UVec2, seed: u64) -> Entity {
        let synthesis = Synthesis::new(self.noise()).with_size(size).with_seed(seed);
        self.spawn((synthesis, exact_material()))
    }

    /// Spawns a request and waits until it is finished.
    pub fn finished(&mut self, bundle: impl Bundle) -> Entity {
        let entity = self.spawn(bundle);
        self.expect_finished();
        entity
    }

    /// Waits until the only unfinished request is finished.
    pub fn expect_finished(&mut self) {
        self.settle();
        assert_eq!(self.events(), ["finished"]);
    }

    /// Updates until no request is unfinished.
    pub fn settle(&mut self) {
        self.app.update();
        for _ in 0..2000 {
            self.app.update();
            let world = self.app.world_mut();
            let done = |s: &SynthesisStatus| matches!(s, SynthesisStatus::Finished | SynthesisStatus::Failed);
            if world.query::<&SynthesisStatus>().iter(world).all(done) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        panic!("a request is unfinished after 2000 frames");
    }

    /// Events since the last call: "finished", or the message of a failure.
    pub fn events(&self) -> Vec<String> {
        std::mem::take(&mut *self.events.lock().unwrap())
    }

    pub fn texture(&self, entity: Entity, role: TextureRole) -> Handle<Image> {
        self.get::<SynthesisTextures>(entity).get(role).unwrap().clone()
    }

    /// Texels of level 0 of a request's texture.
    pub fn texels(&self, entity: Entity, role: TextureRole) -> Vec<u8> {
        self.levels(entity, role).swap_remove(0).2
    }

    /// Width, height and texels of every level of a request's texture, decoded if it is block-compressed: four bytes a texel, 0 where the format has
    /// no channel.
    pub fn levels(&self, entity: Entity, role: TextureRole) -> Vec<(u32, u32, Vec<u8>)> {
        let image = self.texture(entity, role);
        let format = self.format(&image);
        let levels = self.read(&image).into_iter();
        levels.map(|(width, height, bytes)| (width, height, decoded(format, [width, height], bytes))).collect()
    }

    /// Format of an image on the GPU.
    pub fn format(&self, image: &Handle<Image>) -> TextureFormat {
        let images = self.app.sub_app(RenderApp).world().resource::<RenderAssets<GpuImage>>();
        images.get(image).unwrap().texture.format()
    }

    pub fn material(&self, entity: Entity) -> StandardMaterial {
        let handle = &self.get::<MeshMaterial3d<StandardMaterial>>(entity).0;
        self.app.world().resource::<Assets<StandardMaterial>>().get(handle).unwrap().clone()
    }

    pub fn held_bytes(&self) -> u64 {
        self.app.world().resource::<ImagineMemory>().bytes()
    }

    /// Width, height and bytes of every level of a texture's first layer.
    pub fn read(&self, image: &Handle<Image>) -> Vec<(u32, u32, Vec<u8>)> {
        self.read_layer(image, 0)
    }

    /// Width, height and bytes of every level of a texture's layer: rows of texels or of blocks.
    pub fn read_layer(&self, image: &Handle<Image>, layer: u32) -> Vec<(u32, u32, Vec<u8>)> {
        let world = self.app.sub_app(RenderApp).world();
        let device = world.resource::<RenderDevice>().wgpu_device();
        let texture = &world.resource::<RenderAssets<GpuImage>>().get(image).unwrap().texture;
        let texel = texture.format().block_copy_size(None).unwrap();
        let (block_width, block_height) = texture.format().block_dimensions();
        let level = |mip_level: u32| {
            let side = |length: u32| (length >> mip_level).max(1);
            let (width, height) = (side(texture.width()), side(texture.height()));
            let (columns, rows) = (width.div_ceil(block_width), height.div_ceil(block_height));
            let stride = (columns * texel).next_multiple_of(256);
            let buffer = device.create_buffer(&wgpu::BufferDescriptor {
                label: None,
                size: u64::from(stride * rows),
                usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
                mapped_at_creation: false,
            });
            let mut encoder = device.create_command_encoder(&default());
            let layout = wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(stride), rows_per_image: None };
            let origin = wgpu::Origin3d { z: layer, ..default() };
            encoder.copy_texture_to_buffer(
                wgpu::TexelCopyTextureInfo { mip_level, origin, ..texture.as_image_copy() },
                wgpu::TexelCopyBufferInfo { buffer: &buffer, layout },
                wgpu::Extent3d { width: columns * block_width, height: rows * block_height, depth_or_array_layers: 1 },
            );
            world.resource::<RenderQueue>().submit([encoder.finish()]);
            buffer.map_async(wgpu::MapMode::Read, .., |_| {});
            device.poll(wgpu::PollType::wait_indefinitely()).unwrap();
            let rows = buffer.get_mapped_range(..);
            let used = (columns * texel) as usize;
            let texels = rows.chunks(stride as usize).flat_map(|row| &row[..used]).copied().collect();
            (width, height, texels)
        };
        (0..texture.mip_level_count()).map(level).collect()
    }
}

/// The texels of `bytes` in `format`, row by row.
fn decoded(format: TextureFormat, [width, height]: [u32; 2], bytes: Vec<u8>) -> Vec<u8> {
    if !format.is_compressed() {
        return bytes;
    }
    let mut texels = vec![0; (width * height * 4) as usize];
    let blocks = bytes.chunks(format.block_copy_size(None).unwrap() as usize);
    for (index, block) in (0..).zip(blocks) {
        let mut found = [[0; 4]; 16];
        match format {
            TextureFormat::Bc4RUnorm => {
                let mut reds = [0; 16];
                bcdec_rs::bc4(block, &mut reds, 4, false);
                found = reds.map(|red| [red, 0, 0, 255]);
            }
            TextureFormat::Bc5RgUnorm => {
                let mut pairs = [[0; 2]; 16];
                bcdec_rs::bc5(block, pairs.as_flattened_mut(), 8, false);
                found = pairs.map(|[red, green]| [red, green, 0, 255]);
            }
            _ => bcdec_rs::bc7(block, found.as_flattened_mut(), 16),
        }
        for (i, texel) in (0..).zip(found) {
            let (x, y) = (index % width.div_ceil(4) * 4 + i % 4, index / width.div_ceil(4) * 4 + i / 4);
            if x < width && y < height {
                texels[((y * width + x) * 4) as usize..][..4].copy_from_slice(&texel);
            }
        }
    }
    texels
}

/// Everything that tests spawn.
type AnySpawned = Or<(With<Synthesis>, With<WorldPatches>, With<WorldAnchor>, With<Camera>, With<Node>)>;
