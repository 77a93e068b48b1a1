//! The role of an input or output, as text: `image:srgb@0..255`, `range@0..9`, `base_color@-1..1`.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use imagine_graph::{ColorSpace, Distribution, InputKind, OutputKind};
use serde::Deserialize;

/// Roles of inputs by their text.
static INPUTS: [(&str, InputKind); 11] = [
    ("image", InputKind::Image(ColorSpace::Srgb)),
    ("image:srgb", InputKind::Image(ColorSpace::Srgb)),
    ("image:linear", InputKind::Image(ColorSpace::Linear)),
    ("mask", InputKind::Mask),
    ("latent", InputKind::Latent(Distribution::Normal)),
    ("latent:normal", InputKind::Latent(Distribution::Normal)),
    ("latent:uniform", InputKind::Latent(Distribution::Uniform)),
    ("range", InputKind::Range { min: 0.0, max: 1.0, default: 0.0 }),
    ("choice", InputKind::Choice { options: Vec::new(), default: 0 }),
    ("color", InputKind::Color { default: [0.5; 3] }),
    ("tensor", InputKind::Tensor),
];

/// Precedes the options of a choice, which commas separate.
const CHOICE: &str = "choice:";

/// Roles of outputs.
fn outputs() -> impl Iterator<Item = OutputKind> {
    OutputKind::MAPS.into_iter().chain([OutputKind::Radiance, OutputKind::Tensor])
}

/// The role of an input.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub struct InputRole {
    /// Its kind in a graph.
    pub kind: InputKind,
    /// The values that the network expects for 0 and 1 of the graph's input; 0 and 1 if `None`. Of a number it is the kind that has
    /// the limits.
    pub range: Option<[f32; 2]>,
}

/// The role of an output.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub struct OutputRole {
    /// Its kind in a graph.
    pub kind: OutputKind,
    /// The network's values for 0 and 1 of the graph's output; 0 and 1 if `None`.
    pub range: Option<[f32; 2]>,
}

/// Why a text is not a role.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RoleError {
    /// Not a role of an input.
    #[error("unknown input role {role:?}, expected one of: {}", names(INPUTS.iter().map(|(name, _)| *name)))]
    Input {
        /// The role.
        role: String,
    },
    /// Not a role of an output.
    #[error("unknown output role {role:?}, expected one of: {}", names(outputs().map(OutputKind::name)))]
    Output {
        /// The role.
        role: String,
    },
    /// Not a range.
    #[error("range {range:?} of a role: expected LOW..HIGH, as in -1..1")]
    Range {
        /// The range.
        range: String,
    },
}

fn names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

impl FromStr for InputRole {
    type Err = RoleError;

    fn from_str(text: &str) -> Result<Self, RoleError> {
        if let Some(options) = text.strip_prefix(CHOICE) {
            let options = options.split(',').map(String::from).collect();
            return Ok(Self { kind: InputKind::Choice { options, default: 0 }, range: None });
        }
        let (role, range) = split(text)?;
        let known = INPUTS.iter().find(|(name, _)| *name == role);
        let (_, kind) = known.ok_or_else(|| RoleError::Input { role: role.into() })?;
        if let (InputKind::Range { .. }, Some([min, max])) = (kind, range) {
            return Ok(InputKind::Range { min, max, default: 0.0f32.clamp(min, max) }.into());
        }
        Ok(Self { kind: kind.clone(), range })
    }
}

impl FromStr for OutputRole {
    type Err = RoleError;

    fn from_str(text: &str) -> Result<Self, RoleError> {
        let (role, range) = split(text)?;
        let known = outputs().find(|kind| kind.name() == role);
        Ok(Self { kind: known.ok_or_else(|| RoleError::Output { role: role.into() })?, range })
    }
}

/// The role and its range.
fn split(text: &str) -> Result<(&str, Option<[f32; 2]>), RoleError> {
    let Some((role, range)) = text.split_once('@') else { return Ok((text, None)) };
    let ends = range.split_once("..").and_then(|(low, high)| Some([low.parse().ok()?, high.parse().ok()?]));
    let ends = ends.filter(|[low, high]: &[f32; 2]| low < high && low.is_finite() && (high - low).is_finite());
    Ok((role, Some(ends.ok_or_else(|| RoleError::Range { range: range.into() })?)))
}

impl TryFrom<String> for InputRole {
    type Error = RoleError;

    fn try_from(text: String) -> Result<Self, RoleError> {
        text.parse()
    }
}

impl TryFrom<String> for OutputRole {
    type Error = RoleError;

    fn try_from(text: String) -> Result<Self, RoleError> {
        text.parse()
    }
}

impl From<InputKind> for InputRole {
    fn from(kind: InputKind) -> Self {
        Self { kind, range: None }
    }
}

impl From<OutputKind> for OutputRole {
    fn from(kind: OutputKind) -> Self {
        Self { kind, range: None }
    }
}

impl Display for InputRole {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.kind {
            InputKind::Range { min, max, .. } => return write!(f, "range@{min}..{max}"),
            InputKind::Choice { options, .. } if !options.is_empty() => {
                return write!(f, "{CHOICE}{}", options.join(","));
            }
            _ => {}
        }
        // The last of equal roles is the explicit one.
        let known = INPUTS.iter().rev().find(|(_, kind)| *kind == self.kind);
        f.write_str(known.map_or(self.kind.name(), |(name, _)| name))?;
        write_range(f, self.range)
    }
}

impl Display for OutputRole {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.name())?;
        write_range(f, self.range)
    }
}

fn write_range(f: &mut Formatter<'_>, range: Option<[f32; 2]>) -> fmt::Result {
    range.map_or(Ok(()), |[low, high]| write!(f, "@{low}..{high}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_survive_a_round_trip_through_text() {
        for text in [
            "image:srgb@0..255",
            "image:linear",
            "mask@-1..1",
            "latent:uniform",
            "range@-2..9.5",
            "choice",
            "choice:moss,rock",
            "color",
            "tensor",
        ] {
            assert_eq!(text.parse::<InputRole>().unwrap().to_string(), text);
        }
        for text in ["base_color@-1..1", "radiance", "tensor@0.25..0.5"] {
            assert_eq!(text.parse::<OutputRole>().unwrap().to_string(), text);
        }
        assert_eq!("latent".parse::<InputRole>().unwrap().to_string(), "latent:normal");
    }

    #[test]
    fn unknown_roles_and_ranges_are_refused() {
        for range in ["", "1..0", "0..inf", "-3e38..3e38", "0..1..2", "a..b", "1"] {
            let error = format!("image@{range}").parse::<InputRole>().unwrap_err();
            assert_eq!(error, RoleError::Range { range: range.into() });
        }
        let error = "picture".parse::<InputRole>().unwrap_err().to_string();
        assert!(error.contains("\"picture\"") && error.contains("image:linear"), "{error}");
        let error = "image".parse::<OutputRole>().unwrap_err().to_string();
        assert!(error.contains("base_color"), "{error}");
    }
}
