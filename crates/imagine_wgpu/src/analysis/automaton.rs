//! Recognises the step of a neural cellular automaton in a graph, so that it runs as one kernel.
//!
//! ```text
//! p = Conv(state), depthwise 3x3 on the torus: per channel the identity and three filters, the same for all channels
//! y = Tanh(Conv1x1(Relu(Conv1x1(p)))) * bound
//! next = state + (y - state) * Where(RandomUniform > threshold, rate, zero), with one rate or one per channel
//! ```

use std::collections::HashSet;

use imagine_graph::{BoundGraph, Conv, Dim, NodeId, Op, PadMode, RandomUniform, Size, ValidNode, ValueId, ValueSource};

use crate::analysis::liveness::{KnownValues, ValueUses};

/// Maximum number of channels that the kernel holds in registers.
pub const MAX_CHANNELS: usize = 32;

const IDENTITY: [f32; 9] = [0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0];

/// One automaton step; `next = x + gate * (bound * tanh(W2 relu(W1 p + b1)) - x)`.
#[derive(Clone, Debug, PartialEq)]
pub struct AutomatonStep<'a> {
    /// Label of the call.
    pub label: &'a str,
    /// State to read.
    pub state: ValueId,
    /// State to write.
    pub next: ValueId,
    /// `[N, C, H, W]`; C is a multiple of 4 and at most [`MAX_CHANNELS`].
    pub shape: [usize; 4],
    /// Filters 1 to 3 of every channel, taps row by row. Filter 0 is the identity.
    pub filters: [[f32; 9]; 3],
    /// W1, `[hidden, 4 C]`; hidden is a multiple of 4.
    pub first: &'a [f32],
    /// b1, `[hidden]`.
    pub bias: &'a [f32],
    /// W2, `[C, hidden]`.
    pub second: &'a [f32],
    /// Largest absolute value of a cell.
    pub bound: f32,
    /// A cell fires if its random number is above this.
    pub threshold: f32,
    /// How far each channel of a firing cell moves towards its target, 0 to 1.
    pub rates: Vec<f32>,
    /// How far a resting cell moves, 0 to 1.
    pub zero: f32,
    /// Stream of the random mask.
    pub stream: u32,
    /// Symbolic shape of the random mask.
    pub mask: Vec<Dim>,
    /// Size of the whole image; the state may be a window of it.
    pub whole: Size,
}

/// The part of a graph that is an automaton step.
pub struct FusedStep<'a> {
    /// Its nodes, which need no passes of their own.
    pub nodes: HashSet<NodeId>,
    /// The last of them: the step runs in its place.
    pub last: NodeId,
    /// The step.
    pub step: AutomatonStep<'a>,
}

/// The automaton step that writes the graph's only output, if there is one.
pub fn find<'a>(bound: &'a BoundGraph, uses: &ValueUses, known: &'a KnownValues, whole: Size) -> Option<FusedStep<'a>> {
    let &[next] = bound.graph.outputs() else { return None };
    let mut search = Search { bound, uses, known, nodes: HashSet::new() };
    let step = search.step(next, whole)?;
    let ValueSource::Node(last) = *bound.graph.source(next) else { return None };
    Some(FusedStep { nodes: search.nodes, last, step })
}

struct Search<'a, 'u> {
    bound: &'a BoundGraph<'a>,
    uses: &'u ValueUses,
    known: &'a KnownValues<'a>,
    nodes: HashSet<NodeId>,
}

impl<'a> Search<'a, '_> {
    fn step(&mut self, next: ValueId, whole: Size) -> Option<AutomatonStep<'a>> {
        let [state, update] = self.inputs(next, |op| matches!(op, Op::Add(_)))?;
        let [delta, gate] = self.inputs(update, |op| matches!(op, Op::Mul(_)))?;
        let [bounded, subtracted] = self.inputs(delta, |op| matches!(op, Op::Sub(_)))?;
        let [tanh, bound] = self.inputs(bounded, |op| matches!(op, Op::Mul(_)))?;
        let [second_layer] = self.inputs(tanh, |op| matches!(op, Op::Tanh(_)))?;
        let [relu, second] = self.inputs(second_layer, is_dense)?;
        let [first_layer] = self.inputs(relu, |op| matches!(op, Op::Relu(_)))?;
        let [perception, first, bias] = self.inputs(first_layer, is_dense)?;
        let [perceived, filters] = self.inputs(perception, is_perception)?;
        let [fires, rate, zero] = self.inputs(gate, |op| matches!(op, Op::Where(_)))?;
        let [random, threshold] = self.inputs(fires, |op| matches!(op, Op::Greater(_)))?;
        let mask = self.mask(random)?;
        let shape: [usize; 4] = self.bound.value_type(state).shape.as_slice().try_into().ok()?;
        let [batch, channels, height, width] = shape;
        let same_state = subtracted == state && perceived == state;
        let sound = same_state && channels % 4 == 0 && channels <= MAX_CHANNELS;
        if !sound || self.bound.value_type(random).shape != [batch, 1, height, width] {
            return None;
        }
        let bias = self.weight(bias)?;
        if bias.len() % 4 != 0 {
            return None;
        }
        let label = &self.node(next)?.1.name;
        Some(AutomatonStep {
            label,
            state,
            next,
            shape,
            filters: shared_filters(self.weight(filters)?, channels)?,
            first: self.weight(first)?,
            bias,
            second: self.weight(second)?,
            bound: self.scalar(bound)?,
            threshold: self.scalar(threshold)?,
            rates: self.rates(rate, channels)?,
            zero: self.scalar(zero)?,
            stream: mask.stream,
            mask: mask.shape.clone(),
            whole,
        })
    }

    /// The node that writes `value`.
    fn node(&self, value: ValueId) -> Option<(NodeId, &'a ValidNode)> {
        match self.bound.graph.source(value) {
            ValueSource::Node(id) => Some((*id, &self.bound.graph.nodes()[id.0])),
            _ => None,
        }
    }

    /// Inputs of the node that writes `value`, if its operator `fits` and `value` has one reader.
    fn inputs<const N: usize>(&mut self, value: ValueId, fits: impl Fn(&Op) -> bool) -> Option<[ValueId; N]> {
        let (id, node) = self.node(value)?;
        if !fits(&node.op) || self.uses.count[value.0] != 1 {
            return None;
        }
        self.nodes.insert(id);
        let inputs: Vec<ValueId> = node.inputs.iter().copied().collect::<Option<_>>()?;
        inputs.try_into().ok()
    }

    fn mask(&mut self, value: ValueId) -> Option<&'a RandomUniform> {
        self.inputs::<0>(value, |op| matches!(op, Op::RandomUniform(_)))?;
        match &self.node(value)?.1.op {
            Op::RandomUniform(op) if op.low == 0.0 && op.high == 1.0 => Some(op),
            _ => None,
        }
    }

    fn weight(&self, value: ValueId) -> Option<&'a [f32]> {
        self.known.get(&value)?.as_f32()
    }

    /// One number per channel, from as many or from one.
    fn rates(&self, value: ValueId, channels: usize) -> Option<Vec<f32>> {
        match self.weight(value)? {
            [number] => Some(vec![*number; channels]),
            numbers if self.bound.value_type(value).shape == [1, channels, 1, 1] => Some(numbers.to_vec()),
            _ => None,
        }
    }

    fn scalar(&self, value: ValueId) -> Option<f32> {
        match self.weight(value)? {
            [number] => Some(*number),
            _ => None,
        }
    }
}

/// A 1x1 convolution over all channels: a dense layer per cell.
fn is_dense(op: &Op) -> bool {
    matches!(op, Op::Conv(conv) if conv.group == 1 && conv.is_pointwise())
}

fn is_perception(op: &Op) -> bool {
    let Op::Conv(conv) = op else { return false };
    let ones = |numbers: &[usize]| numbers.iter().all(|&number| number == 1);
    let same = Conv::same(3, PadMode::Wrap);
    let pads = conv.pads == same.pads && conv.auto_pad == same.auto_pad && conv.pad_mode == same.pad_mode;
    pads && ones(&conv.strides) && ones(&conv.dilations)
}

/// Filters 1 to 3, if every channel has the identity followed by the same three filters.
fn shared_filters(weight: &[f32], channels: usize) -> Option<[[f32; 9]; 3]> {
    let of_channel = weight.get(..36)?;
    let same = weight.len() == 36 * channels && weight.chunks_exact(36).all(|filters| filters == of_channel);
    if !same || of_channel[..9] != IDENTITY {
        return None;
    }
    let filter = |index: usize| of_channel[9 * index..9 * index + 9].try_into().expect("nine taps");
    Some([1, 2, 3].map(filter))
}
