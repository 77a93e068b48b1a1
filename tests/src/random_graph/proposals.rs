//! Proposals for nodes of a random graph: one function a family, each with the interval of its result.

use imagine_graph::*;

use super::{Builder, Known, Proposal};

impl Builder {
    /// Some node; the caller tries again on `None` or if the shape rule refuses it.
    pub(super) fn propose(&mut self) -> Option<Proposal> {
        match self.between(0, 39) {
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
            19 | 20 => self.activation(),
            21 => self.rounded(),
            22 => self.logic(),
            23 => self.integers(),
            24 => self.view(),
            25 => self.power(),
            26 => self.picked(),
            27 => self.rearranged(),
            28 => self.sampled(),
            29 | 30 => self.reduction(),
            31 => self.line(),
            32 | 33 => self.normalization(),
            34 => self.angle(),
            35 | 36 => self.by_example(),
            37 | 38 => self.nearest(),
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
            strides: vec![self.between(1, 2), self.between(1, 2)],
            dilations: vec![self.between(1, 2), 1],
            pads: vec![self.between(0, 2), self.between(0, 2), self.between(0, 2), self.between(0, 2)],
            pad_mode,
            auto_pad: AutoPad::NotSet,
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
            strides: vec![self.between(1, 2), 2],
            dilations: vec![1, self.between(1, 2)],
            pads: vec![self.between(0, 1), self.between(0, 1), self.between(0, 1), 0],
            output_padding: vec![0, self.between(0, 1)],
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

    /// A function that is monotonic or bounded, so that the ends give its interval.
    fn activation(&mut self) -> Option<Proposal> {
        let choice = self.between(0, 12);
        // Logarithm and reciprocal have no bound near zero.
        let least = if choice < 2 { 0.1 } else { f32::MIN };
        let x = self.pick(|known| known.kind.dtype == DType::F32 && known.interval[0] > least)?;
        let [low, high] = x.interval;
        let elu = |v: f32| if v > 0.0 { v } else { v.exp() - 1.0 };
        let (op, interval): (Op, _) = match choice {
            0 => (Log {}.into(), [low.ln(), high.ln()]),
            1 => (Reciprocal {}.into(), [1.0 / high, 1.0 / low]),
            2 => (Elu { alpha: 1.0 }.into(), [elu(low), elu(high)]),
            3 => (Selu { alpha: 1.0, gamma: 0.5 }.into(), [0.5 * elu(low), 0.5 * elu(high)]),
            4 => (Gelu { approximate: Approximate::None }.into(), [low.clamp(-0.2, 0.0), high.max(0.0)]),
            5 => (Gelu { approximate: Approximate::Tanh }.into(), [low.clamp(-0.2, 0.0), high.max(0.0)]),
            6 => (Mish {}.into(), [low.clamp(-0.4, 0.0), high.max(0.0)]),
            7 => (Softplus {}.into(), [0.0, high.max(0.0) + 0.7]),
            8 => (Softsign {}.into(), [-1.0, 1.0]),
            9 => (HardSigmoid::default().into(), [0.0, 1.0]),
            10 => (HardSwish {}.into(), [low.clamp(-0.4, 0.0), high.max(0.0)]),
            11 => (Erf {}.into(), [-1.0, 1.0]),
            _ => {
                let slope = self.tensor(Vec::new(), [0.1, 0.9]);
                let interval = [low.min(0.0), high.max(0.0)];
                return Some(Proposal { op: PRelu {}.into(), inputs: vec![x], weights: vec![slope], interval });
            }
        };
        Some(Proposal { op, inputs: vec![x], weights: Vec::new(), interval })
    }

    /// A function that gives an angle.
    fn angle(&mut self) -> Option<Proposal> {
        use std::f32::consts::{FRAC_PI_2, PI};
        let choice = self.between(0, 2);
        // Beyond 1 there is no angle with such a sine.
        let most = if choice == 0 { f32::MAX } else { 1.0 };
        let x = self.pick(|known| known.kind.dtype == DType::F32 && known.absolute() <= most)?;
        let (op, interval): (Op, _) = match choice {
            0 => (Atan {}.into(), [-FRAC_PI_2, FRAC_PI_2]),
            1 => (Asin {}.into(), [-FRAC_PI_2, FRAC_PI_2]),
            _ => (Acos {}.into(), [0.0, PI]),
        };
        Some(Proposal { op, inputs: vec![x], weights: Vec::new(), interval })
    }

    /// A function with jumps.
    fn rounded(&mut self) -> Option<Proposal> {
        let x = self.floats()?;
        let [low, high] = x.interval;
        let (op, interval): (Op, _) = match self.between(0, 5) {
            0 => (Floor {}.into(), [low - 1.0, high]),
            1 => (Ceil {}.into(), [low, high + 1.0]),
            2 => (Round {}.into(), [low - 0.5, high + 0.5]),
            3 => (Sign {}.into(), [-1.0, 1.0]),
            4 => (Neg {}.into(), [-high, -low]),
            _ => (ThresholdedRelu { alpha: 0.25 }.into(), [low.min(0.0), high.max(0.0)]),
        };
        Some(Proposal { op, inputs: vec![x], weights: Vec::new(), interval })
    }

    fn condition(&mut self) -> Option<Proposal> {
        let a = self.floats()?;
        let threshold = self.tensor(Vec::new(), [-0.5, 0.5]);
        let op: Op = match self.between(0, 4) {
            0 => Greater {}.into(),
            1 => GreaterOrEqual {}.into(),
            2 => Less {}.into(),
            3 => LessOrEqual {}.into(),
            _ => Equal {}.into(),
        };
        Some(Proposal { op, inputs: vec![a], weights: vec![threshold], interval: [0.0, 1.0] })
    }

    fn logic(&mut self) -> Option<Proposal> {
        let mut truth = || self.pick(|known| known.kind.dtype == DType::Bool);
        let (a, b) = (truth()?, truth()?);
        let (op, inputs): (Op, _) = match self.between(0, 4) {
            0 => (And {}.into(), vec![a, b]),
            1 => (Or {}.into(), vec![a, b]),
            2 => (Xor {}.into(), vec![a, b]),
            3 => (Cast::to(DType::F32).into(), vec![a]),
            _ => (Not {}.into(), vec![a]),
        };
        Some(Proposal { op, inputs, weights: Vec::new(), interval: [0.0, 1.0] })
    }

    /// To integers, between them, and back.
    fn integers(&mut self) -> Option<Proposal> {
        let is_integer = |known: &Known| known.kind.dtype == DType::I32;
        let choice = self.between(0, 3);
        let (Some(x), true) = (self.pick(is_integer), choice > 0) else {
            return Self::moved(self.floats()?, Cast::to(DType::I32));
        };
        if choice == 1 {
            return Self::moved(x, Cast::to(DType::F32));
        }
        let weight = Tensor::new(Vec::new(), TensorData::I32(vec![[-3, -2, 2, 3][self.between(0, 3)]]));
        let bound = x.absolute();
        let (op, interval): (Op, _) = match choice {
            2 => (Mod { fmod: self.between(0, 1) == 0 }.into(), [-3.0, 3.0]),
            _ => (Div {}.into(), [-bound, bound]),
        };
        Some(Proposal { op, inputs: vec![x], weights: vec![weight], interval })
    }

    fn view(&mut self) -> Option<Proposal> {
        let x = self.pick(|_| true)?;
        let rank = x.kind.shape.len();
        match self.between(0, 3) {
            0 => Self::moved(x, Flatten { axis: self.between(0, rank) as i64 }),
            1 => Self::moved(x, Squeeze { axes: Vec::new() }),
            2 => Self::moved(x, Unsqueeze { axes: vec![self.between(0, rank) as i64] }),
            _ => Self::moved(x, Split { axis: -1, split: Vec::new(), num_outputs: 2 }),
        }
    }

    fn power(&mut self) -> Option<Proposal> {
        let x = self.pick(|known| known.kind.dtype == DType::F32 && known.interval[0] > 0.1)?;
        let exponent = self.tensor(Vec::new(), [0.5, 2.0]);
        let corners = x.interval.map(|v| [v.powf(0.5), v.powf(2.0)]);
        let interval = [corners[0][0].min(corners[0][1]), corners[1][0].max(corners[1][1])];
        Some(Proposal { op: Pow {}.into(), inputs: vec![x], weights: vec![exponent], interval })
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
    pub(super) fn moved(x: Known, op: impl Into<Op>) -> Option<Proposal> {
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
        Some(Proposal { interval, ..Self::moved(x, Pad { pads, mode, value: 0.5, axes: Vec::new() })? })
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
        let x = self.pick(|known| known.kind.dtype == DType::F32 && known.kind.shape.len() > 1)?;
        let mode = [ResizeMode::Nearest, ResizeMode::Linear, ResizeMode::Cubic][self.between(0, 2)];
        let op = Resize {
            mode,
            scales: vec![[0.5, 1.5, 2.0][self.between(0, 2)], [0.7, 1.0, 2.0][self.between(0, 2)]],
            coordinate_transformation_mode: [HalfPixel, Asymmetric, AlignCorners, PytorchHalfPixel][self.between(0, 3)],
            nearest_mode: [NearestMode::RoundPreferFloor, NearestMode::Floor, NearestMode::Ceil][self.between(0, 2)],
            antialias: mode != ResizeMode::Nearest && self.between(0, 1) == 0,
            ..Resize::default()
        };
        // The absolute weights of the cubic kernel sum to 1.375 at most along an axis.
        let bound = x.absolute() * if mode == ResizeMode::Cubic { 2.0 } else { 1.0 };
        Some(Proposal { interval: [-bound, bound], ..Self::moved(x, op)? })
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
            ($name:ident, $($field:ident: $value:expr),*) => {
                $name { kernel_shape, strides, dilations, pads, ceil_mode, auto_pad: AutoPad::NotSet, $($field: $value),* }
                    .into()
            };
        }
        let op: Op = match self.between(0, 2) {
            0 => op!(AveragePool, count_include_pad: self.between(0, 1) == 0),
            1 => op!(MaxPool, storage_order: 0, indices: false),
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

    /// A node without inputs.
    fn source(&mut self) -> Option<Proposal> {
        let stream = self.between(0, 900) as u32;
        let shape = Dim::nchw(self.between(1, 4));
        let (op, interval): (Op, _) = match self.between(0, 2) {
            0 => (RandomUniform { low: -1.0, high: 1.0, shape, stream, part: None }.into(), [-1.0, 1.0]),
            1 => (RandomNormal { mean: 0.0, scale: 0.5, shape, stream, part: None }.into(), [-3.0, 3.0]),
            _ => (Constant { value: self.tensor(vec![1, 3, 1, 1], [0.5, 1.0]) }.into(), [0.5, 1.0]),
        };
        Some(Proposal { op, inputs: Vec::new(), weights: Vec::new(), interval })
    }
}
