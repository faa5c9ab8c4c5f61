// The photonic engine as a matrix: exact when ideal, and each imperfection as strong as it says.
#include "photonics/photonic_accelerator.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "core/error.hpp"
#include "core/units.hpp"
#include "photonics/converters.hpp"
#include "photonics/correction.hpp"
#include "photonics/haar.hpp"
#include "photonics/link_budget.hpp"

namespace fringe {
namespace {

constexpr double u = 0x1p-24;  // unit roundoff of float

std::vector<float> normals(std::size_t count, std::uint32_t site) {
  std::vector<float> values(count);
  fill_normal(values, Draw{11, Purpose::test, 0, site});
  return values;
}

PhotonicSetup setup(std::size_t modes, std::size_t cores, const PhotonicEffects& effects = {}) {
  PhotonicSetup s;
  s.name = "test";
  s.design = find_photonic_preset("realistic").design;
  s.design.modes = modes;
  s.design.cores = cores;
  s.effects = effects;
  s.seed = 5;
  return s;
}

struct Bench {
  ThreadPool pool;
  std::unique_ptr<Executor> cpu = make_cpu_executor(pool);
  PhotonicAccelerator hardware;
  explicit Bench(const PhotonicSetup& s, unsigned threads = 1) : pool(threads), hardware(s, *cpu, pool) {}
};

std::vector<float> forward(ProgrammedMatrix& matrix, const std::vector<float>& x, std::size_t batch,
                           const Context& context = {}) {
  std::vector<float> y(matrix.rows() * batch);
  matrix.forward({x.data(), matrix.cols(), batch}, {y.data(), matrix.rows(), batch}, context);
  return y;
}

double norm(std::span<const float> v) {
  double sum = 0;
  for (const float x : v) sum += static_cast<double>(x) * static_cast<double>(x);
  return std::sqrt(sum);
}

// Phases are held in float (off by at most 2π·u each) and fields propagate in float: per tile at most
// (4 meshes' phases·2π + 16·√columns)·u·gain·‖x‖ with gain ≤ ‖W‖_F, added over the tiles of a row.
double ideal_bound(double w_norm, double x_norm, std::size_t modes, std::size_t tile_cols) {
  const double columns = static_cast<double>(modes);
  return u * (8 * pi * columns + 16 * std::sqrt(columns) + 2) * static_cast<double>(tile_cols) * w_norm *
         x_norm;
}

TEST(PhotonicMatrix, IdealEngineIsTheMatrix) {
  for (const std::size_t modes : {2u, 5u, 8u}) {
    Bench bench(setup(modes, 100));
    const std::size_t rows = 7, cols = 19, batch = 70;
    const auto w = normals(rows * cols, 1), x = normals(cols * batch, 2);
    const auto matrix = bench.hardware.program({w.data(), rows, cols}, 1);
    const auto y = forward(*matrix, x, batch);
    for (std::size_t b = 0; b < batch; ++b) {
      double x_norm = 0, error = 0;
      for (std::size_t k = 0; k < cols; ++k) x_norm += std::pow(x[k * batch + b], 2);
      for (std::size_t r = 0; r < rows; ++r) {
        double exact = 0;
        for (std::size_t k = 0; k < cols; ++k)
          exact += static_cast<double>(w[r * cols + k]) * static_cast<double>(x[k * batch + b]);
        error += std::pow(y[r * batch + b] - exact, 2);
      }
      EXPECT_LE(std::sqrt(error), ideal_bound(norm(w), std::sqrt(x_norm), modes, (cols + modes - 1) / modes));
    }
  }
}

TEST(PhotonicMatrix, SpecialMatrices) {
  const std::size_t n = 8;
  std::vector<float> zero(n * n), identity(n * n), permutation(n * n), rank_one(n * n);
  for (std::size_t i = 0; i < n; ++i) {
    identity[i * n + i] = 1;
    permutation[i * n + (3 * i + 1) % n] = -2;
    for (std::size_t k = 0; k < n; ++k) rank_one[i * n + k] = static_cast<float>((i + 1) * (k + 1)) / 16;
  }
  for (const auto& w : {zero, identity, permutation, rank_one}) {
    Bench bench(setup(n, 1));
    const auto matrix = bench.hardware.program({w.data(), n, n}, 1);
    std::vector<float> realised(n * n);
    matrix->realised({realised.data(), n, n});
    for (std::size_t i = 0; i < n * n; ++i) EXPECT_NEAR(realised[i], w[i], ideal_bound(norm(w), 1, n, 1));
  }
}

TEST(PhotonicMatrix, ASampleDoesNotDependOnItsBatch) {
  const PhotonicSetup s = setup(8, 3, effects_of(find_photonic_preset("realistic").design));
  const std::size_t rows = 11, cols = 13, batch = 150;
  const auto w = normals(rows * cols, 1), x = normals(cols * batch, 2);
  Bench one(s, 1), two(s, 2);
  const auto a = one.hardware.program({w.data(), rows, cols}, 1),
             b = two.hardware.program({w.data(), rows, cols}, 1);
  const auto whole = forward(*a, x, batch);
  EXPECT_EQ(whole, forward(*b, x, batch)) << "threads change bits";
  const std::size_t first = 37, width = 5;
  std::vector<float> part(cols * width);
  for (std::size_t k = 0; k < cols; ++k)
    for (std::size_t i = 0; i < width; ++i) part[k * width + i] = x[k * batch + first + i];
  Context context;
  context.first_sample = first;
  const auto y = forward(*a, part, width, context);
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t i = 0; i < width; ++i) EXPECT_EQ(y[r * width + i], whole[r * batch + first + i]);
}

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
    const PhotonicSetup s = setup(8, 3, effects);
    const std::size_t rows = 11, cols = 13, batch = 100;
    const auto w = normals(rows * cols, 1), x = normals(cols * batch, 2);
    Bench one(s, 1), two(s, 2);
    const auto a = one.hardware.program({w.data(), rows, cols}, 1),
               b = two.hardware.program({w.data(), rows, cols}, 1);
    const auto whole = forward(*a, x, batch);
    EXPECT_EQ(whole, forward(*b, x, batch)) << "threads change bits";
    const std::size_t first = 37, width = 30;
    std::vector<float> part(cols * width);
    for (std::size_t k = 0; k < cols; ++k)
      for (std::size_t i = 0; i < width; ++i) part[k * width + i] = x[k * batch + first + i];
    Context context;
    context.first_sample = first;
    const auto y = forward(*a, part, width, context);
    for (std::size_t r = 0; r < rows; ++r)
      for (std::size_t i = 0; i < width; ++i) EXPECT_EQ(y[r * width + i], whole[r * batch + first + i]);
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
  keep.keep_for_backward = true;
  const auto y = forward(*matrix, x, batch, keep);
  matrix->backward({c.data(), rows, batch}, {dx.data(), cols, batch}, keep);
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

// Every universal mesh and every crossing makes the same matrix; where splitters are off, correction keeps it
// near.
TEST(PhotonicMatrix, AnyUniversalMeshAndCrossing) {
  const std::size_t n = 6, rows = 5, cols = 9, batch = 7;
  const auto w = normals(rows * cols, 1), x = normals(cols * batch, 2);
  for (const Topology& topology : topologies())
    for (const Crossing& crossing : crossings()) {
      if (!topology.universal) continue;
      PhotonicSetup ideal = setup(n, 2);
      ideal.design.topology = topology.name;
      ideal.design.crossing = crossing.name;
      PhotonicSetup off = ideal;
      off.effects.mesh.splitter_sigma_rad = 0.03;
      PhotonicSetup corrected = off;
      corrected.corrected = true;
      const auto error = [&](const PhotonicSetup& s) {
        Bench bench(s);
        const auto matrix = bench.hardware.program({w.data(), rows, cols}, 1);
        const auto y = forward(*matrix, x, batch);
        double square = 0;
        for (std::size_t b = 0; b < batch; ++b)
          for (std::size_t r = 0; r < rows; ++r) {
            double exact = 0;
            for (std::size_t k = 0; k < cols; ++k)
              exact += static_cast<double>(w[r * cols + k]) * static_cast<double>(x[k * batch + b]);
            square += std::pow(static_cast<double>(y[r * batch + b]) - exact, 2);
          }
        return std::sqrt(square);
      };
      const std::string what = std::string(topology.name) + ", " + std::string(crossing.name);
      EXPECT_LE(error(ideal), 4 * ideal_bound(norm(w), norm(x), n, 3)) << what;
      EXPECT_LT(error(corrected), error(off)) << what;
    }
}

// On a lossless core the taps read what the adjoint method computes, up to the rounding of float fields; from
// random phases too.
TEST(PhotonicMatrix, MeasuredSlopesAreTheExactOnes) {
  const std::size_t n = 4, rows = 7, cols = 6, batch = 70;
  const auto w = normals(rows * cols, 1), x = normals(cols * batch, 2), c = normals(rows * batch, 3);
  const auto slopes = [&](bool measured, unsigned threads) {
    PhotonicSetup s = setup(n, 4);
    s.effects.mesh.splitter_sigma_rad = 0.05;
    if (measured) s.measured_gradients = TapReading{};
    ThreadPool pool(threads);
    const auto cpu = make_cpu_executor(pool);
    PhotonicAccelerator hardware(s, *cpu, pool);
    const auto matrix = hardware.program({w.data(), rows, cols}, 1);
    dynamic_cast<PhotonicMatrix&>(*matrix).start_randomly(5);
    Context keep;
    keep.keep_for_backward = true;
    forward(*matrix, x, batch, keep);
    std::vector<float> dx(cols * batch);
    matrix->backward({c.data(), rows, batch}, {dx.data(), cols, batch}, keep);
    std::vector<float> all(matrix->gradients().begin(), matrix->gradients().end());
    all.insert(all.end(), dx.begin(), dx.end());
    return all;
  };
  const auto exact = slopes(false, 1), measured = slopes(true, 1);
  EXPECT_EQ(measured, slopes(true, 2));
  double difference = 0;
  for (std::size_t i = 0; i < exact.size(); ++i) difference += std::pow(measured[i] - exact[i], 2);
  // Fields pass 2·4 columns of eight operations each.
  EXPECT_LE(std::sqrt(difference), 8 * std::numeric_limits<float>::epsilon() * std::sqrt(64.0) * norm(exact));
  EXPECT_GT(norm(exact), 0);
}

TEST(PhotonicAccelerator, RefusesIntensityWithTheReason) {
  PhotonicSetup s = setup(4, 1);
  s.design.detection = Detection::intensity;
  s.design.local_oscillator_share = 0;
  try {
    Bench bench(s);
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("sign"), std::string::npos) << error.what();
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

TEST(PhotonicMatrix, TilesThatShareACoreShareItsErrors) {
  PhotonicEffects effects;
  effects.mesh.splitter_sigma_rad = 0.05;
  const std::size_t n = 6;
  const auto tile = normals(n * n, 1);
  std::vector<float> twice(tile);
  twice.insert(twice.end(), tile.begin(), tile.end());
  const auto halves_differ = [&](std::size_t cores) {
    Bench bench(setup(n, cores, effects));
    const auto matrix = bench.hardware.program({twice.data(), 2 * n, n}, 1);
    std::vector<float> w(2 * n * n);
    matrix->realised({w.data(), 2 * n, n});
    return !std::equal(w.begin(), w.begin() + n * n, w.begin() + n * n);
  };
  EXPECT_FALSE(halves_differ(1));
  EXPECT_TRUE(halves_differ(2));
}

// Central differences with step h on float fields: their error is at most h²/6·|f‴| + u·|f|·√(operations)/h.
// Here |f|, |f‴| ≤ Σ|c|·‖W‖·‖x‖ =: scale, so with h = 2⁻⁶ the bound is (4e-5 + 4e-6·√ops)·scale.
TEST(PhotonicMatrix, GradientsAreThoseOfTheImperfectChip) {
  PhotonicEffects effects;
  effects.mesh = {0.05, 0.02, 0, 0.3, 0.0};
  const std::size_t rows = 3, cols = 6, batch = 3, n = 4;
  Bench bench(setup(n, 2, effects));
  const auto w = normals(rows * cols, 1), x = normals(cols * batch, 2), c = normals(rows * batch, 3);
  const auto matrix = bench.hardware.program({w.data(), rows, cols}, 1);
  // The input scale is constant where the largest input of a sample is.
  const auto loss = [&](const std::vector<float>& input) {
    const auto y = forward(*matrix, input, batch);
    double sum = 0;
    for (std::size_t i = 0; i < y.size(); ++i) sum += static_cast<double>(y[i]) * static_cast<double>(c[i]);
    return sum;
  };
  Context keep;
  keep.keep_for_backward = true;
  forward(*matrix, x, batch, keep);
  std::vector<float> dx(cols * batch);
  matrix->backward({c.data(), rows, batch}, {dx.data(), cols, batch}, keep);
  const double scale = norm(c) * norm(w) * norm(x), h = 0x1p-6;
  const double bound = (h * h / 6 + u * std::sqrt(8.0 * n * n) / h) * scale;
  const auto parameters = matrix->parameters();
  const std::size_t per_tile =
      parameters.size() / dynamic_cast<const PhotonicMatrix&>(*matrix).tiling().tiles();
  const std::vector<float> gradients(matrix->gradients().begin(), matrix->gradients().end());
  for (std::size_t p = 0; p < parameters.size(); ++p) {
    const float kept = parameters[p];
    const auto at = [&](double shift) {
      parameters[p] = kept + static_cast<float>(shift);
      matrix->commit();
      return loss(x);
    };
    // Attenuations stay in [0, 1]; the loss is linear in them, so a step to one side will do.
    const bool is_attenuation = p % per_tile >= per_tile - 1 - n && p % per_tile < per_tile - 1;
    const double up = is_attenuation && kept > 0.5f ? 0 : h, down = is_attenuation && kept <= 0.5f ? 0 : h;
    const double slope = (at(up) - at(-down)) / (up + down);
    parameters[p] = kept;
    matrix->commit();
    EXPECT_NEAR(gradients[p], slope, bound) << "parameter " << p;
  }
  std::vector<float> realised(rows * cols);
  matrix->realised({realised.data(), rows, cols});
  for (std::size_t k = 0; k < cols; ++k)
    for (std::size_t b = 0; b < batch; ++b) {
      double exact = 0;
      for (std::size_t r = 0; r < rows; ++r)
        exact += static_cast<double>(realised[r * cols + k]) * static_cast<double>(c[r * batch + b]);
      EXPECT_NEAR(dx[k * batch + b], exact, ideal_bound(norm(w), norm(c), n, 2) * 4);
    }
}

TEST(PhotonicEffectsTable, NamesAreThoseOfTheImperfections) {
  const auto effects = photonic_effects();
  const auto rows = imperfections();
  ASSERT_EQ(effects.size(), rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) EXPECT_EQ(effects[i].name, rows[i].name);
  const PhotonicEffects all = effects_of(find_photonic_preset("realistic").design);
  for (const EffectRow& row : effects) {
    EXPECT_EQ(without(only(all, row), row), PhotonicEffects{}) << row.name;
    PhotonicEffects restored = without(all, row);
    row.copy(all, restored);
    EXPECT_EQ(restored, all) << row.name;
  }
}

TEST(PhotonicAccelerator, RefusesWrongSetups) {
  PhotonicEffects negative;
  negative.mesh.splitter_sigma_rad = -0.1;
  EXPECT_THROW(Bench(setup(4, 1, negative)), Error);
  negative = {};
  negative.shot_variance = std::nan("");
  EXPECT_THROW(Bench(setup(4, 1, negative)), Error);
  EXPECT_THROW(Bench(setup(1, 1)), Error);
  Bench bench(setup(4, 1));
  const std::vector<float> w(12);
  const auto matrix = bench.hardware.program({w.data(), 3, 4}, 1);
  std::vector<float> y(6);
  EXPECT_THROW(matrix->forward({w.data(), 3, 2}, {y.data(), 3, 2}, {}), Error);
}

// A real orthogonal matrix on a mesh with splitter errors, read in one quadrature. Uncorrected errors of a
// coupler are imaginary to first order, so the detected error is of second order: it grows as σ², the field's
// as σ. Correction for the quadrature leaves less than a fifth of it (mean over the ensemble), and correction
// for the field more.
TEST(QuadratureCorrection, BeatsFieldCorrectionWhereOneQuadratureIsRead) {
  const std::size_t n = 16;
  const int chips = 40;
  const Topology& mesh = find_topology("rectangular");
  const MeshLayout layout = mesh.build(n);
  for (const double sigma : {0.01, 0.02}) {
    double before = 0, field_goal = 0, quadrature_goal = 0;
    for (int chip = 0; chip < chips; ++chip) {
      const auto q = haar_orthogonal(n, Draw{3, Purpose::haar, static_cast<std::uint32_t>(chip)});
      const std::vector<std::complex<double>> target(q.begin(), q.end());
      const PhaseProgram program = mesh.decompose({target.data(), n, n});
      MeshImperfections imperfect;
      imperfect.splitter_sigma_rad = sigma;
      const FabricatedMesh made = fabricate(layout, imperfect, 9, static_cast<std::uint32_t>(chip), 0);
      const auto error = [&](const PhaseProgram& asked) {
        const auto realised_matrix = transfer_matrix(layout, realise<double>(layout, asked, made));
        double sum = 0;
        for (std::size_t i = 0; i < n * n; ++i) sum += std::pow(realised_matrix[i].real() - q[i], 2);
        return std::sqrt(sum / static_cast<double>(n));
      };
      before += error(program);
      field_goal += error(correct_locally(layout, program, made, CorrectionGoal::field));
      quadrature_goal += error(correct_locally(layout, program, made, CorrectionGoal::quadrature));
    }
    EXPECT_LT(quadrature_goal, 0.2 * before) << sigma;
    EXPECT_LT(quadrature_goal, field_goal) << sigma;
    // Second order: half the mean squared field error, E²/2 with E² = 2(N−1)σ², up to a factor of order one.
    const double field_error_squared = 2 * (n - 1.0) * sigma * sigma;
    EXPECT_LT(before / chips, 2 * field_error_squared);
    EXPECT_GT(before / chips, field_error_squared / 4);
  }
}

}  // namespace
}  // namespace fringe
