"""Receivers and converters of fringe_mesh: the bits of the C++ library, and the laws of photon statistics."""

import math
import unittest

from module_testing import EPS, EPS32, fm, np, pattern, reference, refuses

# The normal's inverse is off by 1e-6 of a spread, far below the standard errors of what is sampled here.
SAMPLES = 1 << 16


def within(samples, variance_of_square=2):
    """Five standard errors of a relative variance; 2: normal numbers."""
    return 5 * math.sqrt(variance_of_square / samples)


class Receiver(unittest.TestCase):
    def test_readings_have_the_bits_of_the_library(self):
        a = pattern(6, 70, 1) + 1j * pattern(6, 70, 2)
        weak = dict(thermal_electrons=20, dark_electrons=5, rin_variance=1e-4)
        receivers = {"homodyne": fm.Receiver(500, oscillator_photons=3000, splitting_sigma_rad=0.01, **weak),
                     "intensity": fm.Receiver(500, "intensity", **weak)}
        for name, receiver in receivers.items():
            y = receiver.read(a, seed=9, chip=1, site=4, shot=2, first_sample=3)
            self.assertEqual(y.dtype, np.float32)
            self.assertTrue((y.ravel() == reference()[name]).all(), name)

    def test_by_power_it_is_the_link_budgets(self):
        (power, oscillator, clock, wavelength, responsivity, noise, dark, rin, photons, lo_photons, thermal,
         dark_electrons, rin_variance) = reference()["budget"]
        r = fm.Receiver.from_power(power, clock, oscillator_power_w=oscillator, wavelength_m=wavelength,
                                   responsivity_a_per_w=responsivity, input_noise_a_per_sqrt_hz=noise,
                                   dark_current_a=dark, rin_db_per_hz=rin)
        for mine, theirs in ((r.photons, photons), (r.oscillator_photons, lo_photons), (r.thermal_electrons, thermal),
                             (r.dark_electrons, dark_electrons), (r.rin_variance, rin_variance)):
            self.assertAlmostEqual(mine / theirs, 1, delta=16 * EPS)
        # A photon at 1.55 um has h c/lambda: 1 mW over 1 ns is 1e-12 J of them.
        energy = 6.62607015e-34 * 299792458 / 1.55e-6
        self.assertAlmostEqual(fm.Receiver.from_power(1e-3, 1e9).photons * energy / 1e-12, 1, delta=16 * EPS)

    def test_homodyne_reads_the_real_part_with_the_variance_of_its_electrons(self):
        a, s, n, thermal, dark = 0.6 - 0.3j, 400.0, 1e5, 30.0, 50.0
        y = fm.Receiver(s, oscillator_photons=n, thermal_electrons=thermal, dark_electrons=dark).read(
            np.full((1, SAMPLES), a)).astype(float)
        variance = (1 + abs(a)**2 * s / n + (thermal**2 + 2 * dark) / n) / (4 * s)
        self.assertAlmostEqual(y.mean(), a.real, delta=5 * math.sqrt(variance / SAMPLES))
        self.assertAlmostEqual(y.var() / variance, 1, delta=within(SAMPLES))

    def test_intensity_is_poisson_with_the_amplifier_and_the_laser_beside_it(self):
        a, s, thermal, dark, rin = 0.6 - 0.3j, 400.0, 30.0, 50.0, 1e-3
        y = fm.Receiver(s, "intensity", thermal_electrons=thermal, dark_electrons=dark, rin_variance=rin).read(
            np.full((1, SAMPLES), a)).astype(float)
        power = abs(a)**2
        variance = (s * power + dark + thermal**2) / s**2 + power**2 * rin
        self.assertAlmostEqual(y.mean(), power, delta=5 * math.sqrt(variance / SAMPLES))
        self.assertAlmostEqual(y.var() / variance, 1, delta=within(SAMPLES))

    def test_laser_noise_is_common_to_the_ports_of_a_symbol(self):
        a = np.full((4, SAMPLES), 0.5)
        for detection, scale in (("homodyne", 0.5), ("intensity", 0.25)):
            y = fm.Receiver(detection=detection, rin_variance=1e-4).read(a)
            self.assertTrue((y == y[0]).all())
            self.assertAlmostEqual((y[0].astype(float) / scale).var() / 1e-4, 1, delta=within(SAMPLES))

    def test_light_without_noise_is_read_as_it_is(self):
        a = pattern(3, 5, 1) + 1j * pattern(3, 5, 2)
        self.assertTrue((fm.Receiver().read(a) == a.real).all())
        self.assertTrue((fm.Receiver(detection="intensity").read(a) == a.real**2 + a.imag**2).all())
        self.assertEqual(fm.Receiver().read(a[:, 0]).shape, (3,))

    def test_noise_belongs_to_seed_and_counters(self):
        a, r = pattern(4, 20, 0), fm.Receiver(100)
        self.assertTrue((r.read(a)[:, 7:] == r.read(a[:, 7:], first_sample=7)).all())
        others = [r.read(a, **{key: 1 + (key == "seed")}) for key in ("seed", "chip", "site", "shot")] + [r.read(a)]
        for i, y in enumerate(others):
            for z in others[:i]:
                self.assertFalse((y == z).any())

    def test_bad_input_is_one_sentence(self):
        r = fm.Receiver(1e3)
        refuses(self, (
            (lambda: fm.Receiver(0), "photons = 0"),
            (lambda: fm.Receiver(detection="homdyne"), "did you mean 'homodyne'"),
            (lambda: fm.Receiver(1, thermal_electrons=3), "give photons (power_w) and, of homodyne, oscillator_photons"),
            (lambda: fm.Receiver(thermal_electrons=3, oscillator_photons=9), "thermal_electrons = 3"),
            (lambda: fm.Receiver(1, rin_variance=-1), "rin_variance"),
            (lambda: fm.Receiver(1, "intensity", oscillator_photons=9), "belong to homodyne"),
            (lambda: fm.Receiver.from_power(1e-6, 1e9, input_noise_a_per_sqrt_hz=1e-11), "oscillator_power_w"),
            (lambda: fm.Receiver.from_power(1e-3, 1e9, responsivity_a_per_w=2), "one electron per photon"),
            (lambda: fm.Receiver.from_power(1e-3, 0), "symbol_rate_hz"),
            (lambda: fm.Receiver.from_power(-1e-9, 1e9), "power_w = -1e-09: must be above 0"),
            (lambda: fm.Receiver.from_power(1e-3, 1e9, dark_current_a=-1), "dark_current_a"),
            (lambda: fm.Receiver.from_power(1e-3, 1e9, rin_db_per_hz=3), "negative"),
            (lambda: r.read(np.ones((2, 2, 2))), "fields: takes fields"),
            (lambda: r.read([np.nan]), "finite"),
            (lambda: r.read([1], first_sample=2**32), "first_sample")))


class Converter(unittest.TestCase):
    def test_steps_clips_and_halves_to_even(self):
        y = fm.quantise([0.1, 0.125, 0.375, -0.3, 1.2, -7, np.nan], bits=3)
        self.assertTrue((y[:6] == [0, 0, 0.5, -0.25, 1, -1]).all())
        self.assertTrue(np.isnan(y[6]))
        self.assertEqual(fm.quantise(np.ones((2, 3, 4)), 8).shape, (2, 3, 4))
        self.assertTrue((fm.quantise([0.3, 5], math.inf) == np.float32([0.3, 5])).all())

    def test_its_noise_is_that_of_uniform_rounding(self):
        # Numbers in the middle of each of M even parts of a step are off by step^2/12 (1 - 1/M^2) exactly.
        parts = 8
        for bits, width in ((4, 1.0), (7, 2.5), (5.5, 0.3)):
            step = 2 * width / 2**bits
            x = (np.arange(-5 * parts, 5 * parts) + 0.5) / parts * step
            off = fm.quantise(x, bits, width).astype(float) - x
            # float32 rounds x itself, at most 5 steps: 5 EPS32/2 of a step.
            self.assertAlmostEqual((off**2).mean() / (step**2 / 12 * (1 - parts**-2)), 1, delta=64 * EPS32)

    def test_rows_of_the_catalogue(self):
        adc = fm.Converter("adc-5gs")
        self.assertEqual((adc.kind, adc.rate_hz), ("adc", 5e9))
        self.assertAlmostEqual(adc.energy_j, adc.power_w / adc.rate_hz, delta=EPS * adc.energy_j)
        small = adc.scaled(enob_bits=adc.enob_bits - 2, rate_hz=1e9)
        self.assertAlmostEqual(small.power_w / adc.power_w, 1 / 4 / 5, delta=4 * EPS)
        self.assertAlmostEqual(small.walden_j / adc.walden_j, 1, delta=4 * EPS)
        x = pattern(5, 7, 0)
        self.assertTrue((adc.convert(x) == fm.quantise(x, adc.enob_bits)).all())
        self.assertIn("IEEE", adc.source)

    def test_bad_input_is_one_sentence(self):
        refuses(self, (
            (lambda: fm.quantise([1], 0), "1 … 22"),
            (lambda: fm.quantise([1], 8, 0), "range"),
            (lambda: fm.quantise([1j], 8), "x: takes real numbers"),
            (lambda: fm.quantise(["a"], 8), "x: takes real numbers"),
            (lambda: fm.Converter("adc-5g"), "did you mean 'adc-5gs'"),
            (lambda: fm.Converter("adc-5gs").scaled(8, 1e12), "figure of merit")))


if __name__ == "__main__":
    unittest.main()
