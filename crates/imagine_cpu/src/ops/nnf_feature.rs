//! `NnfPack` and `NnfProject`: the kernels of [`crate::nnf`].

use imagine_graph::NnfProject;

use super::nnf::Read;
use crate::Projection;
use crate::context::Context;
use crate::value::Value;

pub(super) fn pack(inputs: Vec<Option<Value>>, context: &Context) -> Value {
    let read = Read::all(inputs);
    Value::i32s(context.shape(), crate::pack_features(read.float(0), read.shape(0)[1]))
}

pub(super) fn project(op: &NnfProject, inputs: Vec<Option<Value>>, context: &Context) -> Value {
    let read = Read::all(inputs);
    let (image, basis) = (read.shape(0), read.shape(1));
    let projection = Projection {
        shape: [image[1], image[2], image[3]],
        basis: read.int(1),
        side: basis[1],
        words: basis[3],
        shift: op.shift,
        tiles: op.tiles,
        active: read.optional_bool(2),
    };
    Value::i32s(context.shape(), crate::project(read.float(0), projection))
}
