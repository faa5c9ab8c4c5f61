#include "photonics/gradient_programming.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "core/error.hpp"
#include "photonics/correction.hpp"
#include "photonics/imperfections.hpp"
#include "tests/photonics/mesh_testing.hpp"

namespace fringe {
namespace {

using namespace mesh_testing;

/// E² whose descent is lost in the rounding of numbers of size 1.
constexpr double square_floor = std::numeric_limits<double>::epsilon();

FabricatedMesh chip_of(const MeshLayout& layout, double sigma, std::uint32_t trial,
                       const Crossing& crossing = mzi_crossing()) {
  MeshImperfections s;
  s.splitter_sigma_rad = sigma;
  return fabricate(layout, s, 9, trial, 0, crossing);
}

LbfgsOptions steps(unsigned iterations) {
  LbfgsOptions o;
  o.iterations = iterations;
  return o;
}

TEST(Lbfgs, FindsTheMinimumOfRosenbrocksValley) {
  const std::size_t n = 10;
  const Objective valley = [&](std::span<const double> x, std::span<double> g) {
    double sum = 0;
    std::fill(g.begin(), g.end(), 0.0);
    for (std::size_t i = 0; i + 1 < n; ++i) {
      const double a = x[i + 1] - x[i] * x[i], b = 1 - x[i];
      sum += 100 * a * a + b * b;
      g[i] += -400 * a * x[i] - 2 * b;
      g[i + 1] += 200 * a;
    }
    return sum;
  };
  const LbfgsResult found = minimise(valley, std::vector<double>(n, -1.2));
  EXPECT_LE(found.value, square_floor);
  // The Hessian there has no eigenvalue below 0.1.
  for (const double x : found.x) EXPECT_NEAR(x, 1, std::sqrt(square_floor / 0.1));
  EXPECT_LT(found.evaluations, 300u);
}

// Curvatures of 1 … 3⁷: descent without memory would take about 3⁷/2·ln(1/eps) = 39000 steps.
TEST(Lbfgs, RemembersCurvature) {
  const std::size_t n = 8;
  const Objective bowl = [&](std::span<const double> x, std::span<double> g) {
    double sum = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const double curvature = std::pow(3.0, static_cast<double>(i));
      sum += curvature * x[i] * x[i] / 2;
      g[i] = curvature * x[i];
    }
    return sum;
  };
  const LbfgsResult found = minimise(bowl, std::vector<double>(n, 1.0));
  EXPECT_LE(found.value, square_floor);
  EXPECT_LE(found.iterations, 100u);
}

TEST(Lbfgs, StaysAtAMinimumAndNeverClimbs) {
  const Objective wave = [](std::span<const double> x, std::span<double> g) {
    g[0] = std::sin(x[0]);
    return 1 - std::cos(x[0]);
  };
  EXPECT_EQ(minimise(wave, {0.0}).iterations, 0u);
  for (const double start : {0.1, 1.0, 2.0, 3.0, 3.1415}) {
    const LbfgsResult found = minimise(wave, {start}, steps(1));
    EXPECT_LT(found.value, 1 - std::cos(start));
    EXPECT_LE(minimise(wave, {start}).value, square_floor);
  }
}

// Every layout reaches again what it once did, from elsewhere; every crossing too.
TEST(GradientProgramming, ReachesWhatTheMeshCanDo) {
  const std::size_t n = 6;
  for (const Topology& t : topologies()) {
    const MeshLayout layout = t.build(n);
    const FabricatedMesh chip = chip_of(layout, 0.05, 1);
    const Square u = mesh_matrix(layout, random_start(layout, {3, Purpose::test}), chip);
    const GradientResult found =
        program_from_target(layout, chip, view(u), random_start(layout, {4, Purpose::test}), steps(3000));
    // Where light may leave for dark modes the valley's floor is flat, and descent along it slow.
    EXPECT_LE(std::pow(found.residual, 2), layout.dark_modes == 0 ? square_floor : 1e-6) << t.name;
    EXPECT_NEAR(error(mesh_matrix(layout, found.program, chip), u), found.residual, rounding(4 * n))
        << t.name;
  }
  const MeshLayout layout = find_topology("rectangular").build(n);
  for (const Crossing& crossing : crossings()) {
    const FabricatedMesh chip = chip_of(layout, 0.05, 2, crossing);
    const Square u = mesh_matrix(layout, random_start(layout, {5, Purpose::test}, crossing), chip);
    const GradientResult found = program_from_target(
        layout, chip, view(u), random_start(layout, {6, Purpose::test}, crossing), steps(3000));
    EXPECT_LE(std::pow(found.residual, 2), square_floor) << crossing.name;
  }
}

// The unitary nearest to W = U·diag(s) is U, at ‖W − U‖² = Σ(s−1)² (polar decomposition).
TEST(GradientProgramming, TellsHowFarATargetIsFromUnitary) {
  const std::size_t n = 4;
  const MeshLayout layout = find_topology("rectangular").build(n);
  const FabricatedMesh chip = ideal_fabrication(layout);
  const double s[] = {2, 0.5, 0.9, 0.1};
  Square w = haar(n, 2);
  double sum = 0;
  for (std::size_t c = 0; c < n; ++c) {
    for (std::size_t r = 0; r < n; ++r) w[r * n + c] *= s[c];
    sum += (s[c] - 1) * (s[c] - 1);
  }
  const GradientResult found =
      program_from_target(layout, chip, view(w), random_start(layout, {1, Purpose::test}));
  EXPECT_NEAR(found.residual * found.residual, sum / n, square_floor);
}

// Samples that span the inputs determine the matrix: ‖A − U‖_F ≤ ‖(A − U)X‖_F/smallest singular value of X,
// here 1 as the samples contain a unitary.
TEST(GradientProgramming, FromDataAlone) {
  const std::size_t n = 5, samples = 12;
  const MeshLayout layout = find_topology("triangular").build(n);
  const FabricatedMesh chip = chip_of(layout, 0.03, 3);
  const Square a = mesh_matrix(layout, random_start(layout, {7, Purpose::test}), chip);
  Square x(n * samples), y(n * samples);
  for (std::size_t s = 0; s < samples; ++s) {
    const Square basis = haar(n, static_cast<std::uint32_t>(s / n));
    for (std::size_t m = 0; m < n; ++m) x[m * samples + s] = basis[m * n + s % n];
  }
  for (std::size_t m = 0; m < n; ++m)
    for (std::size_t s = 0; s < samples; ++s)
      for (std::size_t k = 0; k < n; ++k) y[m * samples + s] += a[m * n + k] * x[k * samples + s];
  const GradientResult found = program_from_data(layout, chip, {x.data(), n, samples}, {y.data(), n, samples},
                                                 random_start(layout, {8, Purpose::test}), steps(3000));
  EXPECT_LE(found.residual * found.residual, square_floor);
  EXPECT_LE(error(mesh_matrix(layout, found.program, chip), a),
            found.residual * std::sqrt(static_cast<double>(samples) / n) + rounding(4 * n));
}

// Known errors: descent from local correction never ends above it; over chips it leaves less than half.
TEST(GradientProgramming, GlobalImprovesOnLocal) {
  const std::size_t n = 12;
  const Topology& t = find_topology("rectangular");
  const MeshLayout layout = t.build(n);
  double local = 0, global = 0;
  for (std::uint32_t trial = 0; trial < 10; ++trial) {
    const Square u = haar(n, trial);
    const FabricatedMesh chip = chip_of(layout, 0.06, trial);
    const PhaseProgram start = correct_locally(layout, t.decompose(view(u)), chip);
    const double before = error(mesh_matrix(layout, start, chip), u);
    const GradientResult found = program_from_target(layout, chip, view(u), start, steps(300));
    EXPECT_LE(found.residual, before + rounding(n));
    local += before * before;
    global += found.residual * found.residual;
  }
  EXPECT_LT(std::sqrt(global), 0.5 * std::sqrt(local));
}

double real_error(const Square& a, const Square& u) {
  Square real(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) real[i] = a[i].real();
  return error(real, u);
}

// A real matrix read in one quadrature: what is imaginary doesn't count, so more is in reach.
TEST(GradientProgramming, OneQuadratureIsEasierThanTwo) {
  const std::size_t n = 8;
  const Topology& t = find_topology("rectangular");
  const MeshLayout layout = t.build(n);
  for (std::uint32_t trial = 0; trial < 4; ++trial) {
    const Square u = from_real(haar_orthogonal(n, {5, Purpose::haar, trial}));
    const FabricatedMesh chip = chip_of(layout, 0.06, trial);
    const PhaseProgram ideal = t.decompose(view(u));
    const PhaseProgram quadrature = correct_locally(layout, ideal, chip, CorrectionGoal::quadrature);
    const double local = real_error(mesh_matrix(layout, quadrature, chip), u);
    const GradientResult both = program_from_target(layout, chip, view(u),
                                                    correct_locally(layout, ideal, chip), steps(200)),
                         real = program_from_target(layout, chip, view(u), quadrature, steps(200),
                                                    CorrectionGoal::quadrature);
    EXPECT_NEAR(real_error(mesh_matrix(layout, real.program, chip), u), real.residual, rounding(4 * n));
    EXPECT_LE(real.residual, local + rounding(n));
    EXPECT_LT(real.residual, both.residual);
  }
}

TEST(GradientProgramming, SameBitsForAnyPool) {
  const std::size_t n = 9;
  const MeshLayout layout = find_topology("redundant-rectangular").build(n);
  const FabricatedMesh chip = chip_of(layout, 0.03, 0);
  const Square u = haar(n, 4);
  const PhaseProgram start = random_start(layout, {1, Purpose::test});
  ThreadPool two(2);
  const GradientResult a = program_from_target(layout, chip, view(u), start, steps(40)),
                       b = program_from_target(layout, chip, view(u), start, steps(40), CorrectionGoal::field,
                                               &two);
  EXPECT_EQ(a.program.theta, b.program.theta);
  EXPECT_EQ(a.program.phi, b.program.phi);
  EXPECT_EQ(a.program.out, b.program.out);
  EXPECT_EQ(a.residual, b.residual);
}

// cos²(θ/2) of Haar-random 2×2s is uniform.
TEST(RandomStart, IsHaarDistributed) {
  const MeshLayout layout = find_topology("butterfly").build(64);
  std::vector<double> samples;
  for (const double theta : random_start(layout, {2, Purpose::test}).theta)
    samples.push_back(std::pow(std::cos(theta / 2), 2));
  EXPECT_LE(kolmogorov(samples), kolmogorov_limit);
}

TEST(GradientProgramming, SizesAndNumbersMustFit) {
  const MeshLayout layout = find_topology("rectangular").build(3);
  const FabricatedMesh chip = ideal_fabrication(layout);
  const PhaseProgram start = random_start(layout, {1, Purpose::test});
  EXPECT_THROW(program_from_target(layout, chip, view(identity(4)), start), Error);
  EXPECT_THROW(program_from_target(layout, chip, view(identity(3)), {}), Error);
  Square broken = identity(3);
  broken[4] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW(program_from_target(layout, chip, view(broken), start), Error);
}

}  // namespace
}  // namespace fringe
