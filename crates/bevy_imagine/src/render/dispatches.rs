//! Dispatches of texture passes, cut into bands that fit into slices.

use std::sync::Arc;

use imagine_wgpu::texture_io::TexturePass;
use imagine_wgpu::{Pipeline, PipelineError};
use wgpu::BindingResource;
use wgpu::util::DeviceExt;

use super::cost::KernelId;
use super::kernels::Kernels;
use crate::memory::Allocation;

/// Most work of one dispatch, unless a single workgroup exceeds it: dispatches are not cut again later.
const BAND_WORK: u64 = 2_000_000;
/// Alignment of a uniform, the largest that devices ask for.
const UNIFORM_ALIGNMENT: usize = 256;
/// Bytes of the first workgroup in the params of every pass.
const FIRST_WORKGROUP: std::ops::Range<usize> = 0..12;

/// Dispatches in their order, and how many of them are recorded.
#[derive(Default)]
pub(crate) struct Dispatches {
    list: Vec<Dispatch>,
    recorded: usize,
}

/// One dispatch of a texture pass.
pub(crate) struct Dispatch {
    pub kernel: KernelId,
    pub work: u64,
    pipeline: Arc<Pipeline>,
    bind_group: wgpu::BindGroup,
    workgroups: [u32; 3],
    /// Memory of the uniforms that it shares with its neighbours.
    _params: Arc<Allocation>,
}

impl Dispatches {
    pub fn remaining(&self) -> &[Dispatch] {
        &self.list[self.recorded..]
    }

    pub fn is_done(&self) -> bool {
        self.recorded == self.list.len()
    }

    /// Starts from the first dispatch again.
    pub fn rewind(&mut self) {
        self.recorded = 0;
    }

    /// Records the next `count` dispatches as one compute pass.
    pub fn encode(
        &mut self,
        count: usize,
        encoder: &mut wgpu::CommandEncoder,
        timestamp_writes: Option<wgpu::ComputePassTimestampWrites>,
    ) {
        let descriptor = wgpu::ComputePassDescriptor { label: Some("imagine texture passes"), timestamp_writes };
        let mut compute = encoder.begin_compute_pass(&descriptor);
        for dispatch in &self.remaining()[..count] {
            compute.set_pipeline(&dispatch.pipeline.pipeline);
            compute.set_bind_group(0, &dispatch.bind_group, &[]);
            let [x, y, z] = dispatch.workgroups;
            compute.dispatch_workgroups(x, y, z);
        }
        self.recorded += count;
    }

    /// Adds `pass` with its resources and their binding numbers, in bands of rows that are short enough for a slice. `work` is that of an invocation.
    pub fn push(
        &mut self,
        kernels: &Kernels,
        pass: &TexturePass,
        work: u64,
        resources: &[(u32, BindingResource)],
    ) -> Result<(), PipelineError> {
        self.push_in_bands(kernels, pass, work, BAND_WORK, resources)
    }

    /// As [`Self::push`], in bands of at most `band_work`.
    pub fn push_in_bands(
        &mut self,
        kernels: &Kernels,
        pass: &TexturePass,
        work: u64,
        band_work: u64,
        resources: &[(u32, BindingResource)],
    ) -> Result<(), PipelineError> {
        let pipeline = kernels.store.compile(&pass.pipeline)?;
        let (device, label) = (kernels.store.device(), Some(pass.pipeline.shader));
        let kernel = KernelId::new(pass.pipeline.shader, &pass.pipeline.defs);
        let group_work = u64::from(imagine_wgpu::WORKGROUP) * work;
        let bands = bands(pass.workgroups, (band_work / group_work.max(1)).clamp(1, 1 << 24) as u32);
        let stride = pass.params.len().next_multiple_of(UNIFORM_ALIGNMENT);
        let mut contents = vec![0; stride * bands.len()];
        for (bytes, (first, _)) in contents.chunks_mut(stride).zip(&bands) {
            bytes[..pass.params.len()].copy_from_slice(&pass.params);
            bytes[FIRST_WORKGROUP].copy_from_slice(bytemuck::bytes_of(first));
        }
        let usage = wgpu::BufferUsages::UNIFORM;
        let descriptor = wgpu::util::BufferInitDescriptor { label: Some("params"), contents: &contents, usage };
        let params = device.create_buffer_init(&descriptor);
        let held = Arc::new(kernels.memory.allocate(contents.len() as u64));
        for (index, (_, workgroups)) in bands.into_iter().enumerate() {
            let size = std::num::NonZeroU64::new(pass.params.len() as u64);
            let band = wgpu::BufferBinding { buffer: &params, offset: (index * stride) as u64, size };
            let entry = |(binding, resource)| wgpu::BindGroupEntry { binding, resource };
            let resources = [(0, BindingResource::Buffer(band))].into_iter().chain(resources.iter().cloned());
            let entries: Vec<_> = resources.map(entry).collect();
            let descriptor = wgpu::BindGroupDescriptor { label, layout: &pipeline.layout, entries: &entries };
            let bind_group = device.create_bind_group(&descriptor);
            let work = workgroups.iter().fold(group_work, |work, count| work * u64::from(*count));
            let (pipeline, _params) = (pipeline.clone(), held.clone());
            self.list.push(Dispatch { kernel, work, pipeline, bind_group, workgroups, _params });
        }
        Ok(())
    }
}

/// First workgroup and number of workgroups of every band of at most `most` workgroups. A band holds several rows or layers if they fit.
fn bands([x, height, layers]: [u32; 3], most: u32) -> Vec<([u32; 3], [u32; 3])> {
    let rows = most / x.max(1);
    // How many workgroups of each axis a band has.
    let band = match rows {
        0 => [most.max(1), 1, 1],
        _ if rows < height => [x, rows, 1],
        _ => [x, height, (rows / height.max(1)).max(1)],
    };
    let starts = |axis: usize, count: u32| (0..count).step_by(band[axis].max(1) as usize);
    let mut bands = Vec::new();
    for layer in starts(2, layers) {
        for row in starts(1, height) {
            for column in starts(0, x) {
                let left = [x - column, height - row, layers - layer];
                bands.push(([column, row, layer], std::array::from_fn(|axis| band[axis].min(left[axis]))));
            }
        }
    }
    bands
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_cover_every_workgroup_once() {
        let grids =
            [([2, 7, 3], 6), ([1, 4, 6], 4), ([1, 4, 6], 9), ([1, 1, 1], 65_536), ([3, 5, 1], 3), ([7, 3, 2], 3)];
        for (grid, most) in grids {
            let mut seen = std::collections::HashSet::new();
            for (base, [x, y, z]) in bands(grid, most) {
                for at in 0..x * y * z {
                    let place = [at % x + base[0], at / x % y + base[1], at / x / y + base[2]];
                    assert!(seen.insert(place), "{place:?} twice in {grid:?} by {most}");
                }
                assert!(x * y * z <= most, "{x} x {y} x {z} workgroups are more than {most}");
            }
            assert_eq!(seen.len() as u32, grid.iter().product::<u32>());
        }
    }
}
