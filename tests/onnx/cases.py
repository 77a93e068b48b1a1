"""Makes the models of tests/onnx/cases that are not someone's export, and the answers of onnxruntime for all of them.

    pip install onnx==1.22.0 onnxruntime numpy
    python tests/onnx/cases.py

Every folder gets test_data_set_0 with input_K.pb and output_K.pb, as `imagine onnx-test` reads them. Pictures are multiples of
1/255, so that PNG files hold them exactly.
"""

import pathlib

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

FOLDER = pathlib.Path(__file__).parent / "cases"
FLOAT, INT32, INT64, INT8, UINT8, INT4, UINT4, BFLOAT16 = (
    TensorProto.FLOAT, TensorProto.INT32, TensorProto.INT64, TensorProto.INT8, TensorProto.UINT8, TensorProto.INT4,
    TensorProto.UINT4, TensorProto.BFLOAT16)
IMAGE = ["b", 3, "h", "w"]
RANDOM = np.random.default_rng(20)


def node(op, inputs, outputs, **attributes):
    return helper.make_node(op, inputs, outputs, **attributes)


def constant(name, values, dtype=np.float32):
    return numpy_helper.from_array(np.array(values, dtype), name)


def model(nodes, weights=(), inputs=None, outputs=None, opset=21, functions=(), domains=()):
    inputs = inputs or [helper.make_tensor_value_info("x", FLOAT, IMAGE)]
    outputs = outputs or [helper.make_tensor_value_info("y", FLOAT, ["b", None, None, None])]
    graph = helper.make_graph(nodes, "g", inputs, outputs, list(weights))
    sets = [helper.make_opsetid("", opset)] + [helper.make_opsetid(domain, 1) for domain in domains]
    made = helper.make_model(graph, opset_imports=sets, functions=list(functions), ir_version=10)
    onnx.checker.check_model(made)
    return made


def local_functions():
    """A block with a parameter, called twice by another function, as torch.export writes modules."""
    own = [helper.make_opsetid("", 18)]
    leaky = node("LeakyRelu", ["c"], ["l"])
    leaky.attribute.append(onnx.AttributeProto(name="alpha", ref_attr_name="slope", type=onnx.AttributeProto.FLOAT))
    block = helper.make_function(
        "pkg.nets", "Block", ["x", "w", "b"], ["y"],
        [node("Conv", ["x", "w", "b"], ["c"], pads=[1, 1, 1, 1]), leaky, node("Add", ["l", "x"], ["y"])],
        own, attribute_protos=[helper.make_attribute("slope", 0.2)])
    inner = own + [helper.make_opsetid("pkg.nets", 1)]
    trunk = helper.make_function(
        "pkg.nets", "Trunk", ["x", "w"], ["y"],
        [node("Block", ["x", "w"], ["a"], domain="pkg.nets", slope=0.5),
         node("Block", ["a", "w"], ["y"], domain="pkg.nets")], inner)
    weight = RANDOM.normal(0, 0.3, (3, 3, 3, 3))
    return model(
        [node("Trunk", ["x", "w"], ["t"], domain="pkg.nets"), node("Sigmoid", ["t"], ["y"])],
        [constant("w", weight)], opset=18, functions=[block, trunk], domains=["pkg.nets"])


def loop():
    """A loop with a known number of iterations, whose body counts them, carries a value and collects another."""
    body = helper.make_graph(
        [node("Cast", ["i"], ["f"], to=FLOAT), node("Add", ["v", "f"], ["s"]), node("Mul", ["s", "half"], ["v2"]),
         node("ReduceMean", ["v2", "axes"], ["m"], keepdims=0), node("Identity", ["c"], ["c2"])],
        "body",
        [helper.make_tensor_value_info("i", INT64, []), helper.make_tensor_value_info("c", TensorProto.BOOL, []),
         helper.make_tensor_value_info("v", FLOAT, None)],
        [helper.make_tensor_value_info("c2", TensorProto.BOOL, []), helper.make_tensor_value_info("v2", FLOAT, None),
         helper.make_tensor_value_info("m", FLOAT, None)])
    return model(
        [node("Loop", ["n", "", "x"], ["last", "means"], body=body),
         node("ReduceSum", ["means", "first"], ["sum"], keepdims=0),
         node("Unsqueeze", ["sum", "axes"], ["sum4"]), node("Add", ["last", "sum4"], ["y"])],
        [constant("n", 4, np.int64), constant("half", 0.5), constant("axes", [2, 3], np.int64),
         constant("first", [0], np.int64)], opset=18)


def weight_only_int4():
    """Weights of 4 bits with a scale for every block of 2 channels."""
    packed = helper.make_tensor("wq", INT4, [4, 4, 3, 3], RANDOM.integers(-8, 8, 144))
    scale = RANDOM.uniform(0.02, 0.1, (4, 2, 3, 3))
    first = RANDOM.normal(0, 0.3, (4, 3, 1, 1))
    last = RANDOM.normal(0, 0.5, (3, 4, 1, 1))
    return model(
        [node("Conv", ["x", "w0"], ["a"]), node("DequantizeLinear", ["wq", "s"], ["w"], axis=1, block_size=2),
         node("Conv", ["a", "w"], ["c"], pads=[1, 1, 1, 1]), node("Conv", ["c", "w1"], ["z"]),
         node("Sigmoid", ["z"], ["y"])],
        [packed, constant("s", scale), constant("w0", first), constant("w1", last)])


def qdq_per_channel():
    """Weights and biases with a scale for every channel, unsigned activations, pooling between quantized values."""
    wq, bq = RANDOM.integers(-127, 128, (4, 3, 3, 3)), RANDOM.integers(-500, 500, 4)
    return model(
        [node("QuantizeLinear", ["x", "xs", "xz"], ["q"]), node("DequantizeLinear", ["q", "xs", "xz"], ["d"]),
         node("DequantizeLinear", ["wq", "ws", "wz"], ["w"], axis=0),
         node("DequantizeLinear", ["bq", "bs"], ["bias"], axis=0),
         node("Conv", ["d", "w", "bias"], ["c"], pads=[1, 1, 1, 1]), node("Relu", ["c"], ["r"]),
         node("QuantizeLinear", ["r", "rs", "rz"], ["rq"]),
         node("MaxPool", ["rq"], ["m"], kernel_shape=[2, 2], strides=[2, 2]),
         node("DequantizeLinear", ["m", "rs", "rz"], ["y"])],
        [constant("xs", 1 / 255), constant("xz", 0, np.uint8), constant("wq", wq, np.int8),
         constant("ws", RANDOM.uniform(0.001, 0.004, 4)), constant("wz", [0] * 4, np.int8),
         constant("bq", bq, np.int32), constant("bs", RANDOM.uniform(1e-4, 2e-4, 4)),
         constant("rs", 0.011), constant("rz", 0, np.uint8)], opset=17)


def qlinear():
    """The operators of the older way to quantize. Without VNNI onnxruntime saturates sums of larger weights."""
    wq = RANDOM.integers(-60, 61, (3, 3, 3, 3))
    return model(
        [node("DynamicQuantizeLinear", ["x"], ["q", "s", "z"]),
         node("QLinearConv", ["q", "s", "z", "wq", "ws", "wz", "ys", "yz", "bq"], ["c"], pads=[1, 1, 1, 1]),
         node("DequantizeLinear", ["c", "ys", "yz"], ["d"]),
         node("ConvInteger", ["q", "wq", "z"], ["i"], pads=[1, 1, 1, 1]), node("Cast", ["i"], ["f"], to=FLOAT),
         node("Mul", ["f", "small"], ["g"]), node("Add", ["d", "g"], ["y"])],
        [constant("wq", wq, np.int8), constant("ws", [0.01] * 3), constant("wz", [0] * 3, np.int8),
         constant("ys", 0.04), constant("yz", 120, np.uint8), constant("bq", [300, -200, 50], np.int32),
         constant("small", 1e-4)], opset=17)


def sequence():
    """Tensors put into sequences and taken out again."""
    return model(
        [node("SplitToSequence", ["x", "one"], ["s"], axis=1), node("SequenceAt", ["s", "last"], ["blue"]),
         node("SequenceAt", ["s", "zero"], ["red"]), node("SequenceErase", ["s", "zero"], ["rest"]),
         node("SequenceInsert", ["rest", "red"], ["turned"]),
         node("ConcatFromSequence", ["turned"], ["c"], axis=1), node("SequenceConstruct", ["red", "blue"], ["two"]),
         node("ConcatFromSequence", ["two"], ["stacked"], axis=0, new_axis=1),
         node("ReduceMax", ["stacked", "first"], ["m"], keepdims=0), node("Mul", ["c", "m"], ["y"])],
        [constant("one", 1, np.int64), constant("zero", 0, np.int64), constant("last", -1, np.int64),
         constant("first", [0], np.int64)], opset=18)


def bfloat16():
    """Rounding to 8 bits of mantissa and back."""
    return model(
        [node("Mul", ["x", "third"], ["t"]), node("Cast", ["t"], ["c"], to=BFLOAT16), node("Cast", ["c"], ["y"], to=FLOAT)],
        [constant("third", 1 / 3)], opset=18)


def narrow_casts():
    """Casts of run-time data to bfloat16 and to integers of 4 and 8 bits, in and out of their range, with halves."""
    casts = [("i", BFLOAT16), ("h", INT4), ("h", UINT4), ("i", INT4), ("i", UINT4), ("i", INT8)]
    nodes = [node("Mul", ["x", "wide"], ["w"]), node("Sub", ["w", "middle"], ["f"]), node("Cast", ["f"], ["i"], to=INT32),
             node("Mul", ["x", "thirty"], ["t"]), node("Round", ["t"], ["r"]), node("Mul", ["r", "half"], ["s"]),
             node("Sub", ["s", "nine"], ["h"])]
    for index, (name, kind) in enumerate(casts):
        nodes += [node("Cast", [name], [f"c{index}"], to=kind), node("Cast", [f"c{index}"], [f"o{index}"], to=FLOAT)]
    nodes.append(node("Concat", [f"o{index}" for index in range(len(casts))], ["y"], axis=1))
    numbers = {"wide": 3000, "middle": 1500, "thirty": 30, "half": 0.5, "nine": 9}
    return model(nodes, [constant(name, value) for name, value in numbers.items()])


def nhwc_uint8():
    """A picture as TensorFlow has it."""
    return model(
        [node("Cast", ["x"], ["f"], to=FLOAT), node("Transpose", ["f"], ["n"], perm=[0, 3, 1, 2]),
         node("Resize", ["n", "", "scales"], ["r"], mode="nearest", coordinate_transformation_mode="asymmetric",
              nearest_mode="floor"),
         node("Transpose", ["r"], ["t"], perm=[0, 2, 3, 1]), node("Sub", ["top", "t"], ["i"]),
         node("Cast", ["i"], ["y"], to=UINT8)],
        [constant("scales", [1, 1, 2, 2]), constant("top", 255)],
        [helper.make_tensor_value_info("x", UINT8, ["unk__1", "unk__2", "unk__2", 3])],
        [helper.make_tensor_value_info("y", UINT8, ["unk__1", None, None, 3])], opset=13)


def fixed_height():
    """A network with a fixed height and an open width."""
    return model(
        [node("Resize", ["x", "", "scales"], ["r"], mode="nearest", coordinate_transformation_mode="asymmetric",
              nearest_mode="floor"), node("Sigmoid", ["r"], ["y"])],
        [constant("scales", [1, 1, 2, 2])], [helper.make_tensor_value_info("x", FLOAT, [1, 3, 8, "w"])], opset=13)


OWN = [local_functions, loop, weight_only_int4, qdq_per_channel, qlinear, sequence, bfloat16, nhwc_uint8, fixed_height,
       narrow_casts]


def data(name, info):
    """A value of an input: pictures are 12 pixels high and 10 wide."""
    tensor = info.type.tensor_type
    shape = [dim.dim_value if dim.HasField("dim_value") else None for dim in tensor.shape.dim]
    nhwc = len(shape) == 4 and shape[3] == 3 and shape[1] != 3
    open_sides = [1, 12, 10, 3] if nhwc else [1, 3, 12, 10]
    shape = [side if side is not None else open_sides[axis] for axis, side in enumerate(shape)]
    if tensor.elem_type == UINT8:
        return RANDOM.integers(0, 256, shape).astype(np.uint8)
    if tensor.elem_type == INT64:
        return np.full(shape, 3, np.int64)
    if len(shape) == 4:
        return (RANDOM.integers(0, 256, shape) / 255).astype(np.float32)
    return RANDOM.normal(0, 1, shape).astype(np.float32)


def answers(folder):
    """Writes the data set of the model in `folder`."""
    made = onnx.load(folder / "model.onnx")
    inputs = {info.name: data(info.name, info) for info in made.graph.input}
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"])
    read = {name: value for name, value in inputs.items() if name in [given.name for given in session.get_inputs()]}
    outputs = session.run(None, read)
    to = folder / "test_data_set_0"
    to.mkdir(exist_ok=True)
    for index, (name, value) in enumerate(inputs.items()):
        (to / f"input_{index}.pb").write_bytes(numpy_helper.from_array(value, name).SerializeToString())
    for index, (info, value) in enumerate(zip(made.graph.output, outputs)):
        (to / f"output_{index}.pb").write_bytes(numpy_helper.from_array(value, info.name).SerializeToString())


def main():
    for build in OWN:
        folder = FOLDER / build.__name__
        folder.mkdir(parents=True, exist_ok=True)
        onnx.save(build(), folder / "model.onnx")
    for path in sorted(FOLDER.glob("*/model.onnx")):
        answers(path.parent)
        print(path.parent.name)


if __name__ == "__main__":
    main()
