//! Spans: a profiler sees the documented names with their fields, and GPU time is among Bevy's render diagnostics.

use std::collections::BTreeMap;
use std::sync::Mutex;

use bevy::diagnostic::{DiagnosticPath, DiagnosticsStore};
use bevy::log::tracing::field::{Field, Visit};
use bevy::log::tracing::span::{Attributes, Id};
use bevy::log::tracing_subscriber::Registry;
use bevy::log::tracing_subscriber::layer::{Context, Layer};
use bevy::prelude::*;
use bevy::render::renderer::RenderDevice;
use bevy_imagine::prelude::*;

use crate::harness::with_app;

/// Names of all spans, as the performance guide lists them.
const NAMES: [&str; 13] = [
    "imagine_allocate",
    "imagine_compile",
    "imagine_extract",
    "imagine_job",
    "imagine_plan",
    "imagine_prepare",
    "imagine_rank",
    "imagine_receive",
    "imagine_record",
    "imagine_start",
    "imagine_stream",
    "imagine_submit",
    "imagine_warm_up",
];

/// Fields of all spans, by name.
static SEEN: Mutex<BTreeMap<&str, Vec<String>>> = Mutex::new(BTreeMap::new());

/// Records the spans of the plugin.
pub struct SpanLayer;

impl Layer<Registry> for SpanLayer {
    fn on_new_span(&self, attributes: &Attributes<'_>, _: &Id, _: Context<'_, Registry>) {
        let mut fields = Fields(String::new());
        attributes.record(&mut fields);
        let name = attributes.metadata().name();
        if name.starts_with("imagine") {
            SEEN.lock().unwrap().entry(name).or_default().push(fields.0);
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
fn spans_have_the_documented_names_and_fields() {
    with_app(|app| {
        let noise = app.built_in("noise_material");
        app.trigger(WarmUp { generator: noise.clone() });
        let synthesis = Synthesis::new(noise).with_size(UVec2::new(128, 64)).with_seed(9);
        app.finished((synthesis, MaterialTarget::default()));
        // GPU times arrive some frames later.
        app.update(20);
        // A failed assertion must not poison the lock for the other tests.
        let seen = SEEN.lock().unwrap().clone();
        assert_eq!(seen.keys().copied().collect::<Vec<_>>(), NAMES);
        let prepared = "generator=\"noise_material\" width=128 height=64 seed=9 ";
        assert!(seen["imagine_prepare"].iter().any(|fields| fields == prepared), "{:?}", seen["imagine_prepare"]);
        let world = app.app.world();
        if world.resource::<RenderDevice>().features().contains(wgpu::Features::TIMESTAMP_QUERY_INSIDE_ENCODERS) {
            let path = DiagnosticPath::new("render/imagine/elapsed_gpu");
            let measured = world.resource::<DiagnosticsStore>().get(&path).and_then(|time| time.value());
            assert!(measured.is_some_and(|milliseconds| milliseconds > 0.0), "{measured:?}");
        }
    });
}
