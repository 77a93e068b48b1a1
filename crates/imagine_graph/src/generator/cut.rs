//! A graph cut to what a patch needs of each of its values.
//!
//! A graph that refines levels reads, in all, thousands of texels around a patch, but little of each level. So no value is as large as
//! the window: inputs, random numbers and the field of each finer level are cut to the elements that are needed. Everything else
//! follows from what it reads. Where values of different extents meet, as at the blend of two layers, they are cut to a common one.

use std::ops::Range;

use super::request_error::RequestError;
use super::windows::{Need, is_cut};
use crate::graph::{BoundGraph, Graph, Node, ValidGraph, ValidNode, ValueId};
use crate::ops::{Inputs, Op, RandomPart, Reach, Slice};
use crate::tensor::{Axis, Dim, PerAxis, Ratio, Size, Symbol, TensorType, Texel};

/// A value of the cut graph.
#[derive(Clone, Debug)]
struct Cut {
    /// Its name, which readers use.
    name: String,
    value_type: TensorType,
    /// Its first element on the plane; 0 where it does not move with the window.
    first: PerAxis<i64>,
}

/// `graph` for a window of size `window` from texel `origin`, its outputs cut to the patch, as `needs` says for every value.
pub(super) fn cut(
    graph: &ValidGraph,
    window: Size,
    origin: Texel,
    needs: &PerAxis<Vec<Need>>,
) -> Result<ValidGraph, RequestError> {
    let values = vec![None; graph.value_count()];
    let bound = graph.bind(window)?;
    let mut cutter = Cutter { graph, bound: &bound, window, origin, needs, values, plain: graph.graph().clone() };
    cutter.plain.nodes.clear();
    cutter.inputs()?;
    for node in graph.nodes() {
        cutter.node(node)?;
    }
    for (output, value) in graph.graph().outputs.iter().zip(graph.outputs()) {
        cutter.output(&output.name, *value)?;
    }
    let cut = cutter.plain.validate()?;
    cut.bind(window)?;
    Ok(cut)
}

struct Cutter<'a> {
    graph: &'a ValidGraph,
    /// The whole graph at the window's size.
    bound: &'a BoundGraph<'a>,
    window: Size,
    origin: Texel,
    needs: &'a PerAxis<Vec<Need>>,
    /// Values so far.
    values: Vec<Option<Cut>>,
    plain: Graph,
}

impl Cutter<'_> {
    fn inputs(&mut self) -> Result<(), RequestError> {
        for index in 0..self.graph.value_count() {
            let value = ValueId(index);
            let is_weight = self.graph.weight(value).is_some();
            if !is_weight && index >= self.graph.graph().inputs.len() {
                continue;
            }
            let (name, value_type) = (self.graph.name(value).to_string(), self.bound.value_type(value).clone());
            let cut = Cut { name, value_type, first: self.window_start(value) };
            let kept = if is_weight { cut } else { self.kept(value, cut)? };
            self.values[index] = Some(kept);
        }
        Ok(())
    }

    /// Where the window begins, in elements of `value`.
    fn window_start(&self, value: ValueId) -> PerAxis<i64> {
        let start = |axis: Axis| self.scale(value, axis).map_or(0, |scale| scale.floor(i64::from(self.origin[axis])));
        PerAxis::from_fn(start)
    }

    fn scale(&self, value: ValueId, axis: Axis) -> Option<Ratio> {
        self.needs[axis][value.0].scale
    }

    fn node(&mut self, node: &ValidNode) -> Result<(), RequestError> {
        let is_needed = |value: &ValueId| Axis::ALL.iter().any(|axis| self.needs[*axis][value.0].elements.is_some());
        let moves = |value: &ValueId| Axis::ALL.iter().any(|axis| self.scale(*value, *axis).is_some());
        if node.outputs.iter().all(|value| moves(value) && !is_needed(value)) {
            return Ok(());
        }
        // What a dead node wrote has no reader but dead nodes.
        let read = |value: &Option<ValueId>| value.map_or(Some(None), |value| self.values[value.0].clone().map(Some));
        let Some(mut inputs) = node.inputs.iter().map(read).collect::<Option<Vec<Option<Cut>>>>() else {
            return Ok(());
        };
        let is_guided = self.guides_like_field(node, &mut inputs)?;
        let mut op = self.placed(node, &inputs)?;
        let reaches = self.reaches(node, &op);
        if !is_guided {
            self.meet(node, &mut inputs, &reaches)?;
        }
        fix_shape(&mut op, &inputs);
        self.fix_sizes(&mut op, node);
        let types: Vec<_> = inputs.iter().map(|input| input.as_ref().map(|cut| &cut.value_type)).collect();
        let fault = |error| RequestError::Patch { value: node.name.clone(), reason: format!("not to be cut: {error}") };
        let outputs = op.infer(&Inputs { types: &types, size: self.window }).map_err(fault)?;
        let firsts: Vec<_> =
            node.outputs.iter().map(|output| self.first_of(node, &op, &inputs, &reaches, *output)).collect();
        self.plain.nodes.push(Node {
            name: node.name.clone(),
            op,
            inputs: inputs.iter().map(|input| input.as_ref().map(|cut| cut.name.clone()).unwrap_or_default()).collect(),
            outputs: node.outputs.iter().map(|output| self.graph.name(*output).to_string()).collect(),
        });
        for ((output, value_type), first) in node.outputs.iter().zip(outputs).zip(firsts) {
            let cut = Cut { name: self.graph.name(*output).to_string(), value_type, first: first? };
            let kept = if is_cut(node) || is_source(&node.op) { self.kept(*output, cut)? } else { cut };
            self.values[output.0] = Some(kept);
        }
        Ok(())
    }

    /// Cuts what guides a field's cells to these cells, all of which the node reads. Whether it is such a node.
    fn guides_like_field(&mut self, node: &ValidNode, inputs: &mut [Option<Cut>]) -> Result<bool, RequestError> {
        let guides = match node.op {
            Op::ExemplarMove(_) => 3..5,
            Op::ExemplarMatch(_) => 4..6,
            _ => return Ok(false),
        };
        let Some(field) = inputs[0].clone() else { return Ok(true) };
        for index in guides {
            let Some((Some(cut), Some(value))) = inputs.get(index).cloned().zip(node.inputs.get(index).copied()) else {
                continue;
            };
            let name = format!("imagine.met.{}.{index}", node.name);
            let ranges = PerAxis::from_fn(|axis| {
                let cells = length(&field.value_type, axis) as i64;
                match (self.scale(value, axis), length(&cut.value_type, axis) as i64) {
                    (None, 1) => 0..1,
                    (None, _) => 0..cells,
                    (Some(_), _) => field.first[axis] - cut.first[axis]..field.first[axis] - cut.first[axis] + cells,
                }
            });
            inputs[index] = Some(self.sliced(cut, ranges, name)?);
        }
        Ok(true)
    }

    /// Replaces lengths that are fractions of the window by a scale of what is resized. What is the same everywhere stays one element.
    fn fix_sizes(&self, op: &mut Op, node: &ValidNode) {
        let (Op::Resize(resize), &[Some(from)], &[to]) = (op, &node.inputs[..], &node.outputs[..]) else { return };
        if !resize.sizes.iter().any(|dim| matches!(dim, Dim::Symbol(Symbol::Height(_) | Symbol::Width(_)))) {
            return;
        }
        let scale = |axis: Axis| {
            let (from, to) = (self.scale(from, axis)?, self.scale(to, axis)?);
            Some((to.numerator * from.denominator) as f32 / (to.denominator * from.numerator) as f32)
        };
        match Axis::ALL.map(scale) {
            [Some(height), Some(width)] => {
                resize.sizes.clear();
                resize.scales = vec![height, width];
                resize.axes = vec![-2, -1];
            }
            [None, None] => resize.sizes.iter_mut().for_each(|side| *side = Dim::Fixed(1)),
            _ => {}
        }
    }

    /// Cuts inputs of different extents to what is needed of the output.
    fn meet(&mut self, node: &ValidNode, inputs: &mut [Option<Cut>], reaches: &[Reach]) -> Result<(), RequestError> {
        let Some(output) = node.outputs.first().copied() else { return Ok(()) };
        if self.agree(node, inputs, reaches, output) {
            return Ok(());
        }
        for (index, input) in inputs.iter_mut().enumerate() {
            let (Some(cut), Some(value)) = (input.clone(), node.inputs[index]) else { continue };
            if reaches.get(index) == Some(&Reach::Pointwise) {
                let name = format!("imagine.met.{}.{index}", node.name);
                *input = Some(self.cut_to(value, cut, output, name)?);
            }
        }
        Ok(())
    }

    /// The operator, drawing the random numbers of the part that is needed.
    fn placed(&self, node: &ValidNode, inputs: &[Option<Cut>]) -> Result<Op, RequestError> {
        let mut op = node.op.clone();
        let start = |value| self.window_start(value);
        match &mut op {
            // Random numbers begin where the node's field does, not where the window does.
            Op::ExemplarMove(op) => {
                if let (Some(Some(field)), Some(Some(value))) = (inputs.first(), node.inputs.first()) {
                    let start = start(*value);
                    op.origin = Axis::ALL.map(|axis| (field.first[axis] - start[axis]) as i32);
                }
            }
            Op::RandomUniform(op) => op.part = self.part(node.outputs[0]),
            Op::RandomNormal(op) => op.part = self.part(node.outputs[0]),
            Op::Bernoulli(op) if !op.shape.is_empty() => {
                let reason = "random numbers that cannot be cut; move them out of the layers".into();
                return Err(RequestError::Patch { value: node.name.clone(), reason });
            }
            _ => {}
        }
        Ok(op)
    }

    /// The part of a random tensor that is needed; `None` for all of it.
    fn part(&self, value: ValueId) -> Option<RandomPart> {
        let start = self.window_start(value);
        let ranges = PerAxis::from_fn(|axis| self.needs[axis][value.0].elements.clone()).both()?;
        Some(RandomPart {
            first: Axis::ALL.map(|axis| (ranges[axis].start - start[axis]) as i32),
            size: Axis::ALL.map(|axis| (ranges[axis].end - ranges[axis].start).max(0) as usize),
        })
    }

    /// What the node reads. It does not depend on lengths, so those of the whole window do.
    fn reaches(&self, node: &ValidNode, op: &Op) -> Vec<Reach> {
        let types: Vec<_> = node.inputs.iter().map(|value| value.map(|value| self.bound.value_type(value))).collect();
        let output = node.outputs.first().map(|output| self.bound.value_type(*output));
        output.map(|output| op.reach(&types, output)).unwrap_or_default()
    }

    /// Whether everything that the node reads begins at one place, and has one length where it is read element by element.
    fn agree(&self, node: &ValidNode, inputs: &[Option<Cut>], reaches: &[Reach], output: ValueId) -> bool {
        Axis::ALL.iter().all(|axis| {
            let mut found: Option<(i64, Option<usize>)> = None;
            inputs.iter().zip(&node.inputs).zip(reaches).all(|((input, value), reach)| {
                let (Some(input), Some(value)) = (input, value) else { return true };
                let length = length(&input.value_type, *axis);
                let is_pointwise = *reach == Reach::Pointwise;
                let start = match self.scale(*value, *axis) {
                    Some(_) => self.start_of_output(*axis, *value, input, reach, output),
                    // Constant along the axis, and as long as the window.
                    None if is_pointwise && length > 1 => return false,
                    None => return true,
                };
                let here = (start.unwrap_or(i64::MIN), is_pointwise.then_some(length));
                match found {
                    None => {
                        found = Some(here);
                        true
                    }
                    Some(before) => before == here,
                }
            })
        })
    }

    /// The first element of a node's output that corresponds to the first one of an input; `None` between two elements.
    fn start_of_output(&self, axis: Axis, value: ValueId, input: &Cut, reach: &Reach, output: ValueId) -> Option<i64> {
        if *reach == Reach::Pointwise {
            return Some(input.first[axis]);
        }
        let (from, to) = (self.scale(value, axis)?, self.scale(output, axis)?);
        let (n, d) = (to.numerator * from.denominator, to.denominator * from.numerator);
        let scaled = input.first[axis] * n as i64;
        (scaled % d as i64 == 0).then(|| scaled / d as i64)
    }

    fn first_of(
        &self,
        node: &ValidNode,
        op: &Op,
        inputs: &[Option<Cut>],
        reaches: &[Reach],
        output: ValueId,
    ) -> Result<PerAxis<i64>, RequestError> {
        let mut first = self.window_start(output);
        if let Some(part) = part_of(op) {
            return Ok(PerAxis::from_fn(|axis| first[axis] + i64::from(part.first[axis as usize])));
        }
        for axis in Axis::ALL.into_iter().filter(|axis| self.scale(output, *axis).is_some()) {
            for ((input, value), reach) in inputs.iter().zip(&node.inputs).zip(reaches) {
                let (Some(input), Some(value)) = (input, value) else { continue };
                if matches!(reach, Reach::Everything(_)) || self.scale(*value, axis).is_none() {
                    continue;
                }
                let start = self.start_of_output(axis, *value, input, reach, output);
                let start = start.ok_or_else(|| RequestError::Patch {
                    value: node.name.clone(),
                    reason: "a value that begins between two elements of what it reads".into(),
                })?;
                match axis {
                    Axis::Height => first.height = start,
                    Axis::Width => first.width = start,
                }
            }
        }
        Ok(first)
    }

    /// `cut` limited to what is needed of `value`.
    fn kept(&mut self, value: ValueId, cut: Cut) -> Result<Cut, RequestError> {
        let name = format!("imagine.part.{}", cut.name);
        self.cut_to(value, cut, value, name)
    }

    /// `cut` limited to what is needed of `wanted`, by a slice called `name` unless it is that already.
    fn cut_to(&mut self, value: ValueId, cut: Cut, wanted: ValueId, name: String) -> Result<Cut, RequestError> {
        let ranges = PerAxis::from_fn(|axis| {
            let all = 0..length(&cut.value_type, axis) as i64;
            let Some(elements) = self.needs[axis][wanted.0].elements.clone() else { return all };
            match self.scale(value, axis) {
                Some(_) => elements.start - cut.first[axis]..elements.end - cut.first[axis],
                None if all.end > 1 && wanted != value => 0..elements.end - elements.start,
                None => all,
            }
        });
        self.sliced(cut, ranges, name)
    }

    /// These elements of `cut`, by a slice called `name` unless they are all.
    fn sliced(&mut self, cut: Cut, ranges: PerAxis<Range<i64>>, name: String) -> Result<Cut, RequestError> {
        let is_whole = Axis::ALL.iter().all(|axis| ranges[*axis] == (0..length(&cut.value_type, *axis) as i64));
        if is_whole {
            return Ok(cut);
        }
        let slice = slice(Axis::ALL.map(|axis| ranges[axis].clone()));
        let inside = Axis::ALL
            .iter()
            .all(|axis| ranges[*axis].start >= 0 && ranges[*axis].end <= length(&cut.value_type, *axis) as i64);
        if !inside {
            let reason = "a value that is needed beyond what is computed".into();
            return Err(RequestError::Patch { value: cut.name, reason });
        }
        let mut value_type = cut.value_type.clone();
        let rank = value_type.shape.len();
        for axis in Axis::ALL {
            if let Some(index) = axis.index(rank) {
                value_type.shape[index] = (ranges[axis].end - ranges[axis].start) as usize;
            }
        }
        let first = PerAxis::from_fn(|axis| cut.first[axis] + ranges[axis].start);
        self.plain.push(&name, slice, [cut.name.as_str()]);
        Ok(Cut { name, value_type, first })
    }

    /// Makes output `name` the patch's part of `value`.
    fn output(&mut self, name: &str, value: ValueId) -> Result<(), RequestError> {
        let Some(cut) = self.values[value.0].clone() else { return Ok(()) };
        let moves = Axis::ALL.iter().any(|axis| self.scale(value, *axis).is_some());
        if !moves {
            return Ok(());
        }
        let whole = format!("imagine.window.{name}");
        if !rename_written(&mut self.plain, name, &whole) {
            let reason = "both an input and an output, so that it cannot be cropped".into();
            return Err(RequestError::Patch { value: name.into(), reason });
        }
        let inputs = self.plain.nodes.iter_mut().flat_map(|node| &mut node.inputs);
        inputs.filter(|input| **input == name).for_each(|input| *input = whole.clone());
        let renamed = Cut { name: if cut.name == name { whole } else { cut.name }, ..cut };
        let kept = self.cut_to(value, renamed.clone(), value, name.into())?;
        if kept.name == renamed.name {
            self.plain.push(name, crate::ops::Identity {}, [renamed.name.as_str()]);
        }
        Ok(())
    }
}

/// Whether a node makes a value from nothing.
fn is_source(op: &Op) -> bool {
    op.random_shape().is_some() && !matches!(op, Op::ExemplarMove(_))
}

fn part_of(op: &Op) -> Option<RandomPart> {
    match op {
        Op::RandomUniform(op) => op.part,
        Op::RandomNormal(op) => op.part,
        _ => None,
    }
}

/// Replaces fractions of the window in a shape parameter by the lengths of what is reshaped.
fn fix_shape(op: &mut Op, inputs: &[Option<Cut>]) {
    let (Op::Reshape(reshape), Some(Some(input))) = (op, inputs.first()) else { return };
    for dim in &mut reshape.shape {
        let axis = match dim {
            Dim::Symbol(Symbol::Height(_)) => Axis::Height,
            Dim::Symbol(Symbol::Width(_)) => Axis::Width,
            _ => continue,
        };
        *dim = Dim::Fixed(length(&input.value_type, axis));
    }
}

/// The slice that keeps these rows and columns.
pub(super) fn slice(kept: [Range<i64>; 2]) -> Slice {
    let (starts, ends) = kept.into_iter().map(|kept| (kept.start, kept.end)).unzip();
    Slice { starts, ends, axes: vec![-2, -1], steps: Vec::new() }
}

/// Renames the value `from` where a node writes it, so that another node can write `from`. False if no node writes it.
pub(super) fn rename_written(graph: &mut Graph, from: &str, to: &str) -> bool {
    let mut is_written = false;
    for node in &mut graph.nodes {
        for output in node.outputs.iter_mut().filter(|output| **output == from) {
            *output = to.into();
            is_written = true;
        }
        // The new node takes the value's name, so a node of that name needs another.
        if node.name == from {
            node.name = to.into();
        }
    }
    is_written
}

/// Length along the axis; a missing dimension counts as 1.
fn length(value: &TensorType, axis: Axis) -> usize {
    axis.index(value.shape.len()).map_or(1, |index| value.shape[index])
}
