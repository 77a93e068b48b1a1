//! Dispatches each operator to the file of its family. The match is exhaustive: a missing operator does not compile.
//!
//! An operator takes its inputs by value: one that nobody else holds gives its memory to the result ([`Value::into_f32s`]). Results
//! are written into memory from [`Context::buffers`](crate::context::Context), whose contents are arbitrary: every element is written.
//! Loops over whole tensors are divided among rayon's threads so that every element is computed in one fixed order, whatever the number of threads.
//!
//! First half, the sums of products and what is beside them: `conv`, `conv_transpose`, `matmul`, `einsum`, `normalization`, `batch_normalization`,
//! `softmax`, `pool`, `resize`, `exemplar`, `nnf`, `nnf_feature`, `histogram`. Second half, elements and places: all other files.

mod affine_grid;
mod arg_max;
mod batch_normalization;
pub(crate) mod binary;
mod cast;
mod concat;
mod constant;
pub(crate) mod conv;
pub(crate) mod conv_transpose;
mod cum_sum;
mod depth_to_space;
mod einsum;
pub(crate) mod elementwise;
mod exemplar;
mod gather;
mod grid_sample;
mod histogram;
mod matmul;
mod nnf;
mod nnf_feature;
pub(crate) mod normalization;
mod pad;
mod pool;
mod random;
mod reduce;
mod resize;
mod scatter;
mod select;
mod shape;
mod slice;
mod softmax;
mod strided;
mod trilu;
pub(crate) mod unary;

use std::sync::Arc;

use imagine_graph::rng::RandomState;
use imagine_graph::{DEFAULT_GUIDE_SCALE, Op, Size, Tensor, TensorType};

use crate::buffers::Buffers;
use crate::context::{Context, Prepared};
use crate::value::Value;
use crate::weights::{ConvWeights, TransposedWeights};
pub(crate) use exemplar::Levels;
use exemplar::Wanted;

/// The inputs of one node, taken in order.
struct Inputs(std::vec::IntoIter<Option<Value>>);

impl Inputs {
    fn next(&mut self) -> Value {
        self.0.next().flatten().expect("the shape rule asked for it")
    }

    fn optional(&mut self) -> Option<Value> {
        self.0.next().flatten()
    }
}

/// What a network prepares for a node that reads these weights; `None` for inputs that are no weights.
pub(crate) fn prepare(op: &Op, weights: &[Option<&Value>], levels: &mut Levels) -> Option<Prepared> {
    match (op, weights) {
        (Op::Conv(params), [_, Some(w), ..]) => Some(Prepared::Conv(Arc::new(ConvWeights::new(params, w)))),
        (Op::ConvTranspose(params), [_, Some(w), ..]) => {
            Some(Prepared::ConvTranspose(Arc::new(TransposedWeights::new(params, w))))
        }
        (Op::BatchNormalization(params), [_, Some(scale), Some(bias), Some(mean), Some(variance)]) => {
            let factors = batch_normalization::factors(params, [scale, bias, mean, variance]);
            Some(Prepared::Affine(Arc::new(factors)))
        }
        (Op::ExemplarMatch(params), [_, Some(appearance), similar, ..]) => {
            Some(Prepared::Level(levels.matched(params, appearance, *similar)))
        }
        (Op::ExemplarMatch(params), [_, Some(appearance)]) => {
            Some(Prepared::Level(levels.matched(params, appearance, None)))
        }
        (Op::ExemplarMove(params), [_, Some(similar), ..]) => Some(Prepared::Level(levels.moved(params, similar))),
        _ => None,
    }
}

/// Runs `op`, for executors that leave some operators to this one. `outputs` and `size` are those that the shape rule was asked about.
///
/// # Panics
/// If the operator's shape rule does not accept the inputs.
pub fn run_operator(
    op: &Op,
    inputs: Vec<Option<Tensor>>,
    outputs: &[TensorType],
    size: Size,
    random: RandomState,
) -> Vec<Tensor> {
    let buffers = Buffers::default();
    let context = Context { outputs: outputs.to_vec(), size, random, buffers: &buffers, prepared: None };
    let inputs = inputs.into_iter().map(|input| input.map(Value::new)).collect();
    run(op, inputs, &context).into_iter().map(Value::into_tensor).collect()
}

/// Runs one operator, whose shape rule has accepted the inputs.
pub(crate) fn run(op: &Op, inputs: Vec<Option<Value>>, context: &Context) -> Vec<Value> {
    let mut x = Inputs(inputs.into_iter());
    let result = match op {
        Op::Conv(params) => conv::run(params, x.next(), x.next(), x.optional(), context),
        Op::ConvTranspose(params) => conv_transpose::run(params, x.next(), x.next(), x.optional(), context),
        Op::MatMul(_) => matmul::matmul(x.next(), x.next(), context),
        Op::Gemm(params) => matmul::gemm(params, x.next(), x.next(), x.optional(), context),
        Op::Add(_)
        | Op::Sub(_)
        | Op::Mul(_)
        | Op::Div(_)
        | Op::Min(_)
        | Op::Max(_)
        | Op::Mod(_)
        | Op::Pow(_)
        | Op::PRelu(_)
        | Op::Greater(_)
        | Op::GreaterOrEqual(_)
        | Op::Less(_)
        | Op::LessOrEqual(_)
        | Op::Equal(_)
        | Op::And(_)
        | Op::Or(_)
        | Op::Xor(_) => elementwise::run(op, vec![x.next(), x.next()], context),
        Op::Clip(_)
        | Op::Relu(_)
        | Op::LeakyRelu(_)
        | Op::ThresholdedRelu(_)
        | Op::Elu(_)
        | Op::Selu(_)
        | Op::Gelu(_)
        | Op::Mish(_)
        | Op::Softplus(_)
        | Op::Softsign(_)
        | Op::HardSigmoid(_)
        | Op::HardSwish(_)
        | Op::Sigmoid(_)
        | Op::Tanh(_)
        | Op::Sin(_)
        | Op::Cos(_)
        | Op::Asin(_)
        | Op::Acos(_)
        | Op::Atan(_)
        | Op::Exp(_)
        | Op::Log(_)
        | Op::Sqrt(_)
        | Op::Reciprocal(_)
        | Op::Erf(_)
        | Op::Floor(_)
        | Op::Ceil(_)
        | Op::Round(_)
        | Op::Neg(_)
        | Op::Abs(_)
        | Op::Sign(_)
        | Op::Not(_)
        | Op::Cast(_) => elementwise::run(op, vec![x.next()], context),
        Op::Identity(_) => x.next(),
        Op::Where(_) => elementwise::run(op, vec![x.next(), x.next(), x.next()], context),
        Op::Concat(params) => concat::run(params, x.0.flatten().collect(), context),
        Op::Slice(params) => slice::run(params, x.next(), context),
        Op::Split(params) => return slice::split(params, x.next(), context),
        Op::Pad(params) => pad::run(params, x.next(), context),
        Op::Reshape(_) | Op::Flatten(_) | Op::Squeeze(_) | Op::Unsqueeze(_) => x.next().reshaped(context.shape()),
        Op::Transpose(params) => shape::transpose(params, x.next(), context),
        Op::Expand(_) => shape::expand(x.next(), context),
        Op::Resize(params) => resize::run(params, x.next(), context),
        Op::DepthToSpace(params) => depth_to_space::depth_to_space(params, x.next(), context),
        Op::SpaceToDepth(params) => depth_to_space::space_to_depth(params, x.next(), context),
        Op::Tile(params) => shape::tile(params, x.next(), context),
        Op::Trilu(params) => trilu::run(params, x.next(), context),
        Op::CumSum(params) => cum_sum::run(params, x.next(), context),
        Op::Gather(params) => gather::gather(params, x.next(), x.next(), context),
        Op::GatherElements(params) => gather::elements(params, x.next(), x.next(), context),
        Op::GatherND(params) => gather::nd(params, x.next(), x.next(), context),
        Op::ScatterElements(params) => scatter::elements(params, x.next(), x.next(), x.next(), context),
        Op::ScatterND(params) => scatter::nd(params, x.next(), x.next(), x.next(), context),
        Op::GridSample(params) => grid_sample::run(params, x.next(), x.next(), context),
        Op::AffineGrid(params) => affine_grid::run(params, x.next(), context),
        Op::Einsum(params) => einsum::run(params, x.0.flatten().collect(), context),
        Op::AveragePool(params) => pool::average(params, x.next(), context),
        Op::MaxPool(params) => return pool::max(params, x.next(), context),
        Op::LpPool(params) => pool::lp(params, x.next(), context),
        Op::GlobalAveragePool(_)
        | Op::GlobalMaxPool(_)
        | Op::ReduceSum(_)
        | Op::ReduceMean(_)
        | Op::ReduceProd(_)
        | Op::ReduceMax(_)
        | Op::ReduceMin(_)
        | Op::ReduceL1(_)
        | Op::ReduceL2(_)
        | Op::ReduceSumSquare(_)
        | Op::ReduceLogSum(_)
        | Op::ReduceLogSumExp(_) => reduce::run(op, x.next(), context),
        Op::ArgMax(params) => arg_max::max(params, x.next(), context),
        Op::ArgMin(params) => arg_max::min(params, x.next(), context),
        Op::Softmax(params) => softmax::softmax(params, x.next(), context),
        Op::LogSoftmax(params) => softmax::log_softmax(params, x.next(), context),
        Op::BatchNormalization(params) => {
            batch_normalization::run(params, x.next(), x.next(), x.next(), x.next(), x.next(), context)
        }
        Op::InstanceNormalization(params) => normalization::instance(params, x.next(), x.next(), x.next(), context),
        Op::GroupNormalization(params) => normalization::group(params, x.next(), x.next(), x.next(), context),
        Op::LayerNormalization(params) => normalization::layer(params, x.next(), x.next(), x.optional(), context),
        Op::RMSNormalization(params) => normalization::root_mean_square(params, x.next(), x.next(), context),
        Op::MeanVarianceNormalization(params) => normalization::mean_variance(params, x.next(), context),
        Op::LpNormalization(params) => normalization::norm(params, x.next(), context),
        Op::ExemplarStart(params) => exemplar::first(params, context),
        Op::ExemplarDouble(params) => exemplar::doubled(params, x.next(), context),
        Op::ExemplarMove(params) => {
            let (field, similar) = (x.next(), x.next());
            let wanted = Wanted::new(x.optional(), x.optional(), DEFAULT_GUIDE_SCALE);
            exemplar::moved(params, field, similar, wanted, x.optional(), context)
        }
        Op::ExemplarMatch(params) => {
            let (field, appearance, similar) = (x.next(), x.next(), x.optional());
            let wanted = Wanted::new(x.optional(), x.optional(), params.guide_scale);
            exemplar::matched(params, field, appearance, similar, wanted, x.optional(), context)
        }
        Op::ExemplarGather(params) => exemplar::gathered(params, x.next(), x.next(), x.optional(), context),
        Op::NnfPack(_) => nnf_feature::pack(x.0.collect(), context),
        Op::NnfProject(params) => nnf_feature::project(params, x.0.collect(), context),
        Op::NnfSearch(params) => nnf::search(params, x.0.collect(), context),
        Op::NnfPropagate(params) => nnf::propagate(params, x.0.collect(), context),
        Op::NnfDistance(_) => nnf::distance(x.0.collect(), context),
        Op::NnfVote(params) => nnf::vote(params, x.0.collect(), context),
        Op::Histogram(params) => histogram::run(params, x.0.collect(), context),
        Op::RandomUniform(params) => random::uniform(params, context),
        Op::RandomNormal(params) => random::normal(params, context),
        Op::Bernoulli(params) => random::bernoulli(params, x.next(), context),
        Op::Constant(params) => constant::run(params, context),
    };
    vec![result]
}
