"""Architectures of networks for pictures, with random weights. Each takes a Net and returns its inputs, outputs and data.

A family may choose among variants by the Net's random numbers. Sizes are small, since architecture matters here, not quality.
"""

import numpy as np

from builder import INT64, TensorProto, value

ACTIVATIONS = ["relu", "leaky", "prelu", "elu", "silu", "gelu", "hardswish", "mish", "clip", "tanh"]


def pick(net, *options):
    return options[int(net.random.integers(len(options)))]


def picture(net, sides, channels=3):
    return (net.random.integers(0, 256, (1, channels, *sides)) / 255).astype(np.float32)


def image_net(sides, channels=3, factor=1):
    """Inputs, outputs and data of a network from picture to picture; dims are named later."""
    def wrap(build):
        def family(net):
            y = build(net, "input")
            return {"input": (["N", channels, "H", "W"], picture(net, sides, channels))}, [y]
        family.__name__ = build.__name__
        family.open = True
        return family
    return wrap


@image_net((10, 9))
def srcnn(net, x):
    act = pick(net, *ACTIVATIONS)
    x = net.upsample(x, pick(net, 2, 3), pick(net, "nearest", "linear", "cubic"))
    x = net.act(net.conv(x, 3, 12, pick(net, 5, 9)), act, 12)
    x = net.act(net.conv(x, 12, 8, pick(net, 1, 5)), act, 8)
    return net.conv(x, 8, 3, 5)


@image_net((11, 8))
def espcn(net, x):
    factor, act = pick(net, 2, 3, 4), pick(net, "tanh", "relu", "prelu")
    x = net.act(net.conv(x, 3, 8, 5), act, 8)
    x = net.act(net.conv(x, 8, 8), act, 8)
    return net.op("Sigmoid", net.shuffle(net.conv(x, 8, 3 * factor ** 2), factor))


@image_net((9, 12))
def fsrcnn(net, x):
    x = net.act(net.conv(x, 3, 12, 5), "prelu", 12)
    x = net.act(net.conv(x, 12, 6, 1), "prelu", 6)
    for _ in range(pick(net, 1, 2, 4)):
        x = net.act(net.conv(x, 6, 6), "prelu", 6)
    x = net.act(net.conv(x, 6, 12, 1), "prelu", 12)
    return net.transposed(x, 12, 3, 9, 2, 4, 1)


@image_net((8, 10))
def srvgg(net, x):
    factor, act = pick(net, 2, 4), pick(net, "prelu", "leaky")
    y = net.act(net.conv(x, 3, 12), act, 12)
    for _ in range(pick(net, 2, 4)):
        y = net.act(net.conv(y, 12, 12), act, 12)
    y = net.shuffle(net.conv(y, 12, 3 * factor ** 2), factor)
    return net.op("Add", y, net.upsample(x, factor))


@image_net((8, 8))
def rrdb(net, x):
    """Dense blocks with scaled residuals."""
    feature = y = net.conv(x, 3, 8)
    for _ in range(pick(net, 1, 2)):
        maps = [y]
        for index in range(3):
            joined = net.op("Concat", *maps, axis=1) if index else y
            maps.append(net.act(net.conv(joined, 8 + 4 * index, 4), "leaky"))
        out = net.conv(net.op("Concat", *maps, axis=1), 20, 8)
        y = net.op("Add", net.op("Mul", out, net.number(0.2)), y)
    y = net.op("Add", feature, y)
    y = net.act(net.conv(net.upsample(y, 2), 8, 8), "leaky")
    return net.conv(y, 8, 3)


@image_net((9, 9))
def rcan(net, x):
    """Channel attention."""
    y = net.conv(x, 3, 8)
    for _ in range(2):
        inner = net.conv(net.act(net.conv(y, 8, 8), "relu"), 8, 8)
        pooled = net.op("GlobalAveragePool", inner) if pick(net, 0, 1) else net.mean(inner, [2, 3])
        gate = net.op("Sigmoid", net.conv(net.act(net.conv(pooled, 8, 2, 1), "relu"), 2, 8, 1))
        y = net.op("Add", y, net.op("Mul", inner, gate))
    return net.shuffle(net.conv(y, 8, 12), 2)


@image_net((8, 12))
def imdn(net, x):
    """Split features."""
    y = net.conv(x, 3, 16)
    kept = []
    rest = y
    for _ in range(3):
        keep, rest = net.split(net.act(net.conv(rest, 16 if rest == y else 12, 16), "leaky"), [4, 12])
        kept.append(keep)
    joined = net.op("Concat", *kept, net.conv(rest, 12, 4), axis=1)
    y = net.op("Add", net.conv(joined, 16, 16, 1), y)
    return net.shuffle(net.conv(y, 16, 12), 2)


@image_net((16, 12))
def fast_style(net, x):
    norm = net.instance_norm if pick(net, 0, 1) else net.batch_norm
    layer = lambda x, a, b, k, s: net.act(norm(net.conv(net.pad(x, k // 2), a, b, k, s, 0), b), "relu")
    y = layer(layer(layer(x, 3, 6, 9, 1), 6, 8, 3, 2), 8, 12, 3, 2)
    for _ in range(2):
        inner = norm(net.conv(net.pad(layer(y, 12, 12, 3, 1), 1), 12, 12, 3, 1, 0), 12)
        y = net.op("Add", y, inner)
    y = layer(net.upsample(y, 2), 12, 8, 3, 1)
    y = layer(net.upsample(y, 2), 8, 6, 3, 1)
    y = net.conv(net.pad(y, 4), 6, 3, 9, 1, 0)
    return net.op("Add", net.op("Mul", net.op("Tanh", y), net.number(0.5)), net.number(0.5))


@image_net((16, 16))
def pix2pix(net, x):
    """U-Net with strided convolutions, transposed ones, and dropout that exporters leave in."""
    a = net.act(net.conv(x, 3, 6, 4, 2, 1), "leaky")
    b = net.act(net.batch_norm(net.conv(a, 6, 10, 4, 2, 1), 10), "leaky")
    c = net.act(net.batch_norm(net.conv(b, 10, 12, 4, 2, 1), 12), "relu")
    c = net.batch_norm(net.transposed(c, 12, 10), 10)
    if net.opset >= 12:
        c = net.op("Dropout", c, net.number(0.5))
    d = net.act(net.op("Concat", c, b, axis=1), "relu")
    e = net.act(net.op("Concat", net.batch_norm(net.transposed(d, 20, 6), 6), a, axis=1), "relu")
    return net.op("Tanh", net.transposed(e, 12, 3))


@image_net((12, 12))
def cycle_gan(net, x):
    y = net.act(net.instance_norm(net.conv(net.pad(x, 3), 3, 6, 7, 1, 0), 6), "relu")
    y = net.act(net.instance_norm(net.conv(y, 6, 10, 3, 2), 10), "relu")
    for _ in range(2):
        inner = net.act(net.instance_norm(net.conv(net.pad(y, 1), 10, 10, 3, 1, 0), 10), "relu")
        y = net.op("Add", y, net.instance_norm(net.conv(net.pad(inner, 1), 10, 10, 3, 1, 0), 10))
    y = net.act(net.instance_norm(net.transposed(y, 10, 6, 3, 2, 1, 1), 6), "relu")
    return net.op("Tanh", net.conv(net.pad(y, 3), 6, 3, 7, 1, 0))


@image_net((8, 8))
def adain(net, x):
    """Statistics of features from elementary operators."""
    style = net.act(net.conv(net.op("Sub", net.number(1), x), 3, 6), "relu")
    content = net.act(net.conv(x, 3, 6), "relu")
    def moments(v):
        m = net.mean(v, [2, 3])
        d = net.op("Sub", v, m)
        return m, net.op("Sqrt", net.op("Add", net.mean(net.op("Mul", d, d), [2, 3]), net.number(1e-5)))
    (cm, cs), (sm, ss) = moments(content), moments(style)
    y = net.op("Add", net.op("Mul", net.op("Div", net.op("Sub", content, cm), cs), ss), sm)
    return net.conv(y, 6, 3)


@image_net((8, 8))
def convnext(net, x):
    """Depthwise convolutions and a norm over channels, which lie last for a while."""
    y = net.conv(x, 3, 12, 1)
    for _ in range(2):
        z = net.op("Transpose", net.conv(y, 12, 12, 7, groups=12), perm=[0, 2, 3, 1])
        z = net.act(net.linear(net.layer_norm(z, 12), 12, 24, 4), "gelu")
        z = net.op("Mul", net.linear(z, 24, 12, 4), net.normal(12, scale=0.3))
        y = net.op("Add", y, net.op("Transpose", z, perm=[0, 3, 1, 2]))
    return net.conv(y, 12, 3, 1)


@image_net((8, 8))
def self_attention(net, x):
    """Attention over all pixels, with shapes computed at run time."""
    y = net.act(net.conv(x, 3, 8), "relu")
    batch, height, width = net.size(x, 0), net.size(x, 2), net.size(x, 3)
    heads, size = 2, 4
    def part():
        flat = net.op("Reshape", net.conv(y, 8, 8, 1), net.shape(batch, heads, size, -1))
        return net.op("Transpose", flat, perm=[0, 1, 3, 2])
    seen = net.attention(part(), part(), part(), size)
    back = net.op("Transpose", seen, perm=[0, 1, 3, 2])
    back = net.op("Reshape", back, net.shape(batch, heads * size, height, width))
    return net.conv(net.op("Add", y, back), 8, 3)


@image_net((8, 12))
def window_attention(net, x):
    """Windows of 4 x 4 pixels, cut with shape arithmetic."""
    c, w = 8, 4
    y = net.conv(x, 3, c)
    batch, height, width = net.size(x, 0), net.size(x, 2), net.size(x, 3)
    rows = net.op("Div", height, net.ints(w))
    columns = net.op("Div", width, net.ints(w))
    cut = net.op("Reshape", y, net.shape(batch, c, rows, w, columns, w))
    cut = net.op("Transpose", cut, perm=[0, 2, 4, 3, 5, 1])
    flat = net.layer_norm(net.op("Reshape", cut, net.shape(-1, 1, w * w, c)), c)
    q, k, v = (net.linear(flat, c, c, 4) for _ in range(3))
    out = net.op("Reshape", net.attention(q, k, v, c), net.shape(batch, rows, columns, w, w, c))
    out = net.op("Transpose", out, perm=[0, 5, 1, 3, 2, 4])
    out = net.op("Reshape", out, net.shape(batch, c, height, width))
    return net.conv(net.op("Add", y, out), c, 3)


@image_net((12, 8))
def hand_shuffle(net, x):
    """A pixel shuffle from shape arithmetic, and a crop to the input's size times two."""
    y = net.conv(x, 3, 12)
    batch, height, width = net.size(x, 0), net.size(x, 2), net.size(x, 3)
    six = net.op("Reshape", y, net.shape(batch, 3, 2, 2, height, width))
    six = net.op("Transpose", six, perm=[0, 1, 4, 2, 5, 3])
    two = net.ints(2)
    y = net.op("Reshape", six, net.shape(batch, 3, net.op("Mul", height, two), net.op("Mul", width, two)))
    return net.op("Clip", y, net.number(0), net.number(1))


@image_net((16, 16))
def pyramid(net, x):
    """Pools of all kinds, resized to a common size at run time."""
    y = net.act(net.conv(x, 3, 8), "relu")
    low = net.op("MaxPool", y, kernel_shape=[2, 2], strides=[2, 2])
    lower = net.op("AveragePool", low, kernel_shape=[2, 2], strides=[2, 2])
    size = net.slice(net.op("Shape", y), 2, 4, 0)
    batch = net.slice(net.op("Shape", y), 0, 2, 0)
    roi = net.tensor(np.array([], np.float32))
    up = lambda v: net.op("Resize", v, roi if net.opset < 13 else "", net.tensor(np.array([], np.float32)) if net.opset < 13 else "",
                          net.op("Concat", batch, size, axis=0), mode="linear", coordinate_transformation_mode="half_pixel")
    joined = net.op("Concat", y, up(low), up(lower), axis=1)
    return net.op("Sigmoid", net.conv(joined, 24, 3, 1))


@image_net((10, 10))
def dilated(net, x):
    y = x
    for index, (a, b) in enumerate([(3, 8), (8, 8), (8, 8)]):
        y = net.act(net.conv(y, a, b, 3, dilation=2 ** index, groups=1 if index == 0 else 4), "elu")
    gate, value_ = net.split(net.conv(y, 8, 8), [4, 4])
    y = net.op("Mul", net.op("Sigmoid", gate), net.op("Tanh", value_))
    return net.conv(y, 4, 3, 1)


@image_net((9, 7))
def roll(net, x):
    """Shifts around the border, as seamless networks have them."""
    for axis in (2, 3):
        x = net.op("Concat", net.slice(x, -2, 2 ** 62, axis), net.slice(x, 0, -2, axis), axis=axis)
    y = net.op("Concat", net.slice(x, -1, 2 ** 62, 3), x, net.slice(x, 0, 1, 3), axis=3)
    y = net.op("Concat", net.slice(y, -1, 2 ** 62, 2), y, net.slice(y, 0, 1, 2), axis=2)
    return net.act(net.conv(y, 3, 3, 3, pad=0), "sigmoid")


@image_net((8, 8))
def waifu(net, x):
    """Convolutions without padding between an edge padding and a crop."""
    y = net.pad(x, 3, "edge")
    for a, b in [(3, 8), (8, 8), (8, 6)]:
        y = net.act(net.conv(y, a, b, pad=0), "leaky")
    y = net.transposed(y, 6, 3, 4, 2, 3)
    return net.op("Clip", y, net.number(0), net.number(1))


def latent(net, size):
    return net.random.normal(0, 1, (2, size)).astype(np.float32)


def dcgan(net):
    z = net.op("Reshape", "z", net.ints(-1, 12, 1, 1))
    y = net.act(net.batch_norm(net.transposed(z, 12, 10, 4, 1, 0), 10), "relu")
    y = net.act(net.batch_norm(net.transposed(y, 10, 8), 8), pick(net, "relu", "leaky"))
    return {"z": (["N", 12], latent(net, 12))}, [net.op("Tanh", net.transposed(y, 8, 3))]


def conditional(net):
    """A generator of a class, by an embedding or one-hot."""
    if pick(net, 0, 1):
        label, shape = np.array([3, 7], INT64), ["N"]
        embedded = net.op("Gather", net.normal(10, 6), "label", axis=0)
    else:
        label, shape = np.eye(10, dtype=np.float32)[[3, 7]], ["N", 10]
        embedded = net.linear("label", 10, 6)
    y = net.op("Concat", "z", embedded, axis=1)
    y = net.act(net.linear(y, 18, 8 * 16), "relu")
    y = net.op("Reshape", y, net.ints(-1, 8, 4, 4))
    y = net.act(net.batch_norm(net.conv(net.upsample(y, 2), 8, 8), 8), "leaky")
    return {"z": (["N", 12], latent(net, 12)), "label": (shape, label)}, [net.op("Tanh", net.conv(y, 8, 3))]


def style_gan(net):
    """A mapping network, modulated and demodulated weights, noise from the file, skips of RGB."""
    w = net.op("Div", "z", net.op("Sqrt", net.op("Add", net.mean(net.op("Mul", "z", "z"), [1]), net.number(1e-8))))
    for _ in range(2):
        w = net.act(net.linear(w, 8, 8), "leaky")
    y = net.op("Expand", net.normal(1, 8, 4, 4), net.shape(net.size("z", 0), 8, 4, 4))
    rgb = None
    for level in range(2):
        if level:
            y, rgb = net.upsample(y, 2), net.upsample(rgb, 2, "linear")
        style = net.unsqueeze(net.op("Add", net.linear(w, 8, 8), net.number(1)), 2, 3)
        weight = net.random.normal(0, 1 / np.sqrt(72), (8, 8, 3, 3))
        squares = net.tensor((weight ** 2).sum((2, 3)).T)
        power = net.op("MatMul", net.op("Mul", net.squeeze(style, 2, 3), net.squeeze(style, 2, 3)), squares)
        demod = net.unsqueeze(net.op("Reciprocal", net.op("Sqrt", net.op("Add", power, net.number(1e-8)))), 2, 3)
        y = net.op("Conv", net.op("Mul", y, style), net.tensor(weight), kernel_shape=[3, 3], pads=[1] * 4)
        y = net.op("Add", net.op("Mul", y, demod), net.normal(1, 1, 4 << level, 4 << level, scale=0.1))
        y = net.act(y, "leaky")
        now = net.conv(y, 8, 3, 1)
        rgb = net.op("Add", rgb, now) if rgb else now
    return {"z": (["N", 8], latent(net, 8))}, [rgb]


def timestep_embedding(net, t, size):
    half = size // 2
    steps = net.tensor(np.exp(-np.log(10000) * np.arange(half) / half).astype(np.float32))
    t = net.unsqueeze(net.op("Cast", t, to=TensorProto.FLOAT), 1)
    angle = net.op("Mul", t, steps)
    return net.op("Concat", net.op("Sin", angle), net.op("Cos", angle), axis=1)


def diffusion(net):
    """A denoiser of a time step, with group norms and attention at the lowest level."""
    emb = net.linear(net.act(net.linear(timestep_embedding(net, "timestep", 8), 8, 16), "silu"), 16, 16)
    def block(x, a, b):
        y = net.conv(net.act(net.group_norm(x, a, 4), "silu"), a, b)
        shift = net.unsqueeze(net.linear(net.act(emb, "silu"), 16, b), 2, 3)
        y = net.op("Add", y, shift)
        y = net.conv(net.act(net.group_norm(y, b, 4), "silu"), b, b)
        return net.op("Add", y, x if a == b else net.conv(x, a, b, 1))
    first = net.conv("sample", 3, 8)
    a = block(first, 8, 8)
    b = block(net.conv(a, 8, 8, 3, 2), 8, 16)
    batch, height, width = net.size(b, 0), net.size(b, 2), net.size(b, 3)
    def tokens(v):
        return net.op("Transpose", net.op("Reshape", v, net.shape(batch, 2, 8, -1)), perm=[0, 1, 3, 2])
    normed = net.group_norm(b, 16, 4)
    seen = net.attention(*(tokens(net.conv(normed, 16, 16, 1)) for _ in range(3)), 8)
    seen = net.op("Reshape", net.op("Transpose", seen, perm=[0, 1, 3, 2]), net.shape(batch, 16, height, width))
    b = net.op("Add", b, net.conv(seen, 16, 16, 1))
    y = block(net.op("Concat", net.conv(net.upsample(b, 2), 16, 8), a, axis=1), 16, 8)
    y = net.conv(net.act(net.group_norm(y, 8, 4), "silu"), 8, 3)
    data = net.random.normal(0, 1, (1, 3, 8, 12)).astype(np.float32)
    return {"sample": (["N", 3, "H", "W"], data), "timestep": (["N"], np.array([481], INT64))}, [y]


diffusion.open = True


def transformer(net):
    """Patches as tokens, with learned positions, to pixels again."""
    c, p = 12, 4
    y = net.conv("pixels", 3, c, p, p, 0)
    y = net.op("Transpose", net.op("Reshape", y, net.ints(0, c, -1)), perm=[0, 2, 1])
    y = net.op("Add", y, net.normal(1, 16, c, scale=0.5))
    for _ in range(2):
        z = net.layer_norm(y, c)
        heads = []
        for _ in range(3):
            part = net.op("Reshape", net.linear(z, c, c, 3), net.ints(0, -1, 2, c // 2))
            heads.append(net.op("Transpose", part, perm=[0, 2, 1, 3]))
        seen = net.op("Transpose", net.attention(*heads, c // 2), perm=[0, 2, 1, 3])
        y = net.op("Add", y, net.linear(net.op("Reshape", seen, net.ints(0, -1, c)), c, c, 3))
        y = net.op("Add", y, net.linear(net.act(net.linear(net.layer_norm(y, c), c, 24, 3), "gelu"), 24, c, 3))
    y = net.op("Reshape", net.linear(y, c, 3 * p * p, 3), net.ints(-1, 4, 4, p, p, 3))
    y = net.op("Reshape", net.op("Transpose", y, perm=[0, 5, 1, 3, 2, 4]), net.ints(-1, 3, 16, 16))
    return {"pixels": (["N", 3, 16, 16], picture(net, (16, 16)))}, [y]


def mixer(net):
    y = net.conv("pixels", 3, 8, 4, 4, 0)
    y = net.op("Reshape", y, net.ints(0, 8, 9))
    for _ in range(2):
        y = net.op("Add", y, net.linear(net.act(net.linear(net.layer_norm(y, 9), 9, 18, 3), "gelu"), 18, 9, 3))
        z = net.op("Transpose", y, perm=[0, 2, 1])
        z = net.linear(net.act(net.linear(net.layer_norm(z, 8), 8, 16, 3), "gelu"), 16, 8, 3)
        y = net.op("Add", y, net.op("Transpose", z, perm=[0, 2, 1]))
    y = net.op("Reshape", y, net.ints(0, 8, 3, 3))
    return {"pixels": (["N", 3, 12, 12], picture(net, (12, 12)))}, [net.transposed(y, 8, 3, 4, 4, 0)]


def siren(net):
    """A picture as a function of coordinates."""
    y = net.op("Transpose", "coords", perm=[0, 2, 3, 1])
    for a, b in [(2, 16), (16, 16)]:
        y = net.op("Sin", net.op("Mul", net.linear(y, a, b, 4), net.number(3)))
    y = net.op("Transpose", net.linear(y, 16, 3, 4), perm=[0, 3, 1, 2])
    grid = np.stack(np.meshgrid(np.linspace(-1, 1, 10), np.linspace(-1, 1, 7))).astype(np.float32)[None]
    return {"coords": (["N", 2, "H", "W"], grid)}, [net.op("Add", net.op("Mul", y, net.number(0.5)), net.number(0.5))]


siren.open = True


def automaton(net):
    """A step of a cellular automaton: fixed filters for every channel, and a small network for every cell."""
    c = 8
    sobel = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]) / 8
    filters = np.zeros((3 * c, 1, 3, 3))
    for channel in range(c):
        filters[3 * channel, 0, 1, 1] = 1
        filters[3 * channel + 1, 0], filters[3 * channel + 2, 0] = sobel, sobel.T
    padded = net.pad("state", 1, "wrap") if net.opset >= 19 else net.pad("state", 1, "edge")
    y = net.op("Conv", padded, net.tensor(filters), kernel_shape=[3, 3], group=c)
    y = net.conv(net.act(net.conv(y, 3 * c, 24, 1), "relu"), 24, c, 1, bias=False)
    alive = net.op("Greater", net.op("MaxPool", net.slice("state", 3, 4, 1), kernel_shape=[3, 3], pads=[1] * 4), net.number(0.1))
    y = net.op("Mul", net.op("Add", "state", y), net.op("Cast", alive, to=TensorProto.FLOAT))
    return {"state": (["N", c, "H", "W"], net.random.uniform(0, 1, (1, c, 9, 8)).astype(np.float32))}, [y]


automaton.open = True


def depth(net):
    """An output with another number of channels, and a mask."""
    y = net.op("Where", net.op("Greater", "mask", net.number(0.5)), net.number(0), "image")
    y = net.op("Concat", y, "mask", axis=1)
    y = net.act(net.batch_norm(net.conv(y, 4, 8, 3, 2), 8), "relu")
    y = net.act(net.conv(net.upsample(y, 2, "linear"), 8, 4), "elu")
    first, second = net.conv(y, 4, 3), net.op("Softplus", net.conv(y, 4, 1))
    mask = (net.random.random((1, 1, 12, 8)) > 0.5).astype(np.float32)
    inputs = {"image": (["N", 3, "H", "W"], picture(net, (12, 8))), "mask": (["N", 1, "H", "W"], mask)}
    return inputs, [first, second]


depth.open = True

FAMILIES = [
    srcnn, espcn, fsrcnn, srvgg, rrdb, rcan, imdn, fast_style, pix2pix, cycle_gan, adain, convnext, self_attention,
    window_attention, hand_shuffle, pyramid, dilated, roll, waifu, dcgan, conditional, style_gan, diffusion, transformer, mixer,
    siren, automaton, depth,
]
