//! `NnfPack` and `NnfProject`: the features by which nearest-neighbour fields compare places (see [`super::nnf`]).
//!
//! **Features** are an i32 tensor `[H, W, words]`: for every place `4 words` signed bytes, four to a word, the first in the lowest
//! byte. Bytes without a channel are 0.
//!
//! | operator | byte k of place p |
//! |---|---|
//! | `NnfPack` | `clamp(round(X[k, p]), -128, 127)`, halves to even |
//! | `NnfProject` | `clamp((sum over c and d of basis[c, d, k] v[c, p + d] + 2^(shift - 1)) >> shift, -128, 127)` |
//!
//! In `NnfProject`, v is the image, rounded, halves to even, and clamped to -2047..2047; d runs over the S x S places around p. The
//! added half is 0 if `shift` is 0. Beyond an edge lies the opposite one if the image `tiles`, else its mirror image: -1 stands for 1, H for
//! H - 2, and what is still outside is clamped. Places that are not active have zeros. The sum is one of integers and cannot overflow, so
//! features are equal to the bit on every executor. With a cosine basis (Ahmed et al. 1974) it is a patch without its fine detail: distances
//! of such features are nearly those of the patches, at a fraction of the cost.

use serde::{Deserialize, Serialize};

use super::inputs::{Inputs, output, require, require_param};
use super::nnf::{MAX_FEATURES, check_cells};
use super::{Case, NodeError, Operator, Reach, Tolerance};
use crate::tensor::{DType, TensorType};

/// Maximum side of a projected patch.
const MAX_PATCH: usize = 7;
const MAX_SHIFT: u32 = 24;
/// Words of cases whose four bytes differ.
const WORDS: std::ops::Range<i32> = -(1 << 29)..1 << 29;

/// Parameters of `NnfPack`: none. Input: floats `[1, C, H, W]`, C 1 to 64.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NnfPack {}

/// Parameters of `NnfProject`. Inputs: an image, floats `[1, C, H, W]`, C 1 to 64; a basis `[C, S, S, words]`, S 1, 3, 5 or 7, four signed
/// bytes to a word; optionally which places are active, booleans `[1, 1, H, W]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NnfProject {
    /// The sum is divided by 2 to the power of this, 0 to 24.
    pub shift: u32,
    /// Whether the image continues at the opposite edge.
    pub tiles: bool,
}

impl Operator for NnfPack {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        inputs.count(1..=1)?;
        let [channels, height, width] = image(inputs)?;
        Ok(vec![output(DType::I32, vec![height, width, channels.div_ceil(4)])?])
    }

    fn reach(&self, _: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
        vec![Reach::Everything("the image")]
    }

    fn cases() -> Vec<Case> {
        let case =
            |name: &str, shape: [usize; 4], range| Case::new(name, Self {}).float(shape, range).not_differentiable();
        let halves = [-300.0, -128.5, -127.5, -2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 126.5, 127.5, 1e30].to_vec();
        vec![
            case("one of one", [1, 1, 1, 1], -128.0..127.0),
            case("odd size 97x61", [1, 3, 97, 61], -150.0..150.0),
            case("several words", [1, 10, 5, 3], -128.0..128.0),
            Case::new("halves", Self {}).tensor(crate::Tensor::f32(vec![1, 4, 1, 3], halves)).not_differentiable(),
        ]
    }

    fn tolerance(&self) -> Tolerance {
        Tolerance::EXACT
    }
}

impl Operator for NnfProject {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        inputs.count(2..=3)?;
        let [channels, height, width] = image(inputs)?;
        let basis = inputs.required(1, "basis")?;
        let is_patch = |side: usize| side % 2 == 1 && side <= MAX_PATCH;
        let is_basis = |shape: &[usize]| match *shape {
            [c, s, t, words] => c == channels && s == t && is_patch(s) && (1..=MAX_FEATURES / 4).contains(&words),
            _ => false,
        };
        let fits = basis.dtype == DType::I32 && is_basis(&basis.shape);
        require(fits, 1, "basis", format!("i32 [{channels}, S, S, 1 to 16], S 1, 3, 5 or 7"), basis)?;
        check_cells(inputs, 2, "active", DType::Bool, [height, width])?;
        require_param(self.shift <= MAX_SHIFT, "shift", format!("0 to {MAX_SHIFT}"), self.shift)?;
        Ok(vec![output(DType::I32, vec![height, width, basis.shape[3]])?])
    }

    fn reach(&self, inputs: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
        vec![Reach::Everything("the image"); inputs.len()]
    }

    fn cases() -> Vec<Case> {
        let case = |name: &str, op: Self, [channels, side, words]: [usize; 3], size: [usize; 2]| {
            let image = Case::new(name, op).float([1, channels, size[0], size[1]], -260.0..260.0).not_differentiable();
            image.int([channels, side, side, words], WORDS)
        };
        let op = |shift| Self { shift, tiles: false };
        vec![
            case("one of one", op(0), [1, 1, 1], [1, 1]),
            case("mirrored, smaller than the patch", op(8), [2, 7, 1], [2, 1]),
            case("odd size 97x61", op(10), [1, 3, 2], [97, 61]),
            case("tiles, smaller than the patch", Self { shift: 9, tiles: true }, [3, 7, 3], [5, 2]),
            case("active", op(9), [3, 5, 2], [6, 7]).bool([1, 1, 6, 7]),
            case("sums that are clamped", op(3), [2, 3, 1], [4, 5]),
        ]
    }

    fn tolerance(&self) -> Tolerance {
        Tolerance::EXACT
    }
}

/// Channels, rows and columns of the image, input 0.
fn image(inputs: &Inputs) -> Result<[usize; 3], NodeError> {
    let [images, channels, height, width] = inputs.image(0, "image")?;
    let fits = images == 1 && (1..=MAX_FEATURES).contains(&channels);
    require(fits, 0, "image", "floats [1, 1 to 64, H, W]", inputs.required(0, "image")?)?;
    Ok([channels, height, width])
}
