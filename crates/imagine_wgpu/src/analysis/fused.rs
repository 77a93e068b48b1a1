//! Work that one kernel can take over from neighbouring nodes, and which operators can.

use imagine_graph::{Clip, DepthToSpace, Op, Tensor, TensorType, ValueId};

/// Largest stride of a transposed convolution over packed weights: one phase per output row or column of a stride.
pub const MAX_PHASES: usize = 8;

/// One input of a node.
#[derive(Clone, Copy, Debug)]
pub struct NodeInput<'a> {
    /// The value.
    pub value: ValueId,
    /// Its concrete type.
    pub value_type: &'a TensorType,
    /// Its elements, if they are known at planning time.
    pub weight: Option<&'a Tensor>,
}

/// Neighbouring nodes that a kernel computes along with its own, in this order.
#[derive(Clone, Debug, Default)]
pub struct FusedOps<'a> {
    /// Nearest-neighbour up-sampling of the first input: rows and columns by 2 to the power of this.
    pub upscale: [u32; 2],
    /// Scale and shift of the result, one number per channel each.
    pub affine: Option<[Vec<f32>; 2]>,
    /// PReLU slopes, one per channel.
    pub slopes: Option<&'a [f32]>,
    /// Pixel shuffle, applied after the activation.
    pub shuffle: Option<&'a DepthToSpace>,
    /// A tensor of the output's shape that is added last.
    pub addend: Option<NodeInput<'a>>,
}

/// An elementwise function that a kernel applies before it stores; `imagine::activation` in WGSL.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Activation {
    /// The value itself.
    #[default]
    None,
    /// `max(x, 0)`.
    Relu,
    /// `x` where positive, else `slope * x`.
    LeakyRelu(f32),
    /// `1 / (1 + exp(-x))`.
    Sigmoid,
    /// Hyperbolic tangent.
    Tanh,
    /// Clamps to the range between the two numbers.
    Clip(f32, f32),
}

impl Activation {
    /// `Clip` as an activation; a missing bound is the largest float, as in ONNX.
    pub fn clip(op: &Clip) -> Self {
        Self::Clip(op.min.unwrap_or(f32::MIN), op.max.unwrap_or(f32::MAX))
    }
}

/// Whether `op` becomes a convolution over packed weights: its weights are known, and it is not a volume.
pub fn is_blocked_convolution(op: &Op, inputs: &[Option<NodeInput>]) -> bool {
    let fits = match op {
        Op::Conv(_) => true,
        Op::ConvTranspose(op) => op.strides.iter().all(|stride| *stride <= MAX_PHASES),
        _ => false,
    };
    let known = |index: usize| inputs.get(index).and_then(Option::as_ref).map(|input| input.weight.is_some());
    let flat = inputs.first().and_then(Option::as_ref).is_some_and(|x| x.value_type.shape.len() <= 4);
    fits && flat && known(1) == Some(true) && known(2) != Some(false)
}

/// Whether the operator's kernel can apply an activation.
pub fn fuses_activation(op: &Op) -> bool {
    matches!(op, Op::Conv(_)) || fuses_addend(op)
}

/// Whether a normalisation's kernel can also add [`FusedOps::addend`].
pub fn fuses_addend(op: &Op) -> bool {
    matches!(op, Op::InstanceNormalization(_) | Op::GroupNormalization(_))
}
