//! Fusion of elementwise nodes: groups that one kernel computes.
//!
//! A group is a directed acyclic graph of elementwise nodes with one output, whose other values have no reader outside. Its kernel reads each of its inputs
//! once, and no value between its nodes goes through memory.

use std::collections::{HashMap, HashSet};

use imagine_graph::{Approximate, BoundGraph, DType, Gelu, Op, Tensor, TensorData, ValidNode, ValueId, ValueSource};

use crate::analysis::fused::Activation;
use crate::analysis::liveness::{KnownValues, ValueUses};

/// Maximum number of values that a group reads: with the output, they fit into the storage bindings that every device has.
pub const MAX_INPUTS: usize = 6;
/// Maximum number of nodes of a group.
pub const MAX_NODES: usize = 64;
/// Maximum number of constants of a group.
pub const MAX_NUMBERS: usize = 64;

/// Declares [`ScalarOp`] with the names that shaders have.
macro_rules! scalar_ops {
    ($($(#[$doc:meta])* $variant:ident($operands:literal) = $name:literal,)*) => {
        /// A function of up to three numbers. Numbers are floats unless it says otherwise; truth values are 0 or 1.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "most are named as their operators")]
        pub enum ScalarOp {
            $($(#[$doc])* $variant,)*
        }

        impl ScalarOp {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Its name in `imagine::words`.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// How many numbers it takes, parameters included.
            pub fn operands(self) -> usize {
                match self {
                    $(Self::$variant => $operands,)*
                }
            }
        }
    };
}

scalar_ops! {
    /// Moves any word.
    Copy(1) = "w_copy",
    Add(2) = "f_add",
    Sub(2) = "f_sub",
    Mul(2) = "f_mul",
    Div(2) = "f_div",
    Min(2) = "f_min",
    Max(2) = "f_max",
    /// With the sign of the dividend.
    FloatRemainder(2) = "f_remainder",
    /// With the sign of the divisor.
    Mod(2) = "f_modulo",
    Pow(2) = "f_pow",
    PRelu(2) = "f_prelu",
    Greater(2) = "f_greater",
    GreaterOrEqual(2) = "f_greater_or_equal",
    Less(2) = "f_less",
    LessOrEqual(2) = "f_less_or_equal",
    Equal(2) = "f_equal",
    /// Of integers, as all that end so.
    AddInteger(2) = "i_add",
    SubInteger(2) = "i_sub",
    MulInteger(2) = "i_mul",
    DivInteger(2) = "i_div",
    MinInteger(2) = "i_min",
    MaxInteger(2) = "i_max",
    RemainderInteger(2) = "i_remainder",
    ModInteger(2) = "i_modulo",
    PowInteger(2) = "i_pow",
    GreaterInteger(2) = "i_greater",
    GreaterOrEqualInteger(2) = "i_greater_or_equal",
    LessInteger(2) = "i_less",
    LessOrEqualInteger(2) = "i_less_or_equal",
    /// Of words: integers and truth values.
    EqualWord(2) = "w_equal",
    And(2) = "w_and",
    Or(2) = "w_or",
    Xor(2) = "w_xor",
    Not(1) = "w_not",
    /// The second if the first is true, else the third; any words.
    Select(3) = "w_select",
    NegInteger(1) = "i_neg",
    AbsInteger(1) = "i_abs",
    SignInteger(1) = "i_sign",
    /// From a float to an integer.
    ToInteger(1) = "f_to_integer",
    /// From an integer or a truth value to a float.
    ToFloat(1) = "i_to_float",
    /// Whether a float is not 0.
    IsNonzero(1) = "f_is_nonzero",
    /// Whether an integer is not 0.
    IsNonzeroInteger(1) = "i_is_nonzero",
    /// To the nearest bfloat16.
    RoundBfloat16(1) = "f_round_bfloat16",
    Relu(1) = "f_relu",
    LeakyRelu(2) = "f_leaky_relu",
    Sigmoid(1) = "f_sigmoid",
    Tanh(1) = "f_tanh",
    Clip(3) = "f_clip",
    ThresholdedRelu(2) = "f_thresholded_relu",
    Elu(3) = "f_elu",
    Gelu(1) = "f_gelu",
    GeluTanh(1) = "f_gelu_tanh",
    Mish(1) = "f_mish",
    Softplus(1) = "f_softplus",
    Softsign(1) = "f_softsign",
    HardSigmoid(3) = "f_hard_sigmoid",
    HardSwish(3) = "f_hard_swish",
    Sin(1) = "f_sin",
    Cos(1) = "f_cos",
    Asin(1) = "f_asin",
    Acos(1) = "f_acos",
    Atan(1) = "f_atan",
    Exp(1) = "f_exp",
    Log(1) = "f_log",
    Sqrt(1) = "f_sqrt",
    Reciprocal(1) = "f_reciprocal",
    Erf(1) = "f_erf",
    Floor(1) = "f_floor",
    Ceil(1) = "f_ceil",
    Round(1) = "f_round",
    Neg(1) = "f_neg",
    Abs(1) = "f_abs",
    Sign(1) = "f_sign",
}

/// What a function reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Input `k` is value `k`; results of instructions follow, in order.
    Value(usize),
    /// One of [`Program::numbers`].
    Number(usize),
}

/// One function of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// What it computes.
    pub op: ScalarOp,
    /// What it reads: the inputs of the node, then its parameters.
    pub sources: Vec<Source>,
}

/// How one element of the output follows from those of the inputs: the result of the last instruction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Program {
    /// In the order in which they run.
    pub instructions: Vec<Instruction>,
    /// Constants, as bits.
    pub numbers: Vec<u32>,
}

/// Elementwise nodes that one kernel computes.
#[derive(Clone, Debug, PartialEq)]
pub struct ElementwiseGroup {
    /// Indices of its nodes, ascending; the call runs in place of the last.
    pub nodes: Vec<usize>,
    /// What it reads; each is broadcast to the output's shape.
    pub inputs: Vec<ValueId>,
    /// What it writes.
    pub output: ValueId,
    /// How.
    pub program: Program,
}

/// All groups of a graph.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ElementwiseGroups {
    /// By the index of the last node: the call runs in its place.
    pub by_last: HashMap<usize, ElementwiseGroup>,
    /// Indices of all nodes in groups.
    pub nodes: HashSet<usize>,
}

/// The groups of `bound` with at least two nodes, none of them a node for which `taken` is true.
pub fn find(
    bound: &BoundGraph,
    uses: &ValueUses,
    known: &KnownValues,
    taken: impl Fn(usize) -> bool,
) -> ElementwiseGroups {
    let nodes = bound.graph.nodes();
    let mut free: Vec<bool> = (0..nodes.len())
        .map(|index| uses.live[index] && !taken(index) && !known.contains_key(&nodes[index].outputs[0]))
        .collect();
    let mut groups = ElementwiseGroups::default();
    for last in (0..nodes.len()).rev() {
        if !free[last] {
            continue;
        }
        let Some(group) = (Search { bound, uses, known, free: &free }).group(last) else { continue };
        group.nodes.iter().for_each(|&index| free[index] = false);
        groups.nodes.extend(&group.nodes);
        groups.by_last.insert(last, group);
    }
    groups
}

struct Search<'a, 'b> {
    bound: &'b BoundGraph<'a>,
    uses: &'b ValueUses,
    known: &'b KnownValues<'a>,
    free: &'b [bool],
}

impl Search<'_, '_> {
    /// The largest group that ends with the node `last`.
    fn group(&self, last: usize) -> Option<ElementwiseGroup> {
        let mut group = self.compile(vec![last])?;
        // Nodes whose values the group reads, and that did not fit.
        let mut refused = Vec::new();
        while let Some(next) = self.producers(&group.nodes).into_iter().find(|index| !refused.contains(index)) {
            let mut nodes = group.nodes.clone();
            nodes.insert(nodes.partition_point(|&index| index < next), next);
            match self.compile(nodes) {
                Some(larger) => group = larger,
                None => refused.push(next),
            }
        }
        (group.nodes.len() > 1).then_some(group)
    }

    /// Other free nodes of the same shape that write what only `nodes` read, the last first.
    fn producers(&self, nodes: &[usize]) -> Vec<usize> {
        let all = self.bound.graph.nodes();
        let mut reads: HashMap<ValueId, usize> = HashMap::new();
        for value in nodes.iter().flat_map(|&index| all[index].inputs.iter().flatten()) {
            *reads.entry(*value).or_default() += 1;
        }
        let shape = self.shape(all[*nodes.last().expect("a group has nodes")].outputs[0]);
        let mut found: Vec<usize> = reads
            .into_iter()
            .filter(|&(value, count)| self.uses.count[value.0] == count && self.shape(value) == shape)
            .filter_map(|(value, _)| match *self.bound.graph.source(value) {
                ValueSource::Node(id) => Some(id.0),
                _ => None,
            })
            .filter(|index| self.free[*index] && !nodes.contains(index))
            .collect();
        found.sort_unstable_by(|a, b| b.cmp(a));
        found
    }

    fn shape(&self, value: ValueId) -> &[usize] {
        &self.bound.value_type(value).shape
    }

    /// The group of `nodes`, if all are elementwise and the program keeps the limits.
    fn compile(&self, nodes: Vec<usize>) -> Option<ElementwiseGroup> {
        let all = self.bound.graph.nodes();
        if nodes.len() > MAX_NODES {
            return None;
        }
        let written: Vec<ValueId> = nodes.iter().map(|&index| all[index].outputs[0]).collect();
        let mut inputs: Vec<ValueId> = Vec::new();
        for value in nodes.iter().flat_map(|&index| all[index].inputs.iter().flatten()) {
            if !written.contains(value) && self.number(*value).is_none() && !inputs.contains(value) {
                inputs.push(*value);
            }
        }
        if inputs.len() > MAX_INPUTS || inputs.is_empty() {
            return None;
        }
        let mut program = Program::default();
        for &index in &nodes {
            let node = &all[index];
            let (op, parameters) = self.scalar_op(node)?;
            let mut sources = Vec::new();
            for value in &node.inputs {
                let value = (*value)?;
                sources.push(match self.number(value) {
                    Some(bits) => program.number(bits),
                    None => Source::Value(inputs.iter().chain(&written).position(|other| *other == value)?),
                });
            }
            sources.extend(parameters.iter().map(|parameter| program.number(parameter.to_bits())));
            program.instructions.push(Instruction { op, sources });
        }
        let output = *written.last()?;
        (program.numbers.len() <= MAX_NUMBERS).then_some(ElementwiseGroup { nodes, inputs, output, program })
    }

    /// The bits of a known value with one element.
    fn number(&self, value: ValueId) -> Option<u32> {
        let Tensor { data, .. } = &**self.known.get(&value)?;
        match data {
            TensorData::F32(numbers) => <&[f32; 1]>::try_from(&numbers[..]).ok().map(|[number]| number.to_bits()),
            TensorData::I32(numbers) => <&[i32; 1]>::try_from(&numbers[..]).ok().map(|[number]| *number as u32),
            TensorData::Bool(numbers) => <&[bool; 1]>::try_from(&numbers[..]).ok().map(|[number]| u32::from(*number)),
        }
    }

    /// The function that `node` applies to every element, and its parameters.
    fn scalar_op(&self, node: &ValidNode) -> Option<(ScalarOp, Vec<f32>)> {
        let dtype = |index: usize| Some(self.bound.value_type((*node.inputs.get(index)?)?).dtype);
        scalar_op(&node.op, dtype(0)?, dtype(1))
    }
}

impl Program {
    /// The constant with these bits.
    fn number(&mut self, bits: u32) -> Source {
        let known = self.numbers.iter().position(|number| *number == bits);
        Source::Number(known.unwrap_or_else(|| {
            self.numbers.push(bits);
            self.numbers.len() - 1
        }))
    }
}

/// The function of the elementwise operator `op` with inputs of the types `first` and `second`.
fn scalar_op(op: &Op, first: DType, second: Option<DType>) -> Option<(ScalarOp, Vec<f32>)> {
    use ScalarOp as S;
    let by_type = |float, integer| match first {
        DType::F32 => Some(float),
        DType::I32 => Some(integer),
        DType::Bool => None,
    };
    let float = |float| (first == DType::F32).then_some(float);
    let op = match op {
        Op::Add(_) => by_type(S::Add, S::AddInteger),
        Op::Sub(_) => by_type(S::Sub, S::SubInteger),
        Op::Mul(_) => by_type(S::Mul, S::MulInteger),
        Op::Div(_) => by_type(S::Div, S::DivInteger),
        Op::Min(_) => by_type(S::Min, S::MinInteger),
        Op::Max(_) => by_type(S::Max, S::MaxInteger),
        Op::Mod(op) if op.fmod => by_type(S::FloatRemainder, S::RemainderInteger),
        Op::Mod(_) => by_type(S::Mod, S::ModInteger),
        // Mixed types have a kernel of their own.
        Op::Pow(_) => by_type(S::Pow, S::PowInteger).filter(|_| second == Some(first)),
        Op::PRelu(_) => float(S::PRelu),
        Op::Greater(_) => by_type(S::Greater, S::GreaterInteger),
        Op::GreaterOrEqual(_) => by_type(S::GreaterOrEqual, S::GreaterOrEqualInteger),
        Op::Less(_) => by_type(S::Less, S::LessInteger),
        Op::LessOrEqual(_) => by_type(S::LessOrEqual, S::LessOrEqualInteger),
        Op::Equal(_) => Some(by_type(S::Equal, S::EqualWord).unwrap_or(S::EqualWord)),
        Op::And(_) => Some(S::And),
        Op::Or(_) => Some(S::Or),
        Op::Xor(_) => Some(S::Xor),
        Op::Not(_) => Some(S::Not),
        Op::Where(_) => Some(S::Select),
        Op::Cast(op) => match (first, op.to) {
            (DType::F32, DType::F32) if op.bfloat16 => Some(S::RoundBfloat16),
            _ if op.bfloat16 => None,
            (DType::F32, DType::I32) => Some(S::ToInteger),
            (DType::F32, DType::Bool) => Some(S::IsNonzero),
            (DType::I32, DType::Bool) => Some(S::IsNonzeroInteger),
            (DType::I32 | DType::Bool, DType::F32) => Some(S::ToFloat),
            _ => Some(S::Copy),
        },
        _ => return function_of_one(op, first),
    };
    Some((op?, Vec::new()))
}

/// The function of the elementwise operator `op` of one input, which has the type `dtype`.
fn function_of_one(op: &Op, dtype: DType) -> Option<(ScalarOp, Vec<f32>)> {
    use ScalarOp as S;
    let float = |float| (dtype == DType::F32).then_some(float);
    let number = |float, integer| match dtype {
        DType::F32 => Some(float),
        DType::I32 => Some(integer),
        DType::Bool => None,
    };
    let with = |op, parameters: &[f32]| Some((float(op)?, parameters.to_vec()));
    let op = match op {
        Op::Neg(_) => number(S::Neg, S::NegInteger),
        Op::Abs(_) => number(S::Abs, S::AbsInteger),
        Op::Sign(_) => number(S::Sign, S::SignInteger),
        Op::Relu(_) => float(S::Relu),
        Op::Sigmoid(_) => float(S::Sigmoid),
        Op::Tanh(_) => float(S::Tanh),
        Op::LeakyRelu(op) => return with(S::LeakyRelu, &[op.alpha]),
        Op::Clip(op) => match Activation::clip(op) {
            Activation::Clip(low, high) => return with(S::Clip, &[low, high]),
            _ => None,
        },
        Op::ThresholdedRelu(op) => return with(S::ThresholdedRelu, &[op.alpha]),
        Op::Elu(op) => return with(S::Elu, &[op.alpha, 1.0]),
        Op::Selu(op) => return with(S::Elu, &[op.alpha, op.gamma]),
        Op::Gelu(Gelu { approximate: Approximate::None }) => float(S::Gelu),
        Op::Gelu(_) => float(S::GeluTanh),
        Op::Mish(_) => float(S::Mish),
        Op::Softplus(_) => float(S::Softplus),
        Op::Softsign(_) => float(S::Softsign),
        Op::HardSigmoid(op) => return with(S::HardSigmoid, &[op.alpha, op.beta]),
        Op::HardSwish(_) => return with(S::HardSwish, &[1.0 / 6.0, 0.5]),
        Op::Sin(_) => float(S::Sin),
        Op::Cos(_) => float(S::Cos),
        Op::Asin(_) => float(S::Asin),
        Op::Acos(_) => float(S::Acos),
        Op::Atan(_) => float(S::Atan),
        Op::Exp(_) => float(S::Exp),
        Op::Log(_) => float(S::Log),
        Op::Sqrt(_) => float(S::Sqrt),
        Op::Reciprocal(_) => float(S::Reciprocal),
        Op::Erf(_) => float(S::Erf),
        Op::Floor(_) => float(S::Floor),
        Op::Ceil(_) => float(S::Ceil),
        Op::Round(_) => float(S::Round),
        _ => None,
    };
    Some((op?, Vec::new()))
}
