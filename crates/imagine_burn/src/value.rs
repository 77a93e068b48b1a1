//! A tensor of any element type on a burn backend, and its conversions.

use burn::tensor::backend::Backend;
use burn::tensor::ops::{BoolTensor, FloatTensor, IntTensor};
use burn::tensor::{DType as BurnDType, Shape, Tensor, TensorData, TensorMetadata, TensorPrimitive};
use imagine_graph::{DType, TensorData as Elements, TensorType};

/// A tensor of any element type.
#[derive(Clone, Debug)]
pub enum Value<B: Backend> {
    /// Floats.
    Float(FloatTensor<B>),
    /// Integers.
    Int(IntTensor<B>),
    /// Truth values.
    Bool(BoolTensor<B>),
}

impl<B: Backend> Value<B> {
    /// From a burn tensor of floats.
    pub fn from_tensor<const D: usize>(tensor: Tensor<B, D>) -> Self {
        Value::Float(tensor.into_primitive().tensor())
    }

    /// As a burn tensor of floats.
    ///
    /// # Panics
    /// If the value does not hold floats of rank `D`.
    pub fn into_tensor<const D: usize>(self) -> Tensor<B, D> {
        let tensor = self.into_float();
        let rank = tensor.shape().num_dims();
        assert_eq!(rank, D, "the value has rank {rank}, expected {D}");
        Tensor::from_primitive(TensorPrimitive::Float(tensor))
    }

    /// From CPU memory.
    pub fn from_data(tensor: &imagine_graph::Tensor, device: &B::Device) -> Self {
        let shape = tensor.shape.clone();
        match &tensor.data {
            // cubecl cannot upload a tensor without dimensions, only make one of a tensor with one.
            Elements::F32(data) => {
                let flat = B::float_from_data(TensorData::new(data.clone(), [data.len()]), device);
                Value::Float(B::float_reshape(flat, shape.into()))
            }
            Elements::I32(data) => {
                let data = TensorData::new(data.clone(), shape).convert::<B::IntElem>();
                Value::Int(B::int_from_data(data, device))
            }
            Elements::Bool(data) => {
                let data = TensorData::new(data.clone(), shape).convert::<B::BoolElem>();
                Value::Bool(B::bool_from_data(data, device))
            }
        }
    }

    /// To CPU memory.
    ///
    /// # Panics
    /// If the device fails to return the elements.
    pub fn into_data(self) -> imagine_graph::Tensor {
        const READ: &str = "the device returns the elements";
        let shape = self.shape();
        let data = match self {
            Value::Float(t) => {
                let data = burn::tensor::try_read_sync(B::float_into_data(t)).expect(READ).expect(READ);
                Elements::F32(data.convert_dtype(BurnDType::F32).to_vec().expect(READ))
            }
            Value::Int(t) => {
                let data = burn::tensor::try_read_sync(B::int_into_data(t)).expect(READ).expect(READ);
                Elements::I32(data.convert_dtype(BurnDType::I32).to_vec().expect(READ))
            }
            Value::Bool(t) => {
                let data = burn::tensor::try_read_sync(B::bool_into_data(t)).expect(READ).expect(READ);
                Elements::Bool(data.iter::<bool>().collect())
            }
        };
        imagine_graph::Tensor::new(shape, data)
    }

    /// Elements along each dimension.
    pub fn shape(&self) -> Vec<usize> {
        match self {
            Value::Float(t) => t.shape().to_vec(),
            Value::Int(t) => t.shape().to_vec(),
            Value::Bool(t) => t.shape().to_vec(),
        }
    }

    /// Element type and shape.
    pub fn tensor_type(&self) -> TensorType {
        let dtype = match self {
            Value::Float(_) => DType::F32,
            Value::Int(_) => DType::I32,
            Value::Bool(_) => DType::Bool,
        };
        TensorType { dtype, shape: self.shape() }
    }

    /// The floats. Graphs are type-checked before they run, so operators can rely on their shape rule.
    pub(crate) fn into_float(self) -> FloatTensor<B> {
        match self {
            Value::Float(tensor) => tensor,
            other => unreachable!("a checked graph has floats here, not {}", other.tensor_type()),
        }
    }

    /// The integers.
    pub(crate) fn into_int(self) -> IntTensor<B> {
        match self {
            Value::Int(tensor) => tensor,
            other => unreachable!("a checked graph has integers here, not {}", other.tensor_type()),
        }
    }

    /// The truth values.
    pub(crate) fn into_bool(self) -> BoolTensor<B> {
        match self {
            Value::Bool(tensor) => tensor,
            other => unreachable!("a checked graph has truth values here, not {}", other.tensor_type()),
        }
    }

    /// The same elements broadcast to `shape`.
    pub(crate) fn broadcast(self, shape: &[usize]) -> Self {
        let found = self.shape();
        if found == shape {
            return self;
        }
        let mut padded = vec![1; shape.len() - found.len()];
        padded.extend(found);
        let (padded, shape) = (Shape::from(padded), Shape::from(shape.to_vec()));
        match self {
            Value::Float(t) => Value::Float(B::float_expand(B::float_reshape(t, padded), shape)),
            Value::Int(t) => Value::Int(B::int_expand(B::int_reshape(t, padded), shape)),
            Value::Bool(t) => Value::Bool(B::bool_expand(B::bool_reshape(t, padded), shape)),
        }
    }
}
