//! `NnfSearch`, `NnfPropagate`, `NnfDistance` and `NnfVote`: the kernels of [`crate::nnf`].

use imagine_graph::{NnfPropagate, NnfSearch, NnfVote};

use crate::context::Context;
use crate::value::Value;
use crate::{Pair, Propagation, Search, Vote};

/// Inputs of an operator.
pub(super) struct Read(Vec<Option<Value>>);

impl Read {
    /// All inputs of a node.
    pub fn all(inputs: Vec<Option<Value>>) -> Self {
        Self(inputs)
    }

    pub fn shape(&self, input: usize) -> &[usize] {
        self.0[input].as_ref().map_or(&[], Value::shape)
    }

    pub fn int(&self, input: usize) -> &[i32] {
        self.optional_int(input).expect("the shape rule asked for integers")
    }

    pub fn optional_int(&self, input: usize) -> Option<&[i32]> {
        self.0.get(input)?.as_ref().map(Value::as_i32s)
    }

    pub fn float(&self, input: usize) -> &[f32] {
        self.0[input].as_ref().expect("the shape rule asked for floats").as_f32s()
    }

    pub fn optional_bool(&self, input: usize) -> Option<&[bool]> {
        self.0.get(input)?.as_ref().map(Value::as_bools)
    }

    /// Field, target, source, source mask and active of an operator that compares features.
    fn pair(&self, tiles: bool, source_tiles: bool) -> Pair<'_> {
        let (size, level) = (self.shape(1), self.shape(2));
        Pair {
            size: [size[0], size[1]],
            level: [level[0], level[1]],
            target: self.int(1),
            source: self.int(2),
            source_mask: self.optional_bool(3),
            active: self.optional_bool(4),
            tiles,
            source_tiles,
        }
    }
}

pub(super) fn search(op: &NnfSearch, inputs: Vec<Option<Value>>, context: &Context) -> Value {
    let read = Read::all(inputs);
    let how = Search { falloff: &op.falloff, locality: op.locality, weight: read.optional_int(5) };
    Value::i32s(context.shape(), crate::search(&read.pair(op.tiles, op.source_tiles), read.int(0), how))
}

pub(super) fn propagate(op: &NnfPropagate, inputs: Vec<Option<Value>>, context: &Context) -> Value {
    let read = Read::all(inputs);
    let how = Propagation {
        jump: op.jump,
        coherence: op.coherence,
        window: op.window,
        locality: op.locality,
        candidates: read.optional_int(5),
        penalty: read.optional_int(6),
    };
    Value::i32s(context.shape(), crate::propagate(&read.pair(op.tiles, op.source_tiles), read.int(0), how))
}

pub(super) fn distance(inputs: Vec<Option<Value>>, context: &Context) -> Value {
    let read = Read::all(inputs);
    Value::i32s(context.shape(), crate::distance(&read.pair(false, false), read.int(0)))
}

pub(super) fn vote(op: &NnfVote, inputs: Vec<Option<Value>>, context: &Context) -> Value {
    let read = Read::all(inputs);
    let (size, level) = (&read.shape(0)[2..], &read.shape(1)[2..]);
    let pair = Pair {
        size: [size[0], size[1]],
        level: [level[0], level[1]],
        target: &[],
        source: &[],
        source_mask: read.optional_bool(3),
        active: read.optional_bool(4),
        tiles: op.tiles,
        source_tiles: op.source_tiles,
    };
    let how = Vote {
        source: read.float(1),
        base: read.float(2),
        weight: read.optional_int(5),
        falloff: &op.falloff,
        best: op.best,
    };
    Value::f32s(context.shape(), crate::vote(&pair, read.int(0), how))
}
