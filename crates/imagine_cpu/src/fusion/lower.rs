//! A group as stages: loops over a tile whose results lie in rows of the tile's memory.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use imagine_graph::{BoundGraph, DType, Op, RandomUniform, Size, ValidNode, ValueId};

use super::{Over, image_shape, over};
use crate::context::Prepared;
use crate::elementwise::{Builder, Operand, Program};
use crate::ops::conv::{ConvWindow, Convolution, FEWEST_COLUMNS, TILE_FLOATS};
use crate::ops::conv_transpose::Transposed;
use crate::ops::elementwise::build;
use crate::product::Packed;
use crate::tile::{Cut, spread};

/// Positions of a tile at least and at most.
const POSITIONS: [usize; 2] = [256, 8192];

/// A group of nodes, ready to run.
#[derive(Debug)]
pub(crate) struct Group {
    pub cut: Cut,
    pub stages: Vec<Stage>,
    /// Rows of the tile's memory.
    pub rows: usize,
    /// Distance of the rows.
    pub stride: usize,
    pub outputs: Vec<Output>,
    /// Values from outside, each once.
    pub inputs: Vec<ValueId>,
    /// Size that the graph is bound to.
    pub size: Size,
    /// Whether the places of a tile lie in the images as in the tile.
    pub is_contiguous: bool,
}

/// A value that others read.
#[derive(Debug)]
pub(crate) struct Output {
    pub value: ValueId,
    pub shape: Vec<usize>,
    pub channels: usize,
    pub dtype: DType,
    /// Where its rows lie at the end; `None` if a stage writes it.
    pub from: Option<Place>,
}

/// Rows, one for each channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Rows of the tile's memory from this on.
    Tile { row: usize, channels: usize },
    /// Channels from `first` on of a value whose places lie as in the tile.
    Value { input: usize, first: usize, channels: usize },
    /// A value with one element for each channel, or for all.
    Channels { input: usize },
}

impl Place {
    /// The channels from `first` on.
    fn part(self, first: usize, channels: usize) -> Self {
        match self {
            Place::Tile { row, .. } => Place::Tile { row: row + first, channels },
            Place::Value { input, first: own, .. } => Place::Value { input, first: own + first, channels },
            Place::Channels { .. } => unreachable!("a value with an element for each place has channels to take"),
        }
    }
}

/// Where a stage writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// Rows of the tile's memory from this on.
    Tile(usize),
    /// The output of this index.
    Output(usize),
}

/// What is done with the sums of a stage: as [`crate::product::Finish`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Finish {
    pub affine: Option<Arc<Vec<(f32, f32)>>>,
    pub activation: Activation,
}

/// An activation of sums.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) enum Activation {
    #[default]
    None,
    Relu,
    Leaky(f32),
    /// The input that holds the slopes.
    PRelu(usize),
    Clip(f32, f32),
}

/// A loop over a tile.
#[derive(Debug)]
pub(crate) enum Stage {
    /// Rows of a value from outside into the tile's memory.
    Load {
        input: usize,
        channels: usize,
        to: usize,
    },
    Conv {
        convolution: Box<Convolution>,
        window: Option<Box<ConvWindow>>,
        input: usize,
        bias: Option<usize>,
        finish: Finish,
        to: Target,
    },
    Transposed {
        transposed: Box<Transposed>,
        input: usize,
        bias: Option<usize>,
        finish: Finish,
        to: usize,
    },
    /// A pointwise convolution of rows of the tile's memory.
    Pointwise {
        weights: Arc<Packed>,
        offsets: Vec<u32>,
        from: usize,
        bias: Option<usize>,
        finish: Finish,
        to: Target,
    },
    /// A factor and an addend for each channel.
    Affine {
        factors: Arc<Vec<(f32, f32)>>,
        from: Place,
        to: usize,
    },
    Elementwise {
        program: Box<Program>,
        sources: Vec<Place>,
        targets: Vec<Target>,
        channels: usize,
    },
    /// Rows one behind the other.
    Join {
        from: Place,
        channels: usize,
        to: usize,
    },
    Random {
        params: Box<RandomUniform>,
        channels: usize,
        to: usize,
    },
}

impl Group {
    /// `nodes` in order, whose values have images of `size`. `None` if there are too few tiles for the threads.
    pub fn new(
        bound: &BoundGraph,
        prepared: &[Option<Prepared>],
        size: [usize; 3],
        nodes: &[usize],
        threads: usize,
    ) -> Option<Self> {
        let members: Vec<&ValidNode> = nodes.iter().map(|&node| &bound.graph.nodes()[node]).collect();
        let mut lowering = Lowering {
            bound,
            size,
            is_contiguous: true,
            inside: members.iter().flat_map(|node| node.outputs.iter().copied()).collect(),
            places: HashMap::new(),
            stages: Vec::new(),
            blocks: Vec::new(),
            rows: 0,
            inputs: Vec::new(),
            outputs: Vec::new(),
            open: None,
            members: &members,
        };
        let roots: Vec<Option<Root>> =
            nodes.iter().zip(&members).map(|(&node, member)| lowering.root(member, prepared[node].as_ref())).collect();
        let (mut halo, mut unit, mut floats) = (0, [1, 1], 0);
        for root in roots.iter().flatten() {
            match root {
                Root::Conv(convolution) => {
                    halo = halo.max(convolution.halo());
                    floats += convolution.source_floats();
                    lowering.is_contiguous &= convolution.halo() == 0;
                }
                Root::Transposed(transposed) => {
                    unit = transposed.unit();
                    floats += transposed.floats();
                    lowering.is_contiguous = false;
                }
            }
        }
        for (index, (&node, root)) in nodes.iter().zip(roots).enumerate() {
            lowering.add(index, prepared[node].as_ref(), root);
        }
        lowering.close(members.len());
        lowering.collect_outputs();
        lowering.write_outputs();
        let rows = lowering.place_rows();
        let positions = (TILE_FLOATS / (rows + floats).max(1)).clamp(POSITIONS[0], POSITIONS[1]);
        let mut cut = Cut::new(size, halo, positions, unit);
        if threads > 1 {
            cut = cut.at_least(3 * threads, unit[0]);
            if cut.count() < threads {
                return None;
            }
        }
        let stride = spread(cut.positions());
        let Lowering { mut stages, inputs, outputs, is_contiguous, .. } = lowering;
        for stage in &mut stages {
            match stage {
                Stage::Conv { convolution, window, .. } => *window = Some(Box::new(convolution.window(&cut))),
                Stage::Pointwise { offsets, .. } => {
                    offsets.iter_mut().enumerate().for_each(|(row, offset)| *offset = (row * stride) as u32);
                }
                _ => {}
            }
        }
        Some(Self { cut, stages, rows, stride, outputs, inputs, size: bound.size, is_contiguous })
    }
}

/// A stage that reads a value from outside around each place.
enum Root {
    Conv(Box<Convolution>),
    Transposed(Box<Transposed>),
}

/// Rows that a stage writes. Their numbers are their own until [`Lowering::place_rows`] lets them share memory.
#[derive(Clone, Copy, Debug)]
struct Block {
    first: usize,
    rows: usize,
}

/// Elementwise operators that become one program.
struct Open {
    channels: usize,
    builder: Builder,
    sources: Vec<Place>,
    operands: HashMap<ValueId, Operand>,
    /// Values that it computes, in order.
    values: Vec<ValueId>,
}

struct Lowering<'a> {
    bound: &'a BoundGraph<'a>,
    size: [usize; 3],
    is_contiguous: bool,
    /// Values that the group's nodes write.
    inside: HashSet<ValueId>,
    /// Where values lie, those of the open program excepted.
    places: HashMap<ValueId, Place>,
    stages: Vec<Stage>,
    blocks: Vec<Block>,
    rows: usize,
    inputs: Vec<ValueId>,
    outputs: Vec<Output>,
    open: Option<Open>,
    members: &'a [&'a ValidNode],
}

impl Lowering<'_> {
    /// What `node` reads from outside around each place.
    fn root(&self, node: &ValidNode, prepared: Option<&Prepared>) -> Option<Root> {
        let shape = |index: usize| node.inputs[index].map(|value| self.bound.value_type(value).shape.as_slice());
        match (&node.op, prepared) {
            (Op::Conv(params), Some(Prepared::Conv(weights))) => {
                let convolution = Convolution::new(params, weights.clone(), shape(0)?, shape(1)?);
                let is_inside = self.inside.contains(&node.inputs[0]?);
                (!is_inside).then(|| Root::Conv(Box::new(convolution)))
            }
            (Op::ConvTranspose(params), Some(Prepared::ConvTranspose(weights))) => {
                Some(Root::Transposed(Box::new(Transposed::new(params, weights.clone(), shape(0)?, shape(1)?))))
            }
            _ => None,
        }
    }

    fn channels(&self, value: ValueId) -> usize {
        image_shape(&self.bound.value_type(value).shape).map_or(1, |shape| shape[1])
    }

    /// New rows of the tile's memory.
    fn block(&mut self, rows: usize) -> usize {
        let first = self.rows;
        self.blocks.push(Block { first, rows });
        self.rows += rows;
        first
    }

    /// New rows for a value.
    fn rows_for(&mut self, value: ValueId) -> usize {
        let channels = self.channels(value);
        let row = self.block(channels);
        self.places.insert(value, Place::Tile { row, channels });
        row
    }

    /// The index of a value from outside.
    fn input(&mut self, value: ValueId) -> usize {
        let known = self.inputs.iter().position(|own| *own == value);
        known.unwrap_or_else(|| {
            self.inputs.push(value);
            self.inputs.len() - 1
        })
    }

    /// Where a value can be read place by place.
    fn place(&mut self, value: ValueId) -> Place {
        if let Some(place) = self.places.get(&value) {
            return *place;
        }
        let found = self.bound.value_type(value);
        let place = match over(&found.shape, self.size) {
            Some(Over::Channels) | None => Place::Channels { input: self.input(value) },
            Some(Over::Places) => {
                let (input, channels) = (self.input(value), self.channels(value));
                if self.is_contiguous && found.dtype == DType::F32 {
                    Place::Value { input, first: 0, channels }
                } else {
                    let to = self.block(channels);
                    self.stages.push(Stage::Load { input, channels, to });
                    Place::Tile { row: to, channels }
                }
            }
        };
        self.places.insert(value, place);
        place
    }

    /// The same in the tile's memory.
    fn row(&mut self, value: ValueId) -> usize {
        match self.place(value) {
            Place::Tile { row, .. } => row,
            from @ Place::Value { channels, .. } => {
                let to = self.block(channels);
                self.stages.push(Stage::Join { from, channels, to });
                to
            }
            Place::Channels { .. } => unreachable!("a convolution reads an element for each place"),
        }
    }

    /// Adds member `index`.
    fn add(&mut self, index: usize, prepared: Option<&Prepared>, root: Option<Root>) {
        let members = self.members;
        let node = members[index];
        let inputs: Vec<ValueId> = node.inputs.iter().flatten().copied().collect();
        if let Op::Identity(_) = &node.op
            && let Some(operand) = self.open.as_ref().and_then(|open| open.operands.get(&inputs[0]).copied())
        {
            let open = self.open.as_mut().expect("it has the operand");
            open.operands.insert(node.outputs[0], operand);
            return open.values.push(node.outputs[0]);
        }
        let is_elementwise = !matches!(
            node.op,
            Op::Conv(_)
                | Op::ConvTranspose(_)
                | Op::BatchNormalization(_)
                | Op::Concat(_)
                | Op::Slice(_)
                | Op::Split(_)
                | Op::RandomUniform(_)
        );
        if is_elementwise {
            return self.add_elementwise(index, &inputs);
        }
        self.close(index);
        let output = node.outputs[0];
        match (&node.op, prepared) {
            (Op::Conv(_), Some(Prepared::Conv(weights))) => {
                let bias = node.inputs.get(2).copied().flatten().map(|bias| self.input(bias));
                if let Some(Root::Conv(convolution)) = root {
                    let input = self.input(inputs[0]);
                    let to = self.rows_for(output);
                    let (finish, to) = (Finish::default(), Target::Tile(to));
                    self.stages.push(Stage::Conv { convolution, window: None, input, bias, finish, to });
                } else {
                    let from = self.row(inputs[0]);
                    let to = self.rows_for(output);
                    let weights = weights.group(0).clone();
                    let offsets = vec![0; weights.terms];
                    let (finish, to) = (Finish::default(), Target::Tile(to));
                    self.stages.push(Stage::Pointwise { weights, offsets, from, bias, finish, to });
                }
            }
            (Op::ConvTranspose(_), _) => {
                let Some(Root::Transposed(transposed)) = root else { unreachable!("its weights are prepared") };
                let bias = node.inputs.get(2).copied().flatten().map(|bias| self.input(bias));
                let input = self.input(inputs[0]);
                let to = self.rows_for(output);
                self.stages.push(Stage::Transposed { transposed, input, bias, finish: Finish::default(), to });
            }
            (Op::BatchNormalization(_), Some(Prepared::Affine(factors))) => {
                if let Some(finish) = self.finish(inputs[0], index).filter(|finish| finish.affine.is_none()) {
                    finish.affine = Some(factors.clone());
                    let place = self.places[&inputs[0]];
                    self.places.insert(output, place);
                    return;
                }
                let from = self.place(inputs[0]);
                let to = self.rows_for(output);
                self.stages.push(Stage::Affine { factors: factors.clone(), from, to });
            }
            (Op::Concat(_), _) => {
                let parts: Vec<Place> = inputs.iter().map(|value| self.place(*value)).collect();
                let mut to = self.rows_for(output);
                for (from, value) in parts.into_iter().zip(&inputs) {
                    let channels = self.channels(*value);
                    self.stages.push(Stage::Join { from, channels, to });
                    to += channels;
                }
            }
            (Op::Slice(params), _) => {
                let ranges =
                    params.ranges(&self.bound.value_type(inputs[0]).shape).expect("the shape rule accepted it");
                let place = self.place(inputs[0]).part(ranges[1].0, ranges[1].1);
                self.places.insert(output, place);
            }
            (Op::Split(params), _) => {
                let (_, parts) =
                    params.parts(&self.bound.value_type(inputs[0]).shape).expect("the shape rule accepted it");
                for (value, (first, channels)) in node.outputs.iter().zip(parts) {
                    let place = self.place(inputs[0]).part(first, channels);
                    self.places.insert(*value, place);
                }
            }
            (Op::RandomUniform(params), _) => {
                let channels = self.channels(output);
                let to = self.rows_for(output);
                self.stages.push(Stage::Random { params: Box::new(params.clone()), channels, to });
            }
            (op, _) => unreachable!("{} is not fused", op.name()),
        }
    }

    /// What is done with the sums of the last stage, if they are `value` and only member `index` reads it.
    fn finish(&mut self, value: ValueId, index: usize) -> Option<&mut Finish> {
        let Some(Place::Tile { row, .. }) = self.places.get(&value).copied() else { return None };
        let readers = self.members.iter().flat_map(|node| &node.inputs).filter(|input| **input == Some(value)).count();
        let is_read_here = self.members[index].inputs.first() == Some(&Some(value));
        if self.open.is_some() || readers != 1 || !is_read_here || self.is_read_outside(value) {
            return None;
        }
        let finish = match self.stages.last_mut()? {
            Stage::Conv { finish, to, .. } | Stage::Pointwise { finish, to, .. } if *to == Target::Tile(row) => finish,
            Stage::Transposed { finish, to, .. } if *to == row => finish,
            _ => return None,
        };
        (finish.activation == Activation::None).then_some(finish)
    }

    /// Makes an activation part of the stage that writes what it reads. False if that cannot be.
    fn activate(&mut self, index: usize, inputs: &[ValueId]) -> bool {
        let node = self.members[index];
        let output = node.outputs[0];
        let activation = match &node.op {
            Op::Relu(_) => Activation::Relu,
            Op::LeakyRelu(params) => Activation::Leaky(params.alpha),
            Op::Clip(params) => match (params.min, params.max) {
                (Some(low), Some(high)) => Activation::Clip(low, high),
                _ => return false,
            },
            Op::PRelu(_) => {
                let found = self.bound.value_type(inputs[1]);
                let shape = image_shape(&found.shape).filter(|shape| shape[0] == 1 && shape[2] * shape[3] == 1);
                let fits = shape.is_some_and(|shape| [1, self.channels(output)].contains(&shape[1]));
                if !fits || self.inside.contains(&inputs[1]) || self.channels(inputs[0]) != self.channels(output) {
                    return false;
                }
                Activation::PRelu(self.input(inputs[1]))
            }
            _ => return false,
        };
        let Some(finish) = self.finish(inputs[0], index) else { return false };
        finish.activation = activation;
        let place = self.places[&inputs[0]];
        self.places.insert(output, place);
        true
    }

    fn add_elementwise(&mut self, index: usize, inputs: &[ValueId]) {
        if self.activate(index, inputs) {
            return;
        }
        let node = self.members[index];
        let output = node.outputs[0];
        let channels = self.channels(output);
        if self.open.as_ref().is_some_and(|open| open.channels != channels) {
            self.close(index);
        }
        let mut open = self.open.take().unwrap_or_else(|| Open {
            channels,
            builder: Builder::default(),
            sources: Vec::new(),
            operands: HashMap::new(),
            values: Vec::new(),
        });
        let operands: Vec<Operand> = inputs
            .iter()
            .map(|value| {
                if let Some(operand) = open.operands.get(value) {
                    return *operand;
                }
                let operand = open.builder.source(self.bound.value_type(*value).dtype);
                open.sources.push(self.place(*value));
                open.operands.insert(*value, operand);
                operand
            })
            .collect();
        let result = build(&node.op, &operands, &mut open.builder).expect("the operator is elementwise");
        open.operands.insert(output, result);
        open.values.push(output);
        self.open = Some(open);
    }

    /// Whether something other than the members before `index` reads `value`.
    fn is_read_after(&self, value: ValueId, index: usize) -> bool {
        self.is_read_outside(value) || self.members[index..].iter().any(|node| node.inputs.contains(&Some(value)))
    }

    fn is_read_outside(&self, value: ValueId) -> bool {
        let graph = self.bound.graph;
        let is_member = |node: &ValidNode| self.members.iter().any(|member| std::ptr::eq(*member, node));
        let reads = |node: &&ValidNode| node.inputs.contains(&Some(value)) && !is_member(node);
        graph.outputs().contains(&value) || graph.nodes().iter().find(reads).is_some()
    }

    /// Makes a stage of the open program, before member `index`.
    fn close(&mut self, index: usize) {
        let Some(open) = self.open.take() else { return };
        let needed: Vec<ValueId> =
            open.values.iter().copied().filter(|value| self.is_read_after(*value, index)).collect();
        let mut results = Vec::new();
        let mut targets = Vec::new();
        for value in needed {
            results.push(open.operands[&value]);
            let is_read_inside = self.members[index..].iter().any(|node| node.inputs.contains(&Some(value)));
            if self.is_contiguous && !is_read_inside {
                targets.push(Target::Output(self.outputs.len()));
                self.push_output(value, None);
            } else {
                targets.push(Target::Tile(self.rows_for(value)));
            }
        }
        let program = Box::new(open.builder.finish(&results));
        self.stages.push(Stage::Elementwise { program, sources: open.sources, targets, channels: open.channels });
    }

    fn push_output(&mut self, value: ValueId, from: Option<Place>) {
        let found = self.bound.value_type(value);
        let channels = self.channels(value);
        self.outputs.push(Output { value, shape: found.shape.clone(), channels, dtype: found.dtype, from });
    }

    /// The values that are read outside and that no stage writes there.
    fn collect_outputs(&mut self) {
        let members = self.members;
        for value in members.iter().flat_map(|node| &node.outputs) {
            let is_written = self.outputs.iter().any(|output| output.value == *value);
            if !is_written && self.is_read_outside(*value) {
                let place = self.places[value];
                self.push_output(*value, Some(place));
            }
        }
    }

    /// Lets convolutions whose results nothing in the group reads write them where they belong.
    fn write_outputs(&mut self) {
        if !self.is_contiguous && self.size[2] < FEWEST_COLUMNS {
            return;
        }
        for index in 0..self.outputs.len() {
            let Some(Place::Tile { row, channels }) = self.outputs[index].from else { continue };
            let is_block = self.blocks.iter().any(|block| block.first == row && block.rows == channels);
            let own = row..row + channels;
            let others = |output: &Output| matches!(output.from, Some(Place::Tile { row, .. }) if own.contains(&row));
            let mut reads = self.outputs.iter().filter(|output| others(output)).count() - 1;
            for stage in &mut self.stages {
                stage.rows_mut(|row, writes| reads += usize::from(!writes && own.contains(row)));
            }
            if !is_block || reads > 0 {
                continue;
            }
            let target = self.stages.iter_mut().find_map(|stage| match stage {
                Stage::Conv { to, .. } | Stage::Pointwise { to, .. } => (*to == Target::Tile(row)).then_some(to),
                _ => None,
            });
            if let Some(target) = target {
                *target = Target::Output(index);
                self.outputs[index].from = None;
            }
        }
    }

    /// Gives blocks of rows their place in the tile's memory, those that are not needed at the same time the same. Returns the number of rows.
    fn place_rows(&mut self) -> usize {
        let block_of =
            |row: usize| self.blocks.iter().position(|block| (block.first..block.first + block.rows).contains(&row));
        let mut written = vec![usize::MAX; self.blocks.len()];
        let mut read = vec![0; self.blocks.len()];
        for (index, stage) in self.stages.iter_mut().enumerate() {
            stage.rows_mut(|row, writes| {
                let block = block_of(*row).expect("every row is of a block");
                read[block] = read[block].max(index);
                if writes {
                    written[block] = written[block].min(index);
                }
            });
        }
        for output in &self.outputs {
            if let Some(Place::Tile { row, .. }) = output.from {
                read[block_of(row).expect("every row is of a block")] = usize::MAX;
            }
        }
        // In the order in which they are written, each at the first place that is free for as long as it is needed.
        let mut order: Vec<usize> = (0..self.blocks.len()).collect();
        order.sort_by_key(|&block| written[block]);
        let mut placed: Vec<(usize, usize)> = Vec::new();
        let mut start = vec![0; self.blocks.len()];
        let mut total = 0;
        for &block in order.iter().filter(|block| written[**block] != usize::MAX) {
            let rows = self.blocks[block].rows;
            let mut taken: Vec<(usize, usize)> = placed
                .iter()
                .filter(|(other, _)| written[*other] <= read[block] && written[block] <= read[*other])
                .map(|(other, first)| (*first, first + self.blocks[*other].rows))
                .collect();
            taken.sort_unstable();
            let free = taken.iter().fold(0, |at, (first, end)| if at + rows <= *first { at } else { at.max(*end) });
            placed.push((block, free));
            start[block] = free;
            total = total.max(free + rows);
        }
        let blocks = &self.blocks;
        let moved = |row: &mut usize| {
            let block = blocks.iter().position(|block| (block.first..block.first + block.rows).contains(row));
            let block = block.expect("every row is of a block");
            *row = start[block] + *row - blocks[block].first;
        };
        self.stages.iter_mut().for_each(|stage| stage.rows_mut(|row, _| moved(row)));
        for output in &mut self.outputs {
            if let Some(Place::Tile { row, .. }) = &mut output.from {
                moved(row);
            }
        }
        total
    }
}

impl Stage {
    /// Visits the rows of the tile's memory that the stage reads, then those that it writes (true).
    fn rows_mut(&mut self, mut visit: impl FnMut(&mut usize, bool)) {
        let place = |place: &mut Place, visit: &mut dyn FnMut(&mut usize, bool)| {
            if let Place::Tile { row, .. } = place {
                visit(row, false);
            }
        };
        let target = |target: &mut Target, visit: &mut dyn FnMut(&mut usize, bool)| {
            if let Target::Tile(row) = target {
                visit(row, true);
            }
        };
        match self {
            Stage::Load { to, .. } | Stage::Transposed { to, .. } | Stage::Random { to, .. } => visit(to, true),
            Stage::Conv { to, .. } => target(to, &mut visit),
            Stage::Pointwise { from, to, .. } => {
                visit(from, false);
                target(to, &mut visit);
            }
            Stage::Affine { from, to, .. } | Stage::Join { from, to, .. } => {
                place(from, &mut visit);
                visit(to, true);
            }
            Stage::Elementwise { sources, targets, .. } => {
                sources.iter_mut().for_each(|source| place(source, &mut visit));
                targets.iter_mut().for_each(|to| target(to, &mut visit));
            }
        }
    }
}
