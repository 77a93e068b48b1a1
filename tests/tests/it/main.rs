//! Suites that cross crates: operators, random graphs and whole generators on every executor, and every shader.
//!
//! Tests share one device and its pipelines. Without an adapter those that need one are skipped with a message, or fail if
//! `IMAGINE_REQUIRE_GPU` is 1.

mod bits;
mod built_generators;
mod by_example;
mod choice_maps;
mod compare;
mod cpu;
mod edits;
mod infinite_weights;
mod layers;
mod live_styles;
mod maps;
mod operators;
mod patches;
mod random_graphs;
mod repairs;
mod restore;
mod restyle;
mod shaders;
mod shipped_generators;
mod shipped_materials;
mod shipped_styles;
mod single_passes;
mod upscale;
