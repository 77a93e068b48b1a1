//! The shared device for tests that dispatch single shaders. Whole networks go through the engine.

use std::cell::RefCell;
use std::collections::HashMap;

use imagine_wgpu::{BoundsChecks, ShaderComposer, ShaderDef, headless};
use wgpu::util::{BufferInitDescriptor, DeviceExt};

/// A device and its queue.
pub struct Gpu {
    /// The device.
    pub device: wgpu::Device,
    /// Its queue.
    pub queue: wgpu::Queue,
    composer: RefCell<ShaderComposer>,
    pipelines: RefCell<HashMap<Variant, wgpu::ComputePipeline>>,
}

/// Path and defs of a shader.
type Variant = (String, Vec<(&'static str, ShaderDef)>);

/// A binding of a test's dispatch; the params uniform is binding 0.
pub enum Bound<'a> {
    /// A buffer at binding ..
    Buffer(u32, &'a wgpu::Buffer),
    /// A texture view at binding ..
    View(u32, wgpu::TextureView),
}

impl Gpu {
    /// The device that tests use, if there is one.
    pub fn new() -> Option<Self> {
        let headless::Gpu { device, queue, .. } = headless::Gpu::for_test(BoundsChecks::On)?;
        let composer = RefCell::new(ShaderComposer::new().expect("the library composes"));
        Some(Self { device, queue, composer, pipelines: RefCell::default() })
    }

    /// A storage buffer with the given words.
    pub fn buffer<T: bytemuck::Pod>(&self, words: &[T]) -> wgpu::Buffer {
        self.device.create_buffer_init(&BufferInitDescriptor {
            label: None,
            contents: bytemuck::cast_slice(words),
            usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC,
        })
    }

    /// A storage texture as the plugin makes them, with `levels` mip levels.
    pub fn texture(&self, [width, height]: [u32; 2], levels: u32) -> wgpu::Texture {
        self.device.create_texture(&wgpu::TextureDescriptor {
            label: None,
            size: wgpu::Extent3d { width, height, depth_or_array_layers: 1 },
            mip_level_count: levels,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format: wgpu::TextureFormat::Rgba8Unorm,
            usage: wgpu::TextureUsages::STORAGE_BINDING
                | wgpu::TextureUsages::TEXTURE_BINDING
                | wgpu::TextureUsages::COPY_SRC
                | wgpu::TextureUsages::COPY_DST,
            view_formats: &[wgpu::TextureFormat::Rgba8UnormSrgb],
        })
    }

    /// Runs one shader over `workgroups`, with bounds checks.
    pub fn dispatch(
        &self,
        shader: &str,
        defs: &[(&'static str, ShaderDef)],
        params: &[u8],
        bound: &[Bound],
        [x, y, z]: [u32; 3],
    ) {
        let pipeline = self.pipeline((shader.into(), defs.to_vec()));
        let params = self.device.create_buffer_init(&BufferInitDescriptor {
            label: None,
            contents: params,
            usage: wgpu::BufferUsages::UNIFORM,
        });
        let mut entries = vec![wgpu::BindGroupEntry { binding: 0, resource: params.as_entire_binding() }];
        entries.extend(bound.iter().map(|bound| match bound {
            Bound::Buffer(binding, buffer) => {
                wgpu::BindGroupEntry { binding: *binding, resource: buffer.as_entire_binding() }
            }
            Bound::View(binding, view) => {
                wgpu::BindGroupEntry { binding: *binding, resource: wgpu::BindingResource::TextureView(view) }
            }
        }));
        let group = self.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &pipeline.get_bind_group_layout(0),
            entries: &entries,
        });
        let mut encoder = self.device.create_command_encoder(&Default::default());
        let mut pass = encoder.begin_compute_pass(&Default::default());
        pass.set_pipeline(&pipeline);
        pass.set_bind_group(0, &group, &[]);
        pass.dispatch_workgroups(x, y, z);
        drop(pass);
        self.queue.submit([encoder.finish()]);
    }

    fn pipeline(&self, variant: Variant) -> wgpu::ComputePipeline {
        let mut pipelines = self.pipelines.borrow_mut();
        pipelines.entry(variant).or_insert_with_key(|variant| self.compile(variant)).clone()
    }

    fn compile(&self, (shader, defs): &Variant) -> wgpu::ComputePipeline {
        let module = self.composer.borrow_mut().compose(shader, defs).unwrap_or_else(|error| panic!("{error}"));
        let descriptor = wgpu::ShaderModuleDescriptor {
            label: Some(shader),
            source: wgpu::ShaderSource::Naga(std::borrow::Cow::Owned(module)),
        };
        let module = self.device.create_shader_module(descriptor);
        self.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(shader),
            layout: None,
            module: &module,
            entry_point: Some("main"),
            compilation_options: Default::default(),
            cache: None,
        })
    }

    /// The bytes of a buffer.
    pub fn read(&self, buffer: &wgpu::Buffer) -> Vec<u8> {
        let target = self.download(buffer.size());
        let mut encoder = self.device.create_command_encoder(&Default::default());
        encoder.copy_buffer_to_buffer(buffer, 0, &target, 0, buffer.size());
        self.queue.submit([encoder.finish()]);
        self.map(&target)
    }

    /// The texels of one level of a texture, row by row.
    pub fn read_texture(&self, texture: &wgpu::Texture, level: u32) -> Vec<[u8; 4]> {
        let [width, height] = [texture.width(), texture.height()].map(|side| (side >> level).max(1));
        let row = (4 * width).next_multiple_of(wgpu::COPY_BYTES_PER_ROW_ALIGNMENT);
        let target = self.download(u64::from(row * height));
        let mut encoder = self.device.create_command_encoder(&Default::default());
        encoder.copy_texture_to_buffer(
            wgpu::TexelCopyTextureInfo { mip_level: level, ..texture.as_image_copy() },
            wgpu::TexelCopyBufferInfo {
                buffer: &target,
                layout: wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(row), rows_per_image: None },
            },
            wgpu::Extent3d { width, height, depth_or_array_layers: 1 },
        );
        self.queue.submit([encoder.finish()]);
        let bytes = self.map(&target);
        let rows = bytes.chunks_exact(row as usize).flat_map(|row| row[..4 * width as usize].chunks_exact(4));
        rows.map(|texel| [texel[0], texel[1], texel[2], texel[3]]).collect()
    }

    fn download(&self, size: u64) -> wgpu::Buffer {
        self.device.create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size,
            usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
            mapped_at_creation: false,
        })
    }

    fn map(&self, buffer: &wgpu::Buffer) -> Vec<u8> {
        buffer.map_async(wgpu::MapMode::Read, .., |result| result.expect("the buffer maps"));
        self.device.poll(wgpu::PollType::wait_indefinitely()).expect("the device works");
        buffer.get_mapped_range(..).to_vec()
    }
}
