//! Operators by their definitions, element by element in `f64`: what the kernels are compared with. Truth values are 0 and 1.

use imagine_graph::{
    Approximate, Case, DType, DepthToSpaceMode, GridSample, GridSampleMode, GridSamplePadding, Inputs, Op, PadMode,
    Reduction, ScatterReduction, Tensor, TensorData, TensorType,
};

/// A tensor of numbers.
#[derive(Clone, Debug)]
pub struct Array {
    pub shape: Vec<usize>,
    pub data: Vec<f64>,
}

impl Array {
    fn from_fn(shape: &[usize], mut element: impl FnMut(&[usize]) -> f64) -> Self {
        let count = shape.iter().product();
        let data = (0..count).map(|index| element(&place(index, shape))).collect();
        Self { shape: shape.to_vec(), data }
    }

    fn at(&self, place: &[usize]) -> f64 {
        let index = place.iter().zip(&self.shape).fold(0, |index, (at, length)| index * length + at);
        self.data[index]
    }

    /// The element that broadcasts to `place`.
    fn broadcast(&self, place: &[usize]) -> f64 {
        let own = &place[place.len() - self.shape.len()..];
        let own: Vec<_> = own.iter().zip(&self.shape).map(|(at, length)| if *length == 1 { 0 } else { *at }).collect();
        self.at(&own)
    }
}

impl From<&Tensor> for Array {
    fn from(tensor: &Tensor) -> Self {
        let data = match &tensor.data {
            TensorData::F32(data) => data.iter().map(|x| f64::from(*x)).collect(),
            TensorData::I32(data) => data.iter().map(|x| f64::from(*x)).collect(),
            TensorData::Bool(data) => data.iter().map(|x| f64::from(u8::from(*x))).collect(),
        };
        Self { shape: tensor.shape.clone(), data }
    }
}

fn place(index: usize, shape: &[usize]) -> Vec<usize> {
    let mut place = vec![0; shape.len()];
    let mut rest = index;
    for (at, length) in place.iter_mut().zip(shape).rev() {
        *at = rest % length;
        rest /= length;
    }
    place
}

/// The types of a case's outputs.
pub fn types(case: &Case) -> Vec<TensorType> {
    let types: Vec<_> = case.inputs.iter().map(|input| input.as_ref().map(Tensor::tensor_type)).collect();
    let types: Vec<_> = types.iter().map(Option::as_ref).collect();
    case.op.infer(&Inputs { types: &types, size: case.size() }).expect("cases are sound")
}

/// The outputs of a case; `None` for operators that are not defined here.
pub fn outputs(case: &Case) -> Option<Vec<Array>> {
    let inputs: Vec<Array> = case.inputs.iter().flatten().map(Array::from).collect();
    let types = types(case);
    let (shape, dtype) = (&types[0].shape[..], types[0].dtype);
    let integers = case.inputs.iter().flatten().all(|input| input.dtype() != DType::F32);
    if let Some(function) = unary(&case.op) {
        return Some(vec![Array::from_fn(shape, |at| function(inputs[0].at(at)))]);
    }
    if let Some(function) = binary(&case.op, integers) {
        return Some(vec![Array::from_fn(shape, |at| function(inputs[0].broadcast(at), inputs[1].broadcast(at)))]);
    }
    let (x, rank) = (inputs.first()?, shape.len());
    let one = match &case.op {
        Op::Cast(params) => Array::from_fn(shape, |at| {
            let x = x.at(at);
            match dtype {
                DType::F32 if params.bfloat16 => nearest_bfloat16(x),
                DType::F32 => f64::from(x as f32),
                DType::I32 => f64::from(x as i32),
                DType::Bool => f64::from(u8::from(x != 0.0)),
            }
        }),
        Op::Where(_) => Array::from_fn(shape, |at| inputs[if x.broadcast(at) != 0.0 { 1 } else { 2 }].broadcast(at)),
        Op::Concat(params) => {
            let axis = params.axis(rank).ok()?;
            Array::from_fn(shape, |at| {
                let mut at = at.to_vec();
                for input in &inputs {
                    if at[axis] < input.shape[axis] {
                        return input.at(&at);
                    }
                    at[axis] -= input.shape[axis];
                }
                unreachable!("the inputs fill the axis")
            })
        }
        Op::Slice(params) => {
            let ranges = params.ranges(&x.shape).ok()?;
            Array::from_fn(shape, |at| {
                let at =
                    at.iter().zip(&ranges).map(|(at, (start, _, step))| (*start as i64 + *at as i64 * step) as usize);
                x.at(&at.collect::<Vec<_>>())
            })
        }
        Op::Split(params) => {
            let (axis, parts) = params.parts(&x.shape).ok()?;
            let part = |((first, _), found): (&(usize, usize), &TensorType)| {
                Array::from_fn(&found.shape, |at| {
                    let mut at = at.to_vec();
                    at[axis] += first;
                    x.at(&at)
                })
            };
            return Some(parts.iter().zip(&types).map(part).collect());
        }
        Op::Pad(params) => {
            let sides = params.sides(rank).ok()?;
            Array::from_fn(shape, |at| {
                let mut from = Vec::new();
                for ((&at, &length), [before, after]) in at.iter().zip(&x.shape).zip(&sides) {
                    // Negative pads crop first.
                    let (first, left) = (-before.min(&0), length as i64 + before.min(&0) + after.min(&0));
                    let index = at as i64 - before.max(&0);
                    let inside = (0..left).contains(&index);
                    let index = match params.mode {
                        _ if inside => index,
                        PadMode::Constant => return f64::from(params.value),
                        PadMode::Edge => index.clamp(0, left - 1),
                        PadMode::Wrap => (index % left + left) % left,
                        PadMode::Reflect => mirrored(index, left),
                    };
                    from.push((index + first) as usize);
                }
                x.at(&from)
            })
        }
        Op::Identity(_) | Op::Reshape(_) | Op::Flatten(_) | Op::Squeeze(_) | Op::Unsqueeze(_) => {
            Array { shape: shape.to_vec(), data: x.data.clone() }
        }
        Op::Transpose(params) => {
            let axes = params.permutation(rank).ok()?;
            Array::from_fn(shape, |at| {
                let mut from = vec![0; rank];
                axes.iter().zip(at).for_each(|(axis, at)| from[*axis] = *at);
                x.at(&from)
            })
        }
        Op::Expand(_) => Array::from_fn(shape, |at| x.broadcast(at)),
        Op::Tile(_) => Array::from_fn(shape, |at| {
            x.at(&at.iter().zip(&x.shape).map(|(at, length)| at % length).collect::<Vec<_>>())
        }),
        Op::DepthToSpace(params) => {
            let (b, c) = (params.blocksize, shape[1]);
            Array::from_fn(shape, |at| {
                let (block, channel) = (at[2] % b * b + at[3] % b, at[1]);
                let channel = match params.mode {
                    DepthToSpaceMode::Dcr => block * c + channel,
                    DepthToSpaceMode::Crd => channel * b * b + block,
                };
                x.at(&[at[0], channel, at[2] / b, at[3] / b])
            })
        }
        Op::SpaceToDepth(params) => {
            let (b, c) = (params.blocksize, x.shape[1]);
            Array::from_fn(shape, |at| {
                let (block, channel) = (at[1] / c, at[1] % c);
                x.at(&[at[0], channel, at[2] * b + block / b, at[3] * b + block % b])
            })
        }
        Op::Trilu(params) => {
            Array::from_fn(shape, |at| if params.keeps(at[rank - 2], at[rank - 1]) { x.at(at) } else { 0.0 })
        }
        Op::CumSum(params) => {
            let axis = params.axis(rank).ok()?;
            Array::from_fn(shape, |at| {
                let own = at[axis];
                let counts = |index: usize| {
                    let before = if params.reverse { index > own } else { index < own };
                    before || (index == own && !params.exclusive)
                };
                let element = |index| {
                    let mut at = at.to_vec();
                    at[axis] = index;
                    x.at(&at)
                };
                (0..shape[axis]).filter(|index| counts(*index)).map(element).sum()
            })
        }
        Op::Gather(params) => {
            let axis = (params.axis + x.shape.len() as i64) as usize % x.shape.len();
            let (indices, own) = (&inputs[1], inputs[1].shape.len());
            Array::from_fn(shape, |at| {
                let index = inside(indices.at(&at[axis..axis + own]), x.shape[axis]);
                x.at(&[&at[..axis], &[index], &at[axis + own..]].concat())
            })
        }
        Op::GatherElements(params) => {
            let axis = (params.axis + rank as i64) as usize % rank;
            Array::from_fn(shape, |at| {
                let mut from = at.to_vec();
                from[axis] = inside(inputs[1].at(at), x.shape[axis]);
                x.at(&from)
            })
        }
        Op::GatherND(params) => {
            let (batch, tuples) = (params.batch_dims, inputs[1].shape.len() - 1);
            let picked = inputs[1].shape[tuples];
            Array::from_fn(shape, |at| {
                let mut from = at[..batch].to_vec();
                for pick in 0..picked {
                    let index = inputs[1].at(&[&at[..tuples], &[pick]].concat());
                    from.push(inside(index, x.shape[batch + pick]));
                }
                x.at(&[&from, &at[tuples..]].concat())
            })
        }
        Op::ScatterElements(params) => {
            let axis = (params.axis + rank as i64) as usize % rank;
            let mut result = x.clone();
            for (index, update) in inputs[2].data.iter().enumerate() {
                let mut at = place(index, &inputs[1].shape);
                at[axis] = inside(inputs[1].data[index], shape[axis]);
                update_at(&mut result, &at, params.reduction, *update);
            }
            result
        }
        Op::ScatterND(params) => {
            let tuples = inputs[1].shape.len() - 1;
            let picked = inputs[1].shape[tuples];
            let mut result = x.clone();
            for (index, update) in inputs[2].data.iter().enumerate() {
                let own = place(index, &inputs[2].shape);
                let pick = |pick| inside(inputs[1].at(&[&own[..tuples], &[pick]].concat()), shape[pick]);
                let at = [(0..picked).map(pick).collect(), own[tuples..].to_vec()].concat();
                update_at(&mut result, &at, params.reduction, *update);
            }
            result
        }
        Op::GridSample(params) => Array::from_fn(shape, |at| sample(params, x, &inputs[1], at)),
        Op::AffineGrid(params) => Array::from_fn(shape, |at| {
            let axes = shape[rank - 1];
            let position = |axis: usize| f64::from(params.position(at[axes - axis], shape[axes - axis]));
            let row = |column| x.at(&[at[0], at[rank - 1], column]);
            (0..axes).map(|axis| row(axis) * position(axis)).sum::<f64>() + row(axes)
        }),
        op => reduction(op, x, shape)?,
    };
    Some(vec![one])
}

fn unary(op: &Op) -> Option<Box<dyn Fn(f64) -> f64>> {
    let softplus = |x: f64| x.max(0.0) + (-x.abs()).exp().ln_1p();
    let elu = |x: f64, alpha: f32| if x > 0.0 { x } else { f64::from(alpha) * x.exp_m1() };
    Some(match op.clone() {
        Op::Relu(_) => Box::new(|x| x.max(0.0)),
        Op::LeakyRelu(params) => Box::new(move |x| if x > 0.0 { x } else { f64::from(params.alpha) * x }),
        Op::ThresholdedRelu(params) => Box::new(move |x| if x > f64::from(params.alpha) { x } else { 0.0 }),
        Op::Elu(params) => Box::new(move |x| elu(x, params.alpha)),
        Op::Selu(params) => Box::new(move |x| f64::from(params.gamma) * elu(x, params.alpha)),
        Op::Gelu(params) => match params.approximate {
            Approximate::None => Box::new(|x| x * 0.5 * (1.0 + erf(x / std::f64::consts::SQRT_2))),
            Approximate::Tanh => Box::new(|x| {
                let root = (2.0 / std::f64::consts::PI).sqrt();
                x * 0.5 * (1.0 + (root * (x + 0.044_715 * x * x * x)).tanh())
            }),
        },
        Op::Mish(_) => Box::new(move |x| x * softplus(x).tanh()),
        Op::Softplus(_) => Box::new(softplus),
        Op::Softsign(_) => Box::new(|x| x / (1.0 + x.abs())),
        Op::HardSigmoid(params) => {
            Box::new(move |x| (f64::from(params.alpha) * x + f64::from(params.beta)).clamp(0.0, 1.0))
        }
        Op::HardSwish(_) => Box::new(|x| x * (x / 6.0 + 0.5).clamp(0.0, 1.0)),
        Op::Sigmoid(_) => Box::new(|x| 1.0 / (1.0 + (-x).exp())),
        Op::Tanh(_) => Box::new(f64::tanh),
        Op::Sin(_) => Box::new(f64::sin),
        Op::Cos(_) => Box::new(f64::cos),
        Op::Asin(_) => Box::new(f64::asin),
        Op::Acos(_) => Box::new(f64::acos),
        Op::Atan(_) => Box::new(f64::atan),
        Op::Exp(_) => Box::new(f64::exp),
        Op::Log(_) => Box::new(f64::ln),
        Op::Sqrt(_) => Box::new(f64::sqrt),
        Op::Reciprocal(_) => Box::new(|x| 1.0 / x),
        Op::Erf(_) => Box::new(erf),
        Op::Floor(_) => Box::new(f64::floor),
        Op::Ceil(_) => Box::new(f64::ceil),
        Op::Round(_) => Box::new(f64::round_ties_even),
        Op::Neg(_) => Box::new(|x| -x),
        Op::Abs(_) => Box::new(f64::abs),
        Op::Sign(_) => Box::new(|x| if x == 0.0 { 0.0 } else { x.signum() }),
        Op::Not(_) => Box::new(|x| 1.0 - x),
        Op::Clip(params) => Box::new(move |x| {
            let x = params.min.map_or(x, |min| x.max(f64::from(min)));
            params.max.map_or(x, |max| x.min(f64::from(max)))
        }),
        _ => return None,
    })
}

fn binary(op: &Op, integers: bool) -> Option<Box<dyn Fn(f64, f64) -> f64>> {
    let truth = |truth: bool| f64::from(u8::from(truth));
    let wrapped = move |x: f64| if integers { f64::from(x as i64 as i32) } else { x };
    Some(match op.clone() {
        Op::Add(_) => Box::new(move |a, b| wrapped(a + b)),
        Op::Sub(_) => Box::new(move |a, b| wrapped(a - b)),
        Op::Mul(_) => Box::new(move |a, b| wrapped(a * b)),
        Op::Div(_) if integers => Box::new(move |a, b| if b == 0.0 { a } else { wrapped((a / b).trunc()) }),
        Op::Div(_) => Box::new(|a, b| a / b),
        Op::Min(_) => Box::new(f64::min),
        Op::Max(_) => Box::new(f64::max),
        Op::Mod(params) => Box::new(move |a, b| match (integers && b == 0.0, params.fmod) {
            (true, _) => 0.0,
            (false, true) => a % b,
            (false, false) => a - b * (a / b).floor(),
        }),
        Op::Pow(_) => Box::new(move |a, b| if integers { a.powf(b).trunc() } else { a.powf(b) }),
        Op::PRelu(_) => Box::new(|x, slope| if x > 0.0 { x } else { slope * x }),
        Op::Greater(_) => Box::new(move |a, b| truth(a > b)),
        Op::GreaterOrEqual(_) => Box::new(move |a, b| truth(a >= b)),
        Op::Less(_) => Box::new(move |a, b| truth(a < b)),
        Op::LessOrEqual(_) => Box::new(move |a, b| truth(a <= b)),
        Op::Equal(_) => Box::new(move |a, b| truth(a == b)),
        Op::And(_) => Box::new(|a, b| a * b),
        Op::Or(_) => Box::new(f64::max),
        Op::Xor(_) => Box::new(|a, b| (a - b).abs()),
        _ => return None,
    })
}

fn reduction(op: &Op, x: &Array, shape: &[usize]) -> Option<Array> {
    let rank = x.shape.len();
    let reduced = match op {
        Op::GlobalAveragePool(params) => params.reduced(rank),
        Op::GlobalMaxPool(params) => params.reduced(rank),
        Op::ReduceSum(params) => params.reduced(rank),
        Op::ReduceMean(params) => params.reduced(rank),
        Op::ReduceProd(params) => params.reduced(rank),
        Op::ReduceMax(params) => params.reduced(rank),
        Op::ReduceMin(params) => params.reduced(rank),
        Op::ReduceL1(params) => params.reduced(rank),
        Op::ReduceL2(params) => params.reduced(rank),
        Op::ReduceSumSquare(params) => params.reduced(rank),
        Op::ReduceLogSum(params) => params.reduced(rank),
        Op::ReduceLogSumExp(params) => params.reduced(rank),
        Op::ArgMax(params) => params.reduced(rank),
        Op::ArgMin(params) => params.reduced(rank),
        _ => return None,
    };
    let reduced = reduced.ok()?;
    let kept: Vec<_> = x.shape.iter().zip(&reduced).map(|(length, gone)| if *gone { 1 } else { *length }).collect();
    let mut groups: Vec<Vec<f64>> = vec![Vec::new(); kept.iter().product()];
    for (index, element) in x.data.iter().enumerate() {
        let at = place(index, &x.shape);
        let own = at.iter().zip(&kept).fold(0, |own, (at, length)| own * length + if *length == 1 { 0 } else { *at });
        groups[own].push(*element);
    }
    let first = |group: &Vec<f64>, best: f64, last: bool| {
        let mut places = (0..group.len()).filter(|index| group[*index] == best);
        (if last { places.next_back() } else { places.next() }).expect("the extremum is one of them") as f64
    };
    let (largest, smallest) = (f64::NEG_INFINITY, f64::INFINITY);
    let one = |group: &Vec<f64>| {
        let max = group.iter().copied().fold(largest, f64::max);
        let min = group.iter().copied().fold(smallest, f64::min);
        let sum: f64 = group.iter().sum();
        match op {
            Op::GlobalAveragePool(_) | Op::ReduceMean(_) => sum / group.len() as f64,
            Op::GlobalMaxPool(_) | Op::ReduceMax(_) => max,
            Op::ReduceMin(_) => min,
            Op::ReduceSum(_) => sum,
            // Factors of integers wrap.
            Op::ReduceProd(_) if group.iter().all(|x| x.fract() == 0.0) => {
                f64::from(group.iter().fold(1i32, |product, x| product.wrapping_mul(*x as i32)))
            }
            Op::ReduceProd(_) => group.iter().product(),
            Op::ReduceL1(_) => group.iter().map(|x| x.abs()).sum(),
            Op::ReduceL2(_) => group.iter().map(|x| x * x).sum::<f64>().sqrt(),
            Op::ReduceSumSquare(_) => group.iter().map(|x| x * x).sum(),
            Op::ReduceLogSum(_) => sum.ln(),
            Op::ReduceLogSumExp(_) => group.iter().map(|x| x.exp()).sum::<f64>().ln(),
            Op::ArgMax(params) => first(group, max, params.select_last_index),
            Op::ArgMin(params) => first(group, min, params.select_last_index),
            _ => unreachable!("not a reduction"),
        }
    };
    Some(Array { shape: shape.to_vec(), data: groups.iter().map(one).collect() })
}

fn inside(index: f64, length: usize) -> usize {
    let index = if index < 0.0 { index + length as f64 } else { index };
    index.clamp(0.0, length as f64 - 1.0) as usize
}

fn mirrored(index: i64, length: i64) -> i64 {
    if length == 1 {
        return 0;
    }
    let mut index = index;
    while !(0..length).contains(&index) {
        index = if index < 0 { -index } else { 2 * (length - 1) - index };
    }
    index
}

fn update_at(result: &mut Array, at: &[usize], reduction: ScatterReduction, update: f64) {
    let index = at.iter().zip(&result.shape).fold(0, |index, (at, length)| index * length + at);
    let own = &mut result.data[index];
    *own = match reduction {
        ScatterReduction::None => update,
        ScatterReduction::Add => *own + update,
        ScatterReduction::Mul => *own * update,
        ScatterReduction::Min => own.min(update),
        ScatterReduction::Max => own.max(update),
    };
}

fn nearest_bfloat16(x: f64) -> f64 {
    let bits = (x as f32).to_bits();
    let [down, up] = [bits & 0xffff_0000, (bits & 0xffff_0000).wrapping_add(0x1_0000)];
    match (bits & 0xffff).cmp(&0x8000) {
        std::cmp::Ordering::Less => f64::from(f32::from_bits(down)),
        std::cmp::Ordering::Greater => f64::from(f32::from_bits(up)),
        std::cmp::Ordering::Equal => f64::from(f32::from_bits(if down & 0x1_0000 == 0 { down } else { up })),
    }
}

/// The error function by its series.
fn erf(x: f64) -> f64 {
    let (mut term, mut sum) = (x, x);
    for n in 1..120 {
        term *= -x * x / f64::from(n);
        sum += term / f64::from(2 * n + 1);
    }
    sum * 2.0 / std::f64::consts::PI.sqrt()
}

/// The element of `GridSample` at `place`: the sum over all elements near the position of each axis.
fn sample(params: &GridSample, x: &Array, grid: &Array, place: &[usize]) -> f64 {
    let axes = x.shape.len() - 2;
    let point = |axis: usize| grid.at(&[&place[..1], &place[2..], &[axes - 1 - axis]].concat());
    let along: Vec<Vec<(Option<usize>, f64)>> =
        (0..axes).map(|axis| taps(params, point(axis), x.shape[axis + 2] as f64)).collect();
    let mut sums = vec![(place[..2].to_vec(), 1.0)];
    for taps in &along {
        let next = sums.iter().flat_map(|(at, weight)| {
            let known = taps.iter().filter_map(|(index, own)| index.map(|index| (index, *own)));
            known.map(move |(index, own)| ([&at[..], &[index]].concat(), weight * own))
        });
        sums = next.collect();
    }
    sums.iter().map(|(at, weight)| x.at(at) * weight).sum()
}

fn taps(params: &GridSample, g: f64, length: f64) -> Vec<(Option<usize>, f64)> {
    let corners = params.align_corners;
    let [low, high] = if corners { [0.0, length - 1.0] } else { [-0.5, length - 0.5] };
    let mirror = |at: f64| {
        let mut at = at;
        while high > low && !(low..=high).contains(&at) {
            at = if at < low { 2.0 * low - at } else { 2.0 * high - at };
        }
        if high > low { at } else { 0.0 }
    };
    let at = if corners { (g + 1.0) / 2.0 * (length - 1.0) } else { ((g + 1.0) * length - 1.0) / 2.0 };
    let at = if params.mode == GridSampleMode::Nearest { at.round_ties_even() } else { at };
    let at = match params.padding_mode {
        GridSamplePadding::Zeros => at,
        GridSamplePadding::Border if (low..=high).contains(&at) => at,
        GridSamplePadding::Border => at.clamp(0.0, length - 1.0),
        GridSamplePadding::Reflection => mirror(at),
    };
    let floor = at.floor();
    let range = match params.mode {
        GridSampleMode::Nearest => 0..1,
        GridSampleMode::Linear => 0..2,
        GridSampleMode::Cubic => -1..3,
    };
    let one = |k: i32| {
        let (index, t) = (floor + f64::from(k), (at - floor - f64::from(k)).abs());
        let weight = match params.mode {
            GridSampleMode::Nearest => 1.0,
            GridSampleMode::Linear => 1.0 - t,
            GridSampleMode::Cubic if t <= 1.0 => 1.25 * t * t * t - 2.25 * t * t + 1.0,
            GridSampleMode::Cubic => -0.75 * (t * t * t - 5.0 * t * t + 8.0 * t - 4.0),
        };
        let inside = (0.0..=length - 1.0).contains(&index);
        let index = match params.padding_mode {
            GridSamplePadding::Zeros => inside.then_some(index),
            GridSamplePadding::Border => Some(index.clamp(0.0, length - 1.0)),
            GridSamplePadding::Reflection => Some(mirror(index).round_ties_even().clamp(0.0, length - 1.0)),
        };
        (index.map(|index| index as usize), weight)
    };
    range.map(one).collect()
}
