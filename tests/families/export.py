#!/usr/bin/env python3
"""Writes one small network of every family that people bring, as PyTorch exports it, with numbers from onnxruntime.

    pip install torch==2.9.0 onnx==1.22.0 onnxruntime numpy
    python export.py [FAMILY ..]
    python export.py --published FOLDER

The second command writes the networks of `PUBLISHED`, as large as their papers have them, for measurements (docs/performance.md).

A family is a folder as in ONNX's own node tests: `model.onnx`, and in `test_data_set_0` one `input_K.pb` for every input and one
`output_K.pb` for every output. Weights are random, from a fixed seed, and small: what is tested is the graph.
"""

import math
import pathlib
import sys

import numpy
import onnx
import onnxruntime
import torch
from torch import nn
from torch.nn import functional as F

HERE = pathlib.Path(__file__).parent


class Dcgan(nn.Module):
    """Radford et al. 2016: transposed convolutions, batch norm, tanh."""

    def __init__(self, latent=16, width=8, doublings=2):
        super().__init__()

        def up(i, o, first=False):
            conv = nn.ConvTranspose2d(i, o, 4, 1 if first else 2, 0 if first else 1, bias=False)
            return [conv, nn.BatchNorm2d(o), nn.ReLU(True)]

        widths = [width << k for k in range(doublings, -1, -1)]
        layers = up(latent, widths[0], True)
        for i, o in zip(widths, widths[1:]):
            layers += up(i, o)
        self.net = nn.Sequential(*layers, nn.ConvTranspose2d(width, 3, 4, 2, 1, bias=False), nn.Tanh())

    def forward(self, z):
        return self.net(z)


class Psgan(nn.Module):
    """Bergmann et al. 2017: a global latent spread over space, a local one, and waves whose number it learns."""

    def __init__(self, local=4, whole=3, waves=2, width=8):
        super().__init__()
        self.wave = nn.Linear(whole, 2 * waves)
        self.phase = nn.Parameter(torch.rand(1, waves, 1, 1) * 6.28)
        self.net = nn.Sequential(
            nn.ConvTranspose2d(local + whole + waves, 2 * width, 5, 2, 2, output_padding=1),
            nn.BatchNorm2d(2 * width),
            nn.ReLU(),
            nn.ConvTranspose2d(2 * width, width, 5, 2, 2, output_padding=1),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.ConvTranspose2d(width, 3, 5, 2, 2, output_padding=1),
            nn.Tanh(),
        )

    def forward(self, local, whole):
        n, _, h, w = local.shape
        k = self.wave(whole).view(n, 2, -1, 1, 1)
        y = torch.arange(h, device=local.device, dtype=local.dtype).view(1, 1, h, 1)
        x = torch.arange(w, device=local.device, dtype=local.dtype).view(1, 1, 1, w)
        waves = torch.sin(k[:, 0] * y + k[:, 1] * x + self.phase)
        spread = whole.view(n, -1, 1, 1).expand(n, whole.shape[1], h, w)
        return self.net(torch.cat([local, spread, waves], 1))


class ModulatedConv(nn.Module):
    """Karras et al. 2020: weights scaled by style and normalised, one group a sample."""

    def __init__(self, i, o, style, kernel=3, up=False, demodulate=True):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(o, i, kernel, kernel))
        self.affine = nn.Linear(style, i)
        nn.init.ones_(self.affine.bias)
        self.up, self.demodulate, self.pad = up, demodulate, kernel // 2

    def forward(self, x, style):
        # Numbers, not traced: the number of groups has to be known.
        n, i, h, w = map(int, x.shape)
        weight = self.weight[None] * self.affine(style)[:, None, :, None, None] / math.sqrt(i * self.weight[0, 0].numel())
        if self.demodulate:
            weight = weight * torch.rsqrt(weight.square().sum([2, 3, 4], keepdim=True) + 1e-8)
        if self.up:
            x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
            h, w = 2 * h, 2 * w
        x = x.reshape(1, n * i, h, w)
        weight = weight.reshape(-1, i, *weight.shape[3:])
        return F.conv2d(x, weight, padding=self.pad, groups=n).reshape(n, -1, h, w)


class StyleGan2(nn.Module):
    def __init__(self, latent=8, width=8):
        super().__init__()
        self.mapping = nn.Sequential(nn.Linear(latent, latent), nn.LeakyReLU(0.2), nn.Linear(latent, latent), nn.LeakyReLU(0.2))
        self.constant = nn.Parameter(torch.randn(1, width, 4, 4))
        self.layers = nn.ModuleList([ModulatedConv(width, width, latent, up=up) for up in (False, True, True)])
        self.to_rgb = nn.ModuleList([ModulatedConv(width, 3, latent, 1, demodulate=False) for _ in range(3)])
        self.noise = nn.Parameter(torch.randn(3) * 0.1)

    def forward(self, z, noise):
        style = self.mapping(z * torch.rsqrt(z.square().mean(1, keepdim=True) + 1e-8))
        x, rgb = self.constant.repeat(z.shape[0], 1, 1, 1), None
        for k, layer in enumerate(self.layers):
            x = layer(x, style)
            grain = F.interpolate(noise, size=x.shape[2:], mode="nearest")
            x = F.leaky_relu(x + self.noise[k] * grain, 0.2) * math.sqrt(2)
            new = self.to_rgb[k](x, style)
            rgb = new if rgb is None else F.interpolate(rgb, scale_factor=2, mode="bilinear", align_corners=False) + new
        return rgb


class Srvgg(nn.Module):
    """Wang et al. 2021, Real-ESRGAN compact: PReLU, pixel shuffle, nearest residual."""

    def __init__(self, width=12, layers=3, scale=4):
        super().__init__()
        body = [nn.Conv2d(3, width, 3, 1, 1), nn.PReLU(width)]
        for _ in range(layers):
            body += [nn.Conv2d(width, width, 3, 1, 1), nn.PReLU(width)]
        self.body = nn.Sequential(*body, nn.Conv2d(width, 3 * scale * scale, 3, 1, 1), nn.PixelShuffle(scale))
        self.scale = scale

    def forward(self, x):
        return self.body(x) + F.interpolate(x, scale_factor=self.scale, mode="nearest")


class Espcn(nn.Module):
    """Shi et al. 2016: sub-pixel convolution."""

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(1, 16, 5, padding=2), nn.Tanh(), nn.Conv2d(16, 8, 3, padding=1), nn.Tanh(),
            nn.Conv2d(8, 9, 3, padding=1), nn.PixelShuffle(3), nn.Sigmoid(),
        )

    def forward(self, x):
        return self.net(x)


class Fsrcnn(nn.Module):
    """Dong et al. 2016: shrink, map, expand, transposed convolution."""

    def __init__(self, d=12, s=6, m=2):
        super().__init__()
        layers = [nn.Conv2d(1, d, 5, padding=2), nn.PReLU(d), nn.Conv2d(d, s, 1), nn.PReLU(s)]
        for _ in range(m):
            layers += [nn.Conv2d(s, s, 3, padding=1), nn.PReLU(s)]
        layers += [nn.Conv2d(s, d, 1), nn.PReLU(d), nn.ConvTranspose2d(d, 1, 9, 2, 4, output_padding=1)]
        self.net = nn.Sequential(*layers)

    def forward(self, x):
        return self.net(x)


class FastStyle(nn.Module):
    """Johnson et al. 2016 with instance norm and resize-convolution: reflection padding, residual blocks."""

    def __init__(self, width=6, blocks=1):
        super().__init__()

        def conv(i, o, k, s=1):
            return nn.Sequential(nn.ReflectionPad2d(k // 2), nn.Conv2d(i, o, k, s))

        def block(i, o, k, s=1):
            return [conv(i, o, k, s), nn.InstanceNorm2d(o, affine=True), nn.ReLU()]

        self.down = nn.Sequential(*block(3, width, 9), *block(width, 2 * width, 3, 2), *block(2 * width, 4 * width, 3, 2))
        wide = 4 * width
        self.residual = nn.ModuleList(
            nn.Sequential(*block(wide, wide, 3), conv(wide, wide, 3), nn.InstanceNorm2d(wide, affine=True)) for _ in range(blocks)
        )
        up = lambda: nn.Upsample(scale_factor=2, mode="nearest")
        self.up = nn.Sequential(up(), *block(4 * width, 2 * width, 3), up(), *block(2 * width, width, 3), conv(width, 3, 9))

    def forward(self, x):
        y = self.down(x)
        for residual in self.residual:
            y = y + residual(y)
        return self.up(y)


class AdaIn(nn.Module):
    """Huang and Belongie 2017: a VGG-like encoder with ceil-mode pooling, moments of style given to content."""

    def __init__(self, width=6):
        super().__init__()
        conv = lambda i, o: [nn.ReflectionPad2d(1), nn.Conv2d(i, o, 3), nn.ReLU()]
        pool = lambda: nn.MaxPool2d(2, 2, 0, ceil_mode=True)
        self.encoder = nn.Sequential(nn.Conv2d(3, 3, 1), *conv(3, width), pool(), *conv(width, 2 * width), pool(), *conv(2 * width, 2 * width))
        self.decoder = nn.Sequential(
            *conv(2 * width, width), nn.Upsample(scale_factor=2, mode="nearest"), *conv(width, width),
            nn.Upsample(scale_factor=2, mode="nearest"), nn.ReflectionPad2d(1), nn.Conv2d(width, 3, 3),
        )

    @staticmethod
    def moments(x):
        n, c = x.shape[:2]
        flat = x.view(n, c, -1)
        std = (flat.var(2) + 1e-5).sqrt().view(n, c, 1, 1)
        return flat.mean(2).view(n, c, 1, 1), std

    def forward(self, content, style, alpha):
        c, s = self.encoder(content), self.encoder(style)
        (cm, cs), (sm, ss) = self.moments(c), self.moments(s)
        mixed = (c - cm) / cs * ss + sm
        return self.decoder(alpha * mixed + (1 - alpha) * c)


class GatedUNet(nn.Module):
    """Yu et al. 2019: gated convolutions, dilation, skip connections, the known pixels kept."""

    class Gated(nn.Module):
        def __init__(self, i, o, k=3, s=1, d=1):
            super().__init__()
            self.conv = nn.Conv2d(i, 2 * o, k, s, d * (k // 2), dilation=d)

        def forward(self, x):
            features, gate = self.conv(x).chunk(2, 1)
            return F.elu(features) * torch.sigmoid(gate)

    def __init__(self, width=6):
        super().__init__()
        g = self.Gated
        self.enter, self.down = g(4, width, 5), g(width, 2 * width, 3, 2)
        self.middle = nn.Sequential(g(2 * width, 2 * width, d=2), g(2 * width, 2 * width, d=4))
        self.up, self.leave = g(2 * width, width), nn.Conv2d(2 * width, 3, 3, padding=1)

    def forward(self, image, mask):
        first = self.enter(torch.cat([image * (1 - mask), mask], 1))
        deep = self.middle(self.down(first))
        deep = F.interpolate(deep, size=first.shape[2:], mode="bilinear", align_corners=False)
        made = torch.tanh(self.leave(torch.cat([self.up(deep), first], 1)))
        return made * mask + image * (1 - mask)


class Attention(nn.Module):
    """Zhang et al. 2019 (SAGAN) with group norm, and a layer-normed MLP behind it."""

    def __init__(self, width=8):
        super().__init__()
        self.norm = nn.GroupNorm(2, width)
        self.qkv, self.out = nn.Conv2d(width, 3 * width, 1), nn.Conv2d(width, width, 1)
        self.layer_norm, self.mlp = nn.LayerNorm(width), nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def forward(self, x):
        n, c, h, w = x.shape
        q, k, v = self.qkv(self.norm(x)).reshape(n, 3 * c, h * w).chunk(3, 1)
        weights = torch.softmax(q.transpose(1, 2) @ k / math.sqrt(c), -1)
        x = x + self.out((v @ weights.transpose(1, 2)).reshape(n, c, h, w))
        tokens = x.flatten(2).transpose(1, 2)
        tokens = tokens + self.mlp(self.layer_norm(tokens))
        return tokens.transpose(1, 2).reshape(n, c, h, w)


class ImageGpt(nn.Module):
    """Chen et al. 2020: attention from each pixel to those before it, once by a mask of minus infinity that is stored and once by
    one that the export computes."""

    def __init__(self, width=8, length=24):
        super().__init__()
        self.heads = 2
        self.place = nn.Parameter(torch.randn(1, length, width) * 0.1)
        self.norm = nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, self.heads, batch_first=True)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.register_buffer("mask", torch.full((length, length), float("-inf")).triu(1))

    def forward(self, x):
        n, c, h, w = x.shape
        tokens = x.flatten(2).transpose(1, 2) + self.place
        normed = self.norm(tokens)
        tokens = tokens + self.attention(normed, normed, normed, attn_mask=self.mask, need_weights=False)[0]
        split = self.qkv(tokens).reshape(n, h * w, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        seen = F.scaled_dot_product_attention(*split.unbind(0), is_causal=True)
        tokens = tokens + self.out(seen.transpose(1, 2).reshape(n, h * w, c))
        return tokens.transpose(1, 2).reshape(n, c, h, w)


class Automaton(nn.Module):
    """One step of a texture automaton: circular padding, fixed depthwise filters, a random mask given from outside."""

    def __init__(self, channels=8, hidden=16):
        super().__init__()
        sobel = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]) / 8
        identity, laplacian = torch.zeros(3, 3), torch.tensor([[1.0, 2, 1], [2, -12, 2], [1, 2, 1]]) / 16
        identity[1, 1] = 1
        filters = torch.stack([identity, sobel, sobel.T, laplacian])[:, None].repeat(channels, 1, 1, 1)
        self.register_buffer("filters", filters)
        self.first, self.second = nn.Conv2d(4 * channels, hidden, 1), nn.Conv2d(hidden, channels, 1, bias=False)

    def forward(self, state, mask):
        padded = F.pad(state, [1, 1, 1, 1], "circular")
        seen = F.conv2d(padded, self.filters, groups=state.shape[1])
        change = self.second(F.relu(self.first(seen)))
        return state + change * (mask > 0.5).float()


def normal(*shape):
    return torch.randn(*shape)


def uniform(*shape):
    return torch.rand(*shape)


# Name: network, its inputs by name, and which of them have open height and width.
FAMILIES = {
    "dcgan": (Dcgan, lambda: {"z": normal(2, 16, 1, 1)}, []),
    "psgan": (Psgan, lambda: {"local": normal(1, 4, 5, 7), "whole": normal(1, 3)}, ["local"]),
    "stylegan2": (StyleGan2, lambda: {"z": normal(2, 8), "noise": normal(2, 1, 16, 16)}, []),
    "srvgg": (Srvgg, lambda: {"image": uniform(1, 3, 13, 18)}, ["image"]),
    "espcn": (Espcn, lambda: {"luma": uniform(1, 1, 11, 14)}, ["luma"]),
    "fsrcnn": (Fsrcnn, lambda: {"luma": uniform(1, 1, 11, 14)}, ["luma"]),
    "fast_style": (FastStyle, lambda: {"image": uniform(1, 3, 24, 32)}, ["image"]),
    "adain": (AdaIn, lambda: {"content": uniform(1, 3, 21, 26), "style": uniform(1, 3, 18, 19), "alpha": uniform(1)}, []),
    "gated_unet": (GatedUNet, lambda: {"image": uniform(1, 3, 20, 28), "mask": (uniform(1, 1, 20, 28) > 0.7).float()}, ["image", "mask"]),
    "attention": (Attention, lambda: {"features": normal(1, 8, 6, 9)}, ["features"]),
    "image_gpt": (ImageGpt, lambda: {"features": normal(2, 8, 4, 6)}, []),
    "automaton": (Automaton, lambda: {"state": normal(1, 8, 9, 12), "mask": uniform(1, 1, 9, 12)}, ["state", "mask"]),
}


# Networks as large as their papers have them, with inputs as large as measurements have them.
PUBLISHED = {
    "dcgan": (lambda: Dcgan(100, 64, 3), lambda: {"z": normal(1, 100, 1, 1)}, []),
    "srvgg": (lambda: Srvgg(64, 16), lambda: {"image": uniform(1, 3, 128, 128)}, ["image"]),
    "fast_style": (lambda: FastStyle(32, 5), lambda: {"image": uniform(1, 3, 256, 256)}, ["image"]),
}


def settle(module):
    """Statistics and affine weights of norms, which are 0 and 1 in a fresh network."""
    for part in module.modules():
        if isinstance(part, (nn.BatchNorm2d, nn.InstanceNorm2d, nn.GroupNorm, nn.LayerNorm)):
            nn.init.uniform_(part.weight, 0.5, 1.5)
            nn.init.uniform_(part.bias, -0.5, 0.5)
        if isinstance(part, nn.BatchNorm2d):
            nn.init.uniform_(part.running_mean, -0.2, 0.2)
            nn.init.uniform_(part.running_var, 0.5, 1.5)
    return module.eval()


def export(name, table, into):
    build, inputs, open_inputs = table[name]
    torch.manual_seed(sum(map(ord, name)))
    module, inputs = settle(build()), inputs()
    folder = into / name / "test_data_set_0"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder.parent / "model.onnx"
    axes = {key: {2: "height", 3: "width"} for key in open_inputs}
    torch.onnx.export(
        module, tuple(inputs.values()), str(path), input_names=list(inputs), output_names=["output"],
        opset_version=17, dynamic_axes=axes, dynamo=False,
    )
    model = onnx.load(path)
    onnx.checker.check_model(model)
    feeds = {key: value.numpy() for key, value in inputs.items()}
    outputs = onnxruntime.InferenceSession(str(path)).run(None, feeds)
    with torch.no_grad():
        expected = module(*inputs.values()).numpy()
    numpy.testing.assert_allclose(outputs[0], expected, rtol=1e-3, atol=1e-4)
    for index, (key, value) in enumerate(feeds.items()):
        (folder / f"input_{index}.pb").write_bytes(onnx.numpy_helper.from_array(value, key).SerializeToString())
    for index, value in enumerate(outputs):
        (folder / f"output_{index}.pb").write_bytes(onnx.numpy_helper.from_array(value, f"output_{index}").SerializeToString())
    operators = sorted({node.op_type for node in model.graph.node})
    size = sum(file.stat().st_size for file in folder.parent.rglob("*") if file.is_file())
    print(f"{name}: {len(model.graph.node)} nodes, {size} bytes, {' '.join(operators)}")


if __name__ == "__main__":
    names = sys.argv[1:]
    if names[:1] == ["--published"]:
        for name in PUBLISHED:
            export(name, PUBLISHED, pathlib.Path(names[1]))
    else:
        for name in names or FAMILIES:
            export(name, FAMILIES, HERE)
