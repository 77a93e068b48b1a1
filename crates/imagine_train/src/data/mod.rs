//! Training pictures and what is read from them.

pub mod exemplar;
