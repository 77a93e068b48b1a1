//! What inputs and outputs of a graph mean.

use serde::{Deserialize, Serialize};

use crate::tensor::{Dim, Symbol};

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

impl InputKind {
    /// Name for people.
    pub fn name(&self) -> &'static str {
        match self {
            InputKind::Latent(_) => "latent",
            InputKind::Range { .. } => "range",
            InputKind::Choice { .. } => "choice",
            InputKind::Color { .. } => "color",
            InputKind::Coordinates(Coordinates::Plane) => "plane coordinates",
            InputKind::Coordinates(Coordinates::Sphere) => "sphere coordinates",
            InputKind::Coordinates(Coordinates::Torus) => "torus coordinates",
            InputKind::Prompt { .. } => "prompt",
            InputKind::Image(ColorSpace::Linear) => "linear image",
            InputKind::Image(ColorSpace::Srgb) => "sRGB image",
            InputKind::Mask => "mask",
            InputKind::State => "state",
            InputKind::Tensor => "tensor",
        }
    }
}

/// What an input of coordinates holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Coordinates {
    /// Two channels: x to the right and y down, in widths and heights of the image, of the texel's centre.
    ///
    /// On a wrapped lattice they are reduced to 0 .. 1 in whole numbers, so that moving the origin rolls them exactly and
    /// any function of period 1 tiles. On an open lattice they count on, in patches of a world in periods instead of the
    /// image's sides and reduced to 0 .. 1 again, so that they are as exact far from the origin as near it.
    Plane,
    /// Three channels: the unit direction through the texel's centre, x to the right, y up, -z forward (Bevy's axes).
    ///
    /// Six square images are the faces of a cubemap; one image twice as wide as high is a panorama. The lattice plays no part.
    Sphere,
    /// Four channels: x to the right and y down, in periods of a torus, then the torus's width and height in elements.
    ///
    /// The torus is the image on a wrapped lattice and has 1024 elements a side on an open one; element `i` of a period of
    /// `n` has `x = (i mod n) / n`, reduced in whole numbers. So whatever has the period 1 tiles, rolls exactly, and goes on
    /// over a world the same wherever the world is cut; and a graph that knows the period can round to it.
    Torus,
}

impl Coordinates {
    /// Number of channels.
    pub fn channels(self) -> usize {
        match self {
            Coordinates::Plane => 2,
            Coordinates::Sphere => 3,
            Coordinates::Torus => 4,
        }
    }

    /// What an input of these coordinates must be declared as: a batch of images with this many channels.
    pub(crate) fn fits(self, shape: &[Dim]) -> bool {
        let [batch, channels, height, width] = shape else { return false };
        *batch == Dim::BATCH
            && *channels == Dim::Fixed(self.channels())
            && matches!(height, Dim::Symbol(Symbol::Height(_)))
            && matches!(width, Dim::Symbol(Symbol::Width(_)))
    }
}
