//! Nodes that read whole axes: reductions and normalisations.

use imagine_graph::*;

use super::{Builder, Known, Proposal};

impl Builder {
    pub(super) fn reduction(&mut self) -> Option<Proposal> {
        let choice = self.between(0, 11);
        // The slopes of a root and of a logarithm have no bound near zero.
        let least = if [6, 8].contains(&choice) { 0.1 } else { f32::MIN };
        let x = self.pick(|known| known.kind.dtype == DType::F32 && known.interval[0] > least)?;
        let axes = if x.kind.shape.is_empty() { Vec::new() } else { vec![-1] };
        let keepdims = self.between(0, 1) == 0;
        let noop_with_empty_axes = self.between(0, 3) == 0;
        let terms = x.kind.shape.last().copied().unwrap_or(1) as f32;
        let ([low, high], largest) = (x.interval, x.absolute());
        macro_rules! op {
            ($name:ident) => {
                $name { axes, keepdims, noop_with_empty_axes }.into()
            };
        }
        let (op, interval): (Op, _) = match choice {
            0 => (op!(ReduceSum), [terms * low.min(0.0), terms * high.max(0.0)]),
            1 => (op!(ReduceMean), [low, high]),
            2 if largest <= 1.0 => (op!(ReduceProd), [-1.0, 1.0]),
            3 => (op!(ReduceMax), [low, high]),
            4 => (op!(ReduceMin), [low, high]),
            5 => (op!(ReduceL1), [0.0, terms * largest]),
            6 => (op!(ReduceL2), [low, terms * high]),
            7 => (op!(ReduceSumSquare), [0.0, terms * largest * largest]),
            8 => (op!(ReduceLogSum), [low.ln(), (terms * high).ln()]),
            9 => (op!(ReduceLogSumExp), [low, high + terms.ln()]),
            10 if x.kind.shape.len() > 2 => (GlobalAveragePool {}.into(), [low, high]),
            11 if x.kind.shape.len() > 2 => (GlobalMaxPool {}.into(), [low, high]),
            _ => return None,
        };
        Some(Proposal { op, inputs: vec![x], weights: Vec::new(), interval })
    }

    /// A node along one axis.
    pub(super) fn line(&mut self) -> Option<Proposal> {
        let x = self.pick(|known| known.kind.dtype == DType::F32 && !known.kind.shape.is_empty())?;
        let rank = x.kind.shape.len();
        let axis = self.between(0, rank - 1);
        let length = x.kind.shape[axis] as f32;
        let least = x.interval[0] - x.interval[1] - length.ln();
        let axis = axis as i64 - if self.between(0, 1) == 0 { 0 } else { rank as i64 };
        let (keepdims, select_last_index) = (self.between(0, 1) == 0, self.between(0, 1) == 0);
        let (op, interval): (Op, _) = match self.between(0, 4) {
            0 => (Softmax { axis }.into(), [0.0, 1.0]),
            1 => (LogSoftmax { axis }.into(), [least, 0.0]),
            2 => (ArgMax { axis, keepdims, select_last_index }.into(), [0.0, length]),
            3 => (ArgMin { axis, keepdims, select_last_index }.into(), [0.0, length]),
            _ => {
                // The norm stays away from zero.
                let large = |known: &Known| known.kind.dtype == DType::F32 && known.interval[0] > 0.1;
                let x = self.pick(|known| large(known) && !known.kind.shape.is_empty())?;
                let op = LpNormalization { axis: -1, p: 1 }.into();
                return Some(Proposal { op, inputs: vec![x], weights: Vec::new(), interval: [0.0, 1.0] });
            }
        };
        Some(Proposal { op, inputs: vec![x], weights: Vec::new(), interval })
    }

    /// A normalisation with a large epsilon, so that its slope is bounded.
    pub(super) fn normalization(&mut self) -> Option<Proposal> {
        let (x, [_, channels, height, width]) = self.image()?;
        let (epsilon, reach) = (1.0, 2.0 * x.absolute() + 1.0);
        let vector = |builder: &mut Self, range| builder.tensor(vec![channels], range);
        let pair = vec![vector(self, [0.5, 1.0]), vector(self, [-1.0, 1.0])];
        let (op, weights): (Op, Vec<Tensor>) = match self.between(0, 5) {
            0 => {
                let statistics = [vector(self, [-0.5, 0.5]), vector(self, [0.5, 1.0])];
                (
                    BatchNormalization { epsilon, ..Default::default() }.into(),
                    pair.into_iter().chain(statistics).collect(),
                )
            }
            1 => (InstanceNormalization { epsilon }.into(), pair),
            2 => (GroupNormalization { epsilon, num_groups: channels, ..Default::default() }.into(), pair),
            3 => {
                let weights = vec![self.tensor(vec![height, 1], [0.5, 1.0]), self.tensor(vec![width], [-1.0, 1.0])];
                (LayerNormalization { epsilon, axis: -2, ..Default::default() }.into(), weights)
            }
            4 => {
                let scale = self.tensor(vec![width], [0.5, 1.0]);
                (RMSNormalization { epsilon, ..Default::default() }.into(), vec![scale])
            }
            // Numbers that a graph starts from do vary; others may be constant, and their noise would be scaled up.
            _ if self.inputs.len() > 1 && x.name.starts_with('x') && height * width > 8 => {
                let sides = MeanVarianceNormalization { axes: vec![2, 3] };
                return Some(Proposal {
                    op: sides.into(),
                    inputs: vec![x],
                    weights: Vec::new(),
                    interval: [-8.0, 8.0],
                });
            }
            _ => return None,
        };
        Some(Proposal { op, inputs: vec![x], weights, interval: [-reach, reach] })
    }
}
