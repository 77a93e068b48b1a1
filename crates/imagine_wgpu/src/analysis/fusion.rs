//! Fusion groups: nodes whose work the kernel of a neighbouring node takes over, so that they need no pass.
//!
//! ```text
//! Resize (nearest, by powers of two) -> Pad -> Conv                                            before
//! Conv, ConvTranspose -> BatchNormalization -> activation or PRelu -> DepthToSpace -> Add      after
//! InstanceNormalization, GroupNormalization -> activation -> Add
//! ```
//!
//! Each may be missing. Values within a group must have no other reader.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use imagine_graph::resize_weights::{FilterTaps, Tap};
use imagine_graph::{
    AutoPad, BatchNormalization, BoundGraph, Conv, Op, Pad, PadMode, Resize, ValidNode, ValueId, ValueSource,
};

use crate::analysis::fused::{Activation, FusedOps, NodeInput, fuses_activation, fuses_addend, is_blocked_convolution};
use crate::analysis::liveness::{KnownValues, ValueUses};

/// Largest exponent of two by which a convolution up-samples its input.
const MAX_UPSCALE: u32 = 8;

/// Nodes that one kernel computes.
pub struct FusionGroup<'a> {
    /// Index of the node whose kernel computes the group.
    pub anchor: usize,
    /// Its operator, with the pads of a fused `Pad`.
    pub op: Cow<'a, Op>,
    /// The first input of the group.
    pub input: Option<ValueId>,
    /// The fused activation.
    pub activation: Activation,
    /// The other fused nodes.
    pub fused: FusedOps<'a>,
    /// The output of the group.
    pub output: ValueId,
}

/// All groups of a graph.
#[derive(Default)]
pub struct FusionGroups<'a> {
    /// By the index of the last node: the call runs in its place.
    pub by_last: HashMap<usize, FusionGroup<'a>>,
    /// Indices of all nodes in groups.
    pub nodes: HashSet<usize>,
}

/// The groups of `bound`.
pub fn find<'a>(bound: &'a BoundGraph<'a>, uses: &ValueUses, known: &'a KnownValues<'a>) -> FusionGroups<'a> {
    let mut search = Search { bound, uses, known, readers: readers(bound, uses), taken: HashSet::new() };
    let mut groups = FusionGroups::default();
    for (index, node) in bound.graph.nodes().iter().enumerate() {
        if !uses.live[index] || search.taken.contains(&index) || known.contains_key(&node.outputs[0]) {
            continue;
        }
        let (group, nodes) = search.group(index, node);
        if nodes.len() > 1 {
            let last = *nodes.iter().max().expect("a group has nodes");
            search.taken.extend(nodes);
            groups.by_last.insert(last, group);
        }
    }
    groups.nodes = search.taken;
    groups
}

/// For every value the indices of the live nodes that read it.
fn readers(bound: &BoundGraph, uses: &ValueUses) -> Vec<Vec<usize>> {
    let mut readers = vec![Vec::new(); bound.graph.value_count()];
    for (index, node) in bound.graph.nodes().iter().enumerate().filter(|(index, _)| uses.live[*index]) {
        node.inputs.iter().flatten().for_each(|value| readers[value.0].push(index));
    }
    readers
}

struct Search<'a, 'u> {
    bound: &'a BoundGraph<'a>,
    uses: &'u ValueUses,
    known: &'a KnownValues<'a>,
    readers: Vec<Vec<usize>>,
    /// Nodes of groups found so far: if a sum adds two convolutions, only one of them takes it.
    taken: HashSet<usize>,
}

impl<'a> Search<'a, '_> {
    /// The group of the node at `index`, and the indices of its nodes.
    fn group(&self, index: usize, node: &'a ValidNode) -> (FusionGroup<'a>, Vec<usize>) {
        let mut group = FusionGroup {
            anchor: index,
            op: Cow::Borrowed(&node.op),
            input: node.inputs.first().copied().flatten(),
            activation: Activation::None,
            fused: FusedOps::default(),
            output: node.outputs[0],
        };
        let mut nodes = vec![index];
        let inputs: Vec<_> = node.inputs.iter().map(|value| value.map(|value| self.input(value))).collect();
        if is_blocked_convolution(&node.op, &inputs) {
            self.before(&mut group, &mut nodes);
            self.after(&mut group, &mut nodes);
        } else if fuses_activation(&node.op) {
            self.activation(&mut group, &mut nodes);
            if fuses_addend(&node.op) {
                self.sum(&mut group, &mut nodes);
            }
        }
        (group, nodes)
    }

    /// Fuses padding and up-sampling before a `Conv`.
    fn before(&self, group: &mut FusionGroup<'a>, nodes: &mut Vec<usize>) {
        let Op::Conv(conv) = &*group.op else { return };
        let mut conv = conv.clone();
        if let Some((at, node)) = self.only_writer(group.input)
            && let Op::Pad(pad) = &node.op
            && let Some(image) = node.inputs[0]
            && let Some(padded) = padded(&conv, pad, &self.bound.value_type(image).shape)
        {
            conv = padded;
            group.input = Some(image);
            nodes.push(at);
        }
        if let Some((at, node)) = self.only_writer(group.input)
            && let Op::Resize(resize) = &node.op
            && let Some(image) = node.inputs[0]
            && let Some(upscale) = self.upscale(resize, image)
        {
            group.fused.upscale = upscale;
            group.input = Some(image);
            nodes.push(at);
        }
        group.op = Cow::Owned(Op::Conv(conv));
    }

    /// Fuses the nodes after a convolution.
    fn after(&self, group: &mut FusionGroup<'a>, nodes: &mut Vec<usize>) {
        let channels = self.bound.value_type(group.output).shape[1];
        if let Some((at, node)) = self.only_reader(group.output)
            && let Op::BatchNormalization(norm) = &node.op
            && let Some(affine) = self.affine(norm, node)
        {
            group.fused.affine = Some(affine);
            (group.output, _) = (node.outputs[0], nodes.push(at));
        }
        self.activation(group, nodes);
        if group.activation == Activation::None
            && let Some((at, node)) = self.only_reader(group.output)
            && let Op::PRelu(_) = node.op
            && let Some(slopes) = self.slopes(node, group.output, channels)
        {
            group.fused.slopes = Some(slopes);
            (group.output, _) = (node.outputs[0], nodes.push(at));
        }
        if let Op::Conv(_) = &*group.op
            && let Some((at, node)) = self.only_reader(group.output)
            && let Op::DepthToSpace(shuffle) = &node.op
        {
            group.fused.shuffle = Some(shuffle);
            (group.output, _) = (node.outputs[0], nodes.push(at));
        }
        self.sum(group, nodes);
    }

    fn sum(&self, group: &mut FusionGroup<'a>, nodes: &mut Vec<usize>) {
        if let Some((at, node)) = self.only_reader(group.output)
            && let Some(addend) = self.addend(node, group.output)
        {
            group.fused.addend = Some(addend);
            (group.output, _) = (node.outputs[0], nodes.push(at));
        }
    }

    fn activation(&self, group: &mut FusionGroup<'a>, nodes: &mut Vec<usize>) {
        let Some((at, node)) = self.only_reader(group.output) else { return };
        group.activation = match &node.op {
            Op::Relu(_) => Activation::Relu,
            Op::LeakyRelu(op) => Activation::LeakyRelu(op.alpha),
            Op::Sigmoid(_) => Activation::Sigmoid,
            Op::Tanh(_) => Activation::Tanh,
            Op::Clip(op) => Activation::clip(op),
            _ => return,
        };
        group.output = node.outputs[0];
        nodes.push(at);
    }

    /// The only reader of `value`, if there is just one.
    fn only_reader(&self, value: ValueId) -> Option<(usize, &'a ValidNode)> {
        let &[at] = self.readers[value.0].as_slice() else { return None };
        let node = &self.bound.graph.nodes()[at];
        let free = self.uses.count[value.0] == 1 && node.outputs.len() == 1 && !self.taken.contains(&at);
        free.then_some((at, node))
    }

    /// The node that writes `value`, if only the group reads it.
    fn only_writer(&self, value: Option<ValueId>) -> Option<(usize, &'a ValidNode)> {
        let value = value?;
        let ValueSource::Node(id) = *self.bound.graph.source(value) else { return None };
        let free = self.uses.count[value.0] == 1 && !self.known.contains_key(&value);
        free.then(|| (id.0, &self.bound.graph.nodes()[id.0]))
    }

    fn numbers(&self, value: Option<ValueId>) -> Option<&'a [f32]> {
        self.known.get(&value?)?.as_f32()
    }

    /// Scale and shift of a normalisation by known statistics.
    fn affine(&self, norm: &BatchNormalization, node: &ValidNode) -> Option<[Vec<f32>; 2]> {
        let [scale, bias, mean, variance] = [1, 2, 3, 4].map(|index| self.numbers(node.inputs[index]));
        let (scale, bias, mean) = (scale?, bias?, mean?);
        let by = |(s, v): (&f32, &f32)| s / (v + norm.epsilon).sqrt();
        let scale: Vec<f32> = scale.iter().zip(variance?).map(by).collect();
        let shift = (0..scale.len()).map(|m| bias[m] - mean[m] * scale[m]).collect();
        Some([scale, shift])
    }

    /// The slopes of a `PRelu` with one per channel.
    fn slopes(&self, node: &ValidNode, input: ValueId, channels: usize) -> Option<&'a [f32]> {
        let [Some(x), Some(slope)] = node.inputs[..] else { return None };
        let behind = self.bound.value_type(input).shape.len() - 2;
        let shape = &self.bound.value_type(slope).shape;
        let along = shape.len().checked_sub(behind + 1).is_some_and(|axis| shape[axis] == channels);
        self.numbers(Some(slope)).filter(|numbers| x == input && along && numbers.len() == channels)
    }

    /// The other operand of an `Add` of equal shapes.
    fn addend(&self, node: &ValidNode, input: ValueId) -> Option<NodeInput<'a>> {
        let [Some(left), Some(right)] = node.inputs[..] else { return None };
        let value = if left == input { right } else { left };
        let same = self.bound.value_type(value) == self.bound.value_type(input);
        (matches!(node.op, Op::Add(_)) && value != input && same).then(|| self.input(value))
    }

    fn input(&self, value: ValueId) -> NodeInput<'a> {
        let weight = self.known.get(&value).map(|tensor| &**tensor);
        NodeInput { value, value_type: self.bound.value_type(value), weight }
    }

    /// The powers of two by which `resize` repeats rows and columns, if it does nothing else.
    fn upscale(&self, resize: &Resize, from: ValueId) -> Option<[u32; 2]> {
        let shape = &self.bound.value_type(from).shape;
        let mut powers = [0; 2];
        for axis in resize.resized(shape, self.bound.size).ok()? {
            let factor = axis.output / axis.input.max(1);
            let power = factor.checked_ilog2().filter(|power| factor == 1 << power && *power <= MAX_UPSCALE)?;
            let taps = FilterTaps::new(resize, &axis);
            let repeats = |(o, tap): (usize, &Tap)| tap.weight == 1.0 && tap.index == o >> power;
            let whole = axis.output == axis.input << power && taps.all.len() == taps.ends.len();
            if !whole || !taps.all.iter().enumerate().all(repeats) {
                return None;
            }
            *powers.get_mut(axis.axis.checked_sub(2)?)? = power;
        }
        Some(powers)
    }
}

/// `conv` with the padding that `pad` adds to an image of `shape`, if a convolution can pad so.
fn padded(conv: &Conv, pad: &Pad, shape: &[usize]) -> Option<Conv> {
    let sides = pad.sides(shape.len()).ok()?;
    let &[[0, 0], [0, 0], rows, columns] = sides.as_slice() else { return None };
    let sizes = [rows[0], columns[0], rows[1], columns[1]];
    let unpadded = conv.pads.iter().all(|pad| *pad == 0);
    let joins = match pad.mode {
        PadMode::Constant => pad.value == 0.0 && (conv.pad_mode == PadMode::Constant || unpadded),
        _ => unpadded,
    };
    // A convolution reads at most one image length beyond the image.
    let reaches = |side: i64, length: usize| match pad.mode {
        PadMode::Constant | PadMode::Edge => true,
        PadMode::Wrap => side <= length as i64,
        PadMode::Reflect => side < length as i64,
    };
    let fits = (0..4).all(|k| sizes[k] >= 0 && reaches(sizes[k], shape[2 + k % 2]));
    if !fits || !joins || conv.auto_pad != AutoPad::NotSet {
        return None;
    }
    let pads = (0..4).map(|k| conv.pads.get(k).unwrap_or(&0) + sizes[k] as usize).collect();
    Some(Conv { pads, pad_mode: pad.mode, ..conv.clone() })
}
