//! Which values are stored as 16-bit floats.
//!
//! All arithmetic has 32 bits. A value between two kernels is stored in 16 bits if every kernel that reads or writes it supports
//! that; inputs, outputs and states never are. One table lists the support of kernels.

use std::collections::HashSet;

use imagine_graph::{DType, ValueId, ValueSource};

use super::lowered_graph::LoweredGraph;
use super::options::Precision;
use crate::kernel::{KernelCall, Operand, ShaderDef};

/// Kernels that support 16-bit floats, and the operands that may have them; their outputs may too.
const KERNELS: &[(&str, &[usize])] = &[
    ("ops/batch_normalization", &[0]),
    ("ops/binary", &[0, 1]),
    ("ops/blocked", &[0, 2]),
    ("ops/concat", &[0]),
    ("ops/depth_to_space", &[0]),
    ("ops/elementwise", &[0, 1, 2, 3, 4, 5]),
    ("ops/normalization", &[0, 3]),
    ("ops/pad", &[0]),
    ("ops/pool", &[0]),
    ("ops/resize", &[0]),
    ("ops/slice", &[0]),
    ("ops/unary", &[0]),
];

/// Kernels that copy words and need to know if these are floats.
const COPIES: &[&str] = &["ops/concat", "ops/depth_to_space", "ops/pad", "ops/resize", "ops/slice"];

/// Defs that say that an operand has 16 bits, by its index.
const OPERANDS: [&str; 6] = ["HALF_1", "HALF_2", "HALF_3", "HALF_4", "HALF_5", "HALF_6"];

/// Largest 16-bit float.
const LARGEST: f32 = 65_504.0;

/// The roots of `lowered` that can be stored in 16 bits, given the `calls` that read and write them.
pub(super) fn half_values(lowered: &LoweredGraph, calls: &[KernelCall], precision: Precision) -> HashSet<ValueId> {
    if precision == Precision::F32 {
        return HashSet::new();
    }
    let graph = lowered.bound.graph;
    let outputs: HashSet<ValueId> = graph.outputs().iter().map(|value| lowered.roots[value.0]).collect();
    let values = (0..graph.value_count()).map(ValueId).filter(|value| {
        let made = matches!(graph.source(*value), ValueSource::Node(_)) && lowered.roots[value.0] == *value;
        let floats = lowered.bound.value_type(*value).dtype == DType::F32;
        made && floats && !outputs.contains(value) && !lowered.known.contains_key(value)
    });
    let mut halves: HashSet<ValueId> = values.collect();
    for call in calls {
        let takes = KERNELS.iter().find(|(shader, _)| *shader == call.shader).map(|(_, operands)| *operands);
        let takes = takes.unwrap_or_default();
        for (index, operand) in call.operands.iter().enumerate() {
            if let Operand::Value(value) = operand
                && !takes.contains(&index)
            {
                halves.remove(&lowered.roots[value.0]);
            }
        }
        if takes.is_empty() || call.outputs.len() > 1 {
            for value in &call.outputs {
                halves.remove(&lowered.roots[value.0]);
            }
        }
    }
    halves
}

/// Adds the defs for 16-bit operands and outputs to `calls`, and packs the weights of convolutions in 16 bits.
pub(super) fn mark(lowered: &LoweredGraph, calls: &mut [KernelCall], precision: Precision) {
    if precision == Precision::F32 {
        return;
    }
    let elements = |value: &ValueId| lowered.bound.value_type(*value).elements() as u64;
    let is_half = |value: &ValueId| lowered.half.contains(&lowered.roots[value.0]);
    for call in calls {
        let mut saved = 0;
        let mut defs = Vec::new();
        for (operand, def) in call.operands.iter_mut().zip(OPERANDS) {
            match operand {
                Operand::Value(value) if is_half(value) => {
                    saved += 2 * elements(value);
                    defs.push(def);
                }
                Operand::Packed(packed) if call.shader == "ops/blocked" => {
                    packed.half = packed.data.iter().all(|weight| weight.abs() <= LARGEST);
                    defs.extend(packed.half.then_some(def));
                }
                _ => {}
            }
        }
        if let Some(value) = call.outputs.first().filter(|value| is_half(value)) {
            saved += 2 * elements(value);
            defs.push("HALF_OUT");
        }
        if !defs.is_empty() && COPIES.contains(&call.shader) {
            defs.push("HALF");
        }
        call.defs.extend(defs.into_iter().map(|name| (name, ShaderDef::Bool(true))));
        call.defs.sort();
        call.cost.bytes = call.cost.bytes.saturating_sub(saved);
    }
}
