//! Generator networks as data: operators, graph, shapes, validation, generator file and model card.
//!
//! A [`Graph`] is plain data: named nodes, each an [`Op`] with its parameters, that read and write named values.
//! [`Graph::validate`] turns it into a [`ValidGraph`], the only thing an executor accepts. Height, width and batch stay
//! symbolic ([`Dim`]) until [`ValidGraph::bind`] is given a [`Size`]. A [`Generator`] is one graph, or three for a
//! recurrent network, with typed inputs and outputs and a model card; [`mod@file`] reads and writes it.
//!
//! This crate never sees a GPU, burn or Bevy.

mod choice;
pub mod color;
mod coordinates;
mod dim;
mod error;
mod field;
pub mod file;
mod generator;
pub mod generators;
mod graph;
mod ops;
mod patch;
pub mod prompt;
mod request;
pub mod resize;
pub mod rng;
mod support;
mod tensor;
mod valid_generator;
mod validate;
mod window;

pub use choice::choice_weights;
pub use coordinates::Coordinates;
pub use dim::{Dim, Size, Symbol};
pub use error::{GraphError, GraphErrors, NodeError};
pub use field::{FIELD_CELL, FIELD_INPUT, Fields};
pub use generator::{
    Card, ColorSpace, Distribution, Generator, InputKind, OutputKind, Provenance, Recurrence, SizeRule, ValidGenerator,
    ValidRecurrence,
};
pub use graph::{Graph, GraphInput, GraphOutput, Node};
pub use ops::*;
pub use patch::{DEFAULT_PERIOD, MAX_WINDOW_SIDE, Patch};
pub use request::{Generated, LATENT_STREAM, MAX_STEPS, Request, RequestError, ResolvedRequest, parse_input};
pub use support::{OutputSupport, Reach, Support, Window};
pub use tensor::{DType, MAX_ELEMENTS, MAX_RANK, Tensor, TensorData, TensorType};
pub use validate::{BoundGraph, NodeId, ValidGraph, ValidNode, ValueId, ValueSource};
pub use window::{Axis, Edges, Scale, Span, WindowError, Windows};
