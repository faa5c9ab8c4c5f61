"""piquasso: Clements decomposition."""

import numpy as np

from work import DOUBLE, check, haar, reference

LABEL, PRECISION, PACKAGES = "piquasso", "complex128", ["piquasso"]


def version():
    from importlib.metadata import version as of

    return of("piquasso")


def decompose(item):
    from piquasso import NumpyConnector
    from piquasso.decompositions.clements import clements

    u, connector = haar(item.modes), NumpyConnector()

    def verify(found):
        couplers = ((*s.modes, np.array([[np.exp(1j * s.params[1]) * np.cos(s.params[0]), -np.sin(s.params[0])],
                                         [np.exp(1j * s.params[1]) * np.sin(s.params[0]), np.cos(s.params[0])]]))
                    for s in found.beamsplitters)
        screen = np.zeros(item.modes)
        for shifter in found.phaseshifters:
            screen[shifter.mode] = shifter.phi
        check(LABEL, reference(couplers, screen, np.eye(item.modes)), u, item.modes ** 2, DOUBLE)

    return lambda: clements(u, connector=connector), verify
