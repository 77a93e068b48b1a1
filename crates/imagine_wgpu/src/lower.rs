//! What an operator's lowering is given, and how it can fail.

use imagine_graph::{DepthToSpace, Size, Tensor, TensorType, ValueId};

use crate::kernel::{Cost, KernelCall};
use crate::plan::Adapter;

/// One node while it is lowered: its operands with their concrete shapes.
#[derive(Clone, Debug)]
pub struct Lowering<'a> {
    /// Name of the node; the start of every label.
    pub node: &'a str,
    /// Size that the graph is bound to, for symbolic parameters.
    pub size: Size,
    /// Size of the whole image, of which this is a part or all.
    pub whole: Size,
    /// What the node reads in ONNX order; `None` where an optional input is left out.
    pub inputs: Vec<Option<Input<'a>>>,
    /// What the node writes.
    pub outputs: Vec<(ValueId, &'a TensorType)>,
    /// Activation to apply to the output, for operators whose [`crate::ops::fuses_activation`] is true.
    pub activation: Activation,
    /// Type of what the operator itself makes, where [`Lowering::neighbors`] make something else of it.
    pub result: &'a TensorType,
    /// What else the kernel does.
    pub neighbors: Neighbors<'a>,
    /// What kind of adapter the kernel runs on.
    pub adapter: Adapter,
}

/// What a kernel does for the nodes around its own, in this order, so that they need no pass.
#[derive(Clone, Debug, Default)]
pub struct Neighbors<'a> {
    /// The first input is up-sampled before, by the nearest element: rows and columns by 2 to the power of this.
    pub upscale: [u32; 2],
    /// The result is scaled by the first and shifted by the second, one number a channel.
    pub affine: Option<[Vec<f32>; 2]>,
    /// Negative numbers are multiplied by these, one a channel.
    pub slopes: Option<&'a [f32]>,
    /// [`Lowering::activation`] comes here; then channels become pixels.
    pub shuffle: Option<&'a DepthToSpace>,
    /// This is added, of the shape of the output.
    pub addend: Option<Input<'a>>,
}

/// One input of a node.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// The value.
    pub value: ValueId,
    /// Its concrete type.
    pub value_type: &'a TensorType,
    /// Its elements, where they are known when the plan is made.
    pub weight: Option<&'a Tensor>,
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
    /// Between the two numbers.
    Clip(f32, f32),
}

impl Activation {
    /// The shader def that switches it on in `imagine::activation`.
    pub fn def(self) -> Option<&'static str> {
        match self {
            Activation::None => None,
            Activation::Relu => Some("ACTIVATION_RELU"),
            Activation::LeakyRelu(_) => Some("ACTIVATION_LEAKY_RELU"),
            Activation::Sigmoid => Some("ACTIVATION_SIGMOID"),
            Activation::Tanh => Some("ACTIVATION_TANH"),
            Activation::Clip(..) => Some("ACTIVATION_CLIP"),
        }
    }

    /// The two numbers that `imagine::activation::activate` takes beside `x`.
    pub fn params(self) -> [f32; 2] {
        match self {
            Activation::LeakyRelu(slope) => [slope, 0.0],
            Activation::Clip(low, high) => [low, high],
            _ => [0.0, 0.0],
        }
    }
}

/// Why a node cannot become kernels.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LowerError {
    /// A parameter or shape that the kernel cannot take.
    #[error("node {node:?} ({op}): {reason}")]
    Unsupported {
        /// Name of the node.
        node: String,
        /// ONNX name of its operator.
        op: &'static str,
        /// What is not supported, and what is.
        reason: String,
    },
}

/// What the lowering of one node gives.
pub type Lowered = Result<Vec<KernelCall>, LowerError>;

impl<'a> Lowering<'a> {
    /// A node on its own.
    pub fn new(
        node: &'a str,
        size: Size,
        inputs: Vec<Option<Input<'a>>>,
        outputs: Vec<(ValueId, &'a TensorType)>,
    ) -> Self {
        let (result, neighbors) = (outputs[0].1, Neighbors::default());
        let (activation, adapter) = (Activation::None, Adapter::Gpu);
        Self { node, size, whole: size, inputs, outputs, activation, result, neighbors, adapter }
    }

    /// Input `index`, which the shape rule has already asked for.
    pub fn input(&self, index: usize) -> &Input<'a> {
        self.inputs[index].as_ref().expect("the shape rule asked for this input")
    }

    /// Input `index` if it is there.
    pub fn optional(&self, index: usize) -> Option<&Input<'a>> {
        self.inputs.get(index).and_then(Option::as_ref)
    }

    /// The shape of the first output.
    pub fn output_shape(&self) -> &'a [usize] {
        &self.outputs[0].1.shape
    }

    /// The elements of weight and bias, if all of them are known.
    pub fn known_weights(&self) -> Option<(&'a [f32], Option<&'a [f32]>)> {
        let weight = self.input(1).weight?.as_f32()?;
        match self.optional(2) {
            Some(bias) => Some((weight, Some(bias.weight?.as_f32()?))),
            None => Some((weight, None)),
        }
    }

    /// Cost of a kernel that reads every input and writes every output once and does `flop` operations.
    pub fn cost(&self, flop: u64) -> Cost {
        let inputs = self.inputs.iter().chain([&self.neighbors.addend]).flatten();
        let read: usize = inputs.map(|i| i.value_type.elements()).sum();
        let written: usize = self.outputs.iter().map(|(_, t)| t.elements()).sum();
        Cost { flop, bytes: 4 * (read + written) as u64 }
    }
}
