"""What people do to a network after its export: number formats, layouts, functions, external data, order of nodes."""

import pathlib
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from builder import array

PASSES = {"Conv", "ConvTranspose", "MatMul", "Gemm"}


def plain(made, data, random):
    return made, data


def float16(made, data, random):
    """With the converter of onnxruntime; inputs and outputs stay 32-bit floats, or do not."""
    from onnxruntime.transformers.float16 import convert_float_to_float16
    keep = bool(random.random() < 0.5)
    made = convert_float_to_float16(made, keep_io_types=keep, disable_shape_infer=False)
    if not keep:
        data = {name: value.astype(np.float16) if value.dtype == np.float32 else value for name, value in data.items()}
    return made, data


class Calibration:
    def __init__(self, data):
        self.left = [data]

    def get_next(self):
        return self.left.pop() if self.left else None


def _quantized(made, quantize):
    with tempfile.TemporaryDirectory() as folder:
        before, after = pathlib.Path(folder) / "a.onnx", pathlib.Path(folder) / "b.onnx"
        onnx.save(made, before)
        quantize(before, after)
        return onnx.load(after)


def qdq(made, data, random):
    """Static quantization of weights and activations with the tool of onnxruntime."""
    from onnxruntime import quantization
    kinds = quantization.QuantType
    def quantize(before, after):
        quantization.quantize_static(
            before, after, Calibration(data), quant_format=quantization.QuantFormat.QDQ,
            per_channel=bool(random.random() < 0.5), weight_type=kinds.QInt8,
            activation_type=kinds.QUInt8 if random.random() < 0.5 else kinds.QInt8)
    return _quantized(made, quantize), data


def dynamic(made, data, random):
    """Dynamic quantization: weights of matrix products as integers, activations quantized at run time."""
    from onnxruntime import quantization
    def quantize(before, after):
        quantization.quantize_dynamic(before, after, weight_type=quantization.QuantType.QUInt8)
    return _quantized(made, quantize), data


def weight_only(made, data, random):
    """Weights of 8 bits with a scale for each channel, or of 4 bits in blocks."""
    blocks = made.opset_import[0].version >= 21 and random.random() < 0.6
    wanted = {node.input[1]: node.op_type for node in made.graph.node if node.op_type in PASSES}
    kept, nodes = [], []
    for tensor in made.graph.initializer:
        weight = array(tensor)
        if tensor.name not in wanted or weight.ndim < 2 or made.opset_import[0].version < 13:
            kept.append(tensor)
            continue
        scale_name, zero_name, whole = (tensor.name + end for end in ("_scale", "_zero_point", "_quantized"))
        if blocks and weight.shape[0] % 2 == 0:
            size = 2
            grouped = weight.reshape(weight.shape[0] // size, size, *weight.shape[1:])
            scale = np.maximum(np.abs(grouped).max(1), 1e-6) / 7
            whole_numbers = np.clip(np.round(weight / np.repeat(scale, size, 0)), -8, 7).astype(int)
            kept.append(helper.make_tensor(whole, TensorProto.INT4, weight.shape, whole_numbers.flatten()))
            attributes = {"axis": 0, "block_size": size}
            inputs = [whole, scale_name]
        else:
            axis = 1 if wanted[tensor.name] in ("MatMul", "ConvTranspose") and weight.ndim == 2 else 0
            others = tuple(a for a in range(weight.ndim) if a != axis)
            scale = np.maximum(np.abs(weight).max(others), 1e-6) / 127
            broad = scale.reshape([-1 if a == axis else 1 for a in range(weight.ndim)])
            whole_numbers = np.clip(np.round(weight / broad), -127, 127).astype(np.int8)
            kept.append(numpy_helper.from_array(whole_numbers, whole))
            kept.append(numpy_helper.from_array(np.zeros(scale.shape, np.int8), zero_name))
            attributes, inputs = {"axis": axis}, [whole, scale_name, zero_name]
        kept.append(numpy_helper.from_array(scale.astype(np.float32), scale_name))
        nodes.append(helper.make_node("DequantizeLinear", inputs, [tensor.name], **attributes))
    del made.graph.initializer[:]
    made.graph.initializer.extend(kept)
    rest = list(made.graph.node)
    del made.graph.node[:]
    made.graph.node.extend(nodes + rest)
    return made, data


def functions(made, data, random):
    """Consecutive nodes as functions of the model, one of them calling another."""
    nodes, version = list(made.graph.node), made.opset_import[0].version
    made.ir_version = max(made.ir_version, 8)
    own = [helper.make_opsetid("", version)]
    domain = "pkg.torch.nn" if random.random() < 0.5 else "local"
    outputs = {output.name for output in made.graph.output}
    for index in range(3):
        if len(nodes) < 4:
            break
        start = int(random.integers(len(nodes) - 3))
        end = int(random.integers(start + 2, min(len(nodes), start + 12) + 1))
        inner, after = nodes[start:end], nodes[end:]
        written = {name for node in inner for name in node.output}
        read_after = {name for node in after for name in node.input} | outputs
        inputs = list(dict.fromkeys(n for node in inner for n in node.input if n and n not in written))
        results = [name for name in dict.fromkeys(n for node in inner for n in node.output) if name in read_after]
        if not results:
            continue
        sets = own + [helper.make_opsetid(domain, 1)]
        made.functions.append(helper.make_function(domain, f"Block_{index}", inputs, results, inner, sets))
        call = helper.make_node(f"Block_{index}", inputs, results, f"block.{index}", domain=domain)
        nodes = nodes[:start] + [call] + after
    made.opset_import.append(helper.make_opsetid(domain, 1))
    del made.graph.node[:]
    made.graph.node.extend(nodes)
    return made, data


def shuffled(made, data, random):
    nodes = [made.graph.node[i] for i in random.permutation(len(made.graph.node))]
    del made.graph.node[:]
    made.graph.node.extend(nodes)
    return made, data


def external(made, data, random):
    """Marked here; saving writes the file."""
    made.metadata_props.append(onnx.StringStringEntryProto(key="external", value="1"))
    return made, data


def _rewire(made, name, new):
    for node in made.graph.node:
        for index, value in enumerate(node.input):
            if value == name:
                node.input[index] = new


def nhwc(made, data, random):
    """Pictures in and out with channels last, as tf2onnx leaves them."""
    for info in made.graph.input:
        shape = info.type.tensor_type.shape.dim
        if len(shape) != 4:
            continue
        dims = [shape[axis] for axis in (0, 2, 3, 1)]
        kept = [onnx.TensorShapeProto.Dimension.FromString(dim.SerializeToString()) for dim in dims]
        del shape[:]
        shape.extend(kept)
        _rewire(made, info.name, info.name + "_nchw")
        made.graph.node.insert(0, helper.make_node("Transpose", [info.name], [info.name + "_nchw"], perm=[0, 3, 1, 2]))
        data[info.name] = np.ascontiguousarray(data[info.name].transpose(0, 2, 3, 1))
    for info in made.graph.output:
        made.graph.node.append(helper.make_node("Transpose", [info.name], [info.name + "_nhwc"], perm=[0, 2, 3, 1]))
        info.name += "_nhwc"
    return made, data


def bytes_(made, data, random):
    """Pictures in and out as bytes."""
    for info in made.graph.input:
        value = data[info.name]
        if value.ndim != 4:
            continue
        made.graph.initializer.append(numpy_helper.from_array(np.float32(255), info.name + "_levels"))
        _rewire(made, info.name, info.name + "_unit")
        made.graph.node.insert(0, helper.make_node("Div", [info.name + "_float", info.name + "_levels"], [info.name + "_unit"]))
        made.graph.node.insert(0, helper.make_node("Cast", [info.name], [info.name + "_float"], to=TensorProto.FLOAT))
        info.type.tensor_type.elem_type = TensorProto.UINT8
        data[info.name] = np.round(np.clip(value, 0, 1) * 255).astype(np.uint8)
    return made, data


bytes_.__name__ = "bytes"

VARIANTS = [
    (plain, 8), (float16, 3), (qdq, 4), (dynamic, 2), (weight_only, 3), (functions, 4), (shuffled, 2), (external, 2), (nhwc, 2),
    (bytes_, 1),
]
