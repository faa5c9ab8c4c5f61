// Cores whose receivers read intensity: magnitudes, their gradients and their noise.
#include <gtest/gtest.h>

#include <cmath>

#include "core/error.hpp"
#include "photonics/converters.hpp"
#include "photonics/link_budget.hpp"
#include "photonics/svd_core.hpp"
#include "tests/photonics/engine_testing.hpp"

namespace fringe {
namespace {

using namespace engine_testing;

PhotonicSetup intensity(std::string_view kind, std::size_t modes, const PhotonicEffects& effects = {}) {
  PhotonicSetup s = setup(modes, 4, effects);
  s.design.core = kind;
  if (kind == "orthogonal") s.design.crossing = "symmetric-mzi";
  s.design.detection = Detection::intensity;
  s.design.local_oscillator_share = 0;
  return s;
}

// The root halves a relative error but not an absolute one at 0: |√p' − √p| ≤ |z' − z|, as p is |z|².
TEST(IntensityCore, GivesMagnitudes) {
  const std::size_t n = 6, rows = 9, batch = 70;
  const auto w = normals(rows * n, 1), x = normals(n * batch, 2);
  for (const char* kind : {"svd", "unitary", "orthogonal"}) {
    Bench bench(intensity(kind, n));
    const auto matrix = bench.hardware.program({w.data(), rows, n}, 1);
    std::vector<float> realised(rows * n);
    matrix->realised({realised.data(), rows, n});
    const auto y = forward(*matrix, x, batch);
    for (std::size_t b = 0; b < batch; ++b)
      for (std::size_t r = 0; r < rows; ++r) {
        double exact = 0;
        for (std::size_t k = 0; k < n; ++k)
          exact += static_cast<double>(realised[r * n + k]) * static_cast<double>(x[k * batch + b]);
        EXPECT_NEAR(y[r * batch + b], std::abs(exact), 4 * ideal_bound(norm(w), norm(x), n, 1)) << kind;
      }
    // A single mesh can't hide an imaginary part from a photodiode.
    EXPECT_EQ(dynamic_cast<const PhotonicMatrix&>(*matrix).residual() == 0, std::string(kind) == "svd");
  }
}

TEST(IntensityCore, RefusesSumsOfMagnitudes) {
  Bench bench(intensity("svd", 4));
  const std::vector<float> w(10);
  try {
    bench.hardware.program({w.data(), 2, 5}, 1);
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("signs"), std::string::npos) << error.what();
  }
  EXPECT_NO_THROW(bench.hardware.program({w.data(), 5, 2}, 1));
}

// Central differences, steps and bound as in photonic_accelerator_test.cpp; outputs near 0 bend more: |f‴|
// grows as 1/|z|², so the loss leaves out those below a quarter of the input's scale.
TEST(IntensityCore, GradientsGoThroughTheModulus) {
  PhotonicEffects effects;
  effects.mesh = {0.05, 0.02, 0, 0.3, 0.0};
  effects.output_gain_sigma = 0.05;
  const std::size_t n = 4, batch = 4;
  const auto w = normals(n * n, 1), x = normals(n * batch, 2);
  for (const char* kind : {"svd", "unitary", "orthogonal"}) {
    Bench bench(intensity(kind, n, effects));
    const auto matrix = bench.hardware.program({w.data(), n, n}, 1);
    Context keep;
    keep.training = true;
    auto c = normals(n * batch, 3);
    const auto y = forward(*matrix, x, batch, keep);
    for (std::size_t i = 0; i < y.size(); ++i)
      if (y[i] < 0.25f * static_cast<float>(norm(w)) / 2) c[i] = 0;
    ASSERT_GT(norm(c), 0);
    const auto loss = [&] {
      const auto now = forward(*matrix, x, batch);
      double sum = 0;
      for (std::size_t i = 0; i < now.size(); ++i) sum += static_cast<double>(now[i]) * c[i];
      return sum;
    };
    std::vector<float> dx(n * batch);
    matrix->backward({x.data(), n, batch}, {c.data(), n, batch}, {dx.data(), n, batch}, keep);
    const double h = 0x1p-6, scale = norm(c) * norm(w) * norm(x);
    const double bound = (16 * h * h / 6 + u * std::sqrt(8.0 * n * n) / h) * scale;
    const std::size_t count = matrix->parameters().size();
    double largest = 0;
    for (std::size_t p = 0; p < count; ++p) {
      if (std::string(kind) == "svd" && p >= 2 * n * n && p < count - 1) continue;
      if (std::string(kind) == "orthogonal" && p >= n * (n - 1) / 2 && p < count - 1) continue;
      float& value = matrix->parameters()[p];
      const float kept = value;
      const auto shifted = [&](double shift) {
        value = kept + static_cast<float>(shift);
        matrix->commit();
        return loss();
      };
      const double slope = (shifted(h) - shifted(-h)) / (2 * h);
      value = kept;
      matrix->commit();
      EXPECT_NEAR(matrix->gradients()[p], slope, bound) << kind << " " << p;
      largest = std::max(largest, std::abs(slope));
    }
    EXPECT_GT(largest, 10 * bound);
  }
}

/// y of an identity matrix for inputs that are all `amplitude` but one, which is 1: it sets the scale.
std::vector<float> roots(const PhotonicEffects& effects, float amplitude, std::size_t batch) {
  const std::size_t n = 4;
  std::vector<float> w(n * n), x(n * batch, amplitude);
  for (std::size_t i = 0; i < n; ++i) w[i * n + i] = 1;
  std::fill_n(x.begin(), batch, 1.0f);
  Bench bench(intensity("svd", n, effects));
  auto y = forward(*bench.hardware.program({w.data(), n, n}, 1), x, batch);
  y.erase(y.begin(), y.begin() + static_cast<std::ptrdiff_t>(batch));
  return y;
}

struct Moments {
  double mean = 0, variance = 0, count = 0;
  explicit Moments(const std::vector<float>& v) : count(static_cast<double>(v.size())) {
    for (const float x : v) mean += x / count;
    for (const float x : v) variance += std::pow(x - mean, 2) / count;
  }
};

// Shot noise: N is Poisson with mean S·a², so that √(N/S) has variance 1/(4S) whatever a (Anscombe,
// Biometrika 35, 246 (1948)), and mean a·(1 − 1/(8·S·a²)), to relative order 1/(S·a²).
TEST(IntensityCore, TheRootsNoiseIsThatOfShotNoise) {
  for (const double photons : {1e4, 1e6})
    for (const float a : {0.3f, 0.8f}) {
      PhotonicEffects effects;
      effects.shot_variance = 1 / photons;
      const Moments m(roots(effects, a, 8192));
      const double order = 1 / (photons * a * a);
      EXPECT_NEAR(m.variance * 4 * photons, 1, 5 * std::sqrt(2 / m.count) + 2 * order);
      EXPECT_NEAR(m.mean, a * (1 - order / 8),
                  5 * std::sqrt(m.variance / m.count) + a * order * order + 8 * u);
    }
}

// Amplifier and dark current add σ² to the variance of the power: (σ/(2a))² to that of the root, with and
// without shot noise.
TEST(IntensityCore, NoiseOfTheReceiverFallsWithTheField) {
  for (const double shot : {0.0, 1e-6}) {
    PhotonicEffects effects;
    effects.shot_variance = shot;
    effects.thermal_variance = 3e-6;
    effects.dark_variance = 1e-6;
    for (const float a : {0.5f, 0.9f}) {
      const Moments m(roots(effects, a, 8192));
      const double expected = (4e-6 / (a * a) + shot) / 4;
      // Dark electrons raise the mean that the Poisson number has, which is in its variance already.
      EXPECT_NEAR(m.variance / expected, 1, 5 * std::sqrt(2 / m.count) + 8 * expected / (a * a)) << shot << a;
    }
  }
}

// The power lies on steps from 0 to the ADC's range, all 2^b of them above 0.
TEST(IntensityCore, PowersLieOnTheAdcsSteps) {
  PhotonicEffects effects;
  effects.adc_enob = 5;
  const std::size_t n = 8, batch = 64;
  Bench bench(intensity("svd", n, effects));
  const auto w = normals(n * n, 1), x = normals(n * batch, 2);
  const auto matrix = bench.hardware.program({w.data(), n, n}, 1);
  Context calibrate;
  calibrate.calibrate = true;
  forward(*matrix, x, batch, calibrate);
  const auto& photonic = dynamic_cast<const PhotonicMatrix&>(*matrix);
  const double step = photonic.adc_ranges()[0] / 32.0, gain = photonic.asked(0).gain;
  const auto y = forward(*matrix, x, batch);
  double most = 0;
  for (std::size_t b = 0; b < batch; ++b) {
    float scale = 0;
    for (std::size_t k = 0; k < n; ++k) scale = std::max(scale, std::abs(x[k * batch + b]));
    for (std::size_t r = 0; r < n; ++r) {
      const double steps = std::pow(y[r * batch + b] / (gain * static_cast<double>(scale)), 2) / step;
      EXPECT_NEAR(steps, std::round(steps), 64 * u * std::max(1.0, steps));
      most = std::max(most, steps);
    }
  }
  EXPECT_NEAR(most, 32, 64 * u * 32);
}

TEST(IntensityCore, BatchesAndThreadsDontMatterWithEverythingOn) {
  PhotonicDesign design = intensity("unitary", 8).design;
  design.modulator.bandwidth_hz = design.tia.bandwidth_hz = design.clock_hz / 2;
  design.input_gain_sigma = design.output_gain_sigma = 0.01;
  design.dac_inl_lsb = design.adc_inl_lsb = 2;
  design.laser_power_w = 1e-5;
  for (const float value : expect_samples_alone(intensity("unitary", 8, effects_of(design)), 11, 7))
    EXPECT_GE(value, 0);
}

}  // namespace
}  // namespace fringe
