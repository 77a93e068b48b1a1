#!/usr/bin/env python3
"""Writes layers and small blocks that generators are made of, as both of PyTorch's exporters write them, with numbers from onnxruntime.

    pip install torch==2.9.0 onnx==1.22.0 onnxscript onnxruntime numpy
    python layers.py FOLDER [ts11,ts17,ts20,dynamo18,dynamo20 [LAYER,..]]
    imagine onnx-test FOLDER --absolute 1e-4

Every export is a folder in FOLDER as in ONNX's own node tests, called layer-exporter; those with open height and width end in
`-open`. What an exporter refuses stands in FOLDER/refused.txt. All of it takes half an hour, and is not committed.
"""

import contextlib
import io
import logging
import math
import pathlib
import sys
import warnings

import numpy
import onnx
import onnxruntime
import torch
from onnx import numpy_helper
from torch import nn
from torch.nn import functional as F

LAYERS = {}


class Layer(nn.Module):
    """A function of inputs and of parts with weights."""

    def __init__(self, function, parts):
        super().__init__()
        self.function = function
        for name, part in parts.items():
            setattr(self, name, nn.Parameter(part) if isinstance(part, torch.Tensor) else part)

    def forward(self, *inputs):
        return self.function(self, *inputs)


def normal(*shape):
    return torch.randn(*shape) * 0.5


def image(channels=4, batch=1):
    return (normal(batch, channels, 8, 8),)


def layer(name, module, inputs, is_open=True):
    LAYERS[name] = (module, inputs, is_open)


def block(name, function, inputs, is_open=True, **parts):
    layer(name, Layer(function, parts), inputs, is_open)


def resizing():
    layer("pixel_shuffle", nn.PixelShuffle(2), image(8))
    layer("pixel_unshuffle", nn.PixelUnshuffle(2), image(3))
    layer("upsample_nearest", nn.Upsample(scale_factor=2), image())
    layer("upsample_nearest_exact", nn.Upsample(scale_factor=2, mode="nearest-exact"), image())
    for mode in ["bilinear", "bicubic"]:
        for corners in [False, True]:
            layer(f"upsample_{mode}_{corners}", nn.Upsample(scale_factor=2, mode=mode, align_corners=corners), image())
    layer("upsample_size", nn.Upsample(size=(13, 11), mode="bilinear"), image(), False)
    layer("upsample_half", nn.Upsample(scale_factor=0.5, mode="bilinear"), image())
    layer("upsample_linear_1d", nn.Upsample(scale_factor=2, mode="linear"), (normal(1, 3, 8),), False)
    layer("upsample_trilinear", nn.Upsample(scale_factor=2, mode="trilinear"), (normal(1, 3, 4, 5, 6),), False)
    small = (normal(1, 4, 4, 4), normal(1, 4, 8, 8))
    block("interpolate_like", lambda s, x, y: F.interpolate(x, size=y.shape[2:], mode="nearest") + y, small, False)
    for mode in ["bilinear", "nearest", "bicubic"]:
        for padding in ["zeros", "border", "reflection"]:
            sample = lambda s, x, g, m=mode, p=padding: F.grid_sample(x, g, m, p, align_corners=False)
            block(f"grid_sample_{mode}_{padding}", sample, (*image(), torch.rand(1, 6, 7, 2) * 2 - 1), False)
    turn = lambda s, x, t: F.grid_sample(x, F.affine_grid(t, x.shape, align_corners=False), align_corners=False)
    block("affine_grid", turn, (normal(2, 4, 8, 8), normal(2, 2, 3)), False)


def norms():
    layer("batch_norm", nn.BatchNorm2d(4), image())
    layer("group_norm", nn.GroupNorm(2, 4), image())
    layer("instance_norm", nn.InstanceNorm2d(4, affine=True), image())
    layer("instance_norm_plain", nn.InstanceNorm2d(4), image())
    layer("layer_norm", nn.LayerNorm(8), (normal(2, 5, 8),), False)
    layer("layer_norm_image", nn.LayerNorm([4, 8, 8]), image(), False)
    block("layer_norm_channels", lambda s, x: s.norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2), image(), norm=nn.LayerNorm(4))
    layer("rms_norm", nn.RMSNorm(8), (normal(2, 5, 8),), False)
    block("pixel_norm", lambda s, x: x * torch.rsqrt(x.square().mean(1, keepdim=True) + 1e-8), image())
    block("weight_norm", lambda s, x: s.conv(x), image(), conv=nn.utils.parametrizations.weight_norm(nn.Conv2d(4, 5, 3)))


def convolutions():
    layer("conv1d", nn.Conv1d(4, 6, 3, padding=1), (normal(2, 4, 9),), False)
    layer("conv3d", nn.Conv3d(2, 3, 3, padding=1), (normal(1, 2, 5, 6, 4),), False)
    layer("conv_transpose1d", nn.ConvTranspose1d(4, 6, 4, 2, 1), (normal(2, 4, 9),), False)
    layer("conv_transpose", nn.ConvTranspose2d(4, 6, 4, 2, 1), image())
    layer("conv_transpose3d", nn.ConvTranspose3d(2, 3, 3, 2, 1), (normal(1, 2, 3, 4, 3),), False)
    groups = nn.ConvTranspose2d(4, 6, 3, 2, 1, output_padding=1, groups=2, dilation=2)
    layer("conv_transpose_groups", groups, image())
    for mode in ["reflect", "replicate", "circular"]:
        layer(f"conv_{mode}", nn.Conv2d(4, 5, 3, padding=1, padding_mode=mode), image())
    layer("conv_same", nn.Conv2d(4, 5, 4, padding="same"), image())
    layer("depthwise", nn.Conv2d(4, 8, 3, padding=1, groups=4), image())
    for size in [1, 4, (3, 5)]:
        layer(f"adaptive_avg_{size}", nn.AdaptiveAvgPool2d(size), image(), size == 1)
    layer("adaptive_max", nn.AdaptiveMaxPool2d(1), image())
    layer("max_pool", nn.MaxPool2d(3, 2, 1), image())
    layer("max_pool_ceil", nn.MaxPool2d(3, 2, ceil_mode=True), image(), False)
    layer("avg_pool", nn.AvgPool2d(2), image())
    layer("lp_pool", nn.LPPool2d(2, 2), image())
    block("max_pool_indices", lambda s, x: s.pool(x)[1].float(), image(), False, pool=nn.MaxPool2d(2, return_indices=True))
    block("unfold", lambda s, x: F.unfold(x, 3, padding=1), image(), False)
    block("fold", lambda s, x: F.fold(x, (8, 8), 2, stride=2), (normal(1, 16, 16),), False)

    def modulated(s, x, z):
        n, c, h, w = x.shape
        k = s.weight[None] * s.style(z).view(n, 1, c, 1, 1)
        k = k * torch.rsqrt(k.square().sum((2, 3, 4), keepdim=True) + 1e-8)
        return F.conv2d(x.reshape(1, n * c, h, w), k.view(-1, c, 3, 3), padding=1, groups=n).view(n, -1, h, w)

    inputs = (normal(2, 4, 8, 8), normal(2, 5))
    block("modulated_conv", modulated, inputs, False, weight=normal(6, 4, 3, 3), style=nn.Linear(5, 4))


def attention():
    tokens, heads = (normal(2, 5, 8),), (normal(2, 2, 5, 8),)
    many = lambda: nn.MultiheadAttention(8, 2, batch_first=True)
    block("multihead", lambda s, x: s.a(x, x, x, need_weights=False)[0], tokens, False, a=many())
    block("multihead_weights", lambda s, x: s.a(x, x, x)[1], tokens, False, a=many())
    block("multihead_cross", lambda s, x, y: s.a(x, y, y)[0], (*tokens, normal(2, 7, 8)), False, a=many())
    mask = torch.triu(torch.full((5, 5), float("-inf")), 1)
    block("multihead_causal", lambda s, x: s.a(x, x, x, attn_mask=mask, need_weights=False)[0], tokens, False, a=many())
    block("sdpa_causal", lambda s, x: F.scaled_dot_product_attention(x, x, x, is_causal=True), heads, False)
    block("sdpa_mask", lambda s, x, m: F.scaled_dot_product_attention(x, x, x, m > 0), (*heads, normal(5, 5) + 1), False)
    filled = lambda s, x: torch.softmax((x @ x.transpose(-1, -2)).masked_fill(mask < 0, float("-inf")), -1) @ x
    block("masked_fill", filled, tokens, False)
    transformer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, activation="gelu", norm_first=True)
    layer("transformer_layer", transformer, tokens, False)

    def pixels(s, x):
        n, c, h, w = x.shape
        q, k, v = s.qkv(x).reshape(n, 3, c, h * w).unbind(1)
        return x + (v @ torch.softmax(q.transpose(1, 2) @ k / c**0.5, -1).transpose(1, 2)).reshape(n, c, h, w)

    block("attention_of_pixels", pixels, image(), qkv=nn.Conv2d(4, 12, 1))


def activations():
    modules = [
        nn.SiLU(), nn.GELU(), nn.GELU("tanh"), nn.Mish(), nn.Hardswish(), nn.Hardtanh(), nn.Hardsigmoid(), nn.Softplus(), nn.Softplus(2.0),
        nn.ELU(), nn.SELU(), nn.CELU(0.7), nn.PReLU(4), nn.LeakyReLU(0.2), nn.ReLU6(), nn.GLU(1), nn.Softsign(), nn.LogSigmoid(),
        nn.Tanhshrink(), nn.Softshrink(0.2), nn.Hardshrink(0.2), nn.Threshold(0.1, 0.0), nn.Softmax2d(), nn.Softmin(1), nn.Dropout(0.5),
    ]
    for index, module in enumerate(modules):
        layer(f"{type(module).__name__.lower()}_{index}", module, image())


def functions():
    unary = {
        "angles": lambda x: torch.atan(x) + torch.tan(x) + torch.asin(x.clamp(-0.9, 0.9)) + torch.acos(x.clamp(-0.9, 0.9)),
        "hyperbolic": lambda x: torch.sinh(x) + torch.cosh(x) + torch.asinh(x) + torch.acosh(x.abs() + 1.1),
        "atan2": lambda x: torch.atan2(x, x + 2),
        "remainder": lambda x: torch.remainder(x, 0.3) + torch.fmod(x, 0.4) + torch.frac(3 * x) + torch.trunc(2 * x),
        "logarithms": lambda x: torch.log1p(x.abs()) + torch.expm1(x) + torch.rsqrt(x.abs() + 1) + torch.log2(x.abs() + 1),
        "normalize": lambda x: F.normalize(x, dim=1) + torch.norm(x, dim=1, keepdim=True) + torch.linalg.norm(x),
        "statistics": lambda x: x.var(1, keepdim=True) + x.std((2, 3), keepdim=True) + x.amax(1, keepdim=True) + x.logsumexp(1, True),
        "where_clamp": lambda x: torch.where(x > 0, x.clamp(max=0.3), x.clamp(min=-0.2)),
        "srgb": lambda x: torch.where(x <= 0.0031308, x * 12.92, 1.055 * x.clamp(min=1e-6).pow(1 / 2.4) - 0.055),
        "roll": lambda x: torch.roll(x, (1, -2), (2, 3)),
        "flip": lambda x: torch.flip(x, (3,)),
        "chunks": lambda x: torch.cat([x.chunk(2, 1)[1], x.split([1, 3], 1)[0]], 1),
        "stack": lambda x: torch.stack(x.unbind(1)[::-1], 1),
        "repeat": lambda x: x.repeat(1, 2, 1, 1) + x.repeat_interleave(2, 1),
        "pads": lambda x: F.pad(F.pad(F.pad(x, (1, 2, 1, 1), "reflect"), (1, 1, 2, 0), "replicate"), (2, 1, 1, 1), "circular"),
        "pad_infinite": lambda x: F.max_pool2d(F.pad(x, (1, 1, 1, 1), value=float("-inf")), 3),
    }
    for name, function in unary.items():
        block(name, lambda s, x, f=function: f(x), image())
    rows, ids = (normal(2, 9),), (torch.randint(0, 6, (2, 5)),)
    block("topk", lambda s, x: torch.topk(x, 3, -1)[0], rows, False)
    block("sort", lambda s, x: torch.sort(x, -1)[0], rows, False)
    block("cumsum", lambda s, x: torch.cumsum(x, -1), rows, False)
    block("one_hot", lambda s, x: F.one_hot(x, 6).float(), ids, False)
    block("embedding", lambda s, x: s.table(x), ids, False, table=nn.Embedding(6, 8))
    block("gather", lambda s, x, i: torch.gather(x, 1, i), (*rows, torch.randint(0, 9, (2, 4))), False)
    place = (*rows, torch.tensor([[0, 3], [4, 8]]), normal(2, 2))
    block("scatter", lambda s, x, i, u: torch.scatter(x, 1, i, u), place, False)
    nearest = lambda s, x: s.book(torch.argmin(torch.cdist(x, s.book.weight[None].expand(2, -1, -1)), -1))
    block("codebook", nearest, (normal(2, 5, 8),), False, book=nn.Embedding(6, 8))
    block("einsum", lambda s, x, y: torch.einsum("bhid,bhjd->bhij", x, y), (normal(2, 2, 5, 4), normal(2, 2, 6, 4)), False)
    three = (normal(2, 3), normal(3, 4), normal(2, 4))
    block("einsum_of_three", lambda s, x, y, z: torch.einsum("bi,ij,bj->b", x, y, z), three, False)
    block("bilinear", lambda s, x, y: s.form(x, y), (normal(2, 3), normal(2, 4)), False, form=nn.Bilinear(3, 4, 5))


def conditions():
    film = lambda s, x, z: x * (1 + s.style(z)[:, :4, None, None]) + s.style(z)[:, 4:, None, None]
    block("film", film, (*image(), normal(1, 5)), style=nn.Linear(5, 8))
    spread = lambda s, x, z: torch.cat([x, z[:, :, None, None].expand(-1, -1, x.shape[2], x.shape[3])], 1)
    block("spread_vector", spread, (*image(), normal(1, 3)))
    block("learned_places", lambda s, x: x + s.places[:, : x.shape[1]], (normal(2, 5, 8),), False, places=normal(1, 9, 8))

    def waves(s, x):
        n, _, h, w = x.shape
        down, across = torch.arange(h, dtype=torch.float32) / h, torch.arange(w, dtype=torch.float32) / w
        frequencies = 2.0 ** torch.arange(3)
        a = torch.sin(down[:, None, None] * frequencies * math.pi).expand(h, w, 3)
        b = torch.cos(across[None, :, None] * frequencies * math.pi).expand(h, w, 3)
        return torch.cat([x, torch.cat([a, b], -1).permute(2, 0, 1)[None].expand(n, 6, h, w)], 1)

    block("waves", waves, image())

    def times(s, t):
        angles = t[:, None] * torch.exp(-math.log(10000) * torch.arange(4, dtype=torch.float32) / 4)
        return s.mix(torch.cat([angles.sin(), angles.cos()], -1))

    block("times", times, (torch.rand(3),), False, mix=nn.Linear(8, 8))

    def rotary(s, x):
        angles = torch.arange(x.shape[2]).float()[:, None] / 100 ** (torch.arange(0, x.shape[3], 2).float() / x.shape[3])
        even, odd = x[..., ::2], x[..., 1::2]
        return torch.stack([even * angles.cos() - odd * angles.sin(), even * angles.sin() + odd * angles.cos()], -1).flatten(-2)

    block("rotary", rotary, (normal(2, 2, 5, 8),), False)


def export(folder, module, inputs, exporter, is_open):
    folder.mkdir(parents=True, exist_ok=True)
    path, opset = folder / "model.onnx", int(exporter.lstrip("tsdynamo"))
    names, options = [f"x{index}" for index in range(len(inputs))], {}
    images = [tensor.dim() == 4 for tensor in inputs]
    if exporter.startswith("dynamo"):
        if is_open:
            shapes = tuple({2: torch.export.Dim.AUTO, 3: torch.export.Dim.AUTO} if i else {} for i in images)
            options["dynamic_shapes"] = (shapes,) if isinstance(module, Layer) else shapes
        options |= {"dynamo": True, "external_data": False, "verbose": False}
    else:
        axes = {name: {2: "height", 3: "width"} for name, i in zip(names, images) if i and is_open}
        options |= {"dynamo": False, "dynamic_axes": axes}
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        torch.onnx.export(module.eval(), inputs, str(path), opset_version=opset, input_names=names, **options)
    graph = onnx.load(str(path)).graph
    feeds = {port.name: tensor.numpy() for port, tensor in zip(graph.input, inputs)}
    outputs = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(None, feeds)
    data = folder / "test_data_set_0"
    data.mkdir(exist_ok=True)
    for kind, tensors in (("input", feeds), ("output", dict(zip((port.name for port in graph.output), outputs)))):
        for index, (name, values) in enumerate(tensors.items()):
            tensor = numpy_helper.from_array(numpy.ascontiguousarray(values), name)
            (data / f"{kind}_{index}.pb").write_bytes(tensor.SerializeToString())


def main(folder, exporters="ts11,ts17,ts20,dynamo18,dynamo20", wanted=None):
    warnings.filterwarnings("ignore")
    logging.disable(logging.CRITICAL)
    torch.manual_seed(0)
    for family in [resizing, norms, convolutions, attention, activations, functions, conditions]:
        family()
    pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
    with open(f"{folder}/refused.txt", "a", encoding="utf-8") as refused:
        for name in wanted.split(",") if wanted else LAYERS:
            module, inputs, can_be_open = LAYERS[name]
            for exporter in exporters.split(","):
                for is_open in [False, True][: 1 + can_be_open]:
                    target = pathlib.Path(folder) / f"{name}-{exporter}{'-open' if is_open else ''}"
                    try:
                        export(target, module, inputs, exporter, is_open)
                    except Exception as error:  # An exporter fails in many ways.
                        print(target.name, type(error).__name__, str(error).split("\n")[0], file=refused, flush=True)
                        (target / "model.onnx").unlink(missing_ok=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
