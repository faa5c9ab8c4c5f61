"""sax as shipped: the mesh as a circuit of scattering matrices, solved to a matrix, then one product. (Under jax.jit
the circuit of 64 modes had not compiled after four minutes.)"""

import numpy as np

from work import DOUBLE, Mesh, check, inputs, reference

LABEL, PRECISION, PACKAGES = "sax", "complex128", ["sax"]
LARGEST = 64  # 2016 interferometers take seconds; the 32640 of 256 modes are left out


def version():
    from importlib.metadata import version as of

    return of("sax")


def netlist(mesh):
    instances, connections, ports, wire = {}, {}, {}, [None] * mesh.modes
    for c, tops in enumerate(mesh.tops):
        for i, top in enumerate(tops):
            name = f"mzi{c}x{i}"
            instances[name] = "mzi"
            for k, mode in enumerate((top, top + 1)):
                if wire[mode] is None:
                    ports[f"in{mode}"] = f"{name},in{k}"
                else:
                    connections[wire[mode]] = f"{name},in{k}"
                wire[mode] = f"{name},out{k}"
    ports.update({f"out{mode}": end for mode, end in enumerate(wire)})
    return {"instances": instances, "connections": connections, "ports": ports}


def propagate(item):
    if item.modes > LARGEST:
        raise ValueError(f"left out: {LARGEST} modes take seconds already, and the time grows faster than the square")
    import jax

    jax.config.update("jax_enable_x64", True)
    import jax.numpy as jnp
    import sax

    def mzi(theta=0.0, phi=0.0):
        half = 1j * jnp.exp(0.5j * theta)
        s, c, p = half * jnp.sin(theta / 2), half * jnp.cos(theta / 2), jnp.exp(1j * phi)
        return {("in0", "out0"): p * s, ("in1", "out0"): c, ("in0", "out1"): p * c, ("in1", "out1"): -s}

    mesh, x = Mesh(item.modes), inputs(item.modes, item.batch)
    circuit, _ = sax.circuit(netlist=netlist(mesh), models={"mzi": mzi})
    settings = {f"mzi{c}x{i}": {"theta": t, "phi": p} for c, column in enumerate(zip(mesh.theta, mesh.phi))
                for i, (t, p) in enumerate(zip(*column))}
    screen = np.exp(1j * mesh.out)[:, None]

    def run():
        dense, place = sax.sdense(circuit(**settings))
        rows, columns = ([place[f"{end}{m}"] for m in range(item.modes)] for end in ("out", "in"))
        return screen * (np.asarray(dense)[np.ix_(rows, columns)] @ x)

    run()  # compiles its parts
    return run, lambda y: check(LABEL, y, reference(mesh.couplers(), mesh.out, x), item.modes, DOUBLE)
