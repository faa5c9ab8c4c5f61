#!/usr/bin/env python3
"""make_digits.py: trains a small network on the embedded digits with nothing of fringe, writes it beside it as
digits.onnx, and prints how many digits onnxruntime tells right. Run by hand:

  python3 -m venv venv
  venv/bin/pip install numpy onnx onnxruntime       # 2.4.6, 1.23.2, 1.32.0
  venv/bin/python make_digits.py
"""
import gzip
import pathlib

import numpy
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

HERE = pathlib.Path(__file__).resolve().parent
DATA = HERE.parents[2] / "workloads/data/optical_digits"
TRAINED, HIDDEN, STEPS, RATE = 1200, 24, 600, 0.5


def idx(name, header):
    return numpy.frombuffer(gzip.decompress((DATA / name).read_bytes())[header:], numpy.uint8)


x = idx("images-idx3-ubyte.gz", 16).reshape(-1, 64).astype("f4") / 16
label = idx("labels-idx1-ubyte.gz", 8)
random = numpy.random.default_rng(1)
w1, b1 = random.standard_normal((HIDDEN, 64)) * 0.3, numpy.zeros(HIDDEN)
w2, b2 = random.standard_normal((10, HIDDEN)) * 0.3, numpy.zeros(10)
wanted = numpy.eye(10)[label[:TRAINED]]
for _ in range(STEPS):  # all of them a step
    hidden = numpy.maximum(0, x[:TRAINED] @ w1.T + b1)
    logits = hidden @ w2.T + b2
    share = numpy.exp(logits - logits.max(1, keepdims=True))
    slope = (share / share.sum(1, keepdims=True) - wanted) / TRAINED
    back = (slope @ w2) * (hidden > 0)
    w2, b2 = w2 - RATE * slope.T @ hidden, b2 - RATE * slope.sum(0)
    w1, b1 = w1 - RATE * back.T @ x[:TRAINED], b1 - RATE * back.sum(0)


def tensor(name, values):
    return numpy_helper.from_array(values.astype("f4"), name)


graph = helper.make_graph(
    [helper.make_node("Gemm", ["image", "w1", "b1"], ["h"], "hidden", transB=1),
     helper.make_node("Relu", ["h"], ["r"], "relu"),
     helper.make_node("Gemm", ["r", "w2", "b2"], ["logits"], "classes", transB=1),
     helper.make_node("Softmax", ["logits"], ["shares"], "softmax", axis=1)], "digits",
    [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 64])],
    [helper.make_tensor_value_info("shares", TensorProto.FLOAT, ["batch", 10])],
    [tensor("w1", w1), tensor("b1", b1), tensor("w2", w2), tensor("b2", b2)])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="make_digits.py")
model.ir_version = 8
onnx.checker.check_model(model)
onnx.save(model, HERE / "digits.onnx")
shares = onnxruntime.InferenceSession(str(HERE / "digits.onnx")).run(None, {"image": x})[0]
right = shares.argmax(1) == label
first, second = numpy.sort(shares, 1)[:, :-3:-1].T
print(f"{right.sum()} of {right.size} right, {right[TRAINED:].sum()} of the {right.size - TRAINED} that it wasn't trained "
      f"on; the best class is ahead by a factor of {(first / second).min():.5f} at least")
