//! Reads block-compressed textures back, which Bevy's `Readback` does not do.

use std::sync::{Arc, Mutex, PoisonError};

use bevy::prelude::*;
use bevy::render::render_asset::RenderAssets;
use bevy::render::renderer::{RenderContext, RenderDevice};
use bevy::render::texture::GpuImage;
use imagine_wgpu::texture_io::{BLOCK_SIDE, BlockLevel};

/// Textures to read. A resource of both worlds; clones share it.
#[derive(Resource, Clone, Default)]
pub(crate) struct BlockReads(Arc<Mutex<Vec<BlockRead>>>);

/// One layer of a texture to read.
pub(crate) struct BlockRead {
    pub image: AssetId<Image>,
    pub layer: u32,
    /// Where its levels go in a buffer.
    pub levels: Vec<BlockLevel>,
    /// Takes the blocks of each level, row by row, on the thread that polls the device.
    pub done: Box<dyn FnOnce(Vec<Vec<u8>>) + Send>,
}

impl BlockReads {
    pub fn push(&self, read: BlockRead) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(read);
    }

    fn take(&self) -> Vec<BlockRead> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Copies the wanted textures to buffers, which are mapped when the frame is done.
pub(crate) fn read_blocks(
    mut context: RenderContext,
    reads: Res<BlockReads>,
    images: Res<RenderAssets<GpuImage>>,
    device: Res<RenderDevice>,
) {
    for read in reads.take() {
        let Some(image) = images.get(read.image) else {
            warn!("a texture was removed before it could be read back");
            continue;
        };
        let buffer = device.wgpu_device().create_buffer(&wgpu::BufferDescriptor {
            label: Some("imagine read"),
            size: read.levels.iter().map(BlockLevel::bytes).sum(),
            usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
            mapped_at_creation: false,
        });
        let encoder = context.command_encoder();
        for (mip_level, level) in (0..).zip(&read.levels) {
            let origin = wgpu::Origin3d { z: read.layer, ..Default::default() };
            let from = wgpu::TexelCopyTextureInfo { mip_level, origin, ..image.texture.as_image_copy() };
            let layout = wgpu::TexelCopyBufferLayout {
                offset: level.offset,
                bytes_per_row: Some(level.row_bytes),
                rows_per_image: Some(level.rows),
            };
            let [width, height] = level.size.map(|side| side.next_multiple_of(BLOCK_SIDE));
            let extent = wgpu::Extent3d { width, height, depth_or_array_layers: 1 };
            encoder.copy_texture_to_buffer(from, wgpu::TexelCopyBufferInfo { buffer: &buffer, layout }, extent);
        }
        let block_bytes = image.texture.format().block_copy_size(None).unwrap_or_default();
        let mapped = buffer.clone();
        encoder.map_buffer_on_submit(&buffer, wgpu::MapMode::Read, .., move |result| match result {
            Ok(()) => {
                let levels = unpadded(&mapped.slice(..).get_mapped_range(), &read.levels, block_bytes);
                mapped.unmap();
                (read.done)(levels);
            }
            Err(error) => error!("a texture could not be read back: {error}"),
        });
    }
}

/// The blocks of each level without the padding of rows.
fn unpadded(bytes: &[u8], levels: &[BlockLevel], block_bytes: u32) -> Vec<Vec<u8>> {
    let level = |level: &BlockLevel| {
        let row = (level.size[0].div_ceil(BLOCK_SIDE) * block_bytes) as usize;
        let rows = bytes[level.offset as usize..][..level.bytes() as usize].chunks(level.row_bytes as usize);
        rows.flat_map(|padded| &padded[..row]).copied().collect()
    };
    levels.iter().map(level).collect()
}
