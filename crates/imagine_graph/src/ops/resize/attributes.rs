//! Parameters of `Resize`.

use serde::{Deserialize, Serialize};

use crate::tensor::Dim;

/// Parameters of `Resize`; either `scales` or `sizes`, one for each of `axes`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Resize {
    /// Interpolation.
    pub mode: ResizeMode,
    /// Scale factors of the lengths.
    pub scales: Vec<f32>,
    /// Lengths of the output.
    pub sizes: Vec<Dim>,
    /// Axes of `scales`, `sizes` and `roi`; if empty, as many of the last axes as there are `scales` or `sizes`.
    pub axes: Vec<i64>,
    /// Position of an output element in the input.
    pub coordinate_transformation_mode: CoordinateTransformationMode,
    /// Rounding of mode `nearest`.
    pub nearest_mode: NearestMode,
    /// Coefficient `a` of mode `cubic`.
    pub cubic_coeff_a: f32,
    /// Whether positions outside the input have weight 0; otherwise they repeat the border.
    pub exclude_outside: bool,
    /// Whether modes `linear` and `cubic` filter when they shrink.
    pub antialias: bool,
    /// Region of interest of `tf_crop_and_resize`, in fractions: all starts, then all ends; everything if empty.
    pub roi: Vec<f32>,
    /// Value of `tf_crop_and_resize` outside the input.
    pub extrapolation_value: f32,
    /// Meaning of `sizes`.
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

/// Interpolation of `Resize`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResizeMode {
    /// The nearest element.
    #[default]
    Nearest,
    /// Linear interpolation of the two neighbours along each axis.
    Linear,
    /// Cubic interpolation of the four neighbours along each axis.
    Cubic,
}

/// Position of an output element of `Resize` in the input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CoordinateTransformationMode {
    /// Pixels are areas; the borders of input and output coincide.
    #[default]
    HalfPixel,
    /// Pixels are areas; the centres of input and output coincide, even if the output length was rounded.
    HalfPixelSymmetric,
    /// The first elements coincide.
    Asymmetric,
    /// The first and the last elements coincide.
    AlignCorners,
    /// As `HalfPixel`, but an output of one element takes the first.
    PytorchHalfPixel,
    /// As `HalfPixel`, shifted by half an element.
    TfHalfPixelForNn,
    /// The first and the last elements lie at the ends of the region of interest.
    TfCropAndResize,
}

/// Rounding of `Resize` in mode `nearest`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NearestMode {
    /// To nearest, ties down.
    #[default]
    RoundPreferFloor,
    /// To nearest, ties up.
    RoundPreferCeil,
    /// Down.
    Floor,
    /// Up.
    Ceil,
}

/// Meaning of `sizes` of `Resize`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeepAspectRatioPolicy {
    /// Lengths of the output.
    #[default]
    Stretch,
    /// Upper bounds, with one scale for all axes.
    NotLarger,
    /// Lower bounds, with one scale for all axes.
    NotSmaller,
}
