"""Builds ONNX graphs as exporters write them: every operator in the form of its opset, names in an exporter's style."""

import numpy as np
from onnx import TensorProto, helper, numpy_helper

INT64 = np.int64


class Net:
    """A graph that grows node by node. `style` is torchscript, dynamo, keras or bare."""

    def __init__(self, opset, style, random):
        self.opset, self.style, self.random = opset, style, random
        self.nodes, self.weights, self.functions = [], [], []
        self.count = 0

    # Names and weights

    def name(self, op):
        self.count += 1
        return {
            "torchscript": f"/net/layer{self.count // 4}/{op}_output_{self.count}",
            "dynamo": f"{op.lower()}_{self.count}" if self.count % 3 else f"val_{self.count}",
            "keras": f"StatefulPartitionedCall/model/{op}_{self.count}:0",
            "bare": str(self.count),
        }[self.style]

    def op(self, op, *inputs, outputs=1, domain="", **attributes):
        names = [self.name(op) for _ in range(outputs)]
        label = "" if self.style == "bare" else f"node_{op}_{self.count}"
        attributes = {key: value for key, value in attributes.items() if value is not None}
        self.nodes.append(helper.make_node(op, list(inputs), names, label, domain=domain, **attributes))
        return names[0] if outputs == 1 else names

    def tensor(self, array, label=None):
        """A weight; exporters store small ones as Constant nodes too."""
        array = np.asarray(array)
        if array.dtype == np.float64:
            array = array.astype(np.float32)
        name = label or self.name("weight")
        if array.size <= 8 and label is None and self.random.random() < 0.4:
            value = numpy_helper.from_array(array, name + "_value")
            self.nodes.append(helper.make_node("Constant", [], [name], value=value))
        else:
            self.weights.append(numpy_helper.from_array(array, name))
        return name

    def ints(self, *values):
        return self.tensor(np.array(values, INT64))

    def number(self, value):
        return self.tensor(np.array(value, np.float32))

    def normal(self, *shape, scale=1.0):
        return self.tensor(self.random.normal(0, scale, shape))

    # Layers

    def conv(self, x, cin, cout, k=3, stride=1, pad=None, groups=1, dilation=1, bias=True, gain=1.0):
        scale = gain / np.sqrt(cin // groups * k * k)
        inputs = [x, self.normal(cout, cin // groups, k, k, scale=scale)]
        if bias:
            inputs.append(self.normal(cout, scale=0.1))
        pad = (k - 1) // 2 * dilation if pad is None else pad
        return self.op("Conv", *inputs, kernel_shape=[k, k], strides=[stride] * 2, pads=[pad] * 4,
                       dilations=[dilation] * 2, group=groups)

    def transposed(self, x, cin, cout, k=4, stride=2, pad=1, output_padding=0):
        weight = self.normal(cin, cout, k, k, scale=stride / np.sqrt(cin * k * k))
        return self.op("ConvTranspose", x, weight, self.normal(cout, scale=0.1), kernel_shape=[k, k],
                       strides=[stride] * 2, pads=[pad] * 4, output_padding=[output_padding] * 2)

    def linear(self, x, cin, cout, rank=2):
        weight = self.random.normal(0, 1 / np.sqrt(cin), (cin, cout))
        if rank == 2 and self.random.random() < 0.5:
            return self.op("Gemm", x, self.tensor(weight.T), self.normal(cout, scale=0.1), transB=1)
        return self.op("Add", self.op("MatMul", x, self.tensor(weight)), self.normal(cout, scale=0.1))

    def batch_norm(self, x, c):
        parts = [self.random.uniform(0.5, 1.5, c), self.random.normal(0, 0.2, c), self.random.normal(0, 0.2, c),
                 self.random.uniform(0.5, 2, c)]
        return self.op("BatchNormalization", x, *[self.tensor(part) for part in parts], epsilon=1e-5)

    def instance_norm(self, x, c):
        return self.op("InstanceNormalization", x, self.tensor(self.random.uniform(0.5, 1.5, c)),
                       self.normal(c, scale=0.2), epsilon=1e-5)

    def group_norm(self, x, c, groups):
        """An operator since opset 21; before, exporters reshape to an instance normalisation."""
        scale, bias = self.random.uniform(0.5, 1.5, c), self.random.normal(0, 0.2, c)
        if self.opset >= 21:
            return self.op("GroupNormalization", x, self.tensor(scale), self.tensor(bias), num_groups=groups)
        flat = self.op("Reshape", x, self.ints(0, groups, -1))
        ones, zeros = self.tensor(np.ones(groups)), self.tensor(np.zeros(groups))
        flat = self.op("InstanceNormalization", flat, ones, zeros, epsilon=1e-5)
        back = self.op("Reshape", flat, self.op("Shape", x))
        product = self.op("Mul", back, self.tensor(scale.reshape(c, 1, 1)))
        return self.op("Add", product, self.tensor(bias.reshape(c, 1, 1)))

    def layer_norm(self, x, c):
        scale, bias = self.tensor(self.random.uniform(0.5, 1.5, c)), self.normal(c, scale=0.2)
        if self.opset >= 17:
            return self.op("LayerNormalization", x, scale, bias, axis=-1, epsilon=1e-5)
        centred = self.op("Sub", x, self.mean(x, [-1]))
        variance = self.mean(self.op("Pow", centred, self.number(2)), [-1])
        deviation = self.op("Sqrt", self.op("Add", variance, self.number(1e-5)))
        return self.op("Add", self.op("Mul", self.op("Div", centred, deviation), scale), bias)

    def mean(self, x, axes, keep=1):
        if self.opset >= 18:
            return self.op("ReduceMean", x, self.ints(*axes), keepdims=keep)
        return self.op("ReduceMean", x, axes=list(axes), keepdims=keep)

    def sum(self, x, axes, keep=1):
        if self.opset >= 13:
            return self.op("ReduceSum", x, self.ints(*axes), keepdims=keep)
        return self.op("ReduceSum", x, axes=list(axes), keepdims=keep)

    def unsqueeze(self, x, *axes):
        if self.opset >= 13:
            return self.op("Unsqueeze", x, self.ints(*axes))
        return self.op("Unsqueeze", x, axes=list(axes))

    def squeeze(self, x, *axes):
        if self.opset >= 13:
            return self.op("Squeeze", x, self.ints(*axes))
        return self.op("Squeeze", x, axes=list(axes))

    def split(self, x, parts, axis=1):
        if self.style == "dynamo" and self.random.random() < 0.5:
            sequence = self.op("SplitToSequence", x, self.ints(*parts), axis=axis)
            return [self.op("SequenceAt", sequence, self.tensor(np.array(at, INT64))) for at in range(len(parts))]
        if self.opset >= 13:
            return self.op("Split", x, self.ints(*parts), outputs=len(parts), axis=axis)
        return self.op("Split", x, outputs=len(parts), axis=axis, split=list(parts))

    def slice(self, x, start, end, axis, step=1):
        return self.op("Slice", x, self.ints(start), self.ints(end), self.ints(axis), self.ints(step))

    def pad(self, x, p, mode="reflect"):
        return self.op("Pad", x, self.ints(0, 0, p, p, 0, 0, p, p), mode=mode)

    def size(self, x, axis):
        """A dimension at run time, as a list of one."""
        return self.op("Gather", self.op("Shape", x), self.ints(axis), axis=0)

    def shape(self, *parts):
        """A shape from dimensions at run time and numbers."""
        return self.op("Concat", *[self.ints(part) if isinstance(part, int) else part for part in parts], axis=0)

    def upsample(self, x, factor, mode="nearest"):
        scales = self.tensor(np.array([1, 1, factor, factor], np.float32))
        roi = self.tensor(np.array([], np.float32)) if self.opset < 13 else ""
        if mode == "nearest":
            return self.op("Resize", x, roi, scales, mode=mode, coordinate_transformation_mode="asymmetric",
                           nearest_mode="floor")
        half = "pytorch_half_pixel" if self.opset < 19 else "half_pixel"
        return self.op("Resize", x, roi, scales, mode=mode, coordinate_transformation_mode=half,
                       cubic_coeff_a=-0.75 if mode == "cubic" else None)

    def shuffle(self, x, factor):
        return self.op("DepthToSpace", x, blocksize=factor, mode="CRD")

    def act(self, x, kind, c=None):
        if kind == "silu":
            return self.op("Mul", x, self.op("Sigmoid", x))
        if kind == "gelu":
            if self.opset >= 20:
                return self.op("Gelu", x)
            half = self.op("Div", x, self.number(np.sqrt(2)))
            one = self.op("Add", self.op("Erf", half), self.number(1))
            return self.op("Mul", self.op("Mul", x, one), self.number(0.5))
        if kind == "prelu":
            return self.op("PRelu", x, self.tensor(self.random.uniform(0.1, 0.4, (c, 1, 1))))
        if kind == "leaky":
            return self.op("LeakyRelu", x, alpha=0.2)
        if kind == "hardswish" and self.opset < 14:
            kind = "elu"
        if kind == "mish":
            return self.op("Mul", x, self.op("Tanh", self.op("Softplus", x)))
        if kind == "clip":
            return self.op("Clip", x, self.number(0), self.number(6))
        return self.op({"relu": "Relu", "tanh": "Tanh", "sigmoid": "Sigmoid", "elu": "Elu", "hardswish": "HardSwish"}[kind], x)

    def attention(self, q, k, v, size):
        """Of matrices [.., length, size]."""
        rank = 4
        if self.opset >= 23 and self.random.random() < 0.7:
            return self.op("Attention", q, k, v)
        perm = list(range(rank))
        perm[-1], perm[-2] = perm[-2], perm[-1]
        if self.opset >= 12 and self.random.random() < 0.3:
            scores = self.op("Einsum", q, k, equation="bhid,bhjd->bhij")
        else:
            scores = self.op("MatMul", q, self.op("Transpose", k, perm=perm))
        scores = self.op("Mul", scores, self.number(size ** -0.5))
        return self.op("MatMul", self.op("Softmax", scores, axis=-1), v)

    # The model

    def model(self, inputs, outputs):
        graph = helper.make_graph(self.nodes, "main_graph", inputs, outputs, self.weights)
        sets = [helper.make_opsetid("", self.opset)]
        sets += [helper.make_opsetid(domain, 1) for domain in sorted({f.domain for f in self.functions})]
        ir = 8 if self.opset < 19 else 9 if self.opset < 21 else 10
        made = helper.make_model(graph, opset_imports=sets, functions=self.functions, ir_version=ir)
        made.producer_name = {"torchscript": "pytorch", "dynamo": "pytorch", "keras": "tf2onnx"}.get(self.style, "")
        return made


def value(name, shape, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def array(tensor):
    return numpy_helper.to_array(tensor)
