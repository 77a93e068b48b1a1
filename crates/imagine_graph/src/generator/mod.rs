//! A generator: graphs with typed inputs and outputs, the sizes they can make, and the card that says where they come from.

mod choice;
mod coordinates;
mod fields;
mod parse;
mod patch;
pub mod prompt;
mod request;
mod request_error;
mod resolve;
mod validate;
mod windows;

pub use choice::choice_weights;
pub use fields::{FIELD_CELL, FIELD_INPUT, Fields};
pub use parse::parse_input;
pub use patch::{DEFAULT_PERIOD, MAX_WINDOW_SIDE, Patch, PatchIndex};
pub use request::{Generated, LATENT_STREAM, MAX_STEPS, Request, ResolvedRequest};
pub use request_error::RequestError;
pub use windows::{Edges, Span, WindowError, Windows};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::graph::{Graph, ValidGraph};
use crate::tensor::{Axis, Extent, Size};

/// A generator network, ready to be written to a file or to be validated and run.
#[derive(Clone, Debug, PartialEq)]
pub struct Generator {
    /// Makes the outputs; of a recurrent network, from its state.
    pub output: Graph,
    /// What makes a network recurrent.
    pub recurrence: Option<Recurrence>,
    /// Sizes that the generator can make.
    pub size: SizeRule,
    /// Where it comes from.
    pub card: Card,
}

/// A state that is made once and then updated step by step, as in a cellular automaton.
#[derive(Clone, Debug, PartialEq)]
pub struct Recurrence {
    /// Makes the first state from random numbers; its one output is of kind `state`.
    pub init: Graph,
    /// Makes the next state: one input and one output, both of kind `state`, of equal shape.
    pub step: Graph,
    /// Number of steps after which the outputs are good.
    pub steps: u32,
    /// Steps a second when the generator is shown live.
    pub step_rate: f32,
}

/// Sizes that a generator can make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SizeRule {
    /// Height and width must be multiples of these.
    pub multiple: Extent,
    /// Smallest height and width.
    pub min: Extent,
    /// Whether the outputs tile: opposite borders meet.
    pub tiles: bool,
}

impl Default for SizeRule {
    fn default() -> Self {
        Self { multiple: Extent::splat(1), min: Extent::splat(1), tiles: false }
    }
}

/// What a person should know before shipping what a generator makes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Card {
    /// Name for people.
    pub title: String,
    /// SPDX licence expression of the generator itself.
    pub license: String,
    /// What it was trained on.
    pub training_data: Vec<Provenance>,
    /// How it was trained, enough to repeat it.
    pub recipe: String,
    /// Figures measured on it, by name.
    pub metrics: BTreeMap<String, f64>,
    /// Day it was made, `YYYY-MM-DD`.
    pub date: String,
}

impl Card {
    /// Notes a figure with six significant digits: as many as it means, and few enough for every reader of JSON to find the
    /// same number, so that a file that was read is written with the same bytes.
    pub fn note(&mut self, metric: &str, value: f64) {
        let short = format!("{value:.5e}").parse().unwrap_or(value);
        self.metrics.insert(metric.into(), short);
    }
}

/// One source of training data.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Provenance {
    /// Name at its source.
    pub name: String,
    /// Where it was published.
    pub source: String,
    /// SPDX licence expression.
    pub license: String,
    /// SHA-256 over the files used, in hexadecimal.
    pub sha256: String,
}

/// A generator whose graphs are valid at its smallest size.
#[derive(Clone, Debug)]
pub struct ValidGenerator {
    /// The plain generator.
    pub generator: Generator,
    /// Makes the outputs.
    pub output: ValidGraph,
    /// First state and update of a recurrent network.
    pub recurrence: Option<ValidRecurrence>,
    /// Names of the inputs as the file declares them: its place among them chooses the random numbers of a latent.
    pub(crate) input_order: Vec<String>,
}

/// The graphs of a recurrent network.
#[derive(Clone, Debug)]
pub struct ValidRecurrence {
    /// Makes the first state.
    pub init: ValidGraph,
    /// Makes the next state.
    pub step: ValidGraph,
}

impl SizeRule {
    /// The smallest size that obeys the rule.
    pub fn smallest(&self) -> Size {
        let side = |axis: Axis| self.min[axis].max(1).next_multiple_of(self.multiple[axis].max(1));
        Size::new(side(Axis::Height), side(Axis::Width))
    }

    /// The size that obeys the rule and is nearest to `size`.
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
    fn what_is_noted_is_the_same_number_when_it_is_read_again() {
        let mut card = Card::default();
        for step in 1..2000 {
            let value = 0.107_018_787_593_896_95 * f64::from(step).powi(3);
            card.note("distance", value);
            let noted = card.metrics["distance"];
            assert!((noted - value).abs() <= 1e-5 * value);
            let text = serde_json::to_string(&card).unwrap();
            assert_eq!(serde_json::from_str::<Card>(&text).unwrap(), card, "{value}");
        }
        card.note("nothing", f64::NAN);
        assert!(card.metrics["nothing"].is_nan());
    }
}
