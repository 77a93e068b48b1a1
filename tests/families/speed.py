#!/usr/bin/env python3
"""Writes networks of published size as ONNX files with random weights, without PyTorch, and times onnxruntime on them.

    pip install onnx onnxruntime numpy
    python speed.py FOLDER [THREADS [RUNS]]

`FOLDER/NAME.onnx` is each network at one size: DCGAN with 100 latents and 64 channels (64x64), SRVGG with 8 layers of 24 channels (x2) and
with 16 layers of 64 (x4), fast style with 32 channels and 5 residual blocks, the transposed convolutions of PSGAN (128x128), a stack of
depthwise and pointwise convolutions, and a step of an automaton of 12 channels without its random mask. Prints the fastest run, the
median and the least processor time, which on a busy machine says more.
"""

import pathlib
import statistics
import sys
import time

import numpy
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper


class Network:
    def __init__(self, seed, shape):
        self.random = numpy.random.default_rng(seed)
        self.nodes, self.weights, self.at, self.input = [], [], "x", shape

    def weight(self, array):
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(numpy.asarray(array, "float32"), name))
        return name

    def numbers(self, *shape, scale=None):
        fan = numpy.prod(shape[1:]) if len(shape) > 1 else 1
        return self.weight(self.random.normal(size=shape) * (scale or (1.5 / fan) ** 0.5))

    def node(self, op, *inputs, **attributes):
        name = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [name], **attributes))
        self.at = name
        return self

    def conv(self, i, o, k, stride=1, pads=None, group=1):
        pads = [k // 2] * 4 if pads is None else pads
        weights = (self.numbers(o, i // group, k, k), self.numbers(o, scale=0.1))
        return self.node("Conv", self.at, *weights, strides=[stride] * 2, pads=pads, kernel_shape=[k, k], group=group)

    def up(self, i, o, k, stride=2, pads=1, added=0):
        w = self.weight(self.random.normal(size=(i, o, k, k)) * (1.5 * stride**2 / (i * k * k)) ** 0.5)
        attributes = {"strides": [stride] * 2, "pads": [pads] * 4, "output_padding": [added] * 2, "kernel_shape": [k, k]}
        return self.node("ConvTranspose", self.at, w, **attributes)

    def batch_norm(self, c):
        uniform = lambda low, high: self.weight(self.random.uniform(low, high, c))
        rest = (uniform(0.5, 1.5), uniform(-0.5, 0.5), uniform(-0.2, 0.2), uniform(0.5, 1.5))
        return self.node("BatchNormalization", self.at, *rest)

    def instance_norm(self, c):
        rest = (self.weight(self.random.uniform(0.5, 1.5, c)), self.weight(self.random.uniform(-0.5, 0.5, c)))
        return self.node("InstanceNormalization", self.at, *rest)

    def prelu(self, c):
        return self.node("PRelu", self.at, self.weight(self.random.uniform(0, 0.3, (c, 1, 1))))

    def resize(self, factor):
        scales = self.weight([1, 1, factor, factor])
        mode = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
        return self.node("Resize", self.at, "", scales, **mode)

    def reflect_pad(self, k):
        pads = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(numpy.array([0, 0, k, k, 0, 0, k, k], "int64"), pads))
        return self.node("Pad", self.at, pads, mode="reflect")

    def save(self, path):
        x = helper.make_tensor_value_info("x", TensorProto.FLOAT, self.input)
        y = helper.make_tensor_value_info(self.at, TensorProto.FLOAT, None)
        graph = helper.make_graph(self.nodes, path.stem, [x], [y], self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
        onnx.save(onnx.shape_inference.infer_shapes(model), path)


def dcgan():
    n = Network(1, [1, 100, 1, 1])
    n.up(100, 512, 4, 1, 0).batch_norm(512).node("Relu", n.at)
    for i, o in [(512, 256), (256, 128), (128, 64)]:
        n.up(i, o, 4).batch_norm(o).node("Relu", n.at)
    return n.up(64, 3, 4).node("Tanh", n.at)


def srvgg(width, layers, scale, side):
    n = Network(2, [1, 3, side, side])
    n.conv(3, width, 3).prelu(width)
    for _ in range(layers):
        n.conv(width, width, 3).prelu(width)
    n.conv(width, 3 * scale * scale, 3).node("DepthToSpace", n.at, blocksize=scale, mode="CRD")
    body, n.at = n.at, "x"
    n.resize(scale)
    return n.node("Add", body, n.at)


def fast_style(width, blocks, side):
    n = Network(3, [1, 3, side, side])

    def block(i, o, k, stride=1):
        n.reflect_pad(k // 2).conv(i, o, k, stride, [0] * 4).instance_norm(o)

    for i, o, k, stride in [(3, width, 9, 1), (width, 2 * width, 3, 2), (2 * width, 4 * width, 3, 2)]:
        block(i, o, k, stride)
        n.node("Relu", n.at)
    wide = 4 * width
    for _ in range(blocks):
        start = n.at
        block(wide, wide, 3)
        n.node("Relu", n.at)
        block(wide, wide, 3)
        n.node("Add", start, n.at)
    for i, o in [(wide, 2 * width), (2 * width, width)]:
        n.resize(2)
        block(i, o, 3)
        n.node("Relu", n.at)
    return n.reflect_pad(4).conv(width, 3, 9, 1, [0] * 4)


def psgan(width):
    n = Network(4, [1, 64, 16, 16])
    n.up(64, 2 * width, 5, 2, 2, 1).batch_norm(2 * width).node("Relu", n.at)
    n.up(2 * width, width, 5, 2, 2, 1).batch_norm(width).node("Relu", n.at)
    return n.up(width, 3, 5, 2, 2, 1).node("Tanh", n.at)


def separable(width, layers, side):
    n = Network(5, [1, 3, side, side])
    n.conv(3, width, 3)
    for _ in range(layers):
        n.conv(width, width, 3, group=width).node("Relu", n.at).conv(width, width, 1).node("Relu", n.at)
    return n.conv(width, 3, 1)


def automaton(channels, hidden, side):
    n = Network(6, [1, channels, side, side])
    n.conv(channels, 4 * channels, 3, group=channels).conv(4 * channels, hidden, 1).node("Relu", n.at)
    n.conv(hidden, channels, 1).node("Tanh", n.at)
    n.node("Sub", n.at, "x").node("Mul", n.at, n.weight([0.5]))
    return n.node("Add", "x", n.at)


NETWORKS = {
    "dcgan": dcgan,
    "srvgg24": lambda: srvgg(24, 8, 2, 256),
    "srvgg64": lambda: srvgg(64, 16, 4, 128),
    "fast_style": lambda: fast_style(32, 5, 256),
    "psgan": lambda: psgan(64),
    "separable": lambda: separable(64, 6, 128),
    "automaton": lambda: automaton(12, 96, 256),
}


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    runs = int(sys.argv[3]) if len(sys.argv) > 3 else 15
    for name, build in NETWORKS.items():
        path = folder / f"{name}.onnx"
        network = build()
        network.save(path)
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        x = numpy.random.default_rng(0).random(network.input, "float32")
        times, spent = [], []
        for run in range(runs + 2):
            start, used = time.perf_counter(), time.process_time()
            session.run(None, {"x": x})
            if run >= 2:
                times.append(1e3 * (time.perf_counter() - start))
                spent.append(1e3 * (time.process_time() - used))
        median = statistics.median(times)
        print(f"{name}: fastest {min(times):.2f} ms, median {median:.2f} ms, least processor time {min(spent):.2f} ms")


if __name__ == "__main__":
    main()
