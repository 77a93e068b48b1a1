//! The plugin: which systems run when.

use bevy::asset::AssetEventSystems;
use bevy::core_pipeline::schedule::camera_driver;
use bevy::prelude::*;
use bevy::render::renderer::RenderGraph;
use bevy::render::{ExtractSchedule, GpuResourceAppExt, Render, RenderApp, RenderPlugin, RenderSystems};

use crate::asset::{Generator, GeneratorLoader};
use crate::memory::ImagineMemory;
use crate::render::{self, FrameBudget, JobQueue, Kernels};
use crate::synthesis::{self, Outbox, Reports};
use crate::target::{MaterialMaps, Placeholder};
use crate::{ImagineMaterial, SynthesisStatus};

/// Adds [`ImagineMaterial`]. Add it after `DefaultPlugins`.
#[derive(Clone, Debug)]
pub struct ImaginePlugin {
    /// GPU milliseconds a frame that synthesis may take, by a cost model; at least one slice of work is done a frame. More
    /// than 0. Default 2.
    pub frame_budget_ms: f32,
}

impl Default for ImaginePlugin {
    fn default() -> Self {
        Self { frame_budget_ms: 2.0 }
    }
}

/// When the plugin works, in main and render world.
#[derive(SystemSet, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ImagineSystems {
    /// `PostUpdate`: new and changed requests are sent to the render world.
    Request,
    /// `PreUpdate`: materials are filled, events are triggered.
    Report,
    /// `Render`: plans are made and shaders compiled, on background threads.
    Prepare,
    /// `RenderGraph`, before every camera: passes are recorded.
    Synthesize,
}

impl Plugin for ImaginePlugin {
    fn build(&self, app: &mut App) {
        app.init_asset::<Generator>()
            .init_asset_loader::<GeneratorLoader>()
            .register_type::<ImagineMaterial>()
            .register_type::<SynthesisStatus>()
            .register_type::<MaterialMaps>()
            .init_resource::<ImagineMemory>()
            .init_resource::<Placeholder>()
            .init_resource::<Outbox>()
            .init_resource::<Reports>()
            .add_observer(synthesis::release_request)
            .add_systems(PreUpdate, synthesis::receive_reports.in_set(ImagineSystems::Report))
            .add_systems(
                PostUpdate,
                (synthesis::restart_changed, synthesis::restart_reloaded, synthesis::submit_requests)
                    .chain()
                    .in_set(ImagineSystems::Request)
                    .before(AssetEventSystems),
            );
        let memory = app.world().resource::<ImagineMemory>().clone();
        let reports = app.world().resource::<Reports>().clone();
        let Some(render_app) = app.get_sub_app_mut(RenderApp) else {
            warn!("bevy_imagine: there is no renderer (RenderPlugin); materials stay as they are");
            return;
        };
        render_app
            .insert_resource(memory)
            .insert_resource(reports)
            .insert_resource(FrameBudget { milliseconds: self.frame_budget_ms, ..default() })
            .init_gpu_resource::<Kernels>()
            .init_gpu_resource::<JobQueue>()
            .add_systems(ExtractSchedule, render::extract_jobs)
            .add_systems(
                Render,
                render::prepare_jobs.in_set(ImagineSystems::Prepare).in_set(RenderSystems::PrepareResources),
            )
            .add_systems(RenderGraph, render::synthesize.in_set(ImagineSystems::Synthesize).before(camera_driver));
    }

    fn finish(&self, app: &mut App) {
        let synchronous = app.get_added_plugins::<RenderPlugin>().iter().any(|p| p.synchronous_pipeline_compilation);
        if let Some(render_app) = app.get_sub_app_mut(RenderApp) {
            render_app.world_mut().resource_mut::<FrameBudget>().synchronous = synchronous;
        }
    }
}
