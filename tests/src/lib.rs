//! What several suites in `tests/` share: seeded random graphs, and what block-compressed textures show.

pub mod blocks;
pub mod random_graph;
