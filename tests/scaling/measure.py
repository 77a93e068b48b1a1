#!/usr/bin/env python3
"""How time and memory grow with texels and with the size of a network.

    pip install matplotlib numpy onnx
    python measure.py IMAGINE FOLDER            # times everything, writes FOLDER/scaling.tsv
    python measure.py --plot FOLDER PLOT.svg    # draws it

IMAGINE is an optimised command line (`cargo build --release -p imagine_cli`). Each row is a process of its own: the fastest of its runs, and the most
memory that the process held.
"""

import csv
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
ASSETS = ROOT / "assets"
# Name, file, steps, sides on the CPU, sides on the GPU.
SIDES = [128, 256, 512, 1024, 2048, 4096, 8192]
FILES = [
    ("by example", ASSETS / "materials/castle_stones.generator.safetensors", None, SIDES[1:], SIDES[1:5]),
    ("layers of three", ASSETS / "layers/rusted_plate.layers.ron", None, SIDES[1:6], SIDES[1:4]),
    ("living texture, 16 steps", ASSETS / "generators/stone_wall.generator.safetensors", 16, SIDES[:5], SIDES[:3]),
    ("upscaler x2", ASSETS / "upscalers/sesr_small_x2.generator.safetensors", None, SIDES[:6], SIDES[:4]),
]
WIDTHS = [8, 16, 32, 64, 128]
WIDTH_SIDE = 128


def network(width, path):
    """Eight convolutions of 3x3 between as many channels, from a colour to a colour."""
    import numpy
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    random = numpy.random.default_rng(0)
    nodes, weights, at = [], [], "x"
    channels = [3] + [width] * 7 + [3]
    for index, (before, after) in enumerate(zip(channels, channels[1:])):
        values = random.normal(size=(after, before, 3, 3)) * (1.5 / (9 * before)) ** 0.5
        weights.append(numpy_helper.from_array(values.astype("float32"), f"w{index}"))
        nodes.append(helper.make_node("Conv", [at, f"w{index}"], [f"c{index}"], pads=[1] * 4))
        nodes.append(helper.make_node("Relu", [f"c{index}"], [f"r{index}"]))
        at = f"r{index}"
    image = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3, "height", "width"])
    graph = helper.make_graph(nodes, "width", [image("x")], [image(at)], weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), path)
    return ["--input=x=image:srgb", f"--output={at}=base_color"]


def timed(imagine, file, executor, side, more):
    """Fastest milliseconds and most bytes of a process that runs it; None if it refuses."""
    runs = ["--runs", "5" if side <= 1024 else "2", "--warm", "1", "--no-cold", "--json", "--executors", executor]
    command = [imagine, "bench", str(file), "--size", f"{side}x{side}", *runs, *more]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    told, errors = process.stdout.read(), process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        print(f"{file.name} {side} {executor}: {errors.strip().splitlines()[-1:]}", file=sys.stderr)
        return None
    return json.loads(told)["executors"][executor]["fastest_ms"], usage.ru_maxrss * 1024


def main():
    if sys.argv[1] == "--plot":
        return plot(pathlib.Path(sys.argv[2]), sys.argv[3])
    imagine, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "scaling.tsv", "w", newline="") as out:
        rows = csv.writer(out, delimiter="\t")
        rows.writerow(["of", "name", "executor", "size", "ms", "bytes"])

        def add(of, name, executor, size, found):
            if found:
                rows.writerow([of, name, executor, size, f"{found[0]:.2f}", found[1]])
                out.flush()

        for name, file, steps, on_cpu, on_gpu in FILES:
            more = [] if steps is None else ["--steps", str(steps)]
            for executor, sides in (("cpu", on_cpu), ("gpu", on_gpu)):
                for side in sides:
                    add("texels", name, executor, side, timed(imagine, file, executor, side, more))
        for width in WIDTHS:
            path = folder / f"width{width}.onnx"
            roles = network(width, path)
            for executor in ("cpu", "gpu"):
                add("channels", "8 convolutions", executor, width, timed(imagine, path, executor, WIDTH_SIDE, roles))


def plot(folder, path):
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "scaling"})
    import matplotlib.pyplot as plt

    with open(folder / "scaling.tsv", newline="") as table:
        rows = list(csv.DictReader(table, delimiter="\t"))
    figure, axes = plt.subplots(1, 3, figsize=(13, 4))
    for axis, of, what, title in (
        (axes[0], "texels", "ms", "time against texels"),
        (axes[1], "texels", "bytes", "memory of the process against texels"),
        (axes[2], "channels", "ms", f"time against channels, {WIDTH_SIDE}x{WIDTH_SIDE}"),
    ):
        kinds = {(row["name"], row["executor"]): None for row in rows if row["of"] == of}
        colors = {name: f"C{index}" for index, name in enumerate(dict.fromkeys(name for name, _ in kinds))}
        for name, executor in kinds:
            mine = [row for row in rows if (row["of"], row["name"], row["executor"]) == (of, name, executor)]
            sizes = [int(row["size"]) ** (2 if of == "texels" else 1) for row in mine]
            values = [float(row[what]) / (2**20 if what == "bytes" else 1) for row in mine]
            style = "-" if executor == "cpu" else "--"
            axis.loglog(sizes, values, style, marker="o", markersize=3, color=colors[name], label=f"{name}, {executor}")
        axis.set_title(title, fontsize=10)
        axis.set_xlabel("texels" if of == "texels" else "channels")
        axis.set_ylabel("MiB" if what == "bytes" else "milliseconds")
        axis.grid(alpha=0.3)
        axis.legend(fontsize=6)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    main()
