//! `Resize`: an image of another height and width, by the nearest element or by linear interpolation.
//!
//! [`crate::resize`] has the formulas. No antialiasing: to shrink, take `AveragePool` or a strided `Conv`.
//!
//! | | shape |
//! |---|---|
//! | X | `[N, C, H, W]` |
//! | Y | `[N, C, floor(H * scales[0]), floor(W * scales[1])]`, or `[N, C, sizes[0], sizes[1]]` |

use serde::{Deserialize, Serialize};

use super::inputs::{Inputs, output, require_param};
use super::random::bind;
use super::{Case, Operator};
use crate::dim::{Dim, Size};
use crate::error::NodeError;
use crate::resize::elements_read;
use crate::support::{Reach, Window};
use crate::tensor::{DType, TensorType};

/// Parameters of `Resize`; either `scales` or `sizes`, `[y, x]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Resize {
    /// How values between elements are found.
    pub mode: ResizeMode,
    /// Factors of height and width.
    pub scales: Vec<f32>,
    /// Height and width of the output.
    pub sizes: Vec<Dim>,
    /// Where an output element lies in the input.
    pub coordinate_transformation_mode: CoordinateTransformationMode,
    /// How mode `nearest` rounds.
    pub nearest_mode: NearestMode,
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
}

/// Where an output element of `Resize` lies in the input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CoordinateTransformationMode {
    /// Pixels are areas; borders of input and output meet.
    #[default]
    HalfPixel,
    /// The first elements meet.
    Asymmetric,
    /// The first and the last elements meet.
    AlignCorners,
    /// As `HalfPixel`, but an output of one element takes the first.
    PytorchHalfPixel,
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

impl Resize {
    /// Scale of one axis (0 is y), from `input` to `output` elements.
    pub fn scale(&self, axis: usize, input: usize, output: usize) -> f64 {
        self.scales.get(axis).map_or(output as f64 / input as f64, |&scale| f64::from(scale))
    }

    fn output_size(&self, input: [usize; 2], size: Size) -> Result<[usize; 2], NodeError> {
        if self.scales.is_empty() {
            require_param(self.sizes.len() == 2, "sizes", "height and width, where there are no scales", &self.sizes)?;
            let sizes = bind(&self.sizes, size, "sizes")?;
            return Ok([sizes[0], sizes[1]]);
        }
        require_param(self.sizes.is_empty(), "sizes", "none beside scales", &self.sizes)?;
        let sound = self.scales.len() == 2 && self.scales.iter().all(|s| (1e-4..=1e4).contains(s));
        require_param(sound, "scales", "two factors of 0.0001 to 10000", &self.scales)?;
        Ok([0, 1].map(|axis| (input[axis] as f64 * f64::from(self.scales[axis])).floor() as usize))
    }
}

impl Operator for Resize {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        inputs.count(1..=1)?;
        let [n, channels, height, width] = inputs.image(0, "X")?;
        let [out_height, out_width] = self.output_size([height, width], inputs.size)?;
        Ok(vec![output(DType::F32, vec![n, channels, out_height, out_width])?])
    }

    fn reach(&self, inputs: &[Option<&TensorType>], output: &TensorType) -> Vec<Reach> {
        let input = inputs[0].map_or([1, 1], |t| [t.shape[2], t.shape[3]]);
        let windows = [0, 1].map(|axis| {
            let (from, to) = (input[axis], output.shape[axis + 2]);
            let exact = self.scale(axis, from, to) == to as f64 / from as f64;
            // Whole steps of the window need a whole ratio one way or the other.
            let (stride, repeat) = match (to.is_multiple_of(from), from.is_multiple_of(to)) {
                (true, _) => (1, to / from),
                (_, true) => (from / to, 1),
                _ => return None,
            };
            let read = (0..repeat).map(|o| elements_read(self, o, from, to, self.scale(axis, from, to)));
            let (low, high) = read.fold((i64::MAX, i64::MIN), |(low, high), (l, h)| (low.min(l), high.max(h)));
            exact.then_some(Window { stride, repeat, low, high })
        });
        let whole = self.coordinate_transformation_mode == CoordinateTransformationMode::AlignCorners;
        match windows {
            [Some(y), Some(x)] if !whole => vec![Reach::Window([y, x])],
            _ => vec![Reach::Everything("height and width: the place of an element depends on the size")],
        }
    }

    fn cases() -> Vec<Case> {
        use CoordinateTransformationMode::{AlignCorners, Asymmetric, HalfPixel, PytorchHalfPixel};
        let case = |name: &str, op: Self, x: [usize; 4]| Case::new(name, op).float(x, -1.0..1.0);
        let scaled = |mode, scales: [f32; 2], coordinate_transformation_mode, nearest_mode| Self {
            mode,
            scales: scales.into(),
            sizes: Vec::new(),
            coordinate_transformation_mode,
            nearest_mode,
        };
        let (nearest, linear) = (ResizeMode::Nearest, ResizeMode::Linear);
        let sized = Self { mode: linear, sizes: vec![Dim::HEIGHT, Dim::Fixed(5)], ..Self::default() };
        vec![
            case("1x1 to 2x3", scaled(linear, [2.0, 3.0], HalfPixel, NearestMode::default()), [1, 1, 1, 1]),
            case("nearest x2, 97x61", scaled(nearest, [2.0, 2.0], Asymmetric, NearestMode::Floor), [1, 2, 97, 61]),
            case("linear x2, batch 2", scaled(linear, [2.0, 2.0], HalfPixel, NearestMode::default()), [2, 3, 9, 7]),
            case(
                "nearest, odd factors",
                scaled(nearest, [1.5, 0.7], HalfPixel, NearestMode::RoundPreferCeil),
                [1, 2, 9, 11],
            ),
            case(
                "nearest, ties down",
                scaled(nearest, [0.5, 2.0], HalfPixel, NearestMode::RoundPreferFloor),
                [1, 2, 8, 6],
            ),
            case("nearest, up", scaled(nearest, [1.3, 2.6], Asymmetric, NearestMode::Ceil), [1, 2, 8, 6]),
            case("linear, corners", scaled(linear, [1.5, 2.0], AlignCorners, NearestMode::default()), [1, 2, 6, 5]),
            case(
                "linear to one row",
                scaled(linear, [0.25, 0.5], PytorchHalfPixel, NearestMode::default()),
                [1, 2, 4, 6],
            ),
            case("sizes", sized, [1, 2, 6, 11]),
        ]
    }
}
