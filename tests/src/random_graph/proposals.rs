//! The nodes that a random graph may get: one function a family, each with the interval that its result lies in.

use imagine_graph::*;

use super::{Builder, Known, Proposal};

impl Builder {
    /// Some node. `None`, or a shape rule that refuses, means another try.
    pub(super) fn propose(&mut self) -> Option<Proposal> {
        match self.between(0, 24) {
            0 | 1 => self.conv(),
            2 => self.conv_transpose(),
            3 | 4 => self.binary(),
            5 | 6 => self.unary(),
            7 => self.condition(),
            8 => self.select(),
            9 => self.concat(),
            10 => self.slice(),
            11 => self.pad(),
            12 => self.reshape(),
            13 => self.transpose(),
            14 => self.expand(),
            15 => self.resize(),
            16 => self.depth_to_space(),
            17 => self.pool(),
            18 => self.matrix(),
            19 | 20 => self.reduction(),
            21 => self.line(),
            22 | 23 => self.normalization(),
            _ => self.source(),
        }
    }

    fn conv(&mut self) -> Option<Proposal> {
        let (x, [_, channels, ..]) = self.image()?;
        let group = [1, 1, channels, 2][self.between(0, 3)];
        if !channels.is_multiple_of(group) {
            return None;
        }
        let (kernel, m) = ([self.between(1, 3), self.between(1, 3)], group * self.between(1, 4));
        let pad_mode = self.pad_mode();
        let op = Conv {
            group,
            strides: [self.between(1, 2), self.between(1, 2)],
            dilations: [self.between(1, 2), 1],
            pads: [self.between(0, 2), self.between(0, 2), self.between(0, 2), self.between(0, 2)],
            pad_mode,
        };
        Some(self.weighted(
            op,
            x,
            vec![m, channels / group, kernel[0], kernel[1]],
            channels / group * kernel[0] * kernel[1],
            m,
        ))
    }

    fn conv_transpose(&mut self) -> Option<Proposal> {
        let (x, [_, channels, ..]) = self.image()?;
        let group = if channels.is_multiple_of(2) { self.between(1, 2) } else { 1 };
        let (kernel, m) = ([self.between(1, 3), self.between(1, 3)], self.between(1, 3));
        let op = ConvTranspose {
            group,
            strides: [self.between(1, 2), 2],
            dilations: [1, self.between(1, 2)],
            pads: [self.between(0, 1), self.between(0, 1), self.between(0, 1), 0],
            output_padding: [0, self.between(0, 1)],
        };
        let terms = channels / group * kernel[0] * kernel[1];
        Some(self.weighted(op, x, vec![channels, m, kernel[0], kernel[1]], terms, m * group))
    }

    /// A node with a kernel of `shape`, whose sums have `terms` terms, and a bias of `m` numbers.
    fn weighted(&mut self, op: impl Into<Op>, x: Known, shape: Vec<usize>, terms: usize, m: usize) -> Proposal {
        let largest = 2.0 / terms as f32;
        let bound = terms as f32 * largest * x.absolute() + 0.5;
        let weights = vec![self.tensor(shape, [-largest, largest]), self.tensor(vec![m], [-0.5, 0.5])];
        Proposal { op: op.into(), inputs: vec![x], weights, interval: [-bound, bound] }
    }

    fn binary(&mut self) -> Option<Proposal> {
        let a = self.floats()?;
        let choice = self.between(0, 5);
        let range = if choice == 3 { [0.5, 1.5] } else { [-1.0, 1.0] };
        let (inputs, weights, [c, d]) = match self.between(0, 2) {
            // The quotient's right side stays away from zero: a weight.
            0 if choice != 3 => {
                let b = self.floats()?;
                let interval = b.interval;
                (vec![a.clone(), b], Vec::new(), interval)
            }
            1 => {
                let shape = a.kind.shape.iter().enumerate().map(|(axis, &d)| if axis == 1 { d } else { 1 }).collect();
                (vec![a.clone()], vec![self.tensor(shape, range)], range)
            }
            _ => (vec![a.clone()], vec![self.tensor(Vec::new(), range)], range),
        };
        let [low, high] = a.interval;
        let bound = a.absolute() * c.abs().max(d.abs());
        let (op, interval): (Op, _) = match choice {
            0 => (Add {}.into(), [low + c, high + d]),
            1 => (Sub {}.into(), [low - d, high - c]),
            2 => (Mul {}.into(), [-bound, bound]),
            3 => (Div {}.into(), [-2.0 * a.absolute(), 2.0 * a.absolute()]),
            4 => (Min {}.into(), [low.min(c), high.min(d)]),
            _ => (Max {}.into(), [low.max(c), high.max(d)]),
        };
        Some(Proposal { op, inputs, weights, interval })
    }

    fn unary(&mut self) -> Option<Proposal> {
        let choice = self.between(0, 10);
        // The slope of a square root has no bound near zero.
        let least = if choice == 7 { 0.1 } else { f32::MIN };
        let x = self.pick(|known| known.kind.dtype == DType::F32 && known.interval[0] > least)?;
        let ([low, high], absolute) = (x.interval, x.absolute());
        let (op, interval): (Op, _) = match choice {
            0 => (Relu {}.into(), [low.max(0.0), high.max(0.0)]),
            1 => (LeakyRelu { alpha: 0.25 }.into(), [low.min(0.25 * low), high.max(0.25 * high)]),
            2 => (Sigmoid {}.into(), [0.0, 1.0]),
            3 => (Tanh {}.into(), [-1.0, 1.0]),
            4 => (Sin {}.into(), [-1.0, 1.0]),
            5 => (Cos {}.into(), [-1.0, 1.0]),
            6 => (Exp {}.into(), [low.exp(), high.exp()]),
            7 => (Sqrt {}.into(), [low.sqrt(), high.sqrt()]),
            8 => (Abs {}.into(), [0.0, absolute]),
            9 => (Identity {}.into(), x.interval),
            _ => (Clip { min: Some(-0.75), max: Some(1.25) }.into(), [low.clamp(-0.75, 1.25), high.clamp(-0.75, 1.25)]),
        };
        Some(Proposal { op, inputs: vec![x], weights: Vec::new(), interval })
    }

    fn condition(&mut self) -> Option<Proposal> {
        let a = self.floats()?;
        let threshold = self.tensor(Vec::new(), [-0.5, 0.5]);
        Some(Proposal { op: Greater {}.into(), inputs: vec![a], weights: vec![threshold], interval: [0.0, 1.0] })
    }

    fn select(&mut self) -> Option<Proposal> {
        let condition = self.pick(|known| known.kind.dtype == DType::Bool)?;
        let (x, y) = (self.floats()?, self.tensor(Vec::new(), [-1.0, 1.0]));
        let interval = [x.interval[0].min(-1.0), x.interval[1].max(1.0)];
        Some(Proposal { op: Where {}.into(), inputs: vec![condition, x], weights: vec![y], interval })
    }

    fn concat(&mut self) -> Option<Proposal> {
        let a = self.floats()?;
        let (rank, shape) = (a.kind.shape.len(), a.kind.shape.clone());
        if rank == 0 {
            return None;
        }
        let axis = self.between(0, rank - 1);
        let fits = |known: &Known| {
            known.kind.dtype == DType::F32
                && known.kind.shape.len() == rank
                && (0..rank).all(|other| other == axis || known.kind.shape[other] == shape[other])
        };
        let b = self.pick(fits)?;
        let interval = [a.interval[0].min(b.interval[0]), a.interval[1].max(b.interval[1])];
        let op = Concat { axis: axis as i64 - if self.between(0, 1) == 0 { 0 } else { rank as i64 } };
        Some(Proposal { op: op.into(), inputs: vec![a, b], weights: Vec::new(), interval })
    }

    /// A node that only moves elements of `x`.
    fn moved(x: Known, op: impl Into<Op>) -> Option<Proposal> {
        let interval = x.interval;
        Some(Proposal { op: op.into(), inputs: vec![x], weights: Vec::new(), interval })
    }

    fn slice(&mut self) -> Option<Proposal> {
        let x = self.pick(|known| !known.kind.shape.is_empty())?;
        let rank = x.kind.shape.len();
        let axis = self.between(0, rank - 1);
        let step = [-2, -1, 1, 2][self.between(0, 3)];
        let (start, end) = if step > 0 { (self.between(0, 2) as i64, -1) } else { (-1, self.between(0, 2) as i64) };
        Self::moved(x, Slice { starts: vec![start], ends: vec![end], axes: vec![axis as i64], steps: vec![step] })
    }

    fn pad(&mut self) -> Option<Proposal> {
        let x = self.floats()?;
        let pads = (0..2 * x.kind.shape.len()).map(|_| self.between(0, 2) as i64).collect();
        let mode = self.pad_mode();
        let interval = [x.interval[0].min(0.5), x.interval[1].max(0.5)];
        Some(Proposal { interval, ..Self::moved(x, Pad { pads, mode, value: 0.5 })? })
    }

    fn pad_mode(&mut self) -> PadMode {
        [PadMode::Constant, PadMode::Reflect, PadMode::Edge, PadMode::Wrap][self.between(0, 3)]
    }

    fn reshape(&mut self) -> Option<Proposal> {
        let x = self.pick(|_| true)?;
        let open = self.between(0, 2);
        let shape = (0..3).map(|_| Dim::Fixed(self.between(1, 4))).collect();
        Self::moved(x, Reshape { shape, infer: Some(open) })
    }

    fn transpose(&mut self) -> Option<Proposal> {
        let x = self.pick(|known| known.kind.shape.len() > 1)?;
        let mut axes: Vec<usize> = (0..x.kind.shape.len()).collect();
        let perm = (0..axes.len()).map(|_| axes.remove(self.between(0, axes.len() - 1))).collect();
        Self::moved(x, Transpose { perm })
    }

    fn expand(&mut self) -> Option<Proposal> {
        let x = self.pick(|known| known.kind.shape.len() < 6)?;
        let mut shape: Vec<Dim> = vec![Dim::Fixed(self.between(1, 3))];
        for &length in &x.kind.shape {
            shape.push(Dim::Fixed(if length == 1 { self.between(1, 3) } else { 1 }));
        }
        Self::moved(x, Expand { shape })
    }

    fn resize(&mut self) -> Option<Proposal> {
        use CoordinateTransformationMode::{AlignCorners, Asymmetric, HalfPixel, PytorchHalfPixel};
        let (x, _) = self.image()?;
        let op = Resize {
            mode: [ResizeMode::Nearest, ResizeMode::Linear][self.between(0, 1)],
            scales: vec![[0.5, 1.5, 2.0][self.between(0, 2)], [0.7, 1.0, 2.0][self.between(0, 2)]],
            sizes: Vec::new(),
            coordinate_transformation_mode: [HalfPixel, Asymmetric, AlignCorners, PytorchHalfPixel][self.between(0, 3)],
            nearest_mode: [NearestMode::RoundPreferFloor, NearestMode::Floor, NearestMode::Ceil][self.between(0, 2)],
        };
        Self::moved(x, op)
    }

    fn depth_to_space(&mut self) -> Option<Proposal> {
        let (x, _) = self.image()?;
        let mode = [DepthToSpaceMode::Dcr, DepthToSpaceMode::Crd][self.between(0, 1)];
        Self::moved(x, DepthToSpace { blocksize: 2, mode })
    }

    fn pool(&mut self) -> Option<Proposal> {
        let (x, _) = self.image()?;
        let kernel_shape = vec![self.between(2, 3), 2];
        let strides = vec![self.between(1, 2), self.between(1, 3)];
        let dilations = vec![1, self.between(1, 2)];
        let pads = vec![self.between(0, 1), 0, 0, self.between(0, 1)];
        let ceil_mode = self.between(0, 1) == 0;
        macro_rules! op {
            ($name:ident, $field:ident: $value:expr) => {
                $name { kernel_shape, strides, dilations, pads, ceil_mode, auto_pad: AutoPad::NotSet, $field: $value }
                    .into()
            };
        }
        let op: Op = match self.between(0, 2) {
            0 => op!(AveragePool, count_include_pad: self.between(0, 1) == 0),
            1 => op!(MaxPool, storage_order: 0),
            // No more than 6 elements have magnitudes that add up to less than 6 times the largest.
            _ => {
                let interval = [0.0, 6.0 * x.absolute()];
                return Some(Proposal {
                    interval,
                    ..Self::moved(x, {
                        let op: Op = op!(LpPool, p: 1);
                        op
                    })?
                });
            }
        };
        let interval = [x.interval[0].min(0.0), x.interval[1].max(0.0)];
        Some(Proposal { interval, ..Self::moved(x, op)? })
    }

    fn matrix(&mut self) -> Option<Proposal> {
        let a = self.pick(|known| known.kind.dtype == DType::F32 && !known.kind.shape.is_empty())?;
        let (k, n) = (*a.kind.shape.last()?, self.between(1, 9));
        let largest = 2.0 / k as f32;
        let bound = 2.0 * a.absolute();
        if a.kind.shape.len() != 2 {
            let b = self.tensor(vec![k, n], [-largest, largest]);
            return Some(Proposal {
                op: MatMul {}.into(),
                inputs: vec![a],
                weights: vec![b],
                interval: [-bound, bound],
            });
        }
        let b = self.tensor(vec![n, k], [-largest, largest]);
        let c = self.tensor(vec![n], [-1.0, 1.0]);
        let op = Gemm { alpha: 0.5, beta: 2.0, trans_a: false, trans_b: true };
        let bound = 0.5 * bound + 2.0;
        Some(Proposal { op: op.into(), inputs: vec![a], weights: vec![b, c], interval: [-bound, bound] })
    }

    /// A value that reads nothing.
    fn source(&mut self) -> Option<Proposal> {
        let stream = self.between(0, 900) as u32;
        let shape = Dim::nchw(self.between(1, 4));
        let (op, interval): (Op, _) = match self.between(0, 2) {
            0 => (RandomUniform { low: -1.0, high: 1.0, shape, stream }.into(), [-1.0, 1.0]),
            1 => (RandomNormal { mean: 0.0, scale: 0.5, shape, stream }.into(), [-3.0, 3.0]),
            _ => (Constant { value: self.tensor(vec![1, 3, 1, 1], [0.5, 1.0]) }.into(), [0.5, 1.0]),
        };
        Some(Proposal { op, inputs: Vec::new(), weights: Vec::new(), interval })
    }
}
