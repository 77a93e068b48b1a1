//! `GridSample`: samples an image at the positions of a grid, in coordinates from -1 to 1.
//!
//! The last dimension of the grid holds x, y (and z). Coordinate g along an axis of D elements is position
//! `((g + 1) D - 1) / 2`, or `(g + 1) / 2 * (D - 1)` with `align_corners`. Positions beyond the image's edges, `-0.5` and
//! `D - 0.5` (`0` and `D - 1` with `align_corners`), are moved first: `border` clamps them to `0 .. D - 1`, `reflection`
//! mirrors them at the edges until they are inside. Then:
//!
//! | `mode` | Y along each axis, with `l = floor(position)`, `f = position - l` |
//! |---|---|
//! | `nearest` | the element at the rounded position, halves to even; rounding precedes moving |
//! | `linear` | `(1 - f) X[l] + f X[l + 1]` |
//! | `cubic` | the sum of `X[l + k] w(k - f)`, k from -1 to 2, with the kernel of Keys for `a = -0.75` |
//!
//! Elements outside are 0 (`zeros`), the nearest (`border`) or the mirrored one (`reflection`).
//!
//! | | shape |
//! |---|---|
//! | X | `[N, C, H, W]`, or `[N, C, D, H, W]` |
//! | grid | `[N, H', W', 2]`, or `[N, D', H', W', 3]` |
//! | Y | `[N, C, H', W']`, or `[N, C, D', H', W']` |

use serde::{Deserialize, Serialize};

use super::inputs::{Inputs, output, require};
use super::{Case, NodeError, Operator, Reach};
use crate::tensor::{DType, TensorType};

/// Parameters of `GridSample`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GridSample {
    /// Interpolation.
    pub mode: GridSampleMode,
    /// Values outside the image.
    pub padding_mode: GridSamplePadding,
    /// Whether -1 and 1 are the centres of the border elements rather than their outer edges.
    pub align_corners: bool,
}

/// Interpolation of `GridSample`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GridSampleMode {
    /// Linear interpolation of the two neighbours along each axis.
    #[default]
    #[serde(alias = "bilinear")]
    Linear,
    /// The nearest element.
    Nearest,
    /// Cubic interpolation of the four neighbours along each axis.
    #[serde(alias = "bicubic")]
    Cubic,
}

/// Values of `GridSample` outside the image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GridSamplePadding {
    /// Zeros.
    #[default]
    Zeros,
    /// The border repeated.
    Border,
    /// Mirrored at the edges.
    Reflection,
}

impl Operator for GridSample {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        inputs.count(2..=2)?;
        let (x, grid) = (inputs.float(0, "X")?, inputs.float(1, "grid")?);
        let rank = x.shape.len();
        require((4..=5).contains(&rank), 0, "X", "rank 4 or 5", x)?;
        let fits = grid.shape.len() == rank && grid.shape[0] == x.shape[0] && grid.shape[rank - 1] == rank - 2;
        require(fits, 1, "grid", format!("rank {rank}, first dimension {}, last {}", x.shape[0], rank - 2), grid)?;
        let mut shape = x.shape[..2].to_vec();
        shape.extend(&grid.shape[1..rank - 1]);
        Ok(vec![output(DType::F32, shape)?])
    }

    fn reach(&self, _: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
        vec![Reach::Everything("height and width, at positions from its grid"), Reach::Everything("its grid")]
    }

    fn cases() -> Vec<Case> {
        use GridSampleMode::{Cubic, Linear, Nearest};
        use GridSamplePadding::{Border, Reflection, Zeros};
        let mut cases = Vec::new();
        let mut case = |name: &str, mode, padding_mode, align_corners, x: &[usize], grid: &[usize]| {
            let op = Self { mode, padding_mode, align_corners };
            cases.push(Case::new(name, op).float(x, -1.0..1.0).float(grid, -1.9..1.9));
        };
        let (x, grid) = (&[2, 2, 4, 5], &[2, 3, 4, 2]);
        case("1x1", Linear, Zeros, false, &[1, 1, 1, 1], &[1, 1, 1, 2]);
        case("linear, zeros, corners", Linear, Zeros, true, x, grid);
        case("linear, border", Linear, Border, false, x, grid);
        case("linear, border, corners", Linear, Border, true, x, grid);
        case("linear, reflection", Linear, Reflection, false, x, grid);
        case("linear, reflection, corners", Linear, Reflection, true, x, grid);
        case("cubic, zeros", Cubic, Zeros, false, x, grid);
        case("cubic, border", Cubic, Border, false, x, grid);
        case("cubic, border, corners", Cubic, Border, true, x, grid);
        case("cubic, reflection", Cubic, Reflection, false, x, grid);
        case("cubic, reflection, corners", Cubic, Reflection, true, x, grid);
        case("volume, linear", Linear, Zeros, false, &[1, 2, 2, 3, 4], &[1, 2, 2, 3, 3]);
        case("volume, reflection", Linear, Reflection, true, &[2, 1, 3, 3, 2], &[2, 2, 1, 3, 3]);
        case("volume, cubic", Cubic, Border, false, &[1, 1, 3, 4, 3], &[1, 2, 2, 2, 3]);
        // Some of this many positions lie at a kink between two elements.
        let large = Case::new("97x61", Self::default()).float([1, 2, 97, 61], -1.0..1.0);
        cases.push(large.float([1, 61, 97, 2], -1.9..1.9).not_differentiable());
        let nearest = |name: &str, padding_mode, align_corners| {
            let op = Self { mode: Nearest, padding_mode, align_corners };
            Case::new(name, op).float(*x, -1.0..1.0).float(*grid, -1.9..1.9).not_differentiable()
        };
        cases.push(nearest("nearest, zeros", Zeros, false));
        cases.push(nearest("nearest, border, corners", Border, true));
        cases.push(nearest("nearest, reflection", Reflection, false));
        cases.push(nearest("nearest, reflection, corners", Reflection, true));
        cases
    }
}
