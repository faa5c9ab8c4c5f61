"""The module fringe_mesh against NumPy: its numbers by other ways, its laws, its errors."""

import signal
import sys
import threading
import time
import unittest

from module_testing import EPS, EPS32, fm, np, refuses


def dense(mesh, program):
    """The ideal mesh by the formula of the field (Clements et al. 2016), coupler by coupler."""
    a = np.eye(mesh.ports, dtype=complex)
    for (k, l), theta, phi in zip(mesh.couplers, program.theta, program.phi):
        s, c = np.sin(theta / 2), np.cos(theta / 2)
        t = 1j * np.exp(0.5j * theta) * np.array([[np.exp(1j * phi) * s, c], [np.exp(1j * phi) * c, -s]])
        a[[k, l]] = t @ a[[k, l]]
    return np.exp(1j * program.out)[:, None] * a


class Mesh(unittest.TestCase):
    def setUp(self):
        self.u = fm.haar_unitary(8, seed=3)
        self.mesh = fm.Mesh(8)
        self.program = self.mesh.decompose(self.u)

    def test_haar_is_unitary(self):
        self.assertLess(np.abs(self.u @ self.u.conj().T - np.eye(8)).max(), 16 * EPS * np.sqrt(8))

    def test_decomposition_is_met_by_the_formula_and_by_the_chip(self):
        self.assertEqual(len(self.program.theta), 28)
        for a in (dense(self.mesh, self.program), self.mesh.fabricate().matrix(self.program)):
            self.assertLess(fm.matrix_error(a, self.u), 64 * EPS * 8)

    def test_light_goes_as_the_matrix(self):
        chip = self.mesh.fabricate(splitter_sigma_rad=0.05, insertion_loss_db=0.2)
        x = np.random.default_rng(0).normal(size=(8, 5, 2)) @ [1, 1j]
        y = chip.propagate(self.program, x)
        self.assertEqual(y.shape, (8, 5))
        bound = 64 * EPS * np.linalg.norm(x)
        self.assertLess(np.abs(y - chip.matrix(self.program) @ x).max(), bound)
        self.assertLess(np.abs(chip.propagate(self.program, x[:, 0]) - y[:, 0]).max(), bound)
        # A path meets four to eight couplers, each of which loses 0.2 dB.
        left = np.linalg.norm(chip.matrix(self.program), axis=0) ** 2
        self.assertTrue((left > 10 ** (-0.02 * 8)).all() and (left < 10 ** (-0.02 * 4)).all())

    def test_chips_are_their_numbers(self):
        one, two, other = (self.mesh.fabricate(seed=s, chip=c, splitter_sigma_rad=0.02).matrix(self.program)
                           for s, c in ((1, 4), (1, 4), (1, 5)))
        self.assertTrue((one == two).all())
        self.assertFalse((one == other).all())

    def test_uncorrected_fidelity_follows_the_law(self):
        # F = exp(-2 (N-1) sigma^2) over chips, within four standard errors and the law's next order.
        sigma, chips = 0.02, 200
        f = [fm.fidelity(self.mesh.fabricate(chip=c, splitter_sigma_rad=sigma).matrix(self.program), self.u)
             for c in range(chips)]
        law = np.exp(-2 * 7 * sigma**2)
        self.assertLess(abs(np.mean(f) - law), 4 * np.std(f) / np.sqrt(chips) + (2 * 7 * sigma**2) ** 2)

    def test_trials_are_the_chips_one_by_one(self):
        # Fields of a chip and of the ideal mesh are each off by 12*2^-24*sqrt(columns) of their norm
        # (MeshTrials), which is 1 + E at most: twice that.
        noisy = dict(splitter_sigma_rad=0.03, phase_sigma_rad=0.02, insertion_loss_db=0.2, phase_bits=8)
        for crossing in ("mzi", "3-splitter-mzi"):
            mesh = fm.Mesh(8, crossing=crossing)
            program = mesh.decompose(self.u)
            ideal = mesh.fabricate().matrix(program)
            for imperfections in (noisy, {"thermal_crosstalk": 0.01}, {"arm_imbalance_sigma_db": 0.2}):
                errors = mesh.trials(program, 21, first=5, seed=3, **imperfections)
                self.assertEqual(errors.shape, (21,))
                for number, e in enumerate(errors, 5):
                    chip = mesh.fabricate(seed=3, chip=number, **imperfections).matrix(program)
                    one = fm.matrix_error(chip, ideal)
                    self.assertAlmostEqual(e, one, delta=2 * (1 + one) * 12 * EPS32 / 2 * np.sqrt(mesh.columns))
                self.assertTrue((mesh.trials(program, 3, first=9, seed=3, **imperfections) == errors[4:7]).all())
        self.assertEqual(len(self.mesh.trials(self.program, 0)), 0)
        self.assertEqual(len(self.mesh.trials(self.program, 1, first=2**32 - 1)), 1)

    def test_errors_of_trials_follow_the_law(self):
        # E = sqrt(2(N-1)) sigma, rms over chips and Haar targets; the next terms of E^2 are (N-1)^2 sigma^4 and
        # the spread of a path's couplers, (N/4)^2 sigma^4.
        n, sigma, targets, chips = 16, 0.02, 60, 32
        mesh = fm.Mesh(n)
        squares = [np.mean(mesh.trials(mesh.decompose(fm.haar_unitary(n, seed=t)), chips, seed=t,
                                       splitter_sigma_rad=sigma) ** 2) for t in range(1, targets + 1)]
        law = 2 * (n - 1) * sigma**2
        bound = 4 * np.std(squares, ddof=1) / np.sqrt(targets) + ((n - 1) ** 2 + (n / 4) ** 2) * sigma**4
        self.assertLess(abs(np.mean(squares) - law), bound)
        self.assertLess(bound, 0.1 * law)

    def test_trials_read_the_ports(self):
        # A diamond of 8 ports has 14 modes: what strays to the dark ones is lost, and nobody reads it.
        mesh = fm.Mesh(8, "diamond")
        program = mesh.decompose(self.u)
        (error,) = mesh.trials(program, 1, splitter_sigma_rad=0.05)
        chip = mesh.fabricate(splitter_sigma_rad=0.05).matrix(program)
        self.assertGreater(8 - np.linalg.norm(chip) ** 2, 1e-3)
        whole = fm.matrix_error(chip, self.u)
        self.assertAlmostEqual(error, whole, delta=2 * (1 + whole) * 12 * EPS32 / 2 * np.sqrt(mesh.columns))

    def test_trials_hear_signals(self):
        # Python's handlers run in its own thread: of any number of signals during one long call, one is left behind it.
        count = 2_000_000
        heard = []
        before = signal.signal(signal.SIGALRM, lambda *_: heard.append(None))
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
            errors = self.mesh.trials(self.program, count, splitter_sigma_rad=0.02)
            during = len(heard)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        self.assertEqual(len(errors), count)
        self.assertGreater(during, 5)
        self.assertTrue((errors[:100] == self.mesh.trials(self.program, 100, splitter_sigma_rad=0.02)).all())
        last = self.mesh.trials(self.program, 1, first=count - 1, splitter_sigma_rad=0.02)
        self.assertEqual(errors[-1], last[0])

    def test_trials_leave_python_to_other_threads(self):
        # Nobody is made to let go of the interpreter. NumPy does for a moment as it copies the result, behind the
        # trials; another thread's step in a call's first half comes in them. A busy machine may need several calls.
        interval = sys.getswitchinterval()
        for _ in range(50):
            started, steps = threading.Event(), []
            thread = threading.Thread(target=lambda: (started.wait(), steps.append(time.perf_counter())))
            thread.start()
            sys.setswitchinterval(1e3)
            begin = time.perf_counter()
            started.set()
            self.mesh.trials(self.program, 50000, splitter_sigma_rad=0.02)
            middle = (begin + time.perf_counter()) / 2
            sys.setswitchinterval(interval)
            thread.join()
            if steps[0] < middle:
                return
        self.fail("the interpreter stood still")

    def test_correction_and_descent_help(self):
        chip = self.mesh.fabricate(splitter_sigma_rad=0.03)
        before = fm.matrix_error(chip.matrix(self.program), self.u)
        corrected = chip.correct(self.program)
        after = fm.matrix_error(chip.matrix(corrected), self.u)
        program, residual = chip.fit(self.u, corrected)
        self.assertLess(after, before / 5)
        self.assertLessEqual(residual, after + 64 * EPS * 8)
        self.assertAlmostEqual(residual, fm.matrix_error(chip.matrix(program), self.u), delta=64 * EPS * 8)

    def test_gradient_is_the_central_difference(self):
        rng = np.random.default_rng(1)
        x, wanted = (rng.normal(size=(8, 3, 2)) @ [1, 1j] for _ in range(2))
        for loss_db in (0.1, 12):  # fields come from behind, and from checkpoints
            chip = self.mesh.fabricate(splitter_sigma_rad=0.05, insertion_loss_db=loss_db)
            loss = lambda p: 0.5 * np.linalg.norm(chip.propagate(p, x) - wanted) ** 2
            g = chip.propagate(self.program, x) - wanted
            slopes, g_in = chip.gradient(self.program, x, g)
            scale = 64 * EPS * 8 * np.linalg.norm(g)
            self.assertGreater(np.abs(slopes.theta).max(), 1e-6 * loss(self.program))
            self.assertLess(np.abs(g_in - chip.matrix(self.program).conj().T @ g).max(), scale)
            h = 1e-5
            for k in (0, 13, 27):
                for name in ("theta", "phi"):
                    ends = []
                    for sign in (1, -1):
                        phases = {n: getattr(self.program, n) for n in ("theta", "phi", "out")}
                        phases[name][k] += sign * h
                        ends.append(loss(fm.Program(**phases)))
                    # Rounding of the difference, and the third derivative, at most of the loss's own size.
                    size = 4 * loss(self.program)
                    self.assertAlmostEqual((ends[0] - ends[1]) / (2 * h), getattr(slopes, name)[k],
                                           delta=size * (16 * EPS / h + h**2))

    def test_other_meshes_and_crossings(self):
        for name, crossing in (("triangular", "mzi"), ("diamond", "mzi"), ("rectangular", "3-splitter-mzi"),
                               ("cascaded-trees", "mzi-crossing")):
            mesh = fm.Mesh(6, name, crossing)
            u = fm.haar_unitary(6)
            self.assertLess(fm.matrix_error(mesh.fabricate().matrix(mesh.decompose(u)), u), 256 * EPS * 6, name)

    def test_bad_input_is_one_sentence(self):
        cases = ((lambda: fm.Mesh(8, "rectangulr"), "did you mean 'rectangular'"),
                 (lambda: fm.Mesh(1), "2"),
                 (lambda: self.mesh.decompose(np.ones((8, 8))), "unitary"),
                 (lambda: self.mesh.decompose(np.eye(4)), "[8, 8]"),
                 (lambda: self.mesh.fabricate(splitter_sigma=0.1), "did you mean 'splitter_sigma_rad'"),
                 (lambda: self.mesh.fabricate(splitter_sigma_rad=-1), "splitter_sigma_rad"),
                 (lambda: self.mesh.fabricate(phase_bits=8.5), "phase_bits: takes a whole number"),
                 (lambda: self.mesh.trials(self.program, 1, splitter_sigma=0.1), "did you mean 'splitter_sigma_rad'"),
                 (lambda: self.mesh.trials(self.program, 1, device="gpu"), "device 'gpu': must be 'cpu' or 'cuda'"),
                 (lambda: self.mesh.trials(self.program, 2, first=2**32 - 1), "chips have numbers below 2^32"),
                 (lambda: self.mesh.trials(fm.Program([1], [1], [1]), 1), "layout"),
                 (lambda: self.mesh.fabricate().propagate(self.program, np.ones(7)), "x: takes fields [8]"),
                 (lambda: self.mesh.fabricate().matrix(fm.Program([1], [1], [1])), "layout"),
                 (lambda: fm.Mesh(8, "truncated-rectangular").decompose(self.u), ""))
        refuses(self, cases)


if __name__ == "__main__":
    unittest.main()
