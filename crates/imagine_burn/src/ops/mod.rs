//! Dispatches each operator to the file of its family. The match is exhaustive: a missing operator does not compile.

mod affine_grid;
mod arg_max;
mod batch_normalization;
mod binary;
mod cast;
mod concat;
mod constant;
mod conv;
mod conv_transpose;
mod cum_sum;
mod depth_to_space;
mod einsum;
mod gather;
mod grid_sample;
mod matmul;
mod normalization;
mod on_cpu;
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
mod trilu;
mod unary;

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use imagine_graph::Op;

use crate::context::Context;
use crate::value::Value;
use reduce::Extremum;

/// The inputs of one node, taken in order.
struct Inputs<B: Backend>(std::vec::IntoIter<Option<Value<B>>>);

impl<B: Backend> Inputs<B> {
    fn next(&mut self) -> Value<B> {
        self.0.next().flatten().expect("the shape rule asked for it")
    }

    fn float(&mut self) -> FloatTensor<B> {
        self.next().into_float()
    }

    fn optional(&mut self) -> Option<Value<B>> {
        self.0.next().flatten()
    }

    fn optional_float(&mut self) -> Option<FloatTensor<B>> {
        self.optional().map(Value::into_float)
    }
}

/// Runs one operator, whose shape rule has accepted the inputs.
pub(crate) fn run<B: Backend>(op: &Op, inputs: Vec<Option<Value<B>>>, context: &Context<B>) -> Vec<Value<B>> {
    let mut x = Inputs(inputs.into_iter());
    let shape = &context.outputs[0].shape;
    let result = match op {
        Op::Conv(params) => Value::Float(conv::run::<B>(params, x.float(), x.float(), x.optional_float(), shape)),
        Op::ConvTranspose(params) => {
            Value::Float(conv_transpose::run::<B>(params, x.float(), x.float(), x.optional_float(), shape))
        }
        Op::MatMul(_) => Value::Float(matmul::matmul::<B>(x.float(), x.float(), shape)),
        Op::Gemm(params) => Value::Float(matmul::gemm::<B>(params, x.float(), x.float(), x.optional_float(), shape)),
        Op::Add(_) => binary::arithmetic(B::float_add, B::int_add, x.next(), x.next(), shape),
        Op::Sub(_) => binary::arithmetic(B::float_sub, B::int_sub, x.next(), x.next(), shape),
        Op::Mul(_) => binary::arithmetic(B::float_mul, B::int_mul, x.next(), x.next(), shape),
        Op::Div(_) => binary::arithmetic(B::float_div, binary::quotient::<B>, x.next(), x.next(), shape),
        Op::Min(_) => binary::arithmetic(binary::float_min::<B>, binary::int_min::<B>, x.next(), x.next(), shape),
        Op::Max(_) => binary::arithmetic(binary::float_max::<B>, binary::int_max::<B>, x.next(), x.next(), shape),
        Op::Mod(params) => binary::remainder(params, x.next(), x.next(), shape),
        Op::Pow(_) => binary::power(x.next(), x.next(), shape),
        Op::PRelu(_) => Value::Float(binary::prelu::<B>(x.float(), x.next().broadcast(shape).into_float())),
        Op::Greater(_) => binary::compare(B::float_greater, B::int_greater, x.next(), x.next(), shape),
        Op::GreaterOrEqual(_) => {
            binary::compare(B::float_greater_equal, B::int_greater_equal, x.next(), x.next(), shape)
        }
        Op::Less(_) => binary::compare(B::float_lower, B::int_lower, x.next(), x.next(), shape),
        Op::LessOrEqual(_) => binary::compare(B::float_lower_equal, B::int_lower_equal, x.next(), x.next(), shape),
        Op::Equal(_) => binary::equal(x.next(), x.next(), shape),
        Op::And(_) => binary::logic(B::bool_and, x.next(), x.next(), shape),
        Op::Or(_) => binary::logic(B::bool_or, x.next(), x.next(), shape),
        Op::Xor(_) => binary::logic(B::bool_xor, x.next(), x.next(), shape),
        Op::Clip(params) => Value::Float(unary::clip::<B>(params, x.float())),
        Op::Relu(_) => Value::Float(B::relu(x.float())),
        Op::LeakyRelu(params) => Value::Float(B::leaky_relu(x.float(), params.alpha.into())),
        Op::ThresholdedRelu(params) => Value::Float(unary::thresholded_relu::<B>(params, x.float())),
        Op::Elu(params) => Value::Float(unary::elu::<B>(params.alpha, x.float())),
        Op::Selu(params) => Value::Float(unary::selu::<B>(params, x.float())),
        Op::Gelu(params) => Value::Float(unary::gelu::<B>(params.approximate, x.float())),
        Op::Mish(_) => Value::Float(unary::mish::<B>(x.float())),
        Op::Softplus(_) => Value::Float(unary::softplus::<B>(x.float())),
        Op::Softsign(_) => Value::Float(unary::softsign::<B>(x.float())),
        Op::HardSigmoid(params) => Value::Float(unary::ramp::<B>(x.float(), params.alpha, params.beta)),
        Op::HardSwish(_) => Value::Float(unary::hard_swish::<B>(x.float())),
        Op::Sigmoid(_) => Value::Float(B::sigmoid(x.float())),
        Op::Tanh(_) => Value::Float(B::float_tanh(x.float())),
        Op::Sin(_) => Value::Float(B::float_sin(x.float())),
        Op::Cos(_) => Value::Float(B::float_cos(x.float())),
        Op::Asin(_) => Value::Float(B::float_asin(x.float())),
        Op::Acos(_) => Value::Float(B::float_acos(x.float())),
        Op::Atan(_) => Value::Float(B::float_atan(x.float())),
        Op::Exp(_) => Value::Float(B::float_exp(x.float())),
        Op::Log(_) => Value::Float(B::float_log(x.float())),
        Op::Sqrt(_) => Value::Float(B::float_sqrt(x.float())),
        Op::Reciprocal(_) => Value::Float(B::float_recip(x.float())),
        Op::Erf(_) => Value::Float(B::float_erf(x.float())),
        Op::Floor(_) => Value::Float(B::float_floor(x.float())),
        Op::Ceil(_) => Value::Float(B::float_ceil(x.float())),
        Op::Round(_) => Value::Float(B::float_round(x.float())),
        Op::Neg(_) => unary::number(B::float_neg, B::int_neg, x.next()),
        Op::Abs(_) => unary::number(B::float_abs, B::int_abs, x.next()),
        Op::Sign(_) => unary::number(B::float_sign, B::int_sign, x.next()),
        Op::Not(_) => Value::Bool(B::bool_not(x.next().into_bool())),
        Op::Cast(params) => cast::run(params, x.next(), context),
        Op::Identity(_) => x.next(),
        Op::Where(_) => select::run(x.next(), x.next(), x.next(), shape),
        Op::Concat(params) => concat::run(params, x.0.flatten().collect()),
        Op::Slice(params) => slice::run(params, x.next()),
        Op::Split(params) => return slice::split(params, x.next()),
        Op::Pad(params) => pad::run(params, x.next()),
        Op::Reshape(_) | Op::Flatten(_) | Op::Squeeze(_) | Op::Unsqueeze(_) => shape::reshape(x.next(), shape),
        Op::Transpose(params) => shape::transpose(params, x.next()),
        Op::Expand(_) => x.next().broadcast(shape),
        Op::Resize(params) => resize::run(params, x.next(), context),
        Op::DepthToSpace(params) => Value::Float(depth_to_space::run::<B>(params, x.float(), shape)),
        Op::SpaceToDepth(params) => Value::Float(depth_to_space::space::<B>(params, x.float(), shape)),
        Op::Tile(params) => shape::tile(params, x.next()),
        Op::Trilu(params) => trilu::run(params, x.next(), context),
        Op::CumSum(params) => cum_sum::run(params, x.next()),
        Op::Gather(params) => gather::run(|data, indices| params.layout(data, indices), x.next(), x.next()),
        Op::GatherElements(params) => gather::run(|data, indices| params.layout(data, indices), x.next(), x.next()),
        Op::GatherND(params) => gather::run(|data, indices| params.layout(data, indices), x.next(), x.next()),
        Op::ScatterElements(params) => scatter::elements(params, x.next(), x.next(), x.next()),
        Op::ScatterND(params) => scatter::nd(params, x.next(), x.next(), x.next()),
        Op::GridSample(params) => Value::Float(grid_sample::run::<B>(params, x.float(), x.float(), shape)),
        Op::AffineGrid(params) => Value::Float(affine_grid::run::<B>(params, x.float(), shape)),
        Op::Einsum(params) => {
            Value::Float(einsum::run::<B>(params, x.0.flatten().map(Value::into_float).collect(), shape))
        }
        Op::AveragePool(params) => Value::Float(pool::average::<B>(params, x.float())),
        Op::MaxPool(params) if params.indices => return pool::max_with_indices::<B>(params, x.float()),
        Op::MaxPool(params) => Value::Float(pool::max::<B>(params, x.float())),
        Op::LpPool(params) => Value::Float(pool::lp::<B>(params, x.float())),
        Op::GlobalAveragePool(params) => Value::Float(reduce::mean::<B>(params, x.float(), shape)),
        Op::GlobalMaxPool(params) => reduce::extremum(Extremum::Max, params, x.next(), shape),
        Op::ReduceSum(params) => reduce::number(B::float_sum_dim, B::int_sum_dim, params, x.next(), shape),
        Op::ReduceMean(params) => Value::Float(reduce::mean::<B>(params, x.float(), shape)),
        Op::ReduceProd(params) => reduce::number(reduce::product::<B>, B::int_prod_dim, params, x.next(), shape),
        Op::ReduceMax(params) => reduce::extremum(Extremum::Max, params, x.next(), shape),
        Op::ReduceMin(params) => reduce::extremum(Extremum::Min, params, x.next(), shape),
        Op::ReduceL1(params) => Value::Float(reduce::sum::<B>(params, B::float_abs(x.float()), shape)),
        Op::ReduceL2(params) => Value::Float(B::float_sqrt(reduce::sum_square::<B>(params, x.float(), shape))),
        Op::ReduceSumSquare(params) => Value::Float(reduce::sum_square::<B>(params, x.float(), shape)),
        Op::ReduceLogSum(params) => Value::Float(B::float_log(reduce::sum::<B>(params, x.float(), shape))),
        Op::ReduceLogSumExp(params) => Value::Float(reduce::log_sum_exp::<B>(params, x.float(), shape)),
        Op::ArgMax(params) => arg_max::run(Extremum::Max, params, params.select_last_index, x.next(), shape),
        Op::ArgMin(params) => arg_max::run(Extremum::Min, params, params.select_last_index, x.next(), shape),
        Op::Softmax(params) => Value::Float(softmax::softmax::<B>(params, x.float())),
        Op::LogSoftmax(params) => Value::Float(softmax::log_softmax::<B>(params, x.float())),
        Op::BatchNormalization(params) => {
            let data = x.float();
            Value::Float(batch_normalization::run::<B>(params.epsilon, data, [(); 4].map(|()| x.float())))
        }
        Op::InstanceNormalization(params) => {
            let groups = shape[1];
            Value::Float(normalization::group::<B>(groups, params.epsilon, x.float(), x.float(), x.float()))
        }
        Op::GroupNormalization(params) => {
            let groups = params.num_groups;
            Value::Float(normalization::group::<B>(groups, params.epsilon, x.float(), x.float(), x.float()))
        }
        Op::LayerNormalization(params) => {
            let y = normalization::standard::<B>(params, params.epsilon, x.float());
            Value::Float(normalization::affine::<B>(y, Some(x.float()), x.optional_float()))
        }
        Op::RMSNormalization(params) => {
            let y = normalization::root_mean_square::<B>(params, params.epsilon, x.float());
            Value::Float(normalization::affine::<B>(y, Some(x.float()), None))
        }
        Op::MeanVarianceNormalization(params) => Value::Float(normalization::mean_variance::<B>(params, x.float())),
        Op::LpNormalization(params) => Value::Float(normalization::norm::<B>(params, x.float())),
        Op::ExemplarStart(_)
        | Op::ExemplarDouble(_)
        | Op::ExemplarMove(_)
        | Op::ExemplarMatch(_)
        | Op::ExemplarGather(_)
        | Op::NnfPack(_)
        | Op::NnfProject(_)
        | Op::NnfSearch(_)
        | Op::NnfPropagate(_)
        | Op::NnfDistance(_)
        | Op::NnfVote(_)
        | Op::Histogram(_) => return on_cpu::run(op, x.0.collect(), context),
        Op::RandomUniform(params) => random::uniform(params, context),
        Op::RandomNormal(params) => random::normal(params, context),
        Op::Bernoulli(params) => random::bernoulli(params, x.next(), context),
        Op::Constant(params) => constant::run(params, context),
    };
    vec![result]
}
