//! Roles of inputs and outputs that nobody gave, guessed from element types, shapes and names.

use imagine_graph::{ColorSpace, DType, Dim, Distribution, Graph, InputKind, Op, OutputKind};

use super::channels::Channels;
use crate::inputs::{Layout, ValueInfo};
use crate::role::OutputRole;

/// Largest value of a whole number of unknown meaning, such as a time step.
const MAX_NUMBER: f32 = 1000.0;

/// Maximum options that get a number as their name.
const MAX_OPTIONS: usize = 1 << 16;

/// Maximum operators between a label and the table that it selects from.
const MAX_STEPS: usize = 8;

/// The kind of an input.
pub(super) fn input(graph: &Graph, info: &ValueInfo) -> InputKind {
    let name = info.name.to_lowercase();
    let named = |words: &[&str]| words.iter().any(|word| name.contains(word));
    let is_float = info.element.is_none_or(|element| element.dtype() == DType::F32);
    if info.shape.iter().all(|dim| matches!(*dim, Dim::BATCH | Dim::Fixed(1))) && info.shape.len() <= 2 {
        let count = table_rows(graph, &info.name, MAX_STEPS).map(|rows| rows.saturating_sub(1) as f32);
        let max = match (count, is_float) {
            (Some(max), _) => max,
            (None, true) if info.shape.len() == 2 => return InputKind::Latent(Distribution::Normal),
            (None, true) if !named(&["time", "step", "sigma"]) && name != "t" => 1.0,
            _ => MAX_NUMBER,
        };
        return InputKind::Range { min: 0.0, max, default: 0.0 };
    }
    match info.shape.as_slice() {
        [_, Dim::Fixed(count)] if is_float && named(&["label", "class", "onehot", "one_hot"]) => {
            InputKind::Choice { options: options(*count), default: 0 }
        }
        [_, _] | [_, _, Dim::Fixed(1), Dim::Fixed(1)] if is_float => InputKind::Latent(Distribution::Normal),
        [a, b, c, d] => match channels([a, b, c, d]) {
            Some(1) if named(&["mask"]) => InputKind::Mask,
            Some(1 | 3 | 4) => InputKind::Image(ColorSpace::Srgb),
            _ => InputKind::Tensor,
        },
        _ => InputKind::Tensor,
    }
}

/// The roles of an output's channels. `taken` tells which kinds earlier outputs have.
pub(super) fn output(info: &ValueInfo, taken: impl Fn(OutputKind) -> bool) -> Vec<(Channels, OutputRole)> {
    use OutputKind::{Alpha, BaseColor, Height};
    let count = match info.shape.as_slice() {
        [a, b, c, d] => channels([a, b, c, d]),
        _ => None,
    };
    let parts = match count {
        Some(1) => vec![(Channels::ALL, Height)],
        Some(2) => vec![(Channels::range(0, 1), Height), (Channels::range(1, 2), Alpha)],
        Some(3) => vec![(Channels::ALL, BaseColor)],
        Some(4) => vec![(Channels::range(0, 3), BaseColor), (Channels::range(3, 4), Alpha)],
        _ => Vec::new(),
    };
    if parts.is_empty() || parts.iter().any(|(_, kind)| taken(*kind)) {
        return vec![(Channels::ALL, OutputKind::Tensor.into())];
    }
    parts.into_iter().map(|(channels, kind)| (channels, kind.into())).collect()
}

/// Numbers as the names of `count` options.
pub(super) fn options(count: usize) -> Vec<String> {
    (0..count.min(MAX_OPTIONS)).map(|option| option.to_string()).collect()
}

/// The number of channels of an image.
fn channels(dims: [&Dim; 4]) -> Option<usize> {
    let fixed = |dim: &Dim| if let Dim::Fixed(count) = dim { Some(*count) } else { None };
    let dims = dims.map(fixed);
    dims[Layout::of(dims).axes()[0]]
}

/// The number of rows of the table from which the indices `name` select, following at most `steps` operators.
fn table_rows(graph: &Graph, name: &str, steps: usize) -> Option<usize> {
    let steps = steps.checked_sub(1)?;
    let readers = graph.nodes.iter().filter(|node| node.inputs.iter().any(|input| input == name));
    readers.into_iter().find_map(|node| match &node.op {
        Op::Gather(gather) if node.inputs.get(1).is_some_and(|input| input == name) => {
            let table = graph.weights.get(&node.inputs[0])?;
            table.shape.get(usize::try_from(gather.axis).ok()?).copied()
        }
        Op::Cast(_) | Op::Reshape(_) | Op::Squeeze(_) | Op::Unsqueeze(_) | Op::Flatten(_) | Op::Identity(_) => {
            table_rows(graph, node.outputs.first()?, steps)
        }
        _ => None,
    })
}
