//! `Resize` as one kernel call that reads its taps from a table made here.

use imagine_graph::{Resize, ResizeMode, resize};

use crate::kernel::{Head, Operand, Packed};
use crate::lower::{LowerError, Lowered, Lowering};
use crate::ops::axes::call;
use crate::params::params;

params! {
    /// Params of `ops/resize`.
    pub(crate) struct Params for "ops/resize" {
        head: Head,
        size: [u32; 2],
        input_size: [u32; 2],
        count: u32,
        unused_a: u32,
        unused_b: u32,
        unused_c: u32,
    }
}

/// Longest axis whose indices are exact as floats, which is how the table holds them.
const MAX_LENGTH: u32 = 1 << 24;

/// The call of `Resize`.
pub fn lower(op: &Resize, node: &Lowering) -> Lowered {
    let [_, _, input_height, input_width] = node.image(0);
    if input_height.max(input_width) > MAX_LENGTH {
        return Err(LowerError::Unsupported {
            node: node.node.into(),
            op: "Resize",
            reason: format!("the input is {input_height} x {input_width}, at most {MAX_LENGTH} a side is supported"),
        });
    }
    let [_, _, height, width] = node.output_image();
    let count = node.outputs[0].1.elements();
    let params = Params {
        size: [height, width],
        input_size: [input_height, input_width],
        count: count as u32,
        ..Params::default()
    };
    let (defs, flop): (&[&str], _) = match op.mode {
        ResizeMode::Nearest => (&["NEAREST"], 0),
        ResizeMode::Linear => (&[], 9 * count as u64),
    };
    let mut call = call(node, Params::SHADER, defs, &params, count, flop);
    let data = [(input_height, height), (input_width, width)].into_iter().enumerate();
    let data = data.flat_map(|(axis, (input, output))| table(op, axis, input as usize, output as usize)).collect();
    call.operands.push(Operand::Packed(Packed { label: format!("{} taps", node.node), data }));
    Ok(vec![call])
}

/// Lower index, upper index and weight of the upper one for every output element of one axis.
fn table(op: &Resize, axis: usize, input: usize, output: usize) -> Vec<f32> {
    let taps = resize::taps(op, input, output, op.scale(axis, input, output));
    taps.iter().flat_map(|tap| [tap.lower as f32, tap.upper as f32, tap.weight]).collect()
}
