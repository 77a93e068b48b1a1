//! A group of elementwise nodes as one kernel call.

use std::fmt::Write;

use imagine_graph::{MAX_RANK, Size, TensorType, ValueId};

use crate::analysis::elementwise::{Instruction, MAX_INPUTS, MAX_NUMBERS, Program, ScalarOp, Source};
use crate::analysis::fused::NodeInput;
use crate::kernel::{KernelCall, ShaderDef};
use crate::lowering::Lowering;
use crate::ops::axes::{Axes, axes_def, broadcast, call};
use crate::params::params;

params! {
    pub(crate) struct Params for "ops/elementwise" {
        axes: [[i32; 4]; MAX_RANK],
        more_axes: [[i32; 4]; MAX_RANK],
        numbers: [[u32; 4]; MAX_NUMBERS / 4],
        rank: u32,
        count: u32,
        zero: u32,
        unused: u32,
    }
}

/// Defs of all inputs but the first.
const INPUTS: [&str; MAX_INPUTS - 1] = ["INPUT_2", "INPUT_3", "INPUT_4", "INPUT_5", "INPUT_6"];

/// The call of `program`, whose inputs and output are those of `node`.
pub fn lower(program: &Program, node: &Lowering) -> KernelCall {
    let shape = node.output_shape();
    let inputs = node.inputs.len();
    let strides: [Vec<i64>; MAX_INPUTS] = std::array::from_fn(|input| match node.optional(input) {
        Some(input) => broadcast(&input.value_type.shape, shape.len()),
        None => vec![0; shape.len()],
    });
    let [Axes { axes, rank }, Axes { axes: more_axes, .. }] = Axes::pair(shape, strides.each_ref().map(Vec::as_slice));
    let count = shape.iter().product::<usize>();
    let mut params = Params { axes, more_axes, rank, count: count as u32, ..Params::default() };
    for (index, number) in program.numbers.iter().enumerate() {
        params.numbers[index / 4][index % 4] = *number;
    }
    let flop = program.instructions.len() * count;
    let mut call = call(node, [axes_def(rank)], &params, count, flop as u64);
    call.defs.extend(INPUTS[..inputs - 1].iter().map(|name| (*name, ShaderDef::Bool(true))));
    call.defs.push(("OUTPUT", ShaderDef::UInt(1 + inputs as u32)));
    call.defs.push(("program", ShaderDef::Module(module(program, inputs).into())));
    call.defs.sort();
    call
}

/// `program` as the module `imagine::program`.
fn module(program: &Program, inputs: usize) -> String {
    let mut text = String::from("#define_import_path imagine::program\n#import imagine::words\n");
    let arguments: Vec<String> = (0..MAX_INPUTS).map(|input| format!("v{input}: u32, ")).collect();
    let numbers = MAX_NUMBERS / 4;
    let _ = writeln!(text, "fn program({}n: array<vec4<u32>, {numbers}>, zero: u32) -> u32 {{", arguments.concat());
    // Results follow the arguments.
    let result = |index: usize| MAX_INPUTS + index;
    for (index, Instruction { op, sources }) in program.instructions.iter().enumerate() {
        let sources: Vec<String> = sources
            .iter()
            .map(|source| match *source {
                Source::Value(value) if value < inputs => format!("v{value}"),
                Source::Value(value) => format!("v{}", result(value - inputs)),
                Source::Number(number) => format!("n[{}][{}]", number / 4, number % 4),
            })
            .collect();
        // No contraction to a fused multiply-add.
        let guard = if *op == ScalarOp::Mul { " ^ zero" } else { "" };
        let _ = writeln!(text, "    let v{} = words::{}({}){guard};", result(index), op.name(), sources.join(", "));
    }
    let _ = writeln!(text, "    return v{};\n}}", result(program.instructions.len() - 1));
    text
}

/// One call for every number of inputs with all functions, for tests.
pub fn variants() -> Vec<KernelCall> {
    let value_type = TensorType::f32([2, 3, 4]);
    let call = |inputs: usize| {
        let instruction = |op: &ScalarOp| Instruction { op: *op, sources: vec![Source::Value(0); op.operands()] };
        let instructions = ScalarOp::ALL.iter().map(instruction).collect();
        let program = Program { instructions, numbers: vec![0; MAX_NUMBERS] };
        let input = |value| Some(NodeInput { value: ValueId(value), value_type: &value_type, weight: None });
        let outputs = vec![(ValueId(inputs), &value_type)];
        lower(&program, &Lowering::new("group", Size::new(3, 4), (0..inputs).map(input).collect(), outputs))
    };
    (1..=MAX_INPUTS).map(call).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shaders_have_every_function() {
        let source = imagine_shaders::source("lib/words").unwrap();
        for op in ScalarOp::ALL {
            let operands = ["a: u32", "b: u32", "c: u32"][..op.operands()].join(", ");
            assert!(source.contains(&format!("\nfn {}({operands})", op.name())), "{op:?} is missing");
        }
        assert_eq!(source.matches("\nfn ").count(), ScalarOp::ALL.len() + 3);
    }
}
