//! A generator: graphs with typed inputs and outputs, the sizes they can make, and the card that says where they come from.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::coordinates::Coordinates;
use crate::dim::Size;
use crate::graph::Graph;
use crate::validate::ValidGraph;

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

/// Sizes that a generator can make, `[height, width]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SizeRule {
    /// Height and width must be multiples of these.
    pub multiple: [usize; 2],
    /// Smallest height and width.
    pub min: [usize; 2],
    /// Whether the outputs tile: opposite borders meet.
    pub tiles: bool,
}

impl Default for SizeRule {
    fn default() -> Self {
        Self { multiple: [1, 1], min: [1, 1], tiles: false }
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

/// What an input means.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InputKind {
    /// Random numbers that choose one of many results.
    Latent(Distribution),
    /// A number that a person sets.
    Range {
        /// Smallest value.
        min: f32,
        /// Largest value.
        max: f32,
        /// Value if nobody sets it.
        default: f32,
    },
    /// One of several named options, given as weights that sum to 1: one of them 1, or a mixture, everywhere or in a map.
    Choice {
        /// Names of the options.
        options: Vec<String>,
        /// Index of the option if nobody chooses.
        default: usize,
    },
    /// A linear RGB colour.
    Color {
        /// Colour if nobody sets it.
        default: [f32; 3],
    },
    /// Where each texel lies; filled in, never given.
    Coordinates(Coordinates),
    /// A text, given as tokens; see [`crate::prompt`].
    Prompt {
        /// Tokens are below this number.
        buckets: usize,
        /// Text if nobody gives one.
        default: String,
    },
    /// A picture `[batch, channels, height, width]`, values 0 to 1.
    Image(ColorSpace),
    /// Where to work: 1 inside, 0 outside.
    Mask,
    /// The state of a recurrent network.
    State,
    /// Anything else; tests and parts of networks.
    Tensor,
}

/// Distribution of random inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Distribution {
    /// Mean 0, variance 1.
    Normal,
    /// From -1 to 1.
    Uniform,
}

/// What an output means. Maps follow Bevy's and glTF's conventions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutputKind {
    /// Surface colour, 3 channels.
    BaseColor,
    /// Coverage, 1 channel.
    Alpha,
    /// Tangent-space normal, 3 channels, -1 to 1, +Y up (OpenGL).
    Normal,
    /// Height, 1 channel, 0 to 1.
    Height,
    /// Perceptual roughness, 1 channel, 0 to 1.
    Roughness,
    /// Metalness, 1 channel, 0 to 1.
    Metallic,
    /// Ambient occlusion, 1 channel, 1 where open.
    Occlusion,
    /// Emitted colour, 3 channels.
    Emissive,
    /// Linear HDR radiance, 3 channels.
    Radiance,
    /// The state of a recurrent network.
    State,
    /// Anything else; tests and parts of networks.
    Tensor,
}

impl OutputKind {
    /// Name in files, as in `base_color`.
    pub fn name(self) -> &'static str {
        match self {
            OutputKind::BaseColor => "base_color",
            OutputKind::Alpha => "alpha",
            OutputKind::Normal => "normal",
            OutputKind::Height => "height",
            OutputKind::Roughness => "roughness",
            OutputKind::Metallic => "metallic",
            OutputKind::Occlusion => "occlusion",
            OutputKind::Emissive => "emissive",
            OutputKind::Radiance => "radiance",
            OutputKind::State => "state",
            OutputKind::Tensor => "tensor",
        }
    }

    /// Number of channels that a map of this kind has; `None` where any number will do.
    pub fn channels(self) -> Option<usize> {
        match self {
            OutputKind::BaseColor | OutputKind::Normal | OutputKind::Emissive | OutputKind::Radiance => Some(3),
            OutputKind::Alpha
            | OutputKind::Height
            | OutputKind::Roughness
            | OutputKind::Metallic
            | OutputKind::Occlusion => Some(1),
            OutputKind::State | OutputKind::Tensor => None,
        }
    }

    /// Usual smallest and largest value.
    pub fn usual_range(self) -> [f32; 2] {
        match self {
            OutputKind::Normal => [-1.0, 1.0],
            OutputKind::Radiance => [0.0, 65_504.0],
            OutputKind::State | OutputKind::Tensor => [f32::MIN, f32::MAX],
            _ => [0.0, 1.0],
        }
    }

    /// Usual colour space.
    pub fn usual_color_space(self) -> ColorSpace {
        match self {
            OutputKind::BaseColor | OutputKind::Emissive => ColorSpace::Srgb,
            _ => ColorSpace::Linear,
        }
    }
}

/// How numbers stand for light.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColorSpace {
    /// Proportional to light, or no colour at all.
    #[default]
    Linear,
    /// With the sRGB transfer curve.
    Srgb,
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
        let side = |axis: usize| self.min[axis].max(1).next_multiple_of(self.multiple[axis].max(1));
        Size::new(side(0), side(1))
    }

    /// The size that obeys the rule and is nearest to `size`.
    pub fn nearest(&self, size: Size) -> Size {
        let smallest = self.smallest();
        let side = |axis: usize, asked: usize, least: usize| {
            let multiple = self.multiple[axis].max(1);
            let down = asked.min(1 << 24) / multiple * multiple;
            (if asked - down <= multiple / 2 { down } else { down + multiple }).max(least)
        };
        Size {
            batch: size.batch,
            height: side(0, size.height, smallest.height),
            width: side(1, size.width, smallest.width),
        }
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
