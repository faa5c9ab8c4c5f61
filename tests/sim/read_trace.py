"""Reads the small trace of trace_inspect_test.cpp with the package's reader and checks what it gets."""

import sys

import numpy as np

from fringe_trace import Trace

trace = Trace(sys.argv[1])
assert trace.attributes["seed"] == 7 and trace.attributes["host"] == "a CPU", trace.attributes
assert list(trace.attributes["schema_version"]) == [1, 8]
hardware = trace["hardware"]
assert hardware["name"].tolist() == ["mesh 8×8"], hardware["name"]
assert hardware["accuracy_mean"].tolist() == [0.9731]
costs = trace["costs"]
assert costs["energy_by_part"].shape == (1, len(trace.parts)), costs["energy_by_part"].shape
assert trace.unit("costs", "energy_j") == "J"
assert "confusion" not in trace
assert np.array_equal(trace["epochs"]["loss"], [0.5])
