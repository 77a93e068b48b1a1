//! The plugin: which systems run when.

use bevy::asset::AssetEventSystems;
use bevy::camera::visibility::VisibilitySystems;
use bevy::core_pipeline::schedule::camera_driver;
use bevy::diagnostic::{Diagnostic, DiagnosticPath, Diagnostics, RegisterDiagnostic};
use bevy::prelude::*;
use bevy::render::renderer::{RenderDevice, RenderGraph, RenderGraphSystems};
use bevy::render::{ExtractSchedule, GpuResourceAppExt, Render, RenderApp, RenderPlugin, RenderSystems};

use crate::asset::ImagineAssetPlugin;
use crate::changes;
use crate::job::{Outbox, Reports};
use crate::memory::ImagineMemory;
use crate::recovery;
use crate::render::{self, CostModel, FrameBudget, GpuTimer, ImagineBudget, ImagineStats, JobQueue, Kernels};
use crate::results::Results;
use crate::synthesis::{self, Verdicts};
use crate::target::{ImageTarget, MaterialTarget, Placeholder, SkyTarget, SpriteTarget};
use crate::warm_up::{self, WarmUps};
use crate::world;
use crate::{Living, Synthesis, SynthesisStatus, SynthesisTextures};
use crate::{brush, export};

/// Adds [`Synthesis`] and its targets. Add it after `DefaultPlugins`.
#[derive(Clone, Debug)]
pub struct ImaginePlugin {
    /// GPU milliseconds a frame that synthesis may take, by a cost model that the GPU's own times correct. One workgroup is
    /// done a frame whatever it costs. More than 0. Default 2. [`ImagineBudget`] changes it later.
    pub frame_budget_ms: f32,
    /// Most bytes of GPU memory: textures of results, and buffers of work in progress. Requests beyond it fail; work waits
    /// until other work is done. Default 1 GiB.
    pub memory_budget: u64,
}

impl Default for ImaginePlugin {
    fn default() -> Self {
        Self { frame_budget_ms: 2.0, memory_budget: 1 << 30 }
    }
}

impl ImaginePlugin {
    /// GPU milliseconds that the last measured frame spent, in Bevy's `DiagnosticsStore`; those planned where the device has
    /// no timestamps.
    pub const GPU_MS: DiagnosticPath = DiagnosticPath::const_new("imagine/gpu_ms");
    /// Results that are waited for, in Bevy's `DiagnosticsStore`.
    pub const QUEUE: DiagnosticPath = DiagnosticPath::const_new("imagine/queue");
    /// Bytes of GPU memory held, in Bevy's `DiagnosticsStore`.
    pub const BYTES: DiagnosticPath = DiagnosticPath::const_new("imagine/bytes");
}

/// When the plugin works, in main and render world.
#[derive(SystemSet, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ImagineSystems {
    /// `PostUpdate`: new and changed requests are sent to the render world.
    Request,
    /// `PreUpdate`: targets are filled, events are triggered.
    Report,
    /// `Render`: plans are made and shaders compiled, on background threads.
    Prepare,
    /// `RenderGraph`, before every camera: passes are recorded.
    Synthesize,
}

impl Plugin for ImaginePlugin {
    fn build(&self, app: &mut App) {
        let memory = ImagineMemory::new(self.memory_budget);
        let reports = Reports::default();
        let stats = ImagineStats::default();
        register(app);
        if !app.is_plugin_added::<ImagineAssetPlugin>() {
            app.add_plugins(ImagineAssetPlugin);
        }
        app.insert_resource(memory.clone())
            .insert_resource(reports.clone())
            .insert_resource(stats.clone())
            .insert_resource(ImagineBudget { milliseconds: self.frame_budget_ms })
            .init_resource::<Placeholder>()
            .init_resource::<Outbox>()
            .init_resource::<Results>()
            .init_resource::<Verdicts>()
            .init_resource::<WarmUps>()
            .add_observer(synthesis::release_request)
            .add_observer(synthesis::refresh_request)
            .add_observer(synthesis::restart_still)
            .add_observer(synthesis::restart_tiling)
            .add_observer(world::clear_world)
            .add_observer(export::start_export)
            .add_observer(export::start_ktx2_export)
            .add_observer(brush::send_stroke)
            .add_observer(warm_up::note_warm_up)
            .add_systems(Update, (world::stream_patches, world::place_patches).chain())
            .add_systems(PreUpdate, (synthesis::receive_reports, measure).chain().in_set(ImagineSystems::Report))
            .add_systems(
                PostUpdate,
                (
                    recovery::resend_lost.run_if(resource_exists_and_changed::<RenderDevice>),
                    changes::restart_changed,
                    synthesis::restart_reloaded,
                    synthesis::submit_requests,
                    warm_up::send_warm_ups,
                )
                    .chain()
                    .in_set(ImagineSystems::Request)
                    .before(AssetEventSystems),
            )
            .add_systems(
                PostUpdate,
                synthesis::rank_jobs.after(ImagineSystems::Request).after(VisibilitySystems::CheckVisibility),
            );
        let Some(render_app) = app.get_sub_app_mut(RenderApp) else {
            warn!("bevy_imagine: there is no renderer (RenderPlugin); targets stay as they are");
            return;
        };
        render_app.insert_resource(memory).insert_resource(reports).insert_resource(stats);
        build_render_app(render_app);
    }

    fn finish(&self, app: &mut App) {
        let synchronous = app.get_added_plugins::<RenderPlugin>().iter().any(|p| p.synchronous_pipeline_compilation);
        if let Some(render_app) = app.get_sub_app_mut(RenderApp) {
            render_app.world_mut().resource_mut::<FrameBudget>().synchronous = synchronous;
        }
    }
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
            (render::prepare_jobs, render::warm_up)
                .chain()
                .in_set(ImagineSystems::Prepare)
                .in_set(RenderSystems::PrepareResources),
        )
        .add_systems(
            RenderGraph,
            render::synthesize
                .in_set(ImagineSystems::Synthesize)
                .in_set(RenderGraphSystems::Render)
                .before(camera_driver),
        );
}

/// Types for scenes and editors, and diagnostics.
fn register(app: &mut App) {
    app.register_type::<Synthesis>()
        .register_type::<SynthesisStatus>()
        .register_type::<SynthesisTextures>()
        .register_type::<Living>()
        .register_type::<world::WorldPatch>()
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

/// Tells Bevy's diagnostics what synthesis takes.
fn measure(mut diagnostics: Diagnostics, stats: Res<ImagineStats>, memory: Res<ImagineMemory>) {
    let stats = stats.get();
    diagnostics.add_measurement(&ImaginePlugin::GPU_MS, || f64::from(stats.measured_ms.unwrap_or(stats.planned_ms)));
    diagnostics.add_measurement(&ImaginePlugin::QUEUE, || stats.queue as f64);
    diagnostics.add_measurement(&ImaginePlugin::BYTES, || memory.bytes() as f64);
}
