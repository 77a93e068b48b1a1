//! One file an operator family; this one picks. The mapping is exhaustive: an operator without one does not compile.

mod arg_max;
mod batch_normalization;
mod binary;
mod concat;
mod constant;
mod conv;
mod conv_transpose;
mod depth_to_space;
mod matmul;
mod normalization;
mod pad;
mod pool;
mod random;
mod reduce;
mod resize;
mod select;
mod shape;
mod slice;
mod softmax;
mod unary;

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use imagine_graph::rng::RandomState;
use imagine_graph::{Op, TensorType};

use crate::value::Value;
use reduce::Extreme;

/// What an operator may know beside its inputs.
pub(crate) struct Context<'a, B: Backend> {
    /// Types that the shape rule promised.
    pub outputs: Vec<TensorType>,
    /// Device that new tensors go to.
    pub device: &'a B::Device,
    /// What random numbers depend on.
    pub random: RandomState,
}

/// The inputs of one node, taken one after the other.
struct Inputs<B: Backend>(std::vec::IntoIter<Option<Value<B>>>);

impl<B: Backend> Inputs<B> {
    fn next(&mut self) -> Value<B> {
        self.0.next().flatten().expect("the shape rule asked for it")
    }

    fn float(&mut self) -> FloatTensor<B> {
        self.next().into_float()
    }

    fn optional_float(&mut self) -> Option<FloatTensor<B>> {
        self.0.next().flatten().map(Value::into_float)
    }
}

/// Runs one operator. Inputs have been checked by its shape rule.
pub(crate) fn run<B: Backend>(op: &Op, inputs: Vec<Option<Value<B>>>, context: &Context<B>) -> Vec<Value<B>> {
    let mut x = Inputs(inputs.into_iter());
    let shape = &context.outputs[0].shape;
    let result = match op {
        Op::Conv(params) => Value::Float(conv::run::<B>(params, x.float(), x.float(), x.optional_float())),
        Op::ConvTranspose(params) => {
            Value::Float(conv_transpose::run::<B>(params, x.float(), x.float(), x.optional_float(), shape))
        }
        Op::MatMul(_) => Value::Float(matmul::matmul::<B>(x.float(), x.float(), shape)),
        Op::Gemm(params) => Value::Float(matmul::gemm::<B>(params, x.float(), x.float(), x.optional_float(), shape)),
        Op::Add(_) => binary::float(B::float_add, x.next(), x.next(), shape),
        Op::Sub(_) => binary::float(B::float_sub, x.next(), x.next(), shape),
        Op::Mul(_) => binary::float(B::float_mul, x.next(), x.next(), shape),
        Op::Div(_) => binary::float(B::float_div, x.next(), x.next(), shape),
        Op::Min(_) => binary::float(binary::min::<B>, x.next(), x.next(), shape),
        Op::Max(_) => binary::float(binary::max::<B>, x.next(), x.next(), shape),
        Op::Greater(_) => binary::greater(x.next(), x.next(), shape),
        Op::Clip(params) => Value::Float(unary::clip::<B>(params, x.float())),
        Op::Relu(_) => Value::Float(B::relu(x.float())),
        Op::LeakyRelu(params) => Value::Float(B::leaky_relu(x.float(), params.alpha.into())),
        Op::Sigmoid(_) => Value::Float(B::sigmoid(x.float())),
        Op::Tanh(_) => Value::Float(B::float_tanh(x.float())),
        Op::Sin(_) => Value::Float(B::float_sin(x.float())),
        Op::Cos(_) => Value::Float(B::float_cos(x.float())),
        Op::Exp(_) => Value::Float(B::float_exp(x.float())),
        Op::Sqrt(_) => Value::Float(B::float_sqrt(x.float())),
        Op::Abs(_) => Value::Float(B::float_abs(x.float())),
        Op::Identity(_) => x.next(),
        Op::Where(_) => select::run(x.next(), x.next(), x.next(), shape),
        Op::Concat(params) => concat::run(params, x.0.flatten().collect()),
        Op::Slice(params) => slice::run(params, x.next()),
        Op::Pad(params) => Value::Float(pad::run::<B>(params, x.float())),
        Op::Reshape(_) => shape::reshape(x.next(), shape),
        Op::Transpose(params) => shape::transpose(params, x.next()),
        Op::Expand(_) => x.next().broadcast(shape),
        Op::Resize(params) => Value::Float(resize::run::<B>(params, x.float(), shape)),
        Op::DepthToSpace(params) => Value::Float(depth_to_space::run::<B>(params, x.float(), shape)),
        Op::AveragePool(params) => Value::Float(pool::average::<B>(params, x.float())),
        Op::MaxPool(params) => Value::Float(pool::max::<B>(params, x.float())),
        Op::LpPool(params) => Value::Float(pool::lp::<B>(params, x.float())),
        Op::GlobalAveragePool(params) => Value::Float(reduce::mean::<B>(params, x.float(), shape)),
        Op::GlobalMaxPool(params) => reduce::extreme(Extreme::Largest, params, x.next(), shape),
        Op::ReduceSum(params) => reduce::number(B::float_sum_dim, B::int_sum_dim, params, x.next(), shape),
        Op::ReduceMean(params) => Value::Float(reduce::mean::<B>(params, x.float(), shape)),
        Op::ReduceProd(params) => reduce::number(reduce::product::<B>, B::int_prod_dim, params, x.next(), shape),
        Op::ReduceMax(params) => reduce::extreme(Extreme::Largest, params, x.next(), shape),
        Op::ReduceMin(params) => reduce::extreme(Extreme::Smallest, params, x.next(), shape),
        Op::ReduceL1(params) => Value::Float(reduce::sum::<B>(params, B::float_abs(x.float()), shape)),
        Op::ReduceL2(params) => Value::Float(B::float_sqrt(reduce::sum_square::<B>(params, x.float(), shape))),
        Op::ReduceSumSquare(params) => Value::Float(reduce::sum_square::<B>(params, x.float(), shape)),
        Op::ReduceLogSum(params) => Value::Float(B::float_log(reduce::sum::<B>(params, x.float(), shape))),
        Op::ReduceLogSumExp(params) => Value::Float(reduce::log_sum_exp::<B>(params, x.float(), shape)),
        Op::ArgMax(params) => arg_max::run(Extreme::Largest, params, params.select_last_index, x.next(), shape),
        Op::ArgMin(params) => arg_max::run(Extreme::Smallest, params, params.select_last_index, x.next(), shape),
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
        Op::RandomUniform(params) => random::uniform(params, context),
        Op::RandomNormal(params) => random::normal(params, context),
        Op::Constant(params) => constant::run(params, context),
    };
    vec![result]
}
