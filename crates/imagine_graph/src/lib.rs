//! Generator networks as data: operators, graph, shapes, validation, generator file and model card.
//!
//! A [`Graph`] is plain data: named nodes, each an [`Op`] with its parameters, that read and write named values.
//! [`Graph::validate`] turns it into a [`ValidGraph`], the only input that executors accept. Height, width and batch stay
//! symbolic ([`Dim`]) until [`ValidGraph::bind`] is given a [`Size`]. A [`Generator`] is one graph, or three for a
//! recurrent network, with typed inputs and outputs and a model card; [`mod@file`] reads and writes it.
//!
//! Modules depend on those before them: `tensor`, `ops` (an operator knows no graph), `graph`, `generator`, then `file` and
//! `formulas`, the generators built in code, and `layers`, generators made of generators.
//!
//! This crate never sees a GPU, burn or Bevy.

pub mod file;
pub mod formulas;
mod generator;
mod graph;
mod layers;
mod ops;
mod tensor;

// Their model cards name this path in `recipe`.
pub use formulas as generators;
pub use generator::{
    Boundary, Card, DEFAULT_PERIOD, FIELD_CELL, FIELD_INPUT, Fields, Generated, Generator, LATENT_STREAM, MAX_STEPS,
    MAX_WINDOW_SIDE, Patch, PatchIndex, Provenance, Recurrence, Request, RequestError, ResolvedRequest, RunError,
    SizeRule, Span, ValidGenerator, ValidRecurrence, WindowError, Windows, choice_weights, coarser_maps, crop,
    generate_in_tiles, parse_input, paste, prompt, sides,
};
pub use graph::{
    BoundGraph, ColorSpace, Coordinates, Distribution, Graph, GraphError, GraphErrors, GraphInput, GraphOutput,
    InputKind, Node, NodeId, OutputKind, OutputSupport, Support, TEXELS, ValidGraph, ValidNode, ValueId, ValueSource,
    Weights, appearance_name, similar_name,
};
pub use layers::{LAYERS_EXTENSION, Layer, LayerFault, LayersError, MAX_LAYERS, Mask, MaterialLayers};
pub use ops::*;
pub use tensor::{
    Axis, DType, Dim, Extent, MAX_ELEMENTS, MAX_RANK, PerAxis, Ratio, Size, Symbol, Tensor, TensorData, TensorType,
    Texel, WorldPoint, color, rng,
};
