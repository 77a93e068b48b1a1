//! Normalisations by statistics of the input: `mean` and `var` (the mean of `(x - mean)^2`) over these axes.
//!
//! | operator | statistics over | Y |
//! |---|---|---|
//! | `InstanceNormalization` | all axes but the first two | `(x - mean) / sqrt(var + epsilon) * scale + B`, both `[C]` |
//! | `GroupNormalization` | the same axes and the channels of a group | the same, with `bias` for `B` |
//! | `LayerNormalization` | the axes from `axis` on | the same; Scale and B (optional) broadcast to X |
//! | `RMSNormalization` | the axes from `axis` on | `x / sqrt(mean of x * x + epsilon) * scale`; scale broadcasts to X |
//! | `MeanVarianceNormalization` | `axes` | `(x - mean) / (sqrt(var) + 1e-9)` |
//! | `LpNormalization` | `axis` | `x / sum of abs(x)`, or `x / sqrt(sum of x * x)` for `p` 2; 0 if that sum is 0 |
//!
//! Y has the shape of the first input.

use serde::{Deserialize, Serialize};

use super::inputs::{Inputs, broadcast, normalize_axes, require, require_param};
use super::reduce::{Reduction, reach};
use super::{Case, NodeError, Operator, Reach, Tolerance};
use crate::tensor::TensorType;

const EPSILON: f32 = 1e-5;
const TOLERANCE: Tolerance = Tolerance { absolute: 5e-5, relative: 5e-5 };

/// Fails unless `epsilon` is finite and at least 0.
pub(crate) fn require_epsilon(epsilon: f32) -> Result<(), NodeError> {
    require_param(epsilon.is_finite() && epsilon >= 0.0, "epsilon", "0 or above", epsilon)
}

/// Reach of an operator that reads a scale, a bias, and the reduced axes of its first input.
fn reach_scaled(op: &impl Reduction, inputs: &[Option<&TensorType>]) -> Vec<Reach> {
    let mut all = reach(op, inputs);
    all.resize(inputs.len(), Reach::Everything("its scale and bias"));
    all
}

/// Type of the first input, `[batch, channels, ..]`; also checks a scale and a bias per channel.
fn infer_channels<'a>(inputs: &Inputs<'a>, names: [&'static str; 3]) -> Result<&'a TensorType, NodeError> {
    inputs.count(3..=3)?;
    let x = inputs.float(0, names[0])?;
    require(x.shape.len() >= 3, 0, names[0], "[batch, channels, ..] of rank 3 or more", x)?;
    for (index, name) in names.into_iter().enumerate().skip(1) {
        let found = inputs.float(index, name)?;
        require(found.shape == x.shape[1..2], index, name, format!("[{}]", x.shape[1]), found)?;
    }
    Ok(x)
}

/// Type of the first input; also checks at most `count` further inputs that broadcast to it.
fn infer_broadcast<'a>(inputs: &Inputs<'a>, names: &[&'static str]) -> Result<&'a TensorType, NodeError> {
    inputs.count(2..=names.len())?;
    let x = inputs.float(0, names[0])?;
    inputs.float(1, names[1])?;
    for (index, name) in names.iter().enumerate().skip(1).filter(|(index, _)| inputs.optional(*index).is_some()) {
        let found = inputs.float(index, name)?;
        let fits = broadcast(x, found).is_ok_and(|shape| shape == x.shape);
        require(fits, index, name, format!("a shape that broadcasts to {x}"), found)?;
    }
    Ok(x)
}

/// Whether each axis of `rank` is `axis` or after it.
fn from_axis(axis: i64, rank: usize) -> Result<Vec<bool>, NodeError> {
    let first = normalize_axes(&[axis], rank, "axis")?[0];
    Ok((0..rank).map(|axis| axis >= first).collect())
}

/// Parameters of `InstanceNormalization`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InstanceNormalization {
    /// Added to the variance.
    pub epsilon: f32,
}

impl Default for InstanceNormalization {
    fn default() -> Self {
        Self { epsilon: EPSILON }
    }
}

impl Reduction for InstanceNormalization {
    fn reduced(&self, rank: usize) -> Result<Vec<bool>, NodeError> {
        Ok((0..rank).map(|axis| axis >= 2).collect())
    }
}

impl Operator for InstanceNormalization {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        let x = infer_channels(inputs, ["input", "scale", "B"])?;
        require_epsilon(self.epsilon)?;
        Ok(vec![x.clone()])
    }

    fn reach(&self, inputs: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
        reach_scaled(self, inputs)
    }

    fn cases() -> Vec<Case> {
        let case = |name: &str, epsilon, x: &[usize]| channel_case(name, Self { epsilon }, x);
        vec![
            case("1x1", EPSILON, &[1, 1, 1, 1]),
            case("odd size 97x61", EPSILON, &[1, 3, 97, 61]),
            case("batch 2, rank 3, large epsilon", 0.5, &[2, 3, 7]),
            case("rank 5", 1e-3, &[2, 2, 2, 3, 2]),
            Case::new("open scale", Self { epsilon: 1e-3 })
                .float([2, 3, 4, 5], -1.0..2.0)
                .float([3], 0.5..1.5)
                .float([3], -1.0..1.0),
        ]
    }

    fn tolerance(&self) -> Tolerance {
        TOLERANCE
    }
}

/// Parameters of `GroupNormalization`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GroupNormalization {
    /// Added to the variance.
    pub epsilon: f32,
    /// Number of groups of channels; ONNX has no default.
    pub num_groups: usize,
    /// Precision of the statistics: 1, 32-bit floats.
    pub stash_type: i64,
}

impl Default for GroupNormalization {
    fn default() -> Self {
        Self { epsilon: EPSILON, num_groups: 1, stash_type: 1 }
    }
}

impl Reduction for GroupNormalization {
    fn reduced(&self, rank: usize) -> Result<Vec<bool>, NodeError> {
        Ok((0..rank).map(|axis| axis >= 1).collect())
    }
}

impl Operator for GroupNormalization {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        let x = infer_channels(inputs, ["X", "scale", "bias"])?;
        let divides = self.num_groups >= 1 && x.shape[1].is_multiple_of(self.num_groups);
        require_param(divides, "num_groups", format!("a divisor of {}", x.shape[1]), self.num_groups)?;
        require_stash_type(self.stash_type)?;
        require_epsilon(self.epsilon)?;
        Ok(vec![x.clone()])
    }

    fn reach(&self, inputs: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
        reach_scaled(self, inputs)
    }

    fn cases() -> Vec<Case> {
        let case = |name: &str, num_groups, epsilon, x: &[usize]| {
            channel_case(name, Self { epsilon, num_groups, ..Self::default() }, x)
        };
        vec![
            case("smallest", 1, EPSILON, &[1, 2, 1]),
            case("one group, odd size 97x61", 1, EPSILON, &[1, 2, 97, 61]),
            case("two of six, batch 2", 2, 0.1, &[2, 6, 5, 3]),
            case("a channel a group, rank 3", 3, 1e-3, &[2, 3, 7]),
            case("rank 6", 2, EPSILON, &[2, 4, 2, 1, 3, 2]),
        ]
    }

    fn tolerance(&self) -> Tolerance {
        TOLERANCE
    }
}

macro_rules! from_axis {
    ($($(#[$doc:meta])* $name:ident reads $inputs:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            /// First axis of the statistics; a negative axis counts from the end.
            pub axis: i64,
            /// Added under the square root.
            pub epsilon: f32,
            /// Precision of the statistics: 1, 32-bit floats.
            pub stash_type: i64,
        }

        impl Default for $name {
            fn default() -> Self {
                Self { axis: -1, epsilon: EPSILON, stash_type: 1 }
            }
        }

        impl Reduction for $name {
            fn reduced(&self, rank: usize) -> Result<Vec<bool>, NodeError> {
                from_axis(self.axis, rank)
            }
        }

        impl Operator for $name {
            fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
                let x = infer_broadcast(inputs, &$inputs)?;
                self.reduced(x.shape.len())?;
                require_stash_type(self.stash_type)?;
                require_epsilon(self.epsilon)?;
                Ok(vec![x.clone()])
            }

            fn reach(&self, inputs: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
                reach_scaled(self, inputs)
            }

            fn cases() -> Vec<Case> {
                let case = |name: &str, axis, epsilon, x: &[usize], scale: &[usize]| {
                    let op = Self { axis, epsilon, ..Self::default() };
                    let case = Case::new(name, op).float(x, -1.0..2.0).weight(scale, 0.5..1.5);
                    if $inputs.len() == 3 { case.weight(scale, -1.0..1.0) } else { case }
                };
                let op = Self { axis: 2, epsilon: 1e-3, ..Self::default() };
                vec![
                    case("one element", -1, EPSILON, &[1], &[1]),
                    case("rows", -1, EPSILON, &[2, 3, 70], &[70]),
                    case("odd size 97x61", 1, EPSILON, &[1, 2, 97, 61], &[2, 97, 61]),
                    case("whole tensor, batch 2", 0, 0.1, &[2, 3, 5], &[2, 3, 5]),
                    case("scale broadcasts", -2, EPSILON, &[2, 3, 5, 4], &[3, 1, 4]),
                    Case::new("open scale alone", op).float([2, 3, 4, 5], -1.0..2.0).float([4, 5], 0.5..1.5),
                ]
            }

            fn tolerance(&self) -> Tolerance {
                TOLERANCE
            }
        }
    )*};
}

from_axis! {
    /// Parameters of `LayerNormalization`.
    LayerNormalization reads ["X", "Scale", "B"];
    /// Parameters of `RMSNormalization`.
    RMSNormalization reads ["X", "scale"];
}

fn require_stash_type(stash_type: i64) -> Result<(), NodeError> {
    require_param(stash_type == 1, "stash_type", "1 (32-bit floats)", stash_type)
}

/// A case with a scale and a bias per channel of `x`.
fn channel_case(name: &str, op: impl Operator, x: &[usize]) -> Case {
    Case::new(name, op).float(x, -1.0..2.0).weight([x[1]], 0.5..1.5).weight([x[1]], -1.0..1.0)
}

/// Parameters of `MeanVarianceNormalization`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MeanVarianceNormalization {
    /// Axes of the statistics; negative axes count from the end.
    pub axes: Vec<i64>,
}

impl Default for MeanVarianceNormalization {
    fn default() -> Self {
        Self { axes: vec![0, 2, 3] }
    }
}

impl Reduction for MeanVarianceNormalization {
    fn reduced(&self, rank: usize) -> Result<Vec<bool>, NodeError> {
        let axes = normalize_axes(&self.axes, rank, "axes")?;
        Ok((0..rank).map(|axis| axes.is_empty() || axes.contains(&axis)).collect())
    }
}

impl Operator for MeanVarianceNormalization {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        inputs.count(1..=1)?;
        let x = inputs.float(0, "X")?;
        self.reduced(x.shape.len())?;
        Ok(vec![x.clone()])
    }

    fn reach(&self, inputs: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
        reach(self, inputs)
    }

    fn cases() -> Vec<Case> {
        let case =
            |name: &str, axes: &[i64], x: &[usize]| Case::new(name, Self { axes: axes.into() }).float(x, -1.0..2.0);
        vec![
            case("batch 2", &[0, 2, 3], &[2, 3, 5, 4]),
            case("odd size 97x61", &[-2, -1], &[1, 2, 97, 61]),
            case("first axis", &[0], &[5, 3, 2]),
            case("all", &[], &[3, 5]),
        ]
    }

    fn tolerance(&self) -> Tolerance {
        TOLERANCE
    }
}

/// Parameters of `LpNormalization`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LpNormalization {
    /// The axis; a negative axis counts from the end.
    pub axis: i64,
    /// Order of the norm: 1 or 2.
    pub p: i64,
}

impl Default for LpNormalization {
    fn default() -> Self {
        Self { axis: -1, p: 2 }
    }
}

impl Reduction for LpNormalization {
    fn reduced(&self, rank: usize) -> Result<Vec<bool>, NodeError> {
        let axes = normalize_axes(&[self.axis], rank, "axis")?;
        Ok((0..rank).map(|axis| axes.contains(&axis)).collect())
    }
}

impl Operator for LpNormalization {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        inputs.count(1..=1)?;
        let input = inputs.float(0, "input")?;
        self.reduced(input.shape.len())?;
        require_param([1, 2].contains(&self.p), "p", "1 or 2", self.p)?;
        Ok(vec![input.clone()])
    }

    fn reach(&self, inputs: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
        reach(self, inputs)
    }

    fn cases() -> Vec<Case> {
        let case = |name: &str, axis, p, x: &[usize]| Case::new(name, Self { axis, p }).float(x, -1.0..1.0);
        let zeros = Case::new("zeros", Self::default()).float([2, 3], 0.0..0.0).not_differentiable();
        vec![
            case("one element", -1, 2, &[1]),
            case("channels 97x61", 1, 2, &[1, 3, 97, 61]),
            case("sum of magnitudes, batch 2", -1, 1, &[2, 3, 75]),
            case("sum of magnitudes, first axis", 0, 1, &[5, 3]),
            zeros,
        ]
    }
}
