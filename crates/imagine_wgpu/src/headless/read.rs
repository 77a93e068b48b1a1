//! Reading results back.

use imagine_graph::{DType, Generated, Tensor, TensorData, TensorType};

use super::error::GpuError;
use super::gpu::Gpu;
use crate::recording::Region;
use crate::session::Session;

impl Gpu {
    /// Waits for all submitted work.
    pub fn wait(&self) -> Result<(), GpuError> {
        let done = self.device.poll(wgpu::PollType::wait_indefinitely());
        done.map(drop).map_err(|error| GpuError::Device(error.to_string()))
    }

    /// Reads back outputs and state after `done` steps.
    pub fn collect(&self, session: &Session, done: u32) -> Result<Generated, GpuError> {
        let plan = session.plan();
        let parity = done as usize % 2;
        let mut wanted: Vec<(Region, TensorType)> =
            plan.outputs.iter().map(|output| (output.regions[parity], output.value_type.clone())).collect();
        wanted.extend(plan.state.iter().map(|state| (state.regions[parity], state.value_type.clone())));
        let mut tensors = self.read(session, &wanted)?;
        let state = plan.state.as_ref().and_then(|_| tensors.pop());
        let outputs = plan.outputs.iter().map(|output| output.output.clone()).zip(tensors).collect();
        Ok(Generated { outputs, state })
    }

    /// Reads back regions as tensors.
    pub fn read(&self, session: &Session, wanted: &[(Region, TensorType)]) -> Result<Vec<Tensor>, GpuError> {
        let mut encoder = self.device.create_command_encoder(&Default::default());
        let mut staged = Vec::new();
        for (region, _) in wanted {
            let usage = wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ;
            let descriptor = wgpu::BufferDescriptor {
                label: Some("read-back"),
                size: region.bytes,
                usage,
                mapped_at_creation: false,
            };
            let buffer = self.device.create_buffer(&descriptor);
            encoder.copy_buffer_to_buffer(session.buffer(region.buffer), region.offset, &buffer, 0, region.bytes);
            staged.push(buffer);
        }
        self.queue.submit([encoder.finish()]);
        for buffer in &staged {
            buffer.map_async(wgpu::MapMode::Read, .., |_| {});
        }
        self.wait()?;
        let tensor = |(buffer, (_, value_type)): (&wgpu::Buffer, &(Region, TensorType))| {
            tensor_from_bytes(value_type, &buffer.get_mapped_range(..))
        };
        Ok(staged.iter().zip(wanted).map(tensor).collect())
    }
}

fn tensor_from_bytes(value_type: &TensorType, bytes: &[u8]) -> Tensor {
    let data = match value_type.dtype {
        DType::F32 => TensorData::F32(bytemuck::pod_collect_to_vec(bytes)),
        DType::I32 => TensorData::I32(bytemuck::pod_collect_to_vec(bytes)),
        DType::Bool => {
            TensorData::Bool(bytemuck::pod_collect_to_vec::<u8, u32>(bytes).iter().map(|&v| v != 0).collect())
        }
    };
    Tensor::new(value_type.shape.clone(), data)
}
