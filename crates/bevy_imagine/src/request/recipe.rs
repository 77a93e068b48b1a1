//! Recipes: requests as RON text, for editors and for a game's own files.

use std::collections::BTreeMap;

use bevy::prelude::*;
use serde::{Deserialize, Serialize};

use super::component::{Control, Synthesis};

/// Longest text that is parsed, in bytes.
const MAX_BYTES: usize = 1 << 20;

/// A [`Synthesis`] as RON text, with the path of the generator instead of its handle and without images.
///
/// ```
/// use bevy_imagine::SynthesisRecipe;
///
/// let recipe = SynthesisRecipe::from_ron(r#"(generator: "moss.generator.safetensors", seed: 7, controls: {"wet": 0.5})"#);
/// assert_eq!(recipe.unwrap().size, (256, 256));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SynthesisRecipe {
    /// Asset path of the generator.
    pub generator: String,
    /// Width and height in texels. Default 256 x 256.
    pub size: (u32, u32),
    /// Selects one of many results. Default 0.
    pub seed: u64,
    /// Steps of a recurrent generator. Default: the number in the file.
    #[serde(skip_serializing_if = "Option::is_none", with = "bare_option")]
    pub steps: Option<u32>,
    /// Values of controls: a number, a linear colour `(r, g, b)` or text.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub controls: BTreeMap<String, RecipeControl>,
    /// Higher priorities go first. Default 0.
    pub priority: i32,
}

/// Value of a control in a recipe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RecipeControl {
    /// The value of a range, or the index of an option.
    Number(f32),
    /// A linear colour.
    Color((f32, f32, f32)),
    /// The name of an option, a prompt, or another value as text.
    Text(String),
}

/// Why a text is not a recipe.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RecipeError {
    /// The text is too long.
    #[error("a recipe has at most {MAX_BYTES} bytes, this text has {0}")]
    TooLarge(usize),
    /// The text does not parse; the message has line and column.
    #[error("{0}")]
    Ron(#[from] ron::error::SpannedError),
    /// The recipe cannot be written.
    #[error("{0}")]
    Write(#[from] ron::Error),
}

impl Default for SynthesisRecipe {
    fn default() -> Self {
        let Synthesis { size, seed, steps, priority, .. } = Synthesis::default();
        let controls = BTreeMap::new();
        Self { generator: String::new(), size: size.into(), seed, steps, controls, priority }
    }
}

impl SynthesisRecipe {
    /// The recipe of `synthesis`. The path is empty if the generator was not loaded from a file.
    pub fn of(synthesis: &Synthesis) -> Self {
        let control = |control: &Control| match control {
            Control::Number(number) => RecipeControl::Number(*number),
            Control::Color(color) => RecipeControl::Color((color.red, color.green, color.blue)),
            Control::Text(text) => RecipeControl::Text(text.clone()),
        };
        Self {
            generator: synthesis.generator.path().map(ToString::to_string).unwrap_or_default(),
            size: synthesis.size.into(),
            seed: synthesis.seed,
            steps: synthesis.steps,
            controls: synthesis.controls.iter().map(|(name, value)| (name.clone(), control(value))).collect(),
            priority: synthesis.priority,
        }
    }

    /// The request; `assets` loads its generator.
    pub fn synthesis(&self, assets: &AssetServer) -> Synthesis {
        let control = |control: &RecipeControl| match control {
            RecipeControl::Number(number) => Control::Number(*number),
            RecipeControl::Color((red, green, blue)) => Control::Color(LinearRgba::rgb(*red, *green, *blue)),
            RecipeControl::Text(text) => Control::Text(text.clone()),
        };
        Synthesis {
            generator: assets.load(self.generator.clone()),
            size: self.size.into(),
            seed: self.seed,
            steps: self.steps,
            controls: self.controls.iter().map(|(name, value)| (name.clone(), control(value))).collect(),
            images: BTreeMap::new(),
            priority: self.priority,
        }
    }

    /// Writes the recipe as RON.
    pub fn to_ron(&self) -> Result<String, RecipeError> {
        let style = ron::ser::PrettyConfig::new().compact_maps(true);
        Ok(ron::ser::to_string_pretty(self, style)?)
    }

    /// Parses RON.
    pub fn from_ron(text: &str) -> Result<Self, RecipeError> {
        if text.len() > MAX_BYTES {
            return Err(RecipeError::TooLarge(text.len()));
        }
        Ok(ron::from_str(text)?)
    }
}

/// An optional number, written without `Some`.
mod bare_option {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(value: &Option<u32>, serializer: S) -> Result<S::Ok, S::Error> {
        value.unwrap_or_default().serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
        u32::deserialize(deserializer).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recipes_survive_a_round_trip() {
        let controls = BTreeMap::from([
            ("kind".to_string(), RecipeControl::Text("wet \"stone\"".into())),
            ("tint".to_string(), RecipeControl::Color((1.0, 0.25, 0.0))),
            ("wear".to_string(), RecipeControl::Number(0.5)),
        ]);
        let generator = "generators/moss.generator.safetensors".to_string();
        let recipe =
            SynthesisRecipe { generator, size: (64, 32), seed: u64::MAX, steps: Some(7), controls, priority: -1 };
        let text = recipe.to_ron().unwrap();
        assert_eq!(SynthesisRecipe::from_ron(&text).unwrap(), recipe, "{text}");
        let short = SynthesisRecipe { steps: None, controls: BTreeMap::new(), ..recipe };
        assert_eq!(SynthesisRecipe::from_ron(&short.to_ron().unwrap()).unwrap(), short);
    }

    #[test]
    fn malformed_recipes_are_rejected_with_their_position() {
        let error = |text: &str| SynthesisRecipe::from_ron(text).unwrap_err().to_string();
        assert!(error("(seed: 1, sed: 2)").contains("sed"), "{}", error("(seed: 1, sed: 2)"));
        assert!(error("(\n  seed: -1)").starts_with("2:"), "{}", error("(\n  seed: -1)"));
        assert!(error(&" ".repeat(MAX_BYTES + 1)).contains("at most"));
    }
}
