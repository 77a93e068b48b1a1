//! `Conv` as one kernel call: blocked over packed weights where there is one group and they are known, else element by element.
//! A row is an image of height 1; volumes go element by element.

use imagine_graph::{Conv, PadMode, WindowAxis};

use crate::kernel::{Def, Head, KernelCall, Operand, Packed, workgroups};
use crate::lower::Lowering;
use crate::ops::axes::three;
use crate::params::params;

/// Output channels of one invocation of the blocked variant.
const BLOCK: usize = 8;
/// Pixels of one invocation of the blocked variant.
const PIXELS: usize = 4;

params! {
    /// Params of `ops/conv`.
    pub(crate) struct Params for "ops/conv" {
        head: Head,
        shape: [u32; 4],
        input_shape: [u32; 4],
        kernel: [i32; 2],
        strides: [i32; 2],
        dilations: [i32; 2],
        begin: [i32; 2],
        group_channels: [u32; 2],
        activation: [f32; 2],
        depths: [i32; 4],
        depth_window: [i32; 2],
        count: u32,
        block_stride: u32,
    }
}

/// The call of `Conv`.
pub fn lower(op: &Conv, node: &Lowering) -> KernelCall {
    let (x, w) = (&node.input(0).value_type.shape, &node.input(1).value_type.shape);
    let windows = op.windows(x, w).expect("the shape rule accepted them");
    let [depth, y_axis, x_axis] = three(&windows);
    let of = |part: fn(&WindowAxis) -> usize| [part(&y_axis) as i32, part(&x_axis) as i32];
    let count = node.outputs[0].1.elements();
    let params = Params {
        shape: [x[0] as u32, w[0] as u32, y_axis.output as u32, x_axis.output as u32],
        input_shape: [x[0] as u32, x[1] as u32, y_axis.input as u32, x_axis.input as u32],
        kernel: of(|axis| axis.kernel),
        strides: of(|axis| axis.stride),
        dilations: of(|axis| axis.dilation),
        begin: of(|axis| axis.begin),
        group_channels: [w[1] as u32, (w[0] / op.group) as u32],
        activation: node.activation.params(),
        depths: [depth.output, depth.input, depth.kernel, depth.stride].map(|length| length as i32),
        depth_window: [depth.dilation as i32, depth.begin as i32],
        count: count as u32,
        ..Params::default()
    };
    let mut defs: Vec<(&'static str, Def)> = Vec::new();
    let volume = (windows.len() == 3).then_some("VOLUME");
    let flags = [border(op.pad_mode), node.activation.def(), volume];
    defs.extend(flags.into_iter().flatten().map(|name| (name, Def::Bool(true))));
    let terms = w[1..].iter().product::<usize>() as u64;
    let call = KernelCall {
        label: node.node.into(),
        shader: Params::SHADER,
        defs,
        params: bytemuck::bytes_of(&params).to_vec(),
        random: None,
        operands: node.inputs.iter().flatten().map(|input| Operand::Value(input.value)).collect(),
        outputs: vec![node.outputs[0].0],
        workgroups: [workgroups(count), 1, 1],
        cost: node.cost(2 * count as u64 * terms),
    };
    let mut call = match pack(op, node).filter(|_| volume.is_none()) {
        Some(packed) => blocked(call, params, packed, node.input(0).value),
        None => natural(call, node),
    };
    call.defs.sort();
    call
}

fn border(mode: PadMode) -> Option<&'static str> {
    match mode {
        PadMode::Constant => None,
        PadMode::Wrap => Some("BORDER_WRAP"),
        PadMode::Edge => Some("BORDER_EDGE"),
        PadMode::Reflect => Some("BORDER_REFLECT"),
    }
}

fn natural(mut call: KernelCall, node: &Lowering) -> KernelCall {
    if node.optional(2).is_some() {
        call.defs.push(("BIAS", Def::Bool(true)));
    }
    call
}

fn blocked(mut call: KernelCall, params: Params, packed: Packed, input: imagine_graph::ValueId) -> KernelCall {
    let [batch, channels, height, width] = params.shape;
    let blocks = channels.div_ceil(BLOCK as u32);
    let count = height * width.div_ceil(PIXELS as u32);
    let block_stride = (packed.data.len() / 4) as u32 / blocks;
    let params = Params { count, block_stride, ..params };
    call.defs.push(("PACKED", Def::Bool(true)));
    let [kernel, strides, dilations] = [params.kernel, params.strides, params.dilations];
    if kernel == [3, 3] && strides == [1, 1] && dilations == [1, 1] {
        call.defs.push(("WINDOW_3", Def::Bool(true)));
    }
    call.params = bytemuck::bytes_of(&params).to_vec();
    call.operands = vec![Operand::Value(input), Operand::Packed(packed)];
    call.workgroups = [workgroups(count as usize), blocks, batch];
    call
}

/// For every eight output channels: bias `[8]`; W `[C][kernel height][kernel width][8]`. Missing channels are zero.
fn pack(op: &Conv, node: &Lowering) -> Option<Packed> {
    let weight = node.input(1).weight.filter(|_| op.group == 1)?.as_f32()?;
    let channels = node.input(1).value_type.shape[0];
    let bias = match node.optional(2) {
        Some(input) => Some(input.weight?.as_f32()?),
        None => None,
    };
    let terms = weight.len() / channels;
    let mut data = Vec::with_capacity(channels.next_multiple_of(BLOCK) * (terms + 1));
    let padded = |values: Option<&[f32]>, index: usize| values.and_then(|v| v.get(index)).copied().unwrap_or(0.0);
    for first in (0..channels).step_by(BLOCK) {
        data.extend((first..first + BLOCK).map(|m| padded(bias, m)));
        for term in 0..terms {
            data.extend((first..first + BLOCK).map(|m| padded(Some(weight), m * terms + term)));
        }
    }
    Some(Packed { label: format!("{}, weights", node.node), data: data.into() })
}
