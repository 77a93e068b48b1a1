"""Writes onnx_answers.json: what onnxruntime makes of operators whose attributes are easy to get wrong.

    pip install onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6 && python onnx_answers.py

Every entry has our operator and attributes, its inputs, and onnxruntime's output. What ONNX passes as an integer tensor
is an attribute with us; `extra` holds it for ONNX.
"""

import json
import pathlib

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

random = np.random.default_rng(2)


def floats(*shape):
    """Numbers with three binary digits after the point: exact in JSON."""
    return (random.integers(-16, 17, shape) / 8).astype(np.float32)


def ints(*values):
    return np.array(values, dtype=np.int64)


def answer(name, op, inputs, ours, onnx_attributes=None, extra=(), opset=19):
    """Runs one node. `extra` are ONNX's further inputs, None where one is left out."""
    attributes = ours if onnx_attributes is None else onnx_attributes
    tensors = list(inputs) + list(extra)
    names = ["" if tensor is None else f"x{i}" for i, tensor in enumerate(tensors)]
    node = helper.make_node(op, names, ["y"], **attributes)
    given = [helper.make_tensor_value_info(f"x{i}", TensorProto.FLOAT, t.shape) for i, t in enumerate(inputs)]
    constants = [numpy_helper.from_array(t, f"x{i}") for i, t in enumerate(tensors) if i >= len(inputs) and t is not None]
    result = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    graph = helper.make_graph([node], name, given, [result], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (y,) = session.run(None, {f"x{i}": t for i, t in enumerate(inputs)})
    tensor = lambda t: {"shape": list(t.shape), "data": [round(float(v), 7) for v in t.ravel()]}
    return {"name": name, "op": op, "attributes": ours, "inputs": [tensor(t) for t in inputs], "output": tensor(y)}


def resize(name, x, mode, coordinates, nearest, scales):
    ours = {"mode": mode, "coordinate_transformation_mode": coordinates, "nearest_mode": nearest, "scales": scales}
    theirs = {key: value for key, value in ours.items() if key != "scales"}
    return answer(name, "Resize", [x], ours, theirs, [None, np.array([1, 1, *scales], dtype=np.float32)])


def pad(name, x, pads, mode, value=0.0):
    ours = {"pads": pads, "mode": mode, "value": value}
    return answer(name, "Pad", [x], ours, {"mode": mode}, [ints(*pads), np.float32(value)])


def cut(name, x, starts, ends, axes, steps):
    ours = {"starts": starts, "ends": ends, "axes": axes, "steps": steps}
    return answer(name, "Slice", [x], ours, {}, [ints(*starts), ints(*ends), ints(*axes), ints(*steps)])


def as_int(attributes):
    return {key: int(value) if isinstance(value, bool) else value for key, value in attributes.items()}


def reduce(name, op, x, axes, keepdims):
    ours = {"axes": axes, "keepdims": keepdims}
    return answer(name, op, [x], ours, {"keepdims": int(keepdims)}, [ints(*axes)])


def statistics():
    x, scale, bias = floats(2, 4, 3, 2), floats(4), floats(4)
    known = [x, scale, bias, floats(4), np.abs(floats(4)) + 0.5]
    epsilon = {"epsilon": 0.125}
    reductions = ["Sum", "Prod", "Max", "Min", "L1", "L2", "SumSquare", "LogSumExp"]
    group = {"num_groups": 2, **epsilon}
    return [
        *(reduce("the first and the last axis", f"Reduce{name}", floats(3, 2, 4), [-1, 0], False) for name in reductions),
        reduce("positive", "ReduceLogSum", np.abs(floats(3, 2, 4)) + 0.5, [1], True),
        answer("along channels", "Softmax", [x], {"axis": 1}),
        answer("along rows", "LogSoftmax", [x], {"axis": -1}),
        answer("known statistics", "BatchNormalization", known, epsilon),
        answer("epsilon", "InstanceNormalization", [x, scale, bias], epsilon),
        answer("two groups", "GroupNormalization", [x, scale, bias], group, opset=21),
        answer("image", "LayerNormalization", [x, floats(3, 2), floats(3, 2)], {"axis": 2, **epsilon}),
        answer("without bias", "LayerNormalization", [x, floats(2)], epsilon),
        answer("last two axes", "RMSNormalization", [x, floats(3, 2)], {"axis": -2, **epsilon}, opset=23),
        answer("batch and image", "MeanVarianceNormalization", [x], {"axes": [0, 2, 3]}),
        answer("magnitudes", "LpNormalization", [x], {"axis": 1, "p": 1}),
        answer("squares", "LpNormalization", [x], {"axis": -1, "p": 2}),
        answer("mean", "GlobalAveragePool", [x], {}),
        answer("largest", "GlobalMaxPool", [x], {}),
    ]


def pools():
    image, volume = floats(1, 2, 6, 5), floats(1, 1, 3, 4, 5)
    window = {"kernel_shape": [3, 2], "strides": [2, 2]}
    dilated = {**window, "dilations": [2, 1], "pads": [1, 1, 2, 0], "ceil_mode": True}
    deep = {"kernel_shape": [2, 1, 3], "strides": [1, 2, 2], "pads": [1, 0, 0, 0, 0, 1]}
    return [
        *(answer(mode, op, [image], {**window, "auto_pad": mode}) for op in ("MaxPool", "AveragePool", "LpPool")
          for mode in ("SAME_UPPER", "SAME_LOWER", "VALID")),
        answer("dilated, rounds up", "MaxPool", [image], dilated, as_int(dilated)),
        answer("dilated, rounds up", "AveragePool", [image], dilated, as_int(dilated)),
        answer("cubes", "LpPool", [image], {**window, "p": 3}),
        *(answer("rank 5", op, [volume], deep) for op in ("MaxPool", "AveragePool", "LpPool")),
        answer("rank 3", "MaxPool", [floats(2, 3, 7)], {"kernel_shape": [3], "dilations": [2], "pads": [0, 2]}),
    ]


def main():
    image = floats(1, 2, 5, 6)
    pool = {"kernel_shape": [3, 2], "strides": [2, 2], "pads": [1, 1, 1, 0]}
    counted = {**pool, "ceil_mode": True, "count_include_pad": True}
    uncounted = {**pool, "ceil_mode": True, "count_include_pad": False}
    uneven = {"group": 2, "strides": [2, 1], "dilations": [1, 2], "pads": [1, 0, 2, 3]}
    transposed = {"strides": [2, 3], "pads": [1, 0, 0, 2], "output_padding": [1, 2], "dilations": [2, 1]}
    gemm = {"alpha": 0.5, "beta": -2.0, "transA": True, "transB": True}
    answers = [
        answer("groups, uneven pads", "Conv", [floats(2, 4, 6, 5), floats(6, 2, 3, 2), floats(6)], uneven),
        answer("output padding", "ConvTranspose", [floats(1, 3, 3, 4), floats(3, 2, 3, 3), floats(2)], transposed),
        answer("groups", "ConvTranspose", [floats(2, 4, 3, 2), floats(4, 2, 2, 3)], {"group": 2, "strides": [2, 2]}),
        answer("ceil, padding counts", "AveragePool", [image], counted, as_int(counted)),
        answer("ceil, padding does not count", "AveragePool", [image], uncounted, as_int(uncounted)),
        answer("transposed, beta", "Gemm", [floats(4, 3), floats(2, 4), floats(3, 1)], gemm, as_int(gemm)),
        answer("leading axes broadcast", "MatMul", [floats(2, 1, 3, 4), floats(5, 4, 2)], {}),
        answer("row vector", "MatMul", [floats(4), floats(2, 4, 3)], {}),
        resize("linear down, half_pixel", image, "linear", "half_pixel", "floor", [0.6, 0.5]),
        resize("linear up, align_corners", image, "linear", "align_corners", "floor", [2.0, 1.5]),
        resize("nearest, ties down", image, "nearest", "half_pixel", "round_prefer_floor", [0.5, 2.5]),
        resize("nearest, ties up", image, "nearest", "asymmetric", "round_prefer_ceil", [2.0, 0.5]),
        pad("constant", image, [0, 1, 2, 0, 0, 0, 1, 3], "constant", 1.5),
        pad("reflect", image, [0, 0, 4, 1, 0, 0, 2, 5], "reflect"),
        pad("edge", image, [0, 0, 2, 0, 0, 1, 0, 3], "edge"),
        pad("wrap", image, [0, 0, 1, 6, 0, 0, 5, 2], "wrap"),
        cut("backwards", image, [-1, 4], [-100, 0], [3, 2], [-2, -1]),
        cut("every second, clamped", image, [1, -3], [100, -1], [3, 2], [2, 1]),
        answer("DCR", "DepthToSpace", [floats(1, 8, 2, 3)], {"blocksize": 2, "mode": "DCR"}),
        answer("CRD", "DepthToSpace", [floats(1, 8, 2, 3)], {"blocksize": 2, "mode": "CRD"}),
        answer("reversed", "Transpose", [floats(2, 3, 4)], {"perm": []}, {}),
        answer("rotated", "Transpose", [floats(2, 3, 4)], {"perm": [2, 0, 1]}),
        answer("negative axis", "Concat", [floats(2, 3), floats(2, 2)], {"axis": -1}),
        answer("LeakyRelu", "LeakyRelu", [image], {"alpha": 0.25}),
        answer("without the axes", "ReduceMean", [image], {"axes": [-1, 1], "keepdims": False}, {"keepdims": 0}, [ints(-1, 1)]),
        *statistics(),
        *pools(),
    ]
    lines = ",\n".join(json.dumps(entry) for entry in answers)
    path = pathlib.Path(__file__).with_name("onnx_answers.json")
    path.write_text(f"[\n{lines}\n]\n")


main()
