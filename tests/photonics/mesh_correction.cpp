#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <string>

#include "core/error.hpp"
#include "core/units.hpp"
#include "photonics/correction.hpp"
#include "photonics/imperfections.hpp"
#include "tests/photonics/mesh_testing.hpp"

namespace fringe {
namespace {

using namespace mesh_testing;

double corrected_error(const MeshLayout& layout, const PhaseProgram& ideal, const FabricatedMesh& chip,
                       const Square& u) {
  return error(mesh_matrix(layout, correct_locally(layout, ideal, chip), chip), u);
}

/// 2·(|α+β| − θ/2) or its like at the bar state, where positive: how far each coupler is from what it should
/// do.
double shortfall_squared(const PhaseProgram& ideal, const FabricatedMesh& chip) {
  double sum = 0;
  for (std::size_t k = 0; k < ideal.theta.size(); ++k) {
    const double h = ideal.theta[k] / 2;
    const double cross = std::abs(chip.alpha_rad[k] + chip.beta_rad[k]) - h;
    const double bar = std::abs(chip.alpha_rad[k] - chip.beta_rad[k]) - (pi / 2 - h);
    for (const double miss : {cross, bar})
      if (miss > 0) sum += 2 * 4 * std::pow(std::sin(miss / 2), 2);
  }
  return sum;
}

TEST(Correction, NothingToCorrectChangesNothing) {
  for (const Topology& t : universal_topologies()) {
    const MeshLayout layout = t.build(9);
    const PhaseProgram ideal = t.decompose(view(haar(9, 0)));
    const PhaseProgram same = correct_locally(layout, ideal, ideal_fabrication(layout));
    for (std::size_t k = 0; k < ideal.theta.size(); ++k) {
      EXPECT_NEAR(same.theta[k], ideal.theta[k], rounding(9));
      EXPECT_NEAR(std::remainder(same.phi[k] - ideal.phi[k], 2 * pi), 0, rounding(9));
    }
    for (std::size_t m = 0; m < 9; ++m)
      EXPECT_NEAR(std::remainder(same.out[m] - ideal.out[m], 2 * pi), 0, rounding(9));
  }
}

// On every chip: couplers in reach are exact, so the error comes from the others' shortfalls alone. It is at
// most their sum of norms, and exactly zero where there is none.
TEST(Correction, IsExactWhereTheChipCanReachTheTarget) {
  std::size_t reached = 0, missed = 0;
  for (const Topology& t : universal_topologies())
    for (const std::size_t n : {2u, 3u, 5u, 8u}) {
      const MeshLayout layout = t.build(n);
      for (std::uint32_t trial = 0; trial < 100; ++trial) {
        const Square u = haar(n, trial);
        const PhaseProgram ideal = t.decompose(view(u));
        const FabricatedMesh chip = fabricate(layout, {0.05, 0, 0, 0, 0}, 3, trial, 0);
        const double e = corrected_error(layout, ideal, chip, u);
        if (shortfall_squared(ideal, chip) == 0) {
          ++reached;
          EXPECT_LE(e, rounding(n)) << t.name << " N=" << n << " chip " << trial;
        } else {
          ++missed;
        }
      }
    }
  EXPECT_GT(reached, 400u);
  EXPECT_GT(missed, 50u);
}

TEST(Correction, OneMziMissesByItsShortfallAlone) {
  const MeshLayout layout = find_topology("rectangular").build(2);
  for (const double theta : {0.0, 1e-3, 0.05, 0.1, 1.0, 3.0, 3.1, pi - 1e-3, pi})
    for (const double alpha : {-0.1, 0.0, 0.03, 0.1})
      for (const double beta : {-0.1, 0.02, 0.1}) {
        const PhaseProgram ideal{{theta}, {1.3}, {0.4, 5.0}};
        FabricatedMesh chip = ideal_fabrication(layout);
        chip.alpha_rad = {alpha};
        chip.beta_rad = {beta};
        const Square u = mesh_matrix(layout, ideal, ideal_fabrication(layout));
        const double expected = shortfall_squared(ideal, chip);
        EXPECT_NEAR(2 * std::pow(corrected_error(layout, ideal, chip, u), 2), expected,
                    rounding(2) * (1 + expected))
            << theta << " " << alpha << " " << beta;
      }
}

TEST(Correction, PhasesAboveHalfATurnAreMet) {
  const MeshLayout layout = find_topology("rectangular").build(2);
  for (const double theta : {3.5, 5.0, 6.0, -1.0}) {
    const PhaseProgram ideal{{theta}, {1.3}, {0.4, 5.0}};
    const FabricatedMesh chip = fabricate(layout, {0.02, 0.3, 0, 0, 0}, 1, 0, 0);
    const Square u = mesh_matrix(layout, ideal, ideal_fabrication(layout));
    EXPECT_LE(corrected_error(layout, ideal, chip, u), rounding(2)) << theta;
  }
}

// Exact cross and bar states are out of reach on every chip. By Cauchy–Schwarz the error is at most what the
// couplers miss; where all of them are such states (identity, permutation) correction has nothing to gain and
// loses nothing.
TEST(Correction, IdentityPermutationRealAndPadded) {
  const std::size_t n = 8;
  std::vector<std::size_t> image(n);
  std::iota(image.rbegin(), image.rend(), std::size_t{0});
  const Square targets[] = {identity(n), permutation(image),
                            from_real(haar_orthogonal(n, {5, Purpose::haar})),
                            block_diagonal(haar(5, 0), identity(3))};
  for (const Topology& t : universal_topologies()) {
    const MeshLayout layout = t.build(n);
    for (const Square& u : targets) {
      const PhaseProgram ideal = t.decompose(view(u));
      double before = 0, after = 0;
      for (std::uint32_t trial = 0; trial < 20; ++trial) {
        const FabricatedMesh chip = fabricate(layout, {0.01, 0, 0, 0, 0}, 3, trial, 0);
        const double e = corrected_error(layout, ideal, chip, u),
                     raw = error(mesh_matrix(layout, ideal, chip), u);
        const double misses = std::sqrt(shortfall_squared(ideal, chip) / static_cast<double>(n));
        EXPECT_LE(e, std::sqrt(static_cast<double>(layout.couplers.size())) * misses + rounding(n));
        before += raw * raw;
        after += e * e;
      }
      EXPECT_LE(after, before * (1 + rounding(n))) << t.name;
      const bool some_in_reach = std::any_of(ideal.theta.begin(), ideal.theta.end(),
                                             [](double theta) { return theta > 0.1 && theta < pi - 0.1; });
      if (some_in_reach) {
        EXPECT_LT(after, before * 0.9) << t.name;
      }
    }
  }
}

// Exact bar states need α = β, exact cross states α = −β.
TEST(Correction, IdentityIsExactWithEqualSplitters) {
  const std::size_t n = 8;
  for (const Topology& t : universal_topologies()) {
    const MeshLayout layout = t.build(n);
    FabricatedMesh chip = fabricate(layout, {0.05, 0, 0, 0, 0}, 3, 0, 0);
    chip.beta_rad = chip.alpha_rad;
    EXPECT_LE(corrected_error(layout, t.decompose(view(identity(n))), chip, identity(n)), rounding(n));
  }
}

TEST(Correction, KnownPhaseErrorsVanish) {
  for (const Topology& t : universal_topologies()) {
    const MeshLayout layout = t.build(12);
    const Square u = haar(12, 0);
    const FabricatedMesh chip = fabricate(layout, {0, 0.5, 0, 0, 0}, 3, 0, 0);
    EXPECT_LE(corrected_error(layout, t.decompose(view(u)), chip, u), rounding(12));
  }
}

// Couplers of distant modes, with a crossing of their light: nothing in the correction needs neighbours.
TEST(Correction, LayoutsNeedNoNeighbours) {
  const MeshLayout layout{4, {{0, 2}, {1, 3}, {0, 3}, {1, 2}, {0, 1}, {2, 3}}, {0, 2, 4, 6}};
  const PhaseProgram ideal{{1.0, 0.7, 2.0, 1.5, 0.9, 2.2}, {0, 1, 2, 3, 4, 5}, {0.1, 0.2, 0.3, 0.4}};
  const FabricatedMesh chip = fabricate(layout, {0.05, 0.1, 0, 0, 0}, 3, 0, 0);
  EXPECT_LE(corrected_error(layout, ideal, chip, mesh_matrix(layout, ideal, ideal_fabrication(layout))),
            rounding(4));
}

TEST(Correction, SizesMustFit) {
  const MeshLayout layout = find_topology("rectangular").build(2);
  EXPECT_THROW(correct_locally(layout, {{}, {0}, {0, 0}}, ideal_fabrication(layout)), Error);
  EXPECT_THROW(correct_locally(layout, {{0}, {0}, {0, 0}}, FabricatedMesh{}), Error);
}

}  // namespace
}  // namespace fringe
