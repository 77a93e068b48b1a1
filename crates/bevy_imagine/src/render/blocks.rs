//! Block compression: the buffers that compression passes write, and copies from these to the shown images.

use std::num::NonZeroU64;

use imagine_wgpu::PipelineError;
use imagine_wgpu::texture_io::{BlockLevel, Blocks, compress};
use wgpu::BindingResource;

use super::dispatches::Dispatches;
use super::kernels::Kernels;
use crate::target::{TexturePlan, TextureShape};

/// The blocks of one texture, all levels and layers.
pub(crate) struct BlockBuffer {
    buffer: wgpu::Buffer,
    levels: Vec<BlockLevel>,
}

impl BlockBuffer {
    /// Bytes of the buffer for `plan`, 0 if it is not block-compressed.
    pub fn bytes(plan: &TexturePlan) -> u64 {
        plan.blocks().map_or(0, |blocks| end(&levels(blocks, &plan.shape)))
    }

    /// A buffer for `shape`, and the passes that fill it from the `views` of an uncompressed texture, one for each level.
    pub fn new(
        kernels: &Kernels,
        blocks: Blocks,
        shape: &TextureShape,
        views: &[wgpu::TextureView],
        passes: &mut Dispatches,
    ) -> Result<Self, PipelineError> {
        let levels = levels(blocks, shape);
        let buffer = kernels.store.device().create_buffer(&wgpu::BufferDescriptor {
            label: Some("imagine blocks"),
            size: end(&levels),
            usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC,
            mapped_at_creation: false,
        });
        for (level, view) in levels.iter().zip(views) {
            let part =
                wgpu::BufferBinding { buffer: &buffer, offset: level.offset, size: NonZeroU64::new(level.bytes()) };
            let resources = [(1, BindingResource::TextureView(view)), (2, BindingResource::Buffer(part))];
            // A block is much work on few bytes: short bands would leave a GPU idle.
            passes.push_in_bands(kernels, &compress(blocks, level), blocks.work(), kernels.band_work, &resources)?;
        }
        Ok(Self { buffer, levels })
    }

    /// Copies all levels to `texture`, from `first_layer` on.
    pub fn copy(&self, encoder: &mut wgpu::CommandEncoder, texture: &wgpu::Texture, first_layer: u32) {
        for (mip_level, level) in (0..).zip(&self.levels) {
            let layout = wgpu::TexelCopyBufferLayout {
                offset: level.offset,
                bytes_per_row: Some(level.row_bytes),
                rows_per_image: Some(level.rows),
            };
            let origin = wgpu::Origin3d { z: first_layer, ..Default::default() };
            let to = wgpu::TexelCopyTextureInfo { mip_level, origin, ..texture.as_image_copy() };
            // Small levels are whole blocks in memory.
            let [width, height] = level.size.map(|side| side.next_multiple_of(imagine_wgpu::texture_io::BLOCK_SIDE));
            let extent = wgpu::Extent3d { width, height, depth_or_array_layers: level.layers };
            encoder.copy_buffer_to_texture(wgpu::TexelCopyBufferInfo { buffer: &self.buffer, layout }, to, extent);
        }
    }
}

fn levels(blocks: Blocks, shape: &TextureShape) -> Vec<BlockLevel> {
    blocks.levels(shape.size.to_array(), shape.levels, shape.layers)
}

fn end(levels: &[BlockLevel]) -> u64 {
    levels.iter().map(BlockLevel::bytes).sum()
}
