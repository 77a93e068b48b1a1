//! Proposals that gather, scatter, sample and sum elements.

use imagine_graph::*;

use super::{Builder, Known, Proposal};

/// Places of the exemplar of [`Builder::by_example`]: one row, so that packed places stay small.
const PLACES: usize = 8;

impl Builder {
    /// Coordinate fields, and what they show.
    pub(super) fn by_example(&mut self) -> Option<Proposal> {
        let interval = [0.0, PLACES as f32 - 1.0];
        let ints = |builder: &mut Self, shape: &[usize], most: usize| {
            let values = (0..shape.iter().product()).map(|_| builder.between(0, most) as i32).collect();
            Tensor::new(shape.to_vec(), TensorData::I32(values))
        };
        let (height, width, tiles) = (1, PLACES, self.between(0, 1) == 0);
        let shape = [Dim::Fixed(1), Dim::Fixed(1), Dim::HEIGHT, Dim::WIDTH].to_vec();
        let stream = self.between(0, 900) as u32;
        let kind = self.between(0, 4);
        if kind == 0 {
            let op = ExemplarStart { height, width, tiles, shape, stream, ..ExemplarStart::default() };
            return Some(Proposal { op: op.into(), inputs: Vec::new(), weights: Vec::new(), interval });
        }
        let is_field = |kind: &TensorType| kind.dtype == DType::I32 && matches!(kind.shape[..], [_, 1, _, _]);
        let field = self.pick(|known| is_field(&known.kind))?;
        let table = [height, width, 2];
        let (op, weights, interval): (Op, Vec<Tensor>, [f32; 2]) = match kind {
            1 => (ExemplarDouble { height, width, tiles }.into(), Vec::new(), interval),
            2 => {
                let op = ExemplarMove { tiles, probability: 200, shape, stream, ..ExemplarMove::default() };
                (op.into(), vec![ints(self, &table, PLACES - 1)], interval)
            }
            3 => {
                let mut weights = vec![ints(self, &[height + 2, width + 2, 2], 1 << 24)];
                if self.between(0, 1) == 0 {
                    weights.push(ints(self, &table, PLACES - 1));
                }
                (ExemplarMatch { tiles, ..ExemplarMatch::default() }.into(), weights, interval)
            }
            _ => {
                let op = ExemplarGather { first: 1, channels: 2, signed: self.between(0, 1) == 0 };
                (op.into(), vec![ints(self, &[height, width, 1], 1 << 24)], [-1.0, 1.0])
            }
        };
        Some(Proposal { op, inputs: vec![field], weights, interval })
    }

    /// Gathers elements.
    pub(super) fn picked(&mut self) -> Option<Proposal> {
        let x = self.pick(|known| !known.kind.shape.is_empty())?;
        let shape = x.kind.shape.clone();
        let axis = self.between(0, shape.len() - 1);
        let ints = |builder: &mut Self, shape: Vec<usize>| {
            let count: usize = shape.iter().product();
            let values = (0..count).map(|_| builder.between(0, 6) as i32 - 3).collect();
            Tensor::new(shape, TensorData::I32(values))
        };
        if self.between(0, 3) == 0 {
            return self.scattered(x, axis, ints);
        }
        let (op, indices): (Op, Tensor) = match self.between(0, 2) {
            0 => {
                let count = self.between(1, 4);
                (Gather { axis: axis as i64 }.into(), ints(self, vec![count]))
            }
            1 => {
                let some = shape.iter().map(|length| (*length).min(3)).collect();
                (GatherElements { axis: axis as i64 }.into(), ints(self, some))
            }
            _ => {
                let count = self.between(1, 4);
                (GatherND { batch_dims: 0 }.into(), ints(self, vec![count, axis + 1]))
            }
        };
        let interval = x.interval;
        Some(Proposal { op, inputs: vec![x], weights: vec![indices], interval })
    }

    /// Scatters elements into `x` at indices from `ints`.
    fn scattered(&mut self, x: Known, axis: usize, ints: impl Fn(&mut Self, Vec<usize>) -> Tensor) -> Option<Proposal> {
        if x.kind.dtype != DType::F32 {
            return None;
        }
        let shape = x.kind.shape.clone();
        let (op, indices, updates): (Op, Vec<usize>, Vec<usize>) = if self.between(0, 1) == 0 {
            let some: Vec<usize> = shape.iter().map(|length| (*length).min(3)).collect();
            let reduction = ScatterReduction::None;
            (ScatterElements { axis: axis as i64, reduction }.into(), some.clone(), some)
        } else {
            let count = self.between(1, 4);
            let reduction = [ScatterReduction::Max, ScatterReduction::Mul][self.between(0, 1)];
            (ScatterND { reduction }.into(), vec![count, axis + 1], [&[count], &shape[axis + 1..]].concat())
        };
        let weights = vec![ints(self, indices), self.tensor(updates, [-1.0, 1.0])];
        let bound = x.absolute().max(1.0);
        Some(Proposal { op, inputs: vec![x], weights, interval: [-bound, bound] })
    }

    /// Blocks, copies, triangles, sums.
    pub(super) fn rearranged(&mut self) -> Option<Proposal> {
        let blocks = self.between(0, 3) == 0;
        if blocks {
            let (x, _) = self.image()?;
            return Self::moved(x, SpaceToDepth { blocksize: 2 });
        }
        let x = self.floats()?;
        let interval = [x.interval[0].min(0.0), x.interval[1].max(0.0)];
        let rank = x.kind.shape.len();
        match self.between(0, 2) {
            0 => {
                let repeats = (0..rank).map(|_| self.between(1, 2)).collect();
                Self::moved(x, Tile { repeats })
            }
            1 => {
                let op = Trilu { upper: self.between(0, 1) == 0, k: self.between(0, 4) as i64 - 2 };
                Some(Proposal { interval, ..Self::moved(x, op)? })
            }
            _ => {
                let axis = self.between(0, rank.checked_sub(1)?);
                let bound = x.absolute() * x.kind.shape[axis] as f32;
                let (exclusive, reverse) = (self.between(0, 1) == 0, self.between(0, 1) == 0);
                let op = CumSum { axis: axis as i64, exclusive, reverse };
                Some(Proposal { interval: [-bound, bound], ..Self::moved(x, op)? })
            }
        }
    }

    /// Samples images, sums by an equation, draws random numbers.
    pub(super) fn sampled(&mut self) -> Option<Proposal> {
        match self.between(0, 3) {
            0 => {
                let (x, [n, ..]) = self.image()?;
                let grid = self.tensor(vec![n, 3, 4, 2], [-1.5, 1.5]);
                let mode = [GridSampleMode::Linear, GridSampleMode::Cubic][self.between(0, 1)];
                let padding_mode = [GridSamplePadding::Zeros, GridSamplePadding::Reflection][self.between(0, 1)];
                let op = GridSample { mode, padding_mode, align_corners: self.between(0, 1) == 0 };
                let bound = 2.0 * x.absolute();
                Some(Proposal { op: op.into(), inputs: vec![x], weights: vec![grid], interval: [-bound, bound] })
            }
            1 => {
                let theta = self.tensor(vec![1, 2, 3], [-1.0, 1.0]);
                let size = vec![Dim::Fixed(1), Dim::Fixed(1), Dim::HEIGHT, Dim::WIDTH];
                let op = AffineGrid { size, align_corners: self.between(0, 1) == 0 };
                Some(Proposal { op: op.into(), inputs: Vec::new(), weights: vec![theta], interval: [-3.0, 3.0] })
            }
            2 => {
                let x = self.pick(|known| known.kind.dtype == DType::F32 && known.kind.shape.len() > 1)?;
                let length = x.kind.shape[x.kind.shape.len() - 1];
                let (columns, largest) = (self.between(1, 5), 2.0 / length as f32);
                let b = self.tensor(vec![columns, length], [-largest, largest]);
                let bound = 2.0 * x.absolute();
                let op = Einsum { equation: "...ij,kj->...ki".into() };
                Some(Proposal { op: op.into(), inputs: vec![x], weights: vec![b], interval: [-bound, bound] })
            }
            _ => {
                let x = self.floats()?;
                let dtype = [DType::F32, DType::Bool][self.between(0, 1)];
                let op = Bernoulli { dtype, shape: Vec::new(), stream: self.between(0, 900) as u32 };
                Some(Proposal { interval: [0.0, 1.0], ..Self::moved(x, op)? })
            }
        }
    }
}
