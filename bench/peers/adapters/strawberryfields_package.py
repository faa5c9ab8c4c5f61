"""Strawberry Fields: rectangular (Clements) decomposition with the phases at the end."""

import numpy as np

from work import DOUBLE, check, haar, reference

LABEL, PRECISION, PACKAGES = "Strawberry Fields", "complex128", ["strawberryfields", "scipy<1.14", "numpy<2", "setuptools<80"]


def version():
    from importlib.metadata import version as of

    return of("strawberryfields")


def decompose(item):
    from strawberryfields.decompositions import rectangular_phase_end

    u = haar(item.modes)

    def run():
        return rectangular_phase_end(u)

    def verify(found):
        splitters, screen, _ = found
        couplers = ((m, n, np.array([[np.exp(1j * phi) * np.cos(theta), -np.sin(theta)],
                                     [np.exp(1j * phi) * np.sin(theta), np.cos(theta)]]))
                    for m, n, theta, phi, _ in splitters)
        check(LABEL, reference(couplers, np.angle(screen), np.eye(item.modes)), u, item.modes ** 2, DOUBLE)

    return run, verify
