//! `NnfSearch`, `NnfPropagate`, `NnfDistance` and `NnfVote`: nearest-neighbour fields, after coherence search (Ashikhmin 2001), image analogies
//! (Hertzmann et al. 2001) and completion by expectation-maximisation (Wexler et al. 2007). There is no random search.
//!
//! A **nearest-neighbour field** is a coordinate field as in [`super::exemplar`]: i32 `[1, 1, H, W]`; each cell of a target shows a place of a source,
//! `y << 16 | x`. Places that the source does not have are clamped to it. Target and source are compared by their features
//! ([`super::nnf_feature`]): `[H, W, words]` and `[Hs, Ws, words]`, up to 16 words. `|a - b|^2` is the sum of squared differences of all bytes.
//! All arithmetic is on integers, and results are equal to the bit on every executor.
//!
//! **Where.** A cell that is not `active` (booleans `[1, 1, H, W]`, all if left out) is not worked on: it keeps its place. A place outside
//! the `source_mask` (booleans `[1, 1, Hs, Ws]`, all if left out) may not be shown. With `tiles`, what lies beyond an edge of the target is at
//! the opposite one; with `source_tiles` likewise for the source. Without, cells and places beyond an edge are left out.
//!
//! **Locality.** A cost D becomes `D + (D >> 6) * min(locality * distance / side, 255)` for a place at `distance = max(dy, dx) + min(dy, dx) / 2`
//! from the cell's own coordinates; quotients are rounded down, and `side` is the longer one of the source. If the source tiles, `min(d, |length - d|)` stands for
//! each of the two differences d. At 64, what is a side away costs twice as much.
//!
//! | operator | Y |
//! |---|---|
//! | `NnfSearch` | the place c of least `sum over d of w(d) |target[p + d] - source[c + d]|^2 / 64`, see below; of equal ones the first, row by row |
//! | `NnfPropagate` | the candidate of least cost, see below |
//! | `NnfDistance` | `|target[p] - source[field[p]]|^2`, 2^30 where the place may not be shown, 0 where not active; i32 `[1, 1, H, W]` |
//! | `NnfVote` | the mean, or the first of largest weight, of what the patches around p show at p, see below; f32 `[1, C, H, W]` |
//!
//! **`NnfSearch`** looks at every place of the source whose patch lies inside it: the S x S places within the length of `falloff`, `S = 2 length - 1`.
//! `w(d) = weight[p + d] * falloff[|dy|] * falloff[|dx|]`. The `weight` of a target cell (i32 `[1, 1, H, W]`, clamped to 0..16, 16 if left out) says how much
//! is known about it: 0 nothing. Each term is rounded down. Costs stay below 2^32: `S^2 words` is at most 200. Without any place that may be
//! shown, p keeps its own. With the default falloff it is an exhaustive search by features. Cells times places are at most 2^34.
//!
//! **`NnfPropagate`** is one pass over all cells at once. Candidates of p, in this order: its own place; with `window` 1 or 2 the eight around it;
//! with `window` 2 the 48 places `p + 3 e`, e within 3 rows and columns; if `jump` is not 0, what each of the eight cells `p + jump e` shows, less `jump e`;
//! then all of `candidates` (i32 `[1, K, H, W]`, K 1 to 64). Offsets run row by row. A candidate costs its squared distance with locality, then `penalty`
//! (i32 `[1, 1, Hs, Ws]`, clamped to 0..2^22) at its place more, all of it times `coherence` (0 to 64) for those of neighbours, else 64. The least wins, of equal ones
//! the first.
//!
//! **`NnfVote`.** Each active cell p takes, from each cell q = p + d with `|dy|` and `|dx|` below the length of `falloff`, the value
//! `source[field[q] - d]` (f32 `[1, C, Hs, Ws]`, rounded, halves to even, and clamped to -255..255) at the weight
//! `weight[q] * falloff[|dy|] * falloff[|dx|]` (weight i32 `[1, 1, H, W]`, clamped to 0..1024, 1 if left out). If the place of q may not be shown, or
//! `field[q] - d` is outside the source, it does not count. The mean is rounded to a whole number, halves up: `floor((2 sum + total) / (2 total))`.
//! Cells that are not active, or without any weight, keep `base` (f32 `[1, C, H, W]`) as it is.

mod cases;
mod checks;

pub use checks::MAX_FEATURES;
pub(super) use checks::check_cells;

use serde::{Deserialize, Serialize};

use super::inputs::{Inputs, output, require, require_param};
use super::{Case, NodeError, Operator, Reach, Tolerance};
use crate::tensor::{DType, TensorType};
use cases::{OUTSIDE, WORDS, cells, of, places};
use checks::{check_features, field, fill};

/// The most words that a patch of `NnfSearch` compares.
const MAX_PATCH_WORDS: usize = 200;
/// The most pairs of a cell and a place that `NnfSearch` compares.
const MAX_PAIRS: usize = 1 << 34;
const MAX_JUMP: u32 = 64;
const MAX_LOCALITY: u32 = 128;
const MAX_CANDIDATES: usize = 64;
/// Most entries of a falloff, and the largest one.
const MAX_FALLOFF: (usize, u32) = (4, 8);

/// Parameters of `NnfSearch`. Inputs: field, target features, source features; optionally source mask, active and weight.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NnfSearch {
    /// Weights of a patch by rows and by columns from its centre, 0 to 8, the centre first: 1 to 4 of them.
    pub falloff: Vec<u32>,
    /// How much dearer distant places are, 0 to 128.
    pub locality: u32,
    /// Whether the target continues at the opposite edge.
    pub tiles: bool,
    /// Whether the source continues at the opposite edge.
    pub source_tiles: bool,
}

impl Default for NnfSearch {
    fn default() -> Self {
        Self { falloff: vec![8], locality: 0, tiles: false, source_tiles: false }
    }
}

/// Parameters of `NnfPropagate`. Inputs: field, target features, source features; optionally source mask, active, candidates and penalty.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NnfPropagate {
    /// Distance of the neighbours that propose places, 1 to 64; 0 for none.
    pub jump: u32,
    /// Factor of the cost of neighbours' proposals in 64ths, 0 to 64.
    pub coherence: u32,
    /// Which places are tried besides: 0 none, 1 those around the cell's own, 2 also some around the cell.
    pub window: u32,
    /// How much dearer distant places are, 0 to 128.
    pub locality: u32,
    /// Whether the target continues at the opposite edge.
    pub tiles: bool,
    /// Whether the source continues at the opposite edge.
    pub source_tiles: bool,
}

impl Default for NnfPropagate {
    fn default() -> Self {
        Self { jump: 1, coherence: 64, window: 0, locality: 0, tiles: false, source_tiles: false }
    }
}

/// Parameters of `NnfDistance`: none. Inputs: field, target features, source features; optionally source mask and active.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NnfDistance {}

/// Parameters of `NnfVote`. Inputs: field, source, base; optionally source mask, active and weight.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NnfVote {
    /// Weights by rows and by columns between the cell and one that votes, 0 to 8, the cell's own first: 1 to 4 of them.
    pub falloff: Vec<u32>,
    /// Whether the value of largest weight wins, in place of the mean.
    pub best: bool,
    /// Whether the target continues at the opposite edge.
    pub tiles: bool,
    /// Whether the source continues at the opposite edge.
    pub source_tiles: bool,
}

impl Default for NnfVote {
    fn default() -> Self {
        Self { falloff: vec![1], best: false, tiles: false, source_tiles: false }
    }
}

impl Operator for NnfSearch {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        inputs.count(3..=6)?;
        let size = field(inputs)?;
        let [rows, columns, words] = check_features(inputs, size)?;
        let most = MAX_PAIRS / (size[0] * size[1]);
        let few = format!("at most {most} places, for every cell is compared with all");
        require(rows * columns <= most, 2, "source", few, inputs.required(2, "source")?)?;
        check_cells(inputs, 5, "weight", DType::I32, size)?;
        check_falloff(&self.falloff)?;
        let side = 2 * self.falloff.len() - 1;
        let most = format!("at most {} words of features", MAX_PATCH_WORDS / (side * side));
        require(side * side * words <= MAX_PATCH_WORDS, 1, "target", most, inputs.required(1, "target")?)?;
        check_locality(self.locality)?;
        Ok(vec![output(DType::I32, vec![1, 1, size[0], size[1]])?])
    }

    fn reach(&self, inputs: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
        fill(inputs, "the target")
    }

    fn cases() -> Vec<Case> {
        let op = |falloff: &[u32]| NnfSearch { falloff: falloff.to_vec(), ..NnfSearch::default() };
        let (size, source) = ([7, 9], [11, 6]);
        let torus = NnfSearch { tiles: true, source_tiles: true, ..op(&[8, 6, 3]) };
        vec![
            of("one of one", op(&[8]), [1, 1], [1, 1], 1),
            of("by features, odd size 17x13", op(&[8]), [17, 13], [9, 5], 6),
            of("patches", op(&[8, 5]), size, source, 2),
            of("no patch fits", op(&[8, 7, 5, 3]), [5, 4], [6, 6], 1),
            of("torus smaller than the patch", torus.clone(), [3, 4], [4, 3], 1),
            of("masks", torus, size, source, 2).bool(cells(source)).bool(cells(size)),
            of("weights", op(&[7, 1]), size, source, 1).none().none().int(cells(size), -4..24),
            of("local", NnfSearch { locality: 96, ..op(&[8, 8]) }, size, size, 2).bool(cells(size)),
            of("local torus", NnfSearch { locality: 128, source_tiles: true, ..op(&[3]) }, size, size, 1),
        ]
    }

    fn tolerance(&self) -> Tolerance {
        Tolerance::EXACT
    }
}

impl Operator for NnfPropagate {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        inputs.count(3..=7)?;
        let size = field(inputs)?;
        let [rows, columns, _] = check_features(inputs, size)?;
        if let Some(candidates) = inputs.optional(5) {
            let is_shape = |shape: &[usize]| match *shape {
                [1, k, h, w] => (1..=MAX_CANDIDATES).contains(&k) && [h, w] == size,
                _ => false,
            };
            let fits = candidates.dtype == DType::I32 && is_shape(&candidates.shape);
            require(fits, 5, "candidates", format!("i32 [1, 1 to 64, {}, {}]", size[0], size[1]), candidates)?;
        }
        check_cells(inputs, 6, "penalty", DType::I32, [rows, columns])?;
        require_param(self.jump <= MAX_JUMP, "jump", format!("0 to {MAX_JUMP}"), self.jump)?;
        require_param(self.coherence <= 64, "coherence", "0 to 64", self.coherence)?;
        require_param(self.window <= 2, "window", "0, 1 or 2", self.window)?;
        check_locality(self.locality)?;
        Ok(vec![output(DType::I32, vec![1, 1, size[0], size[1]])?])
    }

    fn reach(&self, inputs: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
        fill(inputs, "the target")
    }

    fn cases() -> Vec<Case> {
        let op = NnfPropagate::default;
        let (size, source) = ([9, 11], [13, 7]);
        let torus = NnfPropagate { tiles: true, source_tiles: true, ..op() };
        vec![
            of("one of one", op(), [1, 1], [1, 1], 1),
            of("odd size 97x61", op(), [97, 61], [13, 7], 2),
            of("window of one", NnfPropagate { window: 1, jump: 0, ..op() }, size, source, 1),
            of("windows", NnfPropagate { window: 2, coherence: 54, ..op() }, size, size, 6),
            of("torus", NnfPropagate { window: 2, jump: 4, ..torus.clone() }, size, source, 2),
            of("torus smaller than the jump", NnfPropagate { jump: 64, window: 2, ..torus.clone() }, [2, 3], [2, 1], 1),
            of("masks", torus, size, source, 1).bool(cells(source)).bool(cells(size)),
            of("local", NnfPropagate { locality: 96, jump: 2, ..op() }, size, size, 2).bool(cells(size)),
            of("candidates", NnfPropagate { coherence: 0, ..op() }, size, source, 1)
                .none()
                .none()
                .int([1, 3, size[0], size[1]], places(source)),
            of("penalty", op(), size, source, 16).none().none().none().int(cells(source), -1000..5_000_000),
            Case::new("places outside", op())
                .int([1, 1, 5, 4], OUTSIDE)
                .int([5, 4, 1], WORDS)
                .int([3, 6, 1], WORDS)
                .none()
                .none()
                .int([1, 2, 5, 4], OUTSIDE)
                .not_differentiable(),
        ]
    }

    fn tolerance(&self) -> Tolerance {
        Tolerance::EXACT
    }
}

impl Operator for NnfDistance {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        inputs.count(3..=5)?;
        let size = field(inputs)?;
        check_features(inputs, size)?;
        Ok(vec![output(DType::I32, vec![1, 1, size[0], size[1]])?])
    }

    fn reach(&self, inputs: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
        fill(inputs, "the source")
    }

    fn cases() -> Vec<Case> {
        let op = NnfDistance::default;
        let (size, source) = ([9, 11], [13, 7]);
        vec![
            of("one of one", op(), [1, 1], [1, 1], 1),
            of("odd size 97x61", op(), [97, 61], [13, 7], 3),
            of("masks", op(), size, source, 16).bool(cells(source)).bool(cells(size)),
        ]
    }

    fn tolerance(&self) -> Tolerance {
        Tolerance::EXACT
    }
}

impl Operator for NnfVote {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        inputs.count(3..=6)?;
        let size = field(inputs)?;
        let [images, channels, rows, columns] = inputs.image(1, "source")?;
        let is_source = images == 1 && (1..=MAX_FEATURES).contains(&channels) && checks::is_level([rows, columns]);
        require(is_source, 1, "source", "floats [1, 1 to 64, Hs, Ws]", inputs.required(1, "source")?)?;
        let base = inputs.float(2, "base")?;
        let expected = [1, channels, size[0], size[1]];
        require(base.shape == expected, 2, "base", format!("floats {expected:?}"), base)?;
        check_cells(inputs, 3, "source_mask", DType::Bool, [rows, columns])?;
        check_cells(inputs, 4, "active", DType::Bool, size)?;
        check_cells(inputs, 5, "weight", DType::I32, size)?;
        check_falloff(&self.falloff)?;
        Ok(vec![output(DType::F32, base.shape.clone())?])
    }

    fn reach(&self, inputs: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
        fill(inputs, "the source")
    }

    fn cases() -> Vec<Case> {
        let of = |name: &str, op: NnfVote, size: [usize; 2], source: [usize; 2], channels: usize| {
            let case = Case::new(name, op).int(cells(size), places(source)).not_differentiable();
            let source = [1, channels, source[0], source[1]];
            case.float(source, -260.0..260.0).float([1, channels, size[0], size[1]], -1.0..1.0)
        };
        let op = |falloff: &[u32]| NnfVote { falloff: falloff.to_vec(), ..NnfVote::default() };
        let (size, source) = ([9, 11], [13, 7]);
        let best = NnfVote { best: true, ..op(&[8, 3]) };
        let torus = NnfVote { tiles: true, source_tiles: true, ..op(&[8, 7, 5, 3]) };
        vec![
            of("one of one", op(&[1]), [1, 1], [1, 1], 1),
            of("odd size 97x61", op(&[8, 3]), [97, 61], [13, 7], 3),
            of("wide, five channels", op(&[8, 7, 5, 3]), size, source, 5),
            of("torus", torus, [3, 4], [5, 2], 2),
            of("masks", op(&[8, 6, 3]), size, source, 1).bool(cells(source)).bool(cells(size)),
            of("weights", op(&[1, 1]), size, source, 2).none().none().int(cells(size), -200..1500),
            of("nothing has weight", op(&[0]), size, source, 1),
            of("best", best.clone(), size, source, 4).bool(cells(source)),
            of("best by weight", best, size, source, 6).none().bool(cells(size)).int(cells(size), 0..4),
        ]
    }

    fn tolerance(&self) -> Tolerance {
        Tolerance::EXACT
    }
}

fn check_falloff(falloff: &[u32]) -> Result<(), NodeError> {
    let (most, largest) = MAX_FALLOFF;
    let fits = (1..=most).contains(&falloff.len()) && falloff.iter().all(|weight| *weight <= largest);
    require_param(fits, "falloff", format!("1 to {most} weights of 0 to {largest}"), falloff)
}

fn check_locality(locality: u32) -> Result<(), NodeError> {
    require_param(locality <= MAX_LOCALITY, "locality", format!("0 to {MAX_LOCALITY}"), locality)
}
