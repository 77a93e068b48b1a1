//! `Histogram` as two kernel calls: one writes zeros, one counts.

use imagine_graph::Histogram;

use crate::analysis::cost::Cost;
use crate::kernel::{KernelCall, ShaderDef};
use crate::lowering::Lowering;
use crate::ops::axes::call;
use crate::params::params;

params! {
    pub(crate) struct Params for "ops/histogram" {
        size: [u32; 2],
        count: u32,
        unused: u32,
    }
}

/// The calls of `Histogram`.
pub fn lower(op: &Histogram, node: &Lowering) -> Vec<KernelCall> {
    let size = [op.height, op.width].map(|side| side as u32);
    let data = node.input(0).value_type.elements();
    vec![of("CLEAR", size, (op.height * op.width) as u32, node, [1, 4]), of("COUNT", size, data as u32, node, [8, 16])]
}

fn of(def: &'static str, size: [u32; 2], count: u32, node: &Lowering, [flop, bytes]: [u64; 2]) -> KernelCall {
    let params = Params { size, count, ..Params::default() };
    let counted = node.optional(1).map(|_| "COUNTED");
    let call = call(node, [Some(def), counted], &params, count as usize, 0);
    let mut defs = call.defs;
    defs.push(("OUTPUT", ShaderDef::UInt(1 + call.operands.len() as u32)));
    defs.sort();
    let count = u64::from(count);
    KernelCall {
        label: format!("{} {}", node.node, def.to_lowercase()),
        defs,
        cost: Cost { flop: flop * count, bytes: bytes * count },
        ..call
    }
}
