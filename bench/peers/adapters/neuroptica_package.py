"""neuroptica as shipped: a Clements layer multiplies its column matrices out, then propagates."""

import numpy as np

from work import DOUBLE, check, inputs, reference

LABEL, PRECISION, PACKAGES = "neuroptica", "complex128", ["neuroptica"]


def version():
    from importlib.metadata import version as of

    return of("neuroptica")


def propagate(item):
    from neuroptica.layers import ClementsLayer

    np.random.seed(1)
    layer, x = ClementsLayer(item.modes, include_phase_shifter_layer=False), inputs(item.modes, item.batch)

    def verify(y):
        couplers = ((m.m, m.n, m.get_transfer_matrix()) for column in layer.mesh.layers for m in column.mzis)
        check(LABEL, y, reference(couplers, np.zeros(item.modes), x), item.modes, DOUBLE)

    return lambda: layer.forward_pass(x), verify
