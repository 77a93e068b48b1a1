//! Why layers do not become a generator.

use super::recipe::MAX_LAYERS;
use crate::generator::RequestError;
use crate::graph::GraphErrors;

/// Why layers do not become a generator.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LayersError {
    /// A text that is not RON of layers.
    #[error("{file}:{line}:{column}: {reason}")]
    Syntax {
        /// Name of the file.
        file: String,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What is wrong.
        reason: String,
    },
    /// No layers, or too many.
    #[error("{0} layers: expected 1 to {MAX_LAYERS}")]
    Count(usize),
    /// A fault of one layer.
    #[error("layer {number} ({name:?}): {fault}")]
    Layer {
        /// Number of the layer, from 1, the lowest.
        number: usize,
        /// Its name.
        name: String,
        /// What is wrong.
        fault: Box<LayerFault>,
    },
    /// The layers together are not a valid generator.
    #[error("the layers do not fit together: {0}")]
    Graph(#[from] GraphErrors),
}

/// What is wrong with a layer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LayerFault {
    /// The lowest layer has no generator.
    #[error("the lowest layer needs a generator; only layers above it can change what lies below")]
    NoGround,
    /// Controls of a layer that has no generator.
    #[error("has controls but no generator")]
    ControlsOfNothing,
    /// A living texture.
    #[error(
        "{generator} is a living texture, whose steps cannot be part of layers; use a generator by example, a formula, or bake it"
    )]
    Recurrent {
        /// Name of the generator.
        generator: String,
    },
    /// A layer that is to be shrunk, but whose generator has no levels.
    #[error(
        "{generator} is not by example, so it cannot `shrink`; use a control of it that scales, or another generator"
    )]
    NotByExample {
        /// Name of the generator.
        generator: String,
    },
    /// A generator of something else than a material.
    #[error(
        "{generator} makes {found}, which is no map of a material; layers need a base colour, a normal, a height or the like"
    )]
    NoMaterial {
        /// Name of the generator.
        generator: String,
        /// Its outputs.
        found: String,
    },
    /// A name that cannot be the beginning of a control's name.
    #[error("the name must be a letter followed by at most 39 letters, digits and _")]
    Name,
    /// The name of another layer.
    #[error("layer {other} has the same name; give one of them another `name`")]
    SameName {
        /// Number of the other layer, from 1.
        other: usize,
    },
    /// A number out of its range.
    #[error("{what} is {found}, expected {expected}")]
    Value {
        /// The field.
        what: &'static str,
        /// What it is.
        found: String,
        /// What it may be.
        expected: &'static str,
    },
    /// A mask of too many terms.
    #[error("the mask has {found} terms, expected at most {limit}")]
    Terms {
        /// Number of terms.
        found: usize,
        /// Maximum number.
        limit: usize,
    },
    /// A mask that measures a map that nothing below has.
    #[error("the mask {mask} reads the {map} below, but no layer below has one; {help}")]
    NoMap {
        /// Name of the term.
        mask: &'static str,
        /// Name of the map.
        map: &'static str,
        /// What to do.
        help: &'static str,
    },
    /// A control that the generator does not have, or a value that it does not accept.
    #[error("{0}")]
    Control(#[from] RequestError),
    /// A control whose value cannot be a default.
    #[error("control {name:?} ({kind}) cannot be set here; set {layer}.{name} in the request")]
    NoDefault {
        /// Name of the layer.
        layer: String,
        /// Name of the control.
        name: String,
        /// Its kind.
        kind: &'static str,
    },
    /// Sizes of the generators that have no common multiple within the limit.
    #[error(
        "sizes would have to be multiples of {found}, more than {limit}; its sizes do not fit those of the layers below"
    )]
    Size {
        /// The common multiple.
        found: usize,
        /// Maximum.
        limit: usize,
    },
}
