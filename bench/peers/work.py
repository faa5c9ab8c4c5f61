"""The work that all contestants do, its inputs, and the reference that each is checked against.

The reference is a loop over couplers in complex double precision. Everything follows from fixed seeds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Item:
    """One piece of work. batch: vectors; instances: chips with errors of their own (else 1)."""

    kind: str
    modes: int
    batch: int = 1
    instances: int = 1

    @property
    def title(self):
        return {"propagate": f"propagate, N={self.modes}, batch {self.batch}",
                "gradient": f"forward + phase gradients, N={self.modes}, batch {self.batch}",
                "decompose": f"decompose a Haar unitary, N={self.modes}",
                "instances": f"{self.instances} imperfect chips, N={self.modes}, {self.batch} vectors"}[self.kind]

    @property
    def mzi_vectors(self):
        """Couplers times vectors; 0 where there are no vectors."""
        return 0 if self.kind == "decompose" else self.modes * (self.modes - 1) // 2 * self.batch * self.instances


ITEMS = [Item("propagate", n, b) for n in (64, 256) for b in (128, 1024)]
ITEMS += [Item("gradient", n, b) for n in (64, 256) for b in (128, 1024)]
ITEMS += [Item("decompose", n) for n in (64, 256)]
ITEMS += [Item("instances", 64, 256, 100)]
QUICK = [Item("propagate", 64, 128), Item("gradient", 64, 128), Item("decompose", 64), Item("instances", 64, 256, 100)]

SPLITTER_SIGMA_RAD, PHASE_SIGMA_RAD = 0.02, 0.01


class Mesh:
    """A rectangular mesh of random phases: columns of neighbouring pairs, `tops[c]` the upper modes of column c.
    Phases per column, arrays as long as tops[c]; `out` per mode."""

    def __init__(self, modes):
        rng = np.random.default_rng(1)
        self.modes = modes
        self.tops = [np.arange(c % 2, modes - 1, 2) for c in range(modes)]
        self.theta = [rng.uniform(0, np.pi, len(t)) for t in self.tops]
        self.phi = [rng.uniform(0, 2 * np.pi, len(t)) for t in self.tops]
        self.out = rng.uniform(0, 2 * np.pi, modes)

    def rounded(self, real):
        """The same mesh with its phases in another precision."""
        self.theta, self.phi = ([p.astype(real) for p in phases] for phases in (self.theta, self.phi))
        return self

    def couplers(self):
        """(upper mode, lower mode, 2×2) in the order in which light meets them."""
        for tops, theta, phi in zip(self.tops, self.theta, self.phi):
            for top, t, p in zip(tops, theta, phi):
                yield top, top + 1, mzi(t, p)


def mzi(theta, phi, alpha=0.0, beta=0.0):
    """S(π/4+β)·diag(e^{iθ}, 1)·S(π/4+α)·diag(e^{iφ}, 1), S(η) = [[cos η, i sin η], [i sin η, cos η]]; the 2×2 stands
    in the first two axes, the shape of the phases in the others. Written out, so that NumPy and PyTorch share it."""
    ca, sa, cb, sb = np.cos(np.pi / 4 + alpha), np.sin(np.pi / 4 + alpha), np.cos(np.pi / 4 + beta), np.sin(np.pi / 4 + beta)
    t, p = np.exp(1j * np.asarray(theta)), np.exp(1j * np.asarray(phi))
    return np.array([[p * (cb * t * ca - sb * sa), 1j * (cb * t * sa + sb * ca)],
                     [1j * p * (sb * t * ca + cb * sa), cb * ca - sb * t * sa]])


def inputs(modes, batch):
    rng = np.random.default_rng(2)
    return rng.uniform(size=(modes, batch)) + 1j * rng.uniform(size=(modes, batch))


def reference(couplers, out_phases, x):
    """x [modes × batch] through couplers (upper, lower, 2×2), one by one, then the output phases."""
    y = np.array(x, dtype=np.complex128)
    for upper, lower, t in couplers:
        u, v = y[upper].copy(), y[lower].copy()
        y[upper] = t[0, 0] * u + t[0, 1] * v
        y[lower] = t[1, 0] * u + t[1, 1] * v
    return y * np.exp(1j * np.asarray(out_phases))[:, None]


def haar(modes):
    rng = np.random.default_rng(3)
    z = rng.normal(size=(modes, modes)) + 1j * rng.normal(size=(modes, modes))
    q, r = np.linalg.qr(z)
    return q * (np.diag(r) / np.abs(np.diag(r)))


def check(name, got, expected, columns, eps):
    """Rounding of `columns` dependent steps in a precision eps, with a factor of 16; raises where it is beyond."""
    error = np.linalg.norm(np.asarray(got) - expected) / np.linalg.norm(expected)
    if not error <= 16 * eps * columns:
        raise AssertionError(f"{name}: relative error {error:.1e}, at most {16 * eps * columns:.1e} is rounding")


def slopes(loss, phases, places, step=1e-5):
    """∂loss/∂phases at some (column, index) by central differences."""
    found = []
    for c, i in places:
        values = []
        for sign in (1, -1):
            phases[c][i] += sign * step
            values.append(loss())
            phases[c][i] -= sign * step
        found.append((values[0] - values[1]) / (2 * step))
    return np.array(found)


FLOAT, DOUBLE = np.finfo(np.float32).eps, np.finfo(np.float64).eps
