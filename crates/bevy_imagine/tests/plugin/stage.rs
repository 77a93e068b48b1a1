//! An app without a window, and what its events told.

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
use bevy_imagine::prelude::*;
use bevy_imagine::{ImagineMemory, generators};
use imagine_wgpu::BoundsChecks;
use imagine_wgpu::headless::Gpu;

/// Most GPU memory of the app.
pub const MEMORY_BUDGET: u64 = 64 << 20;
/// Milliseconds a frame, so few that most requests take several frames.
pub const SMALL_BUDGET: f32 = 0.01;

/// Whether there is an adapter.
pub fn has_adapter() -> bool {
    Gpu::for_test(BoundsChecks::On).is_some()
}

/// The app.
pub struct Stage {
    pub app: App,
    told: Arc<Mutex<Vec<String>>>,
}

impl Stage {
    pub fn new(assets: &Path) -> Self {
        Self::with(assets, |_| {})
    }

    /// As `new`, with what `change` does to the app before it starts.
    pub fn with(assets: &Path, change: impl FnOnce(&mut App)) -> Self {
        let mut app = App::new();
        let file_path = assets.to_string_lossy().into_owned();
        let plugins = DefaultPlugins
            .set(WindowPlugin { primary_window: None, exit_condition: ExitCondition::DontExit, ..default() })
            .set(AssetPlugin { file_path, watch_for_changes_override: Some(false), ..default() })
            .set(RenderPlugin { synchronous_pipeline_compilation: true, ..default() })
            .disable::<WinitPlugin>()
            .disable::<PipelinedRenderingPlugin>();
        app.add_plugins((plugins, ImaginePlugin { frame_budget_ms: SMALL_BUDGET, memory_budget: MEMORY_BUDGET }));
        change(&mut app);
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

    /// The noise material, which needs no file.
    pub fn noise_material(&mut self) -> Handle<Generator> {
        let noise = Generator::from(generators::load("noise_material").unwrap());
        self.app.world_mut().resource_mut::<Assets<Generator>>().add(noise)
    }

    pub fn request(&mut self, file: &str, size: UVec2, seed: u64) -> Entity {
        let generator = self.app.world().resource::<AssetServer>().load(file.to_string());
        let synthesis = Synthesis::new(generator).with_size(size).with_seed(seed);
        self.app.world_mut().spawn((synthesis, MaterialTarget::default())).id()
    }

    pub fn requests(&mut self) -> Vec<Entity> {
        let world = self.app.world_mut();
        world.query_filtered::<Entity, With<Synthesis>>().iter(world).collect()
    }

    pub fn only_request(&mut self) -> Entity {
        let requests = self.requests();
        assert_eq!(requests.len(), 1);
        requests[0]
    }

    /// Updates until no request is open.
    pub fn settle(&mut self) {
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
    pub fn told(&self) -> Vec<String> {
        std::mem::take(&mut *self.told.lock().unwrap())
    }

    pub fn map(&self, entity: Entity, kind: TextureRole) -> Handle<Image> {
        self.app.world().get::<SynthesisTextures>(entity).unwrap().get(kind).unwrap().clone()
    }

    pub fn material(&self, entity: Entity) -> StandardMaterial {
        let world = self.app.world();
        let handle = &world.get::<MeshMaterial3d<StandardMaterial>>(entity).unwrap().0;
        world.resource::<Assets<StandardMaterial>>().get(handle).unwrap().clone()
    }

    pub fn held_bytes(&self) -> u64 {
        self.app.world().resource::<ImagineMemory>().bytes()
    }

    /// Width, height and bytes of every level of a texture's first layer.
    pub fn read(&self, image: &Handle<Image>) -> Vec<(u32, u32, Vec<u8>)> {
        self.read_layer(image, 0)
    }

    /// Width, height and bytes of every level of a texture's layer.
    pub fn read_layer(&self, image: &Handle<Image>, layer: u32) -> Vec<(u32, u32, Vec<u8>)> {
        let world = self.app.sub_app(RenderApp).world();
        let device = world.resource::<RenderDevice>().wgpu_device();
        let texture = &world.resource::<RenderAssets<GpuImage>>().get(image).unwrap().texture;
        let texel = texture.format().block_copy_size(None).unwrap();
        let level = |mip_level: u32| {
            let side = |length: u32| (length >> mip_level).max(1);
            let (width, height) = (side(texture.width()), side(texture.height()));
            let stride = (width * texel).next_multiple_of(256);
            let buffer = device.create_buffer(&wgpu::BufferDescriptor {
                label: None,
                size: u64::from(stride * height),
                usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
                mapped_at_creation: false,
            });
            let mut encoder = device.create_command_encoder(&default());
            let layout = wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(stride), rows_per_image: None };
            let origin = wgpu::Origin3d { z: layer, ..default() };
            encoder.copy_texture_to_buffer(
                wgpu::TexelCopyTextureInfo { mip_level, origin, ..texture.as_image_copy() },
                wgpu::TexelCopyBufferInfo { buffer: &buffer, layout },
                wgpu::Extent3d { width, height, depth_or_array_layers: 1 },
            );
            world.resource::<RenderQueue>().submit([encoder.finish()]);
            buffer.map_async(wgpu::MapMode::Read, .., |_| {});
            device.poll(wgpu::PollType::wait_indefinitely()).unwrap();
            let rows = buffer.get_mapped_range(..);
            let used = (width * texel) as usize;
            let texels = rows.chunks(stride as usize).flat_map(|row| &row[..used]).copied().collect();
            (width, height, texels)
        };
        (0..texture.mip_level_count()).map(level).collect()
    }
}
