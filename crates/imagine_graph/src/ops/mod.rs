//! The operator table, and what every operator has to say about itself.
//!
//! Adding an operator is one line in the table below and one stem in four places: `imagine_graph/src/ops` (parameters,
//! shape rule, support, cases), `imagine_burn/src/ops` (the reference), `imagine_wgpu/src/ops` (uniforms and dispatch)
//! and `shaders/ops` (the kernel). Forgetting one is a compile error or a red `cargo xtask tidy`.

mod case;
mod error;
mod inputs;
mod pad_mode;
mod reach;

pub use error::NodeError;
pub use inputs::Inputs;
pub(crate) use inputs::output;
pub use pad_mode::PadMode;
pub(crate) use reach::MAX_SPAN;
pub use reach::{Reach, Window};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::tensor::{Dim, Tensor, TensorType};

/// What executors have to do for an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Computes: needs a kernel.
    Pass,
    /// The same elements in the same order under another shape: needs no kernel.
    View,
    /// Known when a plan is made: evaluated on the CPU.
    Fold,
}

/// How far two executors may differ on an operator: `|a - b| <= absolute + relative * |b|`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerance {
    /// Absolute part.
    pub absolute: f32,
    /// Part relative to the reference.
    pub relative: f32,
}

/// What an operator says about itself; its parameters are the implementing type.
///
/// Parameters carry the ONNX attributes under their ONNX names, with one `Default` that holds the ONNX defaults.
pub trait Operator: Clone + PartialEq + std::fmt::Debug + Default + Serialize + DeserializeOwned + Into<Op> {
    /// Checks parameters and inputs; returns the type of every output.
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError>;

    /// Which elements of each input an output element reads; `inputs` and `output` are those that [`Self::infer`] accepted.
    fn reach(&self, inputs: &[Option<&TensorType>], output: &TensorType) -> Vec<Reach>;

    /// Seeded examples: smallest, odd sizes, 1x1, batch above 1, every parameter away from its default.
    fn cases() -> Vec<Case>;

    /// How far executors may differ.
    fn tolerance(&self) -> Tolerance {
        Tolerance { absolute: 1e-5, relative: 1e-5 }
    }
}

/// One example of an operator at work. Every executor's suite runs all of them.
#[derive(Clone, Debug)]
pub struct Case {
    /// What is special about it, unique within the operator.
    pub name: String,
    /// The operator with its parameters.
    pub op: Op,
    /// Its inputs in ONNX order; `None` where an optional input is left out.
    pub inputs: Vec<Option<Tensor>>,
    /// Indices of the inputs that are weights, known before the graph runs.
    pub weights: Vec<usize>,
    /// Whether the operator can be differentiated at these inputs.
    pub differentiable: bool,
}

/// A line of the operator table.
#[derive(Clone, Copy)]
pub struct OpInfo {
    /// ONNX name, which is also the tag in a generator file.
    pub name: &'static str,
    /// File name that the operator's parts share in all crates.
    pub stem: &'static str,
    /// What executors have to do for it.
    pub class: Class,
    /// Its examples.
    pub cases: fn() -> Vec<Case>,
}

macro_rules! operators {
    ($($(#[$doc:meta])* $name:ident => $stem:ident, $class:ident;)*) => {
        /// An operator with its parameters. Names, attributes and semantics are ONNX's.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Op {
            $($(#[$doc])* $name($stem::$name),)*
        }

        impl Op {
            /// The operator table.
            pub const ALL: &'static [OpInfo] = &[
                $(OpInfo {
                    name: stringify!($name),
                    stem: stringify!($stem),
                    class: Class::$class,
                    cases: <$stem::$name as Operator>::cases,
                },)*
            ];

            /// This operator's line of the table.
            pub fn info(&self) -> &'static OpInfo {
                let name = self.name();
                Self::ALL.iter().find(|info| info.name == name).expect("every operator stands in the table")
            }

            /// ONNX name.
            pub fn name(&self) -> &'static str {
                match self { $(Op::$name(_) => stringify!($name),)* }
            }

            /// Checks parameters and inputs; returns the type of every output.
            pub fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
                match self { $(Op::$name(op) => op.infer(inputs),)* }
            }

            /// Which elements of each input an output element reads.
            pub fn reach(&self, inputs: &[Option<&TensorType>], output: &TensorType) -> Vec<Reach> {
                match self { $(Op::$name(op) => op.reach(inputs, output),)* }
            }

            /// How far executors may differ.
            pub fn tolerance(&self) -> Tolerance {
                match self { $(Op::$name(op) => op.tolerance(),)* }
            }

            /// The parameters as the JSON object of a generator file; those at their default are left out.
            pub fn attributes(&self) -> serde_json::Map<String, serde_json::Value> {
                match self { $(Op::$name(op) => inputs::attributes(op),)* }
            }

            /// The operator called `name` with the attributes of a generator file.
            pub fn from_attributes(name: &str, attributes: serde_json::Value) -> Result<Self, String> {
                match name {
                    $(stringify!($name) => serde_json::from_value::<$stem::$name>(attributes)
                        .map(Op::$name)
                        .map_err(|error| format!("{name}: {error}")),)*
                    _ => Err(format!("unknown operator {name:?}")),
                }
            }
        }

        $(impl From<$stem::$name> for Op {
            fn from(op: $stem::$name) -> Self {
                Op::$name(op)
            }
        })*

        $(pub use $stem::$name;)*

        /// Expands `$macro! { Conv ConvTranspose .. }` with the names of all operators, as for one test each.
        #[macro_export]
        macro_rules! for_each_operator {
            ($callback:ident) => {
                $callback! { $($name)* }
            };
        }
    };
}

mod affine_grid;
mod arg_max;
mod batch_normalization;
mod binary;
mod cast;
mod concat;
mod constant;
mod conv;
mod conv_transpose;
mod cum_sum;
mod depth_to_space;
mod einsum;
mod gather;
mod grid_sample;
mod matmul;
mod normalization;
mod pad;
mod pool;
mod random;
mod reduce;
mod resize;
mod scatter;
mod select;
mod shape;
mod slice;
mod softmax;
mod trilu;
mod unary;
mod window;

pub use depth_to_space::DepthToSpaceMode;
pub use einsum::EinsumAxes;
pub use gather::{GatherLayout, PickedAxis};
pub use grid_sample::{GridSampleMode, GridSamplePadding};
pub use pool::Pool;
pub use reduce::Reduction;
pub use resize::weights as resize_weights;
pub use resize::{CoordinateTransformationMode, KeepAspectRatioPolicy, NearestMode, ResizeMode};
pub use scatter::{ScatterLayout, ScatterReduction};
pub use unary::Approximate;
pub use window::{AutoPad, WindowAxis};

operators! {
    /// Two-dimensional convolution.
    Conv => conv, Pass;
    /// Transposed two-dimensional convolution.
    ConvTranspose => conv_transpose, Pass;
    /// Matrix product over the last two axes.
    MatMul => matmul, Pass;
    /// Matrix product with factors, transposition and an addend.
    Gemm => matmul, Pass;
    /// `A + B` with broadcasting.
    Add => binary, Pass;
    /// `A - B` with broadcasting.
    Sub => binary, Pass;
    /// `A * B` with broadcasting.
    Mul => binary, Pass;
    /// `A / B` with broadcasting.
    Div => binary, Pass;
    /// The smaller of two, with broadcasting.
    Min => binary, Pass;
    /// The larger of two, with broadcasting.
    Max => binary, Pass;
    /// The remainder of `A / B`, with broadcasting.
    Mod => binary, Pass;
    /// `A^B` with broadcasting.
    Pow => binary, Pass;
    /// `X` where positive, else `X * slope`.
    PRelu => binary, Pass;
    /// `A > B` with broadcasting; truth values.
    Greater => binary, Pass;
    /// `A >= B` with broadcasting; truth values.
    GreaterOrEqual => binary, Pass;
    /// `A < B` with broadcasting; truth values.
    Less => binary, Pass;
    /// `A <= B` with broadcasting; truth values.
    LessOrEqual => binary, Pass;
    /// `A = B` with broadcasting; truth values.
    Equal => binary, Pass;
    /// Both of two truth values, with broadcasting.
    And => binary, Pass;
    /// Either of two truth values, with broadcasting.
    Or => binary, Pass;
    /// One of two truth values and not both, with broadcasting.
    Xor => binary, Pass;
    /// `X` limited to a range.
    Clip => unary, Pass;
    /// `max(X, 0)`.
    Relu => unary, Pass;
    /// `X` where positive, else a fraction of it.
    LeakyRelu => unary, Pass;
    /// `X` where above a threshold, else 0.
    ThresholdedRelu => unary, Pass;
    /// `X` where positive, else exponentially near a bound.
    Elu => unary, Pass;
    /// The scaled exponential linear unit.
    Selu => unary, Pass;
    /// The Gaussian error linear unit.
    Gelu => unary, Pass;
    /// `X tanh(softplus(X))`.
    Mish => unary, Pass;
    /// `ln(1 + exp(X))`.
    Softplus => unary, Pass;
    /// `X / (1 + |X|)`.
    Softsign => unary, Pass;
    /// A ramp between 0 and 1.
    HardSigmoid => unary, Pass;
    /// `X` times a ramp between 0 and 1.
    HardSwish => unary, Pass;
    /// The logistic function.
    Sigmoid => unary, Pass;
    /// Hyperbolic tangent.
    Tanh => unary, Pass;
    /// Sine.
    Sin => unary, Pass;
    /// Cosine.
    Cos => unary, Pass;
    /// Arcsine.
    Asin => unary, Pass;
    /// Arccosine.
    Acos => unary, Pass;
    /// Arctangent.
    Atan => unary, Pass;
    /// Exponential function.
    Exp => unary, Pass;
    /// Natural logarithm.
    Log => unary, Pass;
    /// Square root.
    Sqrt => unary, Pass;
    /// `1 / X`.
    Reciprocal => unary, Pass;
    /// The error function.
    Erf => unary, Pass;
    /// The next whole number below.
    Floor => unary, Pass;
    /// The next whole number above.
    Ceil => unary, Pass;
    /// The nearest whole number.
    Round => unary, Pass;
    /// `-X`.
    Neg => unary, Pass;
    /// Absolute value.
    Abs => unary, Pass;
    /// -1, 0 or 1.
    Sign => unary, Pass;
    /// The other truth value.
    Not => unary, Pass;
    /// Another element type.
    Cast => cast, Pass;
    /// The input itself.
    Identity => unary, View;
    /// One of two tensors, element by element.
    Where => select, Pass;
    /// Tensors one after the other.
    Concat => concat, Pass;
    /// Part of a tensor.
    Slice => slice, Pass;
    /// A tensor cut into parts along an axis.
    Split => slice, Pass;
    /// Elements added around a tensor.
    Pad => pad, Pass;
    /// The same elements under another shape.
    Reshape => shape, View;
    /// All axes made two.
    Flatten => shape, View;
    /// Without axes of length 1.
    Squeeze => shape, View;
    /// With more axes of length 1.
    Unsqueeze => shape, View;
    /// Axes in another order.
    Transpose => shape, Pass;
    /// A tensor repeated to a larger shape.
    Expand => shape, Pass;
    /// A tensor of other lengths along some axes.
    Resize => resize, Pass;
    /// Channels become pixels.
    DepthToSpace => depth_to_space, Pass;
    /// Pixels become channels.
    SpaceToDepth => depth_to_space, Pass;
    /// A tensor side by side with itself.
    Tile => shape, Pass;
    /// A triangle of every matrix.
    Trilu => trilu, Pass;
    /// The sum of all elements up to each one.
    CumSum => cum_sum, Pass;
    /// Slices picked by indices.
    Gather => gather, Pass;
    /// Elements picked by indices along an axis.
    GatherElements => gather, Pass;
    /// Slices picked by tuples of indices.
    GatherND => gather, Pass;
    /// Elements put where indices along an axis say.
    ScatterElements => scatter, Pass;
    /// Slices put where tuples of indices say.
    ScatterND => scatter, Pass;
    /// An image read where a grid says.
    GridSample => grid_sample, Pass;
    /// Where the elements of an image lie under affine maps.
    AffineGrid => affine_grid, Pass;
    /// Sums of products by an equation.
    Einsum => einsum, Pass;
    /// The mean over a window.
    AveragePool => pool, Pass;
    /// The largest element of a window.
    MaxPool => pool, Pass;
    /// A norm of a window.
    LpPool => pool, Pass;
    /// The mean over all axes but the first two.
    GlobalAveragePool => reduce, Pass;
    /// The largest element over all axes but the first two.
    GlobalMaxPool => reduce, Pass;
    /// The sum over axes.
    ReduceSum => reduce, Pass;
    /// The mean over axes.
    ReduceMean => reduce, Pass;
    /// The product over axes.
    ReduceProd => reduce, Pass;
    /// The largest element over axes.
    ReduceMax => reduce, Pass;
    /// The smallest element over axes.
    ReduceMin => reduce, Pass;
    /// The sum of magnitudes over axes.
    ReduceL1 => reduce, Pass;
    /// The square root of the sum of squares over axes.
    ReduceL2 => reduce, Pass;
    /// The sum of squares over axes.
    ReduceSumSquare => reduce, Pass;
    /// The logarithm of the sum over axes.
    ReduceLogSum => reduce, Pass;
    /// The logarithm of the sum of exponentials over axes.
    ReduceLogSumExp => reduce, Pass;
    /// The index of the largest element along an axis.
    ArgMax => arg_max, Pass;
    /// The index of the smallest element along an axis.
    ArgMin => arg_max, Pass;
    /// Exponentials over their sum along an axis.
    Softmax => softmax, Pass;
    /// The logarithm of `Softmax`.
    LogSoftmax => softmax, Pass;
    /// Normalisation of channels by known statistics.
    BatchNormalization => batch_normalization, Pass;
    /// Normalisation of every channel of every image.
    InstanceNormalization => normalization, Pass;
    /// Normalisation of groups of channels of every image.
    GroupNormalization => normalization, Pass;
    /// Normalisation over the axes from one on.
    LayerNormalization => normalization, Pass;
    /// Division by the root mean square over the axes from one on.
    RMSNormalization => normalization, Pass;
    /// Normalisation over given axes.
    MeanVarianceNormalization => normalization, Pass;
    /// Division by a norm along an axis.
    LpNormalization => normalization, Pass;
    /// Uniform random numbers from the counter-based hash of [`crate::tensor::rng`].
    RandomUniform => random, Pass;
    /// Normal random numbers from the counter-based hash of [`crate::tensor::rng`].
    RandomNormal => random, Pass;
    /// Zeros and ones with given probabilities, from the counter-based hash of [`crate::tensor::rng`].
    Bernoulli => random, Pass;
    /// A tensor that stands in the graph.
    Constant => constant, Fold;
}

impl Op {
    /// The symbolic shape of a tensor of random numbers, if this operator makes one.
    pub(crate) fn random_shape(&self) -> Option<&[Dim]> {
        match self {
            Op::RandomUniform(op) => Some(&op.shape),
            Op::RandomNormal(op) => Some(&op.shape),
            Op::Bernoulli(op) => Some(&op.shape),
            _ => None,
        }
    }
}
