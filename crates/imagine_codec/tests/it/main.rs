//! Streams of exemplars: what is written is read, and what is damaged is refused.

mod prepared;
mod streams;
