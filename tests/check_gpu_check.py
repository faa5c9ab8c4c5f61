"""What scripts/gpu_check.sh must say of GPUs and results made up here: which products a chip may lack, and which not."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[1] / "scripts" / "gpu_check.sh"
NO_PRODUCT = "this GPU or library has no such product"
# Stands for nvidia-smi, test_gpu and bench_gpu: writes the file that its call names, or says which GPU there is.
STUB = """#!{python}
import os, sys
if sys.argv[0].endswith("nvidia-smi"):
    print("NVIDIA Test, 580.1, 80000 MiB, " + os.environ["CAPABILITY"])
for argument in sys.argv[1:]:
    for start, text in (("--gtest_output=json:", "TESTS"), ("--benchmark_out=", "BENCHMARKS")):
        if argument.startswith(start):
            open(argument[len(start):], "w").write(os.environ[text])
"""


def verdict(folder, capability, errors=None, result="COMPLETED"):
    """(exit status, problems) for a chip, benchmarks that ended with errors, and the result of one test of two."""
    tests = {"testsuites": [{"testsuite": [{"classname": "Gpu", "name": name, "result": r}
                                           for name, r in (("A", "COMPLETED"), ("B", result))]}]}
    runs = [{"name": "against_best/fp32/rows:64", "real_time": 1.0}]
    runs += [{"name": name, "error_occurred": True, "error_message": text} for name, text in (errors or {}).items()]
    environment = os.environ | {"PATH": f"{folder}:{os.environ['PATH']}", "CAPABILITY": capability,
                                "TESTS": json.dumps(tests), "BENCHMARKS": json.dumps({"context": {}, "benchmarks": runs})}
    out = folder / "out.json"
    status = subprocess.run([SCRIPT, "--prebuilt", folder, "--out", out], env=environment, capture_output=True).returncode
    return status, json.loads(out.read_text())["problems"]


def expect(found, status, says=""):
    if found[0] != status or says not in "; ".join(found[1]) or bool(found[1]) != bool(says):
        sys.exit(f"gpu_check: status {found[0]} and {found[1]}, not {status} and '{says}'")


with tempfile.TemporaryDirectory() as name:
    folder = Path(name)
    for tool in ("nvidia-smi", "test_gpu", "bench_gpu"):
        (folder / tool).write_text(STUB.format(python=sys.executable))
        (folder / tool).chmod(0o755)
    (folder / "compute-sanitizer").symlink_to("/bin/true")

    fp8 = "against_best/fp8_e4m3_e5m2/rows:64/inner:64/batch:64/iterations:1/manual_time"
    expect(verdict(folder, "8.0"), 0)
    expect(verdict(folder, "8.0", {fp8: NO_PRODUCT}), 0)  # Ampere has no FP8
    expect(verdict(folder, "8.9", {fp8: NO_PRODUCT}), 1, fp8)
    expect(verdict(folder, "10.0", {fp8: NO_PRODUCT}), 1, fp8)  # newer than 8.9, not older
    expect(verdict(folder, "8.0", {fp8: "an illegal memory access"}), 1, fp8)
    for product in ("against_best/bf16/rows:64", "gemm/tf32/rows:1/inner:1/columns:1"):
        expect(verdict(folder, "8.0", {product: NO_PRODUCT}), 1, product)
    expect(verdict(folder, "9.0", result="SKIPPED"), 1, "tests were skipped")
