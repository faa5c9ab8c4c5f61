#!/usr/bin/env python3
"""own_model.py [--bin DIR] PAGE.md: runs the page's block ```python own-model, five lines from a PyTorch model to a
comparison, with the program (--bin) first on PATH. Where PyTorch isn't installed, tests/data/onnx/vit_tiny.onnx stands
in for the lines up to its export, and that is said. Ends with status 1 where the block fails or is missing.
"""
import argparse
import importlib.util
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

BLOCK = re.compile(r"^```python own-model\n(.*?)^```$", re.MULTILINE | re.DOTALL)
STAND_IN = pathlib.Path(__file__).resolve().parent / "data/onnx/vit_tiny.onnx"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("page", type=pathlib.Path)
    options = parser.parse_args()
    found = BLOCK.search(options.page.read_text(encoding="utf-8"))
    if not found:
        sys.exit(f"{options.page}: no block ```python own-model")
    lines = found[1].splitlines()
    export = [i for i, line in enumerate(lines) if line.startswith("torch.onnx.export(")]
    if len(lines) != 5 or len(export) != 1:
        sys.exit(f"{options.page}: the block must be five lines with one export")
    with tempfile.TemporaryDirectory() as folder:
        if importlib.util.find_spec("torch") is None:
            print(f"PyTorch isn't installed: {STAND_IN.name} stands in for its export")
            shutil.copy(STAND_IN, pathlib.Path(folder) / "model.onnx")
            lines = ["import subprocess"] + lines[export[0] + 1:]
        environment = dict(os.environ, PATH=f"{options.bin.resolve()}:{os.environ['PATH']}")
        done = subprocess.run([sys.executable, "-c", "\n".join(lines)], cwd=folder, env=environment, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0 or "modelled" not in done.stdout or "multiply-accumulates" not in done.stdout:
        sys.exit(f"{done.stdout}\nthe block ended with status {done.returncode}, or without its table")
    print("the block did what it shows")


if __name__ == "__main__":
    main()
