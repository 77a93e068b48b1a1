//! The pipeline store: shaders compiled once a device, on whatever thread the host lends.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use crate::compose::{ComposeError, ShaderComposer};
use crate::recording::{Access, PipelineKey, Recording};

/// Compiled compute pipelines of one device. Clones share everything.
///
/// The device may belong to anybody: the store makes shader modules, layouts and pipelines on it and nothing else.
#[derive(Clone)]
pub struct PipelineStore {
    inner: Arc<Inner>,
}

struct Inner {
    device: wgpu::Device,
    checks: BoundsChecks,
    composer: Mutex<Option<ShaderComposer>>,
    slots: Mutex<HashMap<PipelineKey, Slot>>,
}

enum Slot {
    Compiling,
    Done(Result<Arc<Pipeline>, PipelineError>),
}

/// Whether shaders check every index at run time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum BoundsChecks {
    /// They do: for files from outside.
    #[default]
    On,
    /// They do not: the kernels' own checks have to do. For files that came with the program.
    Off,
}

/// A compiled pipeline and the layout of its only bind group.
#[derive(Debug)]
pub struct Pipeline {
    /// The pipeline.
    pub pipeline: wgpu::ComputePipeline,
    /// Layout of group 0: the params uniform with a dynamic offset, then storage buffers.
    pub layout: wgpu::BindGroupLayout,
}

/// Why a pipeline could not be made. Our own fault or the driver's, never that of a generator file.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PipelineError {
    /// The shader does not compose.
    #[error(transparent)]
    Compose(#[from] ComposeError),
    /// The device refuses it.
    #[error("shader {shader:?}: {message}")]
    Device {
        /// Path of the shader.
        shader: &'static str,
        /// The device's message.
        message: String,
    },
}

impl PipelineStore {
    /// An empty store on `device`.
    pub fn new(device: &wgpu::Device, checks: BoundsChecks) -> Self {
        let inner =
            Inner { device: device.clone(), checks, composer: Mutex::new(None), slots: Mutex::new(HashMap::new()) };
        Self { inner: Arc::new(inner) }
    }

    /// The device that it compiles for.
    pub fn device(&self) -> &wgpu::Device {
        &self.inner.device
    }

    /// The pipeline, if it is there; compiles nothing.
    pub fn get(&self, key: &PipelineKey) -> Option<Result<Arc<Pipeline>, PipelineError>> {
        match lock(&self.inner.slots).get(key)? {
            Slot::Compiling => None,
            Slot::Done(result) => Some(result.clone()),
        }
    }

    /// The pipeline, compiled now on this thread if it is not there.
    pub fn compile(&self, key: &PipelineKey) -> Result<Arc<Pipeline>, PipelineError> {
        if let Some(done) = self.get(key) {
            return done;
        }
        let result = self.inner.build(key);
        lock(&self.inner.slots).insert(key.clone(), Slot::Done(result.clone()));
        result
    }

    /// Compiles every pipeline of `recording` that is not there, now, on this thread.
    pub fn compile_all(&self, recording: &Recording) -> Result<(), PipelineError> {
        recording.passes.iter().try_for_each(|pass| self.compile(&pass.call.pipeline).map(drop))
    }

    /// Hands every pipeline of `recording` that is neither there nor on its way to `spawn`, one task each, and returns.
    pub fn compile_missing(&self, recording: &Recording, spawn: impl Fn(Box<dyn FnOnce() + Send>)) {
        for pass in &recording.passes {
            let key = &pass.call.pipeline;
            let mut slots = lock(&self.inner.slots);
            if slots.contains_key(key) {
                continue;
            }
            slots.insert(key.clone(), Slot::Compiling);
            drop(slots);
            let (inner, key) = (self.inner.clone(), key.clone());
            spawn(Box::new(move || {
                let result = inner.build(&key);
                lock(&inner.slots).insert(key, Slot::Done(result));
            }));
        }
    }

    /// Whether every pipeline of `recording` is there; the first error if one cannot be made.
    pub fn is_ready(&self, recording: &Recording) -> Result<bool, PipelineError> {
        for pass in &recording.passes {
            match self.get(&pass.call.pipeline) {
                None => return Ok(false),
                Some(result) => drop(result?),
            }
        }
        Ok(true)
    }
}

impl Inner {
    fn build(&self, key: &PipelineKey) -> Result<Arc<Pipeline>, PipelineError> {
        let module = self.compose(key)?;
        let device = &self.device;
        let scope = device.push_error_scope(wgpu::ErrorFilter::Validation);
        let layout = bind_group_layout(device, key);
        let descriptor = wgpu::ShaderModuleDescriptor {
            label: Some(key.shader),
            source: wgpu::ShaderSource::Naga(std::borrow::Cow::Owned(module)),
        };
        let shader = match self.checks {
            BoundsChecks::On => device.create_shader_module(descriptor),
            // SAFETY: every kernel checks its place before it indexes, and the plan gives every binding the size that the
            // shape rules of its node computed; loops are bounded by shapes and parameters that those rules accepted.
            BoundsChecks::Off => unsafe {
                device.create_shader_module_trusted(descriptor, wgpu::ShaderRuntimeChecks::unchecked())
            },
        };
        let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some(key.shader),
            bind_group_layouts: &[Some(&layout)],
            immediate_size: 0,
        });
        let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(key.shader),
            layout: Some(&pipeline_layout),
            module: &shader,
            entry_point: Some("main"),
            compilation_options: Default::default(),
            cache: None,
        });
        match pollster::block_on(scope.pop()) {
            None => Ok(Arc::new(Pipeline { pipeline, layout })),
            Some(error) => Err(PipelineError::Device { shader: key.shader, message: error.to_string() }),
        }
    }

    fn compose(&self, key: &PipelineKey) -> Result<naga::Module, PipelineError> {
        let mut composer = lock(&self.composer);
        let composer = match &mut *composer {
            Some(composer) => composer,
            empty => empty.insert(ShaderComposer::new()?),
        };
        Ok(composer.compose(key.shader, &key.defs)?)
    }
}

fn bind_group_layout(device: &wgpu::Device, key: &PipelineKey) -> wgpu::BindGroupLayout {
    let entry = |binding: usize, ty: wgpu::BufferBindingType, has_dynamic_offset: bool| wgpu::BindGroupLayoutEntry {
        binding: binding as u32,
        visibility: wgpu::ShaderStages::COMPUTE,
        ty: wgpu::BindingType::Buffer { ty, has_dynamic_offset, min_binding_size: None },
        count: None,
    };
    let mut entries = vec![entry(0, wgpu::BufferBindingType::Uniform, true)];
    for (index, access) in key.access.iter().enumerate() {
        let ty = wgpu::BufferBindingType::Storage { read_only: *access == Access::Read };
        entries.push(entry(index + 1, ty, false));
    }
    device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: Some(key.shader), entries: &entries })
}

/// A panic on another thread leaves the maps whole: every change is one insertion.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
