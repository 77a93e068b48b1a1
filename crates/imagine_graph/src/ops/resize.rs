//! `Resize`: nearest, linear or cubic interpolation to other lengths along some axes.
//!
//! [`crate::resize_weights`] has the formulas. Output length: `floor(D * scale)`, or the entry of `sizes`. With
//! `keep_aspect_ratio_policy` `not_larger` (`not_smaller`) the scale of all axes is the smallest (largest)
//! `size / D`, and the length `floor(D * scale + 0.5)`.
//!
//! | | shape |
//! |---|---|
//! | X | any rank; floats, or any elements in mode `nearest` without a region |
//! | Y | as X, except along `axes` |

mod attributes;
pub mod weights;

pub use attributes::{CoordinateTransformationMode, KeepAspectRatioPolicy, NearestMode, Resize, ResizeMode};

use self::weights::{ResizedAxis, elements_read};
use super::inputs::{Inputs, normalize_axes, output, require, require_param};
use super::random::bind;
use super::{Case, NodeError, Operator, Reach, Window};
use crate::tensor::{Axis, DType, Dim, PerAxis, Size, TensorType};

/// Maximum number of axes that can be resized at once.
const MAX_AXES: usize = 5;
/// Maximum length of a resized axis; bounds the table of taps.
const MAX_LENGTH: usize = 1 << 20;
/// Maximum of input length times output length of one axis; bounds the matrix of the reference.
const MAX_WEIGHTS: usize = 1 << 28;

impl Resize {
    /// The axes that change, in order; an axis of equal length at scale 1 does not.
    pub fn resized(&self, shape: &[usize], size: Size) -> Result<Vec<ResizedAxis>, NodeError> {
        let axes = self.checked_axes(shape.len())?;
        let sizes = bind(&self.sizes, size, "sizes")?;
        let lengths = || axes.iter().map(|&axis| shape[axis] as f64);
        let ratios = sizes.iter().zip(lengths()).map(|(&size, length)| size as f64 / length);
        let common = match self.keep_aspect_ratio_policy {
            KeepAspectRatioPolicy::Stretch => None,
            KeepAspectRatioPolicy::NotLarger => ratios.clone().reduce(f64::min),
            KeepAspectRatioPolicy::NotSmaller => ratios.clone().reduce(f64::max),
        };
        let given = self.scales.iter().map(|&scale| f64::from(scale));
        let scales: Vec<f64> = given.chain(ratios.map(|ratio| common.unwrap_or(ratio))).collect();
        let resized = (0..axes.len()).map(|index| {
            let (axis, scale) = (axes[index], scales[index]);
            let length = shape[axis] as f64 * scale;
            let output = match (sizes.get(index), common) {
                (Some(&output), None) => output,
                (Some(_), Some(_)) => (length + 0.5).floor() as usize,
                (None, _) => length.floor() as usize,
            };
            ResizedAxis { axis, input: shape[axis], output, scale, roi: self.region(index, axes.len()) }
        });
        let mut resized: Vec<ResizedAxis> = resized.filter(|axis| !self.leaves(axis)).collect();
        resized.sort_by_key(|axis| axis.axis);
        Ok(resized)
    }

    /// The axes of `scales` or `sizes`, after checking these and `roi`.
    fn checked_axes(&self, rank: usize) -> Result<Vec<usize>, NodeError> {
        let (scales, sizes) = (self.scales.len(), self.sizes.len());
        require_param(scales.min(sizes) == 0, "sizes", "none with scales", &self.sizes)?;
        let count = scales.max(sizes);
        let (fits, expected) = match self.axes.len() {
            0 => ((1..=rank).contains(&count), format!("1 to {rank} numbers in scales or sizes")),
            axes => (count == axes, format!("{axes} numbers in scales or sizes, as in axes")),
        };
        let given = if sizes > 0 { ("sizes", sizes) } else { ("scales", scales) };
        require_param(fits, given.0, expected, format_args!("{} numbers", given.1))?;
        let sound = self.scales.iter().all(|scale| (1e-4..=1e4).contains(scale));
        require_param(sound, "scales", "factors of 0.0001 to 10000", &self.scales)?;
        let regions = self.roi.is_empty() || self.roi.len() == 2 * count;
        let sound = regions && self.roi.iter().all(|fraction| fraction.abs() <= 1e4);
        require_param(sound, "roi", format!("{} numbers of -10000 to 10000", 2 * count), &self.roi)?;
        let stretches = self.keep_aspect_ratio_policy == KeepAspectRatioPolicy::Stretch;
        let policy = self.keep_aspect_ratio_policy;
        require_param(stretches || !self.sizes.is_empty(), "keep_aspect_ratio_policy", "stretch with scales", policy)?;
        let last: Vec<i64> = (0..count as i64).map(|index| index - count as i64).collect();
        normalize_axes(if self.axes.is_empty() { &last } else { &self.axes }, rank, "axes")
    }

    fn region(&self, index: usize, count: usize) -> [f64; 2] {
        if self.roi.is_empty() { [0.0, 1.0] } else { [index, count + index].map(|i| f64::from(self.roi[i])) }
    }

    fn leaves(&self, axis: &ResizedAxis) -> bool {
        let crops = self.coordinate_transformation_mode == CoordinateTransformationMode::TfCropAndResize;
        axis.scale == 1.0 && axis.input == axis.output && (!crops || axis.roi == [0.0, 1.0])
    }

    /// The window along one of the last two axes, of `from` elements in the input and `to` in the output.
    fn window(&self, axis: usize, rank: usize, from: usize, to: usize) -> Option<Window> {
        let axes = self.checked_axes(rank).ok()?;
        let Some(index) = axes.iter().position(|&resized| resized == axis) else { return Some(Window::POINT) };
        let ratio = to as f64 / from as f64;
        let scale = self.scales.get(index).map_or(ratio, |&scale| f64::from(scale));
        let axis = ResizedAxis { axis, input: from, output: to, scale, roi: self.region(index, axes.len()) };
        if self.leaves(&axis) {
            return Some(Window::POINT);
        }
        // A window needs a whole number as ratio or as its inverse.
        let (stride, repeat) = match (to.is_multiple_of(from), from.is_multiple_of(to)) {
            (true, _) => (1, to / from),
            (_, true) => (from / to, 1),
            _ => return None,
        };
        let read = (0..repeat).map(|o| elements_read(self, &axis, o));
        let (low, high) = read.fold((i64::MAX, i64::MIN), |(low, high), (l, h)| (low.min(l), high.max(h)));
        use CoordinateTransformationMode::{AlignCorners, TfCropAndResize};
        let whole = matches!(self.coordinate_transformation_mode, AlignCorners | TfCropAndResize)
            || self.keep_aspect_ratio_policy != KeepAspectRatioPolicy::Stretch;
        (scale == ratio && !whole).then_some(Window { stride, repeat, low, high })
    }
}

impl Operator for Resize {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        inputs.count(1..=1)?;
        let x = inputs.required(0, "X")?;
        let crops = self.coordinate_transformation_mode == CoordinateTransformationMode::TfCropAndResize;
        let copies = self.mode == ResizeMode::Nearest && !crops;
        require(copies || x.dtype == DType::F32, 0, "X", "floats, unless in mode nearest without a region", x)?;
        require_param(self.cubic_coeff_a.abs() <= 1e4, "cubic_coeff_a", "-10000 to 10000", self.cubic_coeff_a)?;
        let value = self.extrapolation_value;
        require_param(value.is_finite(), "extrapolation_value", "a finite number", value)?;
        let filters = !self.antialias || self.mode != ResizeMode::Nearest;
        require_param(filters, "antialias", "false in mode nearest", self.antialias)?;
        let mut shape = x.shape.clone();
        let axes = self.resized(&x.shape, inputs.size)?;
        require_param(axes.len() <= MAX_AXES, "axes", "at most 5 axes that change", axes.len())?;
        axes.iter().for_each(|axis| shape[axis.axis] = axis.output);
        let found = output(x.dtype, shape)?;
        if axes.iter().any(|axis| axis.input.max(axis.output) > MAX_LENGTH || axis.input * axis.output > MAX_WEIGHTS) {
            let reason =
                "a resized axis has more than 2^20 elements, or more than 2^28 pairs of input and output elements";
            return Err(NodeError::OutputShape { shape: found.shape, reason });
        }
        Ok(vec![found])
    }

    fn reach(&self, inputs: &[Option<&TensorType>], output: &TensorType) -> Vec<Reach> {
        let input = inputs[0].map(|t| t.shape.as_slice()).unwrap_or_default();
        let window = |axis: Axis| match axis.index(input.len()) {
            Some(index) => self.window(index, input.len(), input[index], output.shape[index]),
            None => Some(Window::POINT),
        };
        match PerAxis::from_fn(window).both() {
            Some(windows) => vec![Reach::Window(windows)],
            None => vec![Reach::Everything("height and width: the position of an element depends on the size")],
        }
    }

    fn cases() -> Vec<Case> {
        let mut cases = image_cases();
        cases.extend(cubic_cases());
        cases.extend(axis_cases());
        cases
    }
}

fn case(name: &str, op: Resize, x: &[usize]) -> Case {
    Case::new(name, op).float(x, -1.0..1.0)
}

fn scaled(mode: ResizeMode, scales: &[f32], coordinate_transformation_mode: CoordinateTransformationMode) -> Resize {
    Resize { mode, scales: scales.into(), coordinate_transformation_mode, ..Resize::default() }
}

/// Nearest and linear on images.
fn image_cases() -> Vec<Case> {
    use CoordinateTransformationMode::{
        AlignCorners, Asymmetric, HalfPixel, HalfPixelSymmetric, PytorchHalfPixel, TfHalfPixelForNn,
    };
    use ResizeMode::{Linear, Nearest};
    let nearest = |scales: [f32; 2], mode, nearest_mode| Resize { nearest_mode, ..scaled(Nearest, &scales, mode) };
    let sized = Resize { mode: Linear, sizes: vec![Dim::HEIGHT, Dim::Fixed(5)], ..Resize::default() };
    vec![
        case("1x1 to 2x3", scaled(Linear, &[2.0, 3.0], HalfPixel), &[1, 1, 1, 1]),
        case("nearest x2, 97x61", nearest([2.0, 2.0], Asymmetric, NearestMode::Floor), &[1, 2, 97, 61]),
        case("linear x2, batch 2", scaled(Linear, &[2.0, 2.0], HalfPixel), &[2, 3, 9, 7]),
        case("nearest, odd factors", nearest([1.5, 0.7], HalfPixel, NearestMode::RoundPreferCeil), &[1, 2, 9, 11]),
        case("nearest, ties down", nearest([0.5, 2.0], HalfPixel, NearestMode::RoundPreferFloor), &[1, 2, 8, 6]),
        case("nearest, up", nearest([1.3, 2.6], Asymmetric, NearestMode::Ceil), &[1, 2, 8, 6]),
        case("nearest, TensorFlow", nearest([0.6, 1.7], TfHalfPixelForNn, NearestMode::Floor), &[1, 2, 5, 4]),
        case("linear, corners", scaled(Linear, &[1.5, 2.0], AlignCorners), &[1, 2, 6, 5]),
        case("linear, corners of no whole length", scaled(Linear, &[0.6, 1.3], AlignCorners), &[1, 1, 4, 4]),
        case("linear, symmetric", scaled(Linear, &[0.6, 1.3], HalfPixelSymmetric), &[1, 1, 4, 4]),
        case("linear to one row", scaled(Linear, &[0.25, 0.5], PytorchHalfPixel), &[1, 2, 4, 6]),
        case("sizes", sized, &[1, 2, 6, 11]),
    ]
}

/// Cubic and antialiasing.
fn cubic_cases() -> Vec<Case> {
    use CoordinateTransformationMode::{AlignCorners, Asymmetric, HalfPixel};
    use ResizeMode::{Cubic, Linear};
    let cubic = |scales: [f32; 2], mode| scaled(Cubic, &scales, mode);
    let shrunk = |mode| Resize { antialias: true, ..scaled(mode, &[0.3, 0.6], HalfPixel) };
    let without = |op| Resize { exclude_outside: true, ..op };
    let sharp = Resize { cubic_coeff_a: -0.5, ..cubic([2.0, 0.8], Asymmetric) };
    vec![
        case("cubic, 1x1", cubic([2.0, 1.0], HalfPixel), &[1, 1, 1, 1]),
        case("cubic x2, 97x61", cubic([2.0, 2.0], HalfPixel), &[1, 1, 97, 61]),
        case("cubic, corners", cubic([1.7, 0.7], AlignCorners), &[1, 2, 4, 6]),
        case("cubic without the outside, batch 2", without(sharp), &[2, 2, 4, 5]),
        case("antialiased linear", shrunk(Linear), &[2, 1, 13, 11]),
        case("antialiased cubic", shrunk(Cubic), &[1, 2, 13, 11]),
        case("antialiased without the outside", without(shrunk(Cubic)), &[1, 1, 7, 5]),
        case(
            "antialiased, one way",
            Resize { antialias: true, ..scaled(Linear, &[2.0, 0.5], HalfPixel) },
            &[1, 1, 3, 8],
        ),
    ]
}

/// Other ranks and axes, regions, policies.
fn axis_cases() -> Vec<Case> {
    use CoordinateTransformationMode::{HalfPixel, TfCropAndResize};
    use KeepAspectRatioPolicy::{NotLarger, NotSmaller};
    use ResizeMode::{Cubic, Linear, Nearest};
    let at = |axes: &[i64], op: Resize| Resize { axes: axes.into(), ..op };
    let region = |mode, roi: &[f32]| Resize {
        mode,
        sizes: vec![Dim::Fixed(5), Dim::Fixed(4)],
        roi: roi.into(),
        extrapolation_value: 0.5,
        coordinate_transformation_mode: TfCropAndResize,
        ..Resize::default()
    };
    let policy = |keep_aspect_ratio_policy, sizes: [usize; 2]| Resize {
        mode: Linear,
        sizes: sizes.map(Dim::Fixed).into(),
        keep_aspect_ratio_policy,
        ..Resize::default()
    };
    vec![
        Case::new("integers", scaled(Nearest, &[2.0, 1.5], HalfPixel)).int([3, 4], -9..9).not_differentiable(),
        Case::new("truth values", scaled(Nearest, &[0.5], HalfPixel)).bool([2, 7]).not_differentiable(),
        case("as it is", scaled(Cubic, &[1.0, 1.0], HalfPixel), &[2, 3, 4]),
        case("vector", scaled(Linear, &[2.5], HalfPixel), &[5]),
        case("all axes, two of them as they are", scaled(Linear, &[1.0, 1.0, 2.0, 0.5], HalfPixel), &[2, 3, 3, 4]),
        case("channels and rows", at(&[-2, 1], scaled(Cubic, &[1.5, 2.0], HalfPixel)), &[2, 3, 4, 5]),
        case("first axis", at(&[0], scaled(Nearest, &[2.0], HalfPixel)), &[2, 3, 2]),
        case("volume", scaled(Linear, &[2.0, 0.5, 1.5], HalfPixel), &[1, 2, 3, 4, 4]),
        case("five axes", scaled(Linear, &[2.0, 1.5, 1.5, 0.5, 2.0], HalfPixel), &[2, 1, 2, 2, 4, 2]),
        case("region", region(Linear, &[0.2, 0.4, 0.9, 0.6]), &[1, 2, 6, 7]),
        case("region beyond the image", region(Cubic, &[-0.3, 0.5, 0.8, 1.4]), &[1, 2, 6, 7]),
        case("region to one row", Resize { sizes: vec![Dim::Fixed(1)], ..region(Linear, &[0.1, 0.7]) }, &[2, 6]),
        case("not larger", policy(NotLarger, [7, 8]), &[1, 2, 3, 4]),
        case("not smaller, swapped axes", at(&[3, 2], policy(NotSmaller, [7, 8])), &[1, 2, 3, 4]),
    ]
}
