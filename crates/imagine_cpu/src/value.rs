//! A tensor of any element type in CPU memory that clones share.

use std::sync::Arc;

use imagine_graph::{DType, Tensor, TensorData, TensorType};

use crate::buffers::Buffers;

/// A tensor of any element type. Clones, and views of another shape, share its elements.
#[derive(Clone, Debug)]
pub struct Value {
    shape: Vec<usize>,
    data: Data,
}

/// The elements of a value in row-major order.
#[derive(Clone, Debug)]
pub(crate) enum Data {
    /// 32-bit floats.
    F32(Arc<Vec<f32>>),
    /// 32-bit signed integers.
    I32(Arc<Vec<i32>>),
    /// Booleans.
    Bool(Arc<Vec<bool>>),
}

impl Value {
    /// Takes the elements of a tensor.
    pub fn new(tensor: Tensor) -> Self {
        let data = match tensor.data {
            TensorData::F32(data) => Data::F32(Arc::new(data)),
            TensorData::I32(data) => Data::I32(Arc::new(data)),
            TensorData::Bool(data) => Data::Bool(Arc::new(data)),
        };
        Self { shape: tensor.shape, data }
    }

    /// The tensor; a copy only if another value shares the elements.
    pub fn into_tensor(self) -> Tensor {
        let data = match self.data {
            Data::F32(data) => TensorData::F32(Arc::unwrap_or_clone(data)),
            Data::I32(data) => TensorData::I32(Arc::unwrap_or_clone(data)),
            Data::Bool(data) => TensorData::Bool(Arc::unwrap_or_clone(data)),
        };
        Tensor::new(self.shape, data)
    }

    /// Elements along each dimension.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Element type.
    pub fn dtype(&self) -> DType {
        match self.data {
            Data::F32(_) => DType::F32,
            Data::I32(_) => DType::I32,
            Data::Bool(_) => DType::Bool,
        }
    }

    /// Element type and shape.
    pub fn tensor_type(&self) -> TensorType {
        TensorType { dtype: self.dtype(), shape: self.shape.clone() }
    }

    /// Floats of `shape`.
    pub(crate) fn f32s(shape: &[usize], data: Vec<f32>) -> Self {
        debug_assert_eq!(shape.iter().product::<usize>(), data.len());
        Self { shape: shape.to_vec(), data: Data::F32(Arc::new(data)) }
    }

    /// Integers of `shape`.
    pub(crate) fn i32s(shape: &[usize], data: Vec<i32>) -> Self {
        debug_assert_eq!(shape.iter().product::<usize>(), data.len());
        Self { shape: shape.to_vec(), data: Data::I32(Arc::new(data)) }
    }

    /// Truth values of `shape`.
    pub(crate) fn bools(shape: &[usize], data: Vec<bool>) -> Self {
        debug_assert_eq!(shape.iter().product::<usize>(), data.len());
        Self { shape: shape.to_vec(), data: Data::Bool(Arc::new(data)) }
    }

    /// The elements, of any type.
    pub(crate) fn data(&self) -> &Data {
        &self.data
    }

    /// The floats. Graphs are type-checked before they run, so operators can rely on their shape rule.
    pub(crate) fn as_f32s(&self) -> &[f32] {
        match &self.data {
            Data::F32(data) => data,
            _ => unreachable!("a checked graph has floats here, not {}", self.tensor_type()),
        }
    }

    /// The integers.
    pub(crate) fn as_i32s(&self) -> &[i32] {
        match &self.data {
            Data::I32(data) => data,
            _ => unreachable!("a checked graph has integers here, not {}", self.tensor_type()),
        }
    }

    /// The truth values.
    pub(crate) fn as_bools(&self) -> &[bool] {
        match &self.data {
            Data::Bool(data) => data,
            _ => unreachable!("a checked graph has truth values here, not {}", self.tensor_type()),
        }
    }

    /// The floats, to be changed in place: the value's own buffer if nobody else holds it, else a copy in one of `buffers`.
    pub(crate) fn into_f32s(self, buffers: &Buffers) -> Vec<f32> {
        match self.data {
            Data::F32(data) => Arc::try_unwrap(data).unwrap_or_else(|shared| {
                let mut copy = buffers.take(shared.len());
                copy.copy_from_slice(&shared);
                copy
            }),
            _ => unreachable!("a checked graph has floats here, not {}", self.tensor_type()),
        }
    }

    /// The same elements in another shape of as many elements.
    pub(crate) fn reshaped(self, shape: &[usize]) -> Self {
        debug_assert_eq!(shape.iter().product::<usize>(), self.shape.iter().product::<usize>());
        Self { shape: shape.to_vec(), data: self.data }
    }

    /// Gives its memory to `buffers` if nobody else holds it.
    pub(crate) fn recycle(self, buffers: &Buffers) {
        if let Data::F32(data) = self.data
            && let Ok(data) = Arc::try_unwrap(data)
        {
            buffers.give(data);
        }
    }
}

impl From<&Tensor> for Value {
    fn from(tensor: &Tensor) -> Self {
        Self::new(tensor.clone())
    }
}
