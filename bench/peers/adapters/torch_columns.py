"""PyTorch, whole columns, complex64: the way of photonic layers written for PyTorch, with autograd for the phases."""

import numpy as np

from work import FLOAT, Mesh, check, inputs, reference, slopes

LABEL, PRECISION, PACKAGES, SYSTEM = "PyTorch, whole columns, autograd", "complex64", [], ["torch"]


def version():
    import torch

    return torch.__version__


def coefficients(torch, theta, phi):
    """The 2×2 of every coupler of a column, each [couplers × 1]."""
    half = torch.exp(0.5j * theta) * 1j
    s, c, p = torch.sin(theta / 2) * half, torch.cos(theta / 2) * half, torch.exp(1j * phi)
    return tuple(t[:, None] for t in (p * s, c, p * c, -s))


def columns_of(torch, theta, phi, x, tops, out):
    modes = x.shape[0]
    for c, first in enumerate(tops):
        a, b, d, e = coefficients(torch, theta[c], phi[c])
        inner = x[first:modes - (modes - first) % 2]
        u, v = inner.reshape(-1, 2, x.shape[1]).unbind(1)  # its gradient is one stack, that of [0::2] a fill with zeros
        mixed = torch.stack((a * u + b * v, d * u + e * v), 1).reshape(inner.shape)
        x = mixed if len(inner) == modes else torch.cat((x[:first], mixed, x[first + len(inner):]))
    return x * torch.exp(1j * out)[:, None]


def scene(item):
    import torch

    torch.set_num_threads(1)
    mesh, x = Mesh(item.modes), inputs(item.modes, item.batch)
    single = lambda values: torch.tensor(np.asarray(values), dtype=torch.float32)
    theta, phi = [single(t) for t in mesh.theta], [single(p) for p in mesh.phi]
    return torch, mesh, x, theta, phi, single(mesh.out), torch.tensor(x, dtype=torch.complex64)


def propagate(item):
    torch, mesh, x, theta, phi, out, x32 = scene(item)
    tops = [int(t[0]) for t in mesh.tops]
    with torch.no_grad():
        ready = [coefficients(torch, t, p) for t, p in zip(theta, phi)]
        screen = torch.exp(1j * out)[:, None]

    def run():
        with torch.no_grad():
            y = x32.clone()
            for first, (a, b, c, d) in zip(tops, ready):
                inner = y[first:item.modes - (item.modes - first) % 2]
                u, v = inner[0::2], inner[1::2]
                new_u = a * u + b * v
                inner[1::2] = c * u + d * v
                inner[0::2] = new_u
            return y.mul_(screen)

    return run, lambda y: check(LABEL, y.numpy(), reference(mesh.couplers(), mesh.out, x), item.modes, FLOAT)


def gradient(item):
    """L = ½Σ|y − target|²: forward, and the gradient of every θ, φ and output phase."""
    torch, mesh, x, theta, phi, out, x32 = scene(item)
    tops = [int(t[0]) for t in mesh.tops]
    target = torch.conj(x32).resolve_conj()
    parameters = [p.requires_grad_() for p in (*theta, *phi, out)]

    def run():
        for p in parameters:
            p.grad = None
        y = columns_of(torch, theta, phi, x32, tops, out)
        (torch.view_as_real(y - target) ** 2).sum().mul(0.5).backward()
        return [p.grad for p in theta], [p.grad for p in phi]

    def verify(gradients):
        loss = lambda: 0.5 * np.sum(np.abs(reference(mesh.couplers(), mesh.out, x) - x.conj()) ** 2)
        places = [(0, 1), (item.modes // 2, 3), (item.modes - 1, 0)]
        for name, phases, found in zip("θφ", (mesh.theta, mesh.phi), gradients):
            check(f"{LABEL}, ∂L/∂{name}", [found[c][i].item() for c, i in places], slopes(loss, phases, places),
                  item.modes, FLOAT)

    return run, verify
