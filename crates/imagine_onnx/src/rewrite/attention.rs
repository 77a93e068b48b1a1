//! `Attention` of rank 3 or 4 as matrix products and a softmax.

use imagine_graph::{
    Add, Concat, DType, Dim, Div, Expand, Less, LessOrEqual, MatMul, Mul, Softmax, Tanh, Transpose, Unsqueeze, Where,
};

use super::subgraph::{Subgraph, positions};
use crate::attributes::invalid;
use crate::error::NodeFault;
use crate::importer::Importer;
use crate::value::{OnnxNode, Value};

type Result<T> = std::result::Result<T, NodeFault>;

/// Returns Y, the keys and values including past ones, and the scores.
pub(super) fn attention(importer: &mut Importer, mut node: OnnxNode) -> Result<Vec<Value>> {
    let attributes = &mut node.attributes;
    let heads = [attributes.take_int("q_num_heads", 0)?, attributes.take_int("kv_num_heads", 0)?];
    let (causal, mode) = (attributes.take_int("is_causal", 0)? != 0, attributes.take_int("qk_matmul_output_mode", 0)?);
    let (scale, cap) = (attributes.take_float("scale", 0.0)?, attributes.take_float("softcap", 0.0)?);
    // Everything is a 32-bit float.
    attributes.take_int("softmax_precision", 1)?;
    node.reject_unknown_attributes()?;
    let there = |index: usize| node.inputs.get(index).and_then(Option::as_ref).filter(|value| !value.is_empty());
    let mut graph = Subgraph { importer, name: &node.name };
    let flat = node.input(0)?.rank() == 3;
    let [q, k, v] = [(0, heads[0]), (1, heads[1]), (2, heads[1])].map(|(index, heads)| {
        let value = node.input(index)?;
        if flat { graph.split(value, heads) } else { Ok(value.clone()) }
    });
    let (q, mut k, mut v) = (q?, k?, v?);
    let past = there(4).map_or(0, |past| past.types[0].shape.get(2).copied().unwrap_or(0));
    for (index, present) in [(4, &mut k), (5, &mut v)] {
        if let Some(past) = there(index) {
            *present = graph.op(Concat { axis: 2 }, &[past, present])?;
        }
    }
    let present = [k.clone(), v.clone()];
    let sides = [&q, &k, &v].map(|value| value.types[0].shape.clone());
    if sides.iter().any(|shape| shape.len() != 4) {
        return Err(NodeFault::Unsupported { reason: "needs Q, K and V of rank 3 or 4" });
    }
    // Q and K get the square root of the scale each.
    let root = if scale == 0.0 { (sides[0][3] as f32).powf(-0.25) } else { scale.sqrt() };
    let root = graph.number(root);
    let (q, k) = (graph.op(Mul {}, &[&q, &root])?, graph.op(Mul {}, &[&k, &root])?);
    let (k, v) = (graph.repeated(k, sides[0][1])?, graph.repeated(v, sides[0][1])?);
    let turned = graph.op(Transpose { perm: vec![0, 1, 3, 2] }, &[&k])?;
    let raw = graph.op(MatMul {}, &[&q, &turned])?;
    let capped = graph.capped(&raw, cap)?;
    let mut scores = capped.clone();
    if let Some(mask) = there(3) {
        let mask = graph.mask(mask, &raw)?;
        scores = graph.op(Add {}, &[&scores, &mask])?;
    }
    if causal {
        scores = graph.causal(&scores, past)?;
    }
    if let Some(lengths) = there(6) {
        scores = graph.within(&scores, lengths)?;
    }
    let weights = graph.op(Softmax { axis: -1 }, &[&scores])?;
    let product = graph.op(MatMul {}, &[&weights, &v])?;
    let y = if flat { graph.joined(product)? } else { product };
    let [keys, values] = present;
    let seen = match mode {
        0 => raw,
        1 => capped,
        2 => scores,
        3 => weights,
        _ => return Err(invalid("qk_matmul_output_mode", "must be 0 to 3")),
    };
    Ok(vec![y, keys, values, seen])
}

impl Subgraph<'_, '_> {
    /// `[batch, length, heads * size]` as `[batch, heads, length, size]`.
    fn split(&mut self, value: &Value, heads: i64) -> Result<Value> {
        let width = value.types[0].shape.get(2).copied().unwrap_or(0);
        let heads = usize::try_from(heads).ok().filter(|&heads| heads > 0 && width > 0 && width.is_multiple_of(heads));
        let heads = heads.ok_or_else(|| invalid("q_num_heads, kv_num_heads", format!("must divide {width}")))?;
        let split = self.reshape(value, |shape| vec![shape[0], shape[1], heads, shape[2] / heads])?;
        self.op(Transpose { perm: vec![0, 2, 1, 3] }, &[&split])
    }

    /// The inverse of [`Self::split`].
    fn joined(&mut self, value: Value) -> Result<Value> {
        let turned = self.op(Transpose { perm: vec![0, 2, 1, 3] }, &[&value])?;
        self.reshape(&turned, |shape| vec![shape[0], shape[1], shape[2] * shape[3]])
    }

    /// Repeats every head until there are `heads`.
    fn repeated(&mut self, value: Value, heads: usize) -> Result<Value> {
        let own = value.types[0].shape[1];
        if own == heads || own == 0 || !heads.is_multiple_of(own) {
            return Ok(value);
        }
        let apart = self.op(Unsqueeze { axes: vec![2] }, &[&value])?;
        let shape = [1, 1, heads / own, 1, 1].map(Dim::Fixed).to_vec();
        let spread = self.op(Expand { shape }, &[&apart])?;
        self.reshape(&spread, |shape| vec![shape[0], heads, shape[3], shape[4]])
    }

    fn capped(&mut self, scores: &Value, cap: f32) -> Result<Value> {
        if cap <= 0.0 {
            return Ok(scores.clone());
        }
        let cap = self.number(cap);
        let small = self.op(Div {}, &[scores, &cap])?;
        let small = self.op(Tanh {}, &[&small])?;
        self.op(Mul {}, &[&small, &cap])
    }

    /// The mask as an addend of the scores; a short mask is padded with minus infinity.
    fn mask(&mut self, mask: &Value, scores: &Value) -> Result<Value> {
        let (zero, never) = (self.number(0.0), self.number(f32::NEG_INFINITY));
        let added = match mask.types[0].dtype {
            DType::Bool => self.op(Where {}, &[mask, &zero, &never])?,
            _ => mask.clone(),
        };
        let last = |value: &Value| value.types[0].shape.last().copied().unwrap_or(1);
        let (own, all) = (last(&added), last(scores));
        if own >= all || own == 1 {
            return Ok(added);
        }
        let mut shape = self.importer.shape_of(&added)?;
        shape.pop();
        shape.push(Dim::Fixed(all - own));
        let rest = self.op(Expand { shape }, &[&never])?;
        self.op(Concat { axis: -1 }, &[&added, &rest])
    }

    /// Masks the keys after each query; query `i` stands at key `past + i`.
    fn causal(&mut self, scores: &Value, past: usize) -> Result<Value> {
        let (own, other) = (along(scores, 2, past)?, along(scores, 1, 0)?);
        let own = self.op(Unsqueeze { axes: vec![1] }, &[&own])?;
        let seen = self.op(LessOrEqual {}, &[&other, &own])?;
        let never = self.number(f32::NEG_INFINITY);
        self.op(Where {}, &[&seen, scores, &never])
    }

    /// Masks all but the first `lengths[n]` keys of batch element `n`.
    fn within(&mut self, scores: &Value, lengths: &Value) -> Result<Value> {
        let lengths = self.op(Unsqueeze { axes: vec![1, 2, 3] }, &[lengths])?;
        let positions = along(scores, 1, 0)?;
        let seen = self.op(Less {}, &[&positions, &lengths])?;
        let never = self.number(f32::NEG_INFINITY);
        self.op(Where {}, &[&seen, scores, &never])
    }
}

/// Indices from `first` along axis `-from_end` of `scores`.
fn along(scores: &Value, from_end: usize, first: usize) -> Result<Value> {
    positions(scores.types.iter().map(|found| found.shape[found.shape.len() - from_end]), first)
}
