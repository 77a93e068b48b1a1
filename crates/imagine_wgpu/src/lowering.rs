//! Input of an operator's lowering: one node with concrete shapes, and the nodes fused into it.

use imagine_graph::{Size, TensorType, ValueId};

use crate::analysis::cost::Cost;
use crate::analysis::fused::{Activation, FusedOps, NodeInput};
use crate::plan::KernelTarget;

/// A node to lower: its operands with their concrete shapes.
#[derive(Clone, Debug)]
pub struct Lowering<'a> {
    /// Name of the node; the start of every label.
    pub node: &'a str,
    /// Size that the graph is bound to, for symbolic parameters.
    pub size: Size,
    /// Size of the whole image; `size` may be a window of it.
    pub whole: Size,
    /// Inputs in ONNX order; `None` for optional inputs that are left out.
    pub inputs: Vec<Option<NodeInput<'a>>>,
    /// Outputs and their types.
    pub outputs: Vec<(ValueId, &'a TensorType)>,
    /// Activation to apply to the output, if the operator [fuses it](crate::analysis::fused::fuses_activation).
    pub activation: Activation,
    /// Type of the operator's own result, before [`Lowering::fused`] changes it.
    pub result: &'a TensorType,
    /// Neighbouring nodes that the kernel computes too.
    pub fused: FusedOps<'a>,
    /// What the kernel is blocked for.
    pub target: KernelTarget,
}

/// The shader def that selects `activation` in `imagine::activation`.
pub fn activation_def(activation: Activation) -> Option<&'static str> {
    match activation {
        Activation::None => None,
        Activation::Relu => Some("ACTIVATION_RELU"),
        Activation::LeakyRelu(_) => Some("ACTIVATION_LEAKY_RELU"),
        Activation::Sigmoid => Some("ACTIVATION_SIGMOID"),
        Activation::Tanh => Some("ACTIVATION_TANH"),
        Activation::Clip(..) => Some("ACTIVATION_CLIP"),
    }
}

/// The two numbers that `imagine::activation::activate` takes besides `x`.
pub fn activation_params(activation: Activation) -> [f32; 2] {
    match activation {
        Activation::LeakyRelu(slope) => [slope, 0.0],
        Activation::Clip(low, high) => [low, high],
        _ => [0.0, 0.0],
    }
}

impl<'a> Lowering<'a> {
    /// A node with nothing fused into it.
    pub fn new(
        node: &'a str,
        size: Size,
        inputs: Vec<Option<NodeInput<'a>>>,
        outputs: Vec<(ValueId, &'a TensorType)>,
    ) -> Self {
        let (result, fused) = (outputs[0].1, FusedOps::default());
        let (activation, target) = (Activation::None, KernelTarget::Gpu);
        Self { node, size, whole: size, inputs, outputs, activation, result, fused, target }
    }

    /// Input `index`, which the shape rule requires.
    pub fn input(&self, index: usize) -> &NodeInput<'a> {
        self.inputs[index].as_ref().expect("the shape rule asked for this input")
    }

    /// Input `index`, if it is not left out.
    pub fn optional(&self, index: usize) -> Option<&NodeInput<'a>> {
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

    /// Cost of a kernel with `flop` operations that reads every input and writes every output once.
    pub fn cost(&self, flop: u64) -> Cost {
        let inputs = self.inputs.iter().chain([&self.fused.addend]).flatten();
        let read: usize = inputs.map(|i| i.value_type.elements()).sum();
        let written: usize = self.outputs.iter().map(|(_, t)| t.elements()).sum();
        Cost { flop, bytes: 4 * (read + written) as u64 }
    }
}
