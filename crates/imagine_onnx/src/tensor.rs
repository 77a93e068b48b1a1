//! Tensors of an ONNX file: element types, and the fields that hold the elements.

use half::{bf16, f16};
use imagine_graph::{DType, Tensor};
use prost::Message;

use crate::array::{Array, Elements, count};
use crate::error::{Fault, ImportError, TensorError};
use crate::external::{self, ExternalData};
use crate::proto::TensorProto;

/// Element type of a tensor in an ONNX file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are ONNX's")]
pub enum ElementType {
    Float,
    Uint8,
    Int8,
    Uint16,
    Int16,
    Int32,
    Int64,
    Bool,
    Float16,
    Double,
    Uint32,
    Uint64,
    Bfloat16,
    Uint4,
    Int4,
}

impl ElementType {
    /// The type with number `code` of `TensorProto.DataType`, if the importer reads it.
    pub fn from_code(code: i32) -> Option<Self> {
        Some(match code {
            1 => Self::Float,
            2 => Self::Uint8,
            3 => Self::Int8,
            4 => Self::Uint16,
            5 => Self::Int16,
            6 => Self::Int32,
            7 => Self::Int64,
            9 => Self::Bool,
            10 => Self::Float16,
            11 => Self::Double,
            12 => Self::Uint32,
            13 => Self::Uint64,
            16 => Self::Bfloat16,
            21 => Self::Uint4,
            22 => Self::Int4,
            _ => return None,
        })
    }

    /// The element type in a graph: floats become 32-bit floats, integers 32-bit signed integers.
    pub fn dtype(self) -> DType {
        match self {
            Self::Float | Self::Float16 | Self::Double | Self::Bfloat16 => DType::F32,
            Self::Bool => DType::Bool,
            _ => DType::I32,
        }
    }

    /// The smallest and largest integer, if it has at most 16 bits.
    pub(crate) fn range(self) -> Option<[i64; 2]> {
        Some(match self {
            Self::Uint4 => [0, 15],
            Self::Int4 => [-8, 7],
            Self::Uint8 => [0, 255],
            Self::Int8 => [-128, 127],
            Self::Uint16 => [0, 65_535],
            Self::Int16 => [-32_768, 32_767],
            _ => return None,
        })
    }

    /// Bytes of an element, or of two elements of 4 bits.
    fn size(self) -> usize {
        match self {
            Self::Uint8 | Self::Int8 | Self::Bool | Self::Uint4 | Self::Int4 => 1,
            Self::Uint16 | Self::Int16 | Self::Float16 | Self::Bfloat16 => 2,
            Self::Float | Self::Int32 | Self::Uint32 => 4,
            Self::Int64 | Self::Uint64 | Self::Double => 8,
        }
    }

    /// Whether a byte holds two elements.
    fn is_packed(self) -> bool {
        matches!(self, Self::Uint4 | Self::Int4)
    }

    /// Bytes of `count` elements.
    fn bytes(self, count: usize) -> Option<usize> {
        if self.is_packed() { Some(count.div_ceil(2)) } else { count.checked_mul(self.size()) }
    }
}

/// A tensor file, such as `input_0.pb` of ONNX's tests.
#[derive(Clone, Debug, PartialEq)]
pub struct TensorFile {
    /// Name; may be empty.
    pub name: String,
    /// The elements, in the graph's element types.
    pub tensor: Tensor,
    /// Element type in the file.
    pub element: ElementType,
}

/// Reads the bytes of a tensor (`TensorProto`).
pub fn tensor_from_onnx(bytes: &[u8]) -> Result<TensorFile, ImportError> {
    let proto =
        TensorProto::decode(bytes).map_err(|error| Fault::Decode { what: "tensor", error: error.to_string() })?;
    let fault = |error| Fault::Tensor { name: proto.name.clone(), error };
    let (array, element) = read(&proto, ExternalData::None).map_err(fault)?;
    let tensor = array.to_tensor().map_err(|found| fault(TensorError::Integer { found }))?;
    Ok(TensorFile { name: proto.name.clone(), tensor, element })
}

/// The elements of `tensor` and their type in the file.
pub(crate) fn read(tensor: &TensorProto, files: ExternalData) -> Result<(Array, ElementType), TensorError> {
    let kind = ElementType::from_code(tensor.data_type).ok_or(TensorError::ElementType { code: tensor.data_type })?;
    let dims: Option<Vec<usize>> = tensor.dims.iter().map(|&d| usize::try_from(d).ok()).collect();
    let shape = dims.ok_or_else(|| TensorError::Dims { dims: tensor.dims.clone() })?;
    let expected = count(&shape);
    let elements = if external::is_external(tensor) {
        let bytes = kind.bytes(expected).ok_or_else(|| TensorError::Dims { dims: tensor.dims.clone() })?;
        from_bytes(kind, expected, &external::read(tensor, files, bytes)?)
    } else if !tensor.raw_data.is_empty() {
        if !tensor.raw_data.len().is_multiple_of(kind.size()) {
            return Err(TensorError::RawLength { found: tensor.raw_data.len(), size: kind.size() });
        }
        from_bytes(kind, expected, &tensor.raw_data)
    } else {
        from_fields(kind, expected, tensor)
    };
    // Nothing is allocated for a shape that promises more elements than there are bytes.
    let array = Array { shape, elements };
    if array.len() != expected {
        return Err(TensorError::Count { shape: array.shape.clone(), expected, found: array.len() });
    }
    Ok((array, kind))
}

fn from_bytes(kind: ElementType, count: usize, bytes: &[u8]) -> Elements {
    fn convert<const N: usize, T>(bytes: &[u8], f: impl Fn([u8; N]) -> T) -> Vec<T> {
        bytes.as_chunks::<N>().0.iter().map(|chunk| f(*chunk)).collect()
    }
    match kind {
        ElementType::Float => Elements::Float(convert(bytes, f32::from_le_bytes)),
        ElementType::Double => Elements::Float(convert(bytes, |b| f64::from_le_bytes(b) as f32)),
        ElementType::Float16 => Elements::Float(convert(bytes, |b| f16::from_le_bytes(b).to_f32())),
        ElementType::Bfloat16 => Elements::Float(convert(bytes, |b| bf16::from_le_bytes(b).to_f32())),
        ElementType::Bool => Elements::Bool(bytes.iter().map(|&b| b != 0).collect()),
        ElementType::Uint4 | ElementType::Int4 => Elements::Int(unpack(kind, count, bytes.iter().copied())),
        ElementType::Uint8 => Elements::Int(bytes.iter().map(|&b| i64::from(b)).collect()),
        ElementType::Int8 => Elements::Int(bytes.iter().map(|&b| i64::from(b as i8)).collect()),
        ElementType::Uint16 => Elements::Int(convert(bytes, |b| i64::from(u16::from_le_bytes(b)))),
        ElementType::Int16 => Elements::Int(convert(bytes, |b| i64::from(i16::from_le_bytes(b)))),
        ElementType::Int32 => Elements::Int(convert(bytes, |b| i64::from(i32::from_le_bytes(b)))),
        ElementType::Uint32 => Elements::Int(convert(bytes, |b| i64::from(u32::from_le_bytes(b)))),
        ElementType::Int64 => Elements::Int(convert(bytes, i64::from_le_bytes)),
        ElementType::Uint64 => Elements::Int(convert(bytes, |b| clamp_u64(u64::from_le_bytes(b)))),
    }
}

fn from_fields(kind: ElementType, count: usize, tensor: &TensorProto) -> Elements {
    let bits = || tensor.int32_data.iter().map(|&v| v as u16);
    match kind {
        ElementType::Float => Elements::Float(tensor.float_data.clone()),
        ElementType::Double => Elements::Float(tensor.double_data.iter().map(|&v| v as f32).collect()),
        ElementType::Float16 => Elements::Float(bits().map(|b| f16::from_bits(b).to_f32()).collect()),
        ElementType::Bfloat16 => Elements::Float(bits().map(|b| bf16::from_bits(b).to_f32()).collect()),
        ElementType::Bool => Elements::Bool(tensor.int32_data.iter().map(|&v| v != 0).collect()),
        ElementType::Int64 => Elements::Int(tensor.int64_data.clone()),
        ElementType::Uint32 | ElementType::Uint64 => {
            Elements::Int(tensor.uint64_data.iter().map(|&v| clamp_u64(v)).collect())
        }
        ElementType::Uint4 | ElementType::Int4 => {
            Elements::Int(unpack(kind, count, tensor.int32_data.iter().map(|&v| v as u8)))
        }
        _ => Elements::Int(tensor.int32_data.iter().map(|&v| i64::from(v)).collect()),
    }
}

/// Elements of 4 bits, the lower half of a byte first; the last half may be unused.
fn unpack(kind: ElementType, count: usize, bytes: impl Iterator<Item = u8>) -> Vec<i64> {
    let signed = kind == ElementType::Int4;
    let number = |half: u8| if signed && half > 7 { i64::from(half) - 16 } else { i64::from(half) };
    let mut elements: Vec<i64> = bytes.flat_map(|byte| [number(byte & 15), number(byte >> 4)]).collect();
    if elements.len() == count.saturating_add(1) {
        elements.pop();
    }
    elements
}

/// Values beyond `i64` are out of the graph's range and stay so.
fn clamp_u64(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
