//! `NnfPack` and `NnfProject`: integer arithmetic in `imagine_cpu`, on the CPU whatever the backend.

use burn::tensor::backend::Backend;
use imagine_cpu::Projection;
use imagine_graph::NnfProject;

use super::nnf::{Read, ints};
use crate::context::Context;
use crate::value::Value;

pub(super) fn pack<B: Backend>(inputs: Vec<Option<Value<B>>>, context: &Context<B>) -> Value<B> {
    let read = Read::all(inputs);
    ints(imagine_cpu::pack_features(read.float(0), read.shape(0)[1]), context)
}

pub(super) fn project<B: Backend>(op: &NnfProject, inputs: Vec<Option<Value<B>>>, context: &Context<B>) -> Value<B> {
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
    ints(imagine_cpu::project(read.float(0), projection), context)
}
