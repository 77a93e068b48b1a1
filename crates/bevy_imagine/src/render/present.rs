//! From a session's outputs to finished textures: level 0, then every smaller level, in scratch textures; when all are
//! whole they are copied behind the handles that materials hold, so that nobody ever sees half a result.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use bevy::prelude::*;
use bevy::render::render_asset::RenderAssets;
use bevy::render::texture::GpuImage;
use imagine_wgpu::present::{self, PresentCall};
use imagine_wgpu::{Def, PipelineError, Session, compose};
use wgpu::util::DeviceExt;

use crate::memory::{Allocation, ImagineMemory};
use crate::synthesis::Job;
use crate::target::{MapSource, mip_levels, texture_bytes};

/// Scratch textures are stored as they are computed. Copies between a format and its sRGB twin keep the bytes.
const SCRATCH_FORMAT: wgpu::TextureFormat = wgpu::TextureFormat::Rgba8Unorm;
/// Work of one texel in the unit of [`imagine_wgpu::Cost::work`]: about 16 bytes, at 4 each.
const TEXEL_WORK: u64 = 64;

type Variant = (&'static str, Vec<(&'static str, Def)>);

/// Compiled presentation passes of one device. Clones share them.
#[derive(Clone)]
pub(crate) struct PresentPipelines {
    device: wgpu::Device,
    compiled: Arc<Mutex<HashMap<Variant, wgpu::ComputePipeline>>>,
}

/// What is left to do to make the textures of one job.
pub(crate) struct Presentation {
    passes: VecDeque<PresentPass>,
    textures: Vec<(AssetId<Image>, wgpu::Texture)>,
    _memory: Allocation,
}

struct PresentPass {
    pipeline: wgpu::ComputePipeline,
    bind_group: wgpu::BindGroup,
    workgroups: [u32; 3],
    work: u64,
}

impl PresentPipelines {
    pub fn new(device: &wgpu::Device) -> Self {
        Self { device: device.clone(), compiled: Arc::default() }
    }

    /// The pipeline of `call`, compiled now on this thread if it is not there.
    fn compile(&self, call: &PresentCall) -> Result<wgpu::ComputePipeline, PipelineError> {
        let variant = (call.shader, call.defs.clone());
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pipeline) = compiled.get(&variant) {
            return Ok(pipeline.clone());
        }
        let module = compose(call.shader, &call.defs)?;
        let module = self.device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some(call.shader),
            source: wgpu::ShaderSource::Naga(std::borrow::Cow::Owned(module)),
        });
        let pipeline = self.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(call.shader),
            layout: None,
            module: &module,
            entry_point: Some("main"),
            compilation_options: Default::default(),
            cache: None,
        });
        compiled.insert(variant, pipeline.clone());
        Ok(pipeline)
    }

    /// `call` with its resources, the binding number of each beside it.
    fn pass(
        &self,
        call: &PresentCall,
        resources: &[(u32, wgpu::BindingResource)],
    ) -> Result<PresentPass, PipelineError> {
        let pipeline = self.compile(call)?;
        let usage = wgpu::BufferUsages::UNIFORM;
        let descriptor = wgpu::util::BufferInitDescriptor { label: Some("params"), contents: &call.params, usage };
        let params = self.device.create_buffer_init(&descriptor);
        let mut entries = vec![wgpu::BindGroupEntry { binding: 0, resource: params.as_entire_binding() }];
        for (binding, resource) in resources {
            entries.push(wgpu::BindGroupEntry { binding: *binding, resource: resource.clone() });
        }
        let layout = pipeline.get_bind_group_layout(0);
        let descriptor = wgpu::BindGroupDescriptor { label: Some(call.shader), layout: &layout, entries: &entries };
        let bind_group = self.device.create_bind_group(&descriptor);
        let [x, y, z] = call.workgroups.map(u64::from);
        let work = x * u64::from(imagine_wgpu::WORKGROUP) * y * z * TEXEL_WORK;
        Ok(PresentPass { pipeline, bind_group, workgroups: call.workgroups, work })
    }
}

impl Presentation {
    /// The passes and scratch textures that make the maps of `job` from what `session` holds after `steps` steps.
    pub fn new(
        pipelines: &PresentPipelines,
        session: &Session,
        steps: u32,
        job: &Job,
        memory: &ImagineMemory,
    ) -> Result<Self, PipelineError> {
        let size = UVec2::new(job.request.size.width as u32, job.request.size.height as u32);
        let memory = memory.allocate(texture_bytes(size) * job.maps.len() as u64);
        let mut passes = VecDeque::new();
        let mut textures = Vec::new();
        for (plan, image) in &job.maps {
            let texture = scratch(&pipelines.device, size);
            let levels: Vec<_> = (0..mip_levels(size)).map(|level| level_view(&texture, level)).collect();
            let (call, mut resources, target) = first_level(&plan.source, size, session, steps);
            resources.push((target, wgpu::BindingResource::TextureView(&levels[0])));
            passes.push_back(pipelines.pass(&call, &resources)?);
            let mut above_size = size.to_array();
            for pair in levels.windows(2) {
                let views =
                    [(1, &pair[0]), (2, &pair[1])].map(|(at, view)| (at, wgpu::BindingResource::TextureView(view)));
                passes.push_back(pipelines.pass(&present::mip(plan.mip, above_size), &views)?);
                above_size = above_size.map(|side| (side / 2).max(1));
            }
            textures.push((*image, texture));
        }
        Ok(Self { passes, textures, _memory: memory })
    }

    /// Records passes until they are done or `budget` is used up, at least one. Gives the work that was recorded.
    pub fn encode(&mut self, encoder: &mut wgpu::CommandEncoder, budget: u64) -> u64 {
        let mut done = 0;
        let descriptor = wgpu::ComputePassDescriptor { label: Some("imagine present"), timestamp_writes: None };
        let mut compute = encoder.begin_compute_pass(&descriptor);
        while let Some(pass) = self.passes.pop_front_if(|pass| done == 0 || done + pass.work <= budget) {
            compute.set_pipeline(&pass.pipeline);
            compute.set_bind_group(0, &pass.bind_group, &[]);
            let [x, y, z] = pass.workgroups;
            compute.dispatch_workgroups(x, y, z);
            done += pass.work;
        }
        done
    }

    /// Whether all textures are made.
    pub fn is_whole(&self) -> bool {
        self.passes.is_empty()
    }

    /// Copies the whole textures behind their handles; false if Bevy has not made all of those yet.
    pub fn copy(&self, encoder: &mut wgpu::CommandEncoder, images: &RenderAssets<GpuImage>) -> bool {
        let targets: Option<Vec<_>> = self.textures.iter().map(|(id, _)| images.get(*id)).collect();
        let Some(targets) = targets else { return false };
        for ((_, texture), target) in self.textures.iter().zip(targets) {
            for mip_level in 0..texture.mip_level_count() {
                let side = |length: u32| (length >> mip_level).max(1);
                let (width, height) = (side(texture.width()), side(texture.height()));
                let extent = wgpu::Extent3d { width, height, depth_or_array_layers: 1 };
                let from = wgpu::TexelCopyTextureInfo { mip_level, ..texture.as_image_copy() };
                let to = wgpu::TexelCopyTextureInfo { mip_level, ..target.texture.as_image_copy() };
                encoder.copy_texture_to_texture(from, to, extent);
            }
        }
        true
    }
}

/// The pass that makes level 0, what it reads, and the binding of the texture that it writes.
fn first_level<'a>(
    source: &MapSource,
    size: UVec2,
    session: &'a Session,
    steps: u32,
) -> (PresentCall, Vec<(u32, wgpu::BindingResource<'a>)>, u32) {
    let output = |index: usize| wgpu::BindingResource::Buffer(session.output(index, steps));
    match source {
        MapSource::Pack(pack, outputs) => {
            let given = (1..).zip(outputs).filter_map(|(binding, index)| Some((binding, output((*index)?))));
            (present::pack(*pack, size.to_array()), given.collect(), 4)
        }
        MapSource::NormalFromHeight { height, strength, border } => {
            (present::normal_from_height(size.to_array(), *strength, *border), vec![(1, output(*height))], 2)
        }
    }
}

fn scratch(device: &wgpu::Device, size: UVec2) -> wgpu::Texture {
    device.create_texture(&wgpu::TextureDescriptor {
        label: Some("imagine scratch"),
        size: wgpu::Extent3d { width: size.x, height: size.y, depth_or_array_layers: 1 },
        mip_level_count: mip_levels(size),
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format: SCRATCH_FORMAT,
        usage: wgpu::TextureUsages::STORAGE_BINDING
            | wgpu::TextureUsages::TEXTURE_BINDING
            | wgpu::TextureUsages::COPY_SRC,
        view_formats: &[],
    })
}

fn level_view(texture: &wgpu::Texture, level: u32) -> wgpu::TextureView {
    texture.create_view(&wgpu::TextureViewDescriptor {
        label: Some("imagine level"),
        base_mip_level: level,
        mip_level_count: Some(1),
        ..Default::default()
    })
}
