//! What a generator by example consists of, read from its graph.

use imagine_graph::{Generator, Op, OutputKind, TensorData};

/// What a generator by example consists of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// Rows of texels of the exemplar.
    pub height: usize,
    /// Columns of texels of the exemplar.
    pub width: usize,
    /// The maps that it shows.
    pub kinds: Vec<OutputKind>,
    /// Levels that a field is refined on.
    pub levels: usize,
    /// Matching passes on all levels.
    pub passes: usize,
    /// Bytes of all weights: texels, appearance and tables of similar places.
    pub bytes: usize,
}

/// The parts of a generator by example; `None` if the generator is none.
pub fn describe(generator: &Generator) -> Option<Description> {
    let graph = &generator.output;
    let gathers = graph.nodes.iter().filter(|node| matches!(node.op, Op::ExemplarGather(_)));
    let texels = gathers.filter_map(|node| graph.weights.get(node.inputs.get(1)?)).next()?;
    let &[height, width, _] = &texels.shape[..] else { return None };
    let count = |is: fn(&Op) -> bool| graph.nodes.iter().filter(|node| is(&node.op)).count();
    let bytes = |data: &TensorData| match data {
        TensorData::F32(values) => 4 * values.len(),
        TensorData::I32(values) => 4 * values.len(),
        TensorData::Bool(values) => values.len(),
    };
    Some(Description {
        height,
        width,
        kinds: graph.outputs.iter().map(|output| output.kind).collect(),
        levels: count(|op| matches!(op, Op::ExemplarStart(_) | Op::ExemplarDouble(_))),
        passes: count(|op| matches!(op, Op::ExemplarMatch(_))),
        bytes: graph.weights.values().map(|weight| bytes(&weight.data)).sum(),
    })
}
