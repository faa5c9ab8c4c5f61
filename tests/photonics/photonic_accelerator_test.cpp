// The photonic engine as a matrix: exact when ideal, with the errors of its chip when not, and trainable.
#include "photonics/photonic_accelerator.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <set>

#include "core/error.hpp"
#include "photonics/correction.hpp"
#include "photonics/haar.hpp"
#include "tests/photonics/engine_testing.hpp"

namespace fringe {
namespace {

using namespace engine_testing;

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
  expect_samples_alone(setup(8, 3, effects_of(find_photonic_preset("realistic").design)), 11, 13);
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
    keep.training = true;
    forward(*matrix, x, batch, keep);
    std::vector<float> dx(cols * batch);
    matrix->backward({x.data(), cols, batch}, {c.data(), rows, batch}, {dx.data(), cols, batch}, keep);
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

// Two matrices alike on cores alike, ahead of them one of as many tiles as one: noise of the readings
// belongs to the tile, whatever the number of its operator times its tiles is.
TEST(PhotonicMatrix, TapsOfNoTwoTilesShareTheirNoise) {
  const std::size_t n = 4, batch = 3;
  const auto w = normals(n * n, 1), x = normals(n * batch, 2), c = normals(2 * n * batch, 3);
  std::vector<float> twice = w;
  twice.insert(twice.end(), w.begin(), w.end());
  PhotonicSetup s = setup(n, 8);
  s.measured_gradients = TapReading{.noise = 0.1};
  Bench bench(s);
  const auto slopes = [&](const std::vector<float>& weights, std::uint32_t site) {
    const std::size_t rows = weights.size() / n;
    const auto matrix = bench.hardware.program({weights.data(), rows, n}, site);
    const Context keep{.training = true};
    forward(*matrix, x, batch, keep);
    matrix->backward({x.data(), n, batch}, {c.data(), rows, batch}, {}, keep);
    const std::span<float> all = matrix->gradients();  // of the first tile
    return std::vector<float>(all.begin(), all.begin() + static_cast<long>(all.size() * n / rows));
  };
  const auto first = slopes(twice, 1), second = slopes(w, 2), again = slopes(w, 2);
  EXPECT_NE(first, second) << "operator times tiles is 2 for both";
  EXPECT_NE(second, again) << "one operator of several matrices";
}

// Of layers with one, two and six tiles, and of two matrices of one operator.
TEST(PhotonicMatrix, NoTwoTilesStartFromEqualRandomPhases) {
  const std::size_t n = 4;
  Bench bench(setup(n, 16));
  std::set<std::vector<float>> starts;
  std::size_t tiles = 0;
  for (const auto& [rows, cols, site] :
       {std::array<std::size_t, 3>{2 * n, n, 1}, {n, n, 2}, {3 * n, 2 * n, 3}, {n, n, 6}, {n, n, 6}}) {
    const auto w = normals(rows * cols, 1);
    const auto matrix = bench.hardware.program({w.data(), rows, cols}, static_cast<std::uint32_t>(site));
    dynamic_cast<PhotonicMatrix&>(*matrix).start_randomly(3);
    const std::span<float> all = matrix->parameters();
    const std::size_t here = rows * cols / (n * n), size = all.size() / here;
    tiles += here;
    // The phases of a tile; its gain depends on the matrix.
    for (std::size_t t = 0; t < here; ++t)
      starts.emplace(all.begin() + static_cast<long>(t * size),
                     all.begin() + static_cast<long>(t * size + n * (n - 1) / 2));
  }
  EXPECT_EQ(starts.size(), tiles);
}

// A vector of zeros has no scale: nothing of what receivers read of it, noise, leaking light or offsets,
// reaches the result, as it fades with ever dimmer vectors. Its neighbours don't notice.
TEST(PhotonicMatrix, DarkVectorsGiveZeroAndTheSlopesOfDimOnes) {
  const std::size_t n = 8, rows = 11, cols = 13, batch = 6, dark = 2;
  for (const bool ideal : {true, false}) {
    SCOPED_TRACE(ideal);
    const PhotonicSetup s =
        setup(n, 8, ideal ? PhotonicEffects{} : effects_of(find_photonic_preset("realistic").design));
    const auto w = normals(rows * cols, 1), c = normals(rows * batch, 3);
    const auto bright = normals(cols * batch, 2);
    const auto with = [&](float size) {
      std::vector<float> x = bright;
      for (std::size_t k = 0; k < cols; ++k) x[k * batch + dark] *= size;
      return x;
    };
    struct Pass {
      std::vector<float> y, dx, gradients;
    };
    const auto pass = [&](const std::vector<float>& x, bool training) {
      Bench bench(s);
      const auto matrix = bench.hardware.program({w.data(), rows, cols}, 1);
      const Context context{.training = training};
      Pass p{forward(*matrix, x, batch, context), std::vector<float>(cols * batch), {}};
      if (training)
        matrix->backward({x.data(), cols, batch}, {c.data(), rows, batch}, {p.dx.data(), cols, batch},
                         context);
      p.gradients.assign(matrix->gradients().begin(), matrix->gradients().end());
      return p;
    };
    for (const bool training : {false, true}) {
      const Pass lit = pass(bright, training), zero = pass(with(0), training),
                 dim = pass(with(0x1p-40f), training);
      for (std::size_t r = 0; r < rows; ++r)
        for (std::size_t b = 0; b < batch; ++b) {
          const float y = zero.y[r * batch + b];
          if (b == dark)
            EXPECT_EQ(y, 0) << r;
          else
            EXPECT_EQ(y, lit.y[r * batch + b]) << r << ' ' << b;
        }
      if (!training) continue;
      // Slopes by the phases: those of the lit vectors alone, to which a vector 2⁻⁴⁰ as bright adds nothing.
      EXPECT_EQ(zero.gradients, dim.gradients);
      double square = 0;
      for (std::size_t k = 0; k < cols; ++k) {
        EXPECT_TRUE(std::isfinite(zero.dx[k * batch + dark]));
        square += std::pow(zero.dx[k * batch + dark] - dim.dx[k * batch + dark], 2);
      }
      // The modulators' gain errors aside, Wᵀ·dy has no scale in it: two sums of float fields differ by
      // roundings.
      EXPECT_LE(std::sqrt(square), ideal_bound(norm(w), norm(c), n, 2));
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
  keep.training = true;
  forward(*matrix, x, batch, keep);
  std::vector<float> dx(cols * batch);
  matrix->backward({x.data(), cols, batch}, {c.data(), rows, batch}, {dx.data(), cols, batch}, keep);
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
