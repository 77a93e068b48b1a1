//! What suites that cross crates share: seeded random graphs. The suites themselves stand in `tests/`.

pub mod random_graph;
