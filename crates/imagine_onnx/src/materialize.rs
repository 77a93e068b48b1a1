//! Adds known values to the graph when an operator reads them as data: as weights, as constants, or, if they depend on the
//! size, as operators that compute them at run time.

use std::rc::Rc;

use imagine_graph::{Add, Concat, CumSum, DType, Dim, Expand, MAX_ELEMENTS, Node, Slice, Squeeze, Tensor};

use crate::array::{Array, Elements};
use crate::attributes::{PerProbe, is_constant};
use crate::error::NodeFault;
use crate::importer::Importer;
use crate::rewrite;
use crate::value::{OnnxNode, Value};

/// Maximum elements of a list of dimensions.
const MAX_LENGTHS: usize = 8;

type Result<T> = std::result::Result<T, NodeFault>;

impl Importer<'_> {
    /// The name of `value` in the graph; adds it first if it is only known so far.
    pub fn materialize(&mut self, value: &Value) -> Result<String> {
        if let Some(name) = &value.name {
            return Ok(name.clone());
        }
        let known = value.known.as_ref().ok_or_else(|| NodeFault::SizeData { value: value.label.clone() })?;
        let address = Rc::as_ptr(&known[0]) as usize;
        if let Some((_, name)) = self.materialized.get(&address) {
            return Ok(name.clone());
        }
        let name = if is_constant(known) {
            self.materialize_constant(value, &known[0])?
        } else {
            self.materialize_sized(value, known)?
        };
        self.materialized.insert(address, (known[0].clone(), name.clone()));
        Ok(name)
    }

    fn materialize_constant(&mut self, value: &Value, array: &Array) -> Result<String> {
        let tensor = data(value, array)?;
        // Constants are stored as JSON, which has no infinities.
        let binary = tensor.as_f32().is_some_and(|floats| value.weight || floats.iter().any(|v| v.is_infinite()));
        let name = self.claim(if value.label.is_empty() { "constant" } else { &value.label });
        if binary {
            self.graph.weights.insert(name.clone(), tensor);
            return Ok(name);
        }
        let node = self.node_names.fresh(&name);
        let op = imagine_graph::Constant { value: tensor }.into();
        self.graph.nodes.push(Node { name: node, op, inputs: Vec::new(), outputs: vec![name.clone()] });
        Ok(name)
    }

    /// A value that depends on the size: a fill, an arithmetic progression, a list of dimensions, or the result of an operator on
    /// such values.
    fn materialize_sized(&mut self, value: &Value, known: &PerProbe) -> Result<String> {
        let unknown = || NodeFault::SizeData { value: value.label.clone() };
        if let Ok(shape) = self.shape_of(value)
            && let Some(progression) = progression(known)
        {
            return self.materialize_progression(&value.label, shape, progression);
        }
        if let Some(dims) = self.lengths(known) {
            return self.materialize_lengths(value, &dims);
        }
        let producer = value.producer.as_ref().ok_or_else(unknown)?;
        let node = OnnxNode { outputs: vec![String::new(); producer.node.outputs.len()], ..producer.node.clone() };
        let values = rewrite::convert(self, node).map_err(|_| unknown())?;
        let computed = values.get(producer.output).ok_or_else(unknown)?;
        // An identity returns its input, which may be known.
        self.materialize(computed)
    }

    fn materialize_progression(
        &mut self,
        label: &str,
        shape: Vec<Dim>,
        Progression { delta, before }: Progression,
    ) -> Result<String> {
        let scalar = |array: Array| self.constant("", array);
        let (delta, before) = (scalar(delta), before.map(scalar));
        let mut value = self.intermediate(Expand { shape }, &[&delta], label)?;
        if let Some(before) = before {
            let sums = self.intermediate(CumSum { axis: 0, exclusive: false, reverse: false }, &[&value], label)?;
            value = self.intermediate(Add {}, &[&sums, &before], label)?;
        }
        self.materialize(&value)
    }

    /// The integers of `known` as dimensions, if it is one integer or a short list.
    fn lengths(&self, known: &PerProbe) -> Option<Vec<Dim>> {
        let lists: Option<Vec<Vec<i64>>> = known.iter().map(|array| Some(array.as_ints()?.to_vec())).collect();
        let short = known.iter().all(|array| array.shape.len() <= 1 && array.shape == known[0].shape);
        let lists = lists.filter(|lists| short && !lists[0].is_empty() && lists[0].len() <= MAX_LENGTHS)?;
        self.dims("", &lists).ok().filter(|dims| !dims.contains(&Dim::Fixed(0)))
    }

    /// A dimension at run time is the last cumulative sum of that many ones.
    fn materialize_lengths(&mut self, value: &Value, dims: &[Dim]) -> Result<String> {
        let label = &value.label;
        let one = self.constant("", Array::ints(&[], vec![1]));
        let mut lengths = Vec::new();
        for &dim in dims {
            let ones = self.intermediate(Expand { shape: vec![dim] }, &[&one], label)?;
            let sums = self.intermediate(CumSum { axis: 0, exclusive: false, reverse: false }, &[&ones], label)?;
            let last = Slice { starts: vec![-1], ends: vec![i64::MAX], axes: Vec::new(), steps: Vec::new() };
            lengths.push(self.intermediate(last, &[&sums], label)?);
        }
        let mut list = lengths[0].clone();
        if lengths.len() > 1 {
            list = self.intermediate(Concat { axis: 0 }, &lengths.iter().collect::<Vec<_>>(), label)?;
        }
        if value.types[0].shape.is_empty() {
            list = self.intermediate(Squeeze { axes: vec![0] }, &[&list], label)?;
        }
        self.materialize(&list)
    }
}

/// A constant as a tensor of the graph.
fn data(value: &Value, array: &Array) -> Result<Tensor> {
    if array.len() > MAX_ELEMENTS || array.shape.contains(&0) {
        return Err(NodeFault::Size { value: value.label.clone(), shape: array.shape.clone() });
    }
    array.to_tensor().map_err(|found| NodeFault::Range { value: value.label.clone(), found })
}

/// One number everywhere, or the arithmetic progression `before + delta, before + 2 delta, ..`
struct Progression {
    delta: Array,
    before: Option<Array>,
}

/// The progression that `known` follows at every probe size, if a graph computes it exactly.
fn progression(known: &PerProbe) -> Option<Progression> {
    let longest = known.iter().max_by_key(|array| array.len()).filter(|array| array.len() > 0)?;
    let first = longest.pick(Vec::new(), std::iter::once(0));
    let equal = |array: &Rc<Array>| *array.as_ref() == first.pick(array.shape.clone(), (0..array.len()).map(|_| 0));
    if known.iter().all(equal) {
        return Some(Progression { delta: first, before: None });
    }
    let floats: Vec<Vec<f32>> = known.iter().map(|array| array.to_floats()).collect();
    let numbers = matches!(known[0].dtype(), DType::F32 | DType::I32) && known.iter().all(|a| a.shape.len() == 1);
    let [start, next, ..] = *longest.to_floats() else { return None };
    let (delta, limit) = (next - start, 16_777_216.0);
    let whole = |value: f32| value.fract() == 0.0 && value.abs() < limit;
    let steady = |list: &Vec<f32>| list.iter().enumerate().all(|(i, &v)| v == start + i as f32 * delta && whole(v));
    if !numbers || !whole(delta) || !floats.iter().all(steady) {
        return None;
    }
    let number = |value: f32| match first.elements {
        Elements::Int(_) => Array::ints(&[], vec![value as i64]),
        _ => Array { shape: Vec::new(), elements: Elements::Float(vec![value]) },
    };
    Some(Progression { delta: number(delta), before: Some(number(start - delta)) })
}
