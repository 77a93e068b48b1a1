//! Buffers of weights, as bytes ready to upload.

use std::sync::Arc;

use imagine_graph::{Tensor, TensorData, Weights as GraphWeights};

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

/// Bytes from which a weight has a buffer of its own, which sessions share.
const SHARED_BYTES: u64 = 64 << 10;

/// A large weight in its natural layout, uploaded once for all sessions of a [`crate::WeightStore`].
#[derive(Clone, Debug)]
pub struct SharedWeight {
    /// Its elements, shared with every graph that has it.
    pub tensor: Arc<Tensor>,
}

/// Contents of the weight buffers of a plan.
pub(super) struct Weights {
    /// Maximum bytes of one buffer.
    pub limit: u64,
    pub constants: Vec<Vec<u8>>,
    pub packed: Vec<Vec<u8>>,
    pub shared: Vec<SharedWeight>,
}

impl Weights {
    /// Empty buffers of at most `limit` bytes each.
    pub fn new(limit: u64) -> Self {
        Self { limit, constants: Vec::new(), packed: Vec::new(), shared: Vec::new() }
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

    /// A buffer of its own for weight `name` of a graph, if it is large. Other plans may share it.
    pub fn share(&mut self, weights: &GraphWeights, name: &str) -> Result<Option<Region>, PlanError> {
        let Some(tensor) = weights.shared(name) else { return Ok(None) };
        let weight = SharedWeight { tensor: tensor.clone() };
        let bytes = weight.bytes();
        if bytes < SHARED_BYTES {
            return Ok(None);
        }
        if bytes > self.limit {
            return Err(PlanError::TooLarge { value: name.into(), bytes, limit: self.limit });
        }
        let found = self.shared.iter().position(|other| other.is_same(&weight));
        let index = found.unwrap_or_else(|| {
            self.shared.push(weight);
            self.shared.len() - 1
        });
        Ok(Some(Region { buffer: BufferId::Shared(index), offset: 0, bytes }))
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

impl SharedWeight {
    /// Whether both are the same tensor.
    pub(crate) fn is_same(&self, other: &SharedWeight) -> bool {
        Arc::ptr_eq(&self.tensor, &other.tensor)
    }

    /// Number of those that hold the tensor: graphs, plans, stores.
    pub(crate) fn holders(&self) -> usize {
        Arc::strong_count(&self.tensor)
    }

    /// Bytes of its buffer.
    pub fn bytes(&self) -> u64 {
        4 * self.tensor.len() as u64
    }

    /// The elements as they are stored on the GPU.
    pub(crate) fn contents(&self) -> Vec<u8> {
        tensor_bytes(&self.tensor)
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
