//! Parameters of `Resize`.

use serde::{Deserialize, Serialize};

use crate::tensor::Dim;

/// Parameters of `Resize`; either `scales` or `sizes`, one for each of `axes`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Resize {
    /// How values between elements are found.
    pub mode: ResizeMode,
    /// Factors of the lengths.
    pub scales: Vec<f32>,
    /// Lengths of the output.
    pub sizes: Vec<Dim>,
    /// Axes that `scales`, `sizes` and `roi` are about; if empty the last ones, as many as there are `scales` or `sizes`.
    pub axes: Vec<i64>,
    /// Where an output element lies in the input.
    pub coordinate_transformation_mode: CoordinateTransformationMode,
    /// How mode `nearest` rounds.
    pub nearest_mode: NearestMode,
    /// Coefficient `a` of mode `cubic`.
    pub cubic_coeff_a: f32,
    /// Whether elements outside have no weight, where they else are those of the border.
    pub exclude_outside: bool,
    /// Whether modes `linear` and `cubic` filter where they shrink.
    pub antialias: bool,
    /// Region of interest of `tf_crop_and_resize`, in fractions: all begins, then all ends; whole if empty.
    pub roi: Vec<f32>,
    /// What `tf_crop_and_resize` writes where an element lies outside.
    pub extrapolation_value: f32,
    /// What `sizes` means.
    pub keep_aspect_ratio_policy: KeepAspectRatioPolicy,
}

impl Default for Resize {
    fn default() -> Self {
        Self {
            mode: ResizeMode::Nearest,
            scales: Vec::new(),
            sizes: Vec::new(),
            axes: Vec::new(),
            coordinate_transformation_mode: CoordinateTransformationMode::HalfPixel,
            nearest_mode: NearestMode::RoundPreferFloor,
            cubic_coeff_a: -0.75,
            exclude_outside: false,
            antialias: false,
            roi: Vec::new(),
            extrapolation_value: 0.0,
            keep_aspect_ratio_policy: KeepAspectRatioPolicy::Stretch,
        }
    }
}

/// How `Resize` finds values between elements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResizeMode {
    /// The nearest element.
    #[default]
    Nearest,
    /// A mixture of the two neighbours along each axis.
    Linear,
    /// A mixture of the four neighbours along each axis.
    Cubic,
}

/// Where an output element of `Resize` lies in the input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CoordinateTransformationMode {
    /// Pixels are areas; borders of input and output meet.
    #[default]
    HalfPixel,
    /// Pixels are areas; centres of input and output meet, also where the output's length was rounded.
    HalfPixelSymmetric,
    /// The first elements meet.
    Asymmetric,
    /// The first and the last elements meet.
    AlignCorners,
    /// As `HalfPixel`, but an output of one element takes the first.
    PytorchHalfPixel,
    /// As `HalfPixel`, but half an element further on.
    TfHalfPixelForNn,
    /// The first and the last elements meet the ends of the region of interest.
    TfCropAndResize,
}

/// How mode `nearest` of `Resize` rounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NearestMode {
    /// To the nearest, ties down.
    #[default]
    RoundPreferFloor,
    /// To the nearest, ties up.
    RoundPreferCeil,
    /// Down.
    Floor,
    /// Up.
    Ceil,
}

/// What `sizes` of `Resize` means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeepAspectRatioPolicy {
    /// The lengths of the output.
    #[default]
    Stretch,
    /// The most that each may be, under one scale for all axes.
    NotLarger,
    /// The least that each may be, under one scale for all axes.
    NotSmaller,
}
