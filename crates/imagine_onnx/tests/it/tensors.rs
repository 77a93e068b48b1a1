//! Every element type reads the same from raw bytes and from the field of its type.

use crate::models::*;
use imagine_graph::{DType, TensorData};
use imagine_onnx::proto::TensorProto;
use imagine_onnx::{ElementType, tensor_from_onnx};
use prost::Message;

fn proto(code: i32) -> TensorProto {
    TensorProto { dims: vec![2], data_type: code, ..Default::default() }
}

fn raw<const N: usize>(code: i32, elements: [[u8; N]; 2]) -> TensorProto {
    TensorProto { raw_data: elements.concat(), ..proto(code) }
}

#[test]
fn every_element_type_is_read_from_raw_bytes_and_fields() {
    let float = |values: [f32; 2]| TensorData::F32(values.into());
    let int = |values: [i32; 2]| TensorData::I32(values.into());
    let fields = |code, values: [i32; 2]| TensorProto { int32_data: values.into(), ..proto(code) };
    let unsigned = |code, values: [u64; 2]| TensorProto { uint64_data: values.into(), ..proto(code) };
    let truth = TensorData::Bool(vec![true, false]);
    let cases = [
        (ElementType::Float, raw(1, [1.5f32, -2.0].map(f32::to_le_bytes)), float([1.5, -2.0])),
        (ElementType::Float, TensorProto { float_data: vec![1.5, -2.0], ..proto(1) }, float([1.5, -2.0])),
        (ElementType::Uint8, raw(2, [[200], [7]]), int([200, 7])),
        (ElementType::Uint8, fields(2, [200, 7]), int([200, 7])),
        (ElementType::Int8, raw(3, [[0xfe], [7]]), int([-2, 7])),
        (ElementType::Int8, fields(3, [-2, 7]), int([-2, 7])),
        (ElementType::Uint16, raw(4, [60_000u16, 7].map(u16::to_le_bytes)), int([60_000, 7])),
        (ElementType::Int16, raw(5, [-300i16, 7].map(i16::to_le_bytes)), int([-300, 7])),
        (ElementType::Int32, raw(6, [-70_000i32, 7].map(i32::to_le_bytes)), int([-70_000, 7])),
        (ElementType::Int64, raw(7, [-70_000i64, 7].map(i64::to_le_bytes)), int([-70_000, 7])),
        (ElementType::Int64, TensorProto { int64_data: vec![-70_000, 7], ..proto(7) }, int([-70_000, 7])),
        (ElementType::Bool, raw(9, [[1], [0]]), truth.clone()),
        (ElementType::Bool, fields(9, [1, 0]), truth),
        (ElementType::Float16, raw(10, [0x3e00u16, 0xc000].map(u16::to_le_bytes)), float([1.5, -2.0])),
        (ElementType::Float16, fields(10, [0x3e00, 0xc000]), float([1.5, -2.0])),
        (ElementType::Double, raw(11, [1.5f64, -2.0].map(f64::to_le_bytes)), float([1.5, -2.0])),
        (ElementType::Double, TensorProto { double_data: vec![1.5, -2.0], ..proto(11) }, float([1.5, -2.0])),
        (ElementType::Uint32, raw(12, [70_000u32, 7].map(u32::to_le_bytes)), int([70_000, 7])),
        (ElementType::Uint32, unsigned(12, [70_000, 7]), int([70_000, 7])),
        (ElementType::Uint64, raw(13, [70_000u64, 7].map(u64::to_le_bytes)), int([70_000, 7])),
        (ElementType::Uint64, unsigned(13, [70_000, 7]), int([70_000, 7])),
        (ElementType::Bfloat16, raw(16, [0x3fc0u16, 0xc000].map(u16::to_le_bytes)), float([1.5, -2.0])),
        (ElementType::Bfloat16, fields(16, [0x3fc0, 0xc000]), float([1.5, -2.0])),
    ];
    for (element, proto, data) in cases {
        let file = tensor_from_onnx(&proto.encode_to_vec()).unwrap();
        assert_eq!((file.element, file.tensor.data), (element, data), "{element:?}");
    }
}

#[test]
fn value_infos_keep_names_and_types() {
    let mut model = model(13, &["n", "3", "h", "w"], vec![], vec![node("Relu", &["x"], "y", vec![])]);
    let graph = model.graph.as_mut().unwrap();
    for port in [&mut graph.input[0], &mut graph.output[0]] {
        port.r#type.as_mut().unwrap().tensor_type.as_mut().unwrap().elem_type = 10;
    }
    let import = read(&model).unwrap();
    assert_eq!((import.inputs[0].name.as_str(), import.inputs[0].element), ("x", Some(ElementType::Float16)));
    assert_eq!((import.outputs[0].name.as_str(), import.outputs[0].element), ("y", Some(ElementType::Float16)));
    assert_eq!(import.graph.inputs[0].dtype, DType::F32);
}
