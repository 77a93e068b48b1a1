//! Meanings of a graph's inputs and outputs.

use serde::{Deserialize, Serialize};

use crate::tensor::{Dim, Symbol};

/// Meaning of an input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InputKind {
    /// Random numbers that choose one of many results.
    Latent(Distribution),
    /// A number that the user sets.
    Range {
        /// Smallest value.
        min: f32,
        /// Largest value.
        max: f32,
        /// Value if it is not set.
        default: f32,
    },
    /// One of several named options, or a mixture, as weights that sum to 1; uniform or as a map.
    Choice {
        /// Names of the options.
        options: Vec<String>,
        /// Index of the option if none is chosen.
        default: usize,
    },
    /// A linear RGB colour.
    Color {
        /// Colour if it is not set.
        default: [f32; 3],
    },
    /// Position of each texel; computed from the request, never given.
    Coordinates(Coordinates),
    /// A text as tokens; see [`crate::prompt`].
    Prompt {
        /// Number of hash buckets; tokens are smaller.
        buckets: usize,
        /// Text if none is given.
        default: String,
    },
    /// An image `[batch, channels, height, width]`, values 0 to 1.
    Image(ColorSpace),
    /// The region to process: 1 inside, 0 outside.
    Mask,
    /// The state of a recurrent network.
    State,
    /// Any other tensor; for tests and parts of networks.
    Tensor,
}

/// Distribution of a latent input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Distribution {
    /// Mean 0, variance 1.
    Normal,
    /// From -1 to 1.
    Uniform,
}

/// Meaning of an output. Maps follow the conventions of Bevy and glTF.
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
    /// Ambient occlusion, 1 channel; 1 is unoccluded.
    Occlusion,
    /// Emitted colour, 3 channels.
    Emissive,
    /// Linear HDR radiance, 3 channels.
    Radiance,
    /// The state of a recurrent network.
    State,
    /// Any other tensor; for tests and parts of networks.
    Tensor,
}

impl OutputKind {
    /// The maps of a material.
    pub const MAPS: [OutputKind; 8] = [
        OutputKind::BaseColor,
        OutputKind::Alpha,
        OutputKind::Normal,
        OutputKind::Height,
        OutputKind::Roughness,
        OutputKind::Metallic,
        OutputKind::Occlusion,
        OutputKind::Emissive,
    ];

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

    /// Number of channels of a map of this kind; `None` if any number is valid.
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

    /// Default smallest and largest value.
    pub fn default_range(self) -> [f32; 2] {
        match self {
            OutputKind::Normal => [-1.0, 1.0],
            OutputKind::Radiance => [0.0, 65_504.0],
            OutputKind::State | OutputKind::Tensor => [f32::MIN, f32::MAX],
            _ => [0.0, 1.0],
        }
    }

    /// Default colour space.
    pub fn default_color_space(self) -> ColorSpace {
        match self {
            OutputKind::BaseColor | OutputKind::Emissive => ColorSpace::Srgb,
            _ => ColorSpace::Linear,
        }
    }
}

/// Encoding of colour values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColorSpace {
    /// Linear light, or not a colour.
    #[default]
    Linear,
    /// Encoded with the sRGB transfer curve.
    Srgb,
}

impl InputKind {
    /// Name in messages.
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

/// Coordinate system of an input of coordinates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Coordinates {
    /// Two channels: x to the right and y down, of the texel's centre, in units of the image's width and height.
    ///
    /// In a periodic domain they are reduced to 0 .. 1 by integer arithmetic, so that moving the origin rolls them exactly and
    /// any function of period 1 tiles. In an open domain they are not reduced. In a patch of a world the unit is the world's
    /// period, and they are reduced to 0 .. 1, so that they are as exact far from the origin as near it.
    Plane,
    /// Three channels: the unit direction through the texel's centre, x to the right, y up, -z forward (Bevy's axes).
    ///
    /// Six square images are the faces of a cubemap; one image twice as wide as high is a panorama. The domain has no effect.
    Sphere,
    /// Four channels: x to the right and y down, in periods of a torus, then the torus's width and height in elements.
    ///
    /// In a periodic domain the torus is the image; in an open one it has 1024 elements a side. Element `i` of a period of `n`
    /// has `x = (i mod n) / n`, reduced by integer arithmetic. A function of period 1 therefore tiles, rolls exactly, and
    /// continues over a world wherever patches are cut; a graph that reads the period can round frequencies to it.
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

    /// Whether an input of these coordinates may have this shape: a batch of images with [`Self::channels`] channels.
    pub(crate) fn fits(self, shape: &[Dim]) -> bool {
        let [batch, channels, height, width] = shape else { return false };
        *batch == Dim::BATCH
            && *channels == Dim::Fixed(self.channels())
            && matches!(height, Dim::Symbol(Symbol::Height(_)))
            && matches!(width, Dim::Symbol(Symbol::Width(_)))
    }
}
