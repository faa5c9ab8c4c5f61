"""NumPy, whole columns: what one writes first in Python (and what neuroptica-style simulators do inside)."""

import numpy as np

from work import FLOAT, Mesh, check, inputs, mzi, reference

LABEL, PRECISION, PACKAGES = "NumPy, whole columns", "complex64", []


def version():
    return np.__version__


class Columns:
    """Coefficients of each column [2, 2, …, couplers, 1] and the slices of the modes that they mix."""

    def __init__(self, mesh, alpha=None, beta=None, phase_errors=None):
        self.columns = []
        for c, tops in enumerate(mesh.tops):
            theta, phi = mesh.theta[c], mesh.phi[c]
            a, b = (0.0, 0.0) if alpha is None else (alpha[c], beta[c])
            if phase_errors is not None:
                theta, phi = theta + phase_errors[c][0], phi + phase_errors[c][1]
            t = mzi(theta, phi, a, b).astype(np.complex64)[..., None]
            self.columns.append((slice(tops[0], tops[-1] + 1, 2), slice(tops[0] + 1, tops[-1] + 2, 2), t))
        self.out = np.exp(1j * mesh.out).astype(np.complex64)[:, None]

    def propagate(self, x):
        """x [… × modes × batch], in place."""
        for upper, lower, t in self.columns:
            u, v = x[..., upper, :], x[..., lower, :]
            new_u = t[0, 0] * u + t[0, 1] * v
            x[..., lower, :] = t[1, 0] * u + t[1, 1] * v
            x[..., upper, :] = new_u
        x *= self.out
        return x


def propagate(item):
    mesh, x = Mesh(item.modes), inputs(item.modes, item.batch)
    columns = Columns(mesh)
    x32 = x.astype(np.complex64)
    return (lambda: columns.propagate(x32.copy()),
            lambda y: check(LABEL, y, reference(mesh.couplers(), mesh.out, x), item.modes, FLOAT))
