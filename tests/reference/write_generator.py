#!/usr/bin/env python3
"""Writes a generator file, from docs/generator-file.md alone and with nothing but the standard library.

    write_generator.py automaton.generator.safetensors inputs.generator.safetensors

The first is a small recurrent generator, a cellular automaton with made-up weights: every step looks at a cell's 3x3
neighbourhood on a torus, passes it through two layers, and updates the cells that a random number picks. The second has an
input of every kind with a default, and hands them out as they are.
"""

import json
import struct
import sys

from read_generator import node_key, uniform

CHANNELS, HIDDEN = 6, 10
LARGEST = 3.4028235e38
STATE = ["batch", CHANNELS, {"height": [1, 1]}, {"width": [1, 1]}]
CELL = ["batch", 1, {"height": [1, 1]}, {"width": [1, 1]}]


def write(path, generator, graphs, card, weights):
    """`weights` is {graph: {name: (shape, floats)}}. The file is in canonical form, but for attributes at their default,
    which the caller leaves out."""
    compact = lambda value: json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    metadata = {
        "imagine.format": "1",
        "imagine.generator": compact(generator),
        "imagine.graphs": compact(graphs),
        "imagine.card": compact(card),
    }
    tensors = sorted((f"{graph}.{name}", tensor) for graph, named in weights.items() for name, tensor in named.items())
    header, data = {"__metadata__": dict(sorted(metadata.items()))}, b""
    for name, (shape, numbers) in tensors:
        content = struct.pack(f"<{len(numbers)}f", *numbers)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def node(name, op, inputs, output=None, **attributes):
    entry = {"name": name, "op": op, "inputs": inputs, "outputs": [output or name]}
    return {**entry, "attributes": attributes} if attributes else entry


def numbers(count, scale, stream):
    """Reproducible weights."""
    key = node_key(2026, stream, 0)
    return [(uniform(i, 0, 0, key) * 2 - 1) * scale for i in range(count)]


def perception():
    """For each channel: itself, its horizontal and vertical slope (Sobel), its curvature (Laplacian)."""
    identity = [0, 0, 0, 0, 1, 0, 0, 0, 0]
    sobel_x = [-1, 0, 1, -2, 0, 2, -1, 0, 1]
    sobel_y = [-1, -2, -1, 0, 0, 0, 1, 2, 1]
    laplacian = [1, 2, 1, 2, -12, 2, 1, 2, 1]
    filters = identity + [v / 4 for v in sobel_x + sobel_y + laplacian]
    return [4 * CHANNELS, 1, 3, 3], [float(v) for v in filters * CHANNELS]


def automaton(path):
    step = {
        "inputs": [{"name": "state", "kind": "state", "shape": STATE}],
        "nodes": [
            node("perceive", "Conv", ["state", "perception.weight"], group=CHANNELS, pads=[1, 1, 1, 1], pad_mode="wrap"),
            node("hidden", "Conv", ["perceive", "w1.weight", "w1.bias"]),
            node("active", "Relu", ["hidden"]),
            node("update", "Conv", ["active", "w2.weight"]),
            node("squashed", "Tanh", ["update"]),
            node("target", "Mul", ["squashed", "bound"]),
            node("delta", "Sub", ["target", "state"]),
            node("chance", "RandomUniform", [], shape=CELL),
            node("fires", "Greater", ["chance", "fire_threshold"]),
            node("gate", "Where", ["fires", "rate", "zero"]),
            node("change", "Mul", ["delta", "gate"]),
            node("next", "Add", ["state", "change"]),
        ],
        "outputs": [output("next", "state", [-LARGEST, LARGEST], "linear")],
    }
    init = {
        "inputs": [],
        "nodes": [node("state", "RandomUniform", [], low=-0.1, high=0.1, shape=STATE, stream=1000)],
        "outputs": [{**step["outputs"][0], "name": "state"}],
    }
    visible = {
        "inputs": step["inputs"],
        "nodes": [
            node("color.slice", "Slice", ["state"], starts=[0], ends=[3], axes=[1]),
            node("color.scaled", "Mul", ["color.slice", "color.std"]),
            node("color.shifted", "Add", ["color.scaled", "color.mean"]),
            node("base_color", "Clip", ["color.shifted"], min=0.0, max=1.0),
            node("rough.slice", "Slice", ["state"], starts=[3], ends=[4], axes=[1]),
            node("roughness", "Sigmoid", ["rough.slice"]),
        ],
        "outputs": [output("base_color", "base_color", [0.0, 1.0], "srgb"), output("roughness", "roughness", [0.0, 1.0], "linear")],
    }
    weights = {
        "step": {
            "perception.weight": perception(),
            "w1.weight": ([HIDDEN, 4 * CHANNELS, 1, 1], numbers(HIDDEN * 4 * CHANNELS, 0.4, 1)),
            "w1.bias": ([HIDDEN], numbers(HIDDEN, 0.2, 2)),
            "w2.weight": ([CHANNELS, HIDDEN, 1, 1], numbers(CHANNELS * HIDDEN, 0.4, 3)),
            "bound": ([], [3.0]),
            "fire_threshold": ([], [0.5]),
            "rate": ([], [0.3]),
            "zero": ([], [0.0]),
        },
        "output": {
            "color.std": ([1, 3, 1, 1], [0.2, 0.25, 0.3]),
            "color.mean": ([1, 3, 1, 1], [0.5, 0.4, 0.3]),
        },
    }
    generator = {"size": {"multiple": [1, 1], "min": [3, 3], "tiles": True}, "recurrence": {"steps": 16, "step_rate": 30.0}}
    card = {"title": "Automaton with made-up weights", "license": "CC0-1.0", "training_data": [], "recipe": "", "metrics": {}, "date": ""}
    write(path, generator, {"init": init, "output": visible, "step": step}, card, weights)


def inputs(path):
    kinds = {
        "normal": ({"latent": "normal"}, ["batch", 2, {"height": [1, 1]}, {"width": [1, 2]}]),
        "uniform": ({"latent": "uniform"}, ["batch", 5]),
        "wear": ({"range": {"min": -1.0, "max": 2.0, "default": 0.3}}, []),
        "weather": ({"choice": {"options": ["dry", "wet", "snow"], "default": 1}}, ["batch", 3, 1, 1]),
        "tint": ({"color": {"default": [0.1, 0.2, 0.7]}}, ["batch", 3, {"height": [1, 1]}, {"width": [1, 1]}]),
        "mask": ("mask", ["batch", 1, {"height": [1, 1]}, {"width": [1, 1]}]),
        "place": ({"coordinates": "plane"}, ["batch", 2, {"height": [1, 1]}, {"width": [1, 2]}]),
        "words": ({"prompt": {"buckets": 2048, "default": "Ice-staff of \u00e4 dragon"}}, ["batch", 20]),
    }
    dtypes = {"words": {"dtype": "i32"}}
    graph = {
        "inputs": [{"name": name, "kind": kind, "shape": shape, **dtypes.get(name, {})} for name, (kind, shape) in kinds.items()],
        "nodes": [node(f"{name}.out", "Identity", [name]) for name in kinds],
        "outputs": [output(f"{name}.out", "tensor", [-LARGEST, LARGEST], "linear") for name in kinds],
    }
    generator = {"size": {"multiple": [1, 2], "min": [1, 2], "tiles": False}}
    card = {"title": "All inputs", "license": "CC0-1.0", "training_data": [], "recipe": "", "metrics": {}, "date": ""}
    write(path, generator, {"output": graph}, card, {})


def output(name, kind, value_range, color_space):
    return {"name": name, "kind": kind, "range": value_range, "color_space": color_space}


if __name__ == "__main__":
    automaton(sys.argv[1])
    inputs(sys.argv[2])
