#!/usr/bin/env python3
"""Reads and runs a generator file, from docs/generator-file.md alone and with nothing but the standard library.

    read_generator.py FILE --size HxW [--batch N] [--seed N] [--steps N] [--origin Y,X] [--no-wrap]

Prints JSON: the state after `init`, after every step, and the outputs. Slow and plain: it is a reference. Every
operation is rounded to binary32 (`f32`); a double holds sums, products, quotients and square roots of two binary32
numbers well enough that rounding twice is rounding once.
"""

import argparse
import hashlib
import itertools
import json
import math
import re
import struct
import sys

U32 = 0xFFFFFFFF


def f32(number):
    """`number` rounded to binary32, to nearest, ties to even."""
    return struct.unpack("<f", struct.pack("<f", number))[0]


# ---------------------------------------------------------------- file


def unique(pairs):
    names = [name for name, _ in pairs]
    assert len(names) == len(set(names)), f"a name stands twice in {names}"
    return dict(pairs)


def parse(text):
    return json.loads(text, object_pairs_hook=unique)


class Tensor:
    """Elements in row-major order."""

    def __init__(self, shape, data, dtype="f32"):
        self.shape, self.data, self.dtype = list(shape), list(data), dtype
        assert math.prod(self.shape) == len(self.data), (self.shape, len(self.data))


def read(path):
    """Generator document, graphs and the weights of each graph."""
    with open(path, "rb") as file:
        content = file.read()
    length = int.from_bytes(content[:8], "little")
    header, data = parse(content[8 : 8 + length].decode()), content[8 + length :]
    metadata = header.pop("__metadata__")
    expected = ["imagine.card", "imagine.format", "imagine.generator", "imagine.graphs"]
    assert sorted(metadata) == expected and metadata["imagine.format"] == "1", "not a generator of format 1"
    end = 0
    for entry in sorted(header.values(), key=lambda entry: entry["data_offsets"]):
        assert entry["data_offsets"][0] == end, "a gap or an overlap"
        end = entry["data_offsets"][1]
    assert end == len(data), "data after the last tensor"

    def numbers(name, code):
        begin, end = header[name]["data_offsets"]
        return [number for (number,) in struct.iter_unpack("<" + code, data[begin:end])]

    weights = {}
    companions = {f"{name}.{part}" for name, e in header.items() if e["dtype"] == "U8" for part in ("scale", "offset")}
    for name, entry in header.items():
        if name in companions:
            continue
        shape, dtype = entry["shape"], entry["dtype"]
        kind = {"I32": "i32", "BOOL": "bool"}.get(dtype, "f32")
        values = numbers(name, {"F32": "f", "F16": "e", "U8": "B", "I32": "i", "BOOL": "B"}[dtype])
        if dtype == "BOOL":
            values = [bool(value) for value in values]
        if dtype == "U8":
            scale, offset = numbers(name + ".scale", "f"), numbers(name + ".offset", "f")
            rows = shape[0] if shape else 1
            row_length = len(values) // rows
            row = lambda of, index: of[0] if len(of) == 1 else of[index // row_length]
            values = [f32(row(offset, i) + f32(row(scale, i) * q)) for i, q in enumerate(values)]
        graph, weight = name.split(".", 1)
        weights.setdefault(graph, {})[weight] = Tensor(shape, values, kind)
    return parse(metadata["imagine.generator"]), parse(metadata["imagine.graphs"]), weights, hashlib.sha256(content).hexdigest()


# ---------------------------------------------------------------- random numbers


def pcg4d(x, y, z, w):
    x, y, z, w = ((v * 1664525 + 1013904223) & U32 for v in (x, y, z, w))

    def mix(x, y, z, w):
        x = (x + y * w) & U32
        y = (y + z * x) & U32
        z = (z + x * y) & U32
        w = (w + y * z) & U32
        return x, y, z, w

    x, y, z, w = mix(x, y, z, w)
    return mix(*(v ^ (v >> 16) for v in (x, y, z, w)))


def node_key(seed, stream, step):
    return pcg4d(seed & U32, seed >> 32, stream, step)[0]


def uniform(x, y, plane, key):
    return (pcg4d(x, y, plane, key)[0] >> 8) / 2**24


def normal(x, y, plane, key):
    words = pcg4d(x, y, plane, key) + pcg4d(x, y, plane, key ^ 0x9E3779B9)[:2]
    return (sum((w & 0xFFFF) + (w >> 16) for w in words) - 393210) / 65536


def draw(number, dims, run, stream, part=None):
    """The random numbers of one node, or a part of them, before low, high, mean and scale."""
    shape = [bind(dim, run) for dim in dims]
    key = node_key(run.seed, stream, run.step)
    height, width = ([1, 1] + shape)[-2:]
    top, left = tensor_origin(dims, run)
    place = lambda at, length: (at % length if run.wrap else at) & U32
    planes = range(math.prod(shape[:-2]))
    size = [height, width]
    if part is not None:
        top, left, size = top + part["first"][0], left + part["first"][1], part["size"]
        shape = shape[:-2] + size
    cells = itertools.product(planes, range(size[0]), range(size[1]))
    return Tensor(shape, [number(place(left + x, width), place(top + y, height), plane, key) for plane, y, x in cells])


def tensor_origin(dims, run):
    """The domain's origin in elements of a tensor, `[y, x]`."""

    def axis(from_end, name, whole):
        dim = dims[-from_end] if len(dims) >= from_end else None
        if isinstance(dim, dict) and name in dim:
            return whole * dim[name][0] // dim[name][1]
        return 0

    return axis(2, "height", run.origin[0]), axis(1, "width", run.origin[1])


def coordinates(kind, dims, run):
    """Places on the plane or directions on the sphere, computed in binary64 and rounded once."""
    shape = batch, _, height, width = [bind(dim, run) for dim in dims]
    middle = lambda at, length: (2 * at + 1) / length - 1.0

    def plane(index):
        _, channel, y, x = index
        top, left = tensor_origin(dims, run)
        at, length = (left + x, width) if channel == 0 else (top + y, height)
        return ((at % length if run.wrap else at) + 0.5) / length

    def face(index):
        number, channel, y, x = index
        v, u = middle(y, height), middle(x, width)
        corner = [(1.0, -v, u), (-1.0, -v, -u), (u, 1.0, -v), (u, -1.0, v), (u, -v, -1.0), (-u, -v, 1.0)][number]
        return corner[channel] / math.sqrt(corner[0] * corner[0] + corner[1] * corner[1] + corner[2] * corner[2])

    def panorama(index):
        _, channel, y, x = index
        azimuth, elevation = middle(x, width) * math.pi, -middle(y, height) * (math.pi / 2)
        flat = (math.sin(azimuth), 0.0, -math.cos(azimuth))[channel]
        return math.sin(elevation) if channel == 1 else flat * math.cos(elevation)

    if kind == "plane":
        return build(shape, lambda index: f32(plane(index)))
    if batch == 6 and height == width:
        return build(shape, lambda index: f32(face(index)))
    if batch == 1 and width == 2 * height:
        return build(shape, lambda index: f32(panorama(index)))
    raise SystemExit("a sphere is a cubemap (batch 6 of squares) or a panorama (batch 1, twice as wide as high)")


def check_test_vectors():
    assert node_key(0, 0, 0) == 0x0F02F829 and node_key(1, 0, 0) == 0x0B3CEFC3
    assert node_key(7, 1, 2) == 0xE0CECEF5 and node_key(0x123456789ABCDEF0, 1000, 0) == 0xCCA29375
    assert node_key(2**64 - 1, 2**32 - 1, 63) == 0xC5171A6D
    assert pcg4d(17, 31, 2, 0xDEADBEEF) == (0xC754D4D9, 0xFC26CCC0, 0x1200D9F7, 0x943E5E04)
    for cell, u, n in [
        ((0, 0, 0, 0), 983800, -11199),
        ((1, 0, 0, 0), 736495, 98971),
        ((17, 31, 2, 0xDEADBEEF), 13063380, 117800),
        ((2**32 - 1, 2**32 - 2, 5, 0xE0CECEF5), 14602566, 101168),
    ]:
        assert uniform(*cell) * 2**24 == u and normal(*cell) * 65536 == n, cell


# ---------------------------------------------------------------- operators


class Run:
    """What a run is asked for."""

    def __init__(self, batch, height, width, seed, origin, wrap):
        self.batch, self.height, self.width = batch, height, width
        self.seed, self.origin, self.wrap, self.step = seed, origin, wrap, 0


def bind(dim, run):
    if isinstance(dim, int):
        return dim
    if dim == "batch":
        return run.batch
    (name, (n, d)), = dim.items()
    whole = {"height": run.height, "width": run.width}[name] * n
    assert whole % d == 0, f"{dim} is not a whole number at this size"
    return whole // d


def indices(shape):
    return itertools.product(*(range(d) for d in shape))


def at(tensor, index):
    """The element at `index`, which may have more dimensions than the tensor: broadcasting."""
    offset = 0
    for length, i in zip(tensor.shape, index[len(index) - len(tensor.shape) :]):
        offset = offset * length + (0 if length == 1 else i)
    return tensor.data[offset]


def broadcast(*tensors):
    rank = max(len(t.shape) for t in tensors)
    shapes = [[1] * (rank - len(t.shape)) + t.shape for t in tensors]
    shape = [next((d for d in dims if d != 1), 1) for dims in zip(*shapes)]
    assert all(d in (1, out) for s in shapes for d, out in zip(s, shape)), shapes
    return shape


def build(shape, element, dtype="f32"):
    """A tensor whose element at each index is `element(index)`."""
    return Tensor(shape, [element(index) for index in indices(shape)], dtype)


def elementwise(function, *tensors, dtype="f32"):
    rounded = f32 if dtype == "f32" else (lambda value: value)
    return build(broadcast(*tensors), lambda index: rounded(function(*(at(t, index) for t in tensors))), dtype)


def sum_of(terms, start=0.0):
    """Terms added in order, each product and each sum rounded."""
    total = start
    for a, b in terms:
        total = f32(total + f32(a * b))
    return total


def outside(i, length, mode):
    """The index that stands for `i`, or None for the constant."""
    if mode == "edge":
        return min(max(i, 0), length - 1)
    if mode == "wrap":
        return i % length
    if mode == "reflect":
        period = max(2 * (length - 1), 1)
        return min(i % period, period - i % period) if length > 1 else 0
    return i if 0 <= i < length else None


def window_output(length, kernel, stride, dilation, before, after, ceil=False):
    free = length + before + after - (dilation * (kernel - 1) + 1)
    return (-(-free // stride) if ceil else free // stride) + 1


def windows(attributes, size, kernel):
    """Strides, dilations, begins and ends of a window of the lengths `kernel` that moves over axes of the lengths `size`."""
    rank = len(size)
    of = lambda name, default, count: list(attributes.get(name) or [default] * count)
    strides, dilations, pads = of("strides", 1, rank), of("dilations", 1, rank), of("pads", 0, 2 * rank)
    begins, ends, auto = pads[:rank], pads[rank:], attributes.get("auto_pad", "NOTSET")
    if auto.startswith("SAME"):
        for axis, (length, k, stride, dilation) in enumerate(zip(size, kernel, strides, dilations)):
            total = max(0, (-(-length // stride) - 1) * stride + dilation * (k - 1) + 1 - length)
            ends[axis] = (total + (auto == "SAME_UPPER")) // 2
            begins[axis] = total - ends[axis]
    return strides, dilations, begins, ends


def conv(run, attributes, x, w, bias=None):
    group, mode = attributes.get("group", 1), attributes.get("pad_mode", "constant")
    (n, c, *size), (m, per_group, *kernel) = x.shape, w.shape
    assert c == per_group * group
    strides, dilations, begins, ends = windows(attributes, size, kernel)
    out = [window_output(*axis) for axis in zip(size, kernel, strides, dilations, begins, ends)]

    def element(index):
        b, o, *at_out = index
        first = o // (m // group) * per_group

        def terms():
            for ic, *offsets in indices([per_group, *kernel]):
                axes = zip(at_out, strides, offsets, dilations, begins, size)
                place = [outside(p * s + k * d - begin, length, mode) for p, s, k, d, begin, length in axes]
                if None not in place:
                    yield at(x, (b, first + ic, *place)), at(w, (o, ic, *offsets))

        total = sum_of(terms())
        return f32(total + bias.data[o]) if bias else total

    return build([n, m, *out], element)


def conv_transpose(run, attributes, x, w, bias=None):
    group = attributes.get("group", 1)
    (n, c, *size), (_, m_group, *kernel) = x.shape, w.shape
    strides, dilations, begins, ends = windows(attributes, size, kernel)
    extra = attributes.get("output_padding") or [0] * len(size)
    axes = zip(size, kernel, strides, dilations, begins, ends, extra)
    out = [(length - 1) * s + d * (k - 1) + 1 + more - begin - end for length, k, s, d, begin, end, more in axes]

    def element(index):
        b, o, *at_out = index
        first = o // m_group * (c // group)

        def terms():
            for ic, *offsets in indices([c // group, *kernel]):
                strided = [p + begin - k * d for p, begin, k, d in zip(at_out, begins, offsets, dilations)]
                place = [v // s for v, s in zip(strided, strides)]
                hits = all(v % s == 0 for v, s in zip(strided, strides))
                if hits and all(0 <= v < length for v, length in zip(place, size)):
                    yield at(x, (b, first + ic, *place)), at(w, (first + ic, o % m_group, *offsets))

        total = sum_of(terms())
        return f32(total + bias.data[o]) if bias else total

    return build([n, m_group * group, *out], element)


def matmul(run, attributes, a, b):
    row, column = len(a.shape) == 1, len(b.shape) == 1
    a = Tensor([1] + a.shape, a.data) if row else a
    b = Tensor(b.shape + [1], b.data) if column else b
    outer = broadcast(Tensor(a.shape[:-2], [0] * math.prod(a.shape[:-2])), Tensor(b.shape[:-2], [0] * math.prod(b.shape[:-2])))
    depth = a.shape[-1]
    assert depth == b.shape[-2]
    element = lambda i: sum_of((at(a, i[:-1] + (k,)), at(b, i[:-2] + (k, i[-1]))) for k in range(depth))
    product = build(outer + [a.shape[-2], b.shape[-1]], element)
    product.shape = outer + ([] if row else [a.shape[-2]]) + ([] if column else [b.shape[-1]])
    return product


def gemm(run, attributes, a, b, c=None):
    alpha, beta = f32(attributes.get("alpha", 1.0)), f32(attributes.get("beta", 1.0))
    swap = lambda t: build(t.shape[::-1], lambda i: at(t, i[::-1]))
    a = swap(a) if attributes.get("transA", False) else a
    b = swap(b) if attributes.get("transB", False) else b
    product = matmul(run, {}, a, b)

    def element(index):
        value = f32(alpha * at(product, index))
        return f32(value + f32(beta * at(c, index))) if c else value

    return build(product.shape, element)


def concat(run, attributes, *inputs):
    axis = attributes.get("axis", 0) % len(inputs[0].shape)
    shape = list(inputs[0].shape)
    shape[axis] = sum(t.shape[axis] for t in inputs)

    def element(index):
        i = index[axis]
        for tensor in inputs:
            if i < tensor.shape[axis]:
                return at_exact(tensor, index[:axis] + (i,) + index[axis + 1 :])
            i -= tensor.shape[axis]

    return build(shape, element, inputs[0].dtype)


def at_exact(tensor, index):
    offset = 0
    for length, i in zip(tensor.shape, index):
        offset = offset * length + i
    return tensor.data[offset]


def slice_(run, attributes, x):
    picks = [range(d) for d in x.shape]
    starts, ends = attributes.get("starts", []), attributes.get("ends", [])
    axes = attributes.get("axes") or range(len(starts))
    steps = attributes.get("steps") or [1] * len(starts)
    for start, end, axis, step in zip(starts, ends, axes, steps):
        d = x.shape[axis]
        start, end = (v + d if v < 0 else v for v in (start, end))
        low, high = (0, d) if step > 0 else (-1, d - 1)
        start = min(max(start, 0), high)
        picks[axis % len(x.shape)] = range(start, min(max(end, low), high), step)
    return build([len(p) for p in picks], lambda i: at_exact(x, [p[k] for p, k in zip(picks, i)]), x.dtype)


def pad(run, attributes, x):
    rank = len(x.shape)
    axes = [axis % rank for axis in attributes.get("axes") or range(rank)]
    pads, mode, value = attributes.get("pads", []), attributes.get("mode", "constant"), attributes.get("value", 0.0)
    value = {"f32": f32, "i32": int, "bool": bool}[x.dtype](value)
    before, after = [0] * rank, [0] * rank
    for k, axis in enumerate(axes):
        before[axis], after[axis] = pads[k], pads[len(axes) + k]
    cut = [max(-p, 0) for p in before]
    kept = [d - c + min(p, 0) for d, c, p in zip(x.shape, cut, after)]

    def element(index):
        place = [outside(i - max(p, 0), d, mode) for i, p, d in zip(index, before, kept)]
        return value if None in place else at_exact(x, [i + c for i, c in zip(place, cut)])

    return build([d + b + a for d, b, a in zip(x.shape, before, after)], element, x.dtype)


def reshape(run, attributes, x):
    infer = attributes.get("infer")
    shape = [1 if k == infer else bind(dim, run) for k, dim in enumerate(attributes.get("shape", []))]
    if infer is not None:
        shape[infer] = len(x.data) // math.prod(shape)
    return Tensor(shape, x.data, x.dtype)


def transpose(run, attributes, x):
    perm = attributes.get("perm") or list(range(len(x.shape)))[::-1]
    source = lambda i: at_exact(x, [i[perm.index(k)] for k in range(len(perm))])
    return build([x.shape[p] for p in perm], source, x.dtype)


def expand(run, attributes, x):
    shape = [bind(dim, run) for dim in attributes.get("shape", [])]
    return build(broadcast(x, Tensor(shape, [0] * math.prod(shape))), lambda index: at(x, index), x.dtype)


def triangle(t):
    return max(1 - abs(t), 0.0)


def keys(t, a):
    t = abs(t)
    if t <= 1:
        return (a + 2) * t**3 - (a + 3) * t**2 + 1
    return a * (t**3 - 5 * t**2 + 8 * t - 4) if t < 2 else 0.0


def resize(run, attributes, x):
    numbers = attributes.get("scales") or [bind(dim, run) for dim in attributes["sizes"]]
    axes = [a % len(x.shape) for a in attributes.get("axes") or range(-len(numbers), 0)]
    policy = attributes.get("keep_aspect_ratio_policy", "stretch")
    roi = attributes.get("roi") or [0.0] * len(axes) + [1.0] * len(axes)
    if attributes.get("scales"):
        scales = [f32(s) for s in numbers]
        lengths = [math.floor(x.shape[axis] * s) for axis, s in zip(axes, scales)]
    else:
        scales, lengths = [size / x.shape[axis] for axis, size in zip(axes, numbers)], numbers
        if policy != "stretch":
            scales = [min(scales) if policy == "not_larger" else max(scales)] * len(axes)
            lengths = [math.floor(x.shape[axis] * s + 0.5) for axis, s in zip(axes, scales)]
    for k, axis in enumerate(axes):
        region = f32(roi[k]), f32(roi[len(axes) + k])
        x = resize_axis(attributes, x, axis, lengths[k], scales[k], region)
    return Tensor(x.shape, [f32(v) if x.dtype == "f32" else v for v in x.data], x.dtype)


def resize_axis(attributes, x, axis, out, scale, region):
    d, mode = x.shape[axis], attributes.get("mode", "nearest")
    transformation = attributes.get("coordinate_transformation_mode", "half_pixel")
    crops = transformation == "tf_crop_and_resize"
    if scale == 1 and out == d and not (crops and region != (0, 1)):
        return x
    length, (begin, end), a = scale * d, region, f32(attributes.get("cubic_coeff_a", -0.75))

    def place(i):
        half_pixel = (i + 0.5) / scale - 0.5
        if out == 1 and transformation in ("pytorch_half_pixel", "align_corners"):
            return 0.0
        if crops:
            return (begin + end) / 2 * (d - 1) if out == 1 else begin * (d - 1) + i * (end - begin) * (d - 1) / (length - 1)
        return {
            "half_pixel": half_pixel,
            "pytorch_half_pixel": half_pixel,
            "half_pixel_symmetric": d / 2 * (1 - out / length) + half_pixel,
            "asymmetric": i / scale,
            "tf_half_pixel_for_nn": (i + 0.5) / scale,
            "align_corners": i * (d - 1) / (length - 1) if length != 1 else 0.0,
        }[transformation]

    clamp = lambda index: min(max(index, 0), d - 1)

    def taps(i):
        """Pairs of index and weight; None where the output is extrapolated."""
        p = place(i)
        if crops and not 0 <= p <= d - 1:
            return None
        if mode == "nearest":
            nearest = {
                "round_prefer_floor": math.ceil(p - 0.5),
                "round_prefer_ceil": math.floor(p + 0.5),
                "floor": math.floor(p),
                "ceil": math.ceil(p),
            }[attributes.get("nearest_mode", "round_prefer_floor")]
            return [(clamp(nearest), 1.0)]
        m = min(scale, 1.0) if attributes.get("antialias", False) else 1.0
        f = triangle if mode == "linear" else lambda t: keys(t, a)
        reach = math.ceil(2 / m) + 1
        near = range(math.floor(p) - reach, math.floor(p) + reach + 1)
        inside = lambda j: 0 <= j < d or not attributes.get("exclude_outside", False)
        weights = [(clamp(j), f((j - p) * m)) for j in near if inside(j)]
        total = sum(w for _, w in weights)
        if not total:
            return [(clamp(math.floor(p - 2 / m) + 1), 1.0)]
        return [(j, w / total) for j, w in weights if w]

    tables = [taps(i) for i in range(out)]

    def element(index):
        if tables[index[axis]] is None:
            return f32(attributes.get("extrapolation_value", 0.0))
        parts = [(at_exact(x, index[:axis] + (j,) + index[axis + 1 :]), w) for j, w in tables[index[axis]]]
        return sum(v * w for v, w in parts) if mode != "nearest" else parts[0][0]

    return build(x.shape[:axis] + [out] + x.shape[axis + 1 :], element, x.dtype)


def depth_to_space(run, attributes, x):
    b, (n, channels, height, width) = attributes.get("blocksize", 1), x.shape
    c = channels // (b * b)

    def element(index):
        n_, k, y, x_ = index
        i, j = y % b, x_ % b
        source = k * b * b + i * b + j if attributes.get("mode", "DCR") == "CRD" else (i * b + j) * c + k
        return at_exact(x, (n_, source, y // b, x_ // b))

    return build([n, c, height * b, width * b], element, x.dtype)


def space_to_depth(run, attributes, x):
    b, (n, c, height, width) = attributes.get("blocksize", 1), x.shape

    def element(index):
        n_, k, y, x_ = index
        i, j = divmod(k // c, b)
        return at_exact(x, (n_, k % c, y * b + i, x_ * b + j))

    return build([n, c * b * b, height // b, width // b], element, x.dtype)


def tile(run, attributes, x):
    shape = [d * r for d, r in zip(x.shape, attributes.get("repeats", []))]
    return build(shape, lambda index: at_exact(x, [i % d for i, d in zip(index, x.shape)]), x.dtype)


def trilu(run, attributes, x):
    k, upper = attributes.get("k", 0), attributes.get("upper", True)
    stays = lambda right: right >= k if upper else right <= k
    zero = {"f32": 0.0, "i32": 0, "bool": False}[x.dtype]
    return build(x.shape, lambda i: at_exact(x, i) if stays(i[-1] - i[-2]) else zero, x.dtype)


def cum_sum(run, attributes, x):
    axis = attributes.get("axis", 0) % len(x.shape)
    reverse, exclusive = attributes.get("reverse", False), attributes.get("exclusive", False)

    def element(index):
        i, own = index[axis], not exclusive
        taken = range(x.shape[axis] - 1, i - own, -1) if reverse else range(i + own)
        total = 0
        for j in taken:
            total += at_exact(x, index[:axis] + (j,) + index[axis + 1 :])
            total = f32(total) if x.dtype == "f32" else total
        return total

    return build(x.shape, element, x.dtype)


def inside(index, length):
    return min(max(index + length if index < 0 else index, 0), length - 1)


def gather(run, attributes, data, indices):
    axis, rank = attributes.get("axis", 0) % len(data.shape), len(indices.shape)

    def element(index):
        picked = inside(at_exact(indices, index[axis : axis + rank]), data.shape[axis])
        return at_exact(data, index[:axis] + (picked,) + index[axis + rank :])

    return build(data.shape[:axis] + indices.shape + data.shape[axis + 1 :], element, data.dtype)


def gather_elements(run, attributes, data, indices):
    axis = attributes.get("axis", 0) % len(data.shape)

    def element(index):
        picked = inside(at_exact(indices, index), data.shape[axis])
        return at_exact(data, index[:axis] + (picked,) + index[axis + 1 :])

    return build(indices.shape, element, data.dtype)


def gather_nd(run, attributes, data, indices):
    batch, outer, count = attributes.get("batch_dims", 0), len(indices.shape) - 1, indices.shape[-1]

    def element(index):
        picks = [inside(at_exact(indices, index[:outer] + (k,)), data.shape[batch + k]) for k in range(count)]
        return at_exact(data, index[:batch] + tuple(picks) + index[outer:])

    return build(indices.shape[:-1] + data.shape[batch + count :], element, data.dtype)


def scatter(attributes, data, targets):
    """`targets` are pairs of an index of `data` and an update, in order."""
    result = dict(zip(indices(data.shape), data.data))
    reduce = {
        "none": lambda a, b: b,
        "add": lambda a, b: a + b,
        "mul": lambda a, b: a * b,
        "min": min,
        "max": max,
    }[attributes.get("reduction", "none")]
    for index, update in targets:
        value = reduce(result[index], update)
        result[index] = f32(value) if data.dtype == "f32" else value
    return Tensor(data.shape, result.values(), data.dtype)


def scatter_elements(run, attributes, data, places, updates):
    axis = attributes.get("axis", 0) % len(data.shape)

    def target(i):
        return i[:axis] + (inside(at_exact(places, i), data.shape[axis]),) + i[axis + 1 :]

    return scatter(attributes, data, ((target(i), at_exact(updates, i)) for i in indices(places.shape)))


def scatter_nd(run, attributes, data, places, updates):
    count, outer = places.shape[-1], len(places.shape) - 1

    def target(i):
        picks = (inside(at_exact(places, i[:outer] + (k,)), data.shape[k]) for k in range(count))
        return tuple(picks) + i[outer:]

    return scatter(attributes, data, ((target(i), at_exact(updates, i)) for i in indices(updates.shape)))


def grid_sample(run, attributes, x, grid):
    mode, padding = attributes.get("mode", "linear"), attributes.get("padding_mode", "zeros")
    corners, size = attributes.get("align_corners", False), x.shape[2:]

    def mirrored(p, low, high):
        if low == high:
            return 0
        while not low <= p <= high:
            p = 2 * low - p if p < low else 2 * high - p
        return p

    def taps(g, d):
        """Pairs of index and weight along one axis."""
        low, high = (0, d - 1) if corners else (-0.5, d - 0.5)
        # Rounded as an executor in binary32 does, because what is mirrored jumps at the edges.
        p = f32(f32(f32(g + 1) / 2) * (d - 1)) if corners else f32(f32(f32(f32(g + 1) * d) - 1) / 2)
        p = float(round(p)) if mode == "nearest" else p
        if not low <= p <= high and padding == "border":
            p = min(max(p, 0), d - 1)
        if padding == "reflection":
            p = mirrored(p, low, high)
        f = {"nearest": lambda t: float(t == 0), "linear": triangle, "cubic": lambda t: keys(t, -0.75)}[mode]
        found = []
        for j in range(math.floor(p) - 2, math.floor(p) + 4):
            at = min(max(j, 0), d - 1) if padding == "border" else mirrored(j, low, high) if padding == "reflection" else j
            if 0 <= at < d and f(j - p):
                found.append((int(at), f(j - p)))
        return found

    def element(index):
        place = (index[0],) + index[2:]
        axes = [taps(at_exact(grid, place + (len(size) - 1 - k,)), d) for k, d in enumerate(size)]
        term = lambda c: at_exact(x, index[:2] + tuple(j for j, _ in c)) * math.prod(w for _, w in c)
        return f32(sum(term(c) for c in itertools.product(*axes)))

    return build(x.shape[:2] + grid.shape[1:-1], element)


def affine_grid(run, attributes, theta):
    n, _, *size = [bind(dim, run) for dim in attributes["size"]]

    def position(k, d):
        if attributes.get("align_corners", False):
            return 2 * k / (d - 1) - 1 if d > 1 else 0.0
        return (2 * k + 1) / d - 1

    def element(index):
        column = [position(k, d) for k, d in zip(index[1:-1], size)][::-1] + [1.0]
        return f32(sum(at_exact(theta, (index[0], index[-1], k)) * v for k, v in enumerate(column)))

    return build([n, *size, len(size)], element)


def einsum(run, attributes, *inputs):
    left, arrow, right = attributes["equation"].replace(" ", "").partition("->")

    def axes(term, rank):
        """Letters of a term; the dimensions of its ellipsis are numbers that count from the last."""
        before, ellipsis, behind = term.partition("...")
        open_ = range(rank - len(before) - len(behind), 0, -1) if ellipsis else []
        return [*before, *open_, *behind]

    terms = [axes(term, len(t.shape)) for term, t in zip(left.split(","), inputs, strict=True)]
    lengths = {}
    for term, tensor in zip(terms, inputs):
        for axis, d in zip(term, tensor.shape, strict=True):
            lengths[axis] = max(d, lengths.get(axis, 1))
    most = max((axis for axis in lengths if isinstance(axis, int)), default=0)
    if arrow:
        out = axes(right, len(right.replace("...", "")) + most)
    else:
        out = [*range(most, 0, -1), *sorted(c for c in lengths if isinstance(c, str) and left.count(c) == 1)]
    summed = [axis for axis in lengths if axis not in out]

    def element(index):
        total = 0.0
        for rest in itertools.product(*(range(lengths[axis]) for axis in summed)):
            at_axis = dict(zip([*out, *summed], [*index, *rest]))
            total += math.prod(at(t, tuple(at_axis[axis] for axis in term)) for t, term in zip(inputs, terms))
        return f32(total)

    # `at` lets a dimension of 1 repeat.
    return build([lengths[axis] for axis in out], element)


def pool(finish):
    """`finish` makes one number of a window's elements, in order, and of how many positions count."""

    def run_pool(run, attributes, x):
        size = x.shape[2:]
        kernel = attributes.get("kernel_shape") or [1] * len(size)
        strides, dilations, begins, ends = windows(attributes, size, kernel)
        ceil = attributes.get("ceil_mode", False) and attributes.get("auto_pad", "NOTSET") == "NOTSET"
        out = [window_output(*axis, ceil) for axis in zip(size, kernel, strides, dilations, begins, ends)]
        if ceil:
            out = [o - ((o - 1) * s >= length + begin) for o, s, length, begin in zip(out, strides, size, begins)]

        def element(index):
            values, count = [], 0
            for offsets in indices(kernel):
                place = [o * s + k * d - p for o, s, k, d, p in zip(index[2:], strides, offsets, dilations, begins)]
                inside = all(0 <= i < length for i, length in zip(place, size))
                if inside:
                    values.append(at_exact(x, list(index[:2]) + place))
                padded = all(i < length + end for i, length, end in zip(place, size, ends))
                count += padded if attributes.get("count_include_pad", False) else inside
            return f32(finish(values, count, attributes))

        pooled = build(x.shape[:2] + out, element)
        if not attributes.get("indices", False):
            return pooled
        axes = list(range(len(size)))
        order = axes if attributes.get("storage_order", 0) else axes[::-1]

        def number(index):
            """The number of the first element of a window that is its largest."""
            for offsets in indices(kernel):
                place = [o * s + k * d - p for o, s, k, d, p in zip(index[2:], strides, offsets, dilations, begins)]
                inside = all(0 <= i < length for i, length in zip(place, size))
                if inside and at_exact(x, list(index[:2]) + place) == at_exact(pooled, index):
                    total, step = 0, 1
                    for axis in order:
                        total, step = total + place[axis] * step, step * size[axis]
                    return (index[0] * x.shape[1] + index[1]) * step + total

        return [pooled, build(pooled.shape, number, "i32")]

    return run_pool


def at_axes(x, axes, index):
    """The elements whose places differ from `index` along `axes` only."""
    spans = [range(d) if k in axes else [index[k]] for k, d in enumerate(x.shape)]
    return [at_exact(x, place) for place in itertools.product(*spans)]


def total(values):
    return sum_of((value, 1.0) for value in values)


def lp_norm(values, count, attributes):
    p = attributes.get("p", 2)
    return math.fsum(abs(value) ** p for value in values) ** (1 / p)


def reduction(function, axes_of=None):
    """Every output element is `function` of the list of elements that it is made of."""

    def run_reduction(run, attributes, x):
        rank = len(x.shape)
        if axes_of:
            axes = set(axes_of(rank))
        else:
            axes = {axis % rank for axis in attributes.get("axes", [])}
            if not axes and not attributes.get("noop_with_empty_axes", False):
                axes = set(range(rank))
        rounded = f32 if x.dtype == "f32" else (lambda value: value)
        kept = [1 if k in axes else d for k, d in enumerate(x.shape)]
        result = build(kept, lambda index: rounded(function(at_axes(x, axes, index))), x.dtype)
        if not attributes.get("keepdims", True):
            result.shape = [d for k, d in enumerate(x.shape) if k not in axes]
        return result

    return run_reduction


def mean(values):
    return f32(total(values) / len(values))


def add_all(values):
    return sum(values) if isinstance(values[0], int) else total(values)


def product(values):
    result = values[0]
    for value in values[1:]:
        result = result * value if isinstance(value, int) else f32(result * value)
    return result


def sum_square(values):
    return sum_of((value, value) for value in values)


def log_sum_exp(values):
    largest = max(values)
    return largest + math.log(sum(math.exp(value - largest) for value in values))


def arg(best):
    """The index along one axis of the element that `best` takes."""

    def run_arg(run, attributes, x):
        axis = attributes.get("axis", 0) % len(x.shape)
        kept = [1 if k == axis else d for k, d in enumerate(x.shape)]

        def element(index):
            values = at_axes(x, {axis}, index)
            found = values.index(best(values))
            if attributes.get("select_last_index", False):
                found = len(values) - 1 - values[::-1].index(best(values))
            return found

        result = build(kept, element, "i32")
        if not attributes.get("keepdims", True):
            result.shape = [d for k, d in enumerate(x.shape) if k != axis]
        return result

    return run_arg


def softmax(log):
    def run_softmax(run, attributes, x):
        axis = attributes.get("axis", -1) % len(x.shape)

        def element(index):
            difference = at_exact(x, index) - log_sum_exp(at_axes(x, {axis}, index))
            return f32(difference if log else math.exp(difference))

        return build(x.shape, element)

    return run_softmax


def batch_normalization(run, attributes, x, scale, bias, mean, variance):
    epsilon = f32(attributes.get("epsilon", 1e-5))

    def element(index):
        c = index[1]
        deviation = math.sqrt(variance.data[c] + epsilon)
        return f32((at_exact(x, index) - mean.data[c]) / deviation * scale.data[c] + bias.data[c])

    return build(x.shape, element)


def standardized(x, members, index, epsilon):
    """The element at `index` less the mean of `members`, over their deviation."""
    average = math.fsum(members) / len(members)
    variance = math.fsum((member - average) ** 2 for member in members) / len(members)
    return (at_exact(x, index) - average) / math.sqrt(variance + epsilon)


def channel_normalization(run, attributes, x, scale, bias):
    epsilon, channels = f32(attributes.get("epsilon", 1e-5)), x.shape[1]
    per_group = channels // attributes.get("num_groups", 1) if "groups" in attributes else 1

    def element(index):
        first = index[1] // per_group * per_group
        places = ([index[0], c] + list(index[2:]) for c in range(first, first + per_group))
        members = [value for place in places for value in at_axes(x, set(range(2, len(x.shape))), place)]
        return f32(standardized(x, members, index, epsilon) * scale.data[index[1]] + bias.data[index[1]])

    return build(x.shape, element)


def group_normalization(run, attributes, *inputs):
    return channel_normalization(run, {**attributes, "groups": True}, *inputs)


def layer_normalization(run, attributes, x, scale, bias=None):
    epsilon = f32(attributes.get("epsilon", 1e-5))
    axes = set(range(attributes.get("axis", -1) % len(x.shape), len(x.shape)))

    def element(index):
        y = standardized(x, at_axes(x, axes, index), index, epsilon) * at(scale, index)
        return f32(y + at(bias, index) if bias else y)

    return build(x.shape, element)


def rms_normalization(run, attributes, x, scale):
    epsilon = f32(attributes.get("epsilon", 1e-5))
    axes = set(range(attributes.get("axis", -1) % len(x.shape), len(x.shape)))

    def element(index):
        members = at_axes(x, axes, index)
        square = math.fsum(member * member for member in members) / len(members)
        return f32(at_exact(x, index) / math.sqrt(square + epsilon) * at(scale, index))

    return build(x.shape, element)


def mean_variance_normalization(run, attributes, x):
    rank = len(x.shape)
    axes = {axis % rank for axis in attributes.get("axes", [0, 2, 3])} or set(range(rank))
    return build(x.shape, lambda index: f32(standardized(x, at_axes(x, axes, index), index, 1e-18)))


def lp_normalization(run, attributes, x):
    axis, p = attributes.get("axis", -1) % len(x.shape), attributes.get("p", 2)

    def element(index):
        norm = math.fsum(abs(value) ** p for value in at_axes(x, {axis}, index)) ** (1 / p)
        return f32(at_exact(x, index) / norm) if norm else 0.0

    return build(x.shape, element)


def random_uniform(run, attributes):
    low, high = f32(attributes.get("low", 0.0)), f32(attributes.get("high", 1.0))
    numbers = draw(uniform, attributes.get("shape", []), run, attributes.get("stream", 0), attributes.get("part"))
    return elementwise(lambda u: low + f32(f32(high - low) * u), numbers)


def random_normal(run, attributes):
    mean, scale = f32(attributes.get("mean", 0.0)), f32(attributes.get("scale", 1.0))
    numbers = draw(normal, attributes.get("shape", []), run, attributes.get("stream", 0), attributes.get("part"))
    return elementwise(lambda n: mean + f32(scale * n), numbers)


def bernoulli(run, attributes, x):
    numbers = draw(uniform, attributes.get("shape") or x.shape, run, attributes.get("stream", 0))
    dtype = attributes.get("dtype", "f32")
    one = {"f32": float, "i32": int, "bool": bool}[dtype]
    return elementwise(lambda u, p: one(u < p), numbers, x, dtype=dtype)


class Exemplar:
    """Rows and columns of places of a level, and what lies beyond them."""

    def __init__(self, height, width, tiles):
        self.sides, self.tiles = (height, width), tiles
        self.margins = (0, 0) if tiles else tuple(min(2, side // 6) for side in self.sides)

    def clamped(self, word):
        return min((word & U32) >> 16, self.sides[0] - 1), min(word & 0xFFFF, self.sides[1] - 1)

    def inside(self, place):
        if self.tiles:
            return tuple(at % side for at, side in zip(place, self.sides))
        return tuple(min(max(at, m), side - 1 - m) for at, side, m in zip(place, self.sides, self.margins))

    def shifted(self, place, by):
        """`place` moved by `by`; None if it may not be shown."""
        to = tuple(at + b for at, b in zip(place, by))
        if self.tiles:
            return self.inside(to)
        shown = all(m <= at < side - m for at, side, m in zip(to, self.sides, self.margins))
        return to if shown else None


def pack(place):
    word = place[0] << 16 | place[1]
    return word - 2**32 if word >= 2**31 else word


def field_coordinate(run, dims, cell, offset=(0, 0)):
    """Where a cell lies on the plane, which repeats on a torus; and after how many cells."""
    period = [bind(dim, run) for dim in dims[2:]]
    at = tuple(o + f + c for o, f, c in zip(tensor_origin(dims, run), offset, cell))
    return (tuple(a % p for a, p in zip(at, period)) if run.wrap else at), period


def block_words(run, attributes, at, plane):
    block = attributes.get("block", 4)
    key = node_key(run.seed, attributes.get("stream", 0), run.step)
    return pcg4d((at[1] // block) & U32, (at[0] // block) & U32, plane, key)


EXCLUDED = 2000000000


def guide_cost(guide, target, place, n, cell, scale=8):
    """What the guides add to the cost of showing a place in a cell of image n."""
    if guide is None:
        return 0
    total = 0
    for k in range(target.shape[1]):
        byte = at_exact(guide, (*place, k // 4)) >> 8 * (k % 4) & 0xFF
        at = [0 if length == 1 else i for length, i in zip(target.shape, (n, k, *cell))]
        wanted = at_exact(target, (at[0], k, at[2], at[3])) & U32
        low, high, weight = wanted & 0xFF, wanted >> 8 & 0xFF, wanted >> 16 & 0xFF
        distance = max(low - byte, byte - high, 0)
        if weight == 255 and distance > 0:
            return EXCLUDED
        total += weight * distance**2
    return scale * min(total, 400000000 // scale)


def center_cell(run, attributes, at, period, cell, size):
    """The cell of the field at the centre of a cell's block, or the nearest one."""
    block = attributes.get("block", 4)
    here = []
    for axis in (0, 1):
        place = at[axis] // block * block + block // 2
        place = min(place, period[axis] - 1) if run.wrap else place
        seen = cell[axis] + place - at[axis]
        here.append(seen % size[axis] if run.wrap else min(max(seen, 0), size[axis] - 1))
    return here


def exemplar_start(run, attributes):
    level = Exemplar(attributes["height"], attributes["width"], attributes.get("tiles", True))
    block, lattice = attributes.get("block", 4), attributes.get("lattice", [1, 1])

    def first(word, at, axis):
        side, margin = level.sides[axis], level.margins[axis]
        if level.tiles:
            return at % side + ((word >> 16) * (side // lattice[axis]) >> 16) * lattice[axis]
        return at % block + margin + ((word >> 16) * (max(side - 2 * margin - block, 0) + 1) >> 16)

    def element(index):
        at, _ = field_coordinate(run, attributes["shape"], index[2:])
        words = block_words(run, attributes, at, 2 * index[0])
        return pack(level.inside([first(words[axis], at[axis], axis) for axis in (0, 1)]))

    return build([bind(dim, run) for dim in attributes["shape"]], element, "i32")


def exemplar_double(run, attributes, field):
    level = Exemplar(attributes["height"], attributes["width"], attributes.get("tiles", True))

    def element(index):
        n, _, y, x = index
        word = at_exact(field, (n, 0, y // 2, x // 2)) & U32
        return pack(level.inside((2 * (word >> 16) + y % 2, 2 * (word & 0xFFFF) + x % 2)))

    return build(field.shape[:2] + [2 * field.shape[2], 2 * field.shape[3]], element, "i32")


def exemplar_move(run, attributes, field, table, guide=None, target=None, variation=None):
    level = Exemplar(table.shape[0], table.shape[1], attributes.get("tiles", True))
    size, similar = field.shape[2:], table.shape[2]

    def element(index):
        n, cell = index[0], index[2:]
        at, period = field_coordinate(run, attributes["shape"], cell, attributes.get("origin", [0, 0]))
        words = block_words(run, attributes, at, 2 * n + 1)
        place = level.clamped(at_exact(field, index))
        here = center_cell(run, attributes, at, period, cell, size)
        found = level.clamped(at_exact(field, (n, 0, *here)))
        probability = attributes.get("probability", 0)
        if variation is not None:
            at = [0 if length == 1 else i for length, i in zip(variation.shape, (n, 0, *here))]
            probability = probability * min(max(at_exact(variation, at), 0), 256) >> 8

        def entry(j):
            return level.clamped(at_exact(table, (*found, ((words[1] >> 29) + j) % similar)))

        choices = [entry(0) if words[0] >> 24 < probability else None]
        if guide is not None:
            choices += [entry(j) for j in range(min(8, similar))]
        costs = [guide_cost(guide, target, found if choice is None else choice, n, here) for choice in choices]
        to = choices[costs.index(min(costs))]
        return pack(place if to is None else level.inside([p + t - f for p, t, f in zip(place, to, found)]))

    return build(field.shape, element, "i32")


def exemplar_match(run, attributes, field, appearance, table=None, guide=None, target=None, further=None):
    level = Exemplar(appearance.shape[0] - 2, appearance.shape[1] - 2, attributes.get("tiles", True))
    near = [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1)]
    diagonals = [(y, x) for y in (-1, 1) for x in (-1, 1)]

    def look(place, by):
        y, x = place[0] + by[0] + 1, place[1] + by[1] + 1
        words = (at_exact(appearance, (y, x, half)) & U32 for half in (0, 1))
        return [byte - 256 if byte > 127 else byte for word in words for byte in word.to_bytes(4, "little")]

    def element(index):
        n, _, y, x = index

        def shown(by):
            return level.clamped(at_exact(field, (n, 0, (y + by[0]) % field.shape[2], (x + by[1]) % field.shape[3])))

        own = [level.shifted(shown(e), (-e[0], -e[1])) for e in near]
        if table is None and further is None and all(candidate == own[0] for candidate in own):
            return pack(shown((0, 0)) if own[0] is None else own[0])
        candidates = []
        for e, candidate in zip(near, own):
            candidates.append((20, 0, candidate))
            if table is not None:
                similar = level.clamped(at_exact(table, (*shown(e), 0)))
                candidates.append((21, 0, level.shifted(similar, (-e[0], -e[1]))))
        for k in range(0 if further is None else further.shape[1]):
            at = [0 if length == 1 else i for length, i in zip(further.shape, (n, k, y, x))]
            place = level.clamped(at_exact(further, (at[0], k, at[2], at[3])))
            candidates.append((20, attributes.get("candidate_cost", 0), level.shifted(place, (0, 0))))
        targets = []
        for dy, dx in diagonals:
            parts = look(shown((dy, dx)), (0, 0)), look(shown((2 * dy, dx)), (-dy, 0)), look(shown((dy, 2 * dx)), (0, -dx))
            targets.append([sum(numbers) for numbers in zip(*parts)])
        around = [shown((dy, dx)) for dy in range(-2, 3) for dx in range(-2, 3) if (dy, dx) != (0, 0)]
        best, least = shown((0, 0)), 2**31 - 1
        for factor, more, candidate in candidates:
            if candidate is None:
                continue
            differences = (
                3 * a - t for d, target in zip(diagonals, targets) for a, t in zip(look(candidate, d), target)
            )
            added = guide_cost(guide, target, candidate, n, (y, x), attributes.get("guide_scale", 8))
            cost = factor * sum(difference**2 for difference in differences) + more + added
            cost = 2 * cost + 2000000 if candidate in around else cost
            cost = EXCLUDED if added == EXCLUDED else cost
            if cost < least:
                best, least = candidate, cost
        return pack(best)

    return build(field.shape, element, "i32")


def exemplar_gather(run, attributes, field, texels, gain=None):
    level = Exemplar(texels.shape[0], texels.shape[1], True)
    first, channels = attributes.get("first", 0), attributes["channels"]

    def element(index):
        n, k, y, x = index
        word = at_exact(texels, (*level.clamped(at_exact(field, (n, 0, y, x))), (first + k) // 4)) & U32
        byte = word >> 8 * ((first + k) % 4) & 0xFF
        value = f32((2 * byte - 255 if attributes.get("signed") else byte) * f32(1 / 255))
        if gain is None:
            return value
        factor = at_exact(gain, [0 if length == 1 else i for length, i in zip(gain.shape, index)])
        return min(max(f32(value * factor), -1.0), 1.0)

    return build([field.shape[0], channels, *field.shape[2:]], element)


def signed_bytes(words):
    return [byte - 256 if byte > 127 else byte for word in words for byte in (word & U32).to_bytes(4, "little")]


def words_of(values):
    """Signed bytes, four to a word."""
    values = list(values) + [0] * (-len(values) % 4)
    return [int.from_bytes(bytes(v & 0xFF for v in values[k : k + 4]), "little", signed=True) for k in range(0, len(values), 4)]


def whole(value, low, high):
    return round(min(max(value, low), high))


def nnf_pack(run, attributes, image):
    _, channels, height, width = image.shape
    words = []
    for y, x in itertools.product(range(height), range(width)):
        words += words_of([whole(at_exact(image, (0, c, y, x)), -128, 127) for c in range(channels)])
    return Tensor([height, width, (channels + 3) // 4], words, "i32")


def nnf_project(run, attributes, image, basis, active=None):
    _, channels, height, width = image.shape
    side, words, shift, tiles = basis.shape[1], basis.shape[3], attributes.get("shift", 0), attributes.get("tiles")
    weights = signed_bytes(basis.data)

    def stands_for(i, length):
        if tiles:
            return i % length
        i = abs(i)
        return min(max(2 * length - 2 - i if i >= length else i, 0), length - 1)

    features = []
    for y, x in itertools.product(range(height), range(width)):
        sums = [0] * (4 * words)
        taps = itertools.product(range(channels), range(side), range(side))
        for tap, (c, down, right) in enumerate(taps if active is None or at_exact(active, (0, 0, y, x)) else ()):
            at = stands_for(y + down - side // 2, height), stands_for(x + right - side // 2, width)
            number = whole(at_exact(image, (0, c, *at)), -2047, 2047)
            for k in range(4 * words):
                sums[k] += number * weights[tap * 4 * words + k]
        half = 1 << shift - 1 if shift else 0
        features += words_of([min(max(total + half >> shift, -128), 127) for total in sums])
    return Tensor([height, width, words], features, "i32")


class Pair:
    """Target and source of a nearest-neighbour field."""

    def __init__(self, field, size, level, mask, active, attributes):
        self.field, self.size, self.level, self.mask, self.active = field, size, level, mask, active
        self.tiles, self.source_tiles = attributes.get("tiles"), attributes.get("source_tiles")
        self.locality = attributes.get("locality", 0)

    def inside(self, at, size, tiles):
        if tiles:
            return tuple(a % side for a, side in zip(at, size))
        return tuple(at) if all(0 <= a < side for a, side in zip(at, size)) else None

    def cell(self, at):
        return self.inside(at, self.size, self.tiles)

    def place(self, at):
        return self.inside(at, self.level, self.source_tiles)

    def shown(self, at):
        """The place, if it may be shown."""
        place = self.place(at)
        return place if place is not None and (self.mask is None or at_exact(self.mask, (0, 0, *place))) else None

    def seen(self, cell, field=None, channel=0):
        word = at_exact(self.field if field is None else field, (0, channel, *cell)) & U32
        return min(word >> 16, self.level[0] - 1), min(word & 0xFFFF, self.level[1] - 1)

    def is_active(self, cell):
        return self.active is None or at_exact(self.active, (0, 0, *cell))

    def located(self, cost, cell, place):
        apart = [abs(a - b) for a, b in zip(cell, place)]
        if self.source_tiles:
            apart = [min(a, abs(side - a)) for a, side in zip(apart, self.level)]
        return cost + (cost >> 6) * min(self.locality * (max(apart) + min(apart) // 2) // max(self.level), 255)


def compared(field, target, source, mask, active, attributes):
    """The pair, and its function of the distance of a cell and a place."""
    words = target.shape[2]
    bytes_of = lambda features, at: signed_bytes(at_exact(features, (*at, k)) for k in range(words))
    apart = lambda cell, place: sum((a - b) ** 2 for a, b in zip(bytes_of(target, cell), bytes_of(source, place)))
    return Pair(field, target.shape[:2], source.shape[:2], mask, active, attributes), apart


def around(radius):
    return list(itertools.product(range(-radius, radius + 1), repeat=2))


def moved(at, by, factor=1):
    return [a + factor * b for a, b in zip(at, by)]


def nnf_search(run, attributes, field, target, source, mask=None, active=None, weight=None):
    pair, apart = compared(field, target, source, mask, active, attributes)
    falloff = attributes.get("falloff", [8])
    radius = len(falloff) - 1

    def cost(cell, place):
        total = 0
        for d in around(radius):
            part = pair.cell(moved(cell, d))
            known = 0 if part is None else 16 if weight is None else min(max(at_exact(weight, (0, 0, *part)), 0), 16)
            known *= falloff[abs(d[0])] * falloff[abs(d[1])]
            total += known and known * apart(part, pair.place(moved(place, d))) >> 6
        return pair.located(total, cell, place)

    def element(index):
        cell, best = index[2:], (2**32 - 1, None)
        for place in itertools.product(*map(range, pair.level)) if pair.is_active(cell) else ():
            fits = all(a >= radius and a + radius < side for a, side in zip(place, pair.level))
            if (fits or pair.source_tiles) and pair.shown(place) and (found := cost(cell, place)) < best[0]:
                best = found, place
        return at_exact(field, index) if best[1] is None else pack(best[1])

    return build(field.shape, element, "i32")


def nnf_propagate(run, attributes, field, target, source, mask=None, active=None, candidates=None, penalty=None):
    pair, apart = compared(field, target, source, mask, active, attributes)
    window, jump, coherence = attributes.get("window", 0), attributes.get("jump", 1), attributes.get("coherence", 64)

    def tried(cell):
        own = pair.seen(cell)
        yield own, 64
        if window >= 1:
            yield from ((moved(own, e), 64) for e in around(1) if e != (0, 0))
        if window >= 2:
            yield from ((moved(cell, e, 3), 64) for e in around(3) if e != (0, 0))
        for e in around(1) if jump else ():
            neighbour = pair.cell(moved(cell, e, jump))
            if e != (0, 0) and neighbour is not None:
                yield moved(pair.seen(neighbour), e, -jump), coherence
        for k in range(0 if candidates is None else candidates.shape[1]):
            yield pair.seen(cell, candidates, k), 64

    def element(index):
        cell, best = index[2:], (2**32 - 1, None)
        for at, factor in tried(cell) if pair.is_active(cell) else ():
            place = pair.shown(at)
            if place is not None:
                cost = pair.located(apart(cell, place), cell, place)
                cost += 0 if penalty is None else min(max(at_exact(penalty, (0, 0, *place)), 0), 2**22)
                if cost * factor < best[0]:
                    best = cost * factor, place
        return at_exact(field, index) if best[1] is None else pack(best[1])

    return build(field.shape, element, "i32")


def nnf_distance(run, attributes, field, target, source, mask=None, active=None):
    pair, apart = compared(field, target, source, mask, active, attributes)

    def element(index):
        cell = index[2:]
        if not pair.is_active(cell):
            return 0
        place = pair.shown(pair.seen(cell))
        return 2**30 if place is None else apart(cell, place)

    return build(field.shape, element, "i32")


def nnf_vote(run, attributes, field, source, base, mask=None, active=None, weight=None):
    pair = Pair(field, field.shape[2:], source.shape[2:], mask, active, attributes)
    falloff = attributes.get("falloff", [1])

    def element(index):
        cell, votes = index[2:], []
        for d in around(len(falloff) - 1) if pair.is_active(cell) else ():
            voter = pair.cell(moved(cell, d))
            shown = None if voter is None else pair.shown(pair.seen(voter))
            place = None if shown is None else pair.place(moved(shown, d, -1))
            if place is not None:
                count = 1 if weight is None else min(max(at_exact(weight, (0, 0, *voter)), 0), 1024)
                value = whole(at_exact(source, (0, index[1], *place)), -255, 255)
                votes.append((count * falloff[abs(d[0])] * falloff[abs(d[1])], value))
        total = sum(count for count, _ in votes)
        if total == 0:
            return at_exact(base, index)
        if attributes.get("best"):
            return float(max(votes, key=lambda vote: vote[0])[1])
        return float((2 * sum(count * value for count, value in votes) + total) // (2 * total))

    return build(base.shape, element)


def histogram(run, attributes, data, counted=None):
    height, width = attributes.get("height", 1), attributes.get("width", 256)
    counts = [0] * (height * width)
    for index, word in enumerate(data.data):
        y, x = (word & U32) >> 16, word & 0xFFFF
        if y < height and x < width and (counted is None or counted.data[index]):
            counts[y * width + x] += 1
    return Tensor([1, 1, height, width], counts, "i32")


def constant(run, attributes):
    value = attributes.get("value", {"shape": [], "data": {"f32": [0]}})
    (dtype, data), = value["data"].items()
    return Tensor(value["shape"], [f32(v) for v in data] if dtype == "f32" else data, dtype)


def clip(run, attributes, x):
    low, high = attributes.get("min"), attributes.get("max")
    low, high = (-math.inf if low is None else f32(low)), (math.inf if high is None else f32(high))
    return elementwise(lambda v: min(max(v, low), high), x)


def leaky_relu(run, attributes, x):
    alpha = f32(attributes.get("alpha", 0.01))
    return elementwise(lambda v: v if v >= 0 else alpha * v, x)


def sigmoid(v):
    return 1 / (1 + math.exp(-v)) if v >= 0 else math.exp(v) / (1 + math.exp(v))


def pure(function, dtype="f32"):
    return lambda run, attributes, *inputs: elementwise(function, *inputs, dtype=dtype)


def wrapped(value):
    """A whole number as 32 bits hold it."""
    return (int(value) + 2**31) % 2**32 - 2**31


def number(function, whole=None):
    """Of floats, or of integers that wrap; `whole` is the formula for these where it is another."""

    def run_it(run, attributes, *inputs):
        if inputs[0].dtype == "f32":
            return elementwise(function, *inputs)
        return elementwise(lambda *values: wrapped((whole or function)(*values)), *inputs, dtype="i32")

    return run_it


def quotient(a, b):
    """Whole, towards zero; `a` itself over zero."""
    return a if b == 0 else (abs(a) // abs(b)) * (1 if (a < 0) == (b < 0) else -1)


def mod(run, attributes, a, b):
    if attributes.get("fmod", False):
        return number(math.fmod, lambda x, y: 0 if y == 0 else x - y * quotient(x, y))(run, attributes, a, b)
    return number(None, lambda x, y: 0 if y == 0 else x % y)(run, attributes, a, b)


def power(run, attributes, a, b):
    if a.dtype == "f32":
        return elementwise(lambda x, y: x**y, a, b)
    whole = lambda x, y: wrapped(x**y) if y >= 0 else (0 if abs(x) != 1 else int(x**y))
    return elementwise(whole if b.dtype == "i32" else lambda x, y: int(x**y), a, b, dtype="i32")


def to_bfloat16(v):
    """The upper 16 bits of the float, rounded to nearest, halves to even."""
    bits = struct.unpack("<I", struct.pack("<f", v))[0]
    upper = (bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000
    return struct.unpack("<f", struct.pack("<I", upper))[0]


def cast(run, attributes, x):
    to = attributes.get("to", "f32")
    limited = lambda v: int(min(max(v, -(2**31)), 2**31 - 1))
    if attributes.get("bfloat16", False):
        return elementwise(to_bfloat16, x)
    return elementwise({"f32": float, "i32": limited, "bool": lambda v: v != 0}[to], x, dtype=to)


def exponential_unit(alpha, gamma):
    def run_it(run, attributes, x):
        a, g = f32(attributes.get("alpha", alpha)), f32(attributes.get("gamma", gamma))
        return elementwise(lambda v: g * (v if v > 0 else a * math.expm1(v)), x)

    return run_it


def thresholded_relu(run, attributes, x):
    alpha = f32(attributes.get("alpha", 1.0))
    return elementwise(lambda v: v if v > alpha else 0.0, x)


def gelu(run, attributes, x):
    if attributes.get("approximate", "none") == "none":
        return elementwise(lambda v: v / 2 * (1 + math.erf(v / math.sqrt(2))), x)
    return elementwise(lambda v: v / 2 * (1 + math.tanh(math.sqrt(2 / math.pi) * (v + 0.044715 * v**3))), x)


def softplus(v):
    return max(v, 0.0) + math.log1p(math.exp(-abs(v)))


def ramp(slope, offset):
    return lambda v: min(max(slope * v + offset, 0.0), 1.0)


def hard_sigmoid(run, attributes, x):
    return elementwise(ramp(f32(attributes.get("alpha", 0.2)), f32(attributes.get("beta", 0.5))), x)


def split(run, attributes, x):
    axis = attributes.get("axis", 0) % len(x.shape)
    lengths, parts = attributes.get("split", []), attributes.get("num_outputs", 0)
    if not lengths:
        each = -(-x.shape[axis] // parts)
        lengths = [min(each, x.shape[axis] - each * k) for k in range(parts)]
    ends = [sum(lengths[: k + 1]) for k in range(len(lengths))]
    return [
        slice_(run, {"starts": [end - length], "ends": [end], "axes": [axis]}, x) for length, end in zip(lengths, ends)
    ]


def flatten(run, attributes, x):
    axis, rank = attributes.get("axis", 1), len(x.shape)
    axis = axis + rank if axis < 0 else axis
    return Tensor([math.prod(x.shape[:axis]), math.prod(x.shape[axis:])], x.data, x.dtype)


def squeeze(run, attributes, x):
    axes = [axis % len(x.shape) for axis in attributes.get("axes", [])]
    goes = lambda k: k in axes if axes else x.shape[k] == 1
    return Tensor([d for k, d in enumerate(x.shape) if not goes(k)], x.data, x.dtype)


def unsqueeze(run, attributes, x):
    rank = len(x.shape) + len(attributes.get("axes", []))
    axes, lengths = [axis % rank for axis in attributes.get("axes", [])], iter(x.shape)
    return Tensor([1 if k in axes else next(lengths) for k in range(rank)], x.data, x.dtype)


OPERATORS = {
    "Add": number(lambda a, b: a + b),
    "Sub": number(lambda a, b: a - b),
    "Mul": number(lambda a, b: a * b),
    "Div": number(lambda a, b: a / b, quotient),
    "Min": number(min),
    "Max": number(max),
    "Mod": mod,
    "Pow": power,
    "PRelu": pure(lambda x, slope: x if x > 0 else x * slope),
    "Greater": pure(lambda a, b: a > b, "bool"),
    "GreaterOrEqual": pure(lambda a, b: a >= b, "bool"),
    "Less": pure(lambda a, b: a < b, "bool"),
    "LessOrEqual": pure(lambda a, b: a <= b, "bool"),
    "Equal": pure(lambda a, b: a == b, "bool"),
    "And": pure(lambda a, b: a and b, "bool"),
    "Or": pure(lambda a, b: a or b, "bool"),
    "Xor": pure(lambda a, b: a != b, "bool"),
    "Not": pure(lambda a: not a, "bool"),
    "Cast": cast,
    "ThresholdedRelu": thresholded_relu,
    "Elu": exponential_unit(1.0, 1.0),
    "Selu": exponential_unit(1.67326319217681884765625, 1.05070102214813232421875),
    "Gelu": gelu,
    "Mish": pure(lambda v: v * math.tanh(softplus(v))),
    "Softplus": pure(softplus),
    "Softsign": pure(lambda v: v / (1 + abs(v))),
    "HardSigmoid": hard_sigmoid,
    "HardSwish": pure(lambda v: v * ramp(1 / 6, 0.5)(v)),
    "Log": pure(math.log),
    "Reciprocal": pure(lambda v: 1 / v),
    "Erf": pure(math.erf),
    "Floor": pure(lambda v: float(math.floor(v))),
    "Ceil": pure(lambda v: float(math.ceil(v))),
    "Round": pure(lambda v: float(round(v))),
    "Neg": number(lambda v: -v),
    "Sign": number(lambda v: (v > 0) - (v < 0)),
    "Split": split,
    "Flatten": flatten,
    "Squeeze": squeeze,
    "Unsqueeze": unsqueeze,
    "Where": lambda run, attributes, c, x, y: elementwise(lambda c, x, y: x if c else y, c, x, y, dtype=x.dtype),
    "Relu": pure(lambda v: max(v, 0.0)),
    "LeakyRelu": leaky_relu,
    "Sigmoid": pure(sigmoid),
    "Tanh": pure(math.tanh),
    "Sin": pure(math.sin),
    "Cos": pure(math.cos),
    "Asin": pure(math.asin),
    "Acos": pure(math.acos),
    "Atan": pure(math.atan),
    "Exp": pure(math.exp),
    "Sqrt": pure(math.sqrt),
    "Abs": number(abs),
    "Clip": clip,
    "Identity": lambda run, attributes, x: x,
    "Conv": conv,
    "ConvTranspose": conv_transpose,
    "MatMul": matmul,
    "Gemm": gemm,
    "Concat": concat,
    "Slice": slice_,
    "Pad": pad,
    "Reshape": reshape,
    "Transpose": transpose,
    "Expand": expand,
    "Resize": resize,
    "DepthToSpace": depth_to_space,
    "SpaceToDepth": space_to_depth,
    "Tile": tile,
    "Trilu": trilu,
    "CumSum": cum_sum,
    "Gather": gather,
    "GatherElements": gather_elements,
    "GatherND": gather_nd,
    "ScatterElements": scatter_elements,
    "ScatterND": scatter_nd,
    "GridSample": grid_sample,
    "AffineGrid": affine_grid,
    "Einsum": einsum,
    "AveragePool": pool(lambda values, count, attributes: total(values) / count),
    "MaxPool": pool(lambda values, count, attributes: max(values)),
    "LpPool": pool(lp_norm),
    "GlobalAveragePool": reduction(mean, lambda rank: range(2, rank)),
    "GlobalMaxPool": reduction(max, lambda rank: range(2, rank)),
    "ReduceSum": reduction(add_all),
    "ReduceMean": reduction(mean),
    "ReduceProd": reduction(product),
    "ReduceMax": reduction(max),
    "ReduceMin": reduction(min),
    "ReduceL1": reduction(lambda values: total(abs(value) for value in values)),
    "ReduceL2": reduction(lambda values: math.sqrt(sum_square(values))),
    "ReduceSumSquare": reduction(sum_square),
    "ReduceLogSum": reduction(lambda values: math.log(total(values))),
    "ReduceLogSumExp": reduction(log_sum_exp),
    "ArgMax": arg(max),
    "ArgMin": arg(min),
    "Softmax": softmax(False),
    "LogSoftmax": softmax(True),
    "BatchNormalization": batch_normalization,
    "InstanceNormalization": channel_normalization,
    "GroupNormalization": group_normalization,
    "LayerNormalization": layer_normalization,
    "RMSNormalization": rms_normalization,
    "MeanVarianceNormalization": mean_variance_normalization,
    "LpNormalization": lp_normalization,
    "ExemplarStart": exemplar_start,
    "ExemplarDouble": exemplar_double,
    "ExemplarMove": exemplar_move,
    "ExemplarMatch": exemplar_match,
    "ExemplarGather": exemplar_gather,
    "NnfPack": nnf_pack,
    "NnfProject": nnf_project,
    "NnfSearch": nnf_search,
    "NnfPropagate": nnf_propagate,
    "NnfDistance": nnf_distance,
    "NnfVote": nnf_vote,
    "Histogram": histogram,
    "RandomUniform": random_uniform,
    "RandomNormal": random_normal,
    "Bernoulli": bernoulli,
    "Constant": constant,
}


# ---------------------------------------------------------------- running


def run_graph(graph, weights, run, inputs):
    """Values of the graph's outputs, in order; `inputs` by name."""
    values = {**weights, **inputs}
    waiting = list(graph["nodes"])
    while waiting:
        ready = [node for node in waiting if all(name == "" or name in values for name in node["inputs"])]
        assert ready, "nodes wait for each other"
        for node in ready:
            arguments = [values[name] if name else None for name in node["inputs"]]
            results = OPERATORS[node["op"]](run, node.get("attributes", {}), *arguments)
            values.update(zip(node["outputs"], results if isinstance(results, list) else [results], strict=True))
            waiting.remove(node)
    return [values[output["name"]] for output in graph["outputs"]]


def prompt(text, count, buckets):
    """The tokens of a text."""
    words = re.findall(rb"[A-Za-z\x80-\xff]+", text.encode()[:1000])
    words = [b"<" + word.lower() + b">" for word in words]
    pieces = words + [word[i : i + 3] for word in words if len(word) > 3 for i in range(len(word) - 2)]
    tokens = [1 + fnv(piece) % (buckets - 1) for piece in pieces[:count]]
    return tokens + [0] * (count - len(tokens))


def fnv(piece):
    """FNV-1a with 32 bits."""
    hash = 0x811C9DC5
    for byte in piece:
        hash = (hash ^ byte) * 0x01000193 % 2**32
    return hash


def default_inputs(graphs, run):
    """Every input but the state, of all graphs: what its kind says."""
    entries = {}
    for part in ("output", "init", "step"):
        for entry in graphs.get(part, {}).get("inputs", []):
            if entry["kind"] != "state":
                entries.setdefault(entry["name"], entry)
    inputs = {}
    for number, entry in enumerate(entries.values()):
        kind, shape = entry["kind"], [bind(dim, run) for dim in entry["shape"]]
        channel = lambda index: index[min(1, len(index) - 1)]
        name, detail = next(iter(kind.items())) if isinstance(kind, dict) else (kind, None)
        if name == "mask":
            tensor = build(shape, lambda index: 1.0)
        elif name == "range":
            tensor = build(shape, lambda index: f32(detail["default"]))
        elif name == "choice":
            tensor = build(shape, lambda index: float(channel(index) == detail["default"]))
        elif name == "color":
            tensor = build(shape, lambda index: f32(detail["default"][channel(index)]))
        elif name == "coordinates":
            tensor = coordinates(detail, entry["shape"], run)
        elif name == "prompt":
            tokens = prompt(detail["default"], shape[1], detail["buckets"])
            tensor = build(shape, lambda index: tokens[index[1]], "i32")
        elif name == "latent":
            run.step = 0
            tensor = draw(normal if detail == "normal" else uniform, entry["shape"], run, 2000 + number)
            if detail == "uniform":
                tensor = elementwise(lambda u: 2 * u - 1, tensor)
        else:
            raise SystemExit(f"input {entry['name']!r} must be given")
        inputs[entry["name"]] = tensor
    return inputs


def generate(path, run, steps=None):
    """States (after init and after every step) and outputs."""
    generator, graphs, weights, file_hash = read(path)
    of = lambda part: (graphs[part], weights.get(part, {}), run)
    state_input = lambda part: next(entry["name"] for entry in graphs[part]["inputs"] if entry["kind"] == "state")
    states, given = [], default_inputs(graphs, run)
    if "recurrence" in generator:
        run.step = 0
        (state,) = run_graph(*of("init"), given)
        states.append(state)
        for run.step in range(generator["recurrence"]["steps"] if steps is None else steps):
            (state,) = run_graph(*of("step"), {**given, state_input("step"): state})
            states.append(state)
        run.step = len(states) - 1
        given = {**given, state_input("output"): state}
    outputs = run_graph(*of("output"), given)
    names = [output["name"] for output in graphs["output"]["outputs"]]
    return file_hash, states, dict(zip(names, outputs))


def as_json(tensor):
    """binary32 numbers as their bits, so that nothing is lost or rounded on the way."""
    if tensor.dtype == "f32":
        return {"shape": tensor.shape, "bits": [struct.unpack("<I", struct.pack("<f", v))[0] for v in tensor.data]}
    return {"shape": tensor.shape, tensor.dtype: tensor.data}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("--size", default="16x16", help="height x width")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--origin", default="0,0", help="y,x")
    parser.add_argument("--no-wrap", action="store_true")
    arguments = parser.parse_args()
    check_test_vectors()
    height, width = (int(n) for n in arguments.size.split("x"))
    origin = [int(n) for n in arguments.origin.split(",")]
    run = Run(arguments.batch, height, width, arguments.seed, origin, not arguments.no_wrap)
    file_hash, states, outputs = generate(arguments.file, run, arguments.steps)
    result = {
        "request": {
            "batch": run.batch, "height": height, "width": width, "seed": run.seed,
            "origin": origin, "wrap": run.wrap, "steps": len(states) - 1 if states else None,
        },
        "file_hash": file_hash,
        "states": [as_json(state) for state in states],
        "outputs": {name: as_json(tensor) for name, tensor in outputs.items()},
    }
    json.dump(result, sys.stdout, separators=(",", ":"))
    print()


if __name__ == "__main__":
    main()
