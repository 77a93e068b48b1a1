//! Buffers of weights, as bytes ready to upload.

use imagine_graph::{Tensor, TensorData};

use super::error::PlanError;
use crate::analysis::arena::ALIGNMENT;
use crate::recording::{BufferId, Region};

/// How weights are laid out, which decides their buffer.
#[derive(Clone, Copy)]
pub(super) enum WeightLayout {
    /// Row-major, as in the file.
    Natural,
    /// As one kernel expects them.
    Packed,
}

/// Contents of the weight buffers of a plan.
pub(super) struct Weights {
    /// Maximum bytes of one buffer.
    pub limit: u64,
    pub constants: Vec<Vec<u8>>,
    pub packed: Vec<Vec<u8>>,
}

impl Weights {
    /// Empty buffers of at most `limit` bytes each.
    pub fn new(limit: u64) -> Self {
        Self { limit, constants: Vec::new(), packed: Vec::new() }
    }

    /// Appends `data`; `name` is for the error if it exceeds a buffer.
    pub fn add(&mut self, layout: WeightLayout, data: &[u8], name: &str) -> Result<Region, PlanError> {
        let bytes = data.len() as u64;
        if bytes > self.limit {
            return Err(PlanError::TooLarge { value: name.into(), bytes, limit: self.limit });
        }
        let buffers = match layout {
            WeightLayout::Natural => &mut self.constants,
            WeightLayout::Packed => &mut self.packed,
        };
        let end = |buffer: &Vec<u8>| (buffer.len() as u64).next_multiple_of(ALIGNMENT);
        if buffers.last().is_none_or(|buffer| end(buffer) + bytes > self.limit) {
            buffers.push(Vec::new());
        }
        let index = buffers.len() - 1;
        let contents = &mut buffers[index];
        let offset = end(contents);
        contents.resize(offset as usize, 0);
        contents.extend_from_slice(data);
        let buffer = match layout {
            WeightLayout::Natural => BufferId::Constants(index),
            WeightLayout::Packed => BufferId::Packed(index),
        };
        Ok(Region { buffer, offset, bytes })
    }

    /// Appends packed weights, or finds equal ones: the two parities of a step share them.
    pub fn add_packed(&mut self, label: &str, data: &[u8]) -> Result<Region, PlanError> {
        let buffers = self.packed.iter().enumerate();
        let mut places = buffers.flat_map(|(index, buffer)| {
            (0..buffer.len()).step_by(ALIGNMENT as usize).map(move |at| (index, at, &buffer[at..]))
        });
        if let Some((index, at, _)) = places.find(|(_, _, bytes)| bytes.starts_with(data)) {
            return Ok(Region { buffer: BufferId::Packed(index), offset: at as u64, bytes: data.len() as u64 });
        }
        self.add(WeightLayout::Packed, data, label)
    }
}

/// The elements as they are stored on the GPU: four bytes each, truth values 0 or 1.
pub(crate) fn tensor_bytes(tensor: &Tensor) -> Vec<u8> {
    match &tensor.data {
        TensorData::F32(values) => bytemuck::cast_slice(values).to_vec(),
        TensorData::I32(values) => bytemuck::cast_slice(values).to_vec(),
        TensorData::Bool(values) => values.iter().flat_map(|&v| u32::from(v).to_ne_bytes()).collect(),
    }
}
