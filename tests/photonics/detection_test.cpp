// Photon statistics of receivers.
#include "photonics/detection.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <string>

#include "core/error.hpp"
#include "photonics/haar.hpp"
#include "photonics/link_budget.hpp"
#include "photonics/physical_mesh.hpp"
#include "photonics/sine.hpp"

namespace fringe {
namespace {

struct Planes {
  std::vector<float> re, im;
  std::size_t modes, batch;
  Planes(std::size_t m, std::size_t b, float real, float imaginary)
      : re(m * b, real), im(m * b, imaginary), modes(m), batch(b) {}
  Fields<float> fields() { return {{re.data(), modes, batch}, {im.data(), modes, batch}}; }
};

struct Moments {
  double mean, variance;
};
Moments moments(const std::vector<float>& x) {
  double sum = 0, square = 0;
  for (const float value : x) sum += value;
  const double mean = sum / static_cast<double>(x.size());
  for (const float value : x) square += (value - mean) * (value - mean);
  return {mean, square / static_cast<double>(x.size())};
}

std::vector<float> homodyne(float re, float im, double shot_variance, double oscillator,
                            std::uint32_t shot = 0) {
  const std::size_t modes = 4, batch = 8192;
  Planes planes(modes, batch, re, im);
  ReadingScratch scratch;
  add_reading_noise(planes.fields(), modes, shot_variance, oscillator, 0, {1, 0, 0, shot, 0, 1, 0}, scratch);
  return planes.re;
}

// Also beyond 4096 operators and 2²⁰ positions, below which draws are those of old.
TEST(PositionedDraw, NoTwoAreAlike) {
  std::set<std::pair<std::uint32_t, std::uint32_t>> seen;
  std::size_t count = 0;
  for (const std::uint32_t site : {0u, 1u, 4095u, 4096u, 4097u, 8192u, 0xfffu << 20, 0xffffffffu})
    for (const std::size_t position :
         {0u, 1u, 2u, 4096u, (1u << 20) - 1, 1u << 20, (1u << 20) + 1, (1u << 24) - 1})
      for (const Purpose purpose : {Purpose::shot_noise, Purpose::tap_noise}) {
        const Draw draw = at_position({.seed = 1, .purpose = purpose, .site = site}, position);
        seen.insert({static_cast<std::uint32_t>(draw.purpose), draw.site});
        ++count;
        if (site >= 4096 || position >= 1u << 20) continue;
        EXPECT_EQ(draw.purpose, purpose);
        EXPECT_EQ(draw.site, site + (position << 12));
      }
  EXPECT_EQ(seen.size(), count);
  try {
    at_position({}, most_positions);
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("16777216"), std::string::npos) << error.what();
  }
}

TEST(Sine, AgreesWithTheLibrary) {
  for (int i = -20000; i <= 20000; ++i) {
    const float x = static_cast<float>(i) * 1e-3f * (i % 7 == 0 ? 40.0f : 1.0f);
    const SineCosine y = sine_cosine(x);
    EXPECT_NEAR(y.sine, std::sin(static_cast<double>(x)), 2e-7) << x;
    EXPECT_NEAR(y.cosine, std::cos(static_cast<double>(x)), 2e-7) << x;
    const float a = static_cast<float>(i) / 20000.0f;
    EXPECT_NEAR(arcsine(a), std::asin(static_cast<double>(a)), 3e-7) << a;
  }
  EXPECT_EQ(sine_cosine(0).sine, 0.0f);
  EXPECT_EQ(sine_cosine(0).cosine, 1.0f);
  EXPECT_EQ(arcsine(0), 0.0f);
  EXPECT_EQ(arcsine(3), arcsine(1));
}

// Mean Re a and variance shot·(1 + |a|²·S/N), S = 1/(4·shot), through the counts of single electrons, the
// normal above, and the change from one to the other. Standard errors of n = 32768 readings: √(V/n) and
// √((2 + kurtosis)/n) with kurtosis 1/(electrons) at most 1.
TEST(Homodyne, ReadsTheFieldWithTheVarianceOfItsElectrons) {
  const double n = 32768;
  for (const double oscillator : {3.0, 40.0, 3000.0, 65535.0, 65537.0, 1e7, 0.0})
    for (const double shot : {1e-5, 1e-2, 0.3}) {
      const float re = 0.6f, im = -0.3f;
      const double share = oscillator > 0 ? (0.36 + 0.09) / (4 * shot) / oscillator : 0;
      const Moments m = moments(homodyne(re, im, shot, oscillator));
      const double variance = shot * (1 + share);
      EXPECT_NEAR(m.mean, re, 5 * std::sqrt(variance / n)) << oscillator << ' ' << shot;
      EXPECT_NEAR(m.variance / variance, 1, 5 * std::sqrt(3 / n)) << oscillator << ' ' << shot;
    }
}

// A weak local oscillator: readings lie on whole electrons, and the dark reading is Skellam's:
// P(0) = e^−N·I₀(N).
TEST(Homodyne, FewPhotonsComeInWholeElectrons) {
  const double oscillator = 2, signal = 5;
  const auto x = homodyne(0, 0, 1 / (4 * signal), oscillator);
  double zeros = 0;
  for (const float reading : x) {
    const double electrons = reading * 2 * std::sqrt(oscillator * signal);
    EXPECT_NEAR(electrons, std::round(electrons), 1e-6 * (1 + std::abs(electrons)));
    zeros += std::round(electrons) == 0;
  }
  const double expected = std::exp(-oscillator) * std::cyl_bessel_i(0, oscillator),
               n = static_cast<double>(x.size());
  EXPECT_NEAR(zeros / n, expected, 5 * std::sqrt(expected * (1 - expected) / n));
}

// The law of the quantum limit: SNR of a full-scale reading is 4·S photons, whatever the local oscillator.
TEST(Homodyne, ShotLimitedSnrGrowsWithPhotons) {
  for (const double photons : {10.0, 1e3, 1e5}) {
    const auto x = homodyne(1, 0, 1 / (4 * photons), 1e12);
    const Moments m = moments(x);
    EXPECT_NEAR(m.mean * m.mean / m.variance / (4 * photons), 1,
                5 * std::sqrt(2.0 / static_cast<double>(x.size())) +
                    2 * 5 / std::sqrt(4 * photons * static_cast<double>(x.size())));
  }
}

TEST(Homodyne, NoShotNoiseLeavesEveryBit) {
  for (const float reading : homodyne(0.37f, 1, 0, 100)) EXPECT_EQ(reading, 0.37f);
}

std::vector<float> intensity(float re, float im, const IntensityReceiver& receiver, std::size_t modes = 4,
                             std::size_t batch = 8192) {
  Planes planes(modes, batch, re, im);
  std::vector<float> power(modes * batch);
  detect_intensity(planes.fields(), {power.data(), modes, batch}, receiver, {1, 0, 0, 0, 0, 1, 0});
  return power;
}

TEST(Intensity, WithoutNoiseIsThePower) {
  for (const float power : intensity(0.6f, -0.8f, {})) EXPECT_NEAR(power, 1, 2 * 0x1p-23);
}

TEST(Intensity, MeanAndVarianceAreThoseOfElectrons) {
  const double n = 32768;
  for (const double photons : {0.5, 20.0, 1e4})
    for (const double dark : {0.0, 3.0})
      for (const double amplifier : {0.0, 5.0}) {
        const Moments m = moments(intensity(0.6f, 0.5f, {photons, dark, amplifier, 0}));
        const double power = 0.36 + 0.25,
                     variance = (photons * power + dark + amplifier * amplifier) / (photons * photons);
        EXPECT_NEAR(m.mean, power, 5 * std::sqrt(variance / n));
        // Kurtosis of the electrons: 1/0.305 at most.
        EXPECT_NEAR(m.variance / variance, 1, 5 * std::sqrt(5.3 / n));
      }
}

TEST(Intensity, LaserNoiseIsCommonToTheModesOfASymbol) {
  const std::size_t modes = 4, batch = 8192;
  const auto x = intensity(1, 0, {0, 0, 0, 1e-4}, modes, batch);
  for (std::size_t b = 0; b < batch; ++b)
    for (std::size_t i = 1; i < modes; ++i) EXPECT_EQ(x[i * batch + b], x[b]);
  EXPECT_NEAR(moments(x).variance / 1e-4, 1, 5 * std::sqrt(2.0 / static_cast<double>(batch)));
}

// A unitary core between uniform light and photodiodes: no reading knows a sign, all together keep the power.
TEST(Intensity, ReadsAUnitaryCore) {
  PhotonicDesign design = find_photonic_preset("realistic").design;
  design.detection = Detection::intensity;
  design.local_oscillator_share = 0;
  const IntensityReceiver receiver = intensity_receiver(design);
  const LinkBudget budget = link_budget(design);
  EXPECT_EQ(receiver.signal_photons, budget.detected_signal_photons);
  EXPECT_EQ(receiver.dark_electrons, budget.dark_electrons);

  const std::size_t n = 8;
  const Topology& mesh = find_topology("rectangular");
  const MeshLayout layout = mesh.build(n);
  const auto target = haar_unitary(n, Draw{1, Purpose::haar});
  const auto u = transfer_matrix(
      layout, realise<double>(layout, mesh.decompose({target.data(), n, n}), ideal_fabrication(layout)));
  const std::size_t batch = 4096;
  Planes out(n, batch, 0, 0);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t b = 0; b < batch; ++b) {
      const float sign = b % 2 == 0 ? 1.0f : -1.0f;
      out.re[i * batch + b] = sign * static_cast<float>(u[i * n].real());
      out.im[i * batch + b] = sign * static_cast<float>(u[i * n].imag());
    }
  std::vector<float> power(n * batch);
  detect_intensity(out.fields(), {power.data(), n, batch}, receiver, {1, 0, 0, 0, 0, 1, 0});
  double total = 0;
  for (std::size_t i = 0; i < n; ++i) {
    double mean = 0;
    for (std::size_t b = 0; b < batch; ++b) mean += power[i * batch + b] / static_cast<double>(batch);
    const double p = std::norm(target[i * n]);
    const double variance = (p / receiver.signal_photons) + budget.thermal_variance + budget.dark_variance +
                            p * p * receiver.intensity_variance;
    EXPECT_NEAR(mean, p, 5 * std::sqrt(variance / static_cast<double>(batch)) + 16 * 0x1p-23);
    total += mean;
  }
  EXPECT_NEAR(
      total, 1,
      5 * std::sqrt((1 / receiver.signal_photons + 8 * (budget.thermal_variance + budget.dark_variance) +
                     receiver.intensity_variance) /
                    static_cast<double>(batch)) +
          64 * 0x1p-23);
}

TEST(Intensity, RefusesAnotherDesignAndWrongShapes) {
  EXPECT_THROW(intensity_receiver(find_photonic_preset("realistic").design), Error);
  Planes planes(2, 3, 0, 0);
  std::vector<float> power(6);
  EXPECT_THROW(detect_intensity(planes.fields(), {power.data(), 3, 2}, {}, {}), Error);
}

}  // namespace
}  // namespace fringe
