//! The engine as a whole: plans, recordings, tiles, precision. GPU tests are skipped with a message if there is no adapter,
//! or fail if `IMAGINE_REQUIRE_GPU` is 1.

mod automaton;
mod common;
mod concat;
mod elementwise;
mod engine;
mod fusion;
mod half;
mod pipelines;
mod shared_weights;
mod tiles;
