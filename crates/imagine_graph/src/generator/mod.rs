//! A generator: graphs with typed inputs and outputs, valid sizes, and a model card.

mod choice;
mod coordinates;
mod cut;
mod detail;
mod fields;
mod parse;
mod patch;
pub mod prompt;
mod request;
mod request_error;
mod resolve;
mod run_error;
mod tiles;
mod validate;
mod windows;

pub use choice::choice_weights;
pub use detail::coarser_maps;
pub use fields::{FIELD_CELL, FIELD_INPUT, Fields};
pub use parse::parse_input;
pub use patch::{DEFAULT_PERIOD, MAX_WINDOW_SIDE, Patch, PatchIndex};
pub use request::{Generated, LATENT_STREAM, MAX_STEPS, Request, ResolvedRequest};
pub use request_error::RequestError;
pub use run_error::RunError;
pub use tiles::generate_in_tiles;
pub use windows::{Boundary, Span, WindowError, Windows, crop, paste, sides};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::graph::{Graph, ValidGraph};
use crate::ops::Op;
use crate::tensor::{Axis, Extent, Size};

/// A generator network. It may be written to a file, or validated and run.
#[derive(Clone, Debug, PartialEq)]
pub struct Generator {
    /// Computes the outputs; in a recurrent network, from the state.
    pub output: Graph,
    /// Present in a recurrent network.
    pub recurrence: Option<Recurrence>,
    /// Valid sizes.
    pub size: SizeRule,
    /// Model card: origin, licence, training.
    pub card: Card,
}

impl Generator {
    /// Whether the outputs are texels of an exemplar, rearranged, and not computed by trained weights or a formula.
    pub fn is_by_example(&self) -> bool {
        self.output.nodes.iter().any(|node| matches!(node.op, Op::ExemplarGather(_)))
    }
}

/// A state that is initialised once and then updated step by step, as in a cellular automaton.
#[derive(Clone, Debug, PartialEq)]
pub struct Recurrence {
    /// Computes the initial state from random numbers; its one output is of kind `state`.
    pub init: Graph,
    /// Computes the next state: one input and one output of kind `state` and equal shape.
    pub step: Graph,
    /// Default number of steps.
    pub steps: u32,
    /// Steps per second of a live preview.
    pub step_rate: f32,
}

/// The valid sizes of a generator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SizeRule {
    /// Height and width are multiples of these.
    pub multiple: Extent,
    /// Minimum height and width.
    pub min: Extent,
    /// Whether the outputs tile seamlessly.
    pub tiles: bool,
}

impl Default for SizeRule {
    fn default() -> Self {
        Self { multiple: Extent::splat(1), min: Extent::splat(1), tiles: false }
    }
}

/// The model card: read it before shipping generated content.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Card {
    /// Display name.
    pub title: String,
    /// SPDX licence expression of the generator itself.
    pub license: String,
    /// Sources of the training data.
    pub training_data: Vec<Provenance>,
    /// How it was trained, in enough detail to reproduce it.
    pub recipe: String,
    /// Evaluation metrics, by name.
    pub metrics: BTreeMap<String, f64>,
    /// Date of creation, `YYYY-MM-DD`.
    pub date: String,
    /// Texels to a metre of the surface that is shown, if it has a size; above 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub texels_per_metre: Option<f32>,
}

impl Card {
    /// Texels to a metre, if the card has a usable number.
    pub fn texel_density(&self) -> Option<f32> {
        self.texels_per_metre.filter(|texels| texels.is_finite() && *texels > 0.0)
    }

    /// Sets a metric, rounded to six significant digits: few enough that every JSON parser reads the same number, so that
    /// writing a file that was read gives the same bytes.
    pub fn set_metric(&mut self, metric: &str, value: f64) {
        let rounded = format!("{value:.5e}").parse().unwrap_or(value);
        self.metrics.insert(metric.into(), rounded);
    }
}

/// One source of training data.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Provenance {
    /// Name of the data set or author's title.
    pub name: String,
    /// Where it is published.
    pub source: String,
    /// SPDX licence expression.
    pub license: String,
    /// SHA-256 of the files used, in hexadecimal.
    pub sha256: String,
}

/// A generator whose graphs are valid at its smallest size.
#[derive(Clone, Debug)]
pub struct ValidGenerator {
    /// The generator as plain data.
    pub generator: Generator,
    /// Computes the outputs.
    pub output: ValidGraph,
    /// Initial state and update of a recurrent network.
    pub recurrence: Option<ValidRecurrence>,
    /// Names of the inputs in the file's order. The index of a latent selects its stream of random numbers.
    pub(crate) input_order: Vec<String>,
}

/// The graphs of a recurrent network.
#[derive(Clone, Debug)]
pub struct ValidRecurrence {
    /// Computes the initial state.
    pub init: ValidGraph,
    /// Computes the next state.
    pub step: ValidGraph,
}

impl SizeRule {
    /// The smallest valid size.
    pub fn smallest(&self) -> Size {
        let side = |axis: Axis| self.min[axis].max(1).next_multiple_of(self.multiple[axis].max(1));
        Size::new(side(Axis::Height), side(Axis::Width))
    }

    /// The rule for images of `2^halvings` times fewer rows and columns.
    pub(crate) fn halved(&self, halvings: usize) -> Self {
        let divided = |sides: Extent| Extent { height: sides.height >> halvings, width: sides.width >> halvings };
        Self { multiple: divided(self.multiple), min: divided(self.min), tiles: self.tiles }
    }

    /// The valid size nearest to `size`.
    pub fn nearest(&self, size: Size) -> Size {
        let smallest = self.smallest();
        let side = |axis: Axis| {
            let (requested, multiple) = (axis.of(size), self.multiple[axis].max(1));
            let down = requested.min(1 << 24) / multiple * multiple;
            (if requested - down <= multiple / 2 { down } else { down + multiple }).max(axis.of(smallest))
        };
        Size { batch: size.batch, height: side(Axis::Height), width: side(Axis::Width) }
    }
}

#[cfg(test)]
mod tests {
    use super::Card;

    #[test]
    fn metrics_survive_json() {
        let mut card = Card::default();
        for step in 1..2000 {
            let value = 0.107_018_787_593_896_95 * f64::from(step).powi(3);
            card.set_metric("distance", value);
            let rounded = card.metrics["distance"];
            assert!((rounded - value).abs() <= 1e-5 * value);
            let text = serde_json::to_string(&card).unwrap();
            assert_eq!(serde_json::from_str::<Card>(&text).unwrap(), card, "{value}");
        }
        card.set_metric("nothing", f64::NAN);
        assert!(card.metrics["nothing"].is_nan());
    }
}
