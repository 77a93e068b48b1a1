//! The pipeline store: every kernel and texture pass is compiled once per device, on whatever thread asks first.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use crate::compose::{ComposeError, ShaderComposer};
use crate::kernel::{BindingLayout, PipelineKey, StorageAccess};
use crate::recording::Recording;

/// Compiled compute pipelines of one device. Clones share everything.
///
/// The host owns the device: the store makes shader modules, layouts and pipelines on it and nothing else. Looking up a
/// pipeline never waits for a compilation; threads that want the same pipeline wait for one compilation of it.
#[derive(Clone)]
pub struct PipelineStore {
    inner: Arc<Inner>,
}

struct Inner {
    device: wgpu::Device,
    checks: BoundsChecks,
    composer: Mutex<Option<ShaderComposer>>,
    pipelines: Mutex<HashMap<PipelineKey, Arc<OnceLock<Compiled>>>>,
}

type Compiled = Result<Arc<Pipeline>, PipelineError>;

/// Whether kernels check every index at run time. Passes of [`crate::texture_io`] always do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum BoundsChecks {
    /// They do: for files from outside.
    #[default]
    On,
    /// They rely on the checks in the WGSL: for files that ship with the program.
    Off,
}

/// A compiled pipeline and the layout of its only bind group.
#[derive(Debug)]
pub struct Pipeline {
    /// The pipeline.
    pub pipeline: wgpu::ComputePipeline,
    /// Layout of group 0.
    pub layout: wgpu::BindGroupLayout,
}

/// Why a pipeline could not be made: a fault of this library or the driver, never of a generator file.
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
        let (composer, pipelines) = (Mutex::default(), Mutex::default());
        Self { inner: Arc::new(Inner { device: device.clone(), checks, composer, pipelines }) }
    }

    /// The device that it compiles for.
    pub fn device(&self) -> &wgpu::Device {
        &self.inner.device
    }

    /// The pipeline if it is compiled; compiles nothing and waits for nothing.
    pub fn get(&self, key: &PipelineKey) -> Option<Result<Arc<Pipeline>, PipelineError>> {
        lock(&self.inner.pipelines).get(key)?.get().cloned()
    }

    /// The pipeline, compiled now on this thread if it is missing.
    pub fn compile(&self, key: &PipelineKey) -> Result<Arc<Pipeline>, PipelineError> {
        // The map is locked for the look-up only, not while the pipeline is compiled.
        let cell = lock(&self.inner.pipelines).entry(key.clone()).or_default().clone();
        cell.get_or_init(|| self.inner.build(key)).clone()
    }

    /// Compiles every missing pipeline of `recording`, now, on this thread.
    pub fn compile_all(&self, recording: &Recording) -> Result<(), PipelineError> {
        recording.passes.iter().try_for_each(|pass| self.compile(&pass.call.pipeline).map(drop))
    }
}

impl Inner {
    fn build(&self, key: &PipelineKey) -> Compiled {
        let module = self.compose(key)?;
        let device = &self.device;
        let scope = device.push_error_scope(wgpu::ErrorFilter::Validation);
        let descriptor = wgpu::ShaderModuleDescriptor {
            label: Some(key.shader),
            source: wgpu::ShaderSource::Naga(std::borrow::Cow::Owned(module)),
        };
        let layout = match &key.layout {
            BindingLayout::Kernel(access) => Some(bind_group_layout(device, key.shader, access)),
            BindingLayout::Reflected => None,
        };
        let shader = match self.checks {
            // SAFETY: every kernel checks its place before it indexes, and the plan gives every binding the size that the
            // shape rules of its node computed; loops are bounded by shapes and parameters that those rules accepted.
            BoundsChecks::Off if layout.is_some() => unsafe {
                device.create_shader_module_trusted(descriptor, wgpu::ShaderRuntimeChecks::unchecked())
            },
            _ => device.create_shader_module(descriptor),
        };
        let pipeline_layout = layout.as_ref().map(|layout| {
            device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
                label: Some(key.shader),
                bind_group_layouts: &[Some(layout)],
                immediate_size: 0,
            })
        });
        let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(key.shader),
            layout: pipeline_layout.as_ref(),
            module: &shader,
            entry_point: Some("main"),
            compilation_options: Default::default(),
            cache: None,
        });
        let layout = layout.unwrap_or_else(|| pipeline.get_bind_group_layout(0));
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

fn bind_group_layout(device: &wgpu::Device, label: &str, access: &[StorageAccess]) -> wgpu::BindGroupLayout {
    let entry = |binding: usize, ty: wgpu::BufferBindingType, has_dynamic_offset: bool| wgpu::BindGroupLayoutEntry {
        binding: binding as u32,
        visibility: wgpu::ShaderStages::COMPUTE,
        ty: wgpu::BindingType::Buffer { ty, has_dynamic_offset, min_binding_size: None },
        count: None,
    };
    let mut entries = vec![entry(0, wgpu::BufferBindingType::Uniform, true)];
    for (index, access) in access.iter().enumerate() {
        let ty = wgpu::BufferBindingType::Storage { read_only: *access == StorageAccess::Read };
        entries.push(entry(index + 1, ty, false));
    }
    device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: Some(label), entries: &entries })
}

/// A panic on another thread leaves both values whole: every change is one insertion.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
