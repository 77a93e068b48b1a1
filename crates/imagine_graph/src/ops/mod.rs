//! The operator table, and the trait that every operator implements.
//!
//! To add an operator, add one line to the table below and one file stem in four places: `imagine_graph/src/ops` (parameters,
//! shape rule, reach, cases), `imagine_burn/src/ops` (the reference), `imagine_wgpu/src/ops` (uniforms and dispatch) and
//! `shaders/ops` (the kernel). The compiler or `cargo xtask tidy` reports a missing one.

mod case;
mod dims;
mod error;
mod inputs;
mod pad_mode;
mod reach;

pub use error::NodeError;
pub use inputs::Inputs;
pub(crate) use inputs::output;
pub use pad_mode::PadMode;
pub use random::RandomPart;
pub(crate) use reach::MAX_SPAN;
pub use reach::{Reach, Window};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::tensor::{Tensor, TensorType};

/// What executors do for an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Computes: needs a kernel.
    Pass,
    /// The same elements in the same order with another shape: needs no kernel.
    View,
    /// Known when a plan is made: evaluated on the CPU.
    Fold,
}

/// Tolerance between executors: `|a - b| <= absolute + relative * |b|`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerance {
    /// Absolute tolerance.
    pub absolute: f32,
    /// Tolerance relative to the reference.
    pub relative: f32,
}

impl Tolerance {
    /// Equal to the bit.
    pub const EXACT: Self = Self { absolute: 0.0, relative: 0.0 };
}

/// An operator; the implementing type holds its parameters: the ONNX attributes under their ONNX names, with ONNX's defaults
/// as `Default`.
pub trait Operator: Clone + PartialEq + std::fmt::Debug + Default + Serialize + DeserializeOwned + Into<Op> {
    /// Checks parameters and inputs; returns the type of every output.
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError>;

    /// Checks the elements of input `input`, a weight, whatever the parameters are. Its type may be wrong: [`Self::infer`] checks that.
    fn check_weight(input: usize, weight: &Tensor) -> Result<(), NodeError> {
        let _ = (input, weight);
        Ok(())
    }

    /// The elements of each input that one output element reads; [`Self::infer`] has accepted `inputs` and `output`.
    fn reach(&self, inputs: &[Option<&TensorType>], output: &TensorType) -> Vec<Reach>;

    /// Seeded test cases: smallest, odd sizes, 1x1, batch above 1, every parameter away from its default.
    fn cases() -> Vec<Case>;

    /// Tolerance between executors.
    fn tolerance(&self) -> Tolerance {
        Tolerance { absolute: 1e-5, relative: 1e-5 }
    }
}

/// A test case of an operator. The suite of every executor runs all cases.
#[derive(Clone, Debug)]
pub struct Case {
    /// Name, unique within the operator.
    pub name: String,
    /// The operator with its parameters.
    pub op: Op,
    /// Its inputs in ONNX order; `None` for an omitted optional input.
    pub inputs: Vec<Option<Tensor>>,
    /// Indices of the inputs that are weights, known before the graph runs.
    pub weights: Vec<usize>,
    /// Whether the operator is differentiable at these inputs.
    pub differentiable: bool,
}

/// A line of the operator table.
#[derive(Clone, Copy)]
pub struct OpInfo {
    /// ONNX name, also used in generator files.
    pub name: &'static str,
    /// File stem of the operator in all crates.
    pub stem: &'static str,
    /// What executors do for it.
    pub class: Class,
    /// Its test cases.
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
                Self::ALL.iter().find(|info| info.name == name).expect("every operator is in the table")
            }

            /// ONNX name.
            pub fn name(&self) -> &'static str {
                match self { $(Op::$name(_) => stringify!($name),)* }
            }

            /// Checks parameters and inputs; returns the type of every output.
            pub fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
                match self { $(Op::$name(op) => op.infer(inputs),)* }
            }

            /// Checks the elements of input `input`, a weight, whatever the parameters are.
            pub fn check_weight(&self, input: usize, weight: &Tensor) -> Result<(), NodeError> {
                match self { $(Op::$name(_) => <$stem::$name as Operator>::check_weight(input, weight),)* }
            }

            /// The elements of each input that one output element reads.
            pub fn reach(&self, inputs: &[Option<&TensorType>], output: &TensorType) -> Vec<Reach> {
                match self { $(Op::$name(op) => op.reach(inputs, output),)* }
            }

            /// Tolerance between executors.
            pub fn tolerance(&self) -> Tolerance {
                match self { $(Op::$name(op) => op.tolerance(),)* }
            }

            /// The parameters as the JSON object of a generator file, without defaults.
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

        /// Expands `$callback! { Conv ConvTranspose .. }` with the names of all operators, as for one test each.
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
mod exemplar;
mod gather;
mod grid_sample;
mod histogram;
mod matmul;
mod nnf;
mod nnf_feature;
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
pub use exemplar::{APPEARANCE_BYTES, DEFAULT_GUIDE_SCALE, MAX_EXEMPLAR_SIDE};
pub use gather::{GatherLayout, PickedAxis};
pub use grid_sample::{GridSampleMode, GridSamplePadding};
pub use nnf::MAX_FEATURES;
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
    /// `min(A, B)` with broadcasting.
    Min => binary, Pass;
    /// `max(A, B)` with broadcasting.
    Max => binary, Pass;
    /// The remainder of `A / B`, with broadcasting.
    Mod => binary, Pass;
    /// `A^B` with broadcasting.
    Pow => binary, Pass;
    /// `X` if positive, else `X * slope`.
    PRelu => binary, Pass;
    /// `A > B` with broadcasting; booleans.
    Greater => binary, Pass;
    /// `A >= B` with broadcasting; booleans.
    GreaterOrEqual => binary, Pass;
    /// `A < B` with broadcasting; booleans.
    Less => binary, Pass;
    /// `A <= B` with broadcasting; booleans.
    LessOrEqual => binary, Pass;
    /// `A = B` with broadcasting; booleans.
    Equal => binary, Pass;
    /// Logical and, with broadcasting.
    And => binary, Pass;
    /// Logical or, with broadcasting.
    Or => binary, Pass;
    /// Exclusive or, with broadcasting.
    Xor => binary, Pass;
    /// `X` clamped to a range.
    Clip => unary, Pass;
    /// `max(X, 0)`.
    Relu => unary, Pass;
    /// `X` if positive, else a fraction of it.
    LeakyRelu => unary, Pass;
    /// `X` if above a threshold, else 0.
    ThresholdedRelu => unary, Pass;
    /// `X` if positive, else an exponential approach to a bound.
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
    /// A linear ramp from 0 to 1.
    HardSigmoid => unary, Pass;
    /// `X` times a linear ramp from 0 to 1.
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
    /// Rounds down.
    Floor => unary, Pass;
    /// Rounds up.
    Ceil => unary, Pass;
    /// Rounds to nearest, halves to even.
    Round => unary, Pass;
    /// `-X`.
    Neg => unary, Pass;
    /// Absolute value.
    Abs => unary, Pass;
    /// -1, 0 or 1.
    Sign => unary, Pass;
    /// Logical not.
    Not => unary, Pass;
    /// Converts the element type.
    Cast => cast, Pass;
    /// The input itself.
    Identity => unary, View;
    /// Selects elements of two tensors by a condition.
    Where => select, Pass;
    /// Joins tensors along an axis.
    Concat => concat, Pass;
    /// Part of a tensor.
    Slice => slice, Pass;
    /// A tensor cut into parts along an axis.
    Split => slice, Pass;
    /// Adds elements around a tensor.
    Pad => pad, Pass;
    /// The same elements with another shape.
    Reshape => shape, View;
    /// Reshapes to a matrix.
    Flatten => shape, View;
    /// Removes axes of length 1.
    Squeeze => shape, View;
    /// Inserts axes of length 1.
    Unsqueeze => shape, View;
    /// Permutes axes.
    Transpose => shape, Pass;
    /// Broadcasts a tensor to a shape.
    Expand => shape, Pass;
    /// Interpolates to other lengths along some axes.
    Resize => resize, Pass;
    /// Moves channels into pixels.
    DepthToSpace => depth_to_space, Pass;
    /// Moves pixels into channels.
    SpaceToDepth => depth_to_space, Pass;
    /// Repeats a tensor along its axes.
    Tile => shape, Pass;
    /// The upper or lower triangle of every matrix.
    Trilu => trilu, Pass;
    /// Cumulative sum along an axis.
    CumSum => cum_sum, Pass;
    /// Slices selected by indices.
    Gather => gather, Pass;
    /// Elements selected by indices along an axis.
    GatherElements => gather, Pass;
    /// Slices selected by tuples of indices.
    GatherND => gather, Pass;
    /// Writes elements at indices along an axis.
    ScatterElements => scatter, Pass;
    /// Writes slices at tuples of indices.
    ScatterND => scatter, Pass;
    /// Samples an image at the positions of a grid.
    GridSample => grid_sample, Pass;
    /// Sampling positions under affine transforms.
    AffineGrid => affine_grid, Pass;
    /// Sums of products by an equation.
    Einsum => einsum, Pass;
    /// The mean over a window.
    AveragePool => pool, Pass;
    /// The maximum over a window.
    MaxPool => pool, Pass;
    /// The Lp norm over a window.
    LpPool => pool, Pass;
    /// The mean over all axes after the first two.
    GlobalAveragePool => reduce, Pass;
    /// The maximum over all axes after the first two.
    GlobalMaxPool => reduce, Pass;
    /// The sum over axes.
    ReduceSum => reduce, Pass;
    /// The mean over axes.
    ReduceMean => reduce, Pass;
    /// The product over axes.
    ReduceProd => reduce, Pass;
    /// The maximum over axes.
    ReduceMax => reduce, Pass;
    /// The minimum over axes.
    ReduceMin => reduce, Pass;
    /// The sum of absolute values over axes.
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
    /// Softmax along an axis.
    Softmax => softmax, Pass;
    /// The logarithm of `Softmax`.
    LogSoftmax => softmax, Pass;
    /// Normalisation of channels by given statistics.
    BatchNormalization => batch_normalization, Pass;
    /// Normalisation of each channel of each image.
    InstanceNormalization => normalization, Pass;
    /// Normalisation of groups of channels of each image.
    GroupNormalization => normalization, Pass;
    /// Normalisation over trailing axes.
    LayerNormalization => normalization, Pass;
    /// Division by the root mean square over trailing axes.
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
    /// Blocks of an exemplar from hashed places: the first coordinate field of synthesis by example.
    ExemplarStart => exemplar, Pass;
    /// The coordinate field of the next finer level.
    ExemplarDouble => exemplar, Pass;
    /// Moves blocks of a coordinate field to similar places.
    ExemplarMove => exemplar, Pass;
    /// Replaces every cell of a coordinate field by the candidate that fits its neighbours best.
    ExemplarMatch => exemplar, Pass;
    /// The exemplar's texels at the places of a coordinate field.
    ExemplarGather => exemplar, Pass;
    /// The channels of an image as features of its places.
    NnfPack => nnf_feature, Pass;
    /// Patches of an image on a basis, as features of its places.
    NnfProject => nnf_feature, Pass;
    /// The place of a source whose patch is nearest to that of each cell, of all places.
    NnfSearch => nnf, Pass;
    /// The nearest of the places that a cell's neighbours propose.
    NnfPropagate => nnf, Pass;
    /// How far each cell is from the place it shows.
    NnfDistance => nnf, Pass;
    /// An image from the patches that overlap at each cell.
    NnfVote => nnf, Pass;
    /// How often each place or value occurs.
    Histogram => histogram, Pass;
    /// A tensor in the graph itself.
    Constant => constant, Fold;
}
