//! `NnfSearch`, `NnfPropagate`, `NnfDistance` and `NnfVote`: integer arithmetic in `imagine_cpu`, on the CPU whatever the backend.

use burn::tensor::TensorData as BurnData;
use burn::tensor::backend::Backend;
use imagine_cpu::{Pair, Propagation, Search, Vote};
use imagine_graph::{NnfPropagate, NnfSearch, NnfVote, TensorData};

use crate::context::Context;
use crate::value::Value;

/// Inputs of an operator, on the CPU.
pub(super) struct Read {
    shapes: Vec<Vec<usize>>,
    tensors: Vec<Option<TensorData>>,
}

impl Read {
    /// All inputs of a node.
    pub fn all<B: Backend>(inputs: Vec<Option<Value<B>>>) -> Self {
        let tensors = inputs.into_iter().map(|input| input.map(Value::into_data));
        let (shapes, tensors) =
            tensors.map(|tensor| tensor.map_or((Vec::new(), None), |t| (t.shape, Some(t.data)))).unzip();
        Self { shapes, tensors }
    }

    pub fn shape(&self, input: usize) -> &[usize] {
        &self.shapes[input]
    }

    pub fn int(&self, input: usize) -> &[i32] {
        self.optional_int(input).expect("the shape rule asked for integers")
    }

    pub fn optional_int(&self, input: usize) -> Option<&[i32]> {
        match self.tensors.get(input) {
            Some(Some(TensorData::I32(numbers))) => Some(numbers),
            _ => None,
        }
    }

    pub fn float(&self, input: usize) -> &[f32] {
        match self.tensors.get(input) {
            Some(Some(TensorData::F32(numbers))) => numbers,
            _ => unreachable!("the shape rule asked for floats"),
        }
    }

    pub fn optional_bool(&self, input: usize) -> Option<&[bool]> {
        match self.tensors.get(input) {
            Some(Some(TensorData::Bool(values))) => Some(values),
            _ => None,
        }
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

pub(super) fn search<B: Backend>(op: &NnfSearch, inputs: Vec<Option<Value<B>>>, context: &Context<B>) -> Value<B> {
    let read = Read::all(inputs);
    let how = Search { falloff: &op.falloff, locality: op.locality, weight: read.optional_int(5) };
    ints(imagine_cpu::search(&read.pair(op.tiles, op.source_tiles), read.int(0), how), context)
}

pub(super) fn propagate<B: Backend>(
    op: &NnfPropagate,
    inputs: Vec<Option<Value<B>>>,
    context: &Context<B>,
) -> Value<B> {
    let read = Read::all(inputs);
    let how = Propagation {
        jump: op.jump,
        coherence: op.coherence,
        window: op.window,
        locality: op.locality,
        candidates: read.optional_int(5),
        penalty: read.optional_int(6),
    };
    ints(imagine_cpu::propagate(&read.pair(op.tiles, op.source_tiles), read.int(0), how), context)
}

pub(super) fn distance<B: Backend>(inputs: Vec<Option<Value<B>>>, context: &Context<B>) -> Value<B> {
    let read = Read::all(inputs);
    ints(imagine_cpu::distance(&read.pair(false, false), read.int(0)), context)
}

pub(super) fn vote<B: Backend>(op: &NnfVote, inputs: Vec<Option<Value<B>>>, context: &Context<B>) -> Value<B> {
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
    let image = imagine_cpu::vote(&pair, read.int(0), how);
    Value::Float(B::float_from_data(BurnData::new(image, context.outputs[0].shape.clone()), context.device))
}

/// The first output of a node, of integers.
pub(super) fn ints<B: Backend>(numbers: Vec<i32>, context: &Context<B>) -> Value<B> {
    let data = BurnData::new(numbers, context.outputs[0].shape.clone()).convert::<B::IntElem>();
    Value::Int(B::int_from_data(data, context.device))
}
