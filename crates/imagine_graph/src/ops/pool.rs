//! Pooling: one number per window, with ONNX's rules for borders.
//!
//! | operator | Y |
//! |---|---|
//! | `MaxPool` | the largest element |
//! | `AveragePool` | the mean |
//! | `LpPool` | `(sum of abs(x)^p)^(1/p)` |
//!
//! | | shape |
//! |---|---|
//! | X | `[N, C, ..]` of rank 3 to 5 |
//! | Indices of `MaxPool`, with `indices` | as Y, integers: the flat index in X of the first largest element |
//! | Y | `[N, C, (D + begin + end - dilated kernel)/stride + 1, ..]`, rounded down, or up with `ceil_mode` |
//!
//! With `ceil_mode`, a window that would begin beyond the image and its begin padding is dropped. Only positions inside the
//! image count. In `AveragePool` with `count_include_pad`, positions in the padding count as zeros, but positions that
//! `ceil_mode` adds beyond the end padding never count.

use serde::{Deserialize, Serialize};

use super::inputs::{Inputs, output, require, require_param};
use super::window::{AutoPad, Geometry, WindowAxis, reach};
use super::{Case, NodeError, Operator, Reach, Tolerance};
use crate::tensor::{DType, Tensor, TensorType, elements};

/// An operator that computes one number per window.
pub trait Pool {
    /// The window along each axis after the first two of an input of `shape`.
    fn windows(&self, shape: &[usize]) -> Result<Vec<WindowAxis>, NodeError>;
}

macro_rules! pools {
    ($($(#[$doc:meta])* $name:ident {
        $($(#[$field_doc:meta])* $field:ident: $type:ty = $default:expr,)*
    } checks $check:expr, in $range:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            /// Size of the window along each axis; 1 if empty.
            pub kernel_shape: Vec<usize>,
            /// Step between output positions along each axis; 1 if empty.
            pub strides: Vec<usize>,
            /// Distance between window elements along each axis; 1 if empty.
            pub dilations: Vec<usize>,
            /// Padding before each axis, then after each axis; less than the dilated window; 0 if empty.
            pub pads: Vec<usize>,
            /// Computes the padding in place of `pads`.
            pub auto_pad: AutoPad,
            /// Whether output sizes are rounded up.
            pub ceil_mode: bool,
            $($(#[$field_doc])* pub $field: $type,)*
        }

        impl Default for $name {
            fn default() -> Self {
                Self {
                    kernel_shape: Vec::new(),
                    strides: Vec::new(),
                    dilations: Vec::new(),
                    pads: Vec::new(),
                    auto_pad: AutoPad::NotSet,
                    ceil_mode: false,
                    $($field: $default,)*
                }
            }
        }

        impl Pool for $name {
            fn windows(&self, shape: &[usize]) -> Result<Vec<WindowAxis>, NodeError> {
                let Self { kernel_shape, strides, dilations, pads, auto_pad, ceil_mode, .. } = self;
                let geometry = Geometry { kernel_shape, strides, dilations, pads, auto_pad: *auto_pad, ceil_mode: *ceil_mode };
                geometry.axes(shape.get(2..).unwrap_or_default())
            }
        }

        impl Operator for $name {
            fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
                inputs.count(1..=1)?;
                let x = inputs.float(0, "X")?;
                require((3..=5).contains(&x.shape.len()), 0, "X", "[batch, channels, ..] of rank 3 to 5", x)?;
                let windows = self.windows(&x.shape)?;
                check(&windows, &self.pads, &self.dilations)?;
                let check: fn(&Self) -> Result<(), NodeError> = $check;
                check(self)?;
                let spatial = windows.iter().map(|axis| axis.output);
                let pooled = output(DType::F32, x.shape[..2].iter().copied().chain(spatial).collect())?;
                Ok(self.outputs(pooled))
            }

            fn reach(&self, inputs: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
                let windows = inputs[0].map(|x| self.windows(&x.shape));
                if self.outputs(TensorType::f32([])).len() > 1 {
                    return vec![Reach::Everything("height and width in its indices")];
                }
                vec![windows.and_then(Result::ok).map_or(Reach::Everything("height and width"), |axes| reach(&axes))]
            }

            fn cases() -> Vec<Case> {
                let case = |name: &str, op: Self, x: &[usize]| Case::new(name, op).float(x, $range);
                let halves = Self { kernel_shape: vec![2, 2], strides: vec![2, 2], ..Self::default() };
                let padded =
                    Self { kernel_shape: vec![3, 3], strides: vec![2, 2], pads: vec![1; 4], ..Self::default() };
                let ceil = Self { ceil_mode: true, ..padded.clone() };
                let line = Self { kernel_shape: vec![3], pads: vec![0, 2], dilations: vec![2], ..Self::default() };
                let same = |auto_pad| Self {
                    kernel_shape: vec![2, 3], strides: vec![1, 2], auto_pad, ..Self::default()
                };
                let volume = Self {
                    kernel_shape: vec![2, 1, 3], strides: vec![1, 2, 2], pads: vec![1, 0, 0, 0, 0, 2], ..Self::default()
                };
                let uneven = Self {
                    dilations: vec![2, 1], strides: vec![1, 3], pads: vec![2, 0, 1, 2], ..ceil.clone()
                };
                let many = case("halves 97x61", halves.clone(), &[1, 3, 97, 61]);
                let mut cases = vec![
                    case("smallest", Self::default(), &[1, 1, 1, 1]),
                    // The two largest elements of some windows are too close for central differences.
                    if stringify!($name) == "MaxPool" { many.not_differentiable() } else { many },
                    case("padding, batch 2", padded, &[2, 3, 6, 4]),
                    case("rounds up", Self { ceil_mode: true, ..halves }, &[1, 2, 7, 5]),
                    case("rounds up, padding", ceil, &[1, 2, 8, 6]),
                    case("uneven, dilated", uneven, &[1, 2, 9, 8]),
                    case("rank 3, dilated", line, &[2, 3, 7]),
                    case("rank 5", volume, &[1, 2, 3, 4, 5]),
                    case("same, odd at the end", same(AutoPad::SameUpper), &[1, 2, 5, 6]),
                    case("same, odd at the beginning", same(AutoPad::SameLower), &[1, 2, 5, 6]),
                    case("valid", same(AutoPad::Valid), &[1, 2, 5, 6]),
                ];
                cases.extend(Self::own_cases());
                cases
            }

            fn tolerance(&self) -> Tolerance {
                Tolerance { absolute: 2e-5, relative: 2e-5 }
            }
        }
    )*};
}

pools! {
    /// Parameters of `MaxPool`.
    MaxPool {
        /// Order of the flat `indices`: 0 is row-major, 1 is column-major.
        storage_order: i64 = 0,
        /// Whether there is a second output with flat indices in X.
        indices: bool = false,
    } checks |op| require_param([0, 1].contains(&op.storage_order), "storage_order", "0 or 1", op.storage_order),
    in -1.0..1.0;
    /// Parameters of `AveragePool`.
    AveragePool {
        /// Whether padding counts in the mean.
        count_include_pad: bool = false,
    } checks |_| Ok(()), in -1.0..1.0;
    /// Parameters of `LpPool`.
    LpPool {
        /// Order of the norm.
        p: i64 = 2,
    } checks |op| require_param((1..=16).contains(&op.p), "p", "1 to 16", op.p), in 0.25..1.0;
}

impl MaxPool {
    /// The flat index of each element of a tensor of `shape`, in row-major order of the elements.
    pub fn numbers(&self, shape: &[usize]) -> Vec<usize> {
        let (sides, strides) = (&shape[2..], self.number_strides(shape));
        let area: usize = sides.iter().product();
        let number = |index: usize| {
            let (mut left, mut number) = (index % area, index - index % area);
            for (side, stride) in sides.iter().zip(&strides).rev() {
                number += left % side * stride;
                left /= side;
            }
            number
        };
        (0..elements(shape)).map(number).collect()
    }

    /// Strides of the flat index along each axis after the first two.
    pub fn number_strides(&self, shape: &[usize]) -> Vec<usize> {
        let sides = &shape[2..];
        let within = |axis: usize| if self.storage_order == 0 { &sides[axis + 1..] } else { &sides[..axis] };
        (0..sides.len()).map(|axis| within(axis).iter().product()).collect()
    }

    fn outputs(&self, pooled: TensorType) -> Vec<TensorType> {
        let indices = self.indices.then(|| TensorType { dtype: DType::I32, shape: pooled.shape.clone() });
        [pooled].into_iter().chain(indices).collect()
    }

    fn own_cases() -> Vec<Case> {
        let case = |name: &str, op: Self, x: &[usize]| {
            let op = Self { indices: true, ..op };
            // A small range gives many equal numbers.
            let elements = (0..elements(x)).map(|i| (i * 37 % 11) as f32 / 4.0 - 1.0).collect::<Vec<_>>();
            Case::new(name, op).tensor(Tensor::f32(x, elements)).not_differentiable()
        };
        let halves = Self { kernel_shape: vec![2, 2], strides: vec![2, 2], ..Self::default() };
        let uneven =
            Self { kernel_shape: vec![3, 2], pads: vec![1, 0, 2, 1], dilations: vec![1, 2], ..Self::default() };
        let columns = Self { storage_order: 1, ..uneven.clone() };
        let row = Self { kernel_shape: vec![3], pads: vec![1, 1], ceil_mode: true, ..Self::default() };
        let volume = Self { kernel_shape: vec![2, 2, 2], strides: vec![1, 2, 1], ..Self::default() };
        vec![
            case("indices", halves, &[1, 3, 97, 61]),
            case("indices, uneven, batch 2", uneven, &[2, 3, 6, 7]),
            case("indices column by column", columns, &[2, 3, 6, 7]),
            case("indices, rank 3", row, &[2, 3, 7]),
            case("indices, rank 5", Self { storage_order: 1, ..volume }, &[2, 2, 3, 4, 3]),
        ]
    }
}

impl AveragePool {
    fn outputs(&self, pooled: TensorType) -> Vec<TensorType> {
        vec![pooled]
    }

    fn own_cases() -> Vec<Case> {
        let op = Self { kernel_shape: vec![3, 3], strides: vec![2, 2], pads: vec![1; 4], ..Self::default() };
        let counts = Self { count_include_pad: true, ..op };
        vec![
            Case::new("padding counts", counts.clone()).float([1, 3, 8, 6], -1.0..1.0),
            Case::new("rounds up, padding counts", Self { ceil_mode: true, ..counts }).float([1, 2, 8, 6], -1.0..1.0),
        ]
    }
}

impl LpPool {
    fn outputs(&self, pooled: TensorType) -> Vec<TensorType> {
        vec![pooled]
    }

    fn own_cases() -> Vec<Case> {
        let op = |p| Self { kernel_shape: vec![2, 3], pads: vec![0, 1, 1, 0], p, ..Self::default() };
        let case = |name: &str, p| Case::new(name, op(p)).float([1, 2, 4, 5], 0.25..1.0);
        vec![case("magnitudes", 1), case("cubes", 3)]
    }
}

/// Otherwise a window could skip the whole image and contain no element.
fn check(windows: &[WindowAxis], pads: &[usize], dilations: &[usize]) -> Result<(), NodeError> {
    let narrow = windows.iter().all(|axis| axis.begin.max(axis.end) < axis.span());
    require_param(narrow, "pads", "less than the window", pads)?;
    let meets = windows.iter().all(|axis| axis.kernel == 1 || axis.dilation <= axis.input);
    let sizes: Vec<usize> = windows.iter().map(|axis| axis.input).collect();
    require_param(meets, "dilations", format!("at most {sizes:?}, the image"), dilations)
}
