#!/usr/bin/env python3
"""check_export.py FRINGE: reads each model beside it with the program, writes it again, and runs both in onnxruntime.

By hand, in the environment of make_models.py. The largest difference is told in units of 2**-24 of the largest output:
float rounding in another order of sums.
"""
import pathlib
import subprocess
import sys
import tempfile

import numpy
import onnx
import onnxruntime

HERE = pathlib.Path(__file__).resolve().parent


def run(file, inputs):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    port = session.get_inputs()[0]
    x = inputs.reshape(-1, *port.shape[1:]).astype("i8" if "int" in port.type else "f4")
    return session.run(None, {port.name: x})[0]


worst = 0
with tempfile.TemporaryDirectory() as folder:
    for model in sorted(HERE.glob("*.onnx")):
        values = model.with_suffix(".f32")
        if not values.exists():
            continue
        again = pathlib.Path(folder) / model.name
        subprocess.run([sys.argv[1], "import", model, "--out", again], check=True, stdout=subprocess.DEVNULL)
        onnx.checker.check_model(str(again), full_check=True)
        shape = [d.dim_value for d in onnx.load(str(model)).graph.input[0].type.tensor_type.shape.dim][1:]
        samples = 3
        numbers = numpy.fromfile(values, "<f4")
        inputs, expected = numpy.split(numbers, [samples * int(numpy.prod(shape))])
        logits = run(again, inputs).reshape(samples, -1)
        expected = expected.reshape(samples, -1)
        if onnx.load(str(model)).graph.node[-1].op_type == "LogSoftmax":  # left out, since the loss contains it
            logits = logits - numpy.log(numpy.exp(logits).sum(1, keepdims=True))
        units = abs(logits - expected).max() / abs(expected).max() * 2**24
        worst = max(worst, units)
        print(f"{model.stem:16}{units:8.1f} units of 2**-24")
sys.exit(int(worst > 100))
