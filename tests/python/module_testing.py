"""What tests of fringe_mesh share: the module, NumPy, and what the C++ library makes of the same cases."""

import functools
import os
import subprocess
import sys

try:
    import numpy as np
except ImportError:
    print("no NumPy for this Python")
    sys.exit(77)
import fringe_mesh as fm  # noqa: F401

EPS, EPS32 = np.finfo(float).eps, np.finfo(np.float32).eps


def pattern(rows, cols, offset):
    """Sixteenths that repeat after 31 numbers, as in module_reference.cpp."""
    r, c = np.indices((rows, cols))
    return ((7 * r + 13 * c + offset) % 31 - 15) / 16


@functools.cache
def reference():
    """Lines of module_reference.cpp: arrays by name."""
    text = subprocess.run(os.environ["FRINGE_MODULE_REFERENCE"], capture_output=True, check=True, text=True).stdout
    rows = (line.split() for line in text.splitlines())
    return {row[0]: np.array([float.fromhex(number) for number in row[1:]]) for row in rows}


def refuses(test, cases):
    """Every case is a ValueError of one sentence that says what it should."""
    for wrong, says in cases:
        with test.assertRaises(ValueError) as caught:
            wrong()
        test.assertIn(says, str(caught.exception))
        test.assertNotIn("\n", str(caught.exception))
