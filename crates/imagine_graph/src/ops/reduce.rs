//! Reductions over some axes.
//!
//! | operator | result over all reduced `x` |
//! |---|---|
//! | `ReduceSum` `ReduceProd` | sum, product; also of integers |
//! | `ReduceMean` | mean |
//! | `ReduceMax` `ReduceMin` | maximum, minimum; also of integers and booleans |
//! | `ReduceL1` | sum of `abs(x)` |
//! | `ReduceL2` | `sqrt(sum of x * x)` |
//! | `ReduceSumSquare` | sum of `x * x` |
//! | `ReduceLogSum` | `log(sum of x)` |
//! | `ReduceLogSumExp` | `log(sum of exp(x))`, without overflow |
//! | `GlobalAveragePool` `GlobalMaxPool` | mean, maximum over all axes after the first two, kept with length 1 |
//!
//! | | shape |
//! |---|---|
//! | data | any |
//! | reduced | data's shape with 1 at every reduced axis, or without these axes if `keepdims` is false |

use serde::{Deserialize, Serialize};

use super::inputs::{Inputs, normalize_axes, output, require};
use super::{Case, NodeError, Operator, Reach, Tolerance};
use crate::tensor::{DType, Tensor, TensorData, TensorType};

/// An operator that reduces axes.
pub trait Reduction {
    /// Whether each axis of a tensor of `rank` is reduced.
    fn reduced(&self, rank: usize) -> Result<Vec<bool>, NodeError>;
}

macro_rules! reductions {
    ($($(#[$doc:meta])* $name:ident of $dtypes:expr, in $range:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            /// Axes to reduce; negative axes count from the end.
            pub axes: Vec<i64>,
            /// Whether reduced axes are kept with length 1.
            pub keepdims: bool,
            /// Whether an empty `axes` reduces nothing instead of all axes.
            pub noop_with_empty_axes: bool,
        }

        impl Default for $name {
            fn default() -> Self {
                Self { axes: Vec::new(), keepdims: true, noop_with_empty_axes: false }
            }
        }

        impl Reduction for $name {
            fn reduced(&self, rank: usize) -> Result<Vec<bool>, NodeError> {
                let axes = normalize_axes(&self.axes, rank, "axes")?;
                let all = axes.is_empty() && !self.noop_with_empty_axes;
                Ok((0..rank).map(|axis| all || axes.contains(&axis)).collect())
            }
        }

        impl Operator for $name {
            fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
                inputs.count(1..=1)?;
                infer(self, &$dtypes, self.keepdims, inputs.required(0, "data")?)
            }

            fn reach(&self, inputs: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
                reach(self, inputs)
            }

            fn cases() -> Vec<Case> {
                cases(
                    |axes, keepdims, noop_with_empty_axes| Self { axes: axes.into(), keepdims, noop_with_empty_axes },
                    &$dtypes,
                    $range,
                )
            }

            fn tolerance(&self) -> Tolerance {
                Tolerance { absolute: 2e-5, relative: 2e-5 }
            }
        }
    )*};
}

reductions! {
    /// Parameters of `ReduceSum`.
    ReduceSum of [DType::F32, DType::I32], in -1.0..1.0;
    /// Parameters of `ReduceMean`.
    ReduceMean of [DType::F32], in -1.0..1.0;
    /// Parameters of `ReduceProd`.
    ReduceProd of [DType::F32, DType::I32], in 0.95..1.05;
    /// Parameters of `ReduceMax`.
    ReduceMax of [DType::F32, DType::I32, DType::Bool], in -1.0..1.0;
    /// Parameters of `ReduceMin`.
    ReduceMin of [DType::F32, DType::I32, DType::Bool], in -1.0..1.0;
    /// Parameters of `ReduceL1`.
    ReduceL1 of [DType::F32], in -1.0..1.0;
    /// Parameters of `ReduceL2`.
    ReduceL2 of [DType::F32], in -1.0..1.0;
    /// Parameters of `ReduceSumSquare`.
    ReduceSumSquare of [DType::F32], in -1.0..1.0;
    /// Parameters of `ReduceLogSum`.
    ReduceLogSum of [DType::F32], in 0.5..2.0;
    /// Parameters of `ReduceLogSumExp`.
    ReduceLogSumExp of [DType::F32], in -8.0..8.0;
}

macro_rules! global_pools {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {}

        impl Reduction for $name {
            fn reduced(&self, rank: usize) -> Result<Vec<bool>, NodeError> {
                Ok((0..rank).map(|axis| axis >= 2).collect())
            }
        }

        impl Operator for $name {
            fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
                inputs.count(1..=1)?;
                let x = inputs.float(0, "X")?;
                require(x.shape.len() >= 3, 0, "X", "[batch, channels, ..] of rank 3 or more", x)?;
                infer(self, &[DType::F32], true, x)
            }

            fn reach(&self, inputs: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
                reach(self, inputs)
            }

            fn cases() -> Vec<Case> {
                let case = |name: &str, x: &[usize]| Case::new(name, Self {}).float(x, -1.0..1.0);
                vec![
                    case("1x1", &[1, 1, 1, 1]),
                    case("batch 2, rank 3", &[2, 3, 7]),
                    // The two largest of this many elements are too close for central differences.
                    case("odd size 97x61", &[1, 3, 97, 61]).not_differentiable(),
                    case("rank 5", &[2, 3, 4, 3, 5]),
                ]
            }

            fn tolerance(&self) -> Tolerance {
                Tolerance { absolute: 2e-5, relative: 2e-5 }
            }
        }
    )*};
}

global_pools! {
    /// `GlobalAveragePool` has no parameters.
    GlobalAveragePool;
    /// `GlobalMaxPool` has no parameters.
    GlobalMaxPool;
}

/// The type of a reduction of `data`; fails unless its element type is in `dtypes`.
fn infer(
    op: &impl Reduction,
    dtypes: &[DType],
    keepdims: bool,
    data: &TensorType,
) -> Result<Vec<TensorType>, NodeError> {
    require(dtypes.contains(&data.dtype), 0, "data", format!("elements of {dtypes:?}"), data)?;
    let reduced = op.reduced(data.shape.len())?;
    Ok(vec![output(data.dtype, shape_without(&data.shape, &reduced, keepdims))?])
}

/// `shape` with 1 at every reduced axis, or without these axes.
pub(crate) fn shape_without(shape: &[usize], reduced: &[bool], keepdims: bool) -> Vec<usize> {
    let dims = shape.iter().zip(reduced);
    let left = dims.filter_map(|(&length, gone)| match (gone, keepdims) {
        (false, _) => Some(length),
        (true, true) => Some(1),
        (true, false) => None,
    });
    left.collect()
}

/// Reach of an operator that reads all of its reduced axes.
pub(crate) fn reach(op: &impl Reduction, inputs: &[Option<&TensorType>]) -> Vec<Reach> {
    let rank = inputs[0].map_or(0, |t| t.shape.len());
    let spatial = |reduced: Vec<bool>| reduced.iter().enumerate().any(|(axis, gone)| *gone && axis + 2 >= rank);
    // Removing an axis shifts the axes before it, so the last two stay in place only if leading axes are removed.
    let global = op.reduced(rank).map_or(true, spatial);
    vec![if global { Reach::Everything("height and width") } else { Reach::Pointwise }]
}

fn cases<P: Operator>(
    op: impl Fn(&[i64], bool, bool) -> P,
    dtypes: &[DType],
    range: std::ops::Range<f32>,
) -> Vec<Case> {
    let case = |name: &str, axes: &[i64], keepdims, x: &[usize]| {
        Case::new(name, op(axes, keepdims, false)).float(x, range.clone())
    };
    // The two most extreme of this many elements are too close for central differences.
    let extreme = dtypes.contains(&DType::Bool);
    let many = |case: Case| if extreme { case.not_differentiable() } else { case };
    let mut cases = vec![
        case("scalar", &[], true, &[]),
        case("all", &[], false, &[2, 3, 5]),
        many(case("height and width 97x61", &[2, 3], true, &[2, 3, 97, 61])),
        many(case("channels, batch 2", &[1], true, &[2, 7, 9, 5])),
        case("from the end, dropped", &[-1, 0], false, &[3, 4, 5]),
        case("rank 8", &[1, 3, 6], true, &[2, 2, 1, 2, 2, 2, 3, 2]),
        Case::new("no axes, none", op(&[], true, true)).float([2, 3], range.clone()),
    ];
    let tensors = dtypes.iter().filter_map(|dtype| match dtype {
        DType::F32 => None,
        DType::I32 => Some(TensorData::I32((0..105).map(|i| (i * 37 % 11 - 5) * (1 + i % 3)).collect())),
        DType::Bool => Some(TensorData::Bool((0..105).map(|i| i * 37 % 11 < 4).collect())),
    });
    for data in tensors {
        let tensor = Tensor::new(vec![5, 7, 3], data);
        for (axes, keepdims) in [(&[-1][..], true), (&[0], false), (&[], false)] {
            let name = format!("{:?}, axes {axes:?}", tensor.dtype());
            cases.push(Case::new(name, op(axes, keepdims, false)).tensor(tensor.clone()).not_differentiable());
        }
    }
    cases
}
