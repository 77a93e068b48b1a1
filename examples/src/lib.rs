//! What the examples share: their arguments, an app in a window or without one, and the gallery that the demo shows.

mod arguments;
pub mod gallery;
mod headless;
pub mod progress;
#[cfg(doctest)]
mod snippets;
pub mod span_times;

pub use arguments::{ASSETS, Arguments, parse_arguments};
pub use headless::Headless;

/// Median, 99th and 99.9th percentile, and maximum of some milliseconds.
pub fn percentiles(mut milliseconds: Vec<f32>) -> String {
    milliseconds.sort_by(f32::total_cmp);
    let last = milliseconds.len().saturating_sub(1) as f32;
    let at = |share: f32| milliseconds.get((last * share).round() as usize);
    [0.5, 0.99, 0.999, 1.0].map(|share| at(share).map_or("-".into(), |found| format!("{found:.2}"))).join(", ")
}
