//! The plugin in an app without a window.
//!
//! Tests share one app on a thread of its own, because starting one costs seconds; after each test the app has to hold
//! nothing. Without an adapter they are skipped, or fail if `IMAGINE_REQUIRE_GPU` is 1.

mod brush;
#[cfg(feature = "by_example")]
mod by_example;
mod compression;
mod custom_target;
mod device_loss;
mod edits;
#[cfg(feature = "default_generators")]
mod embedded;
mod every_frame;
mod export;
mod generators;
mod harness;
mod idle;
mod labels;
mod layers;
mod memory;
mod requests;
mod results;
mod shared;
mod spans;
mod targets;
mod ui;
mod upscale;
mod world;
