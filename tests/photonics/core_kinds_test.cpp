// What a core makes of one mesh or two: programs against linear algebra, gradients against differences,
// prices against hand counts.
#include <gtest/gtest.h>

#include <Eigen/SVD>
#include <cmath>

#include "core/error.hpp"
#include "photonics/core_kind.hpp"
#include "photonics/haar.hpp"
#include "photonics/link_budget.hpp"
#include "photonics/orthogonal_mesh.hpp"
#include "photonics/photonic_pricing.hpp"
#include "photonics/svd_core.hpp"
#include "tests/photonics/engine_testing.hpp"

namespace fringe {
namespace {

using namespace engine_testing;
using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

PhotonicSetup setup_of(const CoreKind& kind, std::size_t modes, std::size_t cores,
                       const PhotonicEffects& effects = {}) {
  PhotonicSetup s = setup(modes, cores, effects);
  s.design.core = kind.name;
  if (kind.theta_only) s.design.crossing = "symmetric-mzi";
  return s;
}

/// The mesh U of a program by the plain product of its couplers.
Eigen::MatrixXcd mesh_of(const Topology& topology, const CoreKind& kind, const CoreProgram& p,
                         std::size_t n) {
  const MeshLayout layout = topology.build(n);
  const auto& crossing = find_crossing(kind.theta_only ? "symmetric-mzi" : "mzi");
  const auto t = transfer_matrix(layout, realise<double>(layout, p.u, ideal_fabrication(layout, crossing)));
  Eigen::MatrixXcd u_matrix(n, n);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t k = 0; k < n; ++k)
      u_matrix(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(k)) = t[i * layout.modes + k];
  return u_matrix;
}

/// Random, full of special structure, and parts of a core.
std::vector<RowMajor> matrices(std::size_t n) {
  const auto size = static_cast<Eigen::Index>(n);
  const auto random = [&](Eigen::Index rows, Eigen::Index cols) {
    std::vector<float> z(static_cast<std::size_t>(rows * cols));
    fill_normal(z, Draw{n, Purpose::test, 0, static_cast<std::uint32_t>(100 * rows + cols)});
    const std::vector<double> d(z.begin(), z.end());
    return RowMajor(Eigen::Map<const RowMajor>(d.data(), rows, cols));
  };
  RowMajor permutation = RowMajor::Zero(size, size), padded = random(size, size);
  for (Eigen::Index i = 0; i < size; ++i) permutation(i, (i + 1) % size) = -0.5;
  padded.bottomRows(size / 2).setZero();
  const auto q = haar_orthogonal(n, {3, Purpose::haar});
  return {random(size, size),
          RowMajor::Identity(size, size),
          permutation,
          padded,
          random(size, 1) * random(1, size),
          RowMajor::Zero(size, size),
          2 * Eigen::Map<const RowMajor>(q.data(), size, size),
          random(size / 2, size - size / 2),
          random(size, (size + 1) / 2),
          random(1, size)};
}

MatrixView<const double> view(const RowMajor& w) {
  return {w.data(), static_cast<std::size_t>(w.rows()), static_cast<std::size_t>(w.cols())};
}

// The decomposition leaves 1e-12·N, the singular value decomposition a few n·eps of σ_max.
TEST(CoreKinds, ASingleMeshHasAnyMatrixAsItsRealPart) {
  const CoreKind& kind = find_core_kind("unitary");
  for (const Topology& topology : topologies()) {
    if (!topology.universal) continue;
    for (const std::size_t n : {2u, 3u, 8u}) {
      for (const RowMajor& w : matrices(n)) {
        const CoreProgram p = program_core(topology, view(w), n, kind);
        EXPECT_TRUE(p.v.theta.empty() && p.attenuation.empty());
        const Eigen::MatrixXcd mesh = mesh_of(topology, kind, p, n);
        const double bound = 1e-12 * static_cast<double>(n);
        EXPECT_LE((p.gain * mesh.real().topLeftCorner(w.rows(), w.cols()) - w).norm(), bound * p.gain)
            << topology.name << " " << n;
        EXPECT_LE((mesh.adjoint() * mesh - Eigen::MatrixXcd::Identity(mesh.rows(), mesh.cols())).norm(),
                  bound);
        EXPECT_NEAR(p.gain, w.jacobiSvd().singularValues()(0), bound * p.gain);
      }
    }
  }
}

// The other quadrature holds what the singular values leave: ‖Im U‖² = Σ(1 − σ²/σ_max²).
TEST(CoreKinds, TheOtherQuadratureHoldsTheRest) {
  const RowMajor w = matrices(8).front();
  const CoreKind& kind = find_core_kind("unitary");
  const auto mesh = mesh_of(find_topology("rectangular"), kind,
                            program_core(find_topology("rectangular"), view(w), 8, kind), 8);
  const Eigen::VectorXd sigma = w.jacobiSvd().singularValues();
  EXPECT_NEAR(mesh.imag().squaredNorm(), 8 - (sigma / sigma(0)).squaredNorm(), 8e-12 * 8);
}

// Of rows + cols − n singular values an orthogonal matrix leaves no choice: the residual is their deviation
// from their mean. φ and the screen depend on the layout alone, up to signs of the outputs.
TEST(CoreKinds, ThetaAloneGivesTheNearestMultipleOfAnOrthogonalMatrix) {
  const CoreKind& kind = find_core_kind("orthogonal");
  for (const Topology& topology : topologies()) {
    if (!topology.universal) continue;
    for (const std::size_t n : {2u, 3u, 8u}) {
      const MeshLayout layout = topology.build(n);
      PhaseProgram first;
      for (const RowMajor& w : matrices(n)) {
        const CoreProgram p = program_core(topology, view(w), n, kind);
        const Eigen::MatrixXcd mesh = mesh_of(topology, kind, p, n);
        const double bound = 1e-12 * static_cast<double>(n);
        EXPECT_LE(mesh.imag().norm(), bound) << topology.name << " " << n;
        const Eigen::VectorXd sigma = w.jacobiSvd().singularValues();
        const auto fixed = std::max<Eigen::Index>(0, w.rows() + w.cols() - static_cast<Eigen::Index>(n));
        const double residual =
            fixed > 0 ? (sigma.head(fixed).array() - sigma.head(fixed).mean()).matrix().norm() : 0;
        const double missed = (p.gain * mesh.real().topLeftCorner(w.rows(), w.cols()) - w).norm();
        EXPECT_NEAR(missed, residual, bound * (p.gain + sigma(0))) << topology.name << " " << w.rows();
        EXPECT_NEAR(nearest_orthogonal(view(w), n).residual, residual, bound * (p.gain + sigma(0)));
        if (first.phi.empty()) first = p.u;
        EXPECT_EQ(p.u.phi, first.phi);
        for (std::size_t m = 0; m < layout.ports(); ++m)
          EXPECT_EQ(std::fmod(p.u.out[m] - first.out[m] + 2 * pi, pi), 0) << "signs are all that differ";
        for (const double theta : p.u.theta) EXPECT_TRUE(theta >= 0 && theta < 2 * pi);
      }
    }
  }
}

// No turned part comes nearer.
TEST(CoreKinds, TheNearestIsALocalMinimum) {
  for (const auto& [rows, cols, n] :
       {std::tuple{6u, 6u, 6u}, std::tuple{5u, 6u, 8u}, std::tuple{6u, 3u, 8u}}) {
    const auto z = normals(rows * cols, 9);
    const std::vector<double> w(z.begin(), z.end());
    const OrthogonalPart part = nearest_orthogonal({w.data(), rows, cols}, n);
    std::vector<float> angles(100);
    fill_normal(angles, Draw{4, Purpose::test});
    for (std::size_t trial = 0; trial < angles.size(); ++trial) {
      std::vector<double> q = part.q;
      const std::size_t a = trial % n, b = (a + 1 + trial / n % (n - 1)) % n;
      const double c = std::cos(angles[trial]), s = std::sin(angles[trial]);
      for (std::size_t k = 0; k < n; ++k) {
        const double up = q[a * n + k], low = q[b * n + k];
        q[a * n + k] = c * up - s * low;
        q[b * n + k] = s * up + c * low;
      }
      double overlap = 0, power = 0, square = 0;
      for (std::size_t i = 0; i < rows; ++i)
        for (std::size_t k = 0; k < cols; ++k) {
          overlap += q[i * n + k] * w[i * cols + k];
          power += q[i * n + k] * q[i * n + k];
          square += w[i * cols + k] * w[i * cols + k];
        }
      EXPECT_GE(std::sqrt(std::max(0.0, square - overlap * overlap / power)), part.residual * (1 - 1e-12));
    }
  }
}

TEST(CoreKinds, ChipsTellTheResidual) {
  const std::size_t rows = 7, cols = 9, n = 4;
  const auto w = normals(rows * cols, 1);
  for (const CoreKind& kind : core_kinds()) {
    Bench bench(setup_of(kind, n, 100));
    const auto matrix = bench.hardware.program({w.data(), rows, cols}, 1);
    std::vector<float> realised(rows * cols);
    matrix->realised({realised.data(), rows, cols});
    double square = 0;
    for (std::size_t i = 0; i < w.size(); ++i) square += std::pow(static_cast<double>(realised[i]) - w[i], 2);
    const double residual = dynamic_cast<const PhotonicMatrix&>(*matrix).residual();
    EXPECT_EQ(residual > 0, kind.theta_only);
    // Phases and fields are floats (ideal_bound); a push–pull core drives θ over twice the range.
    EXPECT_NEAR(std::sqrt(square) / norm(w), residual, 2 * ideal_bound(1, 1, n, 3)) << kind.name;
  }
}

// Central differences as in photonic_accelerator_test.cpp, on a chip with splitter and phase errors and loss.
TEST(CoreKinds, GradientsAreThoseOfTheImperfectChip) {
  PhotonicEffects effects;
  effects.mesh = {0.05, 0.02, 0, 0.3, 0.0};
  const std::size_t rows = 3, cols = 6, batch = 3, n = 4;
  const auto w = normals(rows * cols, 1), x = normals(cols * batch, 2), c = normals(rows * batch, 3);
  for (const CoreKind& kind : core_kinds()) {
    Bench bench(setup_of(kind, n, 2, effects));
    const auto matrix = bench.hardware.program({w.data(), rows, cols}, 1);
    const auto loss = [&] {
      const auto y = forward(*matrix, x, batch);
      double sum = 0;
      for (std::size_t i = 0; i < y.size(); ++i) sum += static_cast<double>(y[i]) * c[i];
      return sum;
    };
    Context keep;
    keep.training = true;
    forward(*matrix, x, batch, keep);
    matrix->backward({x.data(), cols, batch}, {c.data(), rows, batch}, {}, keep);
    const double scale = norm(c) * norm(w) * norm(x), h = 0x1p-6;
    const double bound = (h * h / 6 + u * std::sqrt(8.0 * n * n) / h) * scale;
    const auto parameters = matrix->parameters();
    const std::size_t per_tile = parameters.size() / 2;
    EXPECT_EQ(per_tile, kind.meshes * n * n + (kind.meshes - 1) * n + 1);
    for (std::size_t p = 0; p < parameters.size(); ++p) {
      const std::size_t at = p % per_tile;
      if (kind.meshes == 2 && at >= 2 * n * n) continue;
      if (kind.theta_only && at >= n * (n - 1) / 2 && at < n * n) {
        EXPECT_EQ(matrix->gradients()[p], 0) << "phases that aren't driven";
        continue;
      }
      const float kept = parameters[p];
      const auto shifted = [&](double shift) {
        parameters[p] = kept + static_cast<float>(shift);
        matrix->commit();
        return loss();
      };
      const double slope = (shifted(h) - shifted(-h)) / (2 * h);
      parameters[p] = kept;
      matrix->commit();
      EXPECT_NEAR(matrix->gradients()[p], slope, bound) << kind.name << " parameter " << p;
    }
  }
}

// On a lossless core taps read the exact slopes, up to the rounding of float fields (eight operations in each
// of 2·4 columns).
TEST(CoreKinds, MeasuredSlopesAreTheExactOnes) {
  const std::size_t n = 4, rows = 4, cols = 6, batch = 20;
  const auto w = normals(rows * cols, 1), x = normals(cols * batch, 2), c = normals(rows * batch, 3);
  for (const CoreKind& kind : core_kinds()) {
    const auto slopes = [&](bool measured) {
      PhotonicSetup s = setup_of(kind, n, 4);
      s.effects.mesh.splitter_sigma_rad = 0.05;
      if (measured) s.measured_gradients = TapReading{};
      Bench bench(s);
      const auto matrix = bench.hardware.program({w.data(), rows, cols}, 1);
      dynamic_cast<PhotonicMatrix&>(*matrix).start_randomly(5);
      Context keep;
      keep.training = true;
      forward(*matrix, x, batch, keep);
      matrix->backward({x.data(), cols, batch}, {c.data(), rows, batch}, {}, keep);
      return std::vector<float>(matrix->gradients().begin(), matrix->gradients().end());
    };
    const auto exact = slopes(false), measured = slopes(true);
    double difference = 0;
    for (std::size_t i = 0; i < exact.size(); ++i)
      difference += std::pow(static_cast<double>(measured[i]) - exact[i], 2);
    EXPECT_GT(norm(exact), 0);
    EXPECT_LE(std::sqrt(difference),
              8 * std::numeric_limits<float>::epsilon() * std::sqrt(64.0) * norm(exact))
        << kind.name;
  }
}

// Descent from random phases on an imperfect chip finds a matrix that every kind can do: the error that is
// left is a hundredth of the start's.
TEST(CoreKinds, TrainsFromRandomPhases) {
  const std::size_t n = 4, batch = 16;
  PhotonicEffects effects;
  effects.mesh.splitter_sigma_rad = 0.02;
  const auto q = haar_orthogonal(n, {3, Purpose::haar});
  const auto x = normals(n * batch, 2);
  const auto left = [&](const CoreKind& kind, float sign) {
    std::vector<float> w(q.begin(), q.end());
    for (std::size_t k = 0; k < n; ++k) w[k] *= sign;
    Bench bench(setup_of(kind, n, 1, effects)), ideal(setup_of(svd_core(), n, 1));
    const auto wanted = forward(*ideal.hardware.program({w.data(), n, n}, 1), x, batch);
    const auto matrix = bench.hardware.program({w.data(), n, n}, 1);
    dynamic_cast<PhotonicMatrix&>(*matrix).start_randomly(6);
    double first = 0, last = 0;
    Context keep;
    keep.training = true;
    for (int step = 0; step < 400; ++step) {
      std::vector<float> d = forward(*matrix, x, batch, keep);
      for (std::size_t i = 0; i < d.size(); ++i) d[i] -= wanted[i];
      last = norm(d);
      if (step == 0) first = last;
      std::fill(matrix->gradients().begin(), matrix->gradients().end(), 0.0f);
      matrix->backward({x.data(), n, batch}, {d.data(), n, batch}, {}, keep);
      for (std::size_t p = 0; p < matrix->parameters().size(); ++p)
        matrix->parameters()[p] -= 0.02f * matrix->gradients()[p];
      matrix->commit();
    }
    return last / first;
  };
  for (const CoreKind& kind : core_kinds()) {
    const double one = left(kind, 1), other = left(kind, -1);
    EXPECT_LT(std::min(one, other), 0.01) << kind.name;
    if (kind.theta_only) {
      EXPECT_GT(std::max(one, other), 0.1) << "a determinant changed its sign";
    }
  }
}

// Phases that no one drives have no steps, no faults and no reprogramming; θ passes 0 and 4π without a jump.
TEST(CoreKinds, PassivePhasesStay) {
  const std::size_t n = 6;
  PhotonicSetup s = setup_of(find_core_kind("orthogonal"), n, 1);
  s.effects.mesh.phase_bits = 5;
  s.effects.mesh.stuck_phase_probability = 0.0;
  Bench bench(s);
  const auto w = normals(n * n, 1);
  const auto matrix = bench.hardware.program({w.data(), n, n}, 1);
  const auto& photonic = dynamic_cast<const PhotonicMatrix&>(*matrix);
  EXPECT_EQ(photonic.held(0).u.phi, photonic.asked(0).u.phi);
  EXPECT_EQ(photonic.held(0).u.out, photonic.asked(0).u.out);
  const double step = 2 * pi / 32;
  for (std::size_t k = 0; k < photonic.held(0).u.theta.size(); ++k)
    EXPECT_NEAR(photonic.held(0).u.theta[k], photonic.asked(0).u.theta[k], step / 2 * (1 + 1e-6));
  const auto realised = [&](double theta) {
    matrix->parameters()[0] = static_cast<float>(theta);
    matrix->commit();
    std::vector<float> r(n * n);
    matrix->realised({r.data(), n, n});
    return r;
  };
  const auto at_zero = realised(0);
  for (const double theta : {-1e-3, 4 * pi - 1e-3, 4 * pi + 1e-3, 1e-3}) EXPECT_EQ(realised(theta), at_zero);
  EXPECT_NE(realised(2 * pi), at_zero) << "half a turn of the matrix";

  s.effects.mesh.stuck_phase_probability = 1;
  Bench stuck(s);
  const auto faulty = stuck.hardware.program({w.data(), n, n}, 1);
  EXPECT_EQ(dynamic_cast<const PhotonicMatrix&>(*faulty).held(0).u.phi, photonic.asked(0).u.phi);
}

// Splitters hurt a complex mesh to first order, a real one to second where one quadrature is read, and
// correction takes most of it away where there is a phase for it.
TEST(CoreKinds, SplittersAndTheirCorrection) {
  const std::size_t n = 8;
  const int chips = 20;
  const auto error = [&](const CoreKind& kind, bool corrected) {
    double sum = 0;
    for (int chip = 0; chip < chips; ++chip) {
      const auto w = normals(n * n, static_cast<std::uint32_t>(chip));
      PhotonicSetup s = setup_of(kind, n, 1);
      s.chip = static_cast<std::uint32_t>(chip);
      std::vector<float> ideal(n * n), made(n * n);
      Bench(s).hardware.program({w.data(), n, n}, 1)->realised({ideal.data(), n, n});
      s.effects.mesh.splitter_sigma_rad = 0.02;
      s.corrected = corrected;
      Bench(s).hardware.program({w.data(), n, n}, 1)->realised({made.data(), n, n});
      double square = 0;
      for (std::size_t i = 0; i < n * n; ++i) square += std::pow(static_cast<double>(made[i]) - ideal[i], 2);
      sum += std::sqrt(square) / norm(ideal) / chips;
    }
    return sum;
  };
  const CoreKind& unitary = find_core_kind("unitary");
  const double field_error = std::sqrt(2 * (n - 1.0)) * 0.02;
  // E = √(2(N−1))·σ of a Haar mesh; W has a part of the norm, its error half of the power.
  EXPECT_GT(error(unitary, false), field_error / 2);
  EXPECT_LT(error(unitary, false), 2 * field_error);
  EXPECT_LT(error(unitary, true), 0.1 * error(unitary, false));
  EXPECT_LT(error(svd_core(), false), 0.2 * error(unitary, false));
  const CoreKind& orthogonal = find_core_kind("orthogonal");
  EXPECT_LT(error(orthogonal, false), error(svd_core(), false));
  EXPECT_EQ(error(orthogonal, true), error(orthogonal, false)) << "no phase could";
}

TEST(CoreKinds, DeadCouplersTakeLightInEveryKind) {
  const std::size_t n = 6;
  const auto w = normals(n * n, 1);
  for (const CoreKind& kind : core_kinds()) {
    PhotonicSetup s = setup_of(kind, n, 1);
    s.effects.mesh.dead_coupler_probability = 0.1;
    Bench bench(s), whole(setup_of(kind, n, 1));
    std::vector<float> a(n * n), b(n * n);
    bench.hardware.program({w.data(), n, n}, 1)->realised({a.data(), n, n});
    whole.hardware.program({w.data(), n, n}, 1)->realised({b.data(), n, n});
    EXPECT_NE(a, b) << kind.name;
    for (const float value : a) EXPECT_TRUE(std::isfinite(value));
  }
}

// n = 16: 120 couplers and 16 outputs in a rectangular mesh.
TEST(CoreKinds, PhasesAreThoseOfTheLayout) {
  const MeshLayout rectangular = find_topology("rectangular").build(16);
  EXPECT_EQ(core_phases(rectangular, svd_core()), 2 * 256u + 16u);
  EXPECT_EQ(core_phases(rectangular, find_core_kind("unitary")), 256u);
  EXPECT_EQ(core_phases(rectangular, find_core_kind("orthogonal")), 120u);
  // (N−1)² couplers: two triangles that share their hypotenuse's couplers.
  const MeshLayout diamond = find_topology("diamond").build(16);
  ASSERT_EQ(diamond.couplers.size(), 15u * 15u);
  EXPECT_EQ(core_phases(diamond, svd_core()), 2 * (2 * 225u + 16u) + 16u);
  EXPECT_EQ(tapped_phases(diamond, find_core_kind("orthogonal")), 225u);
}

TEST(CoreKinds, OneMeshHalvesThePathAndItsPrice) {
  const PhotonicDesign svd = setup_of(svd_core(), 16, 1).design;
  const PhotonicDesign one = setup_of(find_core_kind("unitary"), 16, 1).design;
  const PhotonicDesign real = setup_of(find_core_kind("orthogonal"), 16, 1).design;
  const double mzi_m = 2 * svd.splitter.length_m + 2 * svd.phase_shifter.length_m;
  const double c = speed_of_light_m_per_s / svd.waveguide.group_index;
  const LinkBudget both = link_budget(svd), single = link_budget(one), push_pull = link_budget(real);
  EXPECT_NEAR((both.time_of_flight_s - single.time_of_flight_s) * c,
              16 * (mzi_m + svd.routing_per_column_m) + mzi_m, 1e-12);
  EXPECT_NEAR((single.time_of_flight_s - push_pull.time_of_flight_s) * c, 16 * svd.phase_shifter.length_m,
              1e-12);
  // Behind the modulators: routing of 16 columns and the attenuator's MZI less.
  const double less_db =
      16 * svd.routing_per_column_m * svd.waveguide.loss_db_per_m + mesh_imperfections(svd).insertion_loss_db;
  EXPECT_NEAR(10 * std::log10(single.efficiency / both.efficiency), less_db, 1e-12);
  EXPECT_NEAR(mesh_imperfections(one).insertion_loss_db - mesh_imperfections(real).insertion_loss_db,
              svd.phase_shifter.insertion_loss_db, 1e-15);

  const auto price = [](const PhotonicDesign& d) {
    Work w;
    w.kind = Work::Kind::outer_product;
    w.rows = w.inner = 16;
    w.columns = 8;
    const PhotonicPricing p(d, find_memory("hbm2e"), TrainingScheme::in_situ);
    return std::pair{p.price(std::span(&w, 1)), p.decomposition(1)};
  };
  const auto [two_cost, two_work] = price(svd);
  const auto [one_cost, one_work] = price(one);
  const auto [real_cost, real_work] = price(real);
  EXPECT_DOUBLE_EQ(one_cost.watts(Part::phase_program), 256 * svd.phase_dac.power_w);
  EXPECT_DOUBLE_EQ(real_cost.watts(Part::phase_program), 120 * svd.phase_dac.power_w);
  EXPECT_DOUBLE_EQ(two_cost.energy(Part::adc), 2 * one_cost.energy(Part::adc)) << "taps";
  EXPECT_DOUBLE_EQ(one_cost.energy(Part::adc), 2 * real_cost.energy(Part::adc));
  EXPECT_DOUBLE_EQ(one_work.energy(Part::decomposition) / two_work.energy(Part::decomposition),
                   (21 + 4 + 16.0 / 3) / (21 + 32.0 / 3));
  EXPECT_DOUBLE_EQ(real_work.energy(Part::decomposition) / two_work.energy(Part::decomposition),
                   (21 + 2 + 8.0 / 3) / (21 + 32.0 / 3));
  EXPECT_LT(one_cost.watts(Part::phase_hold), two_cost.watts(Part::phase_hold));
  EXPECT_LT(real_cost.watts(Part::phase_hold), one_cost.watts(Part::phase_hold));
}

TEST(CoreKinds, RefusesWrongNamesAndCrossings) {
  PhotonicDesign d = setup(4, 1).design;
  d.core = "orthogonal";
  EXPECT_THROW(check(d), Error);
  d.crossing = "symmetric-mzi";
  EXPECT_NO_THROW(check(d));
  d.core = "orthogonl";
  try {
    check(d);
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("'orthogonal'"), std::string::npos) << error.what();
  }
  EXPECT_THROW(find_detection("homodine"), Error);
  // A complex unitary is no real mesh's.
  const Topology& mesh = find_topology("rectangular");
  const auto complex_unitary = haar_unitary(4, {1, Purpose::haar});
  EXPECT_THROW(orthogonal_program(mesh.build(4), mesh.decompose({complex_unitary.data(), 4, 4})), Error);
}

}  // namespace
}  // namespace fringe
