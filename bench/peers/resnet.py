#!/usr/bin/env python3
"""A forward pass of ResNet-50 by fringe on CPU BLAS and by ONNX Runtime, in turns on the same processor.

    bench/peers/resnet.py --fringe build/nocuda/bin/fringe_bench

The network is built here from the layers of its paper (K. He et al., arXiv:1512.03385, table 1; the stride in the 3×3,
as torchvision and fringe have it) with random weights: what a pass costs doesn't depend on them. Both times are shown: the
clock's, and the processor's summed over threads, which neighbours disturb less; the shortest of the rounds counts. OpenBLAS
picks its kernels itself here, whatever OPENBLAS_CORETYPE says: ONNX Runtime does, too.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from environments import NotInstalled, python_of  # noqa: E402

BATCH = 8
PACKAGES = ["onnx", "onnxruntime"]
LABEL = "ONNX Runtime"


def model():
    """ResNet-50 as an ONNX model, batch norms apart: the runtime fuses what it likes to fuse."""
    import numpy as np
    from onnx import TensorProto, helper, numpy_helper
    rng = np.random.default_rng(1)
    nodes, weights = [], []

    def tensor(values):
        weights.append(numpy_helper.from_array(values.astype(np.float32), f"w{len(weights)}"))
        return weights[-1].name

    def node(op, inputs, **attributes):
        nodes.append(helper.make_node(op, inputs, [f"v{len(nodes)}"], **attributes))
        return nodes[-1].output[0]

    def convolution(x, into, out, kernel, stride, relu):
        w = tensor(rng.standard_normal((out, into, kernel, kernel)) * (2 / (into * kernel * kernel)) ** 0.5)
        y = node("Conv", [x, w], kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=[kernel // 2] * 4)
        norm = [tensor(rng.standard_normal(out) * 0.1) for _ in range(3)] + [tensor(1 + rng.random(out))]
        y = node("BatchNormalization", [y, *norm])
        return node("Relu", [y]) if relu else y

    x = convolution("x", 3, 64, 7, 2, True)
    x = node("MaxPool", [x], kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    width = 64
    for stage, blocks in enumerate([3, 4, 6, 3]):
        channels = 64 << stage
        for block in range(blocks):
            stride = 2 if stage > 0 and block == 0 else 1
            y = convolution(x, width, channels, 1, 1, True)
            y = convolution(y, channels, channels, 3, stride, True)
            y = convolution(y, channels, 4 * channels, 1, 1, False)
            same = stride == 1 and width == 4 * channels
            shortcut = x if same else convolution(x, width, 4 * channels, 1, stride, False)
            x, width = node("Relu", [node("Add", [y, shortcut])]), 4 * channels
    x = node("Flatten", [node("GlobalAveragePool", [x])])
    x = node("Gemm", [x, tensor(rng.standard_normal((1000, width)) * 0.02), tensor(np.zeros(1000))], transB=1)
    graph = helper.make_graph(
        nodes, "resnet50", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [BATCH, 3, 224, 224])],
        [helper.make_tensor_value_info(x, TensorProto.FLOAT, [BATCH, 1000])], weights)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    made.ir_version = 8
    return made.SerializeToString()


def time_peer(threads, rounds):
    import numpy as np
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    session = onnxruntime.InferenceSession(model(), options, providers=["CPUExecutionProvider"])
    x = {"x": np.random.default_rng(2).standard_normal((BATCH, 3, 224, 224)).astype(np.float32)}
    session.run(None, x)
    times = []
    for _ in range(rounds):
        start = time.perf_counter(), time.process_time()
        session.run(None, x)
        times.append((time.perf_counter() - start[0], time.process_time() - start[1]))
    print(json.dumps({"version": onnxruntime.__version__, "seconds": times}))


def time_fringe(program, threads):
    """Seconds per pass: of the clock, of the processor."""
    name = f"network_forward/batch:{BATCH}/threads:{threads}/"
    try:
        result = subprocess.run([program, f"--benchmark_filter={name}", "--benchmark_format=json"],
                                capture_output=True, text=True, env=own_choice())
        row = json.loads(result.stdout[result.stdout.index("{"):])["benchmarks"][0]
        return row["real_time"] * {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1}[row["time_unit"]], row["processor_ms"] / 1e3
    except (OSError, ValueError, LookupError) as error:
        print(f"resnet: '{program}' gives no time of {name[:-1]} ({type(error).__name__}: {error})", file=sys.stderr)
        sys.exit(2)


def own_choice():
    return {key: value for key, value in os.environ.items() if key not in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fringe", required=True, help="fringe_bench")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peer", type=int, metavar="THREADS", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peer:
        return time_peer(options.peer, options.rounds)
    if not os.access(options.fringe, os.X_OK):
        parser.error(f"--fringe: '{options.fringe}' is no executable; build with -DFRINGE_BENCH=ON")
    if options.rounds < 1:
        parser.error(f"--rounds: takes a whole number of at least 1, not {options.rounds}")
    try:
        python = python_of("onnxruntime", sys.modules[__name__])
    except NotInstalled as reason:
        print(f"{LABEL}: skipped, {reason}")
        return None
    for threads in (1, 2):
        ours, theirs = [], []
        for _ in range(options.rounds):
            ours.append(time_fringe(options.fringe, threads))
            run = subprocess.run([python, __file__, "--fringe", "-", "--rounds", "3", "--peer", str(threads)],
                                 capture_output=True, text=True)
            if run.returncode:
                print(f"{LABEL}: skipped, {(run.stderr.strip().splitlines() or ['no message'])[-1]}")
                return None
            peer = json.loads(run.stdout)
            theirs += peer["seconds"]
        print(f"ResNet-50, batch {BATCH}, {threads} thread{'s' * (threads > 1)}, against {LABEL} {peer['version']}: " +
              "; ".join(f"{a:.3f} s to {b:.3f} s of the {clock}, {a / b:.2f} times" for clock, a, b in zip(
                  ("clock", "processor"), map(min, zip(*ours)), map(min, zip(*theirs)))))


if __name__ == "__main__":
    main()
