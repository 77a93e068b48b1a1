//! Buffers of large weights on a device, uploaded once for all sessions that read them.

use std::sync::{Arc, Mutex, PoisonError};

use wgpu::util::DeviceExt;

use crate::plan::{Plan, SharedWeight};

/// The large weights of one device. Clones share it.
///
/// A buffer stays for as long as anything beside the store holds its tensor: a generator, layers that it is part of, a plan. So requests
/// of a loaded generator never upload it again.
#[derive(Clone, Debug, Default)]
pub struct WeightStore(Arc<Mutex<Vec<(SharedWeight, wgpu::Buffer)>>>);

impl WeightStore {
    /// Whether it has no buffer.
    pub fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// The buffer of `weight`, uploaded if it is not there yet.
    pub(crate) fn buffer(&self, device: &wgpu::Device, weight: &SharedWeight) -> wgpu::Buffer {
        // Held while uploading, so that sessions made at the same time do not upload twice.
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, buffer)) = entries.iter().find(|(known, _)| known.is_same(weight)) {
            return buffer.clone();
        }
        let descriptor = wgpu::util::BufferInitDescriptor {
            label: Some("shared weights"),
            contents: &weight.contents(),
            usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC,
        };
        let buffer = device.create_buffer_init(&descriptor);
        entries.push((weight.clone(), buffer.clone()));
        buffer
    }

    /// Bytes of the large weights of `plan` that are not uploaded yet.
    pub fn missing_bytes(&self, plan: &Plan) -> u64 {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let missing = plan.shared.iter().filter(|weight| !entries.iter().any(|(known, _)| known.is_same(weight)));
        missing.map(SharedWeight::bytes).sum()
    }

    /// Whether nothing but this store and `plans` holds `weight`.
    pub fn is_last_holder(&self, weight: &SharedWeight, plans: &[Arc<Plan>]) -> bool {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let stored = entries.iter().map(|(known, _)| known);
        let planned = plans.iter().flat_map(|plan| &plan.shared);
        weight.holders() <= stored.chain(planned).filter(|other| other.is_same(weight)).count()
    }

    /// Drops the buffers whose weights nothing else holds; returns the bytes of those that stay.
    pub fn prune(&self) -> u64 {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.retain(|(weight, _)| weight.holders() > 1);
        entries.iter().map(|(weight, _)| weight.bytes()).sum()
    }
}
