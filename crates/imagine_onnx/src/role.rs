//! What an input or output of a network means, as text: `image:srgb@0..255`, `base_color@-1..1`.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use imagine_graph::{ColorSpace, Distribution, InputKind, OutputKind};
use serde::Deserialize;

/// Roles of inputs by their text.
const INPUTS: [(&str, InputKind); 8] = [
    ("image", InputKind::Image(ColorSpace::Srgb)),
    ("image:srgb", InputKind::Image(ColorSpace::Srgb)),
    ("image:linear", InputKind::Image(ColorSpace::Linear)),
    ("mask", InputKind::Mask),
    ("latent", InputKind::Latent(Distribution::Normal)),
    ("latent:normal", InputKind::Latent(Distribution::Normal)),
    ("latent:uniform", InputKind::Latent(Distribution::Uniform)),
    ("tensor", InputKind::Tensor),
];

/// Roles of outputs.
const OUTPUTS: [OutputKind; 10] = [
    OutputKind::BaseColor,
    OutputKind::Alpha,
    OutputKind::Normal,
    OutputKind::Height,
    OutputKind::Roughness,
    OutputKind::Metallic,
    OutputKind::Occlusion,
    OutputKind::Emissive,
    OutputKind::Radiance,
    OutputKind::Tensor,
];

/// What an input means.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub struct InputRole {
    /// What it means in a graph.
    pub kind: InputKind,
    /// Lowest and highest number that the network wants where the graph's input has 0 and 1; 0 and 1 if `None`.
    pub range: Option<[f32; 2]>,
}

/// What an output means.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub struct OutputRole {
    /// What it means in a graph.
    pub kind: OutputKind,
    /// Lowest and highest number that the network gives where the graph's output has 0 and 1; 0 and 1 if `None`.
    pub range: Option<[f32; 2]>,
}

/// Why a text is no role.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RoleError {
    /// A role that inputs do not have.
    #[error("role {role:?} of an input is not known: {}", names(INPUTS.iter().map(|(name, _)| *name)))]
    Input {
        /// The role.
        role: String,
    },
    /// A role that outputs do not have.
    #[error("role {role:?} of an output is not known: {}", names(OUTPUTS.iter().map(|kind| kind.name())))]
    Output {
        /// The role.
        role: String,
    },
    /// A range that is none.
    #[error("range {range:?} of a role: LOW..HIGH expected, as in -1..1")]
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
        let (role, range) = split(text)?;
        let known = INPUTS.iter().find(|(name, _)| *name == role);
        let (_, kind) = known.ok_or_else(|| RoleError::Input { role: role.into() })?;
        Ok(Self { kind: kind.clone(), range })
    }
}

impl FromStr for OutputRole {
    type Err = RoleError;

    fn from_str(text: &str) -> Result<Self, RoleError> {
        let (role, range) = split(text)?;
        let known = OUTPUTS.into_iter().find(|kind| kind.name() == role);
        Ok(Self { kind: known.ok_or_else(|| RoleError::Output { role: role.into() })?, range })
    }
}

/// A role without its range, and the range.
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
        // The last of equal roles is the one that says all.
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
    fn a_role_and_its_text_are_the_same() {
        for text in ["image:srgb@0..255", "image:linear", "mask@-1..1", "latent:uniform", "tensor"] {
            assert_eq!(text.parse::<InputRole>().unwrap().to_string(), text);
        }
        for text in ["base_color@-1..1", "radiance", "tensor@0.25..0.5"] {
            assert_eq!(text.parse::<OutputRole>().unwrap().to_string(), text);
        }
        assert_eq!("latent".parse::<InputRole>().unwrap().to_string(), "latent:normal");
    }

    #[test]
    fn what_is_no_role_is_said() {
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
