"""neurophox as shipped, TensorFlow layers compiled by tf.function; its NumPy layers of the same phases hold the 2×2s
that the reference takes."""

import numpy as np

from work import DOUBLE, FLOAT, check, haar, inputs, reference, slopes

LABEL, PRECISION, PACKAGES = "neurophox", "complex64", ["neurophox", "tensorflow-cpu", "matplotlib", "setuptools<80"]


def version():
    from importlib.metadata import version as of

    return of("neurophox")


def by_reference(layer, theta, phi, gamma, x):
    """x [modes × batch] through the 2×2s of neurophox's NumPy layer, which works on rows and moves modes about."""
    from neurophox.numpy import RMNumpy
    from neurophox.numpy.generic import MeshPhases

    basis = layer.mesh.model.basis
    plain = RMNumpy(layer.units, phases=MeshPhases(theta=theta, phi=phi, gamma=gamma, mask=layer.mesh.model.mask,
                                                   basis=basis), basis=basis)
    y = x * np.reshape(plain.phases.input_phase_shift_layer, (-1, 1))
    wire = np.arange(layer.units)
    for column in plain.mesh_layers:
        wire = wire if column.left_perm_idx is None else wire[column.left_perm_idx]
        pairs = [(wire[p], wire[p + 1], column.tunable_layer[p:p + 2, p:p + 2].T) for p in range(0, layer.units - 1, 2)]
        y = reference(pairs, np.zeros(layer.units), y)
        wire = wire if column.right_perm_idx is None else wire[column.right_perm_idx]
    return y[wire]


def scene(item):
    import tensorflow as tf
    from neurophox.tensorflow import RM

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    layer, x = RM(item.modes), inputs(item.modes, item.batch)
    rows = tf.constant(x.T.astype(np.complex64))
    layer(rows)
    phases = [np.asarray(p, dtype=np.float64) for p in (layer.theta, layer.phi, layer.gamma)]
    return tf, layer, x, rows, phases


def propagate(item):
    tf, layer, x, rows, phases = scene(item)
    compiled = tf.function(layer)
    compiled(rows)
    return (lambda: compiled(rows).numpy(),
            lambda y: check(LABEL, y.T, by_reference(layer, *phases, x), item.modes, FLOAT))


def gradient(item):
    """L = ½Σ|y − target|²; the gradient of every θ, φ and γ."""
    tf, layer, x, rows, phases = scene(item)
    target = tf.math.conj(rows)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            miss = layer(rows) - target
            loss = 0.5 * tf.reduce_sum(tf.math.real(miss * tf.math.conj(miss)))
        return tape.gradient(loss, (layer.theta, layer.phi, layer.gamma))

    step()

    def run():
        return [g.numpy() for g in step()]

    def verify(gradients):
        loss = lambda: 0.5 * np.sum(np.abs(by_reference(layer, *phases, x) - x.conj()) ** 2)
        places = [(0, 1), (item.modes // 2, 3)]
        for name, values, found in zip("θφ", phases, gradients):
            check(f"{LABEL}, ∂L/∂{name}", [found[c, i] for c, i in places], slopes(loss, values, places), item.modes, FLOAT)

    return run, verify
