// The two ends of the photonic engine: modulators, laser, receivers and converters act as strongly as they
// say.
#include <gtest/gtest.h>

#include <cmath>

#include "photonics/converters.hpp"
#include "photonics/link_budget.hpp"
#include "tests/photonics/engine_testing.hpp"

namespace fringe {
namespace {

using namespace engine_testing;

/// Every imperfection of the two ends of a core, each strong enough to be seen.
PhotonicEffects both_ends() {
  PhotonicDesign design = find_photonic_preset("realistic").design;
  design.modulator.bandwidth_hz = design.tia.bandwidth_hz = design.clock_hz / 2;
  design.input_gain_sigma = design.output_gain_sigma = 0.01;
  design.dac_inl_lsb = design.adc_inl_lsb = 2;
  design.sampling_jitter_s = 1e-13;
  design.laser_power_w = 1e-5;
  PhotonicEffects effects = effects_of(design);
  effects.mesh = {};
  for (const EffectRow& row : photonic_effects())
    if (row.name.substr(0, 5) == "input" || row.name.substr(0, 9) == "modulator" ||
        row.name.substr(0, 5) == "laser" || row.name == "shot_noise" || row.name == "dark_current" ||
        row.name == "timing_jitter" || row.name == "adc_inl" || row.name == "receiver_bandwidth") {
      EXPECT_TRUE(acts(effects, row)) << row.name;
    }
  return effects;
}

TEST(PhotonicMatrix, NeitherBatchNorThreadsMatterWithEveryImperfectionOfTheEnds) {
  PhotonicEffects effects = both_ends();
  for (const double oscillator : {effects.oscillator_photons, 300.0}) {
    effects.oscillator_photons = oscillator;
    expect_samples_alone(setup(8, 3, effects), 11, 13);
  }
}

// Each row of the table changes what the engine gives, and nothing is left when all are taken away.
TEST(PhotonicMatrix, EveryImperfectionOfTheEndsIsSeen) {
  PhotonicEffects all = both_ends();
  all.shot_variance = 1e-6;  // so that noise doesn't clip what is smaller
  all.thermal_variance = 1e-6;
  all.adc_enob = 12;
  const std::size_t n = 8, batch = 256;
  const auto w = normals(n * n, 1), x = normals(n * batch, 2);
  const auto outputs = [&](const PhotonicEffects& effects) {
    Bench bench(setup(n, 1, effects));
    return forward(*bench.hardware.program({w.data(), n, n}, 1), x, batch);
  };
  const auto ideal = outputs({}), worst = outputs(all);
  for (const EffectRow& row : photonic_effects()) {
    if (!acts(all, row)) continue;
    EXPECT_NE(outputs(without(all, row)), worst) << row.name;
    // Light in quadrature isn't read where the mesh is ideal, up to the rounding of phases.
    if (row.name != "modulator_extinction") {
      EXPECT_NE(outputs(only(all, row)), ideal) << row.name;
    }
  }
}

TEST(PhotonicMatrix, LightAtTheNullIsNotReadOnAnIdealMesh) {
  PhotonicEffects effects;
  effects.modulator_imbalance = 0.1;
  const std::size_t n = 8, batch = 16;
  const auto w = normals(n * n, 1), x = normals(n * batch, 2);
  Bench bench(setup(n, 1, effects)), perfect(setup(n, 1));
  const auto a = forward(*bench.hardware.program({w.data(), n, n}, 1), x, batch),
             b = forward(*perfect.hardware.program({w.data(), n, n}, 1), x, batch);
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 2 * ideal_bound(norm(w), norm(x), n, 1));
}

// Ten times the laser's power: shot noise falls tenfold, thermal noise a hundredfold, the laser's own
// intensity noise not at all. Outputs of an identity matrix are ±1, so the mean square error is the sum of
// the variances. ε is common to the n outputs of a symbol: its sample variance has only `batch` of them.
TEST(PhotonicMatrix, ErrorFallsWithLightToTheFloorOfTheLaser) {
  const std::size_t n = 4, batch = 4096;
  std::vector<float> w(n * n), x(n * batch, 1.0f);
  for (std::size_t i = 0; i < n; ++i) w[i * n + i] = 1;
  PhotonicDesign design = find_photonic_preset("realistic").design;
  design.modes = n;
  design.splitter.splitting_sigma_rad = 0;  // receivers in balance
  double last = 1e30;
  for (const double power : {1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1.0}) {
    design.laser_power_w = power;
    const PhotonicEffects all = effects_of(design);
    PhotonicEffects effects;
    effects.shot_variance = all.shot_variance;
    effects.oscillator_photons = all.oscillator_photons;
    effects.thermal_variance = all.thermal_variance;
    effects.intensity_variance = all.intensity_variance;
    Bench bench(setup(n, 1, effects));
    const auto matrix = bench.hardware.program({w.data(), n, n}, 1);
    const auto y = forward(*matrix, x, batch);
    double error = 0;
    for (const float value : y) error += std::pow(value - 1.0, 2) / static_cast<double>(y.size());
    const double share = 1 / (4 * all.shot_variance) / all.oscillator_photons;
    const double expected = all.shot_variance * (1 + share) + all.thermal_variance + all.intensity_variance;
    EXPECT_NEAR(error / expected, 1, 5 * std::sqrt(2.0 / static_cast<double>(batch))) << power;
    EXPECT_LT(error, last);
    EXPECT_GT(error, all.intensity_variance * (1 - 5 * std::sqrt(2.0 / static_cast<double>(batch))));
    last = error;
  }
}

// Gains of channels are part of the matrix: W' = (1+g_out)·W·(1+g_in), in outputs, in what is realised, and
// in the gradient of the inputs.
TEST(PhotonicMatrix, GainsOfChannelsBelongToTheMatrix) {
  PhotonicEffects effects;
  effects.input_gain_sigma = effects.output_gain_sigma = 0.05;
  const std::size_t rows = 5, cols = 9, batch = 7, n = 4;
  Bench bench(setup(n, 2, effects));
  const auto w = normals(rows * cols, 1), x = normals(cols * batch, 2), c = normals(rows * batch, 3);
  const auto matrix = bench.hardware.program({w.data(), rows, cols}, 1);
  std::vector<float> realised(rows * cols), dx(cols * batch);
  matrix->realised({realised.data(), rows, cols});
  Context keep;
  keep.training = true;
  const auto y = forward(*matrix, x, batch, keep);
  matrix->backward({x.data(), cols, batch}, {c.data(), rows, batch}, {dx.data(), cols, batch}, keep);
  double change = 0;
  for (std::size_t i = 0; i < w.size(); ++i) change += std::pow(realised[i] - w[i], 2);
  EXPECT_GT(std::sqrt(change), 0.02 * norm(w));
  const double bound = 4 * ideal_bound(norm(w), norm(x) + norm(c), n, 3);
  for (std::size_t b = 0; b < batch; ++b) {
    for (std::size_t r = 0; r < rows; ++r) {
      double exact = 0;
      for (std::size_t k = 0; k < cols; ++k)
        exact += static_cast<double>(realised[r * cols + k]) * static_cast<double>(x[k * batch + b]);
      EXPECT_NEAR(y[r * batch + b], exact, bound);
    }
    for (std::size_t k = 0; k < cols; ++k) {
      double exact = 0;
      for (std::size_t r = 0; r < rows; ++r)
        exact += static_cast<double>(realised[r * cols + k]) * static_cast<double>(c[r * batch + b]);
      EXPECT_NEAR(dx[k * batch + b], exact, bound);
    }
  }
}

// With noise alone, y − Wx has variance gain²·scale²·(shot + thermal) per tile. For n samples the measured
// variance is off by a factor 1 ± z·√(2/n); z = 5.
TEST(PhotonicMatrix, NoiseHasTheBudgetsVariance) {
  PhotonicEffects noise;
  noise.shot_variance = 4e-4;
  noise.thermal_variance = 9e-4;
  const std::size_t n = 4, batch = 4096;
  Bench bench(setup(n, 1, noise)), quiet(setup(n, 1));
  std::vector<float> w(n * n), x(n * batch);
  for (std::size_t i = 0; i < n; ++i) w[i * n + i] = 3;                        // gain 3
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = i < batch ? 0.5f : 0.25f;  // scale 0.5
  const auto noisy = bench.hardware.program({w.data(), n, n}, 1),
             clean = quiet.hardware.program({w.data(), n, n}, 1);
  const auto a = forward(*noisy, x, batch), c = forward(*clean, x, batch);
  Context later;
  later.shot = 1;
  const auto b = forward(*noisy, x, batch, later);
  double square = 0, product = 0, sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double first = a[i] - c[i], second = b[i] - c[i];
    square += first * first;
    product += first * second;
    sum += first;
  }
  const double count = static_cast<double>(a.size()), variance = 9 * 0.25 * 13e-4;
  EXPECT_NEAR(square / count / variance, 1, 5 * std::sqrt(2 / count));
  EXPECT_NEAR(product / count / variance, 0, 5 / std::sqrt(count)) << "two shots are correlated";
  EXPECT_NEAR(sum / count / std::sqrt(variance), 0, 5 / std::sqrt(count));
}

TEST(PhotonicMatrix, OutputsLieOnTheAdcsSteps) {
  PhotonicEffects effects;
  effects.adc_enob = 5;
  const std::size_t n = 8, batch = 64;
  Bench bench(setup(n, 1, effects));
  const auto w = normals(n * n, 1), x = normals(n * batch, 2);
  const auto matrix = bench.hardware.program({w.data(), n, n}, 1);
  Context calibrate;
  calibrate.calibrate = true;
  forward(*matrix, x, batch, calibrate);
  const auto& photonic = dynamic_cast<const PhotonicMatrix&>(*matrix);
  const Quantiser adc = make_quantiser(photonic.adc_ranges()[0], 5);
  const double gain = photonic.asked(0).gain;
  const auto y = forward(*matrix, x, batch);
  for (std::size_t b = 0; b < batch; ++b) {
    float scale = 0;
    for (std::size_t k = 0; k < n; ++k) scale = std::max(scale, std::abs(x[k * batch + b]));
    for (std::size_t r = 0; r < n; ++r) {
      const double steps =
          y[r * batch + b] / (gain * static_cast<double>(scale) * static_cast<double>(adc.step));
      EXPECT_NEAR(steps, std::round(steps), 64 * u * std::max(1.0, std::abs(steps)));
      EXPECT_LE(std::abs(steps), 16 + 64 * u * 16);
    }
  }
}

}  // namespace
}  // namespace fringe
