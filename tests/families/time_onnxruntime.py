"""How long onnxruntime takes for an ONNX file on the CPU, the inputs being noise.

    python time_onnxruntime.py model.onnx HEIGHT WIDTH [RUNS]

Open dimensions take HEIGHT and WIDTH, any other 1. Prints the median and the fastest run in milliseconds.
"""

import statistics
import sys
import time

import numpy
import onnxruntime

path, height, width = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
runs = int(sys.argv[4]) if len(sys.argv) > 4 else 10
session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
sides = {2: height, 3: width}
random = numpy.random.default_rng(0)
feeds = {
    port.name: random.random([n if isinstance(n, int) else sides.get(axis, 1) for axis, n in enumerate(port.shape)], "float32")
    for port in session.get_inputs()
}
times = []
for run in range(runs + 2):
    start = time.perf_counter()
    session.run(None, feeds)
    if run >= 2:
        times.append(1e3 * (time.perf_counter() - start))
print(f"{path}: median {statistics.median(times):.2f} ms, fastest {min(times):.2f} ms of {runs} runs")
