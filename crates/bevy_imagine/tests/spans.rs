//! Spans: a profiler sees what the plugin does under the names that the documentation gives, with the generator beside them,
//! and what it took of the GPU among Bevy's render diagnostics.

use std::collections::BTreeMap;
use std::sync::Mutex;

use bevy::app::PluginsState;
use bevy::diagnostic::{DiagnosticPath, DiagnosticsStore};
use bevy::log::tracing::field::{Field, Visit};
use bevy::log::tracing::span::{Attributes, Id};
use bevy::log::tracing_subscriber::Registry;
use bevy::log::tracing_subscriber::layer::{Context, Layer};
use bevy::log::{BoxedLayer, LogPlugin};
use bevy::prelude::*;
use bevy::render::RenderPlugin;
use bevy::render::diagnostic::RenderDiagnosticsPlugin;
use bevy::render::pipelined_rendering::PipelinedRenderingPlugin;
use bevy::window::ExitCondition;
use bevy::winit::WinitPlugin;
use bevy_imagine::generators;
use bevy_imagine::prelude::*;
use imagine_wgpu::BoundsChecks;
use imagine_wgpu::headless::Gpu;

/// Names of all spans, as `docs/performance.md` lists them.
const NAMES: [&str; 8] = [
    "imagine_allocate",
    "imagine_compile",
    "imagine_job",
    "imagine_plan",
    "imagine_prepare",
    "imagine_record",
    "imagine_submit",
    "imagine_warm_up",
];

/// Fields of the first span of every name.
static SEEN: Mutex<BTreeMap<&str, String>> = Mutex::new(BTreeMap::new());

/// Notes spans.
struct Notes;

impl Layer<Registry> for Notes {
    fn on_new_span(&self, attributes: &Attributes<'_>, _: &Id, _: Context<'_, Registry>) {
        let mut fields = Fields(String::new());
        attributes.record(&mut fields);
        let name = attributes.metadata().name();
        if name.starts_with("imagine") {
            SEEN.lock().unwrap().entry(name).or_insert(fields.0);
        }
    }
}

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.0 += &format!("{field}={value:?} ");
    }
}

#[test]
fn spans_have_the_names_that_are_documented() {
    if Gpu::for_test(BoundsChecks::On).is_none() {
        return;
    }
    let mut app = app();
    let noise = Generator::from(generators::load("noise_material").unwrap());
    let noise = app.world_mut().resource_mut::<Assets<Generator>>().add(noise);
    app.world_mut().trigger(WarmUp { generator: noise.clone() });
    let synthesis = Synthesis::new(noise).with_size(UVec2::new(128, 64)).with_seed(9);
    let entity = app.world_mut().spawn((synthesis, MaterialTarget::default())).id();
    let gpu_time = DiagnosticPath::new("render/imagine/elapsed_gpu");
    for _ in 0..500 {
        app.update();
        let measured = app.world().resource::<DiagnosticsStore>().get(&gpu_time).is_some();
        if measured && app.world().get(entity) == Some(&SynthesisStatus::Finished) {
            break;
        }
    }
    let seen = SEEN.lock().unwrap();
    assert_eq!(seen.keys().copied().collect::<Vec<_>>(), NAMES);
    let prepared = &seen["imagine_prepare"];
    assert_eq!(prepared, "generator=\"noise_material\" width=128 height=64 seed=9 ");
    let can_measure = app.world().resource::<bevy::render::renderer::RenderDevice>().features();
    if can_measure.contains(wgpu::Features::TIMESTAMP_QUERY_INSIDE_ENCODERS) {
        let measured = app.world().resource::<DiagnosticsStore>().get(&gpu_time).and_then(|time| time.value());
        assert!(measured.is_some_and(|milliseconds| milliseconds > 0.0), "{measured:?}");
    }
}

fn app() -> App {
    let plugins = DefaultPlugins
        .set(WindowPlugin { primary_window: None, exit_condition: ExitCondition::DontExit, ..default() })
        .set(RenderPlugin { synchronous_pipeline_compilation: true, ..default() })
        .set(LogPlugin {
            filter: "warn,bevy_imagine=debug".into(),
            custom_layer: |_| Some(Box::new(Notes) as BoxedLayer),
            ..default()
        })
        .disable::<WinitPlugin>()
        .disable::<PipelinedRenderingPlugin>();
    let mut app = App::new();
    app.add_plugins((plugins, RenderDiagnosticsPlugin, ImaginePlugin::default()));
    while app.plugins_state() == PluginsState::Adding {
        bevy::tasks::tick_global_task_pools_on_main_thread();
    }
    app.finish();
    app.cleanup();
    app
}
