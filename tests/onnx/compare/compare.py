"""Makes ONNX files as people have them, and compares the answers of `imagine` with onnxruntime's.

    pip install onnx==1.22.0 onnxruntime numpy sympy
    cargo build --release -p imagine_cli
    python tests/onnx/compare/compare.py --imagine target/release/imagine

Every graph is one of the architectures in families.py, in one of opset 11 to 23, with names as an exporter gives them, with
some or no open dimensions, and changed by one of variants.py. onnxruntime runs it on the CPU without graph optimisations.
"""

import argparse
import collections
import json
import logging
import pathlib
import shutil
import subprocess
import sys
import tempfile
import warnings

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper

from builder import Net, value
from families import FAMILIES
from variants import VARIANTS

# Absolute tolerances, beside 0.001 relative. 16-bit floats round after every operator in onnxruntime and not here; a quantized
# value that lies halfway between two steps may take either.
TOLERANCE = {"float16": 0.05, "qdq": 0.05, "dynamic": 0.05}
NAMES = [
    {"N": "batch", "H": "height", "W": "width"}, {"N": "batch_size", "H": "width", "W": "height"},
    {"N": "None", "H": "None", "W": "None"}, {"N": "?", "H": "?", "W": "?"}, {"N": "s0", "H": "s77", "W": "s53"},
    {"N": "unk__10", "H": "unk__11", "W": "unk__12"}, {"N": None, "H": None, "W": None},
    {"N": "input_dynamic_axes_1", "H": "input_dynamic_axes_2", "W": "input_dynamic_axes_3"}, {},
]
STYLES = ["torchscript", "dynamo", "keras", "bare"]
KINDS = {np.dtype(np.float32): 1, np.dtype(np.int64): 7}


def graph(index, seed):
    """The model, its data, and what it is."""
    random = np.random.default_rng([seed, index])
    family = FAMILIES[index % len(FAMILIES)]
    weights = np.array([weight for _, weight in VARIANTS], float)
    variant = VARIANTS[int(random.choice(len(VARIANTS), p=weights / weights.sum()))][0]
    opset, style = int(random.integers(11, 24)), STYLES[int(random.integers(len(STYLES)))]
    net = Net(opset, style, random)
    inputs, outputs = family(net)
    names = NAMES[int(random.integers(len(NAMES)))]
    infos, data = [], {}
    for name, (shape, sample) in inputs.items():
        # Without names all dimensions are numbers.
        dims = [names.get(d, side) if isinstance(d, str) else d for d, side in zip(shape, sample.shape)]
        infos.append(value(name, dims, KINDS[sample.dtype]))
        data[name] = sample
    made = net.model(infos, [value(name, None) for name in outputs])
    made, data = variant(made, data, random)
    return made, data, {"family": family.__name__, "variant": variant.__name__, "opset": opset, "style": style}


def save(made, folder):
    external = any(entry.key == "external" for entry in made.metadata_props)
    path = folder / "model.onnx"
    if external:
        onnx.save(made, path, save_as_external_data=True, all_tensors_to_one_file=True, location="model.onnx.data",
                  size_threshold=256)
    else:
        onnx.save(made, path)
    return path


def answers(path, data):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    outputs = session.run(None, data)
    return {info.name: output for info, output in zip(session.get_outputs(), outputs)}


def store(folder, data, outputs):
    to = folder / "test_data_set_0"
    to.mkdir()
    for kind, values in (("input", data), ("output", outputs)):
        for index, (name, array) in enumerate(values.items()):
            tensor = numpy_helper.from_array(np.ascontiguousarray(array), name)
            (to / f"{kind}_{index}.pb").write_bytes(tensor.SerializeToString())


def build(root, count, seed):
    """Writes `count` graphs that onnxruntime runs, by folder of equal tolerance."""
    found, index, skipped = {}, 0, collections.Counter()
    while len(found) < count:
        index += 1
        folder = root / "new"
        folder.mkdir()
        try:
            made, data, about = graph(index, seed)
            outputs = answers(save(made, folder), data)
            if not all(np.isfinite(output.astype(np.float64)).all() for output in outputs.values()):
                raise ValueError("an answer is not finite")
        except Exception as error:  # The tools that make variants, or onnxruntime, do not take every graph.
            skipped[f"{type(error).__name__}: {str(error).splitlines()[0][:110]}"] += 1
            shutil.rmtree(folder)
            continue
        store(folder, data, outputs)
        name = f"{index:04}_{about['family']}_{about['variant']}_opset{about['opset']}_{about['style']}"
        to = root / str(TOLERANCE.get(about["variant"], 1e-4))
        to.mkdir(exist_ok=True)
        folder.rename(to / name)
        found[name] = about
    return found, skipped


def run(imagine, root, executors):
    tests = []
    for folder in sorted(root.iterdir()):
        arguments = [imagine, "onnx-test", str(folder), "--json", "--absolute", folder.name]
        for executor in executors:
            arguments += ["--on", executor]
        done = subprocess.run(arguments, capture_output=True, text=True)
        if done.returncode not in (0, 1):
            sys.exit(done.stderr)
        tests += json.loads(done.stdout)["tests"]
    return tests


def table(tests, found, key):
    rows = collections.defaultdict(collections.Counter)
    for test in tests:
        rows[found[test["name"]][key]][test["status"]] += 1
    lines = [f"| {key} | graphs | equal | refused | different |", "|---|---|---|---|---|"]
    for name in sorted(rows, key=str):
        row = rows[name]
        lines.append(f"| {name} | {sum(row.values())} | {row['passed']} | {row['refused']} | {row['failed']} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--imagine", required=True, help="the program")
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=pathlib.Path, help="a new folder for the graphs; a temporary one by default")
    parser.add_argument("--on", action="append", default=[], choices=["flex", "wgpu", "file"], help="flex by default")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as temporary:
        root = given.keep or pathlib.Path(temporary) / "graphs"
        root.mkdir()
        found, skipped = build(root, given.count, given.seed)
        for reason, times in skipped.most_common():
            print(f"not made, {times}: {reason}", file=sys.stderr)
        tests = [test for test in run(given.imagine, root, given.on or ["flex"]) if test["name"] in found]
    for test in tests:
        if test["status"] != "passed":
            print(test["status"], test["name"], test["reason"].splitlines()[0])
    for key in ("variant", "opset", "family"):
        print("\n" + table(tests, found, key))
    counts = collections.Counter(test["status"] for test in tests)
    print(f"\n{len(tests)} graphs: {counts['passed']} equal, {counts['refused']} refused, {counts['failed']} different")
    sys.exit(1 if counts["failed"] else 0)


if __name__ == "__main__":
    main()
