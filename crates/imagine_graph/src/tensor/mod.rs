//! Tensors in CPU memory, for weights, constants and test cases; their types, sizes and coordinates.

pub(crate) mod axis;
pub mod color;
mod dim;
pub mod rng;
mod size;

pub use axis::{Axis, Extent, PerAxis, Ratio, Texel, WorldPoint};
pub use dim::{Dim, Symbol};
pub use size::Size;

use serde::{Deserialize, Serialize};

/// Maximum number of dimensions of a tensor.
pub const MAX_RANK: usize = 8;
/// Maximum number of elements of a tensor; keeps every index within an `i32`.
pub const MAX_ELEMENTS: usize = 1 << 30;

/// Element type at run time. ONNX `int64` becomes `i32`; a `bool` takes one `u32` on the GPU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DType {
    /// 32-bit float.
    #[default]
    F32,
    /// 32-bit signed integer.
    I32,
    /// Boolean.
    Bool,
}

/// Element type and concrete shape.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TensorType {
    /// Element type.
    pub dtype: DType,
    /// Elements along each dimension, outermost first.
    pub shape: Vec<usize>,
}

impl TensorType {
    /// A tensor of 32-bit floats.
    pub fn f32(shape: impl Into<Vec<usize>>) -> Self {
        Self { dtype: DType::F32, shape: shape.into() }
    }

    /// Number of elements, saturating.
    pub fn elements(&self) -> usize {
        elements(&self.shape)
    }
}

impl std::fmt::Display for TensorType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.dtype {
            DType::F32 => {}
            DType::I32 => f.write_str("i32 ")?,
            DType::Bool => f.write_str("bool ")?,
        }
        write!(f, "{:?}", self.shape)
    }
}

/// Number of elements of a shape, saturating.
pub(crate) fn elements(shape: &[usize]) -> usize {
    shape.iter().fold(1usize, |n, &d| n.saturating_mul(d))
}

/// Elements of a tensor in row-major order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TensorData {
    /// 32-bit floats.
    F32(Vec<f32>),
    /// 32-bit signed integers.
    I32(Vec<i32>),
    /// Booleans.
    Bool(Vec<bool>),
}

/// A tensor in CPU memory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tensor {
    /// Elements along each dimension, outermost first; their product is the number of elements in `data`.
    pub shape: Vec<usize>,
    /// The elements in row-major order.
    pub data: TensorData,
}

impl Tensor {
    /// A tensor of 32-bit floats.
    ///
    /// # Panics
    /// If `data` does not have as many elements as `shape`.
    pub fn f32(shape: impl Into<Vec<usize>>, data: impl Into<Vec<f32>>) -> Self {
        Self::new(shape.into(), TensorData::F32(data.into()))
    }

    /// A tensor of any element type.
    ///
    /// # Panics
    /// If `data` does not have as many elements as `shape`.
    pub fn new(shape: Vec<usize>, data: TensorData) -> Self {
        let tensor = Self { shape, data };
        assert_eq!(elements(&tensor.shape), tensor.len(), "shape {:?} and data disagree", tensor.shape);
        tensor
    }

    /// A scalar (rank 0).
    pub fn scalar(value: f32) -> Self {
        Self::f32([], [value])
    }

    /// Number of stored elements.
    pub fn len(&self) -> usize {
        match &self.data {
            TensorData::F32(d) => d.len(),
            TensorData::I32(d) => d.len(),
            TensorData::Bool(d) => d.len(),
        }
    }

    /// Whether the tensor has no element.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Element type.
    pub fn dtype(&self) -> DType {
        match &self.data {
            TensorData::F32(_) => DType::F32,
            TensorData::I32(_) => DType::I32,
            TensorData::Bool(_) => DType::Bool,
        }
    }

    /// Element type and shape.
    pub fn tensor_type(&self) -> TensorType {
        TensorType { dtype: self.dtype(), shape: self.shape.clone() }
    }

    /// The elements, if they are 32-bit floats.
    pub fn as_f32(&self) -> Option<&[f32]> {
        match &self.data {
            TensorData::F32(d) => Some(d),
            _ => None,
        }
    }
}
