//! `ExemplarStart`, `ExemplarDouble`, `ExemplarMove`, `ExemplarMatch` and `ExemplarGather`: synthesis by example, after order-independent
//! synthesis (Wei and Levoy 2002), k-coherence (Tong et al. 2002) and appearance vectors (Lefebvre and Hoppe 2006).
//!
//! A **coordinate field** is an i32 tensor `[N, 1, H, W]`. Each cell holds the place of an exemplar whose texel it shows, packed as
//! `y << 16 | x`. Fields are refined from a coarse level of the exemplar to its texels; a level has `height` x `width` places. All
//! arithmetic on fields is on integers, so results are equal to the bit on every executor.
//!
//! | operator | Y |
//! |---|---|
//! | `ExemplarStart` | cell p shows `p + offset`; the offset is a hash of the block of `block` x `block` cells that p is in, a multiple of `lattice` |
//! | `ExemplarDouble` | `Y[2p + d] = 2 field[p] + d`, d in {0, 1}^2: the field of a level with twice the places a side |
//! | `ExemplarMove` | in `probability` of 256 blocks, chosen by hash: `field[p] + (t - c)`, c what the block's centre shows, t a place similar to c; else `field[p]` |
//! | `ExemplarMatch` | the candidate of p whose surroundings look most like those of p, see below |
//! | `ExemplarGather` | `byte * r`, or `(2 byte - 255) * r` if `signed`, of the channels at the place that p shows; r is 1/255 rounded to binary32; with a `gain`, that times the gain, between -1 and 1 |
//!
//! **Edges.** If the exemplar `tiles`, places beyond an edge are those at the opposite edge. If not, a place is never shown nearer to
//! an edge than `min(2, side / 6)`: offsets are clamped, and candidates beyond are left out. The field itself wraps in `ExemplarMove`
//! and `ExemplarMatch`. Places in a field or table that the exemplar does not have are clamped to it; a table that is a weight must not have
//! any.
//!
//! **Hash.** `cell(x, y, plane, key(seed, stream, step))` of [`crate::rng`] at block coordinates (cell coordinates divided by `block`,
//! rounded down); `plane` is `2 n` for starts and `2 n + 1` for moves of image n. A start takes word 0 for y and word 1 for x: an
//! exemplar that tiles gives `p mod side + lattice * (((word >> 16) * (side / lattice)) >> 16)`, one that does not
//! `p mod block + margin + (((word >> 16) * free) >> 16)`, with `free = max(side - 2 margin - block, 0) + 1`. A block moves if
//! `word 0 >> 24 < probability`, to entry `(word 1 >> 29) mod k` of the table. A block's centre is its cell `(block / 2, block / 2)`, or
//! the last cell of a torus that ends before it.
//!
//! **Matching.** Each of the nine cells around p (p included), at `p + e`, proposes `field[p + e] - e`, and if there is a table, the
//! first similar place of `field[p + e]`, less e. With A the appearance, the four diagonal neighbours d of p have the target
//! `T_d = A[field[p + d]] + A[field[p + (2 d_y, d_x)] - (d_y, 0)] + A[field[p + (d_y, 2 d_x)] - (0, d_x)]`, where the second and third cell
//! lie one row and one column beyond. A candidate c costs `f * sum over d of |3 A[c + d] - T_d|^2`, f = 20 for a neighbour's own place and 21
//! for a similar one. If one of the 24 cells within two cells of p shows c, the cost is doubled and 2,000,000 more. The least cost wins; of
//! equal ones the first in the order of e (row by row), own place before similar one. Without a table and further candidates, p keeps the
//! candidate on which all nine agree. If there is no candidate, p keeps its place. Costs stay below 2^31.
//!
//! **Further candidates** are tried after those of the neighbours, in their order: places that something else proposes for p. They cost f = 20
//! and `candidate_cost` more, before a repeated one is doubled. One that may not be shown is left out.
//!
//! **Guides** (image analogies, Hertzmann et al. 2001) say which places are wanted where. `guide` holds up to eight unsigned bytes for each place: what
//! is seen there, such as lightness. `target` holds a word for each guide and cell: `low | high << 8 | weight << 16`, the interval of bytes that is wanted. With
//! `d_k` the distance of a place's byte to the interval of guide k, the place costs `s * min(sum of weight_k d_k^2, 400,000,000 / s)` more,
//! before a repeated one is doubled; s is `guide_scale`, 8 in `ExemplarMove`, and the quotient is rounded down. If a guide of weight 255 has d > 0, the place is excluded: it costs 2,000,000,000 in all. A target may have one image,
//! row or column for all of them.
//!
//! - `ExemplarMatch` adds the cost to that of each candidate.
//! - `ExemplarMove` takes the cost at the block's centre. If the block's place costs something there, moved or not, it goes to the
//!   cheapest of that place and the first eight entries of the table, counted from the hashed one; the first of equal ones.
//!
//! **Variation** is a word of 0 to 256 for each cell, one for all, or one for each image: a block moves with `probability * variation / 256`,
//! rounded down, the variation that of its centre.

mod checks;

pub use checks::MAX_EXEMPLAR_SIDE;

use std::ops::Range;

use serde::{Deserialize, Serialize};

use checks::{check_block, check_candidates, check_guide, check_places, check_side, field, is_over, is_side, table};

use super::inputs::{Inputs, output, require, require_param};
use super::random::bind;
use super::{Case, NodeError, Op, Operator, Reach, Tolerance, Window};
use crate::tensor::{DType, Dim, PerAxis, Tensor, TensorData, TensorType};

/// Bytes of an appearance vector.
pub const APPEARANCE_BYTES: usize = 8;
const APPEARANCE_WORDS: usize = APPEARANCE_BYTES / 4;
const MAX_GUIDE_SCALE: u32 = 1024;
const MAX_CANDIDATE_COST: u32 = 100_000_000;
/// Factor of the costs of guides, if none is given.
pub const DEFAULT_GUIDE_SCALE: u32 = 8;

/// Words of cases whose four bytes differ.
const WORDS: Range<i32> = -(1 << 29)..1 << 29;
/// Words of cases that are no places.
const OUTSIDE: Range<i32> = -(1 << 30)..0;

/// Parameters of `ExemplarStart`. No inputs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExemplarStart {
    /// Rows of places of the exemplar's level.
    pub height: usize,
    /// Columns of places of the exemplar's level.
    pub width: usize,
    /// Whether the exemplar continues at the opposite edge.
    pub tiles: bool,
    /// Side of the blocks in cells, 1 to 64.
    pub block: usize,
    /// Offsets are multiples of this, rows and columns; must divide height and width. `[1, 1]` if the exemplar does not tile.
    pub lattice: [usize; 2],
    /// Shape of the output, `[N, 1, H, W]`.
    pub shape: Vec<Dim>,
    /// Distinguishes the random nodes of a graph.
    pub stream: u32,
}

/// Parameters of `ExemplarDouble`. Input: a field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExemplarDouble {
    /// Rows of places of the finer level.
    pub height: usize,
    /// Columns of places of the finer level.
    pub width: usize,
    /// Whether the exemplar continues at the opposite edge.
    pub tiles: bool,
}

/// Parameters of `ExemplarMove`. Inputs: a field; a table of similar places `[height, width, k]`, packed; optionally a guide
/// `[height, width, words]` and its target `[1 or N, guides, 1 or H, 1 or W]`; optionally a variation `[1 or N, 1, 1 or H, 1 or W]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExemplarMove {
    /// Whether the exemplar continues at the opposite edge.
    pub tiles: bool,
    /// Side of the blocks in cells, 1 to 64.
    pub block: usize,
    /// How many of 256 blocks move, 0 to 255.
    pub probability: u8,
    /// Symbolic shape of the field of the whole image, which scales the origin of its random numbers.
    pub shape: Vec<Dim>,
    /// Row and column of the whole image's field at which this field begins, if it is a part of it.
    pub origin: [i32; 2],
    /// Distinguishes the random nodes of a graph.
    pub stream: u32,
}

/// Parameters of `ExemplarMatch`. Inputs: a field; the appearance of each place and of a rim of one place around all,
/// `[height + 2, width + 2, 2]`, four signed bytes to a word, the first in the lowest byte; optionally a table of similar places
/// `[height, width, k]`, packed; optionally a guide `[height, width, words]` and its target `[1 or N, guides, 1 or H, 1 or W]`; optionally
/// further candidates `[1 or N, k, 1 or H, 1 or W]`, packed, k 1 to 64.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExemplarMatch {
    /// Whether the exemplar continues at the opposite edge.
    pub tiles: bool,
    /// Factor of the guide's costs, 1 to 1024.
    #[serde(skip_serializing_if = "is_default_scale")]
    pub guide_scale: u32,
    /// What a further candidate costs more, 0 to 100,000,000.
    #[serde(skip_serializing_if = "is_nothing")]
    pub candidate_cost: u32,
}

/// Parameters of `ExemplarGather`. Inputs: a field; texels `[height, width, words]`, four unsigned bytes to a word, the first channel in
/// the lowest byte of the first word; optionally a gain `[1 or N, 1 or channels, 1 or H, 1 or W]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExemplarGather {
    /// The first channel to gather.
    pub first: usize,
    /// Number of channels of the output.
    pub channels: usize,
    /// Whether bytes stand for -1 to 1, as in a normal map, and not for 0 to 1.
    pub signed: bool,
}

impl Default for ExemplarStart {
    fn default() -> Self {
        Self { height: 0, width: 0, tiles: true, block: 4, lattice: [1, 1], shape: Vec::new(), stream: 0 }
    }
}

impl Default for ExemplarDouble {
    fn default() -> Self {
        Self { height: 0, width: 0, tiles: true }
    }
}

impl Default for ExemplarMove {
    fn default() -> Self {
        Self { tiles: true, block: 4, probability: 0, shape: Vec::new(), origin: [0, 0], stream: 0 }
    }
}

impl Default for ExemplarMatch {
    fn default() -> Self {
        Self { tiles: true, guide_scale: DEFAULT_GUIDE_SCALE, candidate_cost: 0 }
    }
}

impl Operator for ExemplarStart {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        inputs.count(0..=0)?;
        check_side("height", self.height)?;
        check_side("width", self.width)?;
        check_block(self.block)?;
        let lattice = self.lattice.iter().zip([self.height, self.width]);
        let divides = lattice.clone().all(|(period, side)| *period > 0 && side.is_multiple_of(*period));
        let expected = format!("divisors of {} and {}", self.height, self.width);
        require_param(divides, "lattice", expected, self.lattice)?;
        let is_free = self.tiles || self.lattice == [1, 1];
        require_param(is_free, "lattice", "[1, 1], as the exemplar does not tile", self.lattice)?;
        let shape = bind(&self.shape, inputs.size, "shape")?;
        require_param(shape.len() == 4 && shape[1] == 1, "shape", "[N, 1, H, W]", &shape)?;
        Ok(vec![output(DType::I32, shape)?])
    }

    fn reach(&self, _: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
        Vec::new()
    }

    fn cases() -> Vec<Case> {
        let op = |height, width, shape: Vec<Dim>, stream| Self { height, width, shape, stream, ..Self::default() };
        let fixed = |shape: [usize; 4]| shape.map(Dim::Fixed).to_vec();
        vec![
            Case::new("one of one", op(1, 1, fixed([1, 1, 1, 1]), 0)),
            Case::new("odd size 97x61", op(13, 7, fixed([2, 1, 97, 61]), 1)),
            Case::new("whole image", op(5, 6, Dim::nchw(1), u32::MAX)),
            Case::new("blocks of 3", Self { block: 3, ..op(8, 8, fixed([1, 1, 9, 7]), 2) }),
            Case::new("lattice", Self { lattice: [4, 6], ..op(8, 6, fixed([1, 1, 16, 18]), 3) }),
            Case::new("does not tile", Self { tiles: false, ..op(17, 12, fixed([3, 1, 19, 23]), 4) }),
            Case::new("smaller than a block, does not tile", Self { tiles: false, ..op(3, 2, fixed([1, 1, 9, 9]), 5) }),
        ]
    }

    fn tolerance(&self) -> Tolerance {
        Tolerance::EXACT
    }
}

impl Operator for ExemplarDouble {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        inputs.count(1..=1)?;
        check_side("height", self.height)?;
        check_side("width", self.width)?;
        let [images, _, height, width] = field(inputs)?;
        Ok(vec![output(DType::I32, vec![images, 1, 2 * height, 2 * width])?])
    }

    fn reach(&self, _: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
        vec![Reach::Window(PerAxis::splat(Window { stride: 1, repeat: 2, low: 0, high: 0 }))]
    }

    fn cases() -> Vec<Case> {
        let op = |height, width| Self { height, width, ..Self::default() };
        vec![
            case("one of one", op(2, 2), [1, 1, 1, 1], places(1, 1)),
            case("odd size 97x61", op(26, 14), [2, 1, 97, 61], places(13, 7)),
            case("does not tile", Self { tiles: false, ..op(24, 18) }, [1, 1, 7, 9], places(12, 9)),
            case("places outside", op(6, 4), [1, 1, 5, 3], OUTSIDE),
        ]
    }

    fn tolerance(&self) -> Tolerance {
        Tolerance::EXACT
    }
}

impl Operator for ExemplarMove {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        inputs.count(2..=5)?;
        check_block(self.block)?;
        let shape = field(inputs)?;
        let [height, width, _] = table(inputs, 1)?;
        check_guide(inputs, 2, [height, width], &shape)?;
        if let Some(variation) = inputs.optional(4) {
            let fits = variation.dtype == DType::I32 && is_over(&variation.shape, &shape, |guides| guides == 1);
            require(fits, 4, "variation", "i32 [1 or N, 1, 1 or H, 1 or W], as the field", variation)?;
        }
        let whole = bind(&self.shape, inputs.size, "shape")?;
        require_param(whole.len() == 4, "shape", "[N, 1, H, W], that of the whole field", &whole)?;
        Ok(vec![output(DType::I32, shape.to_vec())?])
    }

    fn check_weight(input: usize, weight: &Tensor) -> Result<(), NodeError> {
        if input == 1 { check_places(input, weight) } else { Ok(()) }
    }

    fn reach(&self, inputs: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
        let (center, exemplar) = (center_of_block(self.block), Reach::Everything("the exemplar"));
        let reach = [center.clone(), exemplar.clone(), exemplar, center.clone(), center];
        reach.into_iter().take(inputs.len()).collect()
    }

    fn cases() -> Vec<Case> {
        let op = |probability, stream| Self { probability, stream, shape: Dim::nchw(1), ..Self::default() };
        let of_table = |name: &str, op: Self, field: [usize; 4], [height, width, similar]: [usize; 3]| {
            case(name, op, field, places(height, width)).int([height, width, similar], places(height, width))
        };
        vec![
            of_table("one of one", op(255, 0), [1, 1, 1, 1], [1, 1, 1]),
            of_table("odd size 97x61", op(128, 1), [2, 1, 97, 61], [13, 7, 8]),
            of_table("never", op(0, 2), [1, 1, 8, 8], [4, 4, 2]),
            of_table("blocks of 3", Self { block: 3, ..op(200, 3) }, [1, 1, 10, 8], [6, 5, 3]),
            of_table("a part", Self { origin: [-3, 6], ..op(230, 4) }, [1, 1, 12, 16], [8, 8, 8]),
            of_table("does not tile", Self { tiles: false, ..op(230, 5) }, [1, 1, 16, 12], [17, 12, 4]),
            case("places outside", op(255, 6), [1, 1, 8, 8], OUTSIDE).int([3, 4, 2], -9..9),
            guided(of_table("guided", op(128, 7), [2, 1, 13, 12], [8, 6, 9]), [8, 6, 1], [1, 3, 13, 12]),
            guided(of_table("guided alike", op(0, 8), [2, 1, 8, 12], [8, 6, 3]), [8, 6, 2], [2, 8, 1, 1]),
            of_table("less varied", op(200, 9), [2, 1, 16, 12], [8, 6, 3]).none().none().int([2, 1, 16, 1], -50..300),
        ]
    }

    fn tolerance(&self) -> Tolerance {
        Tolerance::EXACT
    }
}

impl Operator for ExemplarMatch {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        inputs.count(2..=6)?;
        let scales = 1..=MAX_GUIDE_SCALE;
        require_param(scales.contains(&self.guide_scale), "guide_scale", "1 to 1024", self.guide_scale)?;
        let is_little = self.candidate_cost <= MAX_CANDIDATE_COST;
        require_param(is_little, "candidate_cost", "0 to 100000000", self.candidate_cost)?;
        let shape = field(inputs)?;
        let appearance = inputs.required(1, "appearance")?;
        let expected = "i32 [height + 2, width + 2, 2]";
        let is_rimmed = |side: usize| side.checked_sub(2).is_some_and(is_side);
        let fits = appearance.dtype == DType::I32
            && matches!(appearance.shape[..], [h, w, APPEARANCE_WORDS] if is_rimmed(h) && is_rimmed(w));
        require(fits, 1, "appearance", expected, appearance)?;
        if inputs.optional(2).is_some() {
            let [height, width, _] = table(inputs, 2)?;
            let same = [height + 2, width + 2] == appearance.shape[..2];
            let expected = format!("[{}, {}, k]", appearance.shape[0] - 2, appearance.shape[1] - 2);
            require(same, 2, "similar", expected, inputs.required(2, "similar")?)?;
        }
        check_guide(inputs, 3, [appearance.shape[0] - 2, appearance.shape[1] - 2], &shape)?;
        check_candidates(inputs, 5, &shape)?;
        Ok(vec![output(DType::I32, shape.to_vec())?])
    }

    fn check_weight(input: usize, weight: &Tensor) -> Result<(), NodeError> {
        if input == 2 { check_places(input, weight) } else { Ok(()) }
    }

    fn reach(&self, inputs: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
        let window = Window { stride: 1, repeat: 1, low: -2, high: 2 };
        let exemplar = Reach::Everything("the exemplar");
        let field = Reach::Window(PerAxis::splat(window));
        let reach = [field, exemplar.clone(), exemplar.clone(), exemplar, Reach::Pointwise, Reach::Pointwise];
        reach.into_iter().take(inputs.len()).collect()
    }

    fn cases() -> Vec<Case> {
        let of_level = |name: &str, tiles, field: [usize; 4], [height, width]: [usize; 2]| {
            let words = [height + 2, width + 2, APPEARANCE_WORDS];
            case(name, Self { tiles, ..Self::default() }, field, places(height, width)).int(words, WORDS)
        };
        let cells = (0..20).flat_map(|y| (0..21).map(move |x| ((y % 6) << 16) | ((x + y / 5) % 7)));
        let coherent = Tensor::new(vec![1, 1, 20, 21], TensorData::I32(cells.collect()));
        let pieces = Case::new("coherent pieces", Self::default()).tensor(coherent).not_differentiable();
        let pieces = pieces.int([8, 9, APPEARANCE_WORDS], WORDS);
        vec![
            of_level("one of one", true, [1, 1, 1, 1], [1, 1]),
            of_level("odd size 97x61", true, [2, 1, 97, 61], [13, 7]),
            of_level("with a table", true, [1, 1, 16, 16], [8, 6]).int([8, 6, 3], places(8, 6)),
            of_level("does not tile", false, [1, 1, 17, 12], [13, 14]),
            of_level("does not tile, with a table", false, [2, 1, 9, 12], [12, 9]).int([12, 9, 2], places(12, 9)),
            pieces.clone(),
            guided(Case { name: "coherent pieces, guided".into(), ..pieces.clone() }.none(), [6, 7, 1], [1, 1, 20, 21]),
            Case { name: "coherent pieces, with a table".into(), ..pieces }.int([6, 7, 8], places(6, 7)),
            guided(
                of_level("guided", true, [2, 1, 9, 11], [8, 6]).int([8, 6, 3], places(8, 6)),
                [8, 6, 2],
                [2, 7, 9, 1],
            ),
            guided(of_level("guided, without a table", false, [1, 1, 9, 12], [12, 9]).none(), [12, 9, 1], [1, 4, 1, 1]),
            case("places outside", Self::default(), [1, 1, 8, 8], OUTSIDE)
                .int([5, 6, APPEARANCE_WORDS], WORDS)
                .int([3, 4, 2], -9..9),
            proposed(of_level("further candidates", true, [2, 1, 9, 11], [8, 6]).none(), [2, 5, 9, 11], [8, 6]),
            proposed(
                of_level("does not tile, further candidates", false, [2, 1, 9, 7], [12, 9]).none(),
                [1, 3, 1, 7],
                [12, 9],
            ),
            {
                let op = Self { guide_scale: 200, candidate_cost: 5_000_000, ..Self::default() };
                let words = [10, 8, APPEARANCE_WORDS];
                let level = case("all of them", op, [2, 1, 8, 12], places(8, 6)).int(words, WORDS);
                let guided = guided(level.int([8, 6, 3], places(8, 6)), [8, 6, 2], [2, 5, 8, 12]);
                guided.int([2, 4, 8, 12], places(8, 6))
            },
            case("candidates outside", Self::default(), [1, 1, 8, 8], places(3, 4))
                .int([5, 6, APPEARANCE_WORDS], WORDS)
                .none()
                .none()
                .none()
                .int([1, 2, 8, 8], OUTSIDE),
        ]
    }

    fn tolerance(&self) -> Tolerance {
        Tolerance::EXACT
    }
}

impl Operator for ExemplarGather {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        inputs.count(2..=3)?;
        let shape = field(inputs)?;
        let [images, _, height, width] = shape;
        let texels = inputs.required(1, "texels")?;
        let fits = texels.dtype == DType::I32
            && matches!(texels.shape[..], [h, w, words] if is_side(h) && is_side(w) && words > 0);
        require(fits, 1, "texels", "i32 [height, width, words]", texels)?;
        let all = texels.shape[2].saturating_mul(4);
        let end = self.first.saturating_add(self.channels);
        let expected = format!("1 to {} after the first {}", all.saturating_sub(self.first), self.first);
        require_param(self.channels > 0 && end <= all, "channels", expected, self.channels)?;
        if let Some(gain) = inputs.optional(2) {
            let has_channels = |channels: usize| channels == 1 || channels == self.channels;
            let fits = gain.dtype == DType::F32 && is_over(&gain.shape, &shape, has_channels);
            require(
                fits,
                2,
                "gain",
                format!("floats [1 or N, 1 or {}, 1 or H, 1 or W], as the field", self.channels),
                gain,
            )?;
        }
        Ok(vec![output(DType::F32, vec![images, self.channels, height, width])?])
    }

    fn reach(&self, inputs: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
        let reach = [Reach::Pointwise, Reach::Everything("the exemplar"), Reach::Pointwise];
        reach.into_iter().take(inputs.len()).collect()
    }

    fn cases() -> Vec<Case> {
        let op = |first, channels| Self { first, channels, signed: false };
        let of_texels = |name: &str, op: Self, field: [usize; 4], texels: [usize; 3]| {
            case(name, op, field, places(texels[0], texels[1])).int(texels, WORDS)
        };
        vec![
            of_texels("one of one", op(0, 1), [1, 1, 1, 1], [1, 1, 1]),
            of_texels("odd size 97x61", op(0, 3), [2, 1, 97, 61], [13, 7, 1]),
            of_texels("normals", Self { signed: true, ..op(3, 3) }, [1, 1, 9, 7], [5, 4, 3]),
            of_texels("across words", op(2, 7), [2, 1, 5, 3], [4, 4, 3]),
            case("places outside", op(1, 2), [1, 1, 4, 4], OUTSIDE).int([3, 4, 1], WORDS),
            of_texels("gain", op(1, 3), [2, 1, 5, 3], [4, 4, 1]).float([1, 3, 1, 1], 0.0..1.5),
            of_texels("gain of normals", Self { signed: true, ..op(0, 2) }, [2, 1, 5, 3], [4, 4, 1])
                .float([2, 1, 5, 1], -2.0..2.0),
        ]
    }

    fn tolerance(&self) -> Tolerance {
        Tolerance::EXACT
    }
}

/// The cells that a cell's block has its centre at.
fn center_of_block(block: usize) -> Reach {
    let (block, center) = (block as i64, block as i64 / 2);
    Reach::Window(PerAxis::splat(Window { stride: 1, repeat: 1, low: center + 1 - block, high: center }))
}

/// The case with a guide and a target of these shapes.
fn guided(case: Case, guide: [usize; 3], target: [usize; 4]) -> Case {
    // Weights of 0 to 255: of the 256, one excludes.
    case.int(guide, WORDS).int(target, 0..1 << 24)
}

/// The case, of a level without a guide, with further candidates of this shape.
fn proposed(case: Case, candidates: [usize; 4], [height, width]: [usize; 2]) -> Case {
    case.none().none().int(candidates, places(height, width))
}

fn is_default_scale(scale: &u32) -> bool {
    *scale == DEFAULT_GUIDE_SCALE
}

fn is_nothing(cost: &u32) -> bool {
    *cost == 0
}

/// Packed places of an exemplar of `height` x `width`, some of them outside it.
fn places(height: usize, width: usize) -> Range<i32> {
    0..((height as i32 - 1) << 16 | width as i32).max(1)
}

/// A case of an operator on a field of seeded places.
fn case(name: &str, op: impl Into<Op>, field: [usize; 4], places: Range<i32>) -> Case {
    Case::new(name, op).int(field, places).not_differentiable()
}
