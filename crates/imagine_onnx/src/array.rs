//! Values known at import time: floats, integers with all 64 bits, truth values.

use imagine_graph::{DType, Tensor, TensorData, TensorType};

/// Elements of a known value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Elements {
    Float(Vec<f32>),
    Int(Vec<i64>),
    Bool(Vec<bool>),
}

/// A known value. Unlike a [`Tensor`] it may have dimensions of 0 and integers beyond 32 bits.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Array {
    pub shape: Vec<usize>,
    pub elements: Elements,
}

impl Array {
    pub fn ints(shape: &[usize], elements: Vec<i64>) -> Self {
        Self { shape: shape.to_vec(), elements: Elements::Int(elements) }
    }

    /// A value without elements.
    pub fn none(dtype: DType, shape: Vec<usize>) -> Self {
        let elements = match dtype {
            DType::F32 => Elements::Float(Vec::new()),
            DType::I32 => Elements::Int(Vec::new()),
            DType::Bool => Elements::Bool(Vec::new()),
        };
        Self { shape, elements }
    }

    pub fn dtype(&self) -> DType {
        match self.elements {
            Elements::Float(_) => DType::F32,
            Elements::Int(_) => DType::I32,
            Elements::Bool(_) => DType::Bool,
        }
    }

    pub fn tensor_type(&self) -> TensorType {
        TensorType { dtype: self.dtype(), shape: self.shape.clone() }
    }

    pub fn len(&self) -> usize {
        match &self.elements {
            Elements::Float(e) => e.len(),
            Elements::Int(e) => e.len(),
            Elements::Bool(e) => e.len(),
        }
    }

    /// The elements, if they are integers.
    pub fn as_ints(&self) -> Option<&[i64]> {
        match &self.elements {
            Elements::Int(e) => Some(e),
            _ => None,
        }
    }

    /// The elements as floats.
    pub fn to_floats(&self) -> Vec<f32> {
        match &self.elements {
            Elements::Float(e) => e.clone(),
            Elements::Int(e) => e.iter().map(|&v| v as f32).collect(),
            Elements::Bool(e) => e.iter().map(|&v| f32::from(u8::from(v))).collect(),
        }
    }

    /// The elements at `indices`, which must be within bounds, in `shape`.
    pub fn pick(&self, shape: Vec<usize>, indices: impl Iterator<Item = usize>) -> Self {
        let elements = match &self.elements {
            Elements::Float(e) => Elements::Float(indices.map(|i| e[i]).collect()),
            Elements::Int(e) => Elements::Int(indices.map(|i| e[i]).collect()),
            Elements::Bool(e) => Elements::Bool(indices.map(|i| e[i]).collect()),
        };
        Self { shape, elements }
    }

    /// As a tensor of the graph, or the first integer that does not fit into 32 bits.
    pub fn to_tensor(&self) -> Result<Tensor, i64> {
        let data = match &self.elements {
            Elements::Float(e) => TensorData::F32(e.clone()),
            Elements::Int(e) => {
                TensorData::I32(e.iter().map(|&v| i32::try_from(v).map_err(|_| v)).collect::<Result<_, _>>()?)
            }
            Elements::Bool(e) => TensorData::Bool(e.clone()),
        };
        Ok(Tensor::new(self.shape.clone(), data))
    }
}

impl From<&Tensor> for Array {
    fn from(tensor: &Tensor) -> Self {
        let elements = match &tensor.data {
            TensorData::F32(d) => Elements::Float(d.clone()),
            TensorData::I32(d) => Elements::Int(d.iter().map(|&v| i64::from(v)).collect()),
            TensorData::Bool(d) => Elements::Bool(d.clone()),
        };
        Self { shape: tensor.shape.clone(), elements }
    }
}

/// Number of elements of a shape, saturating.
pub(crate) fn count(shape: &[usize]) -> usize {
    shape.iter().fold(1usize, |n, &d| n.saturating_mul(d))
}
