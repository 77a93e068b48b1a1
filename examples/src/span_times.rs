//! How long the plugin's spans take in each frame, to say what of a frame is the plugin's.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Instant;

use bevy::log::tracing::Subscriber;
use bevy::log::tracing::span::Id;
use bevy::log::tracing_subscriber::layer::{Context, Layer};
use bevy::log::tracing_subscriber::registry::LookupSpan;

/// Levels at which the spans are recorded, as a filter of the log.
pub const FILTER: &str = "bevy_imagine=debug,";

/// Milliseconds of each span since they were last taken.
static TIMES: Mutex<BTreeMap<&str, f32>> = Mutex::new(BTreeMap::new());

thread_local! {
    /// When the spans of this thread were entered, the innermost last.
    static ENTERED: RefCell<Vec<Instant>> = const { RefCell::new(Vec::new()) };
}

/// A layer of the log that adds up the spans of `bevy_imagine`.
pub struct SpanTimes;

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for SpanTimes {
    fn on_enter(&self, _: &Id, _: Context<'_, S>) {
        ENTERED.with_borrow_mut(|entered| entered.push(Instant::now()));
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        let Some(entered) = ENTERED.with_borrow_mut(Vec::pop) else { return };
        let Some(name) = context.metadata(id).map(|span| span.name()).filter(|name| name.starts_with("imagine_"))
        else {
            return;
        };
        let mut times = TIMES.lock().expect("no holder panics");
        *times.entry(name).or_default() += 1e3 * entered.elapsed().as_secs_f32();
    }
}

/// Takes the milliseconds of each span since the last call.
pub fn take() -> BTreeMap<&'static str, f32> {
    std::mem::take(&mut TIMES.lock().expect("no holder panics"))
}
