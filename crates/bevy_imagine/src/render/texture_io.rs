//! Tensors to textures and images to tensors.
//!
//! Level 0 and then every smaller level are made in scratch textures, and compressed into buffers if the shown texture is block-compressed; when all are complete
//! they are copied to the images that materials hold, so that no frame ever shows half a result.

use bevy::prelude::*;
use bevy::render::render_asset::RenderAssets;
use bevy::render::texture::GpuImage;
use imagine_graph::{ColorSpace, InputKind};
use imagine_wgpu::texture_io::{self, MipFilter, PictureChannels};
use imagine_wgpu::{PipelineError, Session};
use wgpu::BindingResource;

use super::blocks::BlockBuffer;
use super::dispatches::Dispatches;
use super::kernels::Kernels;
use crate::image_source::ImageChannels;
use crate::job::{Job, JobImage, PlannedStroke};
use crate::target::{Destination, OutputIndex, TextureRole, TextureShape, TextureSource};

/// Work of a texel in the unit of [`imagine_wgpu::Cost::work`]: about 16 bytes, at 4 each.
const TEXEL_WORK: u64 = 64;
/// Work of a sample while a sky is filtered.
const SAMPLE_WORK: u64 = 150;
/// Samples for each direction of filtered light.
const LIGHT_SAMPLES: u32 = 96;
/// The textures of one job: the dispatches that make them, and where they go.
pub(crate) struct TextureWriter {
    pub passes: Dispatches,
    textures: Vec<WrittenTexture>,
    /// Levels of the scratch textures above those that are shown.
    skipped_levels: u32,
}

struct WrittenTexture {
    destination: Destination,
    role: TextureRole,
    /// As it is shown.
    shape: TextureShape,
    scratch: wgpu::Texture,
    /// The shown levels as blocks, if the texture is block-compressed.
    blocks: Option<BlockBuffer>,
}

/// An image for an input of a network.
pub(crate) struct InputImage {
    pub input: String,
    pub view: wgpu::TextureView,
    /// Width and height.
    pub size: [u32; 2],
    pub channels: ImageChannels,
    /// Whether the texture has red and green only, as block-compressed normal maps.
    pub has_two_channels: bool,
}

impl TextureWriter {
    /// Bytes of the scratch textures and of the blocks of `job`.
    pub fn bytes(job: &Job) -> u64 {
        let scratch = |shape: &TextureShape| with_skipped(shape, job.key.skipped_levels).scratch().bytes();
        job.key.textures.iter().map(|plan| scratch(&plan.shape) + BlockBuffer::bytes(plan)).sum()
    }

    /// Dispatches and scratch textures for the textures of `job`, from the outputs of `session` after `steps` steps.
    pub fn new(kernels: &Kernels, session: &Session, steps: u32, job: &Job) -> Result<Self, PipelineError> {
        let skipped_levels = job.key.skipped_levels;
        let mut writer = Self { passes: Dispatches::default(), textures: Vec::new(), skipped_levels };
        for (plan, destination) in job.key.textures.iter().zip(&job.destinations) {
            let shape = with_skipped(&plan.shape, skipped_levels);
            let scratch = scratch(kernels.store.device(), &shape);
            let levels: Vec<_> = (0..shape.levels).map(|level| level_view(&scratch, level)).collect();
            if writer.push_source(kernels, session, steps, job, &plan.source, &shape, &levels)? {
                let normals = writer.normals(&shape).filter(|_| plan.mip == MipFilter::Roughness);
                let filter = match plan.mip {
                    MipFilter::Roughness if normals.is_none() => MipFilter::Linear,
                    filter => filter,
                };
                let mut above_size = shape.size.to_array();
                for (above, pair) in levels.windows(2).enumerate() {
                    let normals = normals.as_ref().map(|levels| (3, BindingResource::TextureView(&levels[above])));
                    let views =
                        [(1, BindingResource::TextureView(&pair[0])), (2, BindingResource::TextureView(&pair[1]))];
                    let views: Vec<_> = views.into_iter().chain(normals).collect();
                    let pass = texture_io::mip(filter, above_size, shape.layers);
                    writer.passes.push(kernels, &pass, TEXEL_WORK, &views)?;
                    above_size = above_size.map(|side| (side / 2).max(1));
                }
            }
            let shown = &levels[skipped_levels as usize..];
            let blocks = plan.blocks();
            let blocks = blocks.map(|what| BlockBuffer::new(kernels, what, &plan.shape, shown, &mut writer.passes));
            let (destination, role, shape) = (*destination, plan.role, plan.shape);
            writer.textures.push(WrittenTexture { destination, role, shape, scratch, blocks: blocks.transpose()? });
        }
        Ok(writer)
    }

    /// The levels of the normals before this texture, if they have its shape.
    fn normals(&self, shape: &TextureShape) -> Option<Vec<wgpu::TextureView>> {
        let is_like = |texture: &&WrittenTexture| {
            let same =
                texture.scratch.size() == scratch_size(shape) && texture.scratch.mip_level_count() == shape.levels;
            texture.role == TextureRole::Normal && same
        };
        let texture = self.textures.iter().rfind(is_like)?;
        Some((0..shape.levels).map(|level| level_view(&texture.scratch, level)).collect())
    }

    /// Adds the passes of a source. Returns whether the smaller levels still have to be averaged from level 0.
    fn push_source(
        &mut self,
        kernels: &Kernels,
        session: &Session,
        steps: u32,
        job: &Job,
        source: &TextureSource,
        shape: &TextureShape,
        levels: &[wgpu::TextureView],
    ) -> Result<bool, PipelineError> {
        let size = job.key.request.size;
        let (image_size, images) = ([size.width as u32, size.height as u32], size.batch as u32);
        let output = |OutputIndex(index): OutputIndex| BindingResource::Buffer(session.output(index, steps));
        let level = |index: usize| BindingResource::TextureView(&levels[index]);
        match source {
            TextureSource::Pack(pack, outputs, layout) => {
                let pass = texture_io::pack(*pack, image_size, images, *layout);
                let given = (1..).zip(outputs).filter_map(|(binding, index)| Some((binding, output((*index)?))));
                let resources: Vec<_> = given.chain([(4, level(0))]).collect();
                self.passes.push(kernels, &pass, TEXEL_WORK, &resources)?;
            }
            TextureSource::NormalFromHeight { height, strength, border } => {
                let pass = texture_io::normal_from_height(image_size, images, *strength, *border);
                self.passes.push(kernels, &pass, TEXEL_WORK, &[(1, output(*height)), (2, level(0))])?;
            }
            TextureSource::Environment(light) => {
                let sky = self.textures.iter().rfind(|texture| texture.role == TextureRole::Sky);
                let Some(sky) = sky else { return Ok(true) };
                let sky_side = sky.scratch.width();
                let sky = sky.scratch.create_view(&wgpu::TextureViewDescriptor {
                    dimension: Some(wgpu::TextureViewDimension::Cube),
                    ..Default::default()
                });
                for index in 0..levels.len() {
                    let filter = light.at(index as u32, shape.levels);
                    let side = (shape.size.x >> index).max(1);
                    let pass = texture_io::environment(filter, side, sky_side, LIGHT_SAMPLES);
                    let sampler = BindingResource::Sampler(&kernels.sampler);
                    let resources = [(1, BindingResource::TextureView(&sky)), (2, sampler), (3, level(index))];
                    self.passes.push(kernels, &pass, SAMPLE_WORK * u64::from(LIGHT_SAMPLES), &resources)?;
                }
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Copies the complete textures to the shown images. Returns false if Bevy has not created all of these yet.
    pub fn copy(&self, encoder: &mut wgpu::CommandEncoder, images: &RenderAssets<GpuImage>) -> bool {
        let targets: Option<Vec<_>> = self.textures.iter().map(|at| images.get(at.destination.image)).collect();
        let Some(targets) = targets else { return false };
        for (WrittenTexture { destination, shape, scratch, blocks, .. }, target) in self.textures.iter().zip(targets) {
            if let Some(blocks) = blocks {
                blocks.copy(encoder, &target.texture, destination.first_layer);
                continue;
            }
            for mip_level in 0..shape.levels {
                let side = |length: u32| (length >> mip_level).max(1);
                let (width, height) = (side(shape.size.x), side(shape.size.y));
                let extent = wgpu::Extent3d { width, height, depth_or_array_layers: shape.layers };
                let made_level = mip_level + self.skipped_levels;
                let from = wgpu::TexelCopyTextureInfo { mip_level: made_level, ..scratch.as_image_copy() };
                let origin = wgpu::Origin3d { z: destination.first_layer, ..Default::default() };
                let to = wgpu::TexelCopyTextureInfo { mip_level, origin, ..target.texture.as_image_copy() };
                encoder.copy_texture_to_texture(from, to, extent);
            }
        }
        true
    }
}

/// The input images of a job, once all of them are on the GPU.
pub(crate) fn input_images(job: &Job, images: &RenderAssets<GpuImage>) -> Option<Vec<InputImage>> {
    let input = |JobImage { input, image, channels }: &JobImage| {
        let image = images.get(*image)?;
        let size = [image.texture.width(), image.texture.height()];
        let view = wgpu::TextureView::clone(&image.texture_view);
        let has_two_channels = image.texture.format().components() == 2;
        Some(InputImage { input: input.clone(), view, size, channels: *channels, has_two_channels })
    };
    job.key.images.iter().map(input).collect()
}

/// Dispatches that turn input images into tensors.
pub(crate) fn upload_images(
    kernels: &Kernels,
    session: &Session,
    images: &[InputImage],
) -> Result<Dispatches, PipelineError> {
    let mut dispatches = Dispatches::default();
    for image in images {
        let Some(input) = session.plan().inputs.iter().find(|input| input.name == image.input) else { continue };
        let &[batch, channels, height, width] = input.value_type.shape.as_slice() else { continue };
        let encode_srgb = input.kind == InputKind::Image(ColorSpace::Srgb);
        let reads = match image.channels {
            ImageChannels::All if channels == 1 && input.kind != InputKind::Mask => PictureChannels::Luminance,
            ImageChannels::All if channels == 3 && image.has_two_channels && !encode_srgb => PictureChannels::Normal,
            ImageChannels::All | ImageChannels::Red => PictureChannels::From(0),
            ImageChannels::Green => PictureChannels::From(1),
            ImageChannels::Blue => PictureChannels::From(2),
            ImageChannels::Alpha => PictureChannels::From(3),
            ImageChannels::InvertedRed => PictureChannels::InvertedRed,
        };
        let size = [width as u32, height as u32];
        let pass = texture_io::unpack(size, batch as u32, channels as u32, image.size, encode_srgb, reads);
        let resources = [
            (1, BindingResource::TextureView(&image.view)),
            (2, BindingResource::Sampler(&kernels.sampler)),
            (3, BindingResource::Buffer(session.binding(input.region))),
        ];
        dispatches.push(kernels, &pass, TEXEL_WORK, &resources)?;
    }
    Ok(dispatches)
}

/// Dispatches that paint `strokes` onto the state after `steps` steps.
pub(crate) fn paint_state(
    kernels: &Kernels,
    session: &Session,
    steps: u32,
    strokes: &[PlannedStroke],
) -> Result<Dispatches, PipelineError> {
    let mut dispatches = Dispatches::default();
    let Some(state) = &session.plan().state else { return Ok(dispatches) };
    let &[batch, channels, height, width] = state.value_type.shape.as_slice() else { return Ok(dispatches) };
    let [batch, channels, height, width] = [batch, channels, height, width].map(|length| length as u32);
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
        let pass = texture_io::brush(&stroke, [width, height], batch, channels);
        let region = session.binding(state.regions[steps as usize % 2]);
        dispatches.push(kernels, &pass, TEXEL_WORK, &[(1, BindingResource::Buffer(region))])?;
    }
    Ok(dispatches)
}

/// A shape with `skipped` more levels above its own.
fn with_skipped(shape: &TextureShape, skipped: u32) -> TextureShape {
    let size = shape.size.saturating_mul(UVec2::splat(1 << skipped));
    TextureShape { size, levels: shape.levels + skipped, ..*shape }
}

fn scratch(device: &wgpu::Device, shape: &TextureShape) -> wgpu::Texture {
    device.create_texture(&wgpu::TextureDescriptor {
        label: Some("imagine scratch"),
        size: scratch_size(shape),
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

fn scratch_size(shape: &TextureShape) -> wgpu::Extent3d {
    wgpu::Extent3d { width: shape.size.x, height: shape.size.y, depth_or_array_layers: shape.layers }
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
