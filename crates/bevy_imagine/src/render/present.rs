//! From a session's outputs to finished textures: level 0, then every smaller level, in scratch textures; when all are
//! whole they are copied behind the handles that materials hold, so that nobody ever sees half a result. And from pictures
//! to a session's inputs.

use std::collections::VecDeque;
use std::sync::Arc;

use bevy::prelude::*;
use bevy::render::render_asset::RenderAssets;
use bevy::render::texture::GpuImage;
use imagine_graph::{ColorSpace, InputKind};
use imagine_wgpu::texture_io::{self, TexturePass};
use imagine_wgpu::{PipelineError, PipelineStore, Session};
use wgpu::util::DeviceExt;

use crate::brush::PlannedStroke;
use crate::job::Job;
use crate::memory::{Allocation, ImagineMemory};
use crate::render::cost::KernelId;
use crate::target::{Destination, TextureShape, TextureSource};

/// Work of one texel in the unit of [`imagine_wgpu::Cost::work`]: about 16 bytes, at 4 each.
const TEXEL_WORK: u64 = 64;
/// Work of one sample of a sky while its light is filtered.
const SAMPLE_WORK: u64 = 150;
/// Samples of a direction of filtered light.
const LIGHT_SAMPLES: u32 = 96;
/// Most work of one dispatch, where a row is not more: dispatches are not cut later.
const BAND_WORK: u64 = 2_000_000;
/// Alignment of a uniform, the largest that devices ask for.
const UNIFORM_ALIGNMENT: usize = 256;
/// Bytes of params of any presentation pass, at most.
const FIRST_BASE: std::ops::Range<usize> = 0..12;

type Resources<'a> = Vec<(u32, wgpu::BindingResource<'a>)>;

/// Compiled presentation passes of one device. Clones share them.
#[derive(Clone)]
pub(crate) struct PresentPipelines {
    store: PipelineStore,
    memory: ImagineMemory,
    sampler: wgpu::Sampler,
}

/// What is left to do to make the textures of one job.
pub(crate) struct Presentation {
    pub passes: VecDeque<PresentPass>,
    /// Whether the textures are where they are shown.
    pub is_copied: bool,
    /// All passes of a living result, which is shown again and again.
    again: VecDeque<PresentPass>,
    textures: Vec<(Destination, TextureShape, wgpu::Texture)>,
    /// Levels of the scratch textures above those that are shown.
    skipped_levels: u32,
}

/// A dispatch.
#[derive(Clone)]
pub(crate) struct PresentPass {
    pub kernel: KernelId,
    pub work: u64,
    pipeline: wgpu::ComputePipeline,
    bind_group: wgpu::BindGroup,
    workgroups: [u32; 3],
    /// Of the uniforms that it shares with its neighbours.
    _params: Arc<Allocation>,
}

/// A picture for an input.
pub(crate) struct Picture {
    pub input: String,
    pub view: wgpu::TextureView,
    /// Width and height.
    pub size: [u32; 2],
}

impl PresentPipelines {
    pub fn new(store: PipelineStore, memory: ImagineMemory) -> Self {
        let sampler = store.device().create_sampler(&wgpu::SamplerDescriptor {
            label: Some("imagine linear"),
            mag_filter: wgpu::FilterMode::Linear,
            min_filter: wgpu::FilterMode::Linear,
            mipmap_filter: wgpu::MipmapFilterMode::Linear,
            ..Default::default()
        });
        Self { store, memory, sampler }
    }

    /// Compiles every pass, so that none has to be compiled later.
    pub fn compile_all(&self) -> Result<(), PipelineError> {
        texture_io::variants().iter().try_for_each(|call| self.store.compile(&call.pipeline).map(drop))
    }

    /// Compiles the passes of brushes, which are needed in the middle of a frame.
    pub fn compile_brushes(&self) -> Result<(), PipelineError> {
        let brushes = texture_io::variants().into_iter().filter(|call| call.pipeline.shader == "texture_io/brush");
        brushes.into_iter().try_for_each(|call| self.store.compile(&call.pipeline).map(drop))
    }

    /// `call` with its resources, the binding number of each beside it, in bands of rows that are short enough to be a slice.
    fn push(
        &self,
        passes: &mut VecDeque<PresentPass>,
        call: &TexturePass,
        texel_work: u64,
        resources: &Resources,
    ) -> Result<(), PipelineError> {
        let pipeline = self.store.compile(&call.pipeline)?;
        let shader = call.pipeline.shader;
        let kernel = KernelId::new(shader, &call.pipeline.defs);
        let row_work = u64::from(call.workgroups[0]) * u64::from(imagine_wgpu::WORKGROUP) * texel_work;
        let bands = bands(call.workgroups, (BAND_WORK / row_work.max(1)).clamp(1, 1 << 16) as u32);
        let stride = call.params.len().next_multiple_of(UNIFORM_ALIGNMENT);
        let mut contents = vec![0; stride * bands.len()];
        for (bytes, (base, _)) in contents.chunks_mut(stride).zip(&bands) {
            bytes[..call.params.len()].copy_from_slice(&call.params);
            bytes[FIRST_BASE].copy_from_slice(bytemuck::bytes_of(base));
        }
        let usage = wgpu::BufferUsages::UNIFORM;
        let descriptor = wgpu::util::BufferInitDescriptor { label: Some("params"), contents: &contents, usage };
        let params = self.store.device().create_buffer_init(&descriptor);
        let held = Arc::new(self.memory.allocate(contents.len() as u64));
        for (index, (_, workgroups)) in bands.into_iter().enumerate() {
            let size = std::num::NonZeroU64::new(call.params.len() as u64);
            let band = wgpu::BufferBinding { buffer: &params, offset: (index * stride) as u64, size };
            let mut entries = vec![wgpu::BindGroupEntry { binding: 0, resource: wgpu::BindingResource::Buffer(band) }];
            for (binding, resource) in resources {
                entries.push(wgpu::BindGroupEntry { binding: *binding, resource: resource.clone() });
            }
            let descriptor =
                wgpu::BindGroupDescriptor { label: Some(shader), layout: &pipeline.layout, entries: &entries };
            let bind_group = self.store.device().create_bind_group(&descriptor);
            let work = row_work * u64::from(workgroups[1]) * u64::from(workgroups[2]);
            let (pipeline, _params) = (pipeline.pipeline.clone(), held.clone());
            passes.push_back(PresentPass { kernel, work, pipeline, bind_group, workgroups, _params });
        }
        Ok(())
    }
}

impl Presentation {
    /// Bytes of the scratch textures of `job`.
    pub fn bytes(job: &Job) -> u64 {
        job.textures.iter().map(|(plan, _)| made(&plan.shape, job.skipped_levels).bytes()).sum()
    }

    /// The passes and scratch textures that make the textures of `job` from what `session` holds after `steps` steps.
    pub fn new(pipelines: &PresentPipelines, session: &Session, steps: u32, job: &Job) -> Result<Self, PipelineError> {
        let image_size = [job.request.size.width as u32, job.request.size.height as u32];
        let images = job.request.size.batch as u32;
        let mut passes = VecDeque::new();
        let mut textures: Vec<(Destination, TextureShape, wgpu::Texture)> = Vec::new();
        let output = |index: usize| wgpu::BindingResource::Buffer(session.output(index, steps));
        for (plan, destination) in &job.textures {
            let shape = made(&plan.shape, job.skipped_levels);
            let texture = scratch(pipelines.store.device(), &shape);
            let levels: Vec<_> = (0..shape.levels).map(|level| level_view(&texture, level)).collect();
            let mut made = 1;
            match &plan.source {
                TextureSource::Pack(what, outputs, arrangement) => {
                    let call = texture_io::pack(*what, image_size, images, *arrangement);
                    let given = (1..).zip(outputs).filter_map(|(binding, index)| Some((binding, output((*index)?))));
                    let resources = given.chain([(4, wgpu::BindingResource::TextureView(&levels[0]))]).collect();
                    pipelines.push(&mut passes, &call, TEXEL_WORK, &resources)?;
                }
                TextureSource::NormalFromHeight { height, strength, border } => {
                    let call = texture_io::normal_from_height(image_size, images, *strength, *border);
                    let level = wgpu::BindingResource::TextureView(&levels[0]);
                    pipelines.push(&mut passes, &call, TEXEL_WORK, &vec![(1, output(*height)), (2, level)])?;
                }
                TextureSource::Environment { sky, light } => {
                    let (_, sky_shape, sky) = &textures[*sky];
                    let sky = sky.create_view(&wgpu::TextureViewDescriptor {
                        dimension: Some(wgpu::TextureViewDimension::Cube),
                        ..Default::default()
                    });
                    for (index, level) in levels.iter().enumerate() {
                        let side = (shape.size.x >> index).max(1);
                        let what = light.at(index as u32, shape.levels);
                        let call = texture_io::environment(what, side, sky_shape.size.x, LIGHT_SAMPLES);
                        let resources = vec![
                            (1, wgpu::BindingResource::TextureView(&sky)),
                            (2, wgpu::BindingResource::Sampler(&pipelines.sampler)),
                            (3, wgpu::BindingResource::TextureView(level)),
                        ];
                        pipelines.push(&mut passes, &call, SAMPLE_WORK * u64::from(LIGHT_SAMPLES), &resources)?;
                    }
                    made = levels.len();
                }
            }
            let mut above_size = shape.size.to_array();
            for pair in levels[made - 1..].windows(2).filter(|_| made == 1) {
                let view = |at: usize| wgpu::BindingResource::TextureView(&pair[at]);
                let views = vec![(1, view(0)), (2, view(1))];
                pipelines.push(
                    &mut passes,
                    &texture_io::mip(plan.mip, above_size, shape.layers),
                    TEXEL_WORK,
                    &views,
                )?;
                above_size = above_size.map(|side| (side / 2).max(1));
            }
            textures.push((*destination, plan.shape, texture));
        }
        let again = if job.steps_per_second.is_some() { passes.clone() } else { VecDeque::new() };
        Ok(Self { passes, is_copied: false, again, textures, skipped_levels: job.skipped_levels })
    }

    /// Makes all textures again.
    pub fn restart(&mut self) {
        self.passes = self.again.clone();
        self.is_copied = false;
    }

    /// Whether all textures are made.
    pub fn is_whole(&self) -> bool {
        self.passes.is_empty()
    }

    /// Copies the whole textures behind their handles; false if Bevy has not made all of those yet.
    pub fn copy(&self, encoder: &mut wgpu::CommandEncoder, images: &RenderAssets<GpuImage>) -> bool {
        let targets: Option<Vec<_>> = self.textures.iter().map(|(at, ..)| images.get(at.image)).collect();
        let Some(targets) = targets else { return false };
        for ((destination, shape, texture), target) in self.textures.iter().zip(targets) {
            for mip_level in 0..shape.levels {
                let side = |length: u32| (length >> mip_level).max(1);
                let (width, height) = (side(shape.size.x), side(shape.size.y));
                let extent = wgpu::Extent3d { width, height, depth_or_array_layers: shape.layers };
                let made_level = mip_level + self.skipped_levels;
                let from = wgpu::TexelCopyTextureInfo { mip_level: made_level, ..texture.as_image_copy() };
                let origin = wgpu::Origin3d { z: destination.first_layer, ..Default::default() };
                let to = wgpu::TexelCopyTextureInfo { mip_level, origin, ..target.texture.as_image_copy() };
                encoder.copy_texture_to_texture(from, to, extent);
            }
        }
        true
    }
}

/// A texture of `shape` with `skipped` more levels above its own.
fn made(shape: &TextureShape, skipped: u32) -> TextureShape {
    let size = shape.size.saturating_mul(UVec2::splat(1 << skipped));
    TextureShape { size, levels: shape.levels + skipped, ..*shape }
}

/// The passes that make input tensors of pictures.
pub(crate) fn uploads(
    pipelines: &PresentPipelines,
    session: &Session,
    pictures: &[Picture],
) -> Result<VecDeque<PresentPass>, PipelineError> {
    let mut passes = VecDeque::new();
    for picture in pictures {
        let Some(input) = session.plan().inputs.iter().find(|input| input.name == picture.input) else { continue };
        let &[images, channels, height, width] = input.value_type.shape.as_slice() else { continue };
        let encode_srgb = input.kind == InputKind::Image(ColorSpace::Srgb);
        let luminance = channels == 1 && input.kind != InputKind::Mask;
        let size = [width as u32, height as u32];
        let call = texture_io::unpack(size, images as u32, channels as u32, picture.size, encode_srgb, luminance);
        let resources = vec![
            (1, wgpu::BindingResource::TextureView(&picture.view)),
            (2, wgpu::BindingResource::Sampler(&pipelines.sampler)),
            (3, wgpu::BindingResource::Buffer(session.binding(input.region))),
        ];
        pipelines.push(&mut passes, &call, TEXEL_WORK, &resources)?;
    }
    Ok(passes)
}

/// The passes that paint `strokes` on the state as it is after `done` steps.
pub(crate) fn paint(
    pipelines: &PresentPipelines,
    session: &Session,
    done: u32,
    strokes: &[PlannedStroke],
) -> Result<VecDeque<PresentPass>, PipelineError> {
    let mut passes = VecDeque::new();
    let Some(state) = &session.plan().state else { return Ok(passes) };
    let &[images, channels, height, width] = state.value_type.shape.as_slice() else { return Ok(passes) };
    let [images, channels, height, width] = [images, channels, height, width].map(|length| length as u32);
    for stroke in strokes {
        let stroke = texture_io::BrushStroke {
            center: [stroke.uv.x * width as f32, stroke.uv.y * height as f32],
            radius: stroke.radius * width as f32,
            softness: stroke.softness,
            strength: stroke.strength,
            first_channel: stroke.first,
            values: &stroke.numbers,
            amplitude: stroke.amplitude,
            key: stroke.key,
        };
        let call = texture_io::brush(&stroke, [width, height], images, channels);
        let region = session.binding(state.regions[done as usize % 2]);
        let resources = vec![(1, wgpu::BindingResource::Buffer(region))];
        pipelines.push(&mut passes, &call, TEXEL_WORK, &resources)?;
    }
    Ok(passes)
}

/// Records `passes` as one compute pass.
pub(crate) fn encode_passes(
    passes: impl Iterator<Item = PresentPass>,
    encoder: &mut wgpu::CommandEncoder,
    timestamp_writes: Option<wgpu::ComputePassTimestampWrites>,
) {
    let descriptor = wgpu::ComputePassDescriptor { label: Some("imagine present"), timestamp_writes };
    let mut compute = encoder.begin_compute_pass(&descriptor);
    for pass in passes {
        compute.set_pipeline(&pass.pipeline);
        compute.set_bind_group(0, &pass.bind_group, &[]);
        let [x, y, z] = pass.workgroups;
        compute.dispatch_workgroups(x, y, z);
    }
}

/// First workgroup and number of workgroups of every band of at most `rows` rows; whole layers go together while they fit.
fn bands([x, height, layers]: [u32; 3], rows: u32) -> Vec<([u32; 3], [u32; 3])> {
    let mut bands = Vec::new();
    if rows >= height {
        let step = (rows / height.max(1)).max(1);
        for layer in (0..layers).step_by(step as usize) {
            bands.push(([0, 0, layer], [x, height, step.min(layers - layer)]));
        }
        return bands;
    }
    for layer in 0..layers {
        for row in (0..height).step_by(rows as usize) {
            bands.push(([0, row, layer], [x, rows.min(height - row), 1]));
        }
    }
    bands
}

fn scratch(device: &wgpu::Device, shape: &TextureShape) -> wgpu::Texture {
    device.create_texture(&wgpu::TextureDescriptor {
        label: Some("imagine scratch"),
        size: wgpu::Extent3d { width: shape.size.x, height: shape.size.y, depth_or_array_layers: shape.layers },
        mip_level_count: shape.levels,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format: shape.storage_format(),
        usage: wgpu::TextureUsages::STORAGE_BINDING
            | wgpu::TextureUsages::TEXTURE_BINDING
            | wgpu::TextureUsages::COPY_SRC,
        view_formats: &[],
    })
}

/// One level as an array of layers.
fn level_view(texture: &wgpu::Texture, level: u32) -> wgpu::TextureView {
    texture.create_view(&wgpu::TextureViewDescriptor {
        label: Some("imagine level"),
        dimension: Some(wgpu::TextureViewDimension::D2Array),
        base_mip_level: level,
        mip_level_count: Some(1),
        ..Default::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_cover_every_workgroup_once() {
        for (grid, rows) in [([2, 7, 3], 3), ([1, 4, 6], 4), ([1, 4, 6], 9), ([1, 1, 1], 65_536), ([3, 5, 1], 1)] {
            let mut seen = std::collections::HashSet::new();
            for (base, [x, y, z]) in bands(grid, rows) {
                for at in 0..x * y * z {
                    let place = [at % x + base[0], at / x % y + base[1], at / x / y + base[2]];
                    assert!(seen.insert(place), "{place:?} twice in {grid:?} by {rows}");
                }
                assert!(y * z <= rows.max(1) || y * z == 1, "{y} rows of {z} layers are more than {rows}");
            }
            assert_eq!(seen.len() as u32, grid.iter().product::<u32>());
        }
    }
}
