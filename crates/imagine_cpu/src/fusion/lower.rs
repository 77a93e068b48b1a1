//! A group as stages: loops over a tile whose results lie in rows of the tile's memory.

use std::collections::{HashMap, HashSet};

use imagine_graph::{BoundGraph, DType, Op, ValidNode, ValueId};

use super::stage::{Activation, Finish, Group, Output, Place, Stage, Target};
use super::{Over, image_shape, over};
use crate::context::Prepared;
use crate::elementwise::{Builder, Operand};
use crate::ops::conv::{Convolution, SMALL, TILE_FLOATS};
use crate::ops::conv_transpose::Transposed;
use crate::ops::elementwise::build;
use crate::tile::{Cut, spread};

/// Positions of a tile at least and at most.
const POSITIONS: [usize; 2] = [256, 8192];

impl Group {
    /// `nodes` in order, whose values have images of `size`. `None` if there are too few tiles for the threads.
    pub fn new(
        bound: &BoundGraph,
        prepared: &[Option<Prepared>],
        size: [usize; 3],
        nodes: &[usize],
        threads: usize,
    ) -> Option<Self> {
        // Threads share the channels of small images.
        if threads > 1 && size[1] * size[2] < SMALL {
            return None;
        }
        let members: Vec<&ValidNode> = nodes.iter().map(|&node| &bound.graph.nodes()[node]).collect();
        let mut lowering = Lowering::new(bound, size, &members);
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
        let Lowering { mut stages, inputs, outputs, .. } = lowering;
        for stage in &mut stages {
            match stage {
                Stage::Conv { convolution, window, .. } => *window = Some(Box::new(convolution.window(&cut))),
                Stage::Pointwise { offsets, .. } => {
                    offsets.iter_mut().enumerate().for_each(|(row, offset)| *offset = (row * stride) as u32);
                }
                _ => {}
            }
        }
        Some(Self { cut, stages, rows, stride, outputs, inputs })
    }
}

/// A stage that reads a value from outside around each place.
enum Root {
    Conv(Box<Convolution>),
    Transposed(Box<Transposed>),
}

/// Rows that a stage writes. Their numbers are their own until [`Lowering::place_rows`] lets them share memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block {
    pub first: usize,
    pub rows: usize,
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

pub(super) struct Lowering<'a> {
    bound: &'a BoundGraph<'a>,
    pub size: [usize; 3],
    /// Whether the places of a tile lie in the images as in the tile.
    pub is_contiguous: bool,
    /// Values that the group's nodes write.
    inside: HashSet<ValueId>,
    /// Where values lie, those of the open program excepted.
    places: HashMap<ValueId, Place>,
    pub stages: Vec<Stage>,
    pub blocks: Vec<Block>,
    rows: usize,
    inputs: Vec<ValueId>,
    pub outputs: Vec<Output>,
    open: Option<Open>,
    members: &'a [&'a ValidNode],
}

impl<'a> Lowering<'a> {
    fn new(bound: &'a BoundGraph<'a>, size: [usize; 3], members: &'a [&'a ValidNode]) -> Self {
        Self {
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
            members,
        }
    }

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
        let node = self.members[index];
        let inputs: Vec<ValueId> = node.inputs.iter().flatten().copied().collect();
        let output = node.outputs[0];
        if let Op::Identity(_) = &node.op
            && let Some(operand) = self.open.as_ref().and_then(|open| open.operands.get(&inputs[0]).copied())
        {
            let open = self.open.as_mut().expect("it has the operand");
            open.operands.insert(output, operand);
            return open.values.push(output);
        }
        match &node.op {
            Op::Conv(_) => self.add_convolution(index, prepared, root),
            Op::ConvTranspose(_) => self.add_transposed(index, root),
            Op::BatchNormalization(_) => self.add_affine(index, prepared),
            Op::Concat(_) => {
                self.close(index);
                let parts: Vec<Place> = inputs.iter().map(|value| self.place(*value)).collect();
                let mut to = self.rows_for(output);
                for (from, value) in parts.into_iter().zip(&inputs) {
                    let channels = self.channels(*value);
                    self.stages.push(Stage::Join { from, channels, to });
                    to += channels;
                }
            }
            Op::Slice(params) => {
                self.close(index);
                let shape = &self.bound.value_type(inputs[0]).shape;
                let channels = params.ranges(shape).expect("the shape rule accepted it")[1];
                let place = self.place(inputs[0]).part(channels.0, channels.1);
                self.places.insert(output, place);
            }
            Op::Split(params) => {
                self.close(index);
                let shape = &self.bound.value_type(inputs[0]).shape;
                let (_, parts) = params.parts(shape).expect("the shape rule accepted it");
                for (value, (first, channels)) in node.outputs.iter().zip(parts) {
                    let place = self.place(inputs[0]).part(first, channels);
                    self.places.insert(*value, place);
                }
            }
            Op::RandomUniform(params) => {
                self.close(index);
                let (channels, to) = (self.channels(output), self.rows_for(output));
                self.stages.push(Stage::Random { params: Box::new(params.clone()), channels, to });
            }
            _ => self.add_elementwise(index, &inputs),
        }
    }

    fn bias(&mut self, index: usize) -> Option<usize> {
        self.members[index].inputs.get(2).copied().flatten().map(|bias| self.input(bias))
    }

    fn add_convolution(&mut self, index: usize, prepared: Option<&Prepared>, root: Option<Root>) {
        self.close(index);
        let (input, output) =
            (self.members[index].inputs[0].expect("a convolution reads X"), self.members[index].outputs[0]);
        let (bias, finish) = (self.bias(index), Finish::default());
        let stage = match (root, prepared) {
            (Some(Root::Conv(convolution)), _) => {
                let (input, to) = (self.input(input), Target::Tile(self.rows_for(output)));
                Stage::Conv { convolution, window: None, input, bias, finish, to }
            }
            (_, Some(Prepared::Conv(weights))) => {
                let (from, to) = (self.row(input), Target::Tile(self.rows_for(output)));
                let weights = weights.group(0).clone();
                let offsets = vec![0; weights.terms];
                Stage::Pointwise { weights, offsets, from, bias, finish, to }
            }
            _ => unreachable!("its weights are prepared"),
        };
        self.stages.push(stage);
    }

    fn add_transposed(&mut self, index: usize, root: Option<Root>) {
        self.close(index);
        let Some(Root::Transposed(transposed)) = root else { unreachable!("its weights are prepared") };
        let (input, output) = (self.members[index].inputs[0].expect("it reads X"), self.members[index].outputs[0]);
        let (bias, input, to) = (self.bias(index), self.input(input), self.rows_for(output));
        self.stages.push(Stage::Transposed { transposed, input, bias, finish: Finish::default(), to });
    }

    fn add_affine(&mut self, index: usize, prepared: Option<&Prepared>) {
        self.close(index);
        let Some(Prepared::Affine(factors)) = prepared else { unreachable!("its statistics are prepared") };
        let (input, output) = (self.members[index].inputs[0].expect("it reads X"), self.members[index].outputs[0]);
        if let Some(finish) = self.finish(input, index).filter(|finish| finish.affine.is_none()) {
            finish.affine = Some(factors.clone());
            let place = self.places[&input];
            self.places.insert(output, place);
            return;
        }
        let (from, to) = (self.place(input), self.rows_for(output));
        self.stages.push(Stage::Affine { factors: factors.clone(), from, to });
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
}
