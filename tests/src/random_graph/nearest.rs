//! Proposals of nearest-neighbour fields and histograms.

use imagine_graph::*;

use super::{Builder, Known, Proposal};

/// Rows and columns of the source that fields show: one row, so that packed places stay small.
const SOURCE: [usize; 2] = [1, 8];
/// Values of features: small bytes that are alone in their words.
const BYTE: [f32; 2] = [0.0, 8.0];

impl Builder {
    /// Features, fields, distances, votes and counts.
    pub(super) fn nearest(&mut self) -> Option<Proposal> {
        let kind = self.between(0, 6);
        if kind < 2 {
            return self.features(kind == 0);
        }
        if kind == 2 {
            return Some(self.histogram());
        }
        let is_field = |kind: &TensorType| kind.dtype == DType::I32 && matches!(kind.shape[..], [1, 1, _, _]);
        let field = self.pick(|known| is_field(&known.kind));
        let (height, width) = field.as_ref().map_or((3, 5), |field| (field.kind.shape[2], field.kind.shape[3]));
        let [rows, columns] = SOURCE;
        let places = [0.0, (columns - 1) as f32];
        let bytes = |builder: &mut Self, shape: [usize; 3]| {
            let values = (0..shape.iter().product()).map(|_| builder.between(0, 2) as i32).collect();
            Tensor::new(shape.to_vec(), TensorData::I32(values))
        };
        let features =
            |builder: &mut Self| vec![bytes(builder, [height, width, 1]), bytes(builder, [rows, columns, 1])];
        let tiles = self.between(0, 1) == 0;
        let (op, weights, interval): (Op, Vec<Tensor>, [f32; 2]) = match kind {
            3 => {
                let op = NnfSearch { locality: 64, tiles, ..NnfSearch::default() };
                (op.into(), features(self), places)
            }
            4 => {
                let (coherence, window, source_tiles) = (54, 1, tiles);
                let op = NnfPropagate { coherence, window, tiles, source_tiles, ..NnfPropagate::default() };
                (op.into(), features(self), places)
            }
            5 => (NnfDistance {}.into(), features(self), BYTE),
            _ => {
                let source = self.tensor(vec![1, 2, rows, columns], [-8.0, 8.0]);
                let base = self.tensor(vec![1, 2, height, width], [-8.0, 8.0]);
                let op = NnfVote { best: self.between(0, 1) == 0, tiles, ..NnfVote::default() };
                (op.into(), vec![source, base], [-8.0, 8.0])
            }
        };
        if field.is_none() {
            // Few graphs have a field of one image.
            let shown = (0..height * width).map(|_| self.between(0, columns - 1) as i32).collect();
            let shown = Tensor::new(vec![1, 1, height, width], TensorData::I32(shown));
            return Some(Proposal { op, inputs: Vec::new(), weights: [vec![shown], weights].concat(), interval });
        }
        Some(Proposal { op, inputs: field.into_iter().collect(), weights, interval })
    }

    /// How often eight elements have each value.
    fn histogram(&mut self) -> Proposal {
        let values = (0..8).map(|_| self.between(0, 5) as i32 - 1).collect();
        let values = Tensor::new(vec![2, 4], TensorData::I32(values));
        let op = Histogram { height: 1, width: 4 };
        Proposal { op: op.into(), inputs: Vec::new(), weights: vec![values], interval: BYTE }
    }

    /// An image of one channel as features of one byte, its own or on a basis.
    fn features(&mut self, packs: bool) -> Option<Proposal> {
        // Bytes below 0 would be large in a word.
        let is_plane = |known: &Known| {
            let is_image = known.kind.dtype == DType::F32 && matches!(known.kind.shape[..], [1, 1, _, _]);
            is_image && known.interval[0] >= 0.0
        };
        let inputs: Vec<Known> = self.pick(is_plane).into_iter().collect();
        let mut weights = Vec::new();
        if inputs.is_empty() {
            weights.push(self.tensor(vec![1, 1, 4, 3], [0.0, 8.0]));
        }
        if packs {
            return Some(Proposal { op: NnfPack {}.into(), inputs, weights, interval: BYTE });
        }
        let basis = (0..9).map(|_| self.between(0, 1) as i32).collect();
        let basis = Tensor::new(vec![1, 3, 3, 1], TensorData::I32(basis));
        weights.push(basis);
        let op = NnfProject { shift: 4, tiles: self.between(0, 1) == 0 };
        Some(Proposal { op: op.into(), inputs, weights, interval: BYTE })
    }
}
