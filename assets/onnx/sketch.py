"""Writes sketch.onnx: a picture becomes a pencil drawing, by hand-made weights (no training). pip install onnx==1.22.0 numpy"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SOBEL = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], np.float32)
WEIGHTS = {
    "luminance": np.array([0.2126, 0.7152, 0.0722], np.float32).reshape(1, 3, 1, 1),
    "sobel": np.stack([SOBEL, SOBEL.T])[:, None],
    "both": np.ones((1, 2, 1, 1), np.float32),
    "least": np.float32(1e-4),
    "strength": np.float32(0.55),
    "white": np.float32(1.0),
    "shade": np.float32(0.35),
    "shadow": np.float32(0.65),
    "zero": np.float32(0.0),
    "paper": np.array([1.0, 0.98, 0.93], np.float32).reshape(1, 3, 1, 1),
}
NODES = [
    ("Conv", ["photo", "luminance"], "gray", {}),
    ("Conv", ["gray", "sobel"], "slopes", {"pads": [1, 1, 1, 1]}),
    ("Mul", ["slopes", "slopes"], "squares", {}),
    ("Conv", ["squares", "both"], "sum", {}),
    ("Add", ["sum", "least"], "positive", {}),
    ("Sqrt", ["positive"], "edges", {}),
    ("Mul", ["edges", "strength"], "pencil", {}),
    ("Sub", ["white", "pencil"], "lines", {}),
    ("Clip", ["lines", "zero", "white"], "drawn", {}),
    ("Mul", ["gray", "shade"], "light", {}),
    ("Add", ["light", "shadow"], "shaded", {}),
    ("Mul", ["drawn", "shaded"], "drawing", {}),
    ("Mul", ["drawing", "paper"], "sketch", {}),
]

nodes = [helper.make_node(op, inputs, [output], name=output, **attributes) for op, inputs, output, attributes in NODES]
shape = ["batch", 3, "height", "width"]
graph = helper.make_graph(
    nodes,
    "sketch",
    [helper.make_tensor_value_info("photo", TensorProto.FLOAT, shape)],
    [helper.make_tensor_value_info("sketch", TensorProto.FLOAT, shape)],
    [numpy_helper.from_array(np.asarray(weight), name) for name, weight in WEIGHTS.items()],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
onnx.checker.check_model(model)
onnx.save(model, "sketch.onnx")
