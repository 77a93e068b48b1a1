//! `AffineGrid`: sampling positions of `GridSample` under affine transforms.
//!
//! ```text
//! grid[n, y, x, i] = theta[n, i, 0] * px + theta[n, i, 1] * py + theta[n, i, 2]
//! p of index k of D: (2 k + 1) / D - 1, or 2 k / (D - 1) - 1 with align_corners (0 if D = 1)
//! ```
//!
//! | | shape |
//! |---|---|
//! | theta | `[N, 2, 3]`, or `[N, 3, 4]` for volumes |
//! | grid | `[N, H, W, 2]`, or `[N, D, H, W, 3]`, from `size` `[N, C, H, W]`, or `[N, C, D, H, W]` |

use serde::{Deserialize, Serialize};

use super::inputs::{Inputs, output, require, require_param};
use super::random::bind;
use super::{Case, NodeError, Operator, Reach};
use crate::tensor::{DType, Dim, TensorType};

/// Parameters of `AffineGrid`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AffineGrid {
    /// Shape of the sampled output image.
    pub size: Vec<Dim>,
    /// Whether -1 and 1 are the centres of the border elements rather than their outer edges.
    pub align_corners: bool,
}

impl AffineGrid {
    /// Coordinate from -1 to 1 of index `k` along an axis of `length`.
    pub fn position(&self, k: usize, length: usize) -> f32 {
        let (k, length) = (k as f64, length as f64);
        let position = match (self.align_corners, length > 1.0) {
            (false, _) => (2.0 * k + 1.0) / length - 1.0,
            (true, true) => 2.0 * k / (length - 1.0) - 1.0,
            (true, false) => 0.0,
        };
        position as f32
    }
}

impl Operator for AffineGrid {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        inputs.count(1..=1)?;
        let theta = inputs.float(0, "theta")?;
        let size = bind(&self.size, inputs.size, "size")?;
        require_param((4..=5).contains(&size.len()), "size", "4 or 5 dimensions", &size)?;
        let axes = size.len() - 2;
        let expected = [size[0], axes, axes + 1];
        require(theta.shape == expected, 0, "theta", format!("{expected:?}"), theta)?;
        let mut shape = vec![size[0]];
        shape.extend(&size[2..]);
        shape.push(axes);
        Ok(vec![output(DType::F32, shape)?])
    }

    fn reach(&self, _: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
        vec![Reach::Everything("its matrices")]
    }

    fn cases() -> Vec<Case> {
        let case = |name: &str, size: &[usize], align_corners| {
            let axes = size.len() - 2;
            let size = size.iter().map(|&d| Dim::Fixed(d)).collect::<Vec<_>>();
            let Dim::Fixed(n) = size[0] else { unreachable!("fixed") };
            Case::new(name, Self { size, align_corners }).float([n, axes, axes + 1], -1.0..1.0)
        };
        vec![
            case("1x1", &[1, 1, 1, 1], false),
            case("1x1, corners", &[1, 1, 1, 1], true),
            case("97x61", &[1, 3, 97, 61], false),
            case("corners, batch 2", &[2, 3, 4, 5], true),
            case("volume", &[2, 1, 3, 4, 5], false),
            case("volume, corners", &[1, 1, 2, 1, 3], true),
        ]
    }
}
