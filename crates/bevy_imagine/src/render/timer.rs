//! GPU times of passes: timestamps that are read back a few frames later without waiting.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bevy::prelude::*;
use bevy::render::renderer::{RenderDevice, RenderQueue};

use super::cost::Workload;

/// Most spans measured in one frame.
const SPANS: u32 = 64;
/// Most frames whose times are in flight; further frames are not measured.
const FRAMES: usize = 4;
const BYTES: u64 = SPANS as u64 * 2 * 8;

/// Timestamps of several frames. A resource of the render world; measures nothing on a device without timestamps.
#[derive(Resource)]
pub(crate) struct GpuTimer {
    period: f32,
    frames: Vec<TimedFrame>,
    /// The frame that is being recorded.
    open: Option<usize>,
}

struct TimedFrame {
    queries: wgpu::QuerySet,
    resolved: wgpu::Buffer,
    read: wgpu::Buffer,
    state: FrameState,
    workloads: Vec<Workload>,
    mapped: Arc<AtomicBool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FrameState {
    Free,
    Recording,
    /// Its commands are recorded; they are submitted by the next call of `collect`.
    Recorded,
    Mapping,
}

impl FromWorld for GpuTimer {
    fn from_world(world: &mut World) -> Self {
        let device = world.resource::<RenderDevice>().wgpu_device();
        let period = world.resource::<RenderQueue>().get_timestamp_period();
        let has_timestamps = device.features().contains(wgpu::Features::TIMESTAMP_QUERY);
        let frames = (0..if has_timestamps { FRAMES } else { 0 }).map(|_| TimedFrame::new(device)).collect();
        Self { period, frames, open: None }
    }
}

impl TimedFrame {
    fn new(device: &wgpu::Device) -> Self {
        let buffer = |usage| {
            device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("imagine times"),
                size: BYTES,
                usage,
                mapped_at_creation: false,
            })
        };
        let queries = device.create_query_set(&wgpu::QuerySetDescriptor {
            label: Some("imagine times"),
            ty: wgpu::QueryType::Timestamp,
            count: SPANS * 2,
        });
        Self {
            queries,
            resolved: buffer(wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC),
            read: buffer(wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ),
            state: FrameState::Free,
            workloads: Vec::new(),
            mapped: Arc::default(),
        }
    }
}

impl GpuTimer {
    /// The arrived times of measured workloads, by frame. Call it once per frame, after the last frame was submitted.
    pub fn collect(&mut self) -> Vec<Vec<(Workload, Duration)>> {
        let mut collected = Vec::new();
        for frame in &mut self.frames {
            if frame.state == FrameState::Recorded {
                let mapped = frame.mapped.clone();
                mapped.store(false, Ordering::Relaxed);
                frame.read.map_async(wgpu::MapMode::Read, .., move |result| {
                    mapped.store(result.is_ok(), Ordering::Release);
                });
                frame.state = FrameState::Mapping;
            } else if frame.state == FrameState::Mapping && frame.mapped.load(Ordering::Acquire) {
                let bytes = frame.read.get_mapped_range(..).to_vec();
                frame.read.unmap();
                frame.state = FrameState::Free;
                let ticks: Vec<u64> = bytemuck::pod_collect_to_vec(&bytes);
                let span = |(index, workload): (usize, Workload)| {
                    let ticks = ticks[2 * index + 1].saturating_sub(ticks[2 * index]);
                    (workload, Duration::from_nanos((ticks as f64 * f64::from(self.period)) as u64))
                };
                collected.push(frame.workloads.drain(..).enumerate().map(span).collect());
            }
        }
        collected
    }

    /// Timestamp writes for the next span, if this frame can measure one more.
    pub fn span(&mut self) -> Option<wgpu::ComputePassTimestampWrites<'_>> {
        if self.open.is_none() {
            self.open = self.frames.iter().position(|frame| frame.state == FrameState::Free);
            let frame = &mut self.frames[self.open?];
            frame.state = FrameState::Recording;
            frame.workloads.clear();
        }
        let frame = &self.frames[self.open?];
        let index = frame.workloads.len() as u32;
        (index < SPANS).then_some(wgpu::ComputePassTimestampWrites {
            query_set: &frame.queries,
            beginning_of_pass_write_index: Some(2 * index),
            end_of_pass_write_index: Some(2 * index + 1),
        })
    }

    /// The workload of the last span.
    pub fn measured(&mut self, workload: Workload) {
        let Some(open) = self.open else { return };
        let frame = &mut self.frames[open];
        if (frame.workloads.len() as u32) < SPANS {
            frame.workloads.push(workload);
        }
    }

    /// Copies the times of the frame to a buffer that can be read.
    pub fn finish_frame(&mut self, encoder: &mut wgpu::CommandEncoder) {
        let Some(open) = self.open.take() else { return };
        let frame = &mut self.frames[open];
        let count = frame.workloads.len() as u32 * 2;
        if count == 0 {
            frame.state = FrameState::Free;
            return;
        }
        encoder.resolve_query_set(&frame.queries, 0..count, &frame.resolved, 0);
        encoder.copy_buffer_to_buffer(&frame.resolved, 0, &frame.read, 0, u64::from(count) * 8);
        frame.state = FrameState::Recorded;
    }
}
