//! `DepthToSpace`: moves channels into pixels (pixel shuffle). `SpaceToDepth`: moves pixels into channels.
//!
//! ```text
//! DepthToSpace DCR: Y[n, c, y*b + i, x*b + j] = X[n, (i*b + j)*C/b² + c, y, x]
//! DepthToSpace CRD: Y[n, c, y*b + i, x*b + j] = X[n, c*b² + i*b + j, y, x]
//! SpaceToDepth:     Y[n, (i*b + j)*C + c, y, x] = X[n, c, y*b + i, x*b + j]
//! ```
//!
//! | | shape |
//! |---|---|
//! | X | `[N, C, H, W]` |
//! | Y of `DepthToSpace` | `[N, C/b², H*b, W*b]` |
//! | Y of `SpaceToDepth` | `[N, C*b², H/b, W/b]` |

use serde::{Deserialize, Serialize};

use super::inputs::{Inputs, output, require_param};
use super::{Case, NodeError, Operator, Reach, Window};
use crate::tensor::{DType, PerAxis, TensorType};

/// Parameters of `DepthToSpace`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DepthToSpace {
    /// Side of the block of pixels that one pixel's channels become.
    pub blocksize: usize,
    /// Order of the channels.
    pub mode: DepthToSpaceMode,
}

/// Parameters of `SpaceToDepth`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SpaceToDepth {
    /// Side of the block of pixels that becomes one pixel's channels.
    pub blocksize: usize,
}

impl Default for SpaceToDepth {
    fn default() -> Self {
        Self { blocksize: 1 }
    }
}

/// Channel order of `DepthToSpace`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum DepthToSpaceMode {
    /// Depth, column, row: the block's position varies slowest.
    #[default]
    Dcr,
    /// Column, row, depth: the block's position varies fastest, as in PyTorch's pixel shuffle.
    Crd,
}

impl Default for DepthToSpace {
    fn default() -> Self {
        Self { blocksize: 1, mode: DepthToSpaceMode::Dcr }
    }
}

impl Operator for DepthToSpace {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        inputs.count(1..=1)?;
        let [n, channels, height, width] = inputs.image(0, "input")?;
        let block = self.blocksize;
        require_param((1..=64).contains(&block), "blocksize", "1 to 64", block)?;
        let divides = channels.is_multiple_of(block * block);
        require_param(divides, "blocksize", format!("a number whose square divides {channels} channels"), block)?;
        let shape = vec![n, channels / (block * block), height.saturating_mul(block), width.saturating_mul(block)];
        Ok(vec![output(DType::F32, shape)?])
    }

    fn reach(&self, _: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
        vec![Reach::Window(PerAxis::splat(Window { stride: 1, repeat: self.blocksize, low: 0, high: 0 }))]
    }

    fn cases() -> Vec<Case> {
        let case =
            |name: &str, blocksize, mode, x: [usize; 4]| Case::new(name, Self { blocksize, mode }).float(x, -1.0..1.0);
        vec![
            case("block 1", 1, DepthToSpaceMode::Dcr, [1, 1, 1, 1]),
            case("DCR 97x61", 2, DepthToSpaceMode::Dcr, [1, 8, 97, 61]),
            case("CRD, batch 2", 3, DepthToSpaceMode::Crd, [2, 18, 5, 7]),
        ]
    }
}

impl Operator for SpaceToDepth {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        inputs.count(1..=1)?;
        let [n, channels, height, width] = inputs.image(0, "input")?;
        let block = self.blocksize;
        require_param((1..=64).contains(&block), "blocksize", "1 to 64", block)?;
        let divides = height.is_multiple_of(block) && width.is_multiple_of(block);
        require_param(divides, "blocksize", format!("a divisor of {height} and {width}"), block)?;
        let shape = vec![n, channels.saturating_mul(block * block), height / block, width / block];
        Ok(vec![output(DType::F32, shape)?])
    }

    fn reach(&self, _: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
        let window = Window { stride: self.blocksize, repeat: 1, low: 0, high: self.blocksize as i64 - 1 };
        vec![Reach::Window(PerAxis::splat(window))]
    }

    fn cases() -> Vec<Case> {
        let case = |name: &str, blocksize, x: [usize; 4]| Case::new(name, Self { blocksize }).float(x, -1.0..1.0);
        vec![
            case("block 1", 1, [1, 1, 1, 1]),
            case("one block", 2, [1, 3, 2, 2]),
            case("96x62", 2, [1, 2, 96, 62]),
            case("block 3, batch 2", 3, [2, 2, 6, 9]),
        ]
    }
}
