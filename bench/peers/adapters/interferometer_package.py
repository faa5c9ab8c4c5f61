"""interferometer: Clements decomposition."""

import numpy as np

from work import DOUBLE, check, haar, reference

LABEL, PRECISION, PACKAGES = "interferometer", "complex128", ["interferometer"]


def version():
    from importlib.metadata import version as of

    return of("interferometer")


def decompose(item):
    import interferometer

    u = haar(item.modes)

    def run():
        return interferometer.square_decomposition(u)

    def verify(found):
        couplers = ((s.mode1 - 1, s.mode2 - 1,
                     np.array([[np.exp(1j * s.phi) * np.cos(s.theta), -np.sin(s.theta)],
                               [np.exp(1j * s.phi) * np.sin(s.theta), np.cos(s.theta)]])) for s in found.BS_list)
        check(LABEL, reference(couplers, found.output_phases, np.eye(item.modes)), u, item.modes ** 2, DOUBLE)

    return run, verify
