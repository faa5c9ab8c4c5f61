"""Perceval: decomposition into a triangle of interferometers (its rectangle is not written yet)."""

import numpy as np

from work import check, haar, reference

LABEL, PRECISION, PACKAGES = "Perceval", "complex128", ["perceval-quandela"]
LARGEST = 64  # takes a minute; 256 modes would take an hour
SOLVED_TO = 1e-6  # its decomposition solves each interferometer to this precision


def version():
    from importlib.metadata import version as of

    return of("perceval-quandela")


def decompose(item):
    if item.modes > LARGEST:
        raise ValueError(f"left out: {LARGEST} modes take a minute already, and the time grows with the cube")
    import perceval as pcvl

    u = haar(item.modes)

    def run():
        cell = (pcvl.Circuit(2) // pcvl.BS() // (1, pcvl.PS(phi=pcvl.P("phi_a"))) // pcvl.BS()
                // (1, pcvl.PS(phi=pcvl.P("phi_b"))))
        return pcvl.Circuit.decomposition(pcvl.Matrix(u), cell, phase_shifter_fn=pcvl.PS,
                                          shape=pcvl.InterferometerShape.TRIANGLE)

    def verify(circuit):
        y = np.eye(item.modes, dtype=complex)
        for modes, part in circuit:
            t = np.asarray(part.compute_unitary())
            if len(modes) == 1:
                y[modes[0]] *= t[0, 0]
            else:
                y = reference([(*modes, t)], np.zeros(item.modes), y)
        check(LABEL, y, u, item.modes ** 2, SOLVED_TO / 16)

    return run, verify
