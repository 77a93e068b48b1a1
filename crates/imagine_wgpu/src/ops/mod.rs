//! From operator to kernel calls: one file per stem, with the shader `shaders/ops/<stem>.wgsl`.
//!
//! A lowering computes the params uniform, the shader defs, the grid and the cost; nothing else.

use imagine_graph::Op;

use crate::analysis::fused::Activation;
use crate::kernel::KernelCall;
use crate::lowering::Lowering;

pub mod affine_grid;
pub mod arg_max;
pub mod automaton;
mod axes;
pub mod batch_normalization;
pub mod binary;
pub mod blocked;
pub mod cast;
pub mod concat;
pub mod conv;
pub mod conv_transpose;
pub mod cum_sum;
pub mod depth_to_space;
pub mod einsum;
pub mod elementwise;
pub mod exemplar;
pub mod gather;
pub mod grid_sample;
pub mod histogram;
pub mod matmul;
pub mod nnf;
pub mod nnf_feature;
pub mod normalization;
pub mod pad;
pub mod pool;
pub mod random;
pub mod reduce;
pub mod resize;
pub mod scatter;
pub mod select;
pub mod shape;
pub mod slice;
pub mod softmax;
pub mod trilu;
pub mod unary;

/// The kernel calls of one node. Views and constants have none; the plan handles them.
pub fn lower(op: &Op, node: &Lowering) -> Vec<KernelCall> {
    let call = match op {
        Op::Conv(op) => conv::lower(op, node),
        Op::ConvTranspose(op) => conv_transpose::lower(op, node),
        Op::MatMul(_) => matmul::lower_matmul(node),
        Op::Gemm(op) => matmul::lower_gemm(op, node),
        Op::Add(_) => binary::lower("OP_ADD", node),
        Op::Sub(_) => binary::lower("OP_SUB", node),
        Op::Mul(_) => binary::lower("OP_MUL", node),
        Op::Div(_) => binary::lower("OP_DIV", node),
        Op::Min(_) => binary::lower("OP_MIN", node),
        Op::Max(_) => binary::lower("OP_MAX", node),
        Op::Mod(op) => binary::lower(if op.fmod { "OP_FMOD" } else { "OP_MOD" }, node),
        Op::Pow(_) => binary::lower("OP_POW", node),
        Op::PRelu(_) => binary::lower("OP_PRELU", node),
        Op::Greater(_) => binary::lower("OP_GREATER", node),
        Op::GreaterOrEqual(_) => binary::lower("OP_GREATER_OR_EQUAL", node),
        Op::Less(_) => binary::lower("OP_LESS", node),
        Op::LessOrEqual(_) => binary::lower("OP_LESS_OR_EQUAL", node),
        Op::Equal(_) => binary::lower("OP_EQUAL", node),
        Op::And(_) => binary::lower("OP_AND", node),
        Op::Or(_) => binary::lower("OP_OR", node),
        Op::Xor(_) => binary::lower("OP_XOR", node),
        Op::Clip(op) => unary::lower_activation(Activation::clip(op), node),
        Op::Relu(_) => unary::lower_activation(Activation::Relu, node),
        Op::LeakyRelu(op) => unary::lower_activation(Activation::LeakyRelu(op.alpha), node),
        Op::Sigmoid(_) => unary::lower_activation(Activation::Sigmoid, node),
        Op::Tanh(_) => unary::lower_activation(Activation::Tanh, node),
        Op::ThresholdedRelu(op) => unary::lower_with("OP_THRESHOLDED_RELU", [op.alpha, 0.0], node),
        Op::Elu(op) => unary::lower_with("OP_ELU", [op.alpha, 1.0], node),
        Op::Selu(op) => unary::lower_with("OP_ELU", [op.alpha, op.gamma], node),
        Op::Gelu(op) => unary::lower_function(unary::gelu(op), node),
        Op::Mish(_) => unary::lower_function("OP_MISH", node),
        Op::Softplus(_) => unary::lower_function("OP_SOFTPLUS", node),
        Op::Softsign(_) => unary::lower_function("OP_SOFTSIGN", node),
        Op::HardSigmoid(op) => unary::lower_with("OP_HARD_SIGMOID", [op.alpha, op.beta], node),
        Op::HardSwish(_) => unary::lower_with("OP_HARD_SWISH", [1.0 / 6.0, 0.5], node),
        Op::Sin(_) => unary::lower_function("OP_SIN", node),
        Op::Cos(_) => unary::lower_function("OP_COS", node),
        Op::Asin(_) => unary::lower_function("OP_ASIN", node),
        Op::Acos(_) => unary::lower_function("OP_ACOS", node),
        Op::Atan(_) => unary::lower_function("OP_ATAN", node),
        Op::Exp(_) => unary::lower_function("OP_EXP", node),
        Op::Log(_) => unary::lower_function("OP_LOG", node),
        Op::Sqrt(_) => unary::lower_function("OP_SQRT", node),
        Op::Reciprocal(_) => unary::lower_function("OP_RECIPROCAL", node),
        Op::Erf(_) => unary::lower_function("OP_ERF", node),
        Op::Floor(_) => unary::lower_function("OP_FLOOR", node),
        Op::Ceil(_) => unary::lower_function("OP_CEIL", node),
        Op::Round(_) => unary::lower_function("OP_ROUND", node),
        Op::Neg(_) => unary::lower_number("OP_NEG", node),
        Op::Abs(_) => unary::lower_number("OP_ABS", node),
        Op::Sign(_) => unary::lower_number("OP_SIGN", node),
        Op::Not(_) => unary::lower_function("OP_NOT", node),
        Op::Cast(op) => cast::lower(op, node),
        Op::Where(_) => select::lower(node),
        Op::Concat(op) => return concat::lower(op, node),
        Op::Slice(op) => slice::lower(op, node),
        Op::Split(op) => return slice::lower_split(op, node),
        Op::Pad(op) => pad::lower(op, node),
        Op::Transpose(op) => shape::lower_transpose(op, node),
        Op::Expand(_) => shape::lower_expand(node),
        Op::Resize(op) => resize::lower(op, node),
        Op::DepthToSpace(op) => depth_to_space::lower(op, node),
        Op::SpaceToDepth(op) => depth_to_space::lower_space(op, node),
        Op::Tile(_) => shape::lower_tile(node),
        Op::Trilu(op) => trilu::lower(op, node),
        Op::CumSum(op) => cum_sum::lower(op, node),
        Op::Gather(op) => gather::lower(|data, indices| op.layout(data, indices), node),
        Op::GatherElements(op) => gather::lower(|data, indices| op.layout(data, indices), node),
        Op::GatherND(op) => gather::lower(|data, indices| op.layout(data, indices), node),
        Op::ScatterElements(op) => scatter::lower_elements(op, node),
        Op::ScatterND(op) => scatter::lower_nd(op, node),
        Op::GridSample(op) => grid_sample::lower(op, node),
        Op::AffineGrid(op) => affine_grid::lower(op, node),
        Op::Einsum(op) => einsum::lower(op, node),
        Op::AveragePool(op) => pool::lower_average(op, node),
        Op::MaxPool(op) => pool::lower_max(op, node),
        Op::LpPool(op) => pool::lower_lp(op, node),
        Op::GlobalAveragePool(op) => reduce::lower("OP_MEAN", op, node),
        Op::GlobalMaxPool(op) => reduce::lower("OP_MAX", op, node),
        Op::ReduceSum(op) => reduce::lower("OP_SUM", op, node),
        Op::ReduceMean(op) => reduce::lower("OP_MEAN", op, node),
        Op::ReduceProd(op) => reduce::lower("OP_PROD", op, node),
        Op::ReduceMax(op) => reduce::lower("OP_MAX", op, node),
        Op::ReduceMin(op) => reduce::lower("OP_MIN", op, node),
        Op::ReduceL1(op) => reduce::lower("OP_L1", op, node),
        Op::ReduceL2(op) => reduce::lower("OP_L2", op, node),
        Op::ReduceSumSquare(op) => reduce::lower("OP_SUM_SQUARE", op, node),
        Op::ReduceLogSum(op) => reduce::lower("OP_LOG_SUM", op, node),
        Op::ReduceLogSumExp(op) => reduce::lower("OP_LOG_SUM_EXP", op, node),
        Op::ArgMax(op) => arg_max::lower(false, op.select_last_index, op, node),
        Op::ArgMin(op) => arg_max::lower(true, op.select_last_index, op, node),
        Op::Softmax(op) => softmax::lower(false, op, node),
        Op::LogSoftmax(op) => softmax::lower(true, op, node),
        Op::BatchNormalization(op) => batch_normalization::lower(op, node),
        Op::InstanceNormalization(op) => normalization::lower_instance(op, node),
        Op::GroupNormalization(op) => normalization::lower_group(op, node),
        Op::LayerNormalization(op) => normalization::lower_broadcast("CENTERED", op.epsilon, op, node),
        Op::RMSNormalization(op) => normalization::lower_broadcast("NORM_RMS", op.epsilon, op, node),
        // ONNX adds 1e-9 to the deviation; adding its square to the variance differs only for variances near 1e-18.
        Op::MeanVarianceNormalization(op) => normalization::lower_broadcast("CENTERED", 1e-18, op, node),
        Op::LpNormalization(op) => normalization::lower_norm(op, node),
        Op::ExemplarStart(op) => exemplar::lower_start(op, node),
        Op::ExemplarDouble(op) => exemplar::lower_double(op, node),
        Op::ExemplarMove(op) => exemplar::lower_move(op, node),
        Op::ExemplarMatch(op) => exemplar::lower_match(op, node),
        Op::ExemplarGather(op) => exemplar::lower_gather(op, node),
        Op::NnfPack(_) => nnf_feature::lower_pack(node),
        Op::NnfProject(op) => nnf_feature::lower_project(op, node),
        Op::NnfSearch(op) => nnf::lower_search(op, node),
        Op::NnfPropagate(op) => nnf::lower_propagate(op, node),
        Op::NnfDistance(_) => nnf::lower_distance(node),
        Op::NnfVote(op) => nnf::lower_vote(op, node),
        Op::Histogram(op) => return histogram::lower(op, node),
        Op::RandomUniform(op) => random::lower_uniform(op, node),
        Op::RandomNormal(op) => random::lower_normal(op, node),
        Op::Bernoulli(op) => random::lower_bernoulli(op, node),
        Op::Identity(_) | Op::Reshape(_) | Op::Flatten(_) | Op::Squeeze(_) | Op::Unsqueeze(_) | Op::Constant(_) => {
            return Vec::new();
        }
    };
    vec![call]
}
