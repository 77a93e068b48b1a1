//! Seeded random graphs for the suites in `tests/`.

pub mod random_graph;
