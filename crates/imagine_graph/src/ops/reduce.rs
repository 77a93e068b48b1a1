//! Reductions over some axes. So far `ReduceMean`.
//!
//! | | shape |
//! |---|---|
//! | data | any |
//! | reduced | the same with 1 at every reduced axis, or without these axes if `keepdims` is false |

use serde::{Deserialize, Serialize};

use super::inputs::{Inputs, normalize_axes, output};
use super::{Case, Operator};
use crate::error::NodeError;
use crate::support::Reach;
use crate::tensor::TensorType;

/// Parameters of `ReduceMean`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReduceMean {
    /// Axes to take the mean over; negative ones count from the end; all if empty.
    pub axes: Vec<i64>,
    /// Whether reduced axes stay, with length 1.
    pub keepdims: bool,
}

impl Default for ReduceMean {
    fn default() -> Self {
        Self { axes: Vec::new(), keepdims: true }
    }
}

impl ReduceMean {
    /// Whether each axis of a tensor of `rank` is reduced.
    pub fn reduced(&self, rank: usize) -> Result<Vec<bool>, NodeError> {
        let axes = normalize_axes(&self.axes, rank, "axes")?;
        Ok((0..rank).map(|axis| axes.is_empty() || axes.contains(&axis)).collect())
    }
}

impl Operator for ReduceMean {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        inputs.count(1..=1)?;
        let data = inputs.float(0, "data")?;
        let reduced = self.reduced(data.shape.len())?;
        let dims = data.shape.iter().zip(reduced);
        let shape = dims.filter_map(|(&length, gone)| match (gone, self.keepdims) {
            (false, _) => Some(length),
            (true, true) => Some(1),
            (true, false) => None,
        });
        Ok(vec![output(data.dtype, shape.collect())?])
    }

    fn reach(&self, inputs: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
        let rank = inputs[0].map_or(0, |t| t.shape.len());
        let spatial = |reduced: Vec<bool>| reduced.iter().enumerate().any(|(axis, gone)| *gone && axis + 2 >= rank);
        // Axes that vanish move the others, unless only leading ones do, which keeps the last two in place.
        let global = self.reduced(rank).map_or(true, spatial);
        vec![if global { Reach::Everything("height and width") } else { Reach::Pointwise }]
    }

    fn cases() -> Vec<Case> {
        let case = |name: &str, axes: &[i64], keepdims, x: &[usize]| {
            Case::new(name, Self { axes: axes.into(), keepdims }).float(x, -1.0..1.0)
        };
        vec![
            case("scalar", &[], true, &[]),
            case("all", &[], false, &[2, 3, 5]),
            case("height and width 97x61", &[2, 3], true, &[2, 3, 97, 61]),
            case("channels, batch 2", &[1], true, &[2, 7, 9, 5]),
            case("from the end, dropped", &[-1, 0], false, &[3, 4, 5]),
        ]
    }
}
