"""NumPy, build the matrix by whole columns, then one product: the faster way in NumPy for large batches."""

import numpy as np

from adapters.numpy_columns import Columns
from work import FLOAT, PHASE_SIGMA_RAD, SPLITTER_SIGMA_RAD, Mesh, check, inputs, mzi, reference

LABEL, PRECISION, PACKAGES = "NumPy, build the matrix then multiply", "complex64", []


def version():
    return np.__version__


def propagate(item):
    mesh, x = Mesh(item.modes), inputs(item.modes, item.batch)
    columns, x32 = Columns(mesh), x.astype(np.complex64)
    return (lambda: columns.propagate(np.eye(item.modes, dtype=np.complex64)) @ x32,
            lambda y: check(LABEL, y, reference(mesh.couplers(), mesh.out, x), item.modes, FLOAT))


def instances(item):
    """All chips at once: their errors drawn, their matrices built, one batched product."""
    mesh, x = Mesh(item.modes).rounded(np.float32), inputs(item.modes, item.batch)
    x32 = x.astype(np.complex64)

    def chips():
        rng = np.random.default_rng(4)
        shapes = [(item.instances, len(tops)) for tops in mesh.tops]
        normal = lambda sigma, shape: np.float32(sigma) * rng.standard_normal(shape, np.float32)
        alpha, beta = ([normal(SPLITTER_SIGMA_RAD, s) for s in shapes] for _ in range(2))
        return alpha, beta, [normal(PHASE_SIGMA_RAD, (2, *s)) for s in shapes]

    def run():
        matrices = np.zeros((item.instances, item.modes, item.modes), np.complex64)
        matrices[:] = np.eye(item.modes, dtype=np.complex64)
        return Columns(mesh, *chips()).propagate(matrices) @ x32

    def verify(y):
        alpha, beta, errors = chips()
        last = item.instances - 1
        couplers = ((top, top + 1, mzi(mesh.theta[c][i] + errors[c][0, last, i], mesh.phi[c][i] + errors[c][1, last, i],
                                       alpha[c][last, i], beta[c][last, i]))
                    for c, tops in enumerate(mesh.tops) for i, top in enumerate(tops))
        check(LABEL, y[last], reference(couplers, mesh.out, x), item.modes, FLOAT)

    return run, verify
