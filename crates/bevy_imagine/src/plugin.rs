//! The plugin: which systems run when.

use bevy::asset::AssetEventSystems;
use bevy::camera::visibility::VisibilitySystems;
use bevy::core_pipeline::schedule::camera_driver;
use bevy::diagnostic::{Diagnostic, DiagnosticPath, Diagnostics, RegisterDiagnostic};
use bevy::prelude::*;
use bevy::render::renderer::{RenderDevice, RenderGraph, RenderGraphSystems};
use bevy::render::{ExtractSchedule, GpuResourceAppExt, Render, RenderApp, RenderPlugin, RenderSystems};

use crate::asset::ImagineAssetPlugin;
use crate::export;
use crate::job::{JobEvents, RenderCommands};
use crate::memory::ImagineMemory;
use crate::render::{
    self, BlockReads, CostModel, FrameBudget, GpuTimer, ImagineBudget, ImagineStats, JobQueue, Kernels,
};
use crate::request::{self, EveryFrame, Living, RegisterTarget, RequestSteps, Synthesis, SynthesisStatus, WorldPatch};
use crate::target::{ImageTarget, MaterialTarget, SkyTarget, SpriteTarget, SynthesisTextures};
use crate::world;

/// Adds [`Synthesis`] and its targets. Add it after `DefaultPlugins`.
#[derive(Clone, Debug)]
pub struct ImaginePlugin {
    /// GPU milliseconds per frame for synthesis, above 0, as estimated by a cost model that measured times correct. At least one
    /// workgroup runs in each frame. Default 2. [`ImagineBudget`] changes it later.
    pub frame_budget_ms: f32,
    /// Most bytes of GPU memory for the textures of results and the buffers of jobs. A request that exceeds it fails; a job
    /// waits until others release theirs. Default 1 GiB.
    pub memory_budget: u64,
}

impl Default for ImaginePlugin {
    fn default() -> Self {
        Self { frame_budget_ms: 2.0, memory_budget: 1 << 30 }
    }
}

impl ImaginePlugin {
    /// Diagnostic: GPU milliseconds of the last measured frame, or as planned if the device has no timestamps.
    pub const GPU_MS: DiagnosticPath = DiagnosticPath::const_new("imagine/gpu_ms");
    /// Diagnostic: number of unfinished results.
    pub const QUEUE: DiagnosticPath = DiagnosticPath::const_new("imagine/queue");
    /// Diagnostic: bytes of GPU memory held.
    pub const BYTES: DiagnosticPath = DiagnosticPath::const_new("imagine/bytes");
}

/// System sets of the plugin in both worlds.
#[derive(SystemSet, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ImagineSystems {
    /// `PostUpdate`: new and changed requests are submitted.
    Request,
    /// `PreUpdate`: targets show results, and events are triggered.
    Report,
    /// `Render`: background threads make plans and compile shaders.
    Prepare,
    /// `RenderGraph`, before every camera: passes are recorded.
    Synthesize,
}

impl Plugin for ImaginePlugin {
    fn build(&self, app: &mut App) {
        let memory = ImagineMemory::new(self.memory_budget);
        let (events, stats, reads) = (JobEvents::default(), ImagineStats::default(), BlockReads::default());
        if !app.is_plugin_added::<ImagineAssetPlugin>() {
            app.add_plugins(ImagineAssetPlugin);
        }
        app.insert_resource(memory.clone())
            .insert_resource(events.clone())
            .insert_resource(stats.clone())
            .insert_resource(reads.clone())
            .insert_resource(ImagineBudget { milliseconds: self.frame_budget_ms });
        register_types(app);
        build_main_app(app);
        let Some(render_app) = app.get_sub_app_mut(RenderApp) else {
            warn!("bevy_imagine: there is no renderer (RenderPlugin); targets stay empty");
            return;
        };
        render_app.insert_resource(memory).insert_resource(events).insert_resource(stats).insert_resource(reads);
        build_render_app(render_app);
    }

    fn finish(&self, app: &mut App) {
        let synchronous = app.get_added_plugins::<RenderPlugin>().iter().any(|p| p.synchronous_pipeline_compilation);
        if let Some(render_app) = app.get_sub_app_mut(RenderApp) {
            render_app.world_mut().resource_mut::<FrameBudget>().synchronous = synchronous;
        }
    }
}

fn build_main_app(app: &mut App) {
    app.init_resource::<RenderCommands>()
        .init_resource::<request::PendingRequests>()
        .init_resource::<request::Results>()
        .init_resource::<request::Outcomes>()
        .init_resource::<request::SoftwareCompression>()
        .init_resource::<request::WarmUps>()
        .register_target::<SkyTarget>()
        .register_target::<MaterialTarget>()
        .register_target::<ImageTarget>()
        .register_target::<SpriteTarget>()
        .add_observer(request::release_request)
        .add_observer(request::refresh_request)
        .add_observer(request::restart_after::<Living>)
        .add_observer(request::restart_after::<EveryFrame>)
        .add_observer(request::restart_after::<WorldPatch>)
        .add_observer(request::paint_stroke)
        .add_observer(request::note_warm_up)
        .add_observer(export::start_png_export)
        .add_observer(export::start_ktx2_export)
        .add_observer(world::clear_world)
        .add_systems(Update, (world::stream_patches, world::place_patches).chain())
        .add_systems(PreUpdate, (request::receive_job_events, measure).chain().in_set(ImagineSystems::Report))
        .configure_sets(
            PostUpdate,
            (RequestSteps::Recover, RequestSteps::Restart, RequestSteps::Submit)
                .chain()
                .in_set(ImagineSystems::Request)
                .before(AssetEventSystems),
        )
        .add_systems(
            PostUpdate,
            (
                request::resubmit_lost
                    .run_if(resource_exists_and_changed::<RenderDevice>)
                    .in_set(RequestSteps::Recover),
                (request::merge_layers, request::add_upscalers).before(ImagineSystems::Request),
                (
                    request::restart_changed::<Synthesis>,
                    request::restart_changed::<Living>,
                    request::restart_changed::<EveryFrame>,
                    request::restart_changed::<WorldPatch>,
                    request::restart_reloaded,
                )
                    .chain()
                    .in_set(RequestSteps::Restart),
                (request::submit_requests, request::send_warm_ups).in_set(RequestSteps::Submit),
                request::rank_jobs.after(ImagineSystems::Request).after(VisibilitySystems::CheckVisibility),
            ),
        );
}

fn build_render_app(render_app: &mut SubApp) {
    render_app
        .init_resource::<FrameBudget>()
        .init_gpu_resource::<Kernels>()
        .init_gpu_resource::<JobQueue>()
        .init_gpu_resource::<CostModel>()
        .init_gpu_resource::<GpuTimer>()
        .add_systems(ExtractSchedule, render::extract_jobs)
        .add_systems(
            Render,
            (render::prepare_jobs, render::warm_up_generators)
                .chain()
                .in_set(ImagineSystems::Prepare)
                .in_set(RenderSystems::PrepareResources),
        )
        .add_systems(
            RenderGraph,
            (render::record_jobs, render::read_blocks)
                .chain()
                .in_set(ImagineSystems::Synthesize)
                .in_set(RenderGraphSystems::Render)
                .before(camera_driver),
        );
}

/// Types for scenes and editors, and diagnostics.
fn register_types(app: &mut App) {
    app.register_type::<Synthesis>()
        .register_type::<SynthesisStatus>()
        .register_type::<SynthesisTextures>()
        .register_type::<Living>()
        .register_type::<EveryFrame>()
        .register_type::<WorldPatch>()
        .register_type::<request::Upscale>()
        .register_type::<world::WorldPatches>()
        .register_type::<world::WorldAnchor>()
        .register_type::<world::PatchPlace>()
        .register_type::<MaterialTarget>()
        .register_type::<ImageTarget>()
        .register_type::<SpriteTarget>()
        .register_type::<SkyTarget>()
        .register_diagnostic(Diagnostic::new(ImaginePlugin::GPU_MS).with_suffix(" ms"))
        .register_diagnostic(Diagnostic::new(ImaginePlugin::QUEUE))
        .register_diagnostic(Diagnostic::new(ImaginePlugin::BYTES).with_suffix(" B"));
}

/// Adds the plugin's measurements to Bevy's diagnostics.
fn measure(mut diagnostics: Diagnostics, stats: Res<ImagineStats>, memory: Res<ImagineMemory>) {
    let stats = stats.get();
    diagnostics.add_measurement(&ImaginePlugin::GPU_MS, || f64::from(stats.measured_ms.unwrap_or(stats.planned_ms)));
    diagnostics.add_measurement(&ImaginePlugin::QUEUE, || stats.queue as f64);
    diagnostics.add_measurement(&ImaginePlugin::BYTES, || memory.bytes() as f64);
}
