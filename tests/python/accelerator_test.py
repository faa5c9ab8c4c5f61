"""Whole products of fringe_mesh: the bits of the C++ library, and its laws by other ways."""

import math
import unittest

from module_testing import EPS, EPS32, fm, np, pattern, reference, refuses

ROWS, COLS, BATCH = 20, 33, 70


def accelerators(**more):
    """Those of module_reference.cpp."""
    more = dict(seed=7, chip=2, **more)
    return {"realistic": fm.Accelerator(**more),
            "corrected": fm.Accelerator("coarse-splitters", corrected=True, modes=8, laser_power_w=0.01, cores=40, **more),
            "shot": fm.Accelerator(effects=["output_adc", "shot_noise"], **more),
            "coded": fm.Accelerator(numbers={"weight_bits": 6}, **more)}


class Accelerator(unittest.TestCase):
    def test_products_have_the_bits_of_the_library(self):
        x = pattern(COLS, BATCH, 5)
        for threads in (1, 3):
            for name, accelerator in accelerators(threads=threads).items():
                for site in (0, 1):
                    w = accelerator.program(pattern(ROWS, COLS, site))
                    got = {"multiply": w.multiply(x, shot=3, first_sample=5)}
                    w.calibrate(x)
                    got |= {"calibrated": w @ x, "realised": w.realised()}
                    for what, numbers in got.items():
                        self.assertEqual(numbers.dtype, np.float32)
                        self.assertTrue((numbers.ravel() == reference()[f"{name}{site}.{what}"]).all(),
                                        f"{name}{site}.{what}, {threads} threads")
                cost = accelerator.price([(ROWS, COLS, BATCH)] * 2)
                self.assertTrue((reference()[f"{name}.price"] == [cost.latency_s, cost.interval_s, cost.energy_j(),
                                                                  cost.area_m2]).all(), name)

    def test_an_ideal_one_multiplies(self):
        w, x = pattern(ROWS, COLS, 0), pattern(COLS, BATCH, 5)
        programmed = fm.Accelerator(effects=[]).program(w)
        self.assertEqual(programmed.shape, (ROWS, COLS))
        # Two meshes of 16 columns in single precision, and a gain.
        bound = 64 * EPS32 * math.sqrt(16)
        self.assertLess(np.linalg.norm(programmed.realised() - w), bound * np.linalg.norm(w))
        self.assertLess(np.linalg.norm(programmed @ x - w @ x), bound * np.linalg.norm(w) * np.linalg.norm(x))
        self.assertTrue((programmed @ x[:, 0] == (programmed @ x)[:, 0]).all())

    def test_noise_belongs_to_seed_and_counters(self):
        w, x = pattern(ROWS, COLS, 0), pattern(COLS, BATCH, 5)
        make = lambda **key: fm.Accelerator(effects=["shot_noise"], **key)
        one = make().program(w)
        self.assertTrue((one.multiply(x)[:, 32:] == one.multiply(x[:, 32:], first_sample=32)).all())
        accelerator = make()
        others = [one @ x, one.multiply(x, shot=1), make(seed=2).program(w) @ x, make(chip=1).program(w) @ x,
                  [accelerator.program(w), accelerator.program(w)][1] @ x]
        for i, y in enumerate(others):
            for z in others[:i]:
                self.assertGreater((y != z).mean(), 0.99)
        self.assertTrue((others[0] == make().program(w) @ x).all())

    def test_shot_noise_is_that_of_the_link_budget(self):
        # The identity at full scale: fields of 1, the variance (1/(4 S)) (1 + S/N) of a homodyne reading.
        signal, oscillator = reference()["budget"][8:10]
        n, batch = 16, 4096
        y = fm.Accelerator(effects=["shot_noise"]).program(np.eye(n)).multiply(np.ones((n, batch))).astype(float)
        variance = (1 + signal / oscillator) / (4 * signal)
        self.assertAlmostEqual(((y - 1)**2).mean() / variance, 1, delta=5 * math.sqrt(2 / (n * batch)))

    def test_ten_times_the_light_changes_noise_and_joules_together(self):
        n, batch, noise, joules = 16, 4096, [], []
        for watts in (0.01, 0.1):
            w = fm.Accelerator(effects=["shot_noise"], laser_power_w=watts).program(np.eye(n))
            noise.append(((w.multiply(np.ones((n, batch))).astype(float) - 1)**2).mean())
            joules.append(w.cost(batch).energy_by_part_j()["laser"])
        self.assertAlmostEqual(noise[0] / noise[1], 10, delta=10 * 5 * math.sqrt(4 / (n * batch)))
        self.assertAlmostEqual(joules[1] / joules[0], 10, delta=64 * EPS)

    def test_inputs_pass_the_dac(self):
        x = pattern(16, BATCH, 3)
        scale = np.abs(x).max(axis=0)
        y = fm.Accelerator(effects=["input_dac"]).program(np.eye(16)) @ x
        dac = scale * fm.Converter("dac-9bit-11gs").convert(x / scale)
        self.assertLess(np.abs(y - dac).max(), 64 * EPS32 * math.sqrt(16))
        self.assertGreater(np.abs(y - x).max(), 1e3 * EPS32)

    def test_calibration_spends_the_adc_on_what_comes(self):
        w, x = pattern(16, 16, 0), 1.0 * (np.arange(16)[:, None] == np.arange(16))  # a sixteenth of what could come
        programmed = fm.Accelerator(effects=["output_adc"]).program(w)
        before = np.linalg.norm(programmed @ x - w)
        programmed.calibrate(x)
        self.assertLess(np.linalg.norm(programmed @ x - w), before / 2)

    def test_intensities_are_magnitudes(self):
        w, x = pattern(16, 16, 0), pattern(16, 9, 3)
        y = fm.Accelerator(effects=[], detection="intensity").program(w) @ x
        # The root of a square: half the digits where it is dark.
        self.assertLess(np.abs(y**2 - (w @ x)**2).max(), 64 * EPS32 * 4 * np.linalg.norm(w)**2 * 16)

    def test_costs_add_up(self):
        accelerator = fm.Accelerator()
        one, many = (accelerator.program(pattern(16, 16, 0)).cost(batch) for batch in (1, 1000))
        self.assertEqual((one.macs, many.macs), (256, 256000))
        for cost in (one, many):
            for pipelined, duration in ((False, cost.latency_s), (True, cost.interval_s)):
                energy = cost.energy_j(pipelined)
                self.assertAlmostEqual(sum(cost.energy_by_part_j(pipelined).values()) / energy, 1, delta=32 * EPS)
                self.assertGreater(energy, cost.static_power_w * duration)
        self.assertGreaterEqual(many.latency_s, 1000 / 5e9)  # a symbol each at 5 GHz
        # One core for two tiles programs both anew: heaters settle twice.
        few = fm.Accelerator(cores=1)
        self.assertGreater(few.price([(32, 16, 1)]).latency_s, 1000 * accelerator.price([(32, 16, 1)]).latency_s)
        self.assertIn("macs=256", repr(one))

    def test_published_systems_compute_in_codes(self):
        w, x = pattern(16, 16, 0), pattern(16, 9, 3)
        accelerator = fm.Accelerator("envise")
        programmed = accelerator.program(w)
        # Products of codes correlate with those of the numbers.
        self.assertGreater(np.corrcoef((programmed @ x).ravel(), (w @ x).ravel())[0, 1], 0.9)
        self.assertGreater(programmed.cost(64).energy_j(), 0)

    def test_effects_are_those_that_act(self):
        everything = fm.Accelerator().effects
        self.assertIn("laser_intensity_noise", everything)
        self.assertEqual(fm.Accelerator(effects=everything[3:5]).effects, everything[3:5])
        self.assertEqual(fm.Accelerator(effects=[]).effects, [])

    def test_bad_input_is_one_sentence(self):
        a = fm.Accelerator()
        w = a.program(pattern(ROWS, COLS, 0))
        refuses(self, (
            (lambda: fm.Accelerator("realistc"), "preset: unknown photonic preset 'realistc'; did you mean 'realistic'"),
            (lambda: fm.Accelerator(mode=16), "did you mean 'modes'"),
            (lambda: fm.Accelerator(modes=1), "modes: must be from 2"),
            (lambda: fm.Accelerator(modes="16"), "modes: takes a number"),
            (lambda: fm.Accelerator(modes=None), "modes: takes"),
            (lambda: fm.Accelerator(modes=10**30), "modes: is no number of 64 bits"),
            (lambda: fm.Accelerator(laser="diode"), "laser: unknown laser 'diode'"),
            (lambda: fm.Accelerator(phase_bits=20), "the bits of phase_dac"),
            (lambda: fm.Accelerator(effects=["shot"]), "did you mean 'shot_noise'"),
            (lambda: fm.Accelerator(numbers={"weight_bit": 3}), "numbers.weight_bit"),
            (lambda: fm.Accelerator(numbers={}, corrected=True), "corrected"),
            (lambda: fm.Accelerator(numbers={}, effects=["shot_noise"]), "effects"),
            (lambda: fm.Accelerator("envise", modes=8), "modes"),
            (lambda: fm.Accelerator(detection="intensity").program(pattern(4, 40, 0)), "signs"),
            (lambda: a.program([1, 2]), "weights: takes a matrix [rows, cols]"),
            (lambda: a.program([[1, np.nan]]), "weights: takes finite numbers"),
            (lambda: a.program([[np.inf, 1]]), "weights: takes finite numbers"),
            (lambda: a.program(np.eye(3) * 1j), "weights: takes real numbers"),
            (lambda: w.multiply(np.ones(3)), "x: takes a batch [33] or [33, batch]"),
            (lambda: w @ (1j * np.ones(33)), "x: takes real numbers"),
            (lambda: w.multiply(np.ones(33), first_sample=2**32), "first_sample"),
            (lambda: w.cost(0), "at least 1"),
            (lambda: a.price([]), "products")))


if __name__ == "__main__":
    unittest.main()
