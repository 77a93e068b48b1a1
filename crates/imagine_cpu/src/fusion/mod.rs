//! Operators that are computed together, tile by tile, so that what they hand on stays in a core's cache.
//!
//! A **group** is a set of nodes whose values have the same images, rows and columns, and in which every element depends on values of the
//! group at its own place only: convolutions of values from outside the group ([`Root`](Kind::Root)), and what is done with each place of
//! them: pointwise convolutions, elementwise operators, normalisation by given statistics, slices and joins of channels, random numbers.
//! A step of a neural cellular automaton is one group; so is a convolution with its activation, and the blend of two materials.
//!
//! Fusing changes no bit: each operator computes what it computes alone.

mod lower;
mod rows;
mod run;
mod stage;

pub(crate) use stage::Group;

use imagine_graph::{BoundGraph, DType, NodeId, Op, TensorType, ValidNode, ValueId, ValueSource};

use crate::context::Prepared;
use crate::ops::elementwise::is_elementwise;

/// Channels of all values of a group at most.
const MOST_CHANNELS: usize = 2048;
/// Elements of an image's plane below which nodes are not fused.
const FEWEST_PLACES: usize = 16;

/// A graph at one size, in the order in which it is run.
#[derive(Debug)]
pub(crate) struct Plan {
    pub steps: Vec<Step>,
}

/// Nodes that are run together.
#[derive(Debug)]
pub(crate) enum Step {
    Node(usize),
    Group(Box<Group>),
}

impl Plan {
    /// The plan without fusion.
    pub fn unfused(bound: &BoundGraph) -> Self {
        Self { steps: (0..bound.graph.nodes().len()).map(Step::Node).collect() }
    }

    /// The plan of `bound`; `prepared` by node, for `threads` threads.
    pub fn new(bound: &BoundGraph, prepared: &[Option<Prepared>], threads: usize) -> Self {
        let mut drafts: Vec<Draft> = Vec::new();
        let mut draft_of = vec![usize::MAX; bound.graph.nodes().len()];
        for index in 0..bound.graph.nodes().len() {
            add(bound, prepared, &mut drafts, &mut draft_of, index);
        }
        let mut steps = Vec::new();
        for draft in drafts {
            let group = match draft.frame {
                Some(frame) if draft.nodes.len() > 1 => Group::new(bound, prepared, frame.size, &draft.nodes, threads),
                _ => None,
            };
            match group {
                Some(group) => steps.push(Step::Group(Box::new(group))),
                None => steps.extend(draft.nodes.into_iter().map(Step::Node)),
            }
        }
        Self { steps }
    }
}

/// A step that is being put together.
struct Draft {
    nodes: Vec<usize>,
    /// `None` if the only node cannot be fused.
    frame: Option<Frame>,
}

/// What the values of a group have in common.
#[derive(Clone, Copy, Debug)]
struct Frame {
    /// Images, height and width.
    size: [usize; 3],
    /// Channels of all values.
    channels: usize,
}

/// How a node may be part of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Reads its first input around each place: that comes from outside the group.
    Root,
    /// Reads its inputs at each place.
    Point,
}

fn add(
    bound: &BoundGraph,
    prepared: &[Option<Prepared>],
    drafts: &mut Vec<Draft>,
    draft_of: &mut [usize],
    index: usize,
) {
    let node = &bound.graph.nodes()[index];
    let Some((kind, frame)) = classify(bound, node, prepared[index].as_ref()) else {
        draft_of[index] = drafts.len();
        return drafts.push(Draft { nodes: vec![index], frame: None });
    };
    let fits = |draft: &Draft, channels: usize| {
        draft.frame.is_some_and(|own| own.size == frame.size && own.channels + channels <= MOST_CHANNELS)
    };
    let sources: Vec<usize> = sources(bound, node).map(|node| draft_of[node]).collect();
    let latest = sources.iter().copied().max();
    let target = match latest.filter(|&latest| kind == Kind::Point && fits(&drafts[latest], frame.channels)) {
        Some(target) => target,
        None => {
            drafts.push(Draft { nodes: Vec::new(), frame: Some(Frame { channels: 0, ..frame }) });
            drafts.len() - 1
        }
    };
    drafts[target].nodes.push(index);
    if let Some(own) = &mut drafts[target].frame {
        own.channels += frame.channels;
    }
    draft_of[index] = target;
    if kind == Kind::Point {
        sources.into_iter().for_each(|source| merge(bound, prepared, drafts, draft_of, source, target));
    }
}

/// Makes group `source` part of the later group `target`, if only that reads it so far.
fn merge(
    bound: &BoundGraph,
    prepared: &[Option<Prepared>],
    drafts: &mut [Draft],
    draft_of: &mut [usize],
    source: usize,
    target: usize,
) {
    let reads = |node: usize| sources(bound, &bound.graph.nodes()[node]).any(|node| draft_of[node] == source);
    if source >= target || drafts[source].nodes.is_empty() {
        return;
    }
    let is_read_between = drafts[source + 1..target].iter().flat_map(|draft| &draft.nodes).any(|&node| reads(node));
    // A convolution in the group must not read around a place of what joins.
    let is_root = |node: usize| {
        let kind = classify(bound, &bound.graph.nodes()[node], prepared[node].as_ref());
        kind.is_some_and(|(kind, _)| kind == Kind::Root)
    };
    let reads_around = drafts[target].nodes.iter().any(|&node| is_root(node) && reads(node));
    let (Some(joins), Some(own)) = (drafts[source].frame, drafts[target].frame) else { return };
    let fits = joins.size == own.size && joins.channels + own.channels <= MOST_CHANNELS;
    if is_read_between || reads_around || !fits {
        return;
    }
    let nodes = std::mem::take(&mut drafts[source].nodes);
    nodes.iter().for_each(|&node| draft_of[node] = target);
    drafts[target].nodes.extend(nodes);
    drafts[target].nodes.sort_unstable();
    drafts[target].frame = Some(Frame { channels: joins.channels + own.channels, ..own });
}

/// The nodes that write what `node` reads.
fn sources<'a>(bound: &'a BoundGraph, node: &'a ValidNode) -> impl Iterator<Item = usize> + 'a {
    node.inputs.iter().flatten().filter_map(|value| match bound.graph.source(*value) {
        ValueSource::Node(NodeId(node)) => Some(*node),
        _ => None,
    })
}

/// `[N, C, H, W]` of a shape of at most four axes.
pub(crate) fn image_shape(shape: &[usize]) -> Option<[usize; 4]> {
    let mut image = [1; 4];
    image.get_mut(4usize.checked_sub(shape.len())?..)?.copy_from_slice(shape);
    Some(image)
}

/// How an input lies over the places of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Over {
    /// An element for each place.
    Places,
    /// One element for all places of an image's channel.
    Channels,
}

/// How a value of `shape` lies over images of `size`; `None` if neither way.
pub(crate) fn over(shape: &[usize], size: [usize; 3]) -> Option<Over> {
    let [n, _, h, w] = image_shape(shape)?;
    let of_images = n == 1 || n == size[0];
    match () {
        () if of_images && [h, w] == size[1..] => Some(Over::Places),
        () if of_images && h * w == 1 => Some(Over::Channels),
        () => None,
    }
}

/// How a node can be part of a group, and of which.
fn classify(bound: &BoundGraph, node: &ValidNode, prepared: Option<&Prepared>) -> Option<(Kind, Frame)> {
    let type_of = |value: ValueId| bound.value_type(value);
    let first = type_of(*node.outputs.first()?);
    let shape = image_shape(&first.shape)?;
    let [n, _, h, w] = shape;
    if h * w < FEWEST_PLACES || node.outputs.iter().any(|value| type_of(*value).dtype == DType::I32) {
        return None;
    }
    let channels =
        node.outputs.iter().map(|value| image_shape(&type_of(*value).shape).map_or(0, |shape| shape[1])).sum();
    let frame = Frame { size: [n, h, w], channels };
    let inputs: Vec<ValueId> = node.inputs.iter().flatten().copied().collect();
    let kind = match &node.op {
        Op::Conv(params) if first.shape.len() == 4 && prepared.is_some() => {
            let kernel = &type_of(inputs[1]).shape[2..];
            let is_point = params.group == 1 && kernel == [1, 1] && params.is_pointwise();
            if is_point { Kind::Point } else { Kind::Root }
        }
        Op::ConvTranspose(_) if first.shape.len() == 4 && prepared.is_some() => Kind::Root,
        Op::BatchNormalization(_) if first.shape.len() == 4 && prepared.is_some() => Kind::Point,
        Op::Concat(params) if first.shape.len() == 4 => {
            let same = inputs.iter().all(|value| over(&type_of(*value).shape, frame.size) == Some(Over::Places));
            let whole =
                inputs.iter().all(|value| type_of(*value).shape[0] == n && type_of(*value).dtype == first.dtype);
            (same && whole && params.axis(4).ok()? == 1).then_some(Kind::Point)?
        }
        Op::Slice(params) if first.shape.len() == 4 => {
            let from = &type_of(inputs[0]).shape;
            let ranges = params.ranges(from).ok()?;
            let whole = |axis: usize| ranges[axis] == (0, from[axis], 1);
            let channels = ranges[1].2 == 1 || ranges[1].1 == 1;
            (whole(0) && whole(2) && whole(3) && channels).then_some(Kind::Point)?
        }
        Op::Split(params) if first.shape.len() == 4 => {
            (params.parts(&type_of(inputs[0]).shape).ok()?.0 == 1).then_some(Kind::Point)?
        }
        Op::RandomUniform(params) if first.shape.len() == 4 && params.part.is_none() => Kind::Point,
        op if is_elementwise(op) => {
            let mut found = inputs.iter().map(|value| type_of(*value));
            found.all(|found| broadcasts(found, frame.size, shape[1])).then_some(Kind::Point)?
        }
        _ => return None,
    };
    Some((kind, frame))
}

/// Whether an operand of an elementwise operator can be read place by place of images of `size` with `channels` channels.
fn broadcasts(operand: &TensorType, size: [usize; 3], channels: usize) -> bool {
    let own = image_shape(&operand.shape).map_or(0, |shape| shape[1]);
    over(&operand.shape, size).is_some() && operand.dtype != DType::I32 && (own == 1 || own == channels)
}
